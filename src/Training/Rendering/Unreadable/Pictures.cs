using EduVision.Training.Rendering.Camera;
using EduVision.Training.Rendering.Pages;
using SkiaSharp;

namespace EduVision.Training.Rendering.Unreadable;

/// <summary>Pictures of things other than writing, painted in colour and left in the workspace as tones.</summary>
internal sealed class Pictures(Workspace workspace, Rng rng) : IDisposable
{
    private readonly SKBitmap _bitmap = new(new SKImageInfo(workspace.Width, workspace.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
    private readonly SKPaint _paint = new() { IsAntialias = true };

    private float Width => workspace.Width;

    private float Height => workspace.Height;

    public void Dispose()
    {
        _paint.Dispose();
        _bitmap.Dispose();
    }

    /// <summary>A sky over ridges, sometimes with a sun, trees or houses.</summary>
    public void Landscape()
    {
        using var canvas = new SKCanvas(_bitmap);
        var horizon = Height * rng.Range(0.3f, 0.75f);
        Gradient(canvas, new SKRect(0, 0, Width, horizon * 1.3f), Hue(rng.Chance(0.7f) ? rng.Range(195f, 230f) : rng.Range(0f, 50f), 0.5f, 0.9f), Hue(rng.Range(10f, 220f), 0.25f, 0.95f));
        if (rng.Chance(0.4f)) Blob(canvas, rng.Range(0f, Width), rng.Range(0f, horizon), Height * rng.Range(0.05f, 0.15f), Hue(rng.Range(30f, 55f), 0.5f, 1f));
        for (var i = rng.Below(4); i > 0; i--) Cloud(canvas, horizon);
        var ground = rng.Range(60f, 150f);
        for (var layer = 0; layer < 2 + rng.Below(3); layer++) Ridge(canvas, horizon + layer * (Height - horizon) * 0.3f, Hue(ground + rng.Range(-25f, 25f), rng.Range(0.2f, 0.6f), rng.Range(0.25f, 0.65f)));
        for (var i = rng.Below(8); i > 0; i--) Tree(canvas, rng.Range(0f, Width), rng.Range(horizon, Height));
        Finish(texture: rng.Range(0.05f, 0.25f));
    }

    /// <summary>Round, square and long things on a table.</summary>
    public void Objects()
    {
        using var canvas = new SKCanvas(_bitmap);
        Gradient(canvas, new SKRect(0, 0, Width, Height), AnyColour(), AnyColour());
        for (var i = 2 + rng.Below(7); i > 0; i--)
        {
            float x = rng.Range(0f, Width), y = rng.Range(0f, Height), size = Height * rng.Range(0.1f, 0.6f);
            canvas.Save();
            canvas.RotateDegrees(rng.Range(0f, 180f), x, y);
            _paint.Shader = null;
            _paint.Color = new SKColor(0, 0, 0, 70);
            canvas.DrawOval(x + size * 0.1f, y + size * 0.12f, size * 0.8f, size * 0.6f, _paint);
            using var shader = SKShader.CreateLinearGradient(new SKPoint(x - size, y), new SKPoint(x + size, y), [AnyColour(), AnyColour()], SKShaderTileMode.Clamp);
            _paint.Color = SKColors.White;
            _paint.Shader = shader;
            switch (rng.Below(3))
            {
                case 0:
                    canvas.DrawOval(x, y, size * 0.7f, size * rng.Range(0.4f, 0.7f), _paint);
                    break;
                case 1:
                    canvas.DrawRoundRect(x - size * 0.6f, y - size * 0.4f, size * 1.2f, size * 0.8f, size * 0.1f, size * 0.1f, _paint);
                    break;
                default:
                    canvas.DrawRoundRect(x - size * 1.5f, y - size * 0.08f, size * 3f, size * 0.16f, size * 0.08f, size * 0.08f, _paint);
                    break;
            }
            _paint.Shader = null;
            canvas.Restore();
        }
        Finish(texture: rng.Range(0f, 0.15f));
    }

    /// <summary>Sensor noise, static, or a surface so close that only its texture shows.</summary>
    public void Noise()
    {
        using var canvas = new SKCanvas(_bitmap);
        Gradient(canvas, new SKRect(0, 0, Width, Height), AnyColour(), rng.Chance(0.5f) ? AnyColour() : SKColors.Gray);
        Finish(texture: rng.Range(0.2f, 0.8f));
    }

    private void Cloud(SKCanvas canvas, float horizon)
    {
        float x = rng.Range(0f, Width), y = rng.Range(0f, horizon * 0.7f), size = Height * rng.Range(0.05f, 0.15f);
        for (var i = 0; i < 5; i++) Blob(canvas, x + rng.Gauss(0f, size * 1.3f), y + rng.Gauss(0f, size * 0.25f), size * rng.Range(0.5f, 1f), new SKColor(255, 255, 255, 130));
    }

    private void Tree(SKCanvas canvas, float x, float y)
    {
        var size = Height * rng.Range(0.05f, 0.2f);
        _paint.Color = Hue(25f, 0.5f, 0.3f);
        canvas.DrawRect(x - size * 0.07f, y - size, size * 0.14f, size, _paint);
        for (var i = 0; i < 6; i++) Blob(canvas, x + rng.Gauss(0f, size * 0.3f), y - size + rng.Gauss(0f, size * 0.3f), size * 0.35f, Hue(rng.Range(80f, 140f), 0.5f, rng.Range(0.2f, 0.5f)));
    }

    private void Ridge(SKCanvas canvas, float level, SKColor colour)
    {
        var path = workspace.Path;
        path.Rewind();
        path.MoveTo(0, Height);
        var rough = Height * rng.Range(0.02f, 0.18f);
        var (k, phase, k2, phase2) = (rng.Range(2f, 9f), rng.Range(0f, 6f), rng.Range(9f, 30f), rng.Range(0f, 6f));
        for (var i = 0; i <= 48; i++)
        {
            var share = i / 48f;
            path.LineTo(share * Width, level + rough * (MathF.Sin(k * share + phase) + 0.3f * MathF.Sin(k2 * share + phase2)));
        }
        path.LineTo(Width, Height);
        path.Close();
        _paint.Color = colour;
        canvas.DrawPath(path, _paint);
    }

    private void Blob(SKCanvas canvas, float x, float y, float radius, SKColor colour)
    {
        _paint.Color = colour;
        canvas.DrawOval(x, y, radius * rng.Range(0.9f, 1.4f), radius, _paint);
    }

    private void Gradient(SKCanvas canvas, SKRect area, SKColor from, SKColor to)
    {
        using var shader = SKShader.CreateLinearGradient(new SKPoint(0, area.Top), new SKPoint(rng.Range(0f, Width), area.Bottom), [from, to], SKShaderTileMode.Clamp);
        _paint.Shader = shader;
        canvas.DrawRect(new SKRect(0, 0, Width, Height), _paint);
        _paint.Shader = null;
    }

    private SKColor AnyColour() => Hue(rng.Range(0f, 360f), rng.Range(0f, 0.7f), rng.Range(0.15f, 0.95f));

    private static SKColor Hue(float degrees, float saturation, float value) => SKColor.FromHsv((degrees + 360f) % 360f, saturation * 100f, value * 100f);

    /// <summary>Moves the painting to the colour buffer with texture and light.</summary>
    private void Finish(float texture)
    {
        var tile = rng.Pick<float[]>([NoiseTiles.White, NoiseTiles.Grain, NoiseTiles.Clouds, NoiseTiles.Fibre]);
        var corner = rng.Below(NoiseTiles.Size);
        Lighting.Fill(workspace.Light, workspace.Width, workspace.Height, rng);
        var pixels = _bitmap.GetPixelSpan();
        for (var y = 0; y < workspace.Height; y++)
        {
            var noise = workspace.NoiseRows.A.AsSpan(0, workspace.Width);
            NoiseTiles.Row(tile, corner, corner + y, noise);
            for (var x = 0; x < workspace.Width; x++)
            {
                var at = y * workspace.Width + x;
                var factor = workspace.Light[at] * (1f + texture * noise[x]) / 255f;
                (workspace.Red[at], workspace.Green[at], workspace.Blue[at]) = (pixels[4 * at] * factor, pixels[4 * at + 1] * factor, pixels[4 * at + 2] * factor);
            }
        }
    }
}
