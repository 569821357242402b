using EduVision.Training.Notation;
using SkiaSharp;

namespace EduVision.Training.Rendering.Writing;

/// <summary>Puts lines of mathematics and text on a sheet.</summary>
internal static class SheetWriter
{
    private const float Cell = 1000f;

    /// <summary>One writer's lines of mathematics below each other.</summary>
    public static Sheet Write(InkAssets assets, IReadOnlyList<MathNode> lines, Rng rng, bool heldOut, bool tablet)
    {
        var style = WritingStyle.ForMath(assets, rng, heldOut, tablet);
        var setter = new MathSetter(new SymbolWriter(assets, style, rng, heldOut), style, rng);
        var sheet = new Sheet { Style = style, LineCount = lines.Count, SymbolHeight = 700f, Neighbours = rng.Chance(0.12f) ? new Neighbours(setter, rng) : null };
        var leading = rng.Range(120f, 700f);
        var indent = rng.Range(0f, 500f);
        var y = 0f;
        for (var i = 0; i < lines.Count; i++)
        {
            var block = setter.Set(lines[i]);
            var top = block.Bounds.Top;
            var left = lines.Count == 1 ? 0f : rng.Range(-0.5f, 0.5f) * indent;
            foreach (var mark in block.Marks)
            {
                mark.Line = i;
                mark.Move(left, y - top + style.Climb * mark.E);
                sheet.Marks.Add(mark);
            }
            sheet.Bands.Add(new SKRect(left, y, left + block.Bounds.Width, y + block.Bounds.Height));
            y += block.Bounds.Height + leading * rng.Range(0.8f, 1.2f);
        }
        return sheet;
    }

    /// <summary>One writer's columns or rows of text.</summary>
    /// <exception cref="ArgumentException">A character that no hand has.</exception>
    public static Sheet Write(InkAssets assets, TextPhoto request, Rng rng, bool calligraphy)
    {
        var traditional = request.Forms == CharacterForms.Traditional;
        var hand = HandChooser.Choose(assets, request.Lines, rng, request.HeldOut, calligraphy);
        var style = WritingStyle.ForText(hand, rng, calligraphy);
        var sheet = new Sheet
        {
            Style = style,
            LineCount = request.Lines.Count,
            Direction = request.Direction,
            SymbolHeight = hand.Style == HandStyle.Latin ? 700f : 900f,
        };
        var pen = new TextPen(assets, sheet, rng, request.HeldOut, traditional);
        var pitch = Cell + (hand.Style == HandStyle.Latin ? rng.Range(100f, 600f) : TextPen.Gap(style, request.Direction) + rng.Range(120f, 650f));
        for (var i = 0; i < request.Lines.Count; i++)
        {
            if (request.Direction == TextDirection.Vertical) pen.Column(request.Lines[i], -i * pitch, i);
            else if (hand.Style == HandStyle.Latin) pen.LatinRow(request.Lines[i], i * pitch, i);
            else pen.Row(request.Lines[i], i * pitch, i);
        }
        return sheet;
    }
}
