using EduVision.Shared;
using ImageMagick;
using NetVips;

namespace EduVision.Web.Uploads;

/// <summary>The one file that knows the image libraries: NetVips for everything, Magick.NET to open HEIC, which libvips is built without.</summary>
internal static class PhotoCodec
{
    private static readonly Lock HeicLock = new();

    static PhotoCodec()
    {
        // Every upload is decoded once; what is wrong with it goes to the person, not to the console.
        Cache.Max = 0;
        Log.SetLogHandler("VIPS", Enums.LogLevelFlags.Warning, (_, _, _) => { });
    }

    /// <summary>Width and height from the header; nothing is decoded.</summary>
    /// <exception cref="UploadRefusedException">The header makes no sense.</exception>
    public static (int Width, int Height) Measure(string path, ImageKind kind)
    {
        try
        {
            if (kind == ImageKind.Heic)
            {
                var info = new MagickImageInfo(path, new MagickReadSettings { Format = MagickFormat.Heic });
                return ((int)info.Width, (int)info.Height);
            }
            using var header = Image.NewFromFile(path, access: Enums.Access.Sequential);
            return (header.Width, header.Height);
        }
        catch (Exception e) when (e is VipsException or MagickException)
        {
            throw Unreadable(e);
        }
    }

    /// <summary>Decodes, turns upright, brings to 8-bit sRGB on white, and writes it again without metadata.</summary>
    /// <param name="path">The upload, already measured.</param>
    /// <param name="kind">What it is.</param>
    /// <param name="quarterTurns">Clockwise turns that the person asked for.</param>
    /// <returns>The bytes to store, their file extension, and the upright size.</returns>
    /// <exception cref="UploadRefusedException">It is damaged or cut off.</exception>
    public static (byte[] Bytes, string Extension, int Width, int Height) Normalise(string path, ImageKind kind, int quarterTurns = 0)
    {
        try
        {
            using var opened = kind == ImageKind.Heic ? OpenHeic(path) : Image.NewFromFile(path, access: Enums.Access.Random, failOn: Enums.FailOn.Truncated);
            using var upright = opened.Autorot();
            using var colour = ToSrgb(upright);
            using var turned = colour.Rot((Enums.Angle)(quarterTurns & 3));
            var (bytes, extension) = kind switch
            {
                ImageKind.Png or ImageKind.Tiff => (turned.PngsaveBuffer(compression: 6, keep: Enums.ForeignKeep.None), ".png"),
                ImageKind.WebP => (turned.WebpsaveBuffer(q: 95, keep: Enums.ForeignKeep.None), ".webp"),
                _ => (turned.JpegsaveBuffer(q: 95, subsampleMode: Enums.ForeignSubsample.Off, keep: Enums.ForeignKeep.None), ".jpg"),
            };
            return (bytes, extension, turned.Width, turned.Height);
        }
        catch (Exception e) when (e is VipsException or MagickException)
        {
            throw Unreadable(e);
        }
    }

    /// <summary>A small WebP of a stored photo.</summary>
    public static byte[] Thumbnail(byte[] photo, int side)
    {
        using var small = Image.ThumbnailBuffer(photo, side, height: side, size: Enums.Size.Down);
        return small.WebpsaveBuffer(q: 80, keep: Enums.ForeignKeep.None);
    }

    private static Image ToSrgb(Image image)
    {
        var result = image.Contains("icc-profile-data") ? TryProfile(image) : image.Copy();
        if (result.Interpretation is not (Enums.Interpretation.Srgb or Enums.Interpretation.Bw)) result = Replace(result, result.Colourspace(Enums.Interpretation.Srgb));
        if (result.HasAlpha()) result = Replace(result, result.Flatten(background: [255.0]));
        if (result.Format != Enums.BandFormat.Uchar) result = Replace(result, result.Cast(Enums.BandFormat.Uchar));
        return result;
    }

    // A broken profile is no reason to refuse a photo: its numbers are then taken for sRGB.
    private static Image TryProfile(Image image)
    {
        try
        {
            return image.IccTransform("srgb", embedded: true, intent: Enums.Intent.Perceptual, depth: 8);
        }
        catch (VipsException)
        {
            return image.Copy();
        }
    }

    private static Image Replace(Image old, Image next)
    {
        old.Dispose();
        return next;
    }

    private static Image OpenHeic(string path)
    {
        // libheif turns the picture itself. One at a time: a decoded HEIC is in memory twice for a moment.
        lock (HeicLock)
        {
            using var heic = new MagickImage(path, MagickFormat.Heic);
            heic.TransformColorSpace(ColorProfiles.SRGB);
            using var pixels = heic.GetPixels();
            var bytes = pixels.ToByteArray(PixelMapping.RGB)!;
            using var raw = Image.NewFromMemory(bytes, (int)heic.Width, (int)heic.Height, 3, Enums.BandFormat.Uchar);
            return raw.Copy(interpretation: Enums.Interpretation.Srgb);
        }
    }

    private static UploadRefusedException Unreadable(Exception e) => new(FailureCode.ImageUnreadable, ("reason", e.Message.Split('\n')[0].Trim()));
}
