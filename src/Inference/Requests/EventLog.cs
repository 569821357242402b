using System.Runtime.CompilerServices;
using EduVision.Shared;

namespace EduVision.Inference.Requests;

/// <summary>The events of one request: written by the engine, read from any number on by any number of readers, none of whom can slow it.</summary>
public sealed class EventLog
{
    private readonly Lock gate = new();
    private readonly List<AnswerEvent> events = [];
    private TaskCompletionSource grown = NewSignal();
    private long bytes;

    /// <summary>The last number; 0 while there is none.</summary>
    public long LastSequence
    {
        get { lock (gate) return events.Count; }
    }

    /// <summary>Memory it takes, about.</summary>
    public long Bytes
    {
        get { lock (gate) return bytes; }
    }

    /// <summary>Appends the event that <paramref name="create"/> makes of its number.</summary>
    /// <exception cref="InvalidOperationException">The log has its last event.</exception>
    public void Append(Func<long, AnswerEvent> create)
    {
        TaskCompletionSource signal;
        lock (gate)
        {
            if (events is [.., { IsLast: true }]) throw new InvalidOperationException("The log has ended.");
            var item = create(events.Count + 1);
            events.Add(item);
            bytes += SizeOf(item);
            signal = grown;
            grown = NewSignal();
        }
        signal.SetResult();
    }

    /// <summary>Events after a number, as they come, up to and including the last.</summary>
    public async IAsyncEnumerable<AnswerEvent> ReadAsync(long after, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var next = (int)Math.Clamp(after, 0, int.MaxValue);
        var batch = new List<AnswerEvent>();
        while (true)
        {
            Task wait;
            lock (gate)
            {
                wait = grown.Task;
                if (next < events.Count) batch.AddRange(events.Skip(next));
                else if (events is [.., { IsLast: true }]) yield break;
            }
            foreach (var item in batch)
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return item;
                if (item.IsLast) yield break;
            }
            next += batch.Count;
            if (batch.Count == 0) await wait.WaitAsync(cancellationToken);
            batch.Clear();
        }
    }

    // Objects, texts of two bytes a character and their places in lists, rounded up.
    private static long SizeOf(AnswerEvent item) => 64 + item switch
    {
        Reasoning piece => 2L * piece.Delta.Length,
        Answer piece => (2L * piece.Delta.Length) + (piece.Tokens?.Sum(token => 96 + (72L * token.Alternatives.Count)) ?? 0),
        _ => 64,
    };

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
