using System.Text.Json;
using EduVision.Model.Network;
using EduVision.Training.Data;
using EduVision.Training.Learning;
using EduVision.Training.Problems;
using static TorchSharp.torch;

namespace EduVision.Training.Tests.Learning;

public sealed class TrainerTests : IDisposable
{
    private static readonly TrainerSettings Settings = new()
    {
        Device = CPU, ComputeType = float32, Steps = 16, Schedule = new LearningRateSchedule(0.01), LogEvery = 1, ValidateEvery = 6, Workers = 2,
    };

    private readonly TinyNano nano = new();
    private readonly FreshWeights fresh = new(3);
    private readonly TrainableWeights weights;
    private readonly Qwen3VL model;

    public TrainerTests()
    {
        weights = new TrainableWeights(CPU, float32, fresh);
        model = new Qwen3VL(nano.Config, weights);
    }

    public void Dispose()
    {
        model.Dispose();
        weights.Dispose();
        fresh.Dispose();
        nano.Dispose();
    }

    [Fact]
    public void A_run_learns_logs_looks_at_held_out_ink_and_ends_with_the_weights_as_they_will_be_stored()
    {
        var saves = 0;
        var log = Run(Settings, () => saves++, TestContext.Current.CancellationToken);
        var losses = log.Where(line => line.TryGetProperty("loss", out _)).Select(line => line.GetProperty("loss").GetSingle()).ToList();
        var looks = log.Where(line => line.TryGetProperty("heldOut", out _)).Select(line => line.GetProperty("step").GetInt64());
        Assert.Equal(16, losses.Count);
        Assert.True(losses.TakeLast(4).Average() < losses[0] * 0.8, string.Join(' ', losses));
        Assert.Equal([6, 12, 16], looks);
        Assert.Equal(2, saves);

        using var scope = NewDisposeScope();
        using var off = no_grad();
        foreach (var parameter in weights.Parameters)
            Assert.True(parameter.Compute.allclose(Fp8Rounding.Fp8Matrices(parameter) ?? parameter.Master, rtol: 0, atol: 0), parameter.Names[0].Name);
    }

    [Fact]
    public void A_cancelled_run_ends_after_a_last_look()
    {
        using var cancellation = new CancellationTokenSource();
        var log = Run(Settings with { Steps = 1_000_000, ValidateEvery = 2 }, cancellation.Cancel, cancellation.Token);
        var looks = log.Where(line => line.TryGetProperty("heldOut", out _)).Select(line => line.GetProperty("step").GetInt64());
        Assert.Equal([2, 3], looks);
    }

    [Fact]
    public void A_loss_that_is_no_number_stops_the_run_with_what_to_do()
    {
        using (no_grad()) weights.Parameters[0].Master.fill_(float.NaN);
        var error = Assert.Throws<InvalidOperationException>(() => Run(Settings, () => { }, TestContext.Current.CancellationToken));
        Assert.Contains("at step 0; lower the learning rate", error.Message, StringComparison.Ordinal);
    }

    private List<JsonElement> Run(TrainerSettings settings, Action save, CancellationToken cancellation)
    {
        var data = new ExampleSettings { Seed = 1, Mix = ProblemMix.Default, TokensPerBatch = 512 };
        using var source = new ExampleSource(nano.Processor, nano.Assets, data);
        using var heldOut = new ExampleSource(nano.Processor, nano.Assets, data with { HeldOut = true });
        using var look = heldOut.Batch(0);
        using (var log = new TrainingLog(nano.At("training.jsonl")))
            new Trainer(model, weights, settings, new OptimiserSettings(), log).Run(source, [look], save, cancellation);
        return [.. File.ReadLines(nano.At("training.jsonl")).Select(line => JsonSerializer.Deserialize<JsonElement>(line))];
    }
}
