using System.Buffers.Binary;
using System.Text;

namespace EduVision.Model.Native;

/// <summary>The versions that a 64-bit little-endian ELF library demands of the libraries it needs (<c>.gnu.version_r</c>).</summary>
/// <remarks>Linux Standard Base, "Symbol Versioning".</remarks>
internal static class ElfVersions
{
    private const uint VersionNeedSection = 0x6ffffffe;
    private const ushort Weak = 2;

    /// <summary>Turns a demand into a wish: the loader then starts the library without that version too.</summary>
    /// <returns>Whether the library demands that version.</returns>
    public static bool MakeOptional(byte[] library, string version)
    {
        var bytes = library.AsSpan();
        if (bytes.Length < 64 || !bytes[..6].SequenceEqual((ReadOnlySpan<byte>)[0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1]))
        {
            return false;
        }

        var found = false;
        int sections = Offset(bytes, 0x28), sectionSize = Short(bytes, 0x3A), count = Short(bytes, 0x3C);
        for (var i = 0; i < count; i++)
        {
            var section = bytes[(sections + (i * sectionSize))..];
            if (Word(section, 4) == VersionNeedSection)
            {
                var names = Offset(bytes, sections + ((int)Word(section, 0x28) * sectionSize) + 0x18);
                found |= MakeOptional(bytes, Offset(section, 0x18), (int)Word(section, 0x2C), names, version);
            }
        }

        return found;
    }

    private static bool MakeOptional(Span<byte> bytes, int need, int libraries, int names, string version)
    {
        var found = false;
        for (var i = 0; i < libraries; i++)
        {
            var entry = need + (int)Word(bytes, need + 8);
            for (var j = 0; j < Short(bytes, need + 2); j++)
            {
                var name = bytes[(names + (int)Word(bytes, entry + 8))..];
                if (Encoding.ASCII.GetString(name[..name.IndexOf((byte)0)]) == version)
                {
                    BinaryPrimitives.WriteUInt16LittleEndian(bytes[(entry + 4)..], (ushort)(Short(bytes, entry + 4) | Weak));
                    found = true;
                }

                entry += (int)Word(bytes, entry + 12);
            }

            need += (int)Word(bytes, need + 12);
        }

        return found;
    }

    private static int Offset(ReadOnlySpan<byte> bytes, int at) => checked((int)BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]));

    private static uint Word(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static ushort Short(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);
}
