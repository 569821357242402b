using System.Buffers.Binary;
using NetVips;

namespace EduVision.Model.Tests.Imaging;

/// <summary>A valid one-pixel PNG whose header, checksum included, claims another size.</summary>
internal static class PngBomb
{
    private const int HeaderType = 12, Width = 16, Height = 20, HeaderEnd = 29;

    public static byte[] Make(uint width, uint height)
    {
        using Image picture = Pictures.FromPixels([0, 0, 0], 1, 1, 3);
        byte[] png = picture.PngsaveBuffer();
        BinaryPrimitives.WriteUInt32BigEndian(png.AsSpan(Width), width);
        BinaryPrimitives.WriteUInt32BigEndian(png.AsSpan(Height), height);
        BinaryPrimitives.WriteUInt32BigEndian(png.AsSpan(HeaderEnd), Checksum(png.AsSpan(HeaderType, HeaderEnd - HeaderType)));
        return png;
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0xFFFFFFFF;
        foreach (byte value in bytes)
        {
            sum ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                sum = (sum >> 1) ^ ((sum & 1) * 0xEDB88320);
            }
        }

        return ~sum;
    }
}
