namespace EduVision.Training.Data;

/// <summary>
/// Hands out every batch several times, some batches apart, where making photos is slower than learning from them (data
/// echoing, arXiv 1907.05550). Which batch comes when depends on the seed alone.
/// </summary>
/// <param name="next">The next new batch.</param>
/// <param name="times">How often each is used; 1 keeps none.</param>
/// <param name="seed">Of the order of repetitions.</param>
public sealed class EchoedBatches(Func<TrainingBatch> next, int times, int seed) : IDisposable
{
    private const int Kept = 64;
    private readonly List<TrainingBatch> kept = [];
    private readonly Random random = new(seed);
    private int drawn;
    private TrainingBatch? last;

    /// <summary>The batch of the next step; valid until the call after it.</summary>
    public TrainingBatch Next()
    {
        if (drawn++ % times > 0) return kept[random.Next(kept.Count)];
        if (times == 1)
        {
            last?.Dispose();
            return last = next();
        }
        if (kept.Count == Kept)
        {
            kept[0].Dispose();
            kept.RemoveAt(0);
        }
        kept.Add(next());
        return kept[^1];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        last?.Dispose();
        foreach (var batch in kept) batch.Dispose();
    }
}
