using System.CommandLine;
using EduVision.Model.Chat;
using EduVision.Model.Configuration;
using EduVision.Model.Network;
using EduVision.Model.Tokenization;
using EduVision.Model.Weights;
using EduVision.Training.Checkpoints;
using EduVision.Training.Data;
using EduVision.Training.Learning;
using EduVision.Training.Problems;
using EduVision.Training.Rendering;
using TorchSharp;
using static TorchSharp.torch;

namespace EduVision.Training.Commands;

/// <summary><c>train</c>: the bundled model from generated photos, fresh or from a checkpoint.</summary>
public static class TrainCommand
{
    /// <summary>The command line.</summary>
    public static Command Create()
    {
        var outDirectory = new Option<DirectoryInfo>("--out") { Description = "Where the model folder is written.", Required = true };
        var assets = new Option<FileInfo>("--assets") { Description = "Ink made by the assets command.", Required = true };
        var vocabulary = new Option<DirectoryInfo>("--vocabulary") { Description = "Folder of the vocabulary command.", Required = true };
        var start = new Option<DirectoryInfo?>("--from") { Description = "A model folder of the same shape to go on from." };
        var device = new Option<string>("--device") { Description = "cpu or cuda.", DefaultValueFactory = _ => "cpu" };
        var steps = new Option<long>("--steps") { Description = "Steps of the run.", DefaultValueFactory = _ => 10_000 };
        var minutes = new Option<double?>("--minutes") { Description = "End, learning rate included, after this time." };
        var tokens = new Option<int>("--tokens") { Description = "Tokens a batch, about.", DefaultValueFactory = _ => 65_536 };
        var rate = new Option<double>("--rate") { Description = "Peak learning rate.", DefaultValueFactory = _ => 2e-3 };
        var warmup = new Option<double>("--warmup") { Description = "Share of the run in which the rate rises.", DefaultValueFactory = _ => 0.02 };
        var decay = new Option<double>("--decay") { Description = "Share of the run in which the rate falls; 0 for a piece that another run goes on from.", DefaultValueFactory = _ => 0.4 };
        var bfloat = new Option<bool>("--bf16") { Description = "Keep every matrix in BF16: for a piece that another run goes on from." };
        var seed = new Option<int>("--seed") { Description = "Of data and weights.", DefaultValueFactory = _ => 1 };
        var workers = new Option<int>("--workers") { Description = "Threads that make data.", DefaultValueFactory = _ => Environment.ProcessorCount };
        var validateEvery = new Option<int>("--validate-every") { Description = "Steps between looks at held-out ink.", DefaultValueFactory = _ => 1000 };
        var logEvery = new Option<int>("--log-every") { Description = "Steps between log lines.", DefaultValueFactory = _ => 50 };
        var command = new Command("train", "Train the bundled model on photos made as it goes.")
        {
            outDirectory, assets, vocabulary, start, device, steps, minutes, tokens, rate, warmup, decay, bfloat, seed, workers, validateEvery, logEvery,
        };
        command.SetAction((parsed, cancellation) =>
        {
            var on = torch.device(parsed.GetValue(device)!);
            var settings = new TrainerSettings
            {
                Device = on,
                ComputeType = on.type == DeviceType.CUDA ? bfloat16 : float32,
                Steps = parsed.GetValue(steps),
                Limit = parsed.GetValue(minutes) is { } limit ? TimeSpan.FromMinutes(limit) : null,
                Schedule = new LearningRateSchedule(parsed.GetValue(rate), parsed.GetValue(warmup), parsed.GetValue(decay)),
                Fp8From = parsed.GetValue(bfloat) ? double.PositiveInfinity : TrainerSettings.DefaultFp8From,
                Workers = parsed.GetValue(workers),
                ValidateEvery = parsed.GetValue(validateEvery),
                LogEvery = parsed.GetValue(logEvery),
            };
            var data = new ExampleSettings { Seed = parsed.GetValue(seed), Mix = ProblemMix.Default, TokensPerBatch = parsed.GetValue(tokens) };
            Run(settings, data, parsed.GetValue(assets)!.FullName, parsed.GetValue(vocabulary)!.FullName, parsed.GetValue(start)?.FullName,
                parsed.GetValue(outDirectory)!.FullName, fp8: !parsed.GetValue(bfloat), cancellation);
            return Task.FromResult(0);
        });
        return command;
    }

    private static void Run(TrainerSettings settings, ExampleSettings data, string assetsFile, string vocabulary, string? start, string output, bool fp8, CancellationToken cancellation)
    {
        Directory.CreateDirectory(output);
        var tokenizer = Tokenizer.Load(vocabulary);
        var config = start is null ? NanoDesign.For(tokenizer) : ModelConfig.Load(start) with { Quantization = null };
        // The processor reads a whole model folder: write its files before the weights exist.
        config.Save(output);
        ProcessorFiles.Save(output);
        foreach (var name in new[] { "tokenizer.json", "tokenizer_config.json" }) File.Copy(Path.Combine(vocabulary, name), Path.Combine(output, name), overwrite: true);
        var processor = ChatProcessor.Load(output);
        var assets = InkAssets.Load(assetsFile);

        using var checkpoint = start is null ? null : Checkpoint.Open(start);
        using var fresh = new FreshWeights(data.Seed);
        IWeightInitialiser initialiser = checkpoint is null ? fresh : new CheckpointStart(new CheckpointWeights(checkpoint, ModelConfig.Load(start!), CPU, float32));
        using var weights = new TrainableWeights(settings.Device, settings.ComputeType, initialiser);
        using var model = new Qwen3VL(config, weights);
        Console.WriteLine($"{weights.Count:N0} parameters, {settings.Device}, {settings.ComputeType}");

        using var heldOut = new ExampleSource(processor, assets, data with { HeldOut = true, TokensPerBatch = Math.Min(data.TokensPerBatch, 16_384) });
        var batches = Enumerable.Range(0, 16).AsParallel().WithDegreeOfParallelism(settings.Workers).Select(index => heldOut.Batch(index)).ToList();
        using var log = new TrainingLog(Path.Combine(output, "training.jsonl"));
        void Save() => ModelExporter.Save(output, config, weights, vocabulary, fp8);
        using var source = new ExampleSource(processor, assets, data);
        new Trainer(model, weights, settings, new OptimiserSettings(), log).Run(source, batches, Save, cancellation);
        foreach (var batch in batches) batch.Dispose();
        Save();
        Console.WriteLine($"Written to {output}");
    }
}
