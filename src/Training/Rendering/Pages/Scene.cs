namespace EduVision.Training.Rendering.Pages;

/// <summary>Red, green and blue, 0 to 1.</summary>
internal readonly record struct Tone(float R, float G, float B)
{
    public static Tone Bytes(float r, float g, float b) => new(r / 255f, g / 255f, b / 255f);

    public float Luma => 0.299f * R + 0.587f * G + 0.114f * B;

    /// <summary>The same tone moved by chance.</summary>
    public Tone Vary(Rng rng, float deviation)
    {
        var all = rng.Gauss(0f, deviation);
        float One(float value) => Math.Clamp(value + all + rng.Gauss(0f, deviation * 0.3f), 0f, 1f);
        return new Tone(One(R), One(G), One(B));
    }
}

/// <summary>What is printed on the paper.</summary>
internal enum RuleKind
{
    None,
    Lines,
    Squares,
    Dots,
    Cells,
    TianZi,
    MiZi,
    Columns,
}

/// <summary>Paper and ink of one photo.</summary>
internal sealed class Scene
{
    private const float LeastContrast = 0.36f;

    public Tone Paper { get; init; }

    public Tone Ink { get; init; }

    /// <summary>Ink coverage at full pressure.</summary>
    public float Opacity { get; init; } = 1f;

    /// <summary>How much the paper's grain breaks the stroke (pencil, chalk).</summary>
    public float Grain { get; init; }

    /// <summary>How much brush hairs break the stroke.</summary>
    public float Dryness { get; init; }

    public RuleKind Rules { get; init; }

    public Tone RuleTone { get; init; }

    public float RuleStrength { get; init; }

    /// <summary>Contrast of the paper's own texture: grain, fibres, clouds.</summary>
    public float PaperGrain { get; init; }

    public float PaperFibre { get; init; }

    public float PaperClouds { get; init; }

    /// <summary>What shows where the page ends; null when the page fills the picture.</summary>
    public Tone? Table { get; init; }

    /// <summary>Flaws of a rubbing: ink missing and specks added, by clouds.</summary>
    public float Erosion { get; init; }

    /// <summary>Difference between paper and full ink, 0 to 1.</summary>
    public float Contrast => MathF.Abs(Paper.Luma - Ink.Luma) * Opacity;

    /// <summary>A paper and ink that go together for this hand, and that a person can tell apart.</summary>
    public static Scene Draw(Rng rng, HandStyle hand)
    {
        Scene scene;
        do scene = DrawAny(rng, hand);
        while (scene.Contrast < LeastContrast);
        return scene;
    }

    private static Scene DrawAny(Rng rng, HandStyle hand)
    {
        if (hand == HandStyle.Latin) return rng.Chance(0.08f) ? Board(rng) : Sheet(rng, MathInk(rng), MathRules(rng));
        var brush = hand is HandStyle.Brush || hand == HandStyle.Pen && rng.Chance(0.4f);
        var at = rng.Unit();
        if (at < 0.2f && hand != HandStyle.Plain) return Rubbing(rng);
        if (at < 0.25f) return Board(rng);
        if (hand is HandStyle.Song or HandStyle.Kai && at < 0.45f) return Antique(rng);
        return brush && at < 0.75f ? Antique(rng) : Sheet(rng, brush ? Brush(rng) : MathInk(rng), HanRules(rng));
    }

    /// <summary>Dark ink on white, no texture.</summary>
    public static Scene Tablet(Rng rng) => new()
    {
        Paper = rng.Chance(0.85f) ? new Tone(1f, 1f, 1f) : Tone.Bytes(250, 250, 248).Vary(rng, 0.02f),
        Ink = rng.Chance(0.75f) ? Tone.Bytes(0, 0, 0) : MathInk(rng).Tone,
    };

    /// <summary>White on black, or the reverse.</summary>
    public static Scene Cutout(Rng rng)
    {
        var reversed = rng.Chance(0.25f);
        Tone black = new(0f, 0f, 0f), white = new(1f, 1f, 1f);
        return new Scene
        {
            Paper = reversed ? white : black,
            Ink = reversed ? black : white,
            Dryness = rng.Chance(0.3f) ? rng.Range(0f, 0.5f) : 0f,
            Erosion = rng.Chance(0.2f) ? rng.Range(0f, 0.6f) : 0f,
        };
    }

    private static Scene Sheet(Rng rng, (Tone Tone, float Opacity, float Grain, float Dryness) ink, RuleKind rules)
    {
        var white = rng.Chance(0.65f);
        var paper = white
            ? Tone.Bytes(246, 245, 242).Vary(rng, 0.015f)
            : rng.Pick<Tone>([Tone.Bytes(244, 236, 212), Tone.Bytes(232, 226, 210), Tone.Bytes(226, 232, 238), Tone.Bytes(238, 222, 190), Tone.Bytes(250, 240, 160), Tone.Bytes(205, 198, 186)]).Vary(rng, 0.02f);
        return new Scene
        {
            Paper = paper,
            Ink = ink.Tone,
            Opacity = ink.Opacity,
            Grain = ink.Grain,
            Dryness = ink.Dryness,
            Rules = rules,
            RuleTone = rng.Pick<Tone>([Tone.Bytes(120, 160, 215), Tone.Bytes(150, 150, 160), Tone.Bytes(205, 90, 90), Tone.Bytes(110, 175, 140), Tone.Bytes(90, 90, 110)]).Vary(rng, 0.05f),
            RuleStrength = rng.Range(0.25f, 0.85f),
            PaperGrain = rng.Range(0f, 0.02f),
            PaperFibre = rng.Chance(0.2f) ? rng.Range(0f, 0.02f) : 0f,
            PaperClouds = rng.Range(0f, 0.03f),
            Table = rng.Chance(0.12f) ? Tables(rng) : null,
        };
    }

