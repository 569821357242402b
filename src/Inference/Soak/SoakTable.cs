using System.Globalization;
using Spectre.Console;

namespace EduVision.Inference.Soak;

/// <summary>A soak's report for people.</summary>
internal static class SoakTable
{
    /// <summary>Prints it.</summary>
    public static void Print(IAnsiConsole console, SoakReport report)
    {
        var table = new Table().Title(Markup.Escape(Text($"{report.Users} users for {report.Seconds:0} s on {report.Device}, seed {report.Seed}"))).AddColumns("What", "Measured");
        Row("Requests finished, cancelled", $"{report.Finished}, {report.Cancelled}");
        Row("Tokens made, a second", $"{report.OutputTokens}, {report.OutputTokens / report.Seconds:0}");
        Row("Prompt tokens, of them in the prefix cache", $"{report.PromptTokens}, {report.CachedTokens}");
        Row("Images, of them in the encoder cache", $"{report.Images}, {report.CachedImages}");
        Row("Preemptions", $"{report.Preemptions}");
        Row("Most tokens served to others while a user waited, allowed", $"{report.LongestWaitTokens}, {report.PatienceTokens}");
        Row("Memory of the process after the warm-up, at the end", $"{report.Process.First / 1e6:0.0} MB, {report.Process.Last / 1e6:0.0} MB");
        if (report.Gpu is { } gpu) Row("Memory of the GPU after the warm-up, at the end", $"{gpu.First / 1e6:0.0} MB, {gpu.Last / 1e6:0.0} MB");
        Row(report.SameIsPromised ? "Asked again alone, answered the same" : "Asked again alone, answered the same (not promised by this runner)", $"{report.Replayed}, {report.ReplayedSame}");
        console.Write(table);
        foreach (var finding in report.Findings) console.WriteLine(finding);
        console.WriteLine(report.Findings.Count == 0 ? "All of it holds." : $"{report.Findings.Count} things do not hold.");

        void Row(string what, FormattableString measured) => table.AddRow(Markup.Escape(what), Markup.Escape(Text(measured)));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
