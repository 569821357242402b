using EduVision.Training.Rendering.Camera;
using EduVision.Training.Rendering.Writing;
using SkiaSharp;

namespace EduVision.Training.Rendering.Pages;

/// <summary>Cuts the page off at one or more sides, outside the writing, where the table shows.</summary>
internal sealed class PageEdge : IDisposable
{
    private const float CutShare = 0.4f; // of the sides
    private const int Pieces = 6; // curled paper has curved edges

    private readonly SKPaint _erase = new() { IsAntialias = true, BlendMode = SKBlendMode.DstOut, Color = SKColors.White };

    /// <summary>Draws the page's coverage into the workspace's page plane; false when the page fills the picture.</summary>
    public bool Paint(Workspace workspace, Sheet sheet, in PageWarp warp, Rng rng)
    {
        var writing = sheet.Bounds();
        float? left = Cut(sheet, rng), top = Cut(sheet, rng), right = Cut(sheet, rng), bottom = Cut(sheet, rng);
        if ((left ?? top ?? right ?? bottom) is null) return false;
        workspace.Mask.Erase(SKColors.White);
        using (var canvas = new SKCanvas(workspace.Mask))
        {
            // Clockwise, so that the table is always to the left of the edge.
            if (left is { } l) Erase(canvas, workspace, warp, new(writing.Left - l, writing.Bottom), new(writing.Left - l, writing.Top));
            if (top is { } t) Erase(canvas, workspace, warp, new(writing.Left, writing.Top - t), new(writing.Right, writing.Top - t));
            if (right is { } r) Erase(canvas, workspace, warp, new(writing.Right + r, writing.Top), new(writing.Right + r, writing.Bottom));
            if (bottom is { } b) Erase(canvas, workspace, warp, new(writing.Right, writing.Bottom + b), new(writing.Left, writing.Bottom + b));
        }
        workspace.TakeMask(workspace.Page);
        return true;
    }

    public void Dispose() => _erase.Dispose();

    private static float? Cut(Sheet sheet, Rng rng) => rng.Chance(CutShare) ? sheet.SymbolHeight * rng.Range(0.4f, 2f) : null;

    /// <summary>
    /// Takes away what lies to the left of an edge along the writing. Beyond the writing the edge goes on straight in the picture:
    /// the warp is only trusted near what it was made for.
    /// </summary>
    private void Erase(SKCanvas canvas, Workspace workspace, in PageWarp warp, SKPoint from, SKPoint to)
    {
        var reach = 2f * (workspace.Width + workspace.Height);
        var edge = new SKPoint[Pieces + 1];
        for (var i = 0; i <= Pieces; i++) edge[i] = warp.Map(from.X + (to.X - from.X) * i / Pieces, from.Y + (to.Y - from.Y) * i / Pieces);
        var first = Unit(edge[1], edge[0]);
        var last = Unit(edge[^2], edge[^1]);
        var along = Unit(edge[0], edge[^1]);
        var outward = new SKPoint(along.Y * reach, -along.X * reach);
        SKPoint begin = edge[0] + new SKPoint(first.X * reach, first.Y * reach), end = edge[^1] + new SKPoint(last.X * reach, last.Y * reach);
        var path = workspace.Path;
        path.Rewind();
        path.MoveTo(begin);
        foreach (var point in edge) path.LineTo(point);
        path.LineTo(end);
        path.LineTo(end + outward);
        path.LineTo(begin + outward);
        path.Close();
        canvas.DrawPath(path, _erase);
    }

    private static SKPoint Unit(SKPoint from, SKPoint to)
    {
        var difference = to - from;
        var length = MathF.Max(difference.Length, 1e-3f);
        return new SKPoint(difference.X / length, difference.Y / length);
    }
}
