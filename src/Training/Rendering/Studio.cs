using EduVision.Training.Rendering.Camera;
using EduVision.Training.Rendering.Pages;
using EduVision.Training.Rendering.Writing;
using SkiaSharp;

namespace EduVision.Training.Rendering;

/// <summary>Everything one thread needs to take photos: buffers and painters, reused from photo to photo.</summary>
internal sealed class Studio : IDisposable
{
    private readonly InkPainter _ink = new();
    private readonly RulePainter _rules = new();
    private readonly PageEdge _edge = new();

    public Workspace Workspace { get; } = new();

    /// <summary>Takes the picture of a sheet.</summary>
    public Photo Shoot(Sheet sheet, PhotoLook look, Rng rng) => look switch
    {
        PhotoLook.Tablet => Plain(sheet, look, Scene.Tablet(rng), binary: rng.Chance(0.4f), rng),
        PhotoLook.Cutout => Plain(sheet, look, Scene.Cutout(rng), binary: rng.Chance(0.7f), rng),
        _ => Legible(sheet, rng),
    };

    /// <summary>Takes the picture with a given camera; <paramref name="blur"/> in pixels.</summary>
    public Photo OnPaper(Sheet sheet, Scene scene, Sensor sensor, (float X, float Y) blur, Rng rng) =>
        OnPaper(sheet, scene, sensor, blur, Framing.Photo(sheet, Workspace.Width, Workspace.Height, rng), rng);

    private Photo Legible(Sheet sheet, Rng rng)
    {
        var scene = Scene.Draw(rng, sheet.Style.Hand.Style);
        var warp = Framing.Photo(sheet, Workspace.Width, Workspace.Height, rng);
        sheet.Neighbours?.AddCutOff(sheet, warp, Workspace.Height);
        var symbol = sheet.SymbolHeight * warp.PixelsPerUnit;
        // A blur that swallows strokes: characters have about ten across, digits half as many.
        var most = symbol * (sheet.Style.Hand.Style == HandStyle.Latin ? 0.055f : 0.03f);
        var (x, y) = Focus(rng);
        return OnPaper(sheet, scene, Sensor.Draw(rng, scene.Contrast), (Math.Min(x, most), Math.Min(y, most)), warp, rng);
    }

    private Photo OnPaper(Sheet sheet, Scene scene, Sensor sensor, (float X, float Y) blur, in PageWarp warp, Rng rng)
    {
        var boxes = Write(sheet, warp, rng);
        Lens.Blur(Workspace.Ink.AsSpan(0, Workspace.Pixels), Workspace.Scratch, Workspace.Width, Workspace.Height, blur.X, blur.Y);
        Compose(sheet, scene, warp, blur, rng);
        return new Photo(Workspace.Width, Workspace.Height, sensor.Expose(Workspace, rng), Normalise(boxes));
    }

    /// <summary>Paper, print and light without or with ink already in the workspace.</summary>
    public void Compose(Sheet sheet, Scene scene, in PageWarp warp, (float X, float Y) blur, Rng rng)
    {
        if (scene.Rules != RuleKind.None)
        {
            Workspace.ClearMask();
            _rules.Paint(Workspace, sheet, scene.Rules, warp, rng);
            Workspace.TakeMask(Workspace.Rules);
            Lens.Blur(Workspace.Rules.AsSpan(0, Workspace.Pixels), Workspace.Scratch, Workspace.Width, Workspace.Height, blur.X, blur.Y);
        }
        var edged = scene.Table is not null && _edge.Paint(Workspace, sheet, warp, rng);
        Lighting.Fill(Workspace.Light, Workspace.Width, Workspace.Height, rng);
        Composer.Compose(Workspace, scene, scene.Rules != RuleKind.None, edged, rng);
    }

    public void Dispose()
    {
        _ink.Dispose();
        _rules.Dispose();
        _edge.Dispose();
        Workspace.Dispose();
    }

    private Photo Plain(Sheet sheet, PhotoLook look, Scene scene, bool binary, Rng rng)
    {
        var warp = Framing.Straight(sheet, Workspace.Width, Workspace.Height, rng);
        var boxes = Write(sheet, warp, rng);
        var ink = Workspace.Ink.AsSpan(0, Workspace.Pixels);
        if (binary)
        {
            for (var i = 0; i < ink.Length; i++) ink[i] = ink[i] >= 0.5f ? 1f : 0f;
        }
        Workspace.Light.AsSpan(0, Workspace.Pixels).Fill(1f);
        Composer.Compose(Workspace, scene, ruled: false, edged: false, rng);
        var rgb = Sensor.None.Expose(Workspace, rng);
        if (binary && look == PhotoLook.Cutout)
        {
            for (var i = 0; i < rgb.Length; i++) rgb[i] = rgb[i] >= 128 ? (byte)255 : (byte)0;
        }
        return new Photo(Workspace.Width, Workspace.Height, rgb, Normalise(boxes));
    }

    private SKRect[] Write(Sheet sheet, in PageWarp warp, Rng rng)
    {
        var boxes = new SKRect[sheet.LineCount];
        Workspace.ClearMask();
        _ink.Paint(Workspace, sheet, warp, boxes, rng);
        Workspace.TakeMask(Workspace.Ink);
        return boxes;
    }

    private static (float X, float Y) Focus(Rng rng)
    {
        var sigma = rng.Chance(0.25f) ? rng.Range(0.6f, 1.5f) : rng.Range(0f, 0.7f);
        return rng.Chance(0.12f) ? rng.Chance(0.5f) ? (sigma + rng.Range(0.5f, 1.8f), sigma) : (sigma, sigma + rng.Range(0.5f, 1.5f)) : (sigma, sigma);
    }

    private LineBox[] Normalise(SKRect[] boxes)
    {
        var (width, height) = (Workspace.Width, Workspace.Height);
        return [.. boxes.Select(box => new LineBox(Share(box.Left, width), Share(box.Top, height), Share(box.Right, width), Share(box.Bottom, height)))];
    }

    private static int Share(float pixels, int size) => Math.Clamp((int)MathF.Round(1000f * pixels / size), 0, 1000);
}
