using EduVision.Training.Rendering.Camera;
using EduVision.Training.Rendering.Writing;
using SkiaSharp;

namespace EduVision.Training.Rendering.Pages;

/// <summary>Draws what is printed on the paper, under the same warp as the writing.</summary>
internal sealed class RulePainter : IDisposable
{
    private const int MostLines = 80;

    private readonly SKPaint _pen = new() { IsAntialias = true, Color = SKColors.White, Style = SKPaintStyle.Stroke };
    private readonly SKPaint _faint = new() { IsAntialias = true, Color = SKColors.White.WithAlpha(110), Style = SKPaintStyle.Stroke };

    public void Paint(Workspace workspace, Sheet sheet, RuleKind kind, in PageWarp warp, Rng rng)
    {
        using var canvas = new SKCanvas(workspace.Mask);
        _pen.StrokeWidth = rng.Range(0.7f, 1.6f);
        _faint.StrokeWidth = _pen.StrokeWidth * 0.8f;
        var page = Reach(workspace, sheet, warp);
        switch (kind)
        {
            case RuleKind.Lines:
                Lines(canvas, workspace.Path, sheet, page, warp, rng);
                break;
            case RuleKind.Squares:
                var pitch = sheet.SymbolHeight * rng.Range(0.45f, 1.5f);
                Parallel(canvas, workspace.Path, page, pitch, rng.Unit() * pitch, vertical: false, warp);
                Parallel(canvas, workspace.Path, page, pitch, rng.Unit() * pitch, vertical: true, warp);
                break;
            case RuleKind.Dots:
                Dots(canvas, page, sheet.SymbolHeight * rng.Range(0.5f, 1.1f), warp);
                break;
            case RuleKind.Columns:
                Columns(canvas, workspace.Path, sheet, warp, rng);
                break;
            case RuleKind.Cells or RuleKind.TianZi or RuleKind.MiZi:
                foreach (var cell in sheet.Cells) Square(canvas, workspace.Path, cell, kind, sheet.Style.Tracking, warp);
                break;
        }
    }

    public void Dispose()
    {
        _pen.Dispose();
        _faint.Dispose();
    }

    /// <summary>A part of the sheet that covers the picture.</summary>
    private static SKRect Reach(Workspace workspace, Sheet sheet, in PageWarp warp)
    {
        var bounds = sheet.Bounds();
        var half = 0.8f * (workspace.Width + workspace.Height) / warp.PixelsPerUnit;
        return new SKRect(bounds.MidX - half, bounds.MidY - half, bounds.MidX + half, bounds.MidY + half);
    }

    private void Lines(SKCanvas canvas, SKPath path, Sheet sheet, SKRect page, in PageWarp warp, Rng rng)
    {
        // Writers rest on the lines, more or less.
        var band = sheet.Bands[0];
        var vertical = sheet.Direction == TextDirection.Vertical;
        var pitch = sheet.Bands.Count > 1
            ? vertical ? Math.Abs(sheet.Bands[1].Left - band.Left) : sheet.Bands[1].Bottom - band.Bottom
            : (vertical ? band.Width : band.Height) * rng.Range(1.1f, 1.9f);
        var start = vertical ? band.Right + rng.Range(0f, 0.2f) * pitch : band.Bottom + rng.Range(-0.05f, 0.2f) * pitch;
        Parallel(canvas, path, page, Math.Max(pitch, 300f), start, vertical, warp);
    }

    private void Parallel(SKCanvas canvas, SKPath path, SKRect page, float pitch, float start, bool vertical, in PageWarp warp)
    {
        var (low, high) = vertical ? (page.Left, page.Right) : (page.Top, page.Bottom);
        if ((high - low) / pitch > MostLines) return;
        for (var at = start + MathF.Ceiling((low - start) / pitch) * pitch; at < high; at += pitch)
        {
            if (vertical) Line(canvas, path, at, page.Top, at, page.Bottom, _pen, warp);
            else Line(canvas, path, page.Left, at, page.Right, at, _pen, warp);
        }
    }

