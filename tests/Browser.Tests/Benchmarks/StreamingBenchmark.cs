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
        var runs = new List<(FrameRecord Frames, double[] Busy)>();
        for (var run = 0; run < Runs; run++)
        {
            var page = await app.OpenAsync();
            await page.Locator(".file-input").First.SetInputFilesAsync(Places.Sample("equation"));
            await Expect(page.Locator(".send button")).ToBeEnabledAsync();
            await FrameRecorder.StartAsync(page);
            var trace = await TaskTrace.StartAsync(page);
            await page.Locator(".send button").ClickAsync();
            var frames = await FrameRecorder.EndAsync(page);
            // It did go along: what is out of sight costs nothing and would prove nothing.
            Assert.InRange(frames.Left, 0, 400);
            runs.Add((frames, await trace.EndAsync()));
            Report($"run {run + 1}", tokens, runs[^1..]);
            await app.CloseAsync();
        }
        Report("median", tokens, runs);
        Console.WriteLine($"{answer.Length} characters of answer, {reasoning.Length} of reasoning; load average {Load()}, {Environment.ProcessorCount} cores");
    }

    private static void Report(string name, int tokens, List<(FrameRecord Frames, double[] Busy)> runs)
    {
        var seconds = Median(run => run.Frames.Duration / 1000);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name}: {tokens} tokens in {seconds:0.0} s, {tokens / seconds:0}/s; longest frame {Median(run => run.Frames.Longest):0} ms, p99 {Median(run => run.Frames.Percentile99):0} ms, {Median(run => run.Frames.Over(50)):0} over 50 ms, {Median(run => run.Frames.Over(100)):0} over 100 ms; {Median(run => run.Frames.LongTasks.Length):0} long tasks, longest {Median(run => run.Frames.LongTasks.DefaultIfEmpty().Max()):0} ms; main thread: {Median(run => run.Busy.Sum() / 1000):0.0} s of processor, longest task {Median(run => run.Busy.DefaultIfEmpty().Max()):0} ms of processor"));

        double Median(Func<(FrameRecord Frames, double[] Busy), double> of) => runs.Select(of).Order().ElementAt(runs.Count / 2);
    }

    private static string Load() => OperatingSystem.IsLinux() ? string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ')[..3]) : "unknown";
}
