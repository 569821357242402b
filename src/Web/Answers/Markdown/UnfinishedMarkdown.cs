using System.Text;

namespace EduVision.Web.Answers.Markdown;

/// <summary>Closes what a text that still streams has opened, so that its end looks as it will look.</summary>
internal static class UnfinishedMarkdown
{
    private static readonly string[] Marks = ["**", "~~", "__", "*", "_"];

    /// <summary>The same text with its last paragraph's emphasis, inline code and links closed.</summary>
    public static string Complete(string tail)
    {
        var spans = MathScanner.Scan(tail);
        // Unfinished mathematics and unfinished fences are the renderer's and the parser's own.
        if (spans is [.., { Closed: false }]) return tail;
        if (CloseDollar(tail, spans) is var closed && closed != tail) (tail, spans) = (closed, MathScanner.Scan(closed));
        var text = new StringBuilder(DropHalfLink(tail, spans));
        if (HasOpenCode(tail, spans)) return text.Append('`').ToString();
        var open = OpenMarks(text.ToString(), spans);
        if (open.Count == 0) return text.ToString();
        // A mark with nothing after it yet is not shown.
        while (open.Count > 0 && EndsWith(text, open[^1]))
        {
            text.Length -= open[^1].Length;
            open.RemoveAt(open.Count - 1);
        }
        TrimEnd(text);
        for (var i = open.Count - 1; i >= 0; i--) text.Append(open[i]);
        return text.ToString();
    }

    // A formula of digits and letters says only at its second dollar that it is one; until then it is taken for one
    // as long as it could be, and a price in an English sentence is a price again with its next word.
    private static string CloseDollar(string tail, List<MarkdownSpan> spans)
    {
        var at = tail.LastIndexOf('$');
        if (at < 0 || IsInside(spans, at) || (at > 0 && tail[at - 1] is '\\' or '$')) return tail;
        var rest = tail.AsSpan(at + 1);
        if (rest.IsEmpty) return tail[..at];
        if (char.IsWhiteSpace(rest[0]) || rest.Contains('\n') || HasOpenCode(tail, spans)) return tail;
        var letters = 0;
        foreach (var c in rest)
        {
            letters = char.IsAsciiLetter(c) ? letters + 1 : 0;
            if (!char.IsAscii(c) || letters > 2) return tail;
        }
        return $"{tail.TrimEnd()}$";
    }

    // "[words](http://half" reads as "words" until the address is whole.
    private static string DropHalfLink(string tail, List<MarkdownSpan> spans)
    {
        var open = tail.LastIndexOf('[');
        if (open < LastParagraph(tail) || IsInside(spans, open) || (open > 0 && tail[open - 1] == '\\')) return tail;
        var close = tail.IndexOf(']', open);
        if (close < 0) return tail.IndexOf('\n', open) < 0 ? tail.Remove(open, 1) : tail;
        if (close + 1 >= tail.Length || tail[close + 1] != '(' || tail.IndexOf(')', close) >= 0) return tail;
        return tail[..open] + tail[(open + 1)..close];
    }

    private static bool HasOpenCode(string tail, List<MarkdownSpan> spans)
    {
        var count = 0;
        for (var i = LastParagraph(tail); i < tail.Length; i++)
        {
            if (tail[i] == '`' && !IsInside(spans, i)) count++;
        }
        return count == 1 && tail[^1] != '`';
    }

    private static List<string> OpenMarks(string text, List<MarkdownSpan> spans)
    {
        var open = new List<string>();
        for (var i = LastParagraph(text); i < text.Length; i++)
        {
            if (IsInside(spans, i)) continue;
            if (text[i] == '\\')
            {
                i++;
                continue;
            }
            var mark = Array.Find(Marks, m => string.CompareOrdinal(text, i, m, 0, m.Length) == 0);
            if (mark is null) continue;
            var before = i == 0 ? ' ' : text[i - 1];
            var after = i + mark.Length >= text.Length ? '\0' : text[i + mark.Length];
            if (open.LastIndexOf(mark) is >= 0 and var at && !char.IsWhiteSpace(before)) open.RemoveRange(at, open.Count - at);
            else if (!char.IsWhiteSpace(after) && !(mark[0] == '_' && char.IsLetterOrDigit(before))) open.Add(mark);
            i += mark.Length - 1;
        }
        return open;
    }

    private static int LastParagraph(string text)
    {
        var blank = text.LastIndexOf("\n\n", StringComparison.Ordinal);
        var start = blank < 0 ? 0 : blank + 2;
        // Emphasis does not go from one list item to the next.
        var line = text.LastIndexOf('\n');
        if (line >= start && text.AsSpan(line + 1).TrimStart() is ['-' or '*' or '+', ' ', ..] or [>= '0' and <= '9', '.' or ')', ..]) start = line + 1;
        if (text.AsSpan(start).TrimStart() is ['*', ' ', ..]) start = text.IndexOf('*', start) + 2;
        return Math.Min(start, text.Length);
    }

    private static bool IsInside(List<MarkdownSpan> spans, int at) => spans.Exists(span => span.Start <= at && at < span.End);

    private static bool EndsWith(StringBuilder text, string mark) =>
        text.Length >= mark.Length && text.ToString(text.Length - mark.Length, mark.Length) == mark;

    private static void TrimEnd(StringBuilder text)
    {
        while (text.Length > 0 && char.IsWhiteSpace(text[^1])) text.Length--;
    }
}