    private void Dots(SKCanvas canvas, SKRect page, float pitch, in PageWarp warp)
    {
        var count = Math.Min((int)(page.Width / pitch), MostLines);
        for (var i = 0; i < count; i++)
            for (var k = 0; k < count; k++)
                canvas.DrawPoint(warp.Map(page.MidX + (i - count / 2) * pitch, page.MidY + (k - count / 2) * pitch), _pen);
    }

    private void Columns(SKCanvas canvas, SKPath path, Sheet sheet, in PageWarp warp, Rng rng)
    {
        var vertical = sheet.Direction == TextDirection.Vertical;
        var all = sheet.Bands[0];
        foreach (var band in sheet.Bands) all = SKRect.Union(all, band);
        var first = sheet.Bands[0];
        var pitch = sheet.Bands.Count > 1 ? Math.Abs(vertical ? sheet.Bands[1].Left - first.Left : sheet.Bands[1].Top - first.Top) : 1000f * rng.Range(1.1f, 1.5f);
        var room = (pitch - (vertical ? first.Width : first.Height)) / 2f;
        all.Inflate(vertical ? room : rng.Range(50f, 400f), vertical ? rng.Range(50f, 400f) : room);
        for (var i = 0; i <= sheet.Bands.Count; i++)
        {
            if (vertical) Line(canvas, path, all.Right - i * pitch, all.Top, all.Right - i * pitch, all.Bottom, _pen, warp);
            else Line(canvas, path, all.Left, all.Top + i * pitch, all.Right, all.Top + i * pitch, _pen, warp);
        }
        var left = vertical ? all.Right - sheet.Bands.Count * pitch : all.Left;
        var bottom = vertical ? all.Bottom : all.Top + sheet.Bands.Count * pitch;
        Line(canvas, path, left, all.Top, all.Right, all.Top, _pen, warp);
        Line(canvas, path, left, bottom, all.Right, bottom, _pen, warp);
    }

    private void Square(SKCanvas canvas, SKPath path, SKRect cell, RuleKind kind, float tracking, in PageWarp warp)
    {
        cell.Inflate(Math.Min(tracking * 0.5f, 120f), Math.Min(tracking * 0.5f, 120f));
        Line(canvas, path, cell.Left, cell.Top, cell.Right, cell.Top, _pen, warp);
        Line(canvas, path, cell.Right, cell.Top, cell.Right, cell.Bottom, _pen, warp);
        Line(canvas, path, cell.Right, cell.Bottom, cell.Left, cell.Bottom, _pen, warp);
        Line(canvas, path, cell.Left, cell.Bottom, cell.Left, cell.Top, _pen, warp);
        if (kind == RuleKind.Cells) return;
        Line(canvas, path, cell.MidX, cell.Top, cell.MidX, cell.Bottom, _faint, warp);
        Line(canvas, path, cell.Left, cell.MidY, cell.Right, cell.MidY, _faint, warp);
        if (kind == RuleKind.TianZi) return;
        Line(canvas, path, cell.Left, cell.Top, cell.Right, cell.Bottom, _faint, warp);
        Line(canvas, path, cell.Right, cell.Top, cell.Left, cell.Bottom, _faint, warp);
    }

    private static void Line(SKCanvas canvas, SKPath path, float x0, float y0, float x1, float y1, SKPaint paint, in PageWarp warp)
    {
        // Curled paper bends its lines: a few pieces follow it.
        const int pieces = 6;
        path.Rewind();
        path.MoveTo(warp.Map(x0, y0));
        for (var i = 1; i <= pieces; i++) path.LineTo(warp.Map(x0 + (x1 - x0) * i / pieces, y0 + (y1 - y0) * i / pieces));
        canvas.DrawPath(path, paint);
    }
}
