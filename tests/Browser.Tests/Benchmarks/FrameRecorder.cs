using Microsoft.Playwright;

namespace EduVision.Browser.Tests.Benchmarks;

/// <summary>What one streamed answer did to the page's frames, in milliseconds.</summary>
internal sealed record FrameRecord
{
    /// <summary>From the first words to the end of the answer.</summary>
    public required double Duration { get; init; }

    /// <summary>Pixels of the page under the window at the end: few, if it went along with the newest words.</summary>
    public required double Left { get; init; }

    /// <summary>Time from frame to frame.</summary>
    public required double[] Frames { get; init; }

    /// <summary>Durations of tasks that held the page for more than 50 ms.</summary>
    public required double[] LongTasks { get; init; }

    /// <summary>The longest frame.</summary>
    public double Longest => Frames.Max();

    /// <summary>99 of 100 frames are at most this long.</summary>
    public double Percentile99 => Frames.Order().ElementAt((int)(0.99 * (Frames.Length - 1)));

    /// <summary>Frames longer than this.</summary>
    public int Over(double milliseconds) => Frames.Count(frame => frame > milliseconds);
}

/// <summary>Measures in the page itself: times between animation frames, and the browser's own report of long tasks.</summary>
internal static class FrameRecorder
{
    // Frames count from the first words until a second after the end: the last render is part of the answer.
    private const string Script =
        """
        () => {
          const frames = [], longTasks = [];
          const seen = selector => document.querySelector(selector) !== null;
          const page = document.documentElement;
          let first = 0, end = 0, last = 0, following = false;
          const observer = new PerformanceObserver(list => {
            for (const task of list.getEntries()) if (first && task.startTime >= first) longTasks.push(task.duration);
          });
          observer.observe({ type: 'longtask' });
          window.frameRecord = new Promise(done => {
            const frame = now => {
              if (!first && seen('.answer-text > *')) first = now;
              else if (first) frames.push(now - last);
              last = now;
              // As a reader who goes along: the page then stays with the newest words by itself.
              if (first && !following && page.scrollHeight > page.clientHeight) {
                following = true;
                scrollTo(0, page.scrollHeight);
              }
              if (!end && seen('.answer-actions')) end = now;
              if (!end || now < end + 1000) return requestAnimationFrame(frame);
              observer.disconnect();
              done({ duration: end - first, frames, longTasks, left: page.scrollHeight - page.scrollTop - page.clientHeight });
            };
            requestAnimationFrame(frame);
          });
        }
        """;

    /// <summary>Starts to look.</summary>
    public static Task StartAsync(IPage page) => page.EvaluateAsync(Script);

    /// <summary>Waits for the end of the answer.</summary>
    public static async Task<FrameRecord> EndAsync(IPage page)
    {
        var json = await page.EvaluateAsync<System.Text.Json.JsonElement>("() => window.frameRecord");
        return new FrameRecord
        {
            Duration = json.GetProperty("duration").GetDouble(),
            Frames = Numbers("frames"),
            LongTasks = Numbers("longTasks"),
            Left = json.GetProperty("left").GetDouble(),
        };

        double[] Numbers(string name) => [.. json.GetProperty(name).EnumerateArray().Select(number => number.GetDouble())];
    }
}
