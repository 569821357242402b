namespace EduVision.Model.Imaging;

/// <summary>A decoded picture: upright, 8 bits a channel, no alpha.</summary>
public sealed class RgbImage
{
    /// <param name="width">Pixels in a row, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="pixels">Rows top to bottom, each of R, G, B triples; 3 * width * height bytes.</param>
    /// <exception cref="ArgumentException">The number of bytes is another.</exception>
    public RgbImage(int width, int height, byte[] pixels)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (pixels.LongLength != 3L * width * height)
        {
            throw new ArgumentException($"{width} x {height} RGB pixels take {3L * width * height} bytes, not {pixels.LongLength}.", nameof(pixels));
        }

        Width = width;
        Height = height;
        Pixels = pixels;
    }

    /// <summary>Pixels in a row.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>Rows top to bottom, each of R, G, B triples.</summary>
#pragma warning disable CA1819 // The resampler and the patchifier run over the bytes themselves.
    public byte[] Pixels { get; }
#pragma warning restore CA1819
}
