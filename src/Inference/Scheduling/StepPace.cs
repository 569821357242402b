using System.Numerics;

namespace EduVision.Inference.Scheduling;

/// <summary>
/// How long steps take, learned from steps: what may go beside decodes is bounded by time, and nobody's next token waits long for another's
/// prompt or photo. Bounds change when something is computed, never what comes of it. Not thread-safe, its owner locks.
/// </summary>
/// <param name="options">The bounds.</param>
internal sealed class StepPace(SchedulerOptions options)
{
    // In the long run decodes get slower with all that they look back at: now and then a step shows how they are by themselves.
    private const int PlainEvery = 64;

    // By the power of two that holds their number.
    private readonly SortedDictionary<int, RecentMedian> decodeMs = [];
    private readonly RecentMedian promptTokenMs = new(), workMs = new();
    private int mixed;

    /// <summary>How many prompt tokens a step may have.</summary>
    /// <param name="decodes">Tokens that it decodes.</param>
    /// <param name="most">What is left of the step otherwise.</param>
    public int PromptTokens(int decodes, int most)
    {
        if (decodes == 0) return most;
        if (mixed >= PlainEvery) return 0;
        var least = Math.Min(most, options.LeastPromptTokens);
        return SpareMs(decodes) is { } spare && promptTokenMs.Value is { } each ? (int)Math.Clamp(spare / each, least, most) : least;
    }

    /// <summary>How much of an image may be encoded in a step, in milliards of multiplications; one part of it in any case.</summary>
    /// <param name="decodes">Tokens that the step decodes.</param>
    /// <param name="promptTokens">Prompt tokens that it computes.</param>
    public double EncodingWork(int decodes, int promptTokens)
    {
        if (decodes == 0) return double.PositiveInfinity;
        return SpareMs(decodes) is { } spare && workMs.Value is { } each ? Math.Max(0, spare - (promptTokens * (promptTokenMs.Value ?? 0))) / each : 0;
    }

    /// <summary>Learns from a step.</summary>
    /// <param name="decodes">Tokens that it decoded.</param>
    /// <param name="promptTokens">Prompt tokens.</param>
    /// <param name="work">What was encoded of images, in milliards of multiplications.</param>
    /// <param name="took">How long it took.</param>
    public void Note(int decodes, int promptTokens, double work, TimeSpan took)
    {
        var isPlain = promptTokens == 0 && work == 0;
        mixed = isPlain || decodes == 0 ? 0 : mixed + 1;
        var ms = took.TotalMilliseconds;
        // Prompts by themselves say little of what they cost beside decodes, which read the weights for them.
        if (ms <= 0 || decodes == 0) return;
        if (isPlain || ms <= AloneMs(decodes)) Of(decodes).Add(ms);
        else if (AloneMs(decodes) is not { } alone) return;
        else if (work == 0)
        {
            // Nor do a few tokens say much of many.
            if (promptTokens >= options.LeastPromptTokens) promptTokenMs.Add((ms - alone) / promptTokens);
        }
        else if (promptTokens == 0 || promptTokenMs.Value is not null)
        {
            var rest = ms - alone - (promptTokens * (promptTokenMs.Value ?? 0));
            if (rest > 0) workMs.Add(rest / work);
        }
    }

    private double? SpareMs(int decodes) => (options.Slowdown - 1) * AloneMs(decodes);

    // Of as many decodes or, until such a step was seen, of fewer, or of more.
    private double? AloneMs(int decodes)
    {
        RecentMedian? nearest = null;
        foreach (var (key, measured) in decodeMs)
            if (nearest is null || key <= Key(decodes)) nearest = measured;
        return nearest?.Value;
    }

    private RecentMedian Of(int decodes)
    {
        if (!decodeMs.TryGetValue(Key(decodes), out var found)) decodeMs.Add(Key(decodes), found = new RecentMedian());
        return found;
    }

    private static int Key(int decodes) => (int)BitOperations.RoundUpToPowerOf2((uint)decodes);
}
