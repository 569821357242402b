using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace EduVision.Training.Scoring;

/// <summary>Splits LaTeX into control words and single characters, without what does not change the mathematics.</summary>
public static partial class LatexTokens
{
    private static readonly ImmutableHashSet<string> Invisible =
    [
        @"\left", @"\right", @"\,", @"\;", @"\:", @"\!", @"\ ", @"\quad", @"\qquad", @"\displaystyle", @"\limits", "~",
    ];

    /// <summary>Commands with two spellings of one meaning. A raised dot and a cross both stand for a product.</summary>
    private static readonly ImmutableDictionary<string, string> Spellings = new Dictionary<string, string>
    {
        [@"\cdot"] = @"\times",
        [@"\le"] = @"\leq",
        [@"\ge"] = @"\geq",
        [@"\ne"] = @"\neq",
        [@"\lt"] = "<",
        [@"\gt"] = ">",
        [@"\dfrac"] = @"\frac",
        [@"\tfrac"] = @"\frac",
        [@"\to"] = @"\rightarrow",
        ["×"] = @"\times",
        ["÷"] = @"\div",
        ["−"] = "-",
    }.ToImmutableDictionary();

    /// <summary>The tokens, braces among them; math delimiters at the ends are dropped.</summary>
    public static ImmutableArray<string> Split(string latex) =>
    [
        .. Token().Matches(WithoutDelimiters(latex)).Select(match => match.Value)
            .Where(token => !string.IsNullOrWhiteSpace(token) && !Invisible.Contains(token))
            .Select(token => Spellings.GetValueOrDefault(token, token)),
    ];

    /// <summary>The text inside <c>$…$</c>, <c>$$…$$</c>, <c>\(…\)</c> or <c>\[…\]</c>; the text itself where it has none of these.</summary>
    public static string WithoutDelimiters(string text)
    {
        text = text.Trim();
        foreach (var (open, close) in new[] { ("$$", "$$"), ("$", "$"), (@"\(", @"\)"), (@"\[", @"\]") })
        {
            if (text.Length >= open.Length + close.Length && text.StartsWith(open, StringComparison.Ordinal) && text.EndsWith(close, StringComparison.Ordinal))
                return text[open.Length..^close.Length].Trim();
        }
        return text;
    }

    [GeneratedRegex(@"\\[A-Za-z]+|\\.|\s+|.", RegexOptions.Singleline)]
    private static partial Regex Token();
}
