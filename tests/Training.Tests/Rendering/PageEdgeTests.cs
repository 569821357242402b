using EduVision.Training.Notation;
using EduVision.Training.Rendering;
using EduVision.Training.Rendering.Camera;
using EduVision.Training.Rendering.Pages;
using EduVision.Training.Rendering.Writing;
using SkiaSharp;

namespace EduVision.Training.Tests.Rendering;

public sealed class PageEdgeTests
{
    [Fact]
    public void The_table_shows_beside_the_writing_and_never_over_it()
    {
        var assets = TestInk.Make();
        using var workspace = new Workspace();
        using var ink = new InkPainter();
        using var edge = new PageEdge();
        var edged = 0;
        for (ulong seed = 0; seed < 300; seed++)
        {
            var rng = new Rng(seed);
            var (width, height) = (seed % 3) switch { 0 => (512, 128), 1 => (256, 352), _ => (384, 288) };
            workspace.Resize(width, height);
            var sheet = seed % 2 == 0
                ? SheetWriter.Write(assets, [new Row("12+x=(3-5)".Select(c => (MathNode)new Symbol(c.ToString())))], rng, heldOut: false, tablet: false)
                : SheetWriter.Write(assets, new TextPhoto(width, height, ["天地人水", "火一二三", "天地"]), rng, calligraphy: false);
            var warp = Framing.Photo(sheet, width, height, rng);
            workspace.ClearMask();
            ink.Paint(workspace, sheet, warp, new SKRect[sheet.LineCount], rng);
            workspace.TakeMask(workspace.Ink);

            if (!edge.Paint(workspace, sheet, warp, rng)) continue;

            var covered = Enumerable.Range(0, workspace.Pixels).Count(i => workspace.Ink[i] > 0.1f && workspace.Page[i] < 0.9f);
            Assert.True(covered == 0, $"seed {seed}: {covered} pixels of ink lie under the table");
            if (workspace.Page.AsSpan(0, workspace.Pixels).ContainsAnyInRange(0f, 0.1f)) edged++;
        }
        Assert.True(edged > 60, $"the table shows in {edged} of 300 pictures");
    }
}
