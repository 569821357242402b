using System.Diagnostics;

namespace EduVision.Inference.Soak;

/// <summary>Who was served how much while who waited, in tokens: what starving means does not depend on the machine's pace. Thread-safe.</summary>
internal sealed class ServiceLedger
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, (int Pending, long Since)> users = [];
    private long served;
    private long progressAt = Stopwatch.GetTimestamp();

    /// <summary>Most tokens that others were served while a user with a request got none.</summary>
    public long LongestWait { get; private set; }

    /// <summary>A user has one request more.</summary>
    public void Asked(string user)
    {
        lock (gate)
        {
            if (users.Values.All(other => other.Pending == 0)) progressAt = Stopwatch.GetTimestamp();
            var (pending, since) = users.GetValueOrDefault(user);
            users[user] = (pending + 1, pending == 0 ? served : since);
        }
    }

    /// <summary>Tokens were computed for a user.</summary>
    public void Served(string user, int tokens)
    {
        lock (gate)
        {
            progressAt = Stopwatch.GetTimestamp();
            var (pending, since) = users[user];
            LongestWait = Math.Max(LongestWait, served - since);
            served += tokens;
            users[user] = (pending, served);
        }
    }

    /// <summary>A user has one request less.</summary>
    public void Ended(string user)
    {
        lock (gate)
        {
            var (pending, since) = users[user];
            LongestWait = Math.Max(LongestWait, served - since);
            users[user] = (pending - 1, since);
        }
    }

    /// <summary>Users with a request who got nothing while more than that was served to others.</summary>
    public IReadOnlyList<string> Starving(long patience)
    {
        lock (gate) return [.. users.Where(user => user.Value.Pending > 0 && served - user.Value.Since > patience).Select(user => user.Key)];
    }

    /// <summary>How long nobody has been served anything although somebody has a request.</summary>
    public TimeSpan Stalled
    {
        get { lock (gate) return users.Values.Any(user => user.Pending > 0) ? Stopwatch.GetElapsedTime(progressAt) : TimeSpan.Zero; }
    }
}
