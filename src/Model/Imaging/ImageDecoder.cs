using System.Runtime.InteropServices;
using NetVips;

namespace EduVision.Model.Imaging;

/// <summary>What a file's header says, before any pixel is decoded.</summary>
/// <param name="Format">The format, by its first bytes.</param>
/// <param name="Width">Pixels in a row of the upright picture.</param>
/// <param name="Height">Rows of the upright picture.</param>
public readonly record struct ImageHeader(ImageFormat Format, int Width, int Height);

/// <summary>
/// The one place that knows an image library: libvips for all but HEIC, which its prebuilt binaries leave out (<see cref="HeicDecoder"/>).
/// Colour profiles of RGB pictures are not applied, as in the reference.
/// </summary>
public static class ImageDecoder
{
    private static readonly Log.LogDelegate Silent = (_, _, _) => { };

    static ImageDecoder()
    {
        // libvips keeps results of recent operations: here they would be people's photos, in memory long after their request.
        Cache.Max = 0;
        // It warns on standard error about what then fails with the same words.
        Log.SetLogHandler("VIPS", Enums.LogLevelFlags.Warning, Silent);
    }

    /// <summary>Format and upright size.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="limits">What is too much.</param>
    /// <exception cref="ImageException">Unreadable, or above a limit.</exception>
    public static ImageHeader ReadHeader(ReadOnlyMemory<byte> bytes, ImageLimits limits)
    {
        ImageFormat format = Check(bytes, limits);
        ImageHeader header = Guarded(() =>
        {
            if (format == ImageFormat.Heic)
            {
                return HeicDecoder.ReadHeader(bytes);
            }

            using Image image = Open(ToArray(bytes), format, shrink: 1);
            return Orientation(image) >= 5
                ? new ImageHeader(format, image.Height, image.Width)
                : new ImageHeader(format, image.Width, image.Height);
        });
        long pixels = (long)header.Width * header.Height;
        return pixels <= limits.MaxPixels ? header : throw ImageException.TooManyPixels(limits.MaxPixels, pixels);
    }

    /// <summary>The picture: upright by EXIF, RGB, 8 bits a channel, transparency on white.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="limits">What is too much; checked against the header first.</param>
    /// <param name="enough">
    /// A size the picture is going to be shrunk to. A JPEG is then decoded at 1/2, 1/4 or 1/8, as long as that leaves both sides at
    /// least twice this; its pixels then differ slightly from those of a full decode. Null decodes it in full.
    /// </param>
    /// <exception cref="ImageException">Unreadable, cut off, or above a limit.</exception>
    public static RgbImage Decode(ReadOnlyMemory<byte> bytes, ImageLimits limits, (int Width, int Height)? enough = null)
    {
        ImageHeader header = ReadHeader(bytes, limits);
        return Guarded(() =>
        {
            if (header.Format == ImageFormat.Heic)
            {
                return HeicDecoder.Decode(bytes);
            }

            int shrink = header.Format == ImageFormat.Jpeg && enough is { } size ? JpegShrink(header, size) : 1;
            using Image image = Open(ToArray(bytes), header.Format, shrink);
            using Image rgb = ToRgb(image);
            return ToUpright(rgb, Orientation(image));
        });
    }

    private static ImageFormat Check(ReadOnlyMemory<byte> bytes, ImageLimits limits)
    {
        if (bytes.Length > limits.MaxBytes)
        {
            throw ImageException.TooManyBytes(limits.MaxBytes, bytes.Length);
        }

        return bytes.IsEmpty
            ? throw ImageException.Unreadable("the file is empty")
            : ImageFormatSniffer.Sniff(bytes.Span) ?? throw ImageException.Unreadable("its first bytes are of no supported format");
    }

    // A file cut off half-way is refused rather than padded with grey.
    private static Image Open(byte[] bytes, ImageFormat format, int shrink) => format switch
    {
        ImageFormat.Jpeg => Image.JpegloadBuffer(bytes, shrink: shrink, access: Enums.Access.Sequential, failOn: Enums.FailOn.Truncated),
        ImageFormat.Png => Image.PngloadBuffer(bytes, access: Enums.Access.Sequential, failOn: Enums.FailOn.Truncated),
        ImageFormat.WebP => Image.WebploadBuffer(bytes, access: Enums.Access.Sequential, failOn: Enums.FailOn.Truncated),
        ImageFormat.Tiff => Image.TiffloadBuffer(bytes, access: Enums.Access.Sequential, failOn: Enums.FailOn.Truncated),
        ImageFormat.Avif => Image.HeifloadBuffer(bytes, access: Enums.Access.Sequential, failOn: Enums.FailOn.Truncated),
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "No loader."),
    };

    private static int JpegShrink(ImageHeader header, (int Width, int Height) enough)
    {
        int shrink = 8;
        while (shrink > 1 && (header.Width / shrink < 2 * enough.Width || header.Height / shrink < 2 * enough.Height))
        {
            shrink /= 2;
        }

        return shrink;
    }

    private static int Orientation(Image image) => image.Contains("orientation") ? (int)image.Get("orientation") : 1;

    private static Image ToRgb(Image image)
    {
        Image? flat = null;
        try
        {
            if (image.HasAlpha())
            {
                double white = image.Format == Enums.BandFormat.Ushort ? ushort.MaxValue : byte.MaxValue;
                flat = image.Flatten(background: [white]);
            }

            Image rgb = (flat ?? image).Colourspace(Enums.Interpretation.Srgb);
            return rgb is { Bands: 3, Format: Enums.BandFormat.Uchar }
                ? rgb
                : throw ImageException.Unreadable($"its colours ({image.Bands} channels, {image.Interpretation}) cannot be turned into RGB");
        }
        finally
        {
            flat?.Dispose();
        }
    }

    private static RgbImage ToUpright(Image rgb, int orientation)
    {
        if (orientation is < 2 or > 8)
        {
            return new RgbImage(rgb.Width, rgb.Height, rgb.WriteToMemory<byte>());
        }

        // Rows come in order from a sequential decode; turning them takes all of them.
        using Image all = rgb.CopyMemory();
        using Image upright = all.Autorot();
        return new RgbImage(upright.Width, upright.Height, upright.WriteToMemory<byte>());
    }

    private static byte[] ToArray(ReadOnlyMemory<byte> bytes) =>
        MemoryMarshal.TryGetArray(bytes, out ArraySegment<byte> segment) && segment.Offset == 0 && segment.Count == segment.Array!.Length
            ? segment.Array
            : bytes.ToArray();

    private static T Guarded<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception exception) when (exception is VipsException or ImageMagick.MagickException)
        {
            // libvips answers on several lines: the call, then the reason.
            string reason = exception.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)[^1];
            throw ImageException.Unreadable(reason, exception);
        }
    }
}
