namespace EduVision.Training.Rendering.Writing;

/// <summary>One writer on one day: everything that stays the same along a page. Lengths are in outline units (digits are 700 high).</summary>
internal sealed class WritingStyle
{
    // Broader strokes would fill the counters of dense characters.
    private const float BroadestHanNib = 95f;

    /// <summary>The font whose shapes are written.</summary>
    public required Hand Hand { get; init; }

    /// <summary>How strokes are made, for a hand of pen strokes; null for a font.</summary>
    public StrokeScript? Strokes { get; init; }

    /// <summary>Share of symbols taken from scans of real writing where there are any.</summary>
    public float Samples { get; init; }

    /// <summary>Where in the scans this writer's are, 0 to 1; neighbours come from one sheet.</summary>
    public float SampleSheet { get; init; }

    /// <summary>Spread around <see cref="SampleSheet"/>; 1 mixes all writers.</summary>
    public float SampleSpread { get; init; }

    /// <summary>Stroke width.</summary>
    public float Nib { get; init; }

    /// <summary>Horizontal shear per height; positive leans right.</summary>
    public float Slant { get; init; }

    /// <summary>Space between symbols, and what operators get on top.</summary>
    public float Tracking { get; init; }

    public float OperatorSpace { get; init; }

    /// <summary>Standard deviation of symbol sizes, relative.</summary>
    public float SizeJitter { get; init; }

    /// <summary>Standard deviation of symbols' rise above the baseline.</summary>
    public float Wobble { get; init; }

    /// <summary>Standard deviation of each symbol's own turn, radians.</summary>
    public float Turn { get; init; }

    /// <summary>Amplitude of the smooth distortion of shapes.</summary>
    public float Elastic { get; init; }

    /// <summary>Slow rise (negative: fall) of the baseline per unit of width.</summary>
    public float Climb { get; init; }

    /// <summary>Width of symbols relative to their height.</summary>
    public float Stretch { get; init; }

    /// <summary>Share of operators drawn as free pen strokes although the hand has them.</summary>
    public float FreeOperators { get; init; }

    /// <summary>Writes x as two arcs back to back.</summary>
    public bool CursiveX { get; init; }

    /// <summary>Size of exponents and indices, and of the parts of a fraction, relative to the line.</summary>
    public float ScriptScale { get; init; }

    public float FractionScale { get; init; }

    /// <summary>Draws a writer of mathematics.</summary>
    public static WritingStyle ForMath(InkAssets assets, Rng rng, bool heldOut, bool tablet)
    {
        var calm = rng.Range(0.3f, 1f);
        var hand = rng.Pick(assets.Latin(heldOut));
        return new WritingStyle
        {
            Hand = hand,
            Samples = assets.SampledSymbols.Count > 0 && rng.Chance(0.5f) ? rng.Chance(0.8f) ? 1f : 0.5f : 0f,
            SampleSheet = rng.Unit(),
            SampleSpread = rng.Chance(0.7f) ? 0.02f : 1f,
            Nib = tablet ? rng.Range(22f, 75f) : rng.Chance(0.15f) ? rng.Range(85f, 125f) : rng.Range(32f, 85f),
            Slant = rng.Gauss(0.05f, 0.12f),
            Tracking = rng.Chance(0.15f) ? rng.Range(10f, 60f) : rng.Range(60f, 190f),
            OperatorSpace = rng.Range(0f, 260f),
            SizeJitter = calm * rng.Range(0.01f, 0.09f),
            Wobble = calm * rng.Range(5f, 50f),
            Turn = calm * rng.Range(0.01f, 0.09f),
            Elastic = calm * rng.Range(4f, 34f),
            Climb = rng.Gauss(0f, 0.012f),
            Stretch = Math.Clamp(rng.Gauss(1f, 0.12f), 0.75f, 1.35f),
            FreeOperators = rng.Chance(0.5f) ? 1f : 0.3f,
            CursiveX = rng.Chance(0.25f),
            ScriptScale = rng.Range(0.5f, 0.75f),
            FractionScale = rng.Range(0.72f, 1f),
        };
    }

    /// <summary>Draws a writer of text with the given hand.</summary>
    public static WritingStyle ForText(Hand hand, Rng rng, bool calligraphy)
    {
        // Book faces stand still; hands move, calligraphers most.
        var free = hand.Style is HandStyle.Song or HandStyle.Plain ? 0.4f : calligraphy ? 1.6f : 1f;
        var latin = hand.Style == HandStyle.Latin;
        return new WritingStyle
        {
            Hand = hand,
            Strokes = hand.IsStroked ? StrokeScript.Draw(rng) : null,
            Nib = Math.Min(hand.Nib * (calligraphy ? rng.Range(0.7f, 2.2f) : rng.Range(0.65f, 1.55f)), Math.Max(hand.Nib, BroadestHanNib)),
            Slant = rng.Gauss(0f, latin ? 0.1f : 0.05f) * free,
            Tracking = latin ? rng.Range(40f, 90f) : rng.Range(0f, 260f),
            SizeJitter = free * rng.Range(0.01f, 0.08f),
            Wobble = free * rng.Range(2f, latin ? 20f : 35f),
            Turn = free * rng.Range(0.005f, 0.05f),
            Elastic = free * rng.Range(4f, 30f),
            Climb = rng.Gauss(0f, 0.008f),
            Stretch = Math.Clamp(rng.Gauss(1f, 0.1f), 0.78f, 1.28f),
        };
    }
}
