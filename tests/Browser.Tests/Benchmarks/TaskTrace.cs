using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Playwright;

namespace EduVision.Browser.Tests.Benchmarks;

/// <summary>
/// How much processor time the page's main thread used for each of its tasks, by the browser's own trace. On a machine that
/// does other work as well, this tells the page's part of a long frame from the time it only waited for a processor.
/// </summary>
internal sealed class TaskTrace
{
    private readonly ConcurrentQueue<JsonElement> events = [];
    private readonly TaskCompletionSource complete = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ICDPSession session;

    private TaskTrace(ICDPSession session)
    {
        this.session = session;
        session.Event("Tracing.dataCollected").OnEvent += (_, data) =>
        {
            foreach (var item in data!.Value.GetProperty("value").EnumerateArray()) events.Enqueue(item.Clone());
        };
        session.Event("Tracing.tracingComplete").OnEvent += (_, _) => complete.TrySetResult();
    }

    /// <summary>Starts to trace.</summary>
    public static async Task<TaskTrace> StartAsync(IPage page)
    {
        var trace = new TaskTrace(await page.Context.NewCDPSessionAsync(page));
        await trace.session.SendAsync("Tracing.start", new Dictionary<string, object> { ["categories"] = "toplevel", ["transferMode"] = "ReportEvents" });
        return trace;
    }

    /// <summary>Stops.</summary>
    /// <returns>Processor time of every task, in milliseconds.</returns>
    public async Task<double[]> EndAsync()
    {
        await session.SendAsync("Tracing.end");
        await complete.Task;
        var main = events.Where(e => Text(e, "name") == "thread_name" && Text(e.GetProperty("args"), "name") == "CrRendererMain").Select(Thread).ToHashSet();
        return [.. events.Where(e => Text(e, "name") == "ThreadControllerImpl::RunTask" && main.Contains(Thread(e)) && e.TryGetProperty("tdur", out var _)).Select(e => e.GetProperty("tdur").GetDouble() / 1000)];
    }

    private static (long Process, long Thread) Thread(JsonElement item) => (item.GetProperty("pid").GetInt64(), item.GetProperty("tid").GetInt64());

    private static string? Text(JsonElement item, string name) => item.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
