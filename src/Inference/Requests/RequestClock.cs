using EduVision.Shared;

namespace EduVision.Inference.Requests;

/// <summary>Where the time of one request goes.</summary>
internal sealed class RequestClock(TimeProvider time)
{
    private readonly long arrived = time.GetTimestamp();
    private long? started;
    private long? firstToken;
    private long? reasoningEnded;
    private long? lastToken;

    public DateTimeOffset Now => time.GetUtcNow();

    public void Started() => started ??= time.GetTimestamp();

    public void ReasoningEnded() => reasoningEnded ??= time.GetTimestamp();

    /// <summary>A token came.</summary>
    /// <returns>Seconds since the one before, or since the arrival, and whether it is the first.</returns>
    public (double Seconds, bool IsFirst) Token()
    {
        var now = time.GetTimestamp();
        var seconds = Seconds(lastToken ?? arrived, now);
        var isFirst = firstToken is null;
        firstToken ??= now;
        lastToken = now;
        return (seconds, isFirst);
    }

    public Timings Timings(int tokens)
    {
        var now = time.GetTimestamp();
        var afterFirst = firstToken is { } first && lastToken is { } last ? Seconds(first, last) : 0;
        return new Timings(
            Seconds(arrived, started ?? now),
            firstToken is { } one ? Seconds(arrived, one) : 0,
            firstToken is { } from && reasoningEnded is { } until ? Seconds(from, until) : 0,
            Seconds(arrived, now),
            afterFirst > 0 ? (tokens - 1) / afterFirst : 0);
    }

    private double Seconds(long from, long until) => time.GetElapsedTime(from, until).TotalSeconds;
}
