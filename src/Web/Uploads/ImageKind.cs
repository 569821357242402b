using System.Buffers.Binary;

namespace EduVision.Web.Uploads;

/// <summary>What an upload is, by its first bytes; its name and the sender's content type are never believed.</summary>
internal enum ImageKind
{
    /// <summary>JPEG.</summary>
    Jpeg,

    /// <summary>PNG.</summary>
    Png,

    /// <summary>WebP.</summary>
    WebP,

    /// <summary>TIFF, either byte order.</summary>
    Tiff,

    /// <summary>AVIF.</summary>
    Avif,

    /// <summary>HEIC, as iPhones write it.</summary>
    Heic,
}

internal static class ImageKinds
{
    /// <summary>How many bytes <see cref="Recognise"/> wants to see.</summary>
    public const int HeaderLength = 64;

    /// <summary>The kind, or null if it is none that is taken.</summary>
    public static ImageKind? Recognise(ReadOnlySpan<byte> header) => header switch
    {
        [0xFF, 0xD8, 0xFF, ..] => ImageKind.Jpeg,
        [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => ImageKind.Png,
        [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'E', (byte)'B', (byte)'P', ..] => ImageKind.WebP,
        [(byte)'I', (byte)'I', 42, 0, ..] or [(byte)'M', (byte)'M', 0, 42, ..] => ImageKind.Tiff,
        [_, _, _, _, (byte)'f', (byte)'t', (byte)'y', (byte)'p', ..] => Brand(header),
        _ => null,
    };

    // ISO/IEC 14496-12: size, "ftyp", major brand, version, then compatible brands to the end of the box.
    private static ImageKind? Brand(ReadOnlySpan<byte> header)
    {
        var end = (int)Math.Min(BinaryPrimitives.ReadUInt32BigEndian(header), (uint)header.Length);
        ImageKind? kind = null;
        for (var at = 8; at + 4 <= end; at += 4)
        {
            if (at == 12) continue;
            var brand = header.Slice(at, 4);
            if (brand.SequenceEqual("avif"u8) || brand.SequenceEqual("avis"u8)) return ImageKind.Avif;
            if (brand.SequenceEqual("heic"u8) || brand.SequenceEqual("heix"u8) || brand.SequenceEqual("heim"u8) || brand.SequenceEqual("heis"u8)) kind = ImageKind.Heic;
        }
        return kind;
    }
}
