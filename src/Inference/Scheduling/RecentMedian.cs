namespace EduVision.Inference.Scheduling;

/// <summary>The median of the last few measurements: a single one that stumbled, or a change that lasts, are told apart.</summary>
internal sealed class RecentMedian
{
    private const int Kept = 9;

    private readonly Queue<double> values = [];

    /// <summary>The median, of an even number the lower one; null while nothing was measured.</summary>
    public double? Value { get; private set; }

    /// <summary>Takes a measurement in.</summary>
    public void Add(double value)
    {
        values.Enqueue(value);
        if (values.Count > Kept) values.Dequeue();
        Value = values.Order().ElementAt((values.Count - 1) / 2);
    }
}
