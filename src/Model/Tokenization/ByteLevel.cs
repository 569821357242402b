using System.Collections.Frozen;
using System.Text;

namespace EduVision.Model.Tokenization;

/// <summary>
/// The byte-level alphabet of GPT-2: each byte has a printable character, so that vocabulary and merges are plain text.
/// Printable Latin-1 stands for itself; the other 68 bytes follow from U+0100 on (a space is <c>Ġ</c>).
/// </summary>
public static class ByteLevel
{
    private static readonly char[] CharOfByte = MakeAlphabet();
    private static readonly FrozenDictionary<char, byte> ByteOfChar =
        CharOfByte.Select((character, value) => KeyValuePair.Create(character, (byte)value)).ToFrozenDictionary();

    /// <summary>The character of each byte, by byte value.</summary>
    public static ReadOnlySpan<char> Alphabet => CharOfByte;

    /// <summary>Bytes in the alphabet's spelling.</summary>
    public static string Encode(ReadOnlySpan<byte> bytes)
    {
        Span<char> spelled = bytes.Length <= 256 ? stackalloc char[bytes.Length] : new char[bytes.Length];
        for (int i = 0; i < bytes.Length; i++)
        {
            spelled[i] = CharOfByte[bytes[i]];
        }

        return new string(spelled);
    }

    /// <summary>A text's UTF-8 bytes in the alphabet's spelling.</summary>
    public static string Spell(string text) => Encode(Encoding.UTF8.GetBytes(text));

    /// <summary>The bytes of a spelling, or false if it has a character outside the alphabet.</summary>
    public static bool TryDecode(string spelled, out byte[] bytes)
    {
        bytes = new byte[spelled.Length];
        for (int i = 0; i < bytes.Length; i++)
        {
            if (!ByteOfChar.TryGetValue(spelled[i], out bytes[i]))
            {
                return false;
            }
        }

        return true;
    }

    private static char[] MakeAlphabet()
    {
        var alphabet = new char[256];
        int next = 256;
        for (int value = 0; value < 256; value++)
        {
            bool printable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            alphabet[value] = printable ? (char)value : (char)next++;
        }

        return alphabet;
    }
}
