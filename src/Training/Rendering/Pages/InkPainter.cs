using EduVision.Training.Rendering.Camera;
using EduVision.Training.Rendering.Writing;
using SkiaSharp;

namespace EduVision.Training.Rendering.Pages;

/// <summary>Draws the marks of a sheet as coverage, every point through the warp, strokes at the writer's width.</summary>
internal sealed class InkPainter : IDisposable
{
    private const float ThinnestPixels = 1.1f;
    private const float SmallestChange = 0.25f; // pixels; less is not worth a second pass

    private readonly SKPaint _fill = new() { IsAntialias = true, Color = SKColors.White };
    private readonly SKPaint _stroke = new()
    {
        IsAntialias = true, Color = SKColors.White, StrokeCap = SKStrokeCap.Round, StrokeJoin = SKStrokeJoin.Round, Style = SKPaintStyle.Stroke,
    };

    /// <summary>Adds the marks to the workspace's mask and widens the box of each line to hold them (pixels).</summary>
    public void Paint(Workspace workspace, Sheet sheet, in PageWarp warp, SKRect[] boxes, Rng rng)
    {
        using var canvas = new SKCanvas(workspace.Mask);
        var nib = Math.Max(sheet.Style.Nib * warp.PixelsPerUnit, ThinnestPixels * rng.Range(0.9f, 1.4f));
        foreach (var mark in sheet.Marks)
        {
            var wave = new Wave(sheet.Style.Elastic, rng);
            var ink = Trace(workspace.Path, mark, warp, wave);
            var natural = mark.Stroked ? 0f : mark.NaturalNib * mark.Scale * warp.PixelsPerUnit;
            if (mark.Stroked) Stroke(canvas, workspace.Path, nib, SKPaintStyle.Stroke, SKBlendMode.SrcOver);
            else Fill(canvas, workspace.Path, nib, natural);
            if (mark.Line < 0) continue;
            var growth = Math.Max(nib - natural, 0f) / 2f;
            ink.Inflate(growth, growth);
            ref var box = ref boxes[mark.Line];
            box = box.IsEmpty ? ink : SKRect.Union(box, ink);
        }
    }

    public void Dispose()
    {
        _fill.Dispose();
        _stroke.Dispose();
    }

    private void Fill(SKCanvas canvas, SKPath path, float nib, float natural)
    {
        var change = Math.Max(nib - natural, -0.45f * natural);
        if (change > SmallestChange)
        {
            Stroke(canvas, path, change, SKPaintStyle.StrokeAndFill, SKBlendMode.SrcOver);
            return;
        }
        canvas.DrawPath(path, _fill);
        if (change < -SmallestChange) Stroke(canvas, path, -change, SKPaintStyle.Stroke, SKBlendMode.DstOut);
    }

    private void Stroke(SKCanvas canvas, SKPath path, float width, SKPaintStyle style, SKBlendMode blend)
    {
        _stroke.StrokeWidth = width;
        _stroke.Style = style;
        _stroke.BlendMode = blend;
        canvas.DrawPath(path, _stroke);
    }

    /// <summary>Fills <paramref name="path"/> with the mark in pixels; gives its bounds.</summary>
    private static SKRect Trace(SKPath path, Mark mark, in PageWarp warp, in Wave wave)
    {
        path.Rewind();
        var coordinates = mark.Outline.Coordinates;
        var at = 0;
        var bounds = new SKRect(float.MaxValue, float.MaxValue, float.MinValue, float.MinValue);
        foreach (var verb in mark.Outline.Verbs)
        {
            switch (verb)
            {
                case OutlineVerb.Move:
                    path.MoveTo(Next(mark, warp, wave));
                    break;
                case OutlineVerb.Line:
                    path.LineTo(Next(mark, warp, wave));
                    break;
                case OutlineVerb.Quad:
                    path.QuadTo(Next(mark, warp, wave), Next(mark, warp, wave));
                    break;
                case OutlineVerb.Cubic:
                    path.CubicTo(Next(mark, warp, wave), Next(mark, warp, wave), Next(mark, warp, wave));
                    break;
                case OutlineVerb.Close:
                    path.Close();
                    break;
            }
        }
        return bounds;

        SKPoint Next(Mark mark, in PageWarp warp, in Wave wave)
        {
            var bent = wave.Bend(coordinates[at], coordinates[at + 1]);
            at += 2;
            var point = warp.Map(mark.Map(bent.X, bent.Y));
            bounds.Left = Math.Min(bounds.Left, point.X);
            bounds.Top = Math.Min(bounds.Top, point.Y);
            bounds.Right = Math.Max(bounds.Right, point.X);
            bounds.Bottom = Math.Max(bounds.Bottom, point.Y);
            return point;
        }
    }

    /// <summary>A smooth distortion of one symbol: its points follow two slow waves.</summary>
    private readonly struct Wave
    {
        private readonly float _amplitude, _kx1, _ky1, _phase1, _kx2, _ky2, _phase2;

        public Wave(float amplitude, Rng rng)
        {
            _amplitude = amplitude;
            (_kx1, _ky1, _phase1) = (rng.Range(-0.008f, 0.008f), rng.Range(-0.008f, 0.008f), rng.Range(0f, 6.28f));
            (_kx2, _ky2, _phase2) = (rng.Range(-0.008f, 0.008f), rng.Range(-0.008f, 0.008f), rng.Range(0f, 6.28f));
        }

        public SKPoint Bend(float x, float y) => new(
            x + _amplitude * MathF.Sin(_kx1 * x + _ky1 * y + _phase1),
            y + _amplitude * MathF.Sin(_kx2 * x + _ky2 * y + _phase2));
    }
}
