using EduVision.Web.Answers.Markdown;

namespace EduVision.Web.Tests.Answers;

public sealed class StreamedMarkdownTests
{
    private const string Long = """
        先算括号：\( 37 + 5 = 42 \)，再除。

        1. 第一步

           续行

        2. 第二步 $a<b$

        \[
        \begin{aligned}
        x &= 1 \\

        y &= 2
        \end{aligned}
        \]

        ```python
        a = 1

        b = 2
        ```

        | 甲 | 乙 |
        |---|---|
        | 1 | $2$ |

        **答案** 是 `28`。
        """;

    [Fact]
    public void Finished_blocks_are_never_rendered_again()
    {
        var streamed = new StreamedMarkdown();
        var seen = new List<string>();
        foreach (var piece in Pieces(Long, 3))
        {
            streamed.Append(piece);
            for (var i = 0; i < seen.Count; i++) Assert.Same(seen[i], streamed.Finished[i]);
            seen = [.. streamed.Finished];
        }
        Assert.True(seen.Count >= 3, $"{seen.Count} finished blocks");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(1000)]
    public void The_end_is_the_same_however_it_was_cut(int length)
    {
        var streamed = new StreamedMarkdown();
        foreach (var piece in Pieces(Long, length)) streamed.Append(piece);
        streamed.Finish();

        Assert.Equal(Squeeze(MarkdownHtml.Render(Long)), Squeeze(string.Concat(streamed.Finished)));
        Assert.Equal("", streamed.Tail);
        Assert.Equal(Long, streamed.Source);
    }

    [Fact]
    public void The_tail_is_short_where_paragraphs_are()
    {
        var streamed = new StreamedMarkdown();
        for (var i = 0; i < 200; i++) streamed.Append($"Paragraph {i} says something of medium length.\n\n");

        Assert.True(streamed.Finished.Count >= 198);
        Assert.True(streamed.Tail.Length < 200, streamed.Tail);
    }

    [Fact]
    public void Starting_over_is_another_life()
    {
        var streamed = new StreamedMarkdown();
        streamed.Append("one\n\ntwo three");
        var life = streamed.Life;

        streamed.StartOver();

        Assert.NotEqual(life, streamed.Life);
        Assert.True(streamed.IsEmpty);
        Assert.Equal("", streamed.Tail);
    }

    [Theory]
    [InlineData("some **bold", "some <strong>bold</strong>")]
    [InlineData("some **", "some")]
    [InlineData("an *emph", "an <em>emph</em>")]
    [InlineData("a `code", "a <code>code</code>")]
    [InlineData("see [the page](http://exa", "see the page")]
    [InlineData("see [the pa", "see the pa")]
    [InlineData("2 * 3 * 4", "2 * 3 * 4")]
    [InlineData("snake_case_name", "snake_case_name")]
    [InlineData("~~gone", "<del>gone</del>")]
    public void What_is_open_at_the_end_is_closed_for_the_eye(string markdown, string html)
    {
        var streamed = new StreamedMarkdown();
        streamed.Append(markdown);

        Assert.Equal($"<p>{html}</p>", streamed.Tail.Trim());
    }

    [Theory]
    [InlineData(@"so \( \frac{1}{", "math unfinished")]
    [InlineData("得$42", ">42<")]
    [InlineData("得$3x + ", ">3x +<")]
    public void A_half_formula_is_a_formula_already(string markdown, string part)
    {
        var streamed = new StreamedMarkdown();
        streamed.Append(markdown);

        Assert.Contains("class=\"math", streamed.Tail, StringComparison.Ordinal);
        Assert.Contains(part, streamed.Tail, StringComparison.Ordinal);
        Assert.DoesNotContain("$", streamed.Tail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("得$", "得")]
    [InlineData("it costs $5 for", "it costs $5 for")]
    [InlineData("set `$HO", "set <code>$HO</code>")]
    [InlineData("a \\$5", "a $5")]
    public void A_dollar_that_opens_nothing_is_no_formula(string markdown, string html)
    {
        var streamed = new StreamedMarkdown();
        streamed.Append(markdown);

        Assert.Equal($"<p>{html}</p>", streamed.Tail.Trim());
    }

    private static IEnumerable<string> Pieces(string text, int length)
    {
        for (var at = 0; at < text.Length; at += length) yield return text.Substring(at, Math.Min(length, text.Length - at));
    }

    private static string Squeeze(string html) => string.Concat(html.Split('\n').Select(line => line.Trim()));
}
