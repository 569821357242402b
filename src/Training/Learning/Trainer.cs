using System.Diagnostics;
using EduVision.Model.Network;
using EduVision.Training.Data;
using static TorchSharp.torch;

namespace EduVision.Training.Learning;

/// <summary>How a run is run.</summary>
public sealed record TrainerSettings
{
    /// <summary>Where to compute.</summary>
    public required Device Device { get; init; }

    /// <summary>What to compute in.</summary>
    public required ScalarType ComputeType { get; init; }

    /// <summary>Steps of the run.</summary>
    public required long Steps { get; init; }

    /// <summary>The run ends after this time even if steps are left; the learning rate falls in time for it.</summary>
    public TimeSpan? Limit { get; init; }

    /// <summary>The learning rate over the run.</summary>
    public required LearningRateSchedule Schedule { get; init; }

    /// <summary>The usual <see cref="Fp8From"/>.</summary>
    public const double DefaultFp8From = 0.75;

    /// <summary>Share of the run after which FP8 matrices compute with rounded weights; above 1 they never do.</summary>
    public double Fp8From { get; init; } = DefaultFp8From;

    /// <summary>A log line every so many steps.</summary>
    public int LogEvery { get; init; } = 50;

    /// <summary>A look at held-out ink every so many steps.</summary>
    public int ValidateEvery { get; init; } = 1000;

    /// <summary>Threads that make data.</summary>
    public int Workers { get; init; } = Environment.ProcessorCount;
}

/// <summary>The training loop.</summary>
public sealed class Trainer(Qwen3VL model, TrainableWeights weights, TrainerSettings settings, OptimiserSettings optimiserSettings, TrainingLog log)
{
    private readonly Stopwatch clock = new();

    /// <summary>Trains to the end of the settings, or until cancelled; the weights are then what was learned, rounded as they will be stored.</summary>
    /// <param name="source">The data.</param>
    /// <param name="heldOut">What to look at now and then.</param>
    /// <param name="save">Writes the weights as they are; called after every look but the last.</param>
    /// <param name="cancellationToken">Ends the run early.</param>
    public void Run(ExampleSource source, IReadOnlyList<TrainingBatch> heldOut, Action save, CancellationToken cancellationToken)
    {
        using var optimiser = new MuonAdamW(weights.Parameters, optimiserSettings);
        using var batches = new OrderedPipeline<TrainingBatch>(index => source.Batch(index).To(settings.Device), 0, settings.Workers, settings.Workers + 4);
        clock.Restart();
        long examples = 0;
        var logged = (Examples: 0L, Seconds: 0.0);
        weights.Refresh(null);
        for (long step = 0; ; step++)
        {
            var progress = Progress(step);
            var finished = progress >= 1 || cancellationToken.IsCancellationRequested;
            if (finished && settings.Fp8From <= 1) weights.Refresh(Fp8Rounding.Fp8Matrices);
            var look = finished || (step > 0 && step % settings.ValidateEvery == 0);
            if (look) log.Validated(step, clock.Elapsed, Validation.Run(model, heldOut, settings.Device, settings.ComputeType));
            if (finished) return;
            if (look) save();

            using var batch = batches.Next();
            examples += batch.Examples.Count;
            var rate = settings.Schedule.At(progress);
            var logs = step % settings.LogEvery == 0;
            var (loss, norm) = Step(batch, optimiser, rate, progress >= settings.Fp8From, logs);
            if (!logs) continue;
            if (!float.IsFinite(loss)) throw new InvalidOperationException($"The loss is {loss} at step {step}; lower the learning rate.");
            var seconds = clock.Elapsed.TotalSeconds;
            log.Stepped(new StepEntry(step, seconds, loss, norm, rate, examples, (examples - logged.Examples) / (seconds - logged.Seconds), batches.Ready));
            logged = (examples, seconds);
        }
    }

    private (float Loss, float Norm) Step(TrainingBatch batch, MuonAdamW optimiser, double rate, bool fp8, bool read)
    {
        using var scope = NewDisposeScope();
        var loss = LanguageModelLoss.Of(model, batch, settings.Device, settings.ComputeType);
        loss.backward();
        var norm = optimiser.Step(weights.Parameters, rate);
        weights.Refresh(fp8 ? Fp8Rounding.Fp8Matrices : null);
        return read ? (loss.item<float>(), norm.item<float>()) : default;
    }

    private double Progress(long step)
    {
        var bySteps = step / (double)settings.Steps;
        return settings.Limit is { } limit ? Math.Max(bySteps, clock.Elapsed / limit) : bySteps;
    }
}
