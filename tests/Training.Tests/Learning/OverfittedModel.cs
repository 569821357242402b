using EduVision.Model.Imaging;
using EduVision.Model.Network;
using EduVision.Training.Checkpoints;
using EduVision.Training.Data;
using EduVision.Training.Learning;
using EduVision.Training.Notation;
using EduVision.Training.Problems;
using static TorchSharp.torch;

namespace EduVision.Training.Tests.Learning;

/// <summary>A tiny model that learned one batch of four striped photos by heart, FP8 rounding included, and its exported folder.</summary>
public sealed class OverfittedModel : IDisposable
{
    private const int Steps = 160;
    private readonly TinyNano nano = new();

    public OverfittedModel()
    {
        using var fresh = new FreshWeights(1);
        Weights = new TrainableWeights(CPU, float32, fresh);
        Model = new Qwen3VL(nano.Config, Weights);
        Examples = [.. Enumerable.Range(0, Problems.Length).Select(i => Example.Of(Problems[i], Grid, nano.Processor))];
        Batch = TrainingBatch.Of(Examples, [.. Enumerable.Range(0, Problems.Length).Select(Photo)], Grid, nano.Processor.Tokenizer.IdOf("<|endoftext|>"));

        var schedule = new LearningRateSchedule(0.02);
        using var optimiser = new MuonAdamW(Weights.Parameters, new OptimiserSettings { WeightDecay = 0 });
        for (var step = 0; step < Steps; step++)
        {
            using var scope = NewDisposeScope();
            var loss = LanguageModelLoss.Of(Model, Batch, CPU, float32);
            loss.backward();
            optimiser.Step(Weights.Parameters, schedule.At(step / (double)Steps));
            Weights.Refresh(Fp8Rounding.Fp8Matrices);
            if (step == 0) FirstLoss = loss.item<float>();
            LastLoss = loss.item<float>();
        }
        ModelExporter.Save(Folder, nano.Config, Weights, nano.Vocabulary, fp8: true);
    }

    /// <summary>Two pairs; the instructions of a pair have one length.</summary>
    internal static Problem[] Problems { get; } = [ProblemOf(11, "Solve."), ProblemOf(23, "Solve."), ProblemOf(34, "Read it."), ProblemOf(42, "Read it.")];

    internal static ImageGrid Grid { get; } = new(1, 4, 6);

    public float FirstLoss { get; }

    public float LastLoss { get; }

    public Qwen3VL Model { get; }

    public TrainableWeights Weights { get; }

    public string Folder => nano.At("model");

    internal IReadOnlyList<Example> Examples { get; }

    internal TrainingBatch Batch { get; }

    internal TinyNano Nano => nano;

    /// <summary>RGB bytes of a photo with stripes of its own width.</summary>
    internal static byte[] Photo(int number)
    {
        var (width, height) = (Grid.W * 16, Grid.H * 16);
        var pixels = new byte[width * height * 3];
        for (var i = 0; i < pixels.Length; i++) pixels[i] = (byte)(i / 3 % width / (3 * (number + 1)) % 2 == 0 ? 240 : 15);
        return pixels;
    }

    public void Dispose()
    {
        Batch.Dispose();
        Model.Dispose();
        Weights.Dispose();
        nano.Dispose();
    }

    private static Problem ProblemOf(int number, string prompt) => new(
        ProblemKind.Arithmetic, ProblemTask.Solve, "en", new MathPicture(new Row(new Symbol($"{number}"))), prompt, $"{number}+{number}={2 * number}", $"{2 * number}", $"{2 * number}");
}

/// <summary>Tests that share the one overfitted model.</summary>
[CollectionDefinition(Name)]
public sealed class OverfittedCollection : ICollectionFixture<OverfittedModel>
{
    public const string Name = "Overfitted model";
}
