namespace EduVision.Inference.Requests;

/// <summary>
/// Notices that an output goes round in circles: the same span, of one token or of hundreds, over and over. Costs one
/// comparison per period and token.
/// </summary>
/// <param name="tokens">A span has to fill this many tokens with repetitions, </param>
/// <param name="repeats">and to be repeated this often, to count.</param>
public sealed class LoopDetector(int tokens, int repeats = 4)
{
    private readonly int[] window = new int[Math.Max(1, tokens)];
    private readonly int[] matched = new int[Math.Max(1, tokens)];
    private long count;

    /// <summary>Takes the next token.</summary>
    /// <returns>True if the output has become a loop.</returns>
    public bool Push(int id)
    {
        var periods = (int)Math.Min(window.Length - 1, count);
        var loops = false;
        for (var period = 1; period <= periods; period++)
        {
            matched[period] = window[(count - period) % window.Length] == id ? matched[period] + 1 : 0;
            loops |= matched[period] + period >= Math.Max(tokens, period * repeats);
        }
        window[count++ % window.Length] = id;
        return loops;
    }
}
