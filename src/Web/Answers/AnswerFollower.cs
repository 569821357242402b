using EduVision.Web.Answers.Markdown;
using EduVision.Web.Questions;
using EduVision.Web.Recording;

namespace EduVision.Web.Answers;

/// <summary>What a page shows of one answer: live while it is received, else as stored.</summary>
public sealed class AnswerFollower : IDisposable
{
    // Deltas are joined to about 14 a second: smooth to the eye, easy on the browser.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(70);

    private readonly CancellationTokenSource stop = new();
    private readonly LiveAnswer? live;
    private AnswerCursor cursor;

    /// <summary>Follows <paramref name="live"/>, or shows <paramref name="row"/> as it is.</summary>
    public AnswerFollower(StoredAnswer row, LiveAnswer? live)
    {
        Row = row;
        this.live = live;
        Progress = AnswerProgress.Of(row);
        if (live is null) return;
        Text = new StreamedMarkdown();
        Reasoning = new StreamedMarkdown();
        Take(live.Read(default));
    }

    /// <summary>The stored row; its text is what was stored when it was read.</summary>
    public StoredAnswer Row { get; }

    /// <summary>Everything but the text.</summary>
    public AnswerProgress Progress { get; private set; }

    /// <summary>The answer as it grows; null if it came whole.</summary>
    public StreamedMarkdown? Text { get; }

    /// <summary>The reasoning as it grows; null if it came whole.</summary>
    public StreamedMarkdown? Reasoning { get; }

    /// <summary>True when the answer proper has begun.</summary>
    public bool HasText => Text is null ? Row.Text.Length > 0 : !Text.IsEmpty;

    /// <summary>True when there is reasoning.</summary>
    public bool HasReasoning => Reasoning is null ? Row.Reasoning.Length > 0 : !Reasoning.IsEmpty;

    /// <summary>How long it reasoned, or has been reasoning until <paramref name="now"/>.</summary>
    public TimeSpan ReasoningTime(DateTime now) =>
        Progress.FirstToken is { } first ? (Progress.ReasoningEnded ?? Progress.Ended ?? now) - first : TimeSpan.Zero;

    /// <summary>Calls <paramref name="changed"/> after each batch, and once more at the end.</summary>
    public async Task RunAsync(Func<Task> changed)
    {
        if (live is null || Progress.HasEnded) return;
        try
        {
            while (!Progress.HasEnded)
            {
                await live.WhenNewAsync(cursor, stop.Token);
                Take(live.Read(cursor));
                await changed();
                await Task.Delay(Pause, stop.Token);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Nobody looks any more.
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        stop.Cancel();
        stop.Dispose();
    }

    private void Take(AnswerUpdate update)
    {
        if (update.StartsOver && cursor.Version > 0)
        {
            Reasoning!.StartOver();
            Text!.StartOver();
        }
        Reasoning!.Append(update.Reasoning);
        Text!.Append(update.Text);
        Progress = update.Progress;
        cursor = update.Cursor;
        if (Progress.ReasoningEnded is not null || Progress.HasEnded) Reasoning.Finish();
        if (Progress.HasEnded) Text.Finish();
    }
}
