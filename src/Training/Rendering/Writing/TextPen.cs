using System.Text;
using SkiaSharp;

namespace EduVision.Training.Rendering.Writing;

/// <summary>Writes text onto a sheet: characters one below or beside another.</summary>
internal sealed class TextPen(InkAssets assets, Sheet sheet, Rng rng, bool heldOut, bool traditional)
{
    private const float Cell = 1000f, WordSpace = 330f, HanBaseline = 860f, RowTracking = 0.6f;
    private readonly WritingStyle _style = sheet.Style;

    /// <summary>
    /// The least space between lines at which characters stand closer to their neighbours in the line than to the next line:
    /// that alone says whether a block is columns or rows.
    /// </summary>
    public static float Gap(WritingStyle style, TextDirection direction) => direction == TextDirection.Vertical
        ? style.Tracking + Cell * Math.Max(0f, style.Stretch - 1f)
        : style.Tracking * RowTracking + Cell * Math.Max(0f, 1f - style.Stretch);

    /// <summary>A column of characters down from y = 0.</summary>
    public void Column(string text, float x, int line)
    {
        var y = 0f;
        foreach (var rune in text.EnumerateRunes())
        {
            if (!Rune.IsWhiteSpace(rune)) InCell(rune, x + _style.Climb * y, y, line);
            y += Cell + _style.Tracking;
        }
        sheet.Bands.Add(new SKRect(x, 0, x + Cell, y - _style.Tracking));
    }

    /// <summary>A row of square characters.</summary>
    public void Row(string text, float y, int line)
    {
        var x = 0f;
        foreach (var rune in text.EnumerateRunes())
        {
            if (!Rune.IsWhiteSpace(rune)) InCell(rune, x, y + _style.Climb * x, line);
            x += rune.Value < 0x80 ? Cell * 0.62f : Cell + _style.Tracking * RowTracking;
        }
        sheet.Bands.Add(new SKRect(0, y, x, y + Cell));
    }

    /// <summary>A row of letters, spaced by their ink.</summary>
    public void LatinRow(string text, float y, int line)
    {
        var x = 0f;
        foreach (var rune in text.EnumerateRunes())
        {
            if (Rune.IsWhiteSpace(rune))
            {
                x += WordSpace;
                continue;
            }
            var (outline, stroked) = Find(rune);
            Place(outline, stroked, x - outline.Bounds.Left, y + _style.Climb * x, 1f, line);
            x += outline.Bounds.Width + _style.Tracking * rng.Range(0.8f, 1.2f);
        }
        sheet.Bands.Add(new SKRect(0, y - 700f, x, y + 200f));
    }

    private void InCell(Rune rune, float x, float y, int line)
    {
        sheet.Cells.Add(new SKRect(x, y, x + Cell, y + Cell));
        var (outline, stroked) = Find(rune);
        if (rune.Value < 0x2000 && !_style.Hand.Has(rune.Value)) Place(outline, stroked, x + Cell * 0.31f - outline.Bounds.MidX, y + HanBaseline, 1f, line);
        else Place(outline, stroked, x, y, 1f, line);
    }

    // Borrowed characters are a font's; the writer's own strokes are made anew each time.
    private (Outline Outline, bool Stroked) Find(Rune rune)
    {
        var codePoint = rune.Value;
        if (traditional && assets.Traditional(codePoint) is var form && form != codePoint && _style.Hand.Has(form)) codePoint = form;
        var outline = HandChooser.Find(assets, _style.Hand, codePoint, rng, heldOut)
            ?? throw new ArgumentException($"No {(heldOut ? "held-out " : "")}hand can write {rune} (U+{rune.Value:X4}).");
        return _style.Strokes is { } strokes && outline == _style.Hand.Find(codePoint) ? (strokes.Write(outline, rng), true) : (outline, false);
    }

    private void Place(Outline outline, bool stroked, float x, float y, float scale, int line)
    {
        var size = scale * Math.Clamp(rng.Gauss(1f, _style.SizeJitter), 0.8f, 1.2f);
        var (sin, cos) = MathF.SinCos(rng.Gauss(0f, _style.Turn));
        float wide = size * _style.Stretch, a = wide * cos, b = -wide * sin - _style.Slant * size, c = size * sin, d = size * cos;
        float middleX = outline.Bounds.MidX, middleY = outline.Bounds.MidY;
        var e = x + middleX - (a * middleX + b * middleY) + rng.Gauss(0f, _style.Wobble);
        var f = y + middleY - (c * middleX + d * middleY) + rng.Gauss(0f, _style.Wobble);
        sheet.Marks.Add(new Mark(outline, stroked, a, b, c, d, e, f) { Line = line, NaturalNib = _style.Hand.Nib });
    }
}
