namespace EduVision.Training.Rendering.Writing;

/// <summary>Writes single symbols of mathematics: from scans of real writing, from the writer's font, or as free pen strokes.</summary>
internal sealed class SymbolWriter(InkAssets assets, WritingStyle style, Rng rng, bool heldOut)
{
    private const float Axis = -330f;

    private static readonly Dictionary<string, char> Characters = new()
    {
        ["\\times"] = '×', ["\\div"] = '÷', ["\\cdot"] = '·', ["\\le"] = '≤', ["\\leq"] = '≤', ["\\ge"] = '≥', ["\\geq"] = '≥', ["\\ne"] = '≠',
        ["\\neq"] = '≠', ["\\pm"] = '±', ["\\pi"] = 'π', ["\\infty"] = '∞', ["\\degree"] = '°', ["\\lt"] = '<', ["\\gt"] = '>', ["\\{"] = '{', ["\\}"] = '}', ["\\%"] = '%',
    };

    /// <summary>The symbol with its origin on the baseline.</summary>
    /// <exception cref="ArgumentException">No source has this symbol.</exception>
    public Block Write(string latex, float scale)
    {
        if (IsWord(latex)) return WriteWord(latex, scale);
        var (outline, stroked, shape) = Choose(latex);
        return Place(latex, outline, stroked, scale * shape, IsLow(latex) ? 0f : Axis * (1f - shape) * scale);
    }

    /// <summary>A bracket stretched from <paramref name="top"/> to <paramref name="bottom"/>.</summary>
    public Block WriteTall(string latex, float scale, float top, float bottom)
    {
        var outline = PenStrokes.Draw(latex, rng, Tremble) ?? throw Unknown(latex);
        var bounds = outline.Bounds;
        var tall = (bottom - top) / bounds.Height;
        var wide = scale * Math.Clamp(MathF.Sqrt(tall / scale), 1f, 1.8f);
        var block = new Block();
        block.Add(new Mark(outline, stroked: true, wide, 0f, 0f, tall, 0f, top - bounds.Top * tall));
        return block;
    }

    private float Tremble => 6f + style.Elastic * 0.7f;

    private (Outline Outline, bool Stroked, float Shape) Choose(string latex)
    {
        if (latex == "x" && style.CursiveX && PenStrokes.Draw(latex, rng, Tremble) is { } arcs) return (arcs, true, 1f);
        if (rng.Chance(style.Samples))
        {
            // A cross is a cross: the scans of x, made smaller, are real multiplication signs.
            var set = assets.Samples(latex == "\\times" ? "x" : latex, heldOut);
            if (set.Length > 0) return (set[SampleIndex(set.Length)], false, latex == "\\times" ? rng.Range(0.7f, 0.9f) : 1f);
        }
        var isOperator = !char.IsAsciiLetterOrDigit(latex[0]);
        var glyph = style.Hand.Find(Code(latex));
        var free = isOperator && rng.Chance(style.FreeOperators) || latex == "1" && rng.Chance(0.1f);
        if (glyph is null || free)
        {
            if (PenStrokes.Draw(latex, rng, Tremble) is { } strokes) return (strokes, true, isOperator ? rng.Range(0.8f, 1.15f) : 1f);
        }
        if (glyph is null) throw Unknown(latex);
        return (glyph, false, 1f);
    }

    private static int Code(string latex) => Characters.TryGetValue(latex, out var character) ? character : latex.Length == 1 ? latex[0] : -1;

    private int SampleIndex(int count)
    {
        var at = style.SampleSheet + style.SampleSpread * rng.Range(-1f, 1f);
        return (int)((at - MathF.Floor(at)) * count) % count;
    }

    private Block Place(string latex, Outline outline, bool stroked, float scale, float lift)
    {
        var size = scale * Math.Clamp(rng.Gauss(1f, style.SizeJitter), 0.75f, 1.3f);
        var (sin, cos) = MathF.SinCos(rng.Gauss(0f, style.Turn));
        // Turn about the middle of the ink, then lean and widen with the writer.
        float wide = size * style.Stretch, a = wide * cos, b = -wide * sin - style.Slant * size, c = size * sin, d = size * cos;
        float middleX = outline.Bounds.MidX, middleY = outline.Bounds.MidY;
        var e = -(a * middleX + b * middleY);
        var f = middleY * size - (c * middleX + d * middleY) + lift + rng.Gauss(0f, style.Wobble) * scale;
        var block = new Block();
        block.Add(new Mark(outline, stroked, a, b, c, d, e, f) { NaturalNib = outline == style.Hand.Find(Code(latex)) ? style.Hand.Nib : outline.Nib });
        return block;
    }

    private Block WriteWord(string latex, float scale)
    {
        var word = new Block();
        var x = 0f;
        foreach (var letter in latex[1..])
        {
            var block = Write(letter.ToString(), scale);
            word.Add(block, x - block.Bounds.Left, 0f);
            x = word.Bounds.Right + Math.Max(style.Tracking * 0.3f, 25f) * scale;
        }
        return word;
    }

    private static bool IsWord(string latex) => latex is "\\sin" or "\\cos" or "\\tan" or "\\log" or "\\ln" or "\\lim" or "\\max" or "\\min";

    private static bool IsLow(string latex) => latex is "." or "," || char.IsAsciiLetterOrDigit(latex[0]);

    private ArgumentException Unknown(string latex) => new($"No hand can write {latex}: {style.Hand.Name} lacks it and it has no pen strokes.");
}
