using System.Globalization;
using System.Text;
using AngleSharp;
using AngleSharp.Dom;
using AngleSharp.Html;
using Ganss.Xss;
using Markdig;
using Markdig.Syntax;

namespace EduVision.Web.Answers.Markdown;

/// <summary>
/// Markdown of a model, which is hostile until shown otherwise, as safe HTML. Formulas become
/// <c>&lt;span class="math"&gt;TeX&lt;/span&gt;</c>, which the browser typesets.
/// </summary>
public static class MarkdownHtml
{
    // A formula travels through the Markdown parser as these around its number: letters to Markdown, and in no text that we let in.
    private const char Open = '\uE000';
    private const char Close = '\uE001';

    // A model's line break is meant: a transcription has the lines of its photo.
    private static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder()
        .DisableHtml().UseSoftlineBreakAsHardlineBreak().UsePipeTables().UseEmphasisExtras().UseListExtras().UseTaskLists().Build();

    private static readonly HtmlSanitizer Sanitizer = MakeSanitizer();

    /// <summary>Renders whole Markdown.</summary>
    /// <param name="markdown">The text.</param>
    public static string Render(string markdown)
    {
        var source = markdown.Replace(Open, '\uFFFD').Replace(Close, '\uFFFD');
        var formulas = new List<Formula>();
        var document = Markdig.Markdown.Parse(TakeFormulasOut(source, formulas), Pipeline);
        // The page has its own first two levels of headings; models begin with one or with two signs.
        foreach (var heading in document.Descendants<HeadingBlock>()) heading.Level = Math.Clamp(heading.Level + 1, 3, 6);
        using var dom = Sanitizer.SanitizeDom(document.ToHtml(Pipeline));
        foreach (var text in dom.Body!.Descendants<IText>().ToList()) PutFormulasBack(dom, text, formulas);
        foreach (var link in dom.QuerySelectorAll("a[href]"))
        {
            link.SetAttribute("rel", "noopener noreferrer nofollow");
            link.SetAttribute("target", "_blank");
        }
        foreach (var element in dom.QuerySelectorAll("*")) StripMarks(element);
        return string.Concat(dom.Body!.ChildNodes.Select(node => node.ToHtml(HtmlMarkupFormatter.Instance)));
    }

    private static string TakeFormulasOut(string source, List<Formula> formulas)
    {
        var result = new StringBuilder(source.Length);
        var at = 0;
        foreach (var span in MathScanner.Scan(source))
        {
            if (span.Kind == SpanKind.Code) continue;
            result.Append(source, at, span.Start - at).Append(Open).Append(formulas.Count).Append(Close);
            formulas.Add(new Formula(span.Inside(source).Trim().ToString(), span.Kind == SpanKind.DisplayMath, span.Closed));
            at = span.End;
        }
        return result.Append(source, at, source.Length - at).ToString();
    }

    // In text nodes only: a formula's source is never parsed as HTML, and never stands in an attribute.
    private static void PutFormulasBack(IDocument dom, IText text, List<Formula> formulas)
    {
        var data = text.Data;
        if (!data.Contains(Open)) return;
        var parent = text.Parent!;
        var at = 0;
        for (var open = data.IndexOf(Open); open >= 0; open = data.IndexOf(Open, at))
        {
            var close = data.IndexOf(Close, open);
            if (close < 0) break;
            parent.InsertBefore(dom.CreateTextNode(data[at..open]), text);
            parent.InsertBefore(Element(dom, formulas[int.Parse(data.AsSpan(open + 1, close - open - 1), CultureInfo.InvariantCulture)]), text);
            at = close + 1;
        }
        parent.InsertBefore(dom.CreateTextNode(data[at..]), text);
        parent.RemoveChild(text);
    }

    private static IElement Element(IDocument dom, Formula formula)
    {
        var element = dom.CreateElement("span");
        element.ClassName = "math" + (formula.Display ? " display" : "") + (formula.Closed ? "" : " unfinished");
        element.TextContent = formula.Tex;
        return element;
    }

    private static void StripMarks(IElement element)
    {
        foreach (var attribute in element.Attributes.Where(a => a.Value.Contains(Open)).ToList()) element.RemoveAttribute(attribute.Name);
    }

    private static HtmlSanitizer MakeSanitizer()
    {
        var options = new HtmlSanitizerOptions
        {
            AllowedTags = new HashSet<string>(StringComparer.OrdinalIgnoreCase)
            {
                "p", "br", "hr", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "code", "em", "strong", "del", "sub", "sup",
                "ins", "mark", "table", "thead", "tbody", "tr", "th", "td", "a", "span",
            },
            AllowedAttributes = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { "href", "start", "type", "title" },
            UriAttributes = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { "href" },
            AllowedSchemes = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { "http", "https" },
        };
        return new HtmlSanitizer(options);
    }

    private readonly record struct Formula(string Tex, bool Display, bool Closed);
}
