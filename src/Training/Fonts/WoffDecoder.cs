using System.Buffers.Binary;
using System.IO.Compression;

namespace EduVision.Training.Fonts;

/// <summary>Unpacks WOFF 1.0 (W3C Recommendation of 2012: sfnt tables, each zlib-compressed or stored) into the sfnt file it holds.</summary>
public static class WoffDecoder
{
    private const uint Signature = 0x774F4646; // "wOFF"
    private const int WoffHeader = 44, WoffEntry = 20, SfntHeader = 12, SfntEntry = 16;

    /// <summary>The TrueType or OpenType bytes inside <paramref name="woff"/>.</summary>
    /// <exception cref="InvalidDataException">Not a WOFF 1.0 file, or a table does not fit.</exception>
    public static byte[] Decode(ReadOnlySpan<byte> woff)
    {
        if (woff.Length < WoffHeader || BinaryPrimitives.ReadUInt32BigEndian(woff) != Signature)
            throw new InvalidDataException("Not a WOFF 1.0 file.");
        var flavor = BinaryPrimitives.ReadUInt32BigEndian(woff[4..]);
        int count = BinaryPrimitives.ReadUInt16BigEndian(woff[12..]);
        if (woff.Length < WoffHeader + count * WoffEntry) throw new InvalidDataException("The WOFF table directory is cut off.");

        var size = SfntHeader + count * SfntEntry;
        for (var i = 0; i < count; i++) size += Padded(Entry(woff, i).Length);
        var sfnt = new byte[size];
        WriteHeader(sfnt, flavor, count);

        var at = SfntHeader + count * SfntEntry;
        for (var i = 0; i < count; i++)
        {
            var (tag, offset, compressed, length, checksum) = Entry(woff, i);
            if (offset < 0 || compressed < 0 || offset > woff.Length - compressed) throw new InvalidDataException("A WOFF table lies outside the file.");
            var entry = sfnt.AsSpan(SfntHeader + i * SfntEntry);
            BinaryPrimitives.WriteUInt32BigEndian(entry, tag);
            BinaryPrimitives.WriteUInt32BigEndian(entry[4..], checksum);
            BinaryPrimitives.WriteInt32BigEndian(entry[8..], at);
            BinaryPrimitives.WriteInt32BigEndian(entry[12..], length);
            var stored = woff.Slice(offset, compressed);
            var table = sfnt.AsSpan(at, length);
            if (compressed == length) stored.CopyTo(table);
            else
            {
                using var inflate = new ZLibStream(new MemoryStream(stored.ToArray()), CompressionMode.Decompress);
                inflate.ReadExactly(table);
            }
            at += Padded(length);
        }
        return sfnt;
    }

    private static (uint Tag, int Offset, int Compressed, int Length, uint Checksum) Entry(ReadOnlySpan<byte> woff, int i)
    {
        var entry = woff[(WoffHeader + i * WoffEntry)..];
        return (BinaryPrimitives.ReadUInt32BigEndian(entry), BinaryPrimitives.ReadInt32BigEndian(entry[4..]),
            BinaryPrimitives.ReadInt32BigEndian(entry[8..]), BinaryPrimitives.ReadInt32BigEndian(entry[12..]),
            BinaryPrimitives.ReadUInt32BigEndian(entry[16..]));
    }

    private static void WriteHeader(Span<byte> sfnt, uint flavor, int count)
    {
        var log = count == 0 ? 0 : int.Log2(count);
        BinaryPrimitives.WriteUInt32BigEndian(sfnt, flavor);
        BinaryPrimitives.WriteUInt16BigEndian(sfnt[4..], (ushort)count);
        BinaryPrimitives.WriteUInt16BigEndian(sfnt[6..], (ushort)(16 << log));
        BinaryPrimitives.WriteUInt16BigEndian(sfnt[8..], (ushort)log);
        BinaryPrimitives.WriteUInt16BigEndian(sfnt[10..], (ushort)(count * 16 - (16 << log)));
    }

    private static int Padded(int length) => (length + 3) & ~3;
}
