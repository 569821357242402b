namespace EduVision.Inference.Runners.Sampling;

/// <summary>
/// Random numbers by place instead of by state: the n-th number of a seed is the same whatever was drawn before, so a
/// sequence's output depends neither on its batch nor on having been preempted. SplitMix64 (Steele, Lea, Flood 2014).
/// </summary>
public static class CounterRandom
{
    /// <summary>The <paramref name="step"/>-th number of a seed, in [0, 1).</summary>
    public static double Uniform(ulong seed, int step)
    {
        var bits = Mix(Mix(seed) + (0x9E3779B97F4A7C15UL * ((ulong)step + 1)));
        return (bits >> 11) * (1.0 / (1UL << 53));
    }

    private static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9UL;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EBUL;
        return x ^ (x >> 31);
    }
}
