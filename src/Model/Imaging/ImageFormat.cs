using System.Buffers.Binary;
using System.Text;

namespace EduVision.Model.Imaging;

/// <summary>File formats that are read.</summary>
public enum ImageFormat
{
    /// <summary>JPEG.</summary>
    Jpeg,

    /// <summary>PNG.</summary>
    Png,

    /// <summary>WebP; of an animation the first frame.</summary>
    WebP,

    /// <summary>TIFF; the first page.</summary>
    Tiff,

    /// <summary>AVIF.</summary>
    Avif,

    /// <summary>HEIF with HEVC, as iPhones write it.</summary>
    Heic,
}

/// <summary>Tells formats by their first bytes; a file's name and declared type count for nothing.</summary>
internal static class ImageFormatSniffer
{
    private static readonly HashSet<string> HeicBrands = ["heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs", "mif1", "msf1"];

    public static ImageFormat? Sniff(ReadOnlySpan<byte> bytes) => bytes switch
    {
        [0xFF, 0xD8, 0xFF, ..] => ImageFormat.Jpeg,
        [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => ImageFormat.Png,
        [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'E', (byte)'B', (byte)'P', ..] => ImageFormat.WebP,
        [(byte)'I', (byte)'I', 42 or 43, 0, ..] or [(byte)'M', (byte)'M', 0, 42 or 43, ..] => ImageFormat.Tiff,
        [_, _, _, _, (byte)'f', (byte)'t', (byte)'y', (byte)'p', ..] => SniffBrands(bytes),
        _ => null,
    };

    // ISO base media: [size][ftyp][major brand][version][compatible brands...].
    private static ImageFormat? SniffBrands(ReadOnlySpan<byte> bytes)
    {
        int end = (int)Math.Min(BinaryPrimitives.ReadUInt32BigEndian(bytes), (uint)Math.Min(bytes.Length, 256));
        bool heic = false;
        for (int at = 8; at + 4 <= end; at += at == 8 ? 8 : 4)
        {
            string brand = Encoding.ASCII.GetString(bytes.Slice(at, 4));
            if (brand is "avif" or "avis")
            {
                return ImageFormat.Avif;
            }

            heic |= HeicBrands.Contains(brand);
        }

        return heic ? ImageFormat.Heic : null;
    }
}
