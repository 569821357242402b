using System.CommandLine;
using System.Text.Json;
using EduVision.Inference.Benchmarks;
using EduVision.Inference.Cuda.Driver;
using EduVision.Inference.Runners;
using Spectre.Console;

namespace EduVision.Inference.Commands;

/// <summary><c>bench</c>: how fast the service is on this machine, measured from outside, over the wire.</summary>
internal static class BenchCommand
{
    public static Command Create()
    {
        var json = new Option<FileInfo?>("--json") { Description = "Also writes the numbers to this file." };
        var runs = new Option<int>("--runs") { Description = "Runs of each measurement; medians are reported.", DefaultValueFactory = _ => 3 };
        var tokens = new Option<int>("--tokens") { Description = "Output tokens of each request.", DefaultValueFactory = _ => 256 };
        var random = new Option<string?>("--random") { Description = $"Instead of a service, the GPU kernels alone with random weights of {string.Join(", ", KnownModels.All.Keys)}." };
        random.AcceptOnlyFromAmong([.. KnownModels.All.Keys]);
        var image = new Option<string>("--image") { Description = "With --random: the photo of each prompt, WIDTHxHEIGHT.", DefaultValueFactory = _ => "1024x1024" };
        var prompt = new Option<int>("--prompt") { Description = "With --random: text tokens of each prompt.", DefaultValueFactory = _ => 256 };
        var fresh = new Option<int>("--new") { Description = "With --random: tokens decoded for each.", DefaultValueFactory = _ => 512 };
        var batch = new Option<string>("--batch") { Description = "With --random: sequences together, such as 1,4,16.", DefaultValueFactory = _ => "1,4,16,64,128" };
        var service = new ServiceOptions();
        var command = new Command("bench", "Measures start, first token, speed alone and eight at once; with --random, the GPU kernels alone.")
        {
            json, runs, tokens, random, image, prompt, fresh, batch,
        };
        service.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (parsed.GetValue(random) is { } model)
            {
                if (Numbers(parsed.GetValue(image)!, 'x') is not [>= 64 and var width, >= 64 and var height] || Numbers(parsed.GetValue(batch)!, ',') is not { Count: > 0 } batches)
                {
                    await Console.Error.WriteLineAsync("--image is like 1024x1024, --batch like 1,4,16.");
                    return 1;
                }
                var workload = new RunnerWorkload(model, width, height, parsed.GetValue(prompt), parsed.GetValue(fresh), batches);
                return await RunnerAsync(workload, parsed.GetValue(service.TorchLibrary), parsed.GetValue(json), cancellationToken);
            }
            List<string> arguments = [];
            foreach (var option in new Option[] { service.Model, service.Device, service.Runner, service.Threads, service.Memory, service.TorchLibrary })
                if (parsed.GetResult(option) is { Tokens: [var value] }) arguments.AddRange([option.Name, value.Value]);
            var result = await ServiceBenchmark.RunAsync(arguments, parsed.GetValue(runs), parsed.GetValue(tokens), cancellationToken);
            Print(result);
            if (parsed.GetValue(json) is { } file)
                await File.WriteAllTextAsync(file.FullName, JsonSerializer.Serialize(result, BenchmarkResult.Json) + "\n", cancellationToken);
            return 0;
        });
        return command;
    }

    private static async Task<int> RunnerAsync(RunnerWorkload workload, string? torchLibrary, FileInfo? json, CancellationToken cancellationToken)
    {
        RunnerLoader.PrepareTorch(torchLibrary);
        try
        {
            var result = RunnerBenchmark.Run(workload, torchLibrary, row => Console.WriteLine(
                $"{row.Batch,4} together: first token {row.FirstTokenSeconds * 1000:0} ms, prefill {row.PrefillTokensPerSecond:0} tokens/s, step {row.StepMedianMs:0.00} ms (99%: {row.StepP99Ms:0.00}), " +
                $"{row.TokensPerSecond:0} tokens/s, {row.BytesPerStep / 1e9:0.0} GB a step, {row.RooflinePercent:0}% of the read bandwidth"));
            Console.WriteLine($"{workload.Model} on {result.Device}: a plain read {result.ReadTerabytesPerSecond:0.00} TB/s, {result.PeakBytes / 1e9:0.0} GB in use");
            if (json is not null) await File.WriteAllTextAsync(json.FullName, JsonSerializer.Serialize(result, BenchmarkResult.Json) + "\n", cancellationToken);
            return 0;
        }
        catch (CudaException exception)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return 2;
        }
    }

    private static List<int>? Numbers(string text, char separator)
    {
        List<int> numbers = [];
        foreach (var part in text.Split(separator))
        {
            if (!int.TryParse(part, out var number) || number < 1) return null;
            numbers.Add(number);
        }
        return numbers;
    }

    private static void Print(BenchmarkResult result)
    {
        var table = new Table().Title($"{Markup.Escape(result.Model)} on {Markup.Escape(result.Device)}").AddColumns("What", "Median");
        table.AddRow("Ready after the start", $"{result.ReadySeconds:0.00} s");
        table.AddRow("First token of a 12-megapixel photo, upload included", $"{result.FirstTokenSeconds:0.00} s");
        table.AddRow("Tokens a second, alone", $"{result.TokensPerSecondAlone:0}");
        table.AddRow("Tokens a second, eight at once, all together", $"{result.TokensPerSecondOfEight:0}");
        table.AddRow("Eight at once against one", $"{result.TokensPerSecondOfEight / result.TokensPerSecondAlone:0.0} x");
        AnsiConsole.Write(table);
    }
}
