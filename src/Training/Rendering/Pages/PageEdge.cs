using EduVision.Training.Rendering.Camera;
using EduVision.Training.Rendering.Writing;
using SkiaSharp;

namespace EduVision.Training.Rendering.Pages;

/// <summary>Cuts the page off at one or more sides, outside the writing, where the table shows.</summary>
internal sealed class PageEdge : IDisposable
{
    private readonly SKPaint _fill = new() { IsAntialias = true, Color = SKColors.White };

    /// <summary>Draws the page's coverage into the workspace's page plane; false when the page fills the picture.</summary>
    public bool Paint(Workspace workspace, Sheet sheet, in PageWarp warp, Rng rng)
    {
        var writing = sheet.Bounds();
        var far = 2f * (workspace.Width + workspace.Height) / warp.PixelsPerUnit;
        var near = new SKRect(writing.Left - Margin(), writing.Top - Margin(), writing.Right + Margin(), writing.Bottom + Margin());
        var path = workspace.Path;
        path.Rewind();
        path.MoveTo(warp.Map(near.Left, near.Top));
        path.LineTo(warp.Map(near.Right, near.Top));
        path.LineTo(warp.Map(near.Right, near.Bottom));
        path.LineTo(warp.Map(near.Left, near.Bottom));
        path.Close();
        workspace.ClearMask();
        using (var canvas = new SKCanvas(workspace.Mask)) canvas.DrawPath(path, _fill);
        workspace.TakeMask(workspace.Page);
        return true;

        float Margin() => rng.Chance(0.4f) ? sheet.SymbolHeight * rng.Range(0.25f, 2f) : far;
    }

    public void Dispose() => _fill.Dispose();
}
