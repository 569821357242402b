namespace EduVision.Inference.Requests;

/// <summary>
/// Notices that an output goes round in circles: the same span, of one token or of hundreds, over and over. Costs one
/// comparison per period and token.
/// </summary>
/// <param name="tokens">A span has to fill this many tokens with repetitions, and to be repeated four times, to count.</param>
/// <param name="longest">The longest span looked for.</param>
public sealed class LoopDetector(int tokens, int longest)
{
    private const int Repeats = 4;

    private readonly int[] window = new int[longest + 1];
    private readonly int[] matched = new int[longest + 1];
    private int place;
    private int filled;

    /// <summary>Takes the next token.</summary>
    /// <returns>True if the output has become a loop.</returns>
    public bool Push(int id)
    {
        var loops = false;
        for (int period = 1, at = place; period <= filled; period++)
        {
            at = at == 0 ? longest : at - 1;
            matched[period] = window[at] == id ? matched[period] + 1 : 0;
            loops |= matched[period] + period >= Math.Max(tokens, period * Repeats);
        }
        window[place] = id;
        place = place == longest ? 0 : place + 1;
        filled = Math.Min(filled + 1, longest);
        return loops;
    }
}
