using System.Text;

namespace EduVision.Web.Answers.Markdown;

/// <summary>Markdown that grows: finished blocks are rendered once and never again, only the tail is rendered anew.</summary>
public sealed class StreamedMarkdown
{
    private readonly List<string> finished = [];
    private readonly StringBuilder source = new();
    private readonly StringBuilder tail = new();
    private string? tailHtml = "";

    /// <summary>Counts lives: a view that shows another life starts over.</summary>
    public int Life { get; private set; }

    /// <summary>Grows with every change of this life.</summary>
    public long Version { get; private set; }

    /// <summary>True when there is nothing to show.</summary>
    public bool IsEmpty => finished.Count == 0 && tail.Length == 0;

    /// <summary>The Markdown so far.</summary>
    public string Source => source.ToString();

    /// <summary>Finished blocks as HTML.</summary>
    public IReadOnlyList<string> Finished => finished;

    /// <summary>The unfinished end as HTML, with what it left open closed.</summary>
    public string Tail => tailHtml ??= MarkdownHtml.Render(UnfinishedMarkdown.Complete(tail.ToString()));

    /// <summary>Adds text.</summary>
    public void Append(string delta)
    {
        if (delta.Length == 0) return;
        source.Append(delta);
        tail.Append(delta);
        Version++;
        tailHtml = null;
        var text = tail.ToString();
        var boundary = LastBoundary(text);
        if (boundary == 0) return;
        finished.Add(MarkdownHtml.Render(text[..boundary]));
        tail.Remove(0, boundary);
    }

    /// <summary>There is no more to come.</summary>
    public void Finish()
    {
        if (tail.Length == 0) return;
        finished.Add(MarkdownHtml.Render(tail.ToString()));
        tail.Clear();
        tailHtml = "";
        Version++;
    }

    /// <summary>Throws everything away.</summary>
    public void StartOver()
    {
        finished.Clear();
        source.Clear();
        tail.Clear();
        tailHtml = "";
        Life++;
        Version++;
    }

    // The last blank line that surely ends a block: outside code and mathematics, not between items of one list.
    private static int LastBoundary(string text)
    {
        List<MarkdownSpan>? spans = null;
        for (var at = text.LastIndexOf("\n\n", StringComparison.Ordinal); at > 0; at = at == 0 ? -1 : text.LastIndexOf("\n\n", at - 1, StringComparison.Ordinal))
        {
            var next = at + 2;
            // Too little of the next line to see what it will be.
            if (text.Length - next < 4 && text.IndexOf('\n', next) < 0) continue;
            if (text[next] is ' ' or '\t' or '\n') continue;
            spans ??= MathScanner.Scan(text);
            if (spans.Exists(span => span.Start <= at && at < span.End - 1)) continue;
            if (IsListItem(text.AsSpan(next)) && HasListBefore(text.AsSpan(0, at))) continue;
            return next;
        }
        return 0;
    }

    // True when the block that ends there is a list, or an indented continuation of one.
    private static bool HasListBefore(ReadOnlySpan<char> before)
    {
        var indented = false;
        while (!before.IsEmpty)
        {
            var start = before.LastIndexOf('\n') + 1;
            var line = before[start..];
            if (line.IsWhiteSpace())
            {
                if (!indented) return false;
            }
            else
            {
                if (IsListItem(line)) return true;
                indented = line[0] is ' ' or '\t';
            }
            before = before[..Math.Max(0, start - 1)];
        }
        return false;
    }

    private static bool IsListItem(ReadOnlySpan<char> line)
    {
        if (line.Length > 1 && line[0] is '-' or '*' or '+') return line[1] is ' ' or '\t';
        var digits = 0;
        while (digits < line.Length && char.IsAsciiDigit(line[digits])) digits++;
        return digits is > 0 and < 10 && digits + 1 < line.Length && line[digits] is '.' or ')' && line[digits + 1] is ' ';
    }
}
