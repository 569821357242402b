using System.Globalization;
using System.Text;

namespace EduVision.Browser.Tests.Benchmarks;

/// <summary>
/// A long answer that is hard to show while it grows: formulas of every kind in lists, tables and paragraphs that go on for
/// screens without a blank line, code, quotes, Chinese and English.
/// </summary>
internal static class LongAnswer
{
    /// <summary>What is thought before it.</summary>
    public static string Reasoning => Write(text => Lines(text, 1, 24));

    /// <summary>The answer.</summary>
    /// <param name="chapters">Each has all kinds of blocks, and other numbers than the one before.</param>
    public static string Text(int chapters) => Write(text =>
    {
        for (var chapter = 1; chapter <= chapters; chapter++) Chapter(text, chapter);
    });

    private static void Chapter(StringBuilder text, int chapter)
    {
        var (p, q) = (chapter + 1, (2 * chapter) + 3);
        text.Append(CultureInfo.InvariantCulture, $"## {chapter}. The equation with the roots {p} and {q}\n\n");
        text.Append(CultureInfo.InvariantCulture, $"Expanding \\((x - {p})(x - {q}) = 0\\) gives **one** quadratic, and *completing the square* shows why its discriminant is $\\Delta = {q - p}^2$, for every $0 < x \\le {q}$:\n\n");
        text.Append(CultureInfo.InvariantCulture, $"$$\n\\begin{{aligned}} x^2 - {p + q}x + {p * q} &= 0 \\\\ \\left(x - \\frac{{{p + q}}}{{2}}\\right)^2 &= \\frac{{{(p + q) * (p + q)}}}{{4}} - {p * q} \\\\ x_{{1,2}} &= \\frac{{{p + q} \\pm \\sqrt{{{(q - p) * (q - p)}}}}}{{2}} \\end{{aligned}}\n$$\n\n");
        for (var step = 1; step <= 24; step++)
            text.Append(CultureInfo.InvariantCulture, $"{step}. Put \\(x = {step}\\): \\({step}^2 - {p + q}\\cdot{step} + {p * q} = {(step - p) * (step - q)}\\), and so \\(\\sqrt[3]{{{step + (chapter * chapter)}}} {(step < q ? '<' : '>')} \\frac{{{step * q}}}{{{p + step}}}\\).\n");
        text.Append('\n');
        for (var item = 1; item <= 6; item++)
            text.Append(CultureInfo.InvariantCulture, $"- Case {item}, with `k = {item}`:\n\n  \\[ \\sum_{{k=1}}^{{{item + p}}} k^{{{chapter}}} = \\int_0^{{{item}}} \\begin{{pmatrix}} {p} & {item} \\\\ {q} & {chapter} \\end{{pmatrix}} \\, dt \\]\n\n  - so ~~{item}~~ **{item + p}** is what remains\n\n");
        text.Append("| n | value | as a fraction |\n|---|---|---|\n");
        for (var row = 1; row <= 28; row++)
            text.Append(CultureInfo.InvariantCulture, $"| {row} | \\({row}^{{{p}}} \\bmod {q}\\) | \\(\\dfrac{{{row * p}}}{{{row + q}}}\\) |\n");
        text.Append('\n');
        Lines(text, chapter, 30);
        text.Append("```csharp\n");
        for (var line = 1; line <= 16; line++)
            text.Append(CultureInfo.InvariantCulture, $"if (x * x - {p + q} * x < {line * chapter}) roots.Add(Solve({p}, {line}));{(line % 5 == 0 ? "\n" : "")}\n");
        text.Append(CultureInfo.InvariantCulture, $"```\n\n> Check: \\({p} + {q} = {p + q}\\) and \\({p} \\times {q} = {p * q}\\).\n\n");
    }

    // As a model thinks and transcribes: line after line, no blank one between them.
    private static void Lines(StringBuilder text, int chapter, int count)
    {
        for (var line = 1; line <= count; line++)
            text.Append(CultureInfo.InvariantCulture, $"第{line}行：把 \\({line}x - {chapter} = {line + chapter}\\) 两边同时加上 {chapter}，得到 $x = \\frac{{{line + (2 * chapter)}}}{{{line}}}$，再代回原式检验。\n");
        text.Append('\n');
    }

    private static string Write(Action<StringBuilder> write)
    {
        var text = new StringBuilder();
        write(text);
        return text.ToString().TrimEnd();
    }
}
