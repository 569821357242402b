using System.Text;

namespace EduVision.Training.Rendering.Writing;

/// <summary>Finds hands that can write a text.</summary>
internal static class HandChooser
{
    // Held-out hands may lack characters that others have; a page then borrows from a second hand.
    private const int EnoughChoice = 2;

    // Of the pages that hands of pen strokes can write: each of theirs is another writer's, every one of a font the same writer's.
    private const float StrokedShare = 0.35f;

    /// <summary>A hand that writes all of <paramref name="lines"/>, or as much as any does.</summary>
    /// <param name="calligraphy">Brush and running pen come first, as in collections of calligraphy.</param>
    public static Hand Choose(InkAssets assets, IReadOnlyList<string> lines, Rng rng, bool heldOut, bool calligraphy)
    {
        var wanted = lines.SelectMany(line => line.EnumerateRunes()).Where(rune => !Rune.IsWhiteSpace(rune)).Select(rune => rune.Value).Distinct().ToArray();
        var latin = wanted.All(code => code < 0x2000);
        var hands = latin ? assets.Latin(heldOut) : assets.Han(heldOut);
        if (hands.Count == 0) throw new InvalidOperationException($"The ink assets have no {(heldOut ? "held-out " : "")}hand for this text.");
        var lacking = hands.Select(hand => wanted.Count(code => code >= 0x2000 && !hand.Has(code))).ToArray();
        var least = lacking.Min();
        // Where few hands have everything, those that lack a single character join in.
        if (lacking.Count(count => count == least) < EnoughChoice && hands.Count > EnoughChoice) least += 1;
        var able = hands.Where((_, i) => lacking[i] <= least).ToArray();
        if (able.Where(hand => hand.IsStroked).ToArray() is { Length: > 0 } stroked && rng.Chance(StrokedShare)) able = stroked;
        else if (calligraphy && able.Where(hand => hand.Style is HandStyle.Brush or HandStyle.Pen).ToArray() is { Length: > 0 } written && rng.Chance(0.7f)) able = written;
        return able[rng.Below(able.Length)];
    }

    /// <summary>The outline of a character from the hand, or else from another that has it; null when none has.</summary>
    public static Outline? Find(InkAssets assets, Hand hand, int codePoint, Rng rng, bool heldOut)
    {
        if (hand.Find(codePoint) is { } own) return own;
        var others = (codePoint < 0x2000 ? assets.Latin(heldOut) : assets.Han(heldOut)).Where(other => !other.IsStroked && other.Has(codePoint)).ToArray();
        return others.Length == 0 ? null : others[rng.Below(others.Length)].Find(codePoint);
    }
}
