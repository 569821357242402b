namespace EduVision.Web.Answers.Markdown;

/// <summary>What a stretch of Markdown is to somebody who must not touch mathematics or code.</summary>
internal enum SpanKind
{
    /// <summary>Markdown.</summary>
    Text,

    /// <summary>Inline or fenced code, delimiters included.</summary>
    Code,

    /// <summary>Mathematics in a line: <c>\( \)</c> or <c>$ $</c>.</summary>
    InlineMath,

    /// <summary>Mathematics on its own: <c>\[ \]</c> or <c>$$ $$</c>.</summary>
    DisplayMath,
}

/// <summary>A stretch of the source.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Start">Index of its first character, delimiter included.</param>
/// <param name="End">Index after its last character.</param>
/// <param name="Delimiter">Length of the opening delimiter.</param>
/// <param name="Closed">False when the source ends inside it.</param>
internal readonly record struct MarkdownSpan(SpanKind Kind, int Start, int End, int Delimiter, bool Closed)
{
    /// <summary>The inside, without delimiters.</summary>
    public ReadOnlySpan<char> Inside(ReadOnlySpan<char> source) => source[(Start + Delimiter)..(Closed ? End - Delimiter : End)];
}

/// <summary>Finds mathematics and code before Markdown is parsed, so that <c>_</c>, <c>*</c>, <c>\\</c> and <c>&lt;</c> inside a formula stay a formula's.</summary>
internal static class MathScanner
{
    /// <summary>The protected stretches in order; everything between them is text.</summary>
    public static List<MarkdownSpan> Scan(ReadOnlySpan<char> source)
    {
        var spans = new List<MarkdownSpan>();
        var at = 0;
        while (at < source.Length)
        {
            var found = IsLineStart(source, at) && Fence(source, at) is { } fence ? fence
                : source[at] switch
                {
                    '`' => InlineCode(source, at),
                    '\\' => Bracketed(source, at),
                    '$' => Dollars(source, at),
                    _ => (MarkdownSpan?)null,
                };
            if (found is { } span)
            {
                spans.Add(span);
                at = span.End;
            }
            else
            {
                at += Step(source, at);
            }
        }
        return spans;
    }

    // Over an escaped character, or a whole run of backticks or dollars that opened nothing.
    private static int Step(ReadOnlySpan<char> source, int at) => source[at] switch
    {
        '\\' => Math.Min(2, source.Length - at),
        '`' or '$' => RunLength(source, at),
        _ => 1,
    };

    private static bool IsLineStart(ReadOnlySpan<char> source, int at) => at == 0 || source[at - 1] == '\n';

    private static MarkdownSpan? Fence(ReadOnlySpan<char> source, int at)
    {
        var open = at;
        while (open < source.Length && open - at < 3 && source[open] == ' ') open++;
        if (open == source.Length || source[open] is not ('`' or '~')) return null;
        var mark = source[open];
        var length = RunLength(source, open);
        if (length < 3) return null;
        var lineEnd = LineEnd(source, open + length);
        if (mark == '`' && source[(open + length)..lineEnd].Contains('`')) return null;
        for (var line = lineEnd; line < source.Length; line = LineEnd(source, line))
        {
            var start = line;
            while (start < source.Length && source[start] == ' ') start++;
            if (start < source.Length && source[start] == mark && RunLength(source, start) is var closing && closing >= length)
            {
                var end = LineEnd(source, start + closing);
                if (source[(start + closing)..end].Trim().IsEmpty) return new MarkdownSpan(SpanKind.Code, at, end, 0, true);
            }
        }
        return new MarkdownSpan(SpanKind.Code, at, source.Length, 0, false);
    }

    private static MarkdownSpan? InlineCode(ReadOnlySpan<char> source, int at)
    {
        var length = RunLength(source, at);
        for (var i = at + length; i < source.Length; i++)
        {
            if (IsBlankLine(source, i)) return null;
            if (source[i] != '`') continue;
            var run = RunLength(source, i);
            if (run == length) return new MarkdownSpan(SpanKind.Code, at, i + run, length, true);
            i += run - 1;
        }
        return null;
    }

    private static MarkdownSpan? Bracketed(ReadOnlySpan<char> source, int at)
    {
        if (at + 1 >= source.Length || source[at + 1] is not ('(' or '[')) return null;
        var (kind, closer) = source[at + 1] == '(' ? (SpanKind.InlineMath, ')') : (SpanKind.DisplayMath, ']');
        for (var i = at + 2; i < source.Length; i++)
        {
            if (IsBlankLine(source, i)) return null;
            if (source[i] != '\\') continue;
            if (i + 1 < source.Length && source[i + 1] == closer) return new MarkdownSpan(kind, at, i + 2, 2, true);
            i++; // an escape of TeX's own: \\ before ) is a line break, not the end
        }
        return new MarkdownSpan(kind, at, source.Length, 2, false);
    }

    private static MarkdownSpan? Dollars(ReadOnlySpan<char> source, int at)
    {
        var length = RunLength(source, at);
        if (length > 2) return null;
        var body = at + length;
        // One dollar opens only before something, as in pandoc, so that prices stay prices.
        if (length == 1 && (body == source.Length || char.IsWhiteSpace(source[body]))) return null;
        for (var i = body; i < source.Length; i++)
        {
            if (IsBlankLine(source, i)) return null;
            if (source[i] == '\\') i++;
            else if (source[i] == '$' && Closes(source, i, length, body))
                return new MarkdownSpan(length == 1 ? SpanKind.InlineMath : SpanKind.DisplayMath, at, i + length, length, true);
        }
        var rest = source[body..];
        return length == 2 || rest.IndexOfAny("\\^_{=") >= 0
            ? new MarkdownSpan(length == 1 ? SpanKind.InlineMath : SpanKind.DisplayMath, at, source.Length, length, false)
            : null;
    }

    private static bool Closes(ReadOnlySpan<char> source, int at, int length, int body)
    {
        if (length == 2) return at + 1 < source.Length && source[at + 1] == '$';
        return at > body && !char.IsWhiteSpace(source[at - 1]) && (at + 1 == source.Length || !char.IsAsciiDigit(source[at + 1]));
    }

    private static int RunLength(ReadOnlySpan<char> source, int at)
    {
        var end = at;
        while (end < source.Length && source[end] == source[at]) end++;
        return end - at;
    }

    private static int LineEnd(ReadOnlySpan<char> source, int from)
    {
        var found = source[from..].IndexOf('\n');
        return found < 0 ? source.Length : from + found + 1;
    }

    // At a line break that a blank line follows: no formula or inline code goes over it.
    private static bool IsBlankLine(ReadOnlySpan<char> source, int at)
    {
        if (source[at] != '\n') return false;
        for (var i = at + 1; i < source.Length; i++)
        {
            if (source[i] == '\n') return true;
            if (source[i] is not (' ' or '\t' or '\r')) return false;
        }
        return false;
    }
}
