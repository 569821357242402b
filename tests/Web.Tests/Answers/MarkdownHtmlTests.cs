using EduVision.Web.Answers.Markdown;

namespace EduVision.Web.Tests.Answers;

public sealed class MarkdownHtmlTests
{
    [Theory]
    [InlineData(@"\(a<b\)", @"<span class=""math"">a&lt;b</span>")]
    [InlineData(@"$a_1*b_2*c$", @"<span class=""math"">a_1*b_2*c</span>")]
    [InlineData(@"\[x^2\]", @"<span class=""math display"">x^2</span>")]
    [InlineData(@"$$\frac12$$", @"<span class=""math display"">\frac12</span>")]
    public void Formulas_of_all_four_kinds_are_kept_as_they_are(string markdown, string html) =>
        Assert.Equal($"<p>{html}</p>", MarkdownHtml.Render(markdown).Trim());

    [Fact]
    public void A_formula_over_lines_that_look_like_lists_stays_one_formula()
    {
        var html = MarkdownHtml.Render("\\[\nx + 4\n- 4\n= 3 \\\\\n\\]");

        Assert.Equal("<p><span class=\"math display\">x + 4\n- 4\n= 3 \\\\</span></p>", html.Trim());
    }

    [Theory]
    [InlineData("It costs $5 and then $6.")]
    [InlineData("Between $ 5 and 6 $ there is nothing.")]
    public void Prices_are_no_formulas(string markdown) => Assert.DoesNotContain("math", MarkdownHtml.Render(markdown), StringComparison.Ordinal);

    [Theory]
    [InlineData(@"`\(x\)`")]
    [InlineData("```\n$x_1$\n```")]
    [InlineData(@"\\(x\\)")]
    public void Code_and_escapes_are_no_formulas(string markdown) => Assert.DoesNotContain("math", MarkdownHtml.Render(markdown), StringComparison.Ordinal);

    [Fact]
    public void An_unfinished_formula_is_marked() =>
        Assert.Contains(@"<span class=""math unfinished"">\frac{1}{2</span>", MarkdownHtml.Render(@"so \(\frac{1}{2"), StringComparison.Ordinal);

    [Fact]
    public void Formulas_stand_in_tables_and_lists()
    {
        Assert.Contains(@"<td><span class=""math"">|a|</span></td>", MarkdownHtml.Render("| f |\n|---|\n| $|a|$ |"), StringComparison.Ordinal);
        Assert.Contains(@"<li><span class=""math"">1</span></li>", MarkdownHtml.Render("1. \\(1\\)"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<script>alert(1)</script>")]
    [InlineData("<img src=x onerror=alert(1)>")]
    [InlineData("[x](javascript:alert(1))")]
    [InlineData("[x](data:text/html,<script>alert(1)</script>)")]
    [InlineData("![x](http://evil.example/track.png)")]
    [InlineData("[a](\\(onmouseover=alert(1) x\\))")]
    [InlineData("<a href=\"x\" onclick=\"alert(1)\">x</a>")]
    [InlineData("\\(</span><img src=x onerror=alert(1)>\\)")]
    [InlineData("$<script>alert(1)</script>_x$")]
    [InlineData("```html\n<iframe src=x></iframe>\n```")]
    [InlineData("<style>*{display:none}</style>")]
    [InlineData("[x](\"onmouseover=alert(1)//)")]
    [InlineData("\uE0000\uE001 \uE0005\uE001")]
    [InlineData("[t](http://a/ \"x\uE0000\uE001\\(y\\)\")")]
    public void What_a_hostile_model_writes_stays_text(string markdown)
    {
        var dom = new AngleSharp.Html.Parser.HtmlParser().ParseDocument($"<body>{MarkdownHtml.Render(markdown)}</body>");

        Assert.Empty(dom.QuerySelectorAll("script, img, iframe, style, object, embed, form, input, link, meta, svg"));
        foreach (var element in dom.Body!.QuerySelectorAll("*"))
        {
            foreach (var attribute in element.Attributes)
            {
                Assert.Contains(attribute.Name, new[] { "class", "href", "rel", "target", "title", "start", "type" });
                if (attribute.Name == "href") Assert.Matches("^https?://|^[^:]*$", attribute.Value);
            }
        }
    }

    [Fact]
    public void Links_leave_without_telling_where_from()
    {
        var html = MarkdownHtml.Render("[x](https://example.org/)");

        Assert.Contains("rel=\"noopener noreferrer nofollow\"", html, StringComparison.Ordinal);
        Assert.Contains("target=\"_blank\"", html, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_break_of_the_model_is_a_line_break() => Assert.Contains("一<br", MarkdownHtml.Render("一\n二"), StringComparison.Ordinal);

    [Fact]
    public void Headings_stand_under_the_pages_own_without_a_gap()
    {
        Assert.StartsWith("<h3", MarkdownHtml.Render("# Answer"), StringComparison.Ordinal);
        Assert.StartsWith("<h3", MarkdownHtml.Render("## Answer"), StringComparison.Ordinal);
        Assert.StartsWith("<h4", MarkdownHtml.Render("### Step"), StringComparison.Ordinal);
    }
}
