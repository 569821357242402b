using EduVision.Training.Rendering.Writing;
using SkiaSharp;

namespace EduVision.Training.Rendering.Camera;

/// <summary>Where the camera stands: turns, tilts and how much of the picture the writing fills.</summary>
internal static class Framing
{
    // A symbol's least height in the picture, where it can be had.
    private const float ReadableLatin = 15f, ReadableHan = 24f;

    /// <summary>A hand-held photo.</summary>
    public static PageWarp Photo(Sheet sheet, int width, int height, Rng rng)
    {
        var degrees = rng.Chance(0.1f) ? rng.Gauss(0f, 7f) : rng.Gauss(0f, 2.2f);
        var tilted = rng.Chance(0.6f);
        var warp = new PageWarp(sheet.Bounds(), degrees * MathF.PI / 180f,
            tilted ? rng.Gauss(0f, 0.07f) : 0f, tilted ? rng.Gauss(0f, 0.07f) : 0f, rng.Chance(0.3f) ? rng.Gauss(0f, 0.025f) : 0f);
        return Fit(warp, sheet, width, height, rng.Chance(0.45f) ? rng.Range(0.86f, 0.97f) : rng.Range(0.45f, 0.95f), rng);
    }

    /// <summary>A cut-out or a tablet's canvas: straight, nearly full.</summary>
    public static PageWarp Straight(Sheet sheet, int width, int height, Rng rng) =>
        Fit(new PageWarp(sheet.Bounds(), rng.Gauss(0f, 0.012f), 0f, 0f, 0f), sheet, width, height, rng.Range(0.8f, 0.96f), rng);

    private static PageWarp Fit(PageWarp warp, Sheet sheet, int width, int height, float fill, Rng rng)
    {
        var seen = Seen(warp, sheet);
        var pad = sheet.Style.Nib * warp.PixelsPerUnit;
        seen.Inflate(pad, pad);
        // Size: the wanted share, but large enough to read and never larger than the picture.
        var whole = Math.Min(0.97f * width / seen.Width, 0.95f * height / seen.Height);
        var readable = (sheet.Style.Hand.Style == HandStyle.Latin ? ReadableLatin : ReadableHan) / (sheet.SymbolHeight * warp.PixelsPerUnit);
        var scale = Math.Min(whole, Math.Max(Math.Min(fill * width / seen.Width, Math.Min(fill + 0.15f, 0.95f) * height / seen.Height), readable));
        float w = seen.Width * scale, h = seen.Height * scale;
        var left = (width - w) * Place(rng);
        var top = (height - h) * Place(rng);
        warp.Fit(seen, new SKRect(left, top, left + w, top + h));
        return warp;
    }

    private static float Place(Rng rng) => Math.Clamp(rng.Gauss(0.5f, 0.22f), 0.06f, 0.94f);

    private static SKRect Seen(in PageWarp warp, Sheet sheet)
    {
        float left = float.MaxValue, top = float.MaxValue, right = float.MinValue, bottom = float.MinValue;
        foreach (var mark in sheet.Marks)
        {
            if (mark.Line < 0) continue;
            var b = mark.Bounds();
            foreach (var corner in (ReadOnlySpan<SKPoint>)[new(b.Left, b.Top), new(b.Right, b.Top), new(b.Left, b.Bottom), new(b.Right, b.Bottom)])
            {
                var point = warp.Map(corner);
                (left, right) = (Math.Min(left, point.X), Math.Max(right, point.X));
                (top, bottom) = (Math.Min(top, point.Y), Math.Max(bottom, point.Y));
            }
        }
        return new SKRect(left, top, right, bottom);
    }
}
