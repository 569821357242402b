using System.CommandLine;
using System.Text.Json;
using EduVision.Inference.Benchmarks;
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
        var service = new ServiceOptions();
        var command = new Command("bench", "Measures start, first token, speed alone and eight at once.") { json, runs, tokens };
        service.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            List<string> arguments = [];
            foreach (var option in new Option[] { service.Model, service.Device, service.Runner, service.Threads, service.TorchLibrary })
                if (parsed.GetResult(option) is { Tokens: [var value] }) arguments.AddRange([option.Name, value.Value]);
            var result = await ServiceBenchmark.RunAsync(arguments, parsed.GetValue(runs), parsed.GetValue(tokens), cancellationToken);
            Print(result);
            if (parsed.GetValue(json) is { } file)
                await File.WriteAllTextAsync(file.FullName, JsonSerializer.Serialize(result, BenchmarkResult.Json) + "\n", cancellationToken);
            return 0;
        });
        return command;
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
