using System.Diagnostics;
using EduVision.Inference.Cache;
using EduVision.Inference.Engine;
using EduVision.Inference.Runners;
using EduVision.Inference.Runners.Sampling;
using EduVision.Inference.Scheduling;
using EduVision.Model.Configuration;
using EduVision.Shared;
using Microsoft.Extensions.Logging.Abstractions;

namespace EduVision.Inference.Benchmarks;

/// <summary>
/// What sequences that decode feel of a photo that arrives: the service's own scheduler plans the steps, and what runs them in the engine
/// runs them here.
/// </summary>
internal sealed class BesideMeasurement : IDisposable
{
    // Steps between two photos, so that each meets nothing but decodes.
    private const int PlainSteps = 64, StepsBetween = 16;

    // Before it is known how long they take, a step does a part of a photo only: there are some more than three for each block.
    private const int StepsOfPhoto = 128;

    private readonly ModelRunner runner;
    private readonly ModelConfig config;
    private readonly RunnerWorkload workload;
    private readonly EncoderCache encoded;
    private readonly Scheduler scheduler;
    private readonly StepExecutor executor;
    private readonly Random random = new(1);
    private int decoding; // sequences that had their first token

    public BesideMeasurement(ModelRunner runner, ModelConfig config, RunnerWorkload workload, int blocks, int blockSize, TimeProvider? time = null)
    {
        (this.runner, this.config, this.workload) = (runner, config, workload);
        // None is kept after it was used: every photo is a new one, and two at once have room.
        encoded = new EncoderCache(2 * runner.BytesOf(workload.Grid(config.Vision)));
        var memory = new SequenceMemory(new BlockPool(blocks, blockSize), encoded, image => runner.BytesOf(image.Source.Grid));
        var options = new SchedulerOptions { StepTokens = workload.SchedulerTokens, MaxRunning = workload.Beside!.Value + 1, QueueLimit = int.MaxValue, PerUserLimit = int.MaxValue };
        scheduler = new Scheduler(options, memory, new RateMeter(TimeProvider.System), () => { });
        executor = new StepExecutor(scheduler, memory, new Lock(), NullLogger.Instance, time ?? TimeProvider.System);
    }

    /// <summary>KV blocks that it needs.</summary>
    public static int Blocks(ModelConfig config, RunnerWorkload workload, int blockSize)
    {
        var prompt = workload.Grid(config.Vision).Tokens(config.Vision.MergeSize) + workload.PromptTokens;
        var free = Math.Min(workload.SchedulerTokens - workload.Beside!.Value, new SchedulerOptions().LeastPromptTokens);
        // The first sequence decodes while the others are prefilled.
        var steps = ((workload.Beside.Value + workload.Repeat + 1) * ((prompt / free) + 2)) + ((workload.Repeat + 2) * StepsOfPhoto) + RunnerWorkload.WarmUpSteps + PlainSteps + ((workload.Repeat + 1) * StepsBetween);
        return (workload.Beside.Value * BlocksOf(prompt + steps)) + BlocksOf(prompt + 1);

        int BlocksOf(int tokens) => (tokens + blockSize - 1) / blockSize;
    }

    /// <summary>Measures.</summary>
    public BesideNumbers Run()
    {
        var photo = BenchSequence.RandomPhoto(config, workload, random);
        for (var i = 0; i < workload.Beside; i++) Add($"decoder {i}", photo, "the first photo");
        while (decoding < workload.Beside) Step();
        for (var step = 0; step < RunnerWorkload.WarmUpSteps; step++) Step();
        var plain = Enumerable.Range(0, PlainSteps).Select(_ => Step()).Median();
        // The first sets up what later ones find ready.
        Photo(photo, 0);
        List<BesideRun> runs = [.. Enumerable.Range(1, workload.Repeat).Select(number => Photo(photo, number))];
        if (scheduler.Preemptions > 0) throw new InvalidOperationException("A sequence lost its KV blocks while it was measured.");
        return BesideNumbers.Of(workload.Beside!.Value, workload.SchedulerTokens, plain, runs);
    }

    private BesideRun Photo(ImageSource pixels, int number)
    {
        for (var step = 0; step < StepsBetween; step++) Step();
        var before = decoding;
        // The same pixels under another name: to the caches it is another photo.
        var sequence = Add("newcomer", pixels, $"photo {number}");
        List<double> steps = [];
        var encoding = 0;
        while (decoding == before)
        {
            steps.Add(Step());
            if (encoding == 0 && sequence.Images.Count > 0) encoding = steps.Count;
        }
        scheduler.Cancel(sequence);
        return new BesideRun(steps.Max(), steps.Median(), encoding, steps.Count, steps.Sum());
    }

    private Sequence Add(string user, ImageSource pixels, string identity)
    {
        // The engine lets go of a source's pixels when they are encoded.
        var source = new ImageSource(pixels.Grid, pixels.Take);
        source.Take();
        var sequence = new Sequence(user, BenchSequence.RandomPrompt(config, random, workload.PromptTokens, source, identity), new SamplingParameters { Temperature = 0 }, new Output(this));
        if (scheduler.TryAdd(sequence) is { } refusal) throw new InvalidOperationException(refusal.Message);
        return sequence;
    }

    private double Step()
    {
        var begun = Stopwatch.GetTimestamp();
        var plan = scheduler.Plan() ?? throw new InvalidOperationException("The scheduler has nothing to do.");
        executor.Run(runner, plan);
        return Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        executor.Dispose();
        encoded.Dispose();
    }

    /// <summary>Takes every token and wants more.</summary>
    private sealed class Output(BesideMeasurement owner) : ISequenceOutput
    {
        public void Queued(int position, double? etaSeconds)
        {
        }

        public void Started()
        {
        }

        public void Prefilled(int cachedTokens) => owner.decoding++;

        public Verdict Accept(SampledToken token) => new(null, [token.Id]);

        public void Finish(FinishReason reason)
        {
        }

        public void Fail(string code, string message) => throw new InvalidOperationException(message);
    }
}
