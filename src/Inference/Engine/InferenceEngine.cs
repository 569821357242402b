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
/// A fault fails the requests it concerns, and the engine goes on. Where it cannot, as when the device is lost, it tells every request and
/// asks for the end of the process: see <see cref="ExitCode"/>.
/// </summary>
public sealed class InferenceEngine : IHostedService, IDisposable
{
    private readonly Lock gate = new();
    private readonly AutoResetEvent work = new(false);
    private readonly Thread thread;
    private readonly Func<ModelRunner> load;
    private readonly BlockPool pool;
    private readonly EncoderCache encoded;
    private readonly Scheduler scheduler;
    private readonly StepExecutor executor;
    private readonly DeviceMemoryWatch watch;
    private readonly RateMeter rates;
    private readonly EngineMetrics metrics;
    private readonly IHostApplicationLifetime lifetime;
    private readonly ILogger<InferenceEngine> logger;
    private readonly HashSet<Sequence> alive = [];
    private readonly TaskCompletionSource loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool stopping;
    private volatile string? device;
    private volatile int exitCode;

    /// <summary>An engine over the runner that <paramref name="load"/> loads, on the engine's thread.</summary>
    public InferenceEngine(
        Func<ModelRunner> load, Placement placement, IOptions<InferenceOptions> options, EngineMetrics metrics, TimeProvider time,
        IHostApplicationLifetime lifetime, ILogger<InferenceEngine> logger)
    {
        (this.load, this.metrics, this.lifetime, this.logger) = (load, metrics, lifetime, logger);
        var settings = options.Value;
        var limits = new SchedulerOptions
        {
            StepTokens = placement.StepTokens,
            MaxRunning = settings.MaxRunning,
            Slowdown = settings.Slowdown,
            QueueLimit = settings.QueueLimit,
            PerUserLimit = settings.PerUserLimit,
        };
        pool = new BlockPool(placement.Blocks, placement.BlockSize);
        encoded = new EncoderCache(placement.EncoderCacheBytes);
        // Nothing is planned before there is a runner.
        var memory = new SequenceMemory(pool, encoded, image => Runner!.BytesOf(image.Source.Grid));
        rates = new RateMeter(time);
        scheduler = new Scheduler(limits, memory, rates, () => work.Set());
        executor = new StepExecutor(scheduler, memory, gate, logger, time);
        watch = new DeviceMemoryWatch(placement);
        metrics.Observe(() => State);
        thread = new Thread(Run) { Name = "Inference engine", IsBackground = true };
        // At the first sign, not when the server has drained: it drains only when the logs that it streams have ended.
        lifetime.ApplicationStopping.Register(Stop);
    }

    /// <summary>Ends when the model is loaded; fails if it cannot be.</summary>
    public Task Loaded => loaded.Task;

    /// <summary>What the process is to end with: 0, or one of <see cref="ExitCodes"/> when the engine had to give up.</summary>
    public int ExitCode => exitCode;

    /// <summary>What it does at this moment.</summary>
    public EngineState State
    {
        get
        {
            lock (gate)
                return new EngineState(
                    device is not null && exitCode == 0, device ?? "", scheduler.Waiting, scheduler.Running, scheduler.Eta(scheduler.Waiting + 1), rates.TokensPerSecond,
                    pool.Used, pool.Total, encoded.Bytes, scheduler.PromptTokens, scheduler.CachedTokens,
                    encoded.Lookups, encoded.Hits, scheduler.Preemptions, watch.Current);
        }
    }

    private ModelRunner? Runner { get; set; }

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
        try
        {
            Runner = load();
            device = Runner.Device;
            watch.Look(Runner, isQuiet: false);
        }
        catch (Exception exception)
        {
            loaded.SetException(exception);
            return;
        }
        loaded.SetResult();
        try
        {
            while (!stopping)
            {
                StepPlan? plan;
                lock (gate) plan = scheduler.Plan();
                if (plan is null) Rest();
                else Step(Runner, plan);
            }
        }
        catch (DeviceLostException lost)
        {
            GiveUp(lost, ExitCodes.DeviceLost, lost.Concerned);
            return;
        }
        catch (Exception bug)
        {
            // The books cannot be trusted any more: better a fresh process than wrong texts.
            GiveUp(bug, DeviceFault.Of(bug) == FaultKind.DeviceLost ? ExitCodes.DeviceLost : ExitCodes.EngineFault, []);
            return;
        }
        EndAll([]);
        executor.Dispose();
        lock (gate) scheduler.CheckIntegrity();
        encoded.Dispose();
        Runner.Dispose();
    }

    // The runner is left as it is: on a lost device even unloading fails.
    private void GiveUp(Exception reason, int code, IReadOnlyCollection<Sequence> concerned)
    {
        logger.LogCritical(reason, "The engine cannot go on. All requests are told, and the process ends with code {Code}.", code);
        exitCode = code;
        stopping = true;
        EndAll(concerned);
        lifetime.StopApplication();
    }

    private void EndAll(IReadOnlyCollection<Sequence> concerned)
    {
        lock (gate)
        {
            foreach (var sequence in alive.ToList())
            {
                if (concerned.Contains(sequence))
                    scheduler.Fail(sequence, FailureCode.DeviceLost, "The device met a fault while it computed this request, and the service starts anew. Ask again in a minute.");
                else scheduler.Fail(sequence, FailureCode.ShuttingDown, "The service was shut down. Ask again.");
            }
            alive.Clear();
            scheduler.Abandon();
        }
    }

    private void Rest()
    {
        executor.Rest();
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
        var decodes = plan.Chunks.All(entry => entry.Chunk is { Count: 1, Sample: not null });
        executor.Run(runner, plan);
        lock (gate) alive.RemoveWhere(sequence => sequence.State == SequenceState.Ended);
        metrics.Stepped(Stopwatch.GetElapsedTime(begun));
        watch.Look(runner, decodes);
    }

    /// <inheritdoc/>
    public void Dispose() => work.Dispose();
}
