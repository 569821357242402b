namespace EduVision.Inference.Soak;

/// <summary>Memory over a soak: how much there was after the warm-up, and how much at the end.</summary>
/// <param name="read">Bytes now.</param>
internal sealed class MemoryTrend(Func<long> read)
{
    // Shares of the soak. By the first, code is compiled, caches have filled and every kind of request has been seen.
    private const double WarmUntil = 0.3, FirstUntil = 0.5, LastFrom = 0.8;

    private readonly List<(double Share, long Bytes)> samples = [];

    /// <summary>Takes a sample.</summary>
    /// <param name="share">Of the soak that has passed, 0 to 1.</param>
    public void Sample(double share) => samples.Add((share, read()));

    /// <summary>Median after the warm-up, in bytes.</summary>
    public long First => Median(WarmUntil, FirstUntil);

    /// <summary>Median of the last part, in bytes.</summary>
    public long Last => Median(LastFrom, 1);

    private long Median(double from, double until)
    {
        var within = samples.Where(sample => sample.Share >= from && sample.Share <= until).Select(sample => sample.Bytes).Order().ToList();
        return within.Count == 0 ? 0 : within[within.Count / 2];
    }

    /// <summary>What this process has in memory, without garbage.</summary>
    public static long ProcessBytes()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Environment.WorkingSet;
    }
}