    private static Scene Antique(Rng rng)
    {
        var ink = Brush(rng);
        return new Scene
        {
            Paper = rng.Pick<Tone>([Tone.Bytes(228, 208, 165), Tone.Bytes(214, 192, 150), Tone.Bytes(236, 224, 196), Tone.Bytes(200, 175, 130), Tone.Bytes(242, 236, 222), Tone.Bytes(206, 70, 50)]).Vary(rng, 0.03f),
            Ink = ink.Tone,
            Opacity = ink.Opacity,
            Dryness = ink.Dryness,
            Rules = rng.Chance(0.4f) ? RuleKind.Columns : rng.Chance(0.2f) ? RuleKind.Cells : RuleKind.None,
            RuleTone = (rng.Chance(0.6f) ? Tone.Bytes(190, 60, 45) : Tone.Bytes(70, 60, 55)).Vary(rng, 0.05f),
            RuleStrength = rng.Range(0.35f, 0.9f),
            PaperGrain = rng.Range(0f, 0.03f),
            PaperFibre = rng.Range(0f, 0.03f),
            PaperClouds = rng.Range(0.01f, 0.08f),
            Table = rng.Chance(0.08f) ? Tables(rng) : null,
        };
    }

    private static Scene Rubbing(Rng rng) => new()
    {
        Paper = Tone.Bytes(32, 31, 30).Vary(rng, 0.05f),
        Ink = Tone.Bytes(228, 222, 208).Vary(rng, 0.04f),
        Opacity = rng.Range(0.75f, 1f),
        Grain = rng.Range(0f, 0.35f),
        PaperGrain = rng.Range(0.02f, 0.16f),
        PaperClouds = rng.Range(0.02f, 0.25f),
        Erosion = rng.Chance(0.7f) ? rng.Range(0f, 0.5f) : 0f,
        Rules = rng.Chance(0.15f) ? RuleKind.Columns : RuleKind.None,
        RuleTone = Tone.Bytes(170, 165, 155),
        RuleStrength = rng.Range(0.3f, 0.8f),
    };

    private static Scene Board(Rng rng)
    {
        var white = rng.Chance(0.25f);
        return new Scene
        {
            Paper = white ? Tone.Bytes(232, 236, 238).Vary(rng, 0.03f) : rng.Pick<Tone>([Tone.Bytes(42, 74, 60), Tone.Bytes(38, 42, 44), Tone.Bytes(52, 86, 70)]).Vary(rng, 0.03f),
            Ink = white
                ? rng.Pick<Tone>([Tone.Bytes(30, 40, 120), Tone.Bytes(25, 25, 28), Tone.Bytes(190, 35, 40)])
                : rng.Pick<Tone>([Tone.Bytes(238, 238, 230), Tone.Bytes(238, 238, 230), Tone.Bytes(240, 226, 140), Tone.Bytes(240, 190, 200)]).Vary(rng, 0.03f),
            Opacity = white ? rng.Range(0.8f, 1f) : rng.Range(0.7f, 0.95f),
            Grain = white ? 0f : rng.Range(0.15f, 0.5f),
            PaperGrain = rng.Range(0f, 0.05f),
            PaperClouds = white ? rng.Range(0f, 0.04f) : rng.Range(0.02f, 0.14f),
        };
    }

    private static (Tone Tone, float Opacity, float Grain, float Dryness) MathInk(Rng rng) => rng.Unit() switch
    {
        < 0.3f => (Tone.Bytes(28, 28, 32).Vary(rng, 0.04f), rng.Range(0.85f, 1f), 0.05f, 0f), // black pen
        < 0.55f => (Tone.Bytes(35, 48, 125).Vary(rng, 0.06f), rng.Range(0.8f, 1f), 0.08f, 0f), // blue pen
        < 0.85f => (Tone.Bytes(72, 72, 76).Vary(rng, 0.05f), rng.Range(0.6f, 0.9f), rng.Range(0.15f, 0.5f), 0f), // pencil
        < 0.93f => (Tone.Bytes(185, 38, 42).Vary(rng, 0.05f), rng.Range(0.8f, 1f), 0.05f, 0f), // red pen
        _ => (Tone.Bytes(30, 110, 70).Vary(rng, 0.05f), rng.Range(0.8f, 1f), 0.05f, 0f),
    };

    private static (Tone Tone, float Opacity, float Grain, float Dryness) Brush(Rng rng) =>
        (Tone.Bytes(24, 22, 22).Vary(rng, 0.03f), rng.Range(0.82f, 1f), 0f, rng.Chance(0.4f) ? rng.Range(0.1f, 0.6f) : 0f);

    private static RuleKind MathRules(Rng rng) => rng.Unit() switch
    {
        < 0.45f => RuleKind.None,
        < 0.75f => RuleKind.Lines,
        < 0.95f => RuleKind.Squares,
        _ => RuleKind.Dots,
    };

    private static RuleKind HanRules(Rng rng) => rng.Unit() switch
    {
        < 0.4f => RuleKind.None,
        < 0.55f => RuleKind.Lines,
        < 0.65f => RuleKind.Cells,
        < 0.8f => RuleKind.TianZi,
        < 0.92f => RuleKind.MiZi,
        _ => RuleKind.Columns,
    };

    private static Tone Tables(Rng rng) =>
        rng.Pick<Tone>([Tone.Bytes(130, 90, 55), Tone.Bytes(70, 50, 38), Tone.Bytes(60, 62, 66), Tone.Bytes(185, 180, 172), Tone.Bytes(40, 60, 80), Tone.Bytes(165, 130, 90)]).Vary(rng, 0.04f);
}
