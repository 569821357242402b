using System.CommandLine;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using EduVision.Inference.Benchmarks;
using EduVision.Inference.Cuda;
using EduVision.Inference.Cuda.Driver;
using EduVision.Inference.Hosting;
using EduVision.Inference.Runners;
using EduVision.Inference.Runners.Torch;
using EduVision.Inference.Soak;
using EduVision.Model.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Spectre.Console;

namespace EduVision.Inference.Commands;

/// <summary><c>soak</c>: many simulated users at the engine for a while, and what must hold holds.</summary>
internal static class SoakCommand
{
    public static Command Create()
    {
        var random = new Option<string?>("--random") { Description = $"Instead of a checkpoint, random weights of {string.Join(", ", KnownModels.All.Keys)} on a GPU." };
        random.AcceptOnlyFromAmong([.. KnownModels.All.Keys]);
        var users = Number("--users", "Simulated users.", 64);
        var minutes = new Option<double>("--minutes") { Description = "How long they go on asking.", DefaultValueFactory = _ => 10 };
        minutes.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !(double.TryParse(token.Value, System.Globalization.CultureInfo.InvariantCulture, out var value) && value is > 0 and < 100_000)) result.AddError("--minutes is a number above 0.");
        });
        var seed = new Option<int>("--seed") { Description = "Where the random numbers begin.", DefaultValueFactory = _ => 1 };
        var replays = Number("--replays", "Finished requests asked again at the end, each alone.", 32);
        var growth = Number("--growth", "MB that memory may have grown by since the warm-up.", 64);
        var defaults = new InferenceOptions();
        var running = Number("--running", "Most requests decoded together.", defaults.MaxRunning);
        var kvTokens = new Option<int?>("--kv-tokens") { Description = "Tokens of the KV cache; what the memory leaves if not given." };
        var stepTokens = new Option<int?>("--step-tokens") { Description = "Most tokens of a step; the service's own if not given." };
        var json = new Option<FileInfo?>("--json") { Description = "Also writes the report to this file." };
        var service = new ServiceOptions();
        var command = new Command("soak", "Drives the engine with many simulated users, looks whether everything holds, and ends with status 1 if not.")
        {
            random, users, minutes, seed, replays, growth, running, kvTokens, stepTokens, json,
        };
        service.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var options = new InferenceOptions { MaxRunning = parsed.GetValue(running), KvTokens = parsed.GetValue(kvTokens), StepTokens = parsed.GetValue(stepTokens) };
            service.Apply(parsed, options);
            try
            {
                Check(options);
                var (model, placement, load) = parsed.GetValue(random) is { } name ? Random(name, options) : Checkpoint(options);
                var settings = new SoakSettings
                {
                    Engine = options, Placement = placement, Model = model, Load = load, Users = parsed.GetValue(users), Duration = TimeSpan.FromMinutes(parsed.GetValue(minutes)), Seed = parsed.GetValue(seed),
                    Replays = parsed.GetValue(replays), GrowthBytes = parsed.GetValue(growth) * 1_000_000L,
                };
                var report = await new SoakRun(settings).RunAsync(Console.Error.WriteLine, cancellationToken);
                SoakTable.Print(AnsiConsole.Console, report);
                if (parsed.GetValue(json) is { } file) await File.WriteAllTextAsync(file.FullName, JsonSerializer.Serialize(report, BenchmarkResult.Json) + "\n", CancellationToken.None);
                return report.Findings.Count == 0 ? 0 : 1;
            }
            catch (Exception exception) when (Service.IsUsers(exception) || exception is CudaException)
            {
                await Console.Error.WriteLineAsync(exception.Message);
                return 2;
            }
        });
        return command;
    }

    private static (ModelConfig Model, Placement Placement, Func<ModelRunner> Load) Checkpoint(InferenceOptions options)
    {
        var model = new ServedModel(ModelLocator.Find(options.ModelDirectory), options.ImageTokens);
        var placement = RunnerLoader.Place(model, options, NullLogger.Instance);
        return (model.Config, placement, () => RunnerLoader.Load(model, options, placement, NullLogger.Instance));
    }

    private static (ModelConfig Model, Placement Placement, Func<ModelRunner> Load) Random(string name, InferenceOptions options)
    {
        // As the published image processor has it.
        const long imagePixels = 16_777_216;
        var config = KnownModels.All[name];
        RunnerLoader.PrepareTorch(options.TorchLibrary);
        var ordinal = options.Device is ['c', 'u', 'd', 'a', ':', .. var number] ? int.Parse(number, System.Globalization.CultureInfo.InvariantCulture) : 0;
        var placement = RunnerLoader.Plan(config, imagePixels, options, ordinal);
        return (config, placement, () =>
        {
            var layout = new KvLayout(placement.Blocks, placement.BlockSize);
            var runner = CudaRunner.Random(config, ordinal, layout, placement.StepTokens, options.MaxRunning, options.TorchLibrary, placement.Memory!.Fit, placement.Card);
            runner.WarmUp(config.Vision);
            return runner;
        });
    }

    private static void Check(InferenceOptions options)
    {
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
        if (new InferenceOptionsValidator().Validate(null, options) is { Failed: true } refused) throw new ValidationException(string.Join(Environment.NewLine, refused.Failures!));
    }

    private static Option<int> Number(string name, string description, int otherwise)
    {
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => otherwise };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !(int.TryParse(token.Value, out var value) && value >= 1)) result.AddError($"{name} is a number, 1 at least.");
        });
        return option;
    }
}
