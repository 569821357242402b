using EduVision.Web.Localization;

namespace EduVision.Web.History;

/// <summary>What a question is called in lists.</summary>
internal static class HistoryTitles
{
    private const int Longest = 60;

    /// <summary>The person's title, or their words, or the answer's beginning, or what was asked for.</summary>
    public static string Of(HistoryEntry entry, Texts texts)
    {
        if (entry.Title is { Length: > 0 } title) return title;
        if (FirstLine(entry.Text) is { Length: > 0 } words) return words;
        return FirstLine(entry.Excerpt) is { Length: > 0 } answer ? answer : texts.Task(entry.Task);
    }

    private static string FirstLine(string text)
    {
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            var plain = line.Trim().TrimStart("#>*- ").ToString()
                .Replace("\\(", "", StringComparison.Ordinal).Replace("\\)", "", StringComparison.Ordinal)
                .Replace("\\[", "", StringComparison.Ordinal).Replace("\\]", "", StringComparison.Ordinal)
                .Replace("$", "", StringComparison.Ordinal).Replace("**", "", StringComparison.Ordinal)
                .Replace("\\times ", "×", StringComparison.Ordinal).Replace("\\div ", "÷", StringComparison.Ordinal)
                .Replace("\\times", "×", StringComparison.Ordinal).Replace("\\div", "÷", StringComparison.Ordinal).Trim().TrimEnd('：', ':');
            if (plain.Length > 0) return plain.Length > Longest ? plain[..Longest] + "…" : plain;
        }
        return "";
    }
}
