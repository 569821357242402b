namespace EduVision.Inference.Soak;

/// <summary>What does not hold, once for each kind, with the first few cases. Thread-safe.</summary>
internal sealed class SoakFindings
{
    private const int CasesKept = 3;

    private readonly Lock gate = new();
    private readonly Dictionary<string, (int Count, List<string> Cases)> kinds = [];

    /// <summary>Notes a case.</summary>
    /// <param name="kind">What does not hold, the same words each time.</param>
    /// <param name="detail">The case.</param>
    public void Add(string kind, string detail)
    {
        lock (gate)
        {
            var (count, cases) = kinds.GetValueOrDefault(kind, (0, []));
            if (cases.Count < CasesKept) cases.Add(detail);
            kinds[kind] = (count + 1, cases);
        }
    }

    /// <summary>All of it in sentences.</summary>
    public IReadOnlyList<string> All
    {
        get { lock (gate) return [.. kinds.Select(kind => $"{kind.Key} ({kind.Value.Count} x): {string.Join(" | ", kind.Value.Cases)}")]; }
    }
}

/// <summary>Takes the engine's own complaints down as findings: whatever it logs as an error is one.</summary>
internal sealed class FindingLogger<T>(SoakFindings findings) : ILogger<T>
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel)) return;
        // Of a message of torch's, what follows are the frames of its stack.
        var reason = string.Join(' ', exception?.Message.Split('\n').Take(3) ?? []);
        findings.Add("The engine logged an error", $"{formatter(state, exception)} {reason}".TrimEnd());
    }
}
