using System.Diagnostics;
using EduVision.Inference.Cache;
using EduVision.Inference.Hosting;
using EduVision.Inference.Runners;
using EduVision.Inference.Scheduling;
using EduVision.Inference.Telemetry;
using EduVision.Shared;
using Microsoft.Extensions.Options;

namespace EduVision.Inference.Engine;

/// <summary>
/// The one engine of the process. Its thread alone touches the runner; everybody else enqueues, cancels and reads logs.
/// A fault fails the requests it concerns, and the engine goes on.
/// </summary>
public sealed class InferenceEngine : IHostedService, IDisposable
{
    private readonly Lock gate = new();
    private readonly AutoResetEvent work = new(false);
    private readonly Thread thread;
    private readonly Func<ModelRunner> load;
    private readonly BlockPool pool;
    private readonly EncoderCache encoded;
    private readonly SequenceMemory memory;
    private readonly Scheduler scheduler;
    private readonly RateMeter rates;
    private readonly SchedulerOptions limits;
    private readonly EngineMetrics metrics;
    private readonly ILogger<InferenceEngine> logger;
    private readonly HashSet<Sequence> alive = [];
    private readonly TaskCompletionSource loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool stopping;
    private volatile string? device;

    /// <summary>An engine over the runner that <paramref name="load"/> loads, on the engine's thread.</summary>
    public InferenceEngine(
        Func<ModelRunner> load, IOptions<InferenceOptions> options, EngineMetrics metrics, TimeProvider time,
        IHostApplicationLifetime lifetime, ILogger<InferenceEngine> logger)
    {
        (this.load, this.metrics, this.logger) = (load, metrics, logger);
        var settings = options.Value;
        limits = new SchedulerOptions
        {
            StepTokens = settings.StepTokens,
            MaxRunning = settings.MaxRunning,
            QueueLimit = settings.QueueLimit,
            PerUserLimit = settings.PerUserLimit,
        };
        pool = new BlockPool(settings.KvTokens / settings.BlockSize, settings.BlockSize);
        encoded = new EncoderCache(settings.EncoderCacheBytes);
        memory = new SequenceMemory(pool, encoded);
        rates = new RateMeter(time);
        scheduler = new Scheduler(limits, memory, rates, () => work.Set());
        metrics.Observe(() => State);
        thread = new Thread(Run) { Name = "Inference engine", IsBackground = true };
        // At the first sign, not when the server has drained: it drains only when the logs that it streams have ended.
        lifetime.ApplicationStopping.Register(Stop);
    }

    /// <summary>Ends when the model is loaded; fails if it cannot be.</summary>
    public Task Loaded => loaded.Task;

    /// <summary>What it does at this moment.</summary>
    public EngineState State
    {
        get
        {
            lock (gate)
                return new EngineState(
                    device is not null, device ?? "", scheduler.Waiting, scheduler.Running, scheduler.Eta(scheduler.Waiting + 1), rates.TokensPerSecond,
                    pool.Used, pool.Total, encoded.Bytes, scheduler.PromptTokens, scheduler.CachedTokens,
                    encoded.Lookups, encoded.Hits, scheduler.Preemptions);
        }
    }

    /// <summary>Puts a sequence into the queue.</summary>
    /// <returns>Why not, or null if it is there.</returns>
    public ServiceError? TryAdd(Sequence sequence)
    {
        lock (gate)
        {
            if (stopping) return new ServiceError(FailureCode.ShuttingDown, "The service is shutting down. Try again in a minute.");
            if (scheduler.TryAdd(sequence) is { } refusal) return refusal;
            alive.Add(sequence);
        }
        work.Set();
        return null;
    }

    /// <summary>Ends a sequence and frees what it holds.</summary>
    /// <returns>False if it had ended.</returns>
    public bool Cancel(Sequence sequence)
    {
        bool ended;
        lock (gate)
        {
            ended = scheduler.Cancel(sequence);
            alive.Remove(sequence);
        }
        work.Set();
        return ended;
    }

    /// <summary>Checks that nothing leaked; see <see cref="Scheduler.CheckIntegrity"/>.</summary>
    public void CheckIntegrity()
    {
        lock (gate) scheduler.CheckIntegrity();
    }

