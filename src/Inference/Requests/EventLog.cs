using System.Runtime.CompilerServices;
using EduVision.Shared;

namespace EduVision.Inference.Requests;

/// <summary>The events of one request: written by the engine, read from any number on by any number of readers, none of whom can slow it.</summary>
public sealed class EventLog
{
    private readonly Lock gate = new();
    private readonly List<AnswerEvent> events = [];
    private TaskCompletionSource grown = NewSignal();

    /// <summary>The last number; 0 while there is none.</summary>
    public long LastSequence
    {
        get { lock (gate) return events.Count; }
    }

    /// <summary>True if the last event is there.</summary>
    public bool IsComplete
    {
        get { lock (gate) return events is [.., { IsLast: true }]; }
    }

    /// <summary>Appends the event that <paramref name="create"/> makes of its number.</summary>
    /// <exception cref="InvalidOperationException">The log has its last event.</exception>
    public void Append(Func<long, AnswerEvent> create)
    {
        TaskCompletionSource signal;
        lock (gate)
        {
            if (events is [.., { IsLast: true }]) throw new InvalidOperationException("The log has ended.");
            events.Add(create(events.Count + 1));
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

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
