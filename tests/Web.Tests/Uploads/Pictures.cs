using System.Buffers.Binary;
using NetVips;

namespace EduVision.Web.Tests.Uploads;

/// <summary>Images made on the spot, good and bad.</summary>
internal static class Pictures
{
    /// <summary>A picture whose left half is black and whose right half is white.</summary>
    public static Image HalfBlack(int width, int height)
    {
        if (width < 2) return Image.Black(width, height, bands: 3).Copy(interpretation: Enums.Interpretation.Srgb);
        using var black = Image.Black(width / 2, height, bands: 3);
        using var rest = Image.Black(width - (width / 2), height, bands: 3);
        using var white = rest.Invert();
        using var joined = black.Join(white, Enums.Direction.Horizontal);
        return joined.Copy(interpretation: Enums.Interpretation.Srgb);
    }

    public static byte[] Jpeg(int width = 120, int height = 80)
    {
        using var image = HalfBlack(width, height);
        return image.JpegsaveBuffer(q: 90);
    }

    public static byte[] Png(int width = 120, int height = 80)
    {
        using var image = HalfBlack(width, height);
        return image.PngsaveBuffer();
    }

    /// <summary>A JPEG with an EXIF orientation and a place in its metadata.</summary>
    public static byte[] JpegWithExif(int orientation)
    {
        using var image = HalfBlack(120, 80);
        using var tagged = image.Mutate(m =>
        {
            m.Set(GValue.GIntType, "orientation", orientation);
            m.Set(GValue.GStrType, "exif-ifd0-Make", "SecretCamera (SecretCamera, ASCII, 13 components, 13 bytes)");
            m.Set(GValue.GStrType, "exif-ifd3-GPSLatitude", "31/1 14/1 0/1 (31, 14, 0, Rational, 3 components, 24 bytes)");
        });
        return tagged.JpegsaveBuffer(q: 90);
    }

    /// <summary>A PNG of a few bytes whose header promises an enormous picture.</summary>
    public static byte[] Bomb(int width, int height)
    {
        var small = Png(16, 16);
        var bomb = (byte[])small.Clone();
        BinaryPrimitives.WriteInt32BigEndian(bomb.AsSpan(16), width);
        BinaryPrimitives.WriteInt32BigEndian(bomb.AsSpan(20), height);
        BinaryPrimitives.WriteUInt32BigEndian(bomb.AsSpan(29), Crc(bomb.AsSpan(12, 17)));
        return bomb;
    }

    // PNG's CRC-32 (ISO 3309), bit by bit.
    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++) crc = (crc & 1) == 0 ? crc >> 1 : (crc >> 1) ^ 0xEDB88320;
        }
        return ~crc;
    }
}