    /// <summary>Makes all that was computed before unfindable, so that a prompt that comes again is computed again.</summary>
    internal void ForgetPrefixes()
    {
        lock (gate) pool.ForgetAll();
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        thread.Start();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        Stop();
        if (thread.ThreadState.HasFlag(System.Threading.ThreadState.Unstarted)) return;
        try
        {
            await Task.Run(thread.Join, CancellationToken.None).WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // A large model that is still loading cannot be interrupted; its thread ends with the process.
        }
    }

    private void Stop()
    {
        stopping = true;
        work.Set();
    }

    private void Run()
    {
        ModelRunner runner;
        try
        {
            runner = load();
        }
        catch (Exception exception)
        {
            loaded.SetException(exception);
            return;
        }
        using (runner)
        {
            device = runner.Device;
            loaded.SetResult();
            while (!stopping)
            {
                StepPlan? plan;
                lock (gate) plan = scheduler.Plan();
                if (plan is null) Rest();
                else Step(runner, plan);
            }
            lock (gate)
            {
                foreach (var sequence in alive.ToList()) scheduler.Fail(sequence, FailureCode.ShuttingDown, "The service was shut down. Ask again.");
                scheduler.CheckIntegrity();
            }
            encoded.Dispose();
        }
    }

    private void Rest()
    {
        try
        {
            lock (gate) scheduler.CheckIntegrity();
        }
        catch (InvalidOperationException leak)
        {
            logger.LogCritical(leak, "The engine's books are wrong. Restart the service when you can, and report this.");
        }
        work.WaitOne();
    }

    private void Step(ModelRunner runner, StepPlan plan)
    {
        var begun = Stopwatch.GetTimestamp();
        foreach (var (sequence, image) in plan.ImagesToEncode.ToList()) Encode(runner, plan, sequence, image);
        lock (gate) scheduler.DropEnded(plan);
        var results = RunChunks(runner, [.. plan.Chunks.Select(entry => entry.Chunk)]);
        lock (gate)
        {
            scheduler.Commit(plan, results);
            alive.RemoveWhere(sequence => sequence.State == SequenceState.Ended);
        }
        metrics.Stepped(Stopwatch.GetElapsedTime(begun));
    }

    private void Encode(ModelRunner runner, StepPlan plan, Sequence sequence, PromptImage image)
    {
        lock (gate)
        {
            if (sequence.State == SequenceState.Ended || sequence.Images.ContainsKey(image) || memory.TryUseEncoded(sequence, image)) return;
        }
        try
        {
            var fresh = runner.Encode(image.Source);
            image.Source.Release();
            lock (gate) memory.AddEncoded(sequence, image, fresh);
        }
        catch (FileNotFoundException)
        {
            FailPlanned(plan, sequence, FailureCode.ImageMissing, "An image of the request is no longer stored. Send it again.");
        }
        catch (Exception exception)
        {
            logger.LogError(exception, "An image could not be encoded.");
            FailPlanned(plan, sequence, FailureCode.EngineFault, "An image of the request could not be processed. Try again, or send it in another format.");
        }
    }

    private void FailPlanned(StepPlan plan, Sequence sequence, string code, string message)
    {
        lock (gate)
        {
            plan.Drop(sequence);
            scheduler.Fail(sequence, code, message);
        }
    }

    // A chunk computed twice gives the same, so after a fault each runs alone: only the one to blame fails.
    private IReadOnlyList<ChunkResult> RunChunks(ModelRunner runner, IReadOnlyList<SequenceChunk> chunks)
    {
        if (chunks.Count == 0) return [];
        try
        {
            return runner.Step(chunks);
        }
        catch (Exception exception)
        {
            logger.LogError(exception, "A step of {Chunks} chunks failed.", chunks.Count);
            if (chunks.Count > 1) return [.. chunks.Select(chunk => RunChunks(runner, [chunk])[0])];
            return [new ChunkResult(null, "The engine met a fault while it computed this request. Try again; if it happens again, the log of the service says more.")];
        }
    }

    /// <inheritdoc/>
    public void Dispose() => work.Dispose();
}
