using System.CommandLine;
using System.Runtime.InteropServices;
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
        var runner = new RunnerBenchOptions();
        var service = new ServiceOptions();
        var command = new Command("bench", "Measures start, first token, speed alone and eight at once; with --random, the GPU kernels alone.") { json, runs, tokens };
        runner.AddTo(command);
        service.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (runner.Workloads(parsed) is { } workloads) return await RunnerAsync(workloads, parsed.GetValue(service.TorchLibrary), parsed.GetValue(json), cancellationToken);
            List<string> arguments = [];
            foreach (var option in new Option[] { service.Model, service.Device, service.Runner, service.Threads, service.Memory, service.TorchLibrary })
                if (parsed.GetResult(option) is { Tokens: [var value] }) arguments.AddRange([option.Name, value.Value]);
            var result = await ServiceBenchmark.RunAsync(arguments, parsed.GetValue(runs), parsed.GetValue(tokens), cancellationToken);
            Print(result);
            await WriteAsync(result, parsed.GetValue(json), cancellationToken);
            return 0;
        });
        return command;
    }

    private static async Task<int> RunnerAsync(IReadOnlyList<RunnerWorkload> workloads, string? torchLibrary, FileInfo? json, CancellationToken cancellationToken)
    {
        RunnerLoader.PrepareTorch(torchLibrary);
        try
        {
            List<RunnerResult> results = [];
            foreach (var workload in workloads)
            {
                results.Add(RunnerBenchmark.Run(workload, torchLibrary, what => Console.Error.WriteLine($"{workload.Dtype}: {what} ...")));
                RunnerTable.Print(AnsiConsole.Console, results[^1]);
                await WriteAsync(results, json, cancellationToken);
            }
            if (results is [var first, var second]) RunnerTable.PrintRatio(AnsiConsole.Console, first, second);
            return 0;
        }
        catch (CudaException exception)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return 2;
        }
        catch (ExternalException exception) when (exception.Message.Contains("out of memory", StringComparison.OrdinalIgnoreCase))
        {
            // Torch's own: its first line says what was wanted and what was free.
            await Console.Error.WriteLineAsync(exception.Message.Split('\n')[0]);
            return 2;
        }
    }

    private static async Task WriteAsync<T>(T result, FileInfo? file, CancellationToken cancellationToken)
    {
        if (file is not null) await File.WriteAllTextAsync(file.FullName, JsonSerializer.Serialize(result, BenchmarkResult.Json) + "\n", cancellationToken);
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
