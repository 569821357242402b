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
            _jpegQuality = rng.Chance(0.4f) ? 25 + rng.Below(65) : 0,
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

    /// <summary>Turns tones [height, width, 3] into bytes.</summary>
    public byte[] Expose(Workspace workspace, Rng rng)
    {
        var rgb = new byte[3 * workspace.Pixels];
        var colour = workspace.Colour;
        var white = NoiseTiles.White;
        var (luma, chroma) = (_noise * 255f, _noise * _colourNoise * 255f);
        int corner = rng.Below(NoiseTiles.Size), redCorner = rng.Below(NoiseTiles.Size), blueCorner = rng.Below(NoiseTiles.Size);
        var range = 255f * (1f - _lift) * _gain;
        var (scaleR, scaleG, scaleB, lift) = (range * _red, range * _green, range * _blue, 255f * _lift + 0.5f);
        for (var y = 0; y < workspace.Height; y++)
        {
            int row = ((corner + y) & NoiseTiles.Wrap) * NoiseTiles.Size, redRow = ((redCorner + y) & NoiseTiles.Wrap) * NoiseTiles.Size, blueRow = ((blueCorner + y) & NoiseTiles.Wrap) * NoiseTiles.Size;
            var at = 3 * y * workspace.Width;
            for (var x = 0; x < workspace.Width; x++, at += 3)
            {
                var common = luma * white[row | (corner + x) & NoiseTiles.Wrap] + lift;
                rgb[at] = ToByte(colour[at] * scaleR + common + chroma * white[redRow | (redCorner + x) & NoiseTiles.Wrap]);
                rgb[at + 1] = ToByte(colour[at + 1] * scaleG + common);
                rgb[at + 2] = ToByte(colour[at + 2] * scaleB + common + chroma * white[blueRow | (blueCorner + x) & NoiseTiles.Wrap]);
            }
        }
        if (_jpegQuality > 0) Compress(rgb, workspace.Width, workspace.Height, _jpegQuality);
        return rgb;
    }

    private static byte ToByte(float value) => (byte)Math.Clamp(value, 0f, 255f);

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
