using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace EduVision.Model.Tokenization;

/// <summary>
/// Cuts a text into pieces that no merge crosses: each match of the file's regular expression, and what lies between matches.
/// </summary>
/// <remarks>
/// The reference's expressions run over code points, .NET's over UTF-16 units, where a letter outside the basic plane is no
/// letter. So such characters are replaced by one of the same category inside it before matching.
/// </remarks>
public sealed partial class PreTokenizer
{
    private readonly Regex regex;

    private PreTokenizer(Regex regex) => this.regex = regex;

    /// <summary>The expression of Qwen2 and Qwen3 tokenizers.</summary>
    public const string QwenPattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>The pre-tokenizer of Qwen2 and Qwen3.</summary>
    public static PreTokenizer Qwen { get; } = new(QwenRegex());

    /// <summary>A pre-tokenizer for an expression from a file.</summary>
    /// <exception cref="ArgumentException">The expression is not understood.</exception>
    public static PreTokenizer FromPattern(string pattern) =>
        pattern == QwenPattern ? Qwen : new PreTokenizer(new Regex(pattern, RegexOptions.Compiled | RegexOptions.CultureInvariant));

    /// <summary>The pieces of a text that was normalised already; together they are the text.</summary>
    public List<string> Split(string normalized)
    {
        var pieces = new List<string>();
        foreach (Range range in Ranges(normalized))
        {
            pieces.Add(normalized[range]);
        }

        return pieces;
    }

    internal List<Range> Ranges(string text)
    {
        var ranges = new List<Range>();
        int[]? starts = null;
        string matched = text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF') ? ToBasicPlane(text, out starts) : text;
        int end = 0;
        foreach (ValueMatch match in regex.EnumerateMatches(matched))
        {
            if (match.Length == 0)
            {
                continue;
            }

            if (match.Index > end)
            {
                ranges.Add(Original(end, match.Index));
            }

            end = match.Index + match.Length;
            ranges.Add(Original(match.Index, end));
        }

        if (end < matched.Length)
        {
            ranges.Add(Original(end, matched.Length));
        }

        return ranges;

        Range Original(int from, int to) => starts is null ? from..to : starts[from]..starts[to];
    }

    private static string ToBasicPlane(string text, out int[] starts)
    {
        var mapped = new StringBuilder(text.Length);
        var positions = new List<int>(text.Length + 1);
        int position = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            positions.Add(position);
            mapped.Append(rune.IsBmp ? (char)rune.Value : StandIn(Rune.GetUnicodeCategory(rune)));
            position += rune.Utf16SequenceLength;
        }

        positions.Add(position);
        starts = [.. positions];
        return mapped.ToString();
    }

    private static char StandIn(UnicodeCategory category) => category switch
    {
        UnicodeCategory.UppercaseLetter => 'Ж',
        UnicodeCategory.LowercaseLetter => 'ж',
        UnicodeCategory.TitlecaseLetter => 'ǅ',
        UnicodeCategory.ModifierLetter => 'ʰ',
        UnicodeCategory.OtherLetter => '一',
        UnicodeCategory.NonSpacingMark => '\u0302',
        UnicodeCategory.SpacingCombiningMark => '\u0903',
        UnicodeCategory.EnclosingMark => '\u20DD',
        UnicodeCategory.DecimalDigitNumber => '٣',
        UnicodeCategory.LetterNumber => 'Ⅷ',
        UnicodeCategory.OtherNumber => '½',
        UnicodeCategory.MathSymbol => '∑',
        UnicodeCategory.OtherPunctuation => '。',
        UnicodeCategory.OtherNotAssigned => '\u0378',
        UnicodeCategory.PrivateUse => '\uE000',
        UnicodeCategory.Format => '\u200B',
        _ => '☃',
    };

    [GeneratedRegex(QwenPattern, RegexOptions.CultureInvariant)]
    private static partial Regex QwenRegex();
}
