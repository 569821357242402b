namespace EduVision.Training.Scoring;

/// <summary>An interval of proportions.</summary>
public readonly record struct Interval(double Low, double High)
{
    /// <summary>Wilson's score interval for <paramref name="successes"/> of <paramref name="count"/>; 95% by default. Without observations it is [0, 1].</summary>
    public static Interval Wilson(int successes, int count, double z = 1.959964)
    {
        if (count == 0) return new Interval(0, 1);
        var rate = (double)successes / count;
        var spread = z * z / count;
        var centre = (rate + spread / 2) / (1 + spread);
        var half = z / (1 + spread) * Math.Sqrt(rate * (1 - rate) / count + spread / (4 * count));
        return new Interval(Math.Max(0, centre - half), Math.Min(1, centre + half));
    }
}

/// <summary>How far stated confidence is from being right as often as it says.</summary>
public static class Calibration
{
    /// <summary>Expected calibration error over bins of equal width: the mean gap between confidence and accuracy, weighted by bin size.</summary>
    public static double ExpectedError(IEnumerable<(double Confidence, bool Correct)> outcomes, int bins = 10)
    {
        var all = outcomes.ToList();
        return all.GroupBy(outcome => Math.Clamp((int)(outcome.Confidence * bins), 0, bins - 1))
            .Sum(bin => Math.Abs(bin.Sum(outcome => outcome.Confidence) - bin.Count(outcome => outcome.Correct))) / Math.Max(1, all.Count);
    }
}

/// <summary>Levenshtein distance.</summary>
public static class EditDistance
{
    /// <summary>The least number of insertions, deletions and substitutions between two sequences.</summary>
    public static int Between<T>(IReadOnlyList<T> a, IReadOnlyList<T> b)
    {
        var previous = Enumerable.Range(0, b.Count + 1).ToArray();
        var current = new int[b.Count + 1];
        for (var i = 1; i <= a.Count; i++)
        {
            current[0] = i;
            for (var j = 1; j <= b.Count; j++)
            {
                var substitution = previous[j - 1] + (EqualityComparer<T>.Default.Equals(a[i - 1], b[j - 1]) ? 0 : 1);
                current[j] = Math.Min(substitution, 1 + Math.Min(previous[j], current[j - 1]));
            }
            (previous, current) = (current, previous);
        }
        return previous[b.Count];
    }
}
