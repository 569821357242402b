using System.Numerics;
using EduVision.Training.Rendering.Pages;
using SkiaSharp;

namespace EduVision.Training.Rendering.Camera;

/// <summary>Exposure, white balance, noise and compression of one photo.</summary>
internal sealed class Sensor
{
    private float _red = 1f, _green = 1f, _blue = 1f, _lift, _gain = 1f, _noise, _colourNoise;
    private int _jpegQuality;

    /// <summary>
    /// A usual phone: well exposed, some cast, little noise, often compressed. Where ink and paper differ little
    /// (<paramref name="contrast"/>, 0 to 1) exposure and noise stay within what a person can still read.
    /// </summary>
    public static Sensor Draw(Rng rng, float contrast = 1f)
    {
        var cast = rng.Gauss(0f, 0.035f);
        var gain = Math.Max(rng.Chance(0.2f) ? rng.Range(0.45f, 0.75f) : rng.Range(0.75f, 1.08f), Math.Min(0.32f / contrast, 1f));
        return new Sensor
        {
            _red = 1f + cast,
            _green = 1f + rng.Gauss(0f, 0.012f),
            _blue = 1f - cast,
            _lift = rng.Chance(0.3f) ? rng.Range(0f, 0.18f) : rng.Range(0f, 0.05f),
            _gain = gain,
            _noise = Math.Min(rng.Chance(0.3f) ? rng.Range(0.01f, 0.045f) : rng.Range(0f, 0.012f), 0.11f * contrast * gain),
            _colourNoise = rng.Range(0f, 0.6f),
            _jpegQuality = rng.Chance(0.3f) ? 25 + rng.Below(65) : 0,
        };
    }

    /// <summary>A photo in the dark: almost black, noisy.</summary>
    public static Sensor Dark(Rng rng)
    {
        var gain = rng.Range(0.008f, 0.04f);
        return new Sensor
        {
            // At least as much noise as there is light between ink and paper.
            _gain = gain, _noise = Math.Max(gain * rng.Range(1f, 2f), 0.008f), _colourNoise = rng.Unit(), _lift = rng.Range(0f, 0.02f), _jpegQuality = rng.Chance(0.5f) ? 40 : 0,
        };
    }

    /// <summary>No camera at all: tones as they are.</summary>
    public static Sensor None { get; } = new();

    /// <summary>Turns the workspace's tones, which are used up, into bytes [height, width, 3].</summary>
    public byte[] Expose(Workspace workspace, Rng rng)
    {
        var rgb = new byte[3 * workspace.Pixels];
        int corner = rng.Below(NoiseTiles.Size), redCorner = rng.Below(NoiseTiles.Size), blueCorner = rng.Below(NoiseTiles.Size);
        for (var y = 0; y < workspace.Height; y++)
        {
            int start = y * workspace.Width, width = workspace.Width;
            var common = workspace.NoiseRows.A.AsSpan(0, width);
            var redNoise = workspace.NoiseRows.B.AsSpan(0, width);
            var blueNoise = workspace.NoiseRows.C.AsSpan(0, width);
            NoiseTiles.Row(NoiseTiles.White, corner, corner + y, common);
            NoiseTiles.Row(NoiseTiles.White, redCorner, redCorner + y, redNoise);
            NoiseTiles.Row(NoiseTiles.White, blueCorner, blueCorner + y, blueNoise);
            var red = workspace.Red.AsSpan(start, width);
            var green = workspace.Green.AsSpan(start, width);
            var blue = workspace.Blue.AsSpan(start, width);
            Expose(red, green, blue, common, redNoise, blueNoise);
            for (int x = 0, at = 3 * start; x < width; x++, at += 3) (rgb[at], rgb[at + 1], rgb[at + 2]) = ((byte)red[x], (byte)green[x], (byte)blue[x]);
        }
        if (_jpegQuality > 0) Compress(rgb, workspace.Width, workspace.Height, _jpegQuality);
        return rgb;
    }

    /// <summary>One row of tones, in place, to levels from 0 to 255; rows are multiples of 32 long.</summary>
    private void Expose(Span<float> red, Span<float> green, Span<float> blue, ReadOnlySpan<float> common, ReadOnlySpan<float> redNoise, ReadOnlySpan<float> blueNoise)
    {
        var (luma, chroma, range) = (_noise * 255f, _noise * _colourNoise * 255f, 255f * (1f - _lift) * _gain);
        var lift = new Vector<float>(255f * _lift + 0.5f); // and half a level, since bytes are cut, not rounded
        for (var x = 0; x < red.Length; x += Vector<float>.Count)
        {
            var shared = new Vector<float>(common[x..]) * luma + lift;
            Level(red[x..], range * _red, shared + new Vector<float>(redNoise[x..]) * chroma);
            Level(green[x..], range * _green, shared);
            Level(blue[x..], range * _blue, shared + new Vector<float>(blueNoise[x..]) * chroma);
        }

        static void Level(Span<float> tones, float scale, Vector<float> added) =>
            Vector.Min(Vector.Max(new Vector<float>(tones) * scale + added, Vector<float>.Zero), new Vector<float>(255f)).CopyTo(tones);
    }

    /// <summary>Encodes as JPEG and decodes again, in place.</summary>
    private static void Compress(byte[] rgb, int width, int height, int quality)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        var pixels = bitmap.GetPixelSpan();
        for (int from = 0, to = 0; from < rgb.Length; from += 3, to += 4)
        {
            pixels[to] = rgb[from];
            pixels[to + 1] = rgb[from + 1];
            pixels[to + 2] = rgb[from + 2];
            pixels[to + 3] = 255;
        }
        using var pixmap = bitmap.PeekPixels();
        using var data = pixmap.Encode(new SKJpegEncoderOptions(quality, SKJpegEncoderDownsample.Downsample420, SKJpegEncoderAlphaOption.Ignore))
            ?? throw new InvalidOperationException("JPEG encoding failed.");
        using var codec = SKCodec.Create(data);
        if (codec.GetPixels(bitmap.Info, bitmap.GetPixels()) != SKCodecResult.Success) throw new InvalidOperationException("JPEG decoding failed.");
        for (int to = 0, from = 0; to < rgb.Length; to += 3, from += 4)
        {
            rgb[to] = pixels[from];
            rgb[to + 1] = pixels[from + 1];
            rgb[to + 2] = pixels[from + 2];
        }
    }
}
