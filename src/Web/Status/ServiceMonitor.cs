using EduVision.Shared;

namespace EduVision.Web.Status;

/// <summary>One look at the inference service.</summary>
/// <param name="At">When, UTC.</param>
/// <param name="TokensPerSecond">Output of all requests together.</param>
/// <param name="Waiting">In the queue.</param>
/// <param name="Running">Being decoded.</param>
public sealed record StatusSample(DateTime At, double TokensPerSecond, int Waiting, int Running);

/// <summary>Looks at the inference service every few seconds and remembers the last half hour.</summary>
public sealed class ServiceMonitor(InferenceClient client, TimeProvider clock, ILogger<ServiceMonitor> log) : BackgroundService
{
    private const int Kept = 900;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private readonly Lock gate = new();
    private readonly Queue<StatusSample> samples = new();

    /// <summary>The service's latest word; null while it cannot be reached.</summary>
    public ServiceStatus? Current { get; private set; }

    /// <summary>Raised after each look, on any thread.</summary>
    public event Action? Looked;

    /// <summary>What was seen, oldest first.</summary>
    public IReadOnlyList<StatusSample> Samples()
    {
        lock (gate) return [.. samples];
    }

    /// <summary>Looks now.</summary>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            var status = await client.StatusAsync(cancellationToken);
            Current = status;
            lock (gate)
            {
                samples.Enqueue(new StatusSample(clock.GetUtcNow().UtcDateTime, status.TokensPerSecond, status.Waiting, status.Running));
                if (samples.Count > Kept) samples.Dequeue();
            }
        }
        catch (InferenceException e)
        {
            if (Current is not null) log.LogInformation("The inference service cannot be reached: {Message}", e.Message);
            Current = null;
        }
        Looked?.Invoke();
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pause, clock);
        do await LookAsync(stoppingToken);
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
