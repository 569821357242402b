using System.Globalization;
using EduVision.Browser.Tests.Models;
using static Microsoft.Playwright.Assertions;

namespace EduVision.Browser.Tests.Benchmarks;

/// <summary>
/// How smoothly a long answer streams into the page. No test: it asserts nothing about time, and runs only when asked for,
/// with <c>--explicit only</c>; docs/benchmarks.md has the command.
/// </summary>
public sealed class StreamingBenchmark
{
    private const int Runs = 3;

    // About 3,000 tokens of answer.
    private const int Chapters = 3;

    /// <summary>The layers of the bundled model, so that tokens come at its pace.</summary>
    [Fact(Explicit = true)]
    public Task At_the_pace_of_nano() => MeasureAsync(Places.TrainedModel);

    /// <summary>The fixture's few and small layers: as fast as the service can.</summary>
    [Fact(Explicit = true)]
    public Task As_fast_as_the_service_can() => MeasureAsync(Places.RandomModel);

    private static async Task MeasureAsync(string? source)
    {
        Assert.SkipWhen(source is null, "The model is not there.");
        var (reasoning, answer) = (LongAnswer.Reasoning, LongAnswer.Text(Chapters));
        var (folder, tokens) = RecitingModel.Make(source, reasoning, answer);
        await using var app = new RecitingApp(folder);
        await app.InitializeAsync();
        var records = new List<FrameRecord>();
        for (var run = 0; run < Runs; run++)
        {
            var page = await app.OpenAsync();
            await page.Locator(".file-input").First.SetInputFilesAsync(Places.Sample("equation"));
            await Expect(page.Locator(".send button")).ToBeEnabledAsync();
            await FrameRecorder.StartAsync(page);
            await page.Locator(".send button").ClickAsync();
            var record = await FrameRecorder.EndAsync(page);
            Assert.InRange(record.Left, 0, 400); // it did go along: what is out of sight costs nothing and would prove nothing
            records.Add(record);
            Report($"run {run + 1}", tokens, record.Duration, record.Longest, record.Percentile99, record.Over(50), record.Over(100), record.LongTasks.Length, record.LongTasks.DefaultIfEmpty().Max());
            await page.Context.CloseAsync();
        }
        Report(
            "median", tokens, Median(r => r.Duration), Median(r => r.Longest), Median(r => r.Percentile99), Median(r => r.Over(50)), Median(r => r.Over(100)),
            Median(r => r.LongTasks.Length), Median(r => r.LongTasks.DefaultIfEmpty().Max()));
        Console.WriteLine($"{answer.Length} characters of answer, {reasoning.Length} of reasoning; load average {Load()}, {Environment.ProcessorCount} cores");

        double Median(Func<FrameRecord, double> of) => records.Select(of).Order().ElementAt(Runs / 2);
    }

    private static void Report(
        string name, int tokens, double duration, double longest, double percentile99, double over50, double over100, double tasks, double longestTask) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name}: {tokens} tokens in {duration / 1000:0.0} s, {tokens / duration * 1000:0}/s; longest frame {longest:0} ms, p99 {percentile99:0} ms, {over50:0} over 50 ms, {over100:0} over 100 ms; {tasks:0} long tasks, longest {longestTask:0} ms"));

    private static string Load() => OperatingSystem.IsLinux() ? string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ')[..3]) : "unknown";
}
