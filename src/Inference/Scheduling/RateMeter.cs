namespace EduVision.Inference.Scheduling;

/// <summary>How fast the service is just now: what promises to those who wait are made of. Thread-safe where it is read.</summary>
public sealed class RateMeter(TimeProvider time)
{
    private const double Weight = 0.2;
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(5);

    private readonly Lock gate = new();
    private readonly Queue<long> tokens = [];
    private double? firstTokenSeconds;
    private double? serviceSeconds;

    /// <summary>A time stamp.</summary>
    public long Now => time.GetTimestamp();

    /// <summary>A sequence admitted then has its first token now.</summary>
    public void FirstToken(long admittedAt) => firstTokenSeconds = Average(firstTokenSeconds, time.GetElapsedTime(admittedAt).TotalSeconds);

    /// <summary>A sequence admitted then is over now.</summary>
    public void Ended(long admittedAt) => serviceSeconds = Average(serviceSeconds, time.GetElapsedTime(admittedAt).TotalSeconds);

    /// <summary>A token was made.</summary>
    public void Token()
    {
        lock (gate)
        {
            tokens.Enqueue(time.GetTimestamp());
            Forget();
        }
    }

    /// <summary>Tokens a second over the last seconds.</summary>
    public double TokensPerSecond
    {
        get
        {
            lock (gate)
            {
                Forget();
                return tokens.Count / Window.TotalSeconds;
            }
        }
    }

    /// <summary>Expected seconds until the first token of the request at a place of the queue.</summary>
    /// <param name="position">1 for the next.</param>
    /// <param name="running">Requests that run.</param>
    /// <param name="places">Most that may run.</param>
    /// <returns>Null while nothing was measured.</returns>
    public double? Eta(int position, int running, int places)
    {
        if (firstTokenSeconds is not { } first) return null;
        var ahead = position - Math.Max(0, places - running);
        if (ahead <= 0) return first;
        // With all places taken, they come free evenly over the time that one request takes.
        return serviceSeconds is { } service ? first + (ahead * service / Math.Max(1, running)) : null;
    }

    private void Forget()
    {
        while (tokens.TryPeek(out var oldest) && time.GetElapsedTime(oldest) > Window) tokens.Dequeue();
    }

    private static double Average(double? before, double now) => before is { } value ? value + (Weight * (now - value)) : now;
}
