using System.Globalization;
using Spectre.Console;

namespace EduVision.Inference.Benchmarks;

/// <summary>A runner's numbers for people.</summary>
internal static class RunnerTable
{
    /// <summary>Prints them.</summary>
    public static void Print(IAnsiConsole console, RunnerResult result)
    {
        var workload = result.Workload;
        if (result.Batches.Count > 0) console.Write(Batches(result));
        var rest = new Table().Title(Markup.Escape($"{workload.Model} in {Named(result)} on {result.Device}, medians of {workload.Repeat}")).AddColumns("What", "Measured");
        foreach (var (what, measured) in Rows(result)) rest.AddRow(Markup.Escape(what), Markup.Escape(measured));
        console.Write(rest);
    }

    /// <summary>Prints how one type of weights does against another, where both were measured.</summary>
    public static void PrintRatio(IAnsiConsole console, RunnerResult result, RunnerResult other)
    {
        var table = new Table().Title(Markup.Escape($"{Named(result)} against {Named(other)}")).AddColumns("Together", Named(result), Named(other), "Faster");
        foreach (var row in result.Batches)
        {
            if (other.Batches.FirstOrDefault(of => of.Batch == row.Batch) is not { } against) continue;
            var (mine, its) = (row.Median.Decode.TokensPerSecond, against.Median.Decode.TokensPerSecond);
            table.AddRow(Text($"{row.Batch}"), Text($"{mine:0} tokens/s"), Text($"{its:0} tokens/s"), Text($"{mine / its:0.00} x"));
        }
        console.Write(table);
    }

    private static Table Batches(RunnerResult result)
    {
        var workload = result.Workload;
        var table = new Table()
            .Title(Markup.Escape($"A photo of {workload.ImageWidth}x{workload.ImageHeight} and {workload.PromptTokens} tokens each, weights in {Named(result)}"))
            .AddColumns("Together", "First token", "Prefill", "Step, median", "99%", "Tokens/s", "A step reads", "Of the read bandwidth", "Decoded each");
        foreach (var row in result.Batches)
        {
            var (median, decode) = (row.Median, row.Median.Decode);
            table.AddRow(
                Text($"{row.Batch}"), Text($"{median.FirstTokenSeconds * 1000:0} ms"), Text($"{median.PrefillTokensPerSecond:0}/s"), Text($"{decode.StepMedianMs:0.00} ms"),
                Text($"{decode.StepP99Ms:0.00} ms"), Text($"{decode.TokensPerSecond:0}"), Text($"{decode.BytesPerStep / 1e9:0.0} GB"), Text($"{decode.RooflinePercent:0}%"), Text($"{row.NewTokens}"));
        }
        return table;
    }

    private static IEnumerable<(string What, string Measured)> Rows(RunnerResult result)
    {
        var encoding = result.Encoding.Median;
        yield return (Text($"The photo's {result.Encoding.Patches} patches through the vision tower"), Text($"{encoding.Ms:0.0} ms"));
        yield return ("The same, waiting for each part", Text($"upload {encoding.UploadMs:0.0}, embedding {encoding.EmbeddingMs:0.0}, blocks {encoding.BlocksMs:0.0}, mergers {encoding.MergingMs:0.0} ms"));
        if (result.Prefill is { } prefill) yield return (Text($"Prefill of {prefill.Tokens} text tokens alone"), Text($"{prefill.TokensPerSecond:0} tokens/s"));
        if (result.Beside is { } beside)
        {
            yield return (Text($"Step of {beside.Sequences} that decode"), Text($"{beside.PlainStepMs:0.00} ms"));
            yield return (Text($"While a photo comes in, {beside.SchedulerTokens} tokens a step at most: median"), Text($"{beside.Median.MedianStepMs:0.00} ms, {beside.Median.MedianStepMs / beside.PlainStepMs:0.0} x"));
            yield return ("The longest of them", Text($"{beside.Median.LargestStepMs:0.00} ms, {beside.Median.LargestStepMs / beside.PlainStepMs:0.0} x"));
            yield return ("The photo's first token", Text($"{beside.Median.FirstTokenMs:0} ms, {beside.Median.Steps} steps, {beside.Median.EncodingSteps} of them to encode it"));
        }
        if (result.Context is { Median: var decode } context)
        {
            yield return (Text($"One at a context of {context.Tokens}"), Text($"{decode.TokensPerSecond:0.0} tokens/s"));
            yield return ("Its step", Text($"{decode.StepMedianMs:0.00} ms (99%: {decode.StepP99Ms:0.00}), {decode.BytesPerStep / 1e9:0.0} GB, {decode.RooflinePercent:0}% of the read bandwidth"));
        }
        yield return (Text($"A plain read ({result.Bandwidth.Way})"), Text($"{result.Bandwidth.BytesPerSecond / 1e12:0.00} TB/s"));
        yield return ("Most device memory in use", Text($"{result.PeakBytes / 1e9:0.0} GB"));
    }

    private static string Named(RunnerResult result) => result.Workload.Dtype.ToString().ToUpperInvariant();

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
