using EduVision.Training.Notation;

namespace EduVision.Training.Rendering.Writing;

/// <summary>
/// Sets mathematics the way one writer does: symbols beside each other by their ink, fractions on the axis, scripts raised and
/// lowered, roots and tall brackets drawn around what they hold.
/// </summary>
internal sealed class MathSetter(SymbolWriter symbols, WritingStyle style, Rng rng)
{
    private const float Axis = -330f; // the height of minus signs and fraction bars

    /// <summary>Sets a node at a scale (1: digits are 700 units high).</summary>
    public Block Set(MathNode node, float scale = 1f) => node switch
    {
        Symbol symbol => symbols.Write(symbol.Latex, scale),
        Row row => SetRow(row, scale),
        Fraction fraction => SetFraction(fraction, scale),
        Script script => SetScript(script, scale),
        Radical radical => SetRadical(radical, scale),
        _ => throw new ArgumentException($"Cannot set a {node.GetType().Name}.", nameof(node)),
    };

    private Block SetRow(Row row, float scale)
    {
        var blocks = new Block?[row.Children.Length];
        for (var i = 0; i < blocks.Length; i++)
            if (!IsBracket(row.Children[i])) blocks[i] = Set(row.Children[i], scale);
        for (var i = 0; i < blocks.Length; i++) blocks[i] ??= SetBracket(row, blocks, i, scale);

        var line = new Block();
        var x = 0f;
        for (var i = 0; i < blocks.Length; i++)
        {
            var block = blocks[i]!;
            if (block.IsEmpty) continue;
            if (i > 0) x += Gap(row.Children[i - 1], row.Children[i], scale);
            line.Add(block, x - block.Bounds.Left, 0f);
            x += block.Bounds.Width;
        }
        return line;
    }

    private float Gap(MathNode left, MathNode right, float scale)
    {
        var gap = style.Tracking * rng.Range(0.6f, 1.4f);
        if (IsOperator(left) || IsOperator(right)) gap += style.OperatorSpace * rng.Range(0.6f, 1.4f);
        else if (left is Fraction || right is Fraction) gap += 60f;
        return Math.Max(gap, style.Nib * 0.7f + 12f) * scale;
    }

    /// <summary>A bracket that reaches around everything up to its partner.</summary>
    private Block SetBracket(Row row, Block?[] blocks, int at, float scale)
    {
        var latex = ((Symbol)row.Children[at]).Latex;
        var opening = latex is "(" or "[" or "\\{" or "{";
        float top = -720f * scale, bottom = 40f * scale;
        var depth = 0;
        for (var i = at; i >= 0 && i < blocks.Length; i += opening ? 1 : -1)
        {
            if (row.Children[i] is Symbol(var other) && IsBracket(row.Children[i])) depth += other is "(" or "[" or "\\{" or "{" ? 1 : -1;
            if (depth == 0) break;
            if (blocks[i] is not { IsEmpty: false } inside) continue;
            top = Math.Min(top, inside.Bounds.Top);
            bottom = Math.Max(bottom, inside.Bounds.Bottom);
        }
        var height = bottom - top;
        return height <= 1050f * scale
            ? symbols.Write(latex, scale)
            : symbols.WriteTall(latex, scale, top - 40f * scale, bottom + 40f * scale);
    }

    private Block SetFraction(Fraction fraction, float scale)
    {
        var inner = scale * (scale < 0.99f ? 0.85f : style.FractionScale);
        Block above = Set(fraction.Numerator, inner), below = Set(fraction.Denominator, inner);
        var width = Math.Max(above.Bounds.Width, below.Bounds.Width) + rng.Range(40f, 260f) * inner;
        var tilt = rng.Gauss(0f, 0.025f);
        var axis = Axis * scale + rng.Gauss(0f, style.Wobble * 0.6f) * scale;
        var bar = PenStrokes.Bar(width, rng, style.Elastic * 0.5f + 4f);
        var block = new Block();
        block.Add(new Mark(bar, stroked: true, 1f, 0f, tilt, 1f, 0f, axis - tilt * width / 2f));
        var sway = rng.Gauss(0f, 0.06f) * width;
        var gapAbove = rng.Range(70f, 170f) * inner + style.Nib * 0.5f;
        var gapBelow = rng.Range(70f, 170f) * inner + style.Nib * 0.5f;
        block.Add(above, Centre(above, width, sway), axis - gapAbove - above.Bounds.Bottom);
        block.Add(below, Centre(below, width, -sway), axis + gapBelow - below.Bounds.Top);
        return block;
    }

    private static float Centre(Block block, float width, float sway)
    {
        var free = (width - block.Bounds.Width) / 2f;
        return free + Math.Clamp(sway, -free, free) - block.Bounds.Left;
    }

    private Block SetScript(Script script, float scale)
    {
        var block = Set(script.Base, scale);
        var inner = scale * (scale < 0.75f ? 0.85f : style.ScriptScale);
        var right = block.Bounds.Right;
        var room = (rng.Range(20f, 90f) + style.Nib * 0.5f) * scale;
        var (top, bottom) = (block.Bounds.Top, block.Bounds.Bottom);
        if (script.Superscript is not null)
        {
            var raised = Set(script.Superscript, inner);
            // At least half of the exponent stands above the base.
            var baseline = Math.Min(top + 0.42f * raised.Bounds.Height + rng.Gauss(0f, 25f) * scale, -300f * scale) - Math.Max(0f, raised.Bounds.Bottom);
            block.Add(raised, right + room - raised.Bounds.Left, baseline);
        }
        if (script.Subscript is not null)
        {
            var lowered = Set(script.Subscript, inner);
            var baseline = Math.Max(bottom, 0f) + (rng.Range(120f, 240f) * scale) - Math.Max(0f, lowered.Bounds.Bottom);
            block.Add(lowered, right + room - lowered.Bounds.Left, baseline);
        }
        return block;
    }

    private Block SetRadical(Radical radical, float scale)
    {
        var inside = Set(radical.Radicand, scale);
        var room = (rng.Range(60f, 130f) + style.Nib * 0.5f) * scale;
        var top = Math.Min(inside.Bounds.Top, -480f * scale) - room;
        var bottom = Math.Max(inside.Bounds.Bottom, 0f) + rng.Range(0f, 60f) * scale;
        var block = new Block();
        var sign = PenStrokes.Root(inside.Bounds.Width + room * rng.Range(1f, 2f), top, bottom, rng, (style.Elastic * 0.6f + 5f) * scale);
        block.Add(new Mark(sign, stroked: true, 1f, 0f, 0f, 1f, 0f, 0f));
        if (radical.Degree is not null)
        {
            var degree = Set(radical.Degree, scale * 0.5f);
            block.Add(degree, sign.Bounds.Left - degree.Bounds.Right + degree.Bounds.Width * 0.4f, (top + bottom) / 2f - 120f * scale - degree.Bounds.Bottom);
        }
        block.Add(inside, room * 0.6f - inside.Bounds.Left, 0f);
        var whole = new Block();
        whole.Add(block, -block.Bounds.Left, 0f);
        return whole;
    }

    private static bool IsBracket(MathNode node) => node is Symbol("(" or ")" or "[" or "]" or "\\{" or "\\}" or "{" or "}");

    private static bool IsOperator(MathNode node) =>
        node is Symbol("+" or "-" or "=" or "\\times" or "\\div" or "<" or ">" or "\\le" or "\\ge" or "\\leq" or "\\geq" or "\\ne" or "\\neq" or "\\pm");
}
