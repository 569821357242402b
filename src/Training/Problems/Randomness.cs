namespace EduVision.Training.Problems;

/// <summary>Choices on a seeded generator.</summary>
internal static class Randomness
{
    /// <summary>Whether an event of this probability happens.</summary>
    public static bool Chance(this Random random, double probability) => random.NextDouble() < probability;

    /// <summary>One of the items, each as likely as the others.</summary>
    public static T Pick<T>(this Random random, IReadOnlyList<T> items) => items[random.Next(items.Count)];

    /// <summary>An index, as likely as its weight says.</summary>
    public static int PickIndex(this Random random, params ReadOnlySpan<double> weights)
    {
        var total = 0.0;
        foreach (var weight in weights) total += weight;
        var point = random.NextDouble() * total;
        for (var i = 0; i < weights.Length; i++)
        {
            point -= weights[i];
            if (point < 0) return i;
        }
        return weights.Length - 1;
    }

    /// <summary>A whole number of one, two or three digits; the number of digits is as likely as its weight says.</summary>
    public static long WholeNumber(this Random random, double oneDigit, double twoDigits, double threeDigits) =>
        random.PickIndex(oneDigit, twoDigits, threeDigits) switch
        {
            0 => random.Next(1, 10),
            1 => random.Next(10, 100),
            _ => random.Next(100, 1000),
        };
}
