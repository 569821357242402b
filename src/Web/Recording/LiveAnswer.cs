using System.Text;
using EduVision.Shared;
using EduVision.Web.Questions;

namespace EduVision.Web.Recording;

/// <summary>An answer that is being received, in memory. One recorder writes it; pages and the database writer follow it.</summary>
public sealed class LiveAnswer
{
    private readonly Lock gate = new();
    private readonly TimeProvider clock;
    private readonly StringBuilder reasoning = new();
    private readonly StringBuilder text = new();
    private TaskCompletionSource changed = NewSignal();
    private AnswerProgress progress;
    private long version;

    /// <summary>Goes on from what is stored.</summary>
    public LiveAnswer(StoredAnswer row, TimeProvider clock)
    {
        this.clock = clock;
        Id = row.Id;
        progress = AnswerProgress.Of(row);
        reasoning.Append(row.Reasoning);
        text.Append(row.Text);
    }

    /// <summary>The answer's id.</summary>
    public Guid Id { get; }

    /// <summary>Everything but the text, now.</summary>
    public AnswerProgress Progress
    {
        get { lock (gate) return progress; }
    }

    /// <summary>What is new after <paramref name="cursor"/>, and the cursor after that.</summary>
    public AnswerUpdate Read(AnswerCursor cursor)
    {
        lock (gate)
        {
            var startsOver = cursor.AskedAgain != progress.AskedAgain;
            var (reasoningFrom, textFrom) = startsOver ? (0, 0) : (cursor.Reasoning, cursor.Text);
            return new AnswerUpdate(
                progress,
                startsOver,
                reasoning.ToString(reasoningFrom, reasoning.Length - reasoningFrom),
                text.ToString(textFrom, text.Length - textFrom),
                new AnswerCursor(version, progress.AskedAgain, reasoning.Length, text.Length));
        }
    }

    /// <summary>Completes when something is new after <paramref name="cursor"/>.</summary>
    public Task WhenNewAsync(AnswerCursor cursor, CancellationToken cancellationToken)
    {
        lock (gate) return version > cursor.Version ? Task.CompletedTask : changed.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Applies one event of the log.</summary>
    internal void Apply(AnswerEvent next)
    {
        lock (gate)
        {
            var now = clock.GetUtcNow().UtcDateTime;
            progress = progress with { Sequence = Math.Max(progress.Sequence, next.Sequence) };
            switch (next)
            {
                case Queued queued:
                    progress = progress with { State = AnswerState.Waiting, Position = queued.Position, EtaSeconds = queued.EtaSeconds };
                    break;
                case Started:
                    progress = progress with { State = AnswerState.Running, Position = null, EtaSeconds = null };
                    break;
                case Prefilled prefilled:
                    progress = progress with { PromptTokens = prefilled.Tokens };
                    break;
                case Reasoning delta:
                    reasoning.Append(delta.Delta);
                    progress = progress with { State = AnswerState.Running, FirstToken = progress.FirstToken ?? now };
                    break;
                case Answer delta:
                    text.Append(delta.Delta);
                    progress = progress with { State = AnswerState.Running, FirstToken = progress.FirstToken ?? now, ReasoningEnded = progress.ReasoningEnded ?? now };
                    break;
                case Completed completed:
                    progress = progress with
                    {
                        State = completed.FinishReason == FinishReason.Cancelled ? AnswerState.Stopped : AnswerState.Done,
                        Completed = completed,
                        Ended = now,
                    };
                    break;
                case Failed failed:
                    progress = progress with { State = AnswerState.Failed, Failed = failed, Ended = now };
                    break;
            }
            Signal();
        }
    }

    /// <summary>Throws away what was received: a restarted service makes the answer anew.</summary>
    internal void StartOver()
    {
        lock (gate)
        {
            reasoning.Clear();
            text.Clear();
            progress = new AnswerProgress { State = AnswerState.Waiting, Asked = progress.Asked, AskedAgain = progress.AskedAgain + 1, Stopping = progress.Stopping };
            Signal();
        }
    }

    /// <summary>It waits in another queue than before; nothing of it was received yet.</summary>
    internal void WaitAgain()
    {
        lock (gate)
        {
            progress = progress with { Sequence = 0, Position = null, EtaSeconds = null };
            Signal();
        }
    }

    /// <summary>Remembers that the person wants it stopped.</summary>
    internal void Stop()
    {
        lock (gate)
        {
            if (progress.HasEnded) return;
            progress = progress with { Stopping = true };
            Signal();
        }
    }

    /// <summary>Ends it as stopped when the service cannot be told, or has forgotten it.</summary>
    internal void EndStopped()
    {
        lock (gate)
        {
            if (progress.HasEnded) return;
            progress = progress with { State = AnswerState.Stopped, Ended = clock.GetUtcNow().UtcDateTime };
            Signal();
        }
    }

    private void Signal()
    {
        version++;
        var old = changed;
        changed = NewSignal();
        old.TrySetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>How much of a <see cref="LiveAnswer"/> a follower has.</summary>
/// <param name="Version">The state it saw.</param>
/// <param name="AskedAgain">Which of the answer's lives that was.</param>
/// <param name="Reasoning">UTF-16 units of reasoning.</param>
/// <param name="Text">UTF-16 units of answer.</param>
public readonly record struct AnswerCursor(long Version, int AskedAgain, int Reasoning, int Text);

/// <summary>What a follower lacked.</summary>
/// <param name="Progress">Everything but the text.</param>
/// <param name="StartsOver">True when what the follower has is void.</param>
/// <param name="Reasoning">New reasoning.</param>
/// <param name="Text">New answer text.</param>
/// <param name="Cursor">What the follower has after this.</param>
public sealed record AnswerUpdate(AnswerProgress Progress, bool StartsOver, string Reasoning, string Text, AnswerCursor Cursor);
