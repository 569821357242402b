using ImageMagick;

namespace EduVision.Model.Imaging;

/// <summary>An iPhone's HEIC through Magick.NET. The decoder itself turns the picture upright, as the format asks.</summary>
internal static class HeicDecoder
{
    public static ImageHeader ReadHeader(ReadOnlyMemory<byte> bytes)
    {
        var info = new MagickImageInfo();
        info.Read(bytes.Span, Settings());
        return new ImageHeader(ImageFormat.Heic, (int)info.Width, (int)info.Height);
    }

    public static RgbImage Decode(ReadOnlyMemory<byte> bytes)
    {
        using var image = new MagickImage(bytes.Span, Settings());
        image.BackgroundColor = MagickColors.White;
        image.Alpha(AlphaAction.Remove);
        image.ColorSpace = ColorSpace.sRGB;
        using IPixelCollection<byte> pixels = image.GetPixels();
        byte[] rgb = pixels.ToByteArray(PixelMapping.RGB) ?? throw ImageException.Unreadable("its pixels cannot be read");
        return new RgbImage((int)image.Width, (int)image.Height, rgb);
    }

    private static MagickReadSettings Settings() => new() { Format = MagickFormat.Heic, FrameIndex = 0, FrameCount = 1 };
}
