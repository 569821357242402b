namespace EduVision.Inference.Scheduling;

/// <summary>
/// Who is next: the first request of the user who was served least, counted in computed tokens (the virtual token counter
/// of "Fairness in Serving Large Language Models", Sheng et al. 2024). A user who comes back starts level with the least
/// served one there, so waiting saves up nothing.
/// </summary>
internal sealed class WaitingQueue
{
    private readonly Dictionary<string, Share> shares = [];
    private long arrivals;

    /// <summary>Requests that wait.</summary>
    public int Count { get; private set; }

    /// <summary>Requests that run, of all users.</summary>
    public int Running => shares.Values.Sum(share => share.Running);

    /// <summary>Requests of a user, waiting and running.</summary>
    public int CountOf(string user) => shares.TryGetValue(user, out var share) ? share.Waiting.Count + share.Running : 0;

    /// <summary>Requests of a user that run.</summary>
    public int RunningOf(string user) => shares.TryGetValue(user, out var share) ? share.Running : 0;

    /// <summary>Tokens computed for a user who waits or runs.</summary>
    public long ServedTo(string user) => shares[user].Served;

    /// <summary>Users remembered.</summary>
    public int Users => shares.Count;

    /// <summary>Puts a new request behind the others of its user.</summary>
    public void Add(Sequence sequence)
    {
        Join(sequence.User).Waiting.AddLast((sequence, ++arrivals));
        Count++;
    }

    /// <summary>Puts a preempted request back before the others of its user.</summary>
    public void Return(Sequence sequence)
    {
        var share = shares[sequence.User];
        share.Running--;
        share.Waiting.AddFirst((sequence, ++arrivals));
        Count++;
    }

    /// <summary>Counts service to a user.</summary>
    public void Charge(string user, int tokens) => shares[user].Served += tokens;

    /// <summary>Takes a request out because it runs now.</summary>
    public void Admit(Sequence sequence)
    {
        Remove(sequence);
        shares[sequence.User].Running++;
    }

    /// <summary>Takes a request out.</summary>
    public void Remove(Sequence sequence)
    {
        var share = shares[sequence.User];
        for (var node = share.Waiting.First; node is not null; node = node.Next)
        {
            if (node.Value.Sequence != sequence) continue;
            share.Waiting.Remove(node);
            Count--;
            return;
        }
        throw new InvalidOperationException("The request does not wait.");
    }

    /// <summary>A running request ended.</summary>
    public void Ended(string user) => shares[user].Running--;

    /// <summary>All that wait in the order of service, as things stand: each one served is taken to cost what it has to compute.</summary>
    public IEnumerable<Sequence> InOrder()
    {
        var turns = new PriorityQueue<(Share Share, LinkedListNode<(Sequence Sequence, long Arrival)> Node, long Served, int Running), (long, int, long)>();
        foreach (var share in shares.Values)
            if (share.Waiting.First is { } first) turns.Enqueue((share, first, share.Served, share.Running), (share.Served, share.Running, first.Value.Arrival));
        while (turns.TryDequeue(out var turn, out _))
        {
            var sequence = turn.Node.Value.Sequence;
            var next = turn.Node.Next;
            yield return sequence;
            if (next is null) continue;
            var served = turn.Served + sequence.Pending;
            turns.Enqueue((turn.Share, next, served, turn.Running + 1), (served, turn.Running + 1, next.Value.Arrival));
        }
    }

    // Called before a user's request is counted, so an idle share is one of a user who comes back.
    private Share Join(string user)
    {
        var least = shares.Values.Where(share => !share.IsIdle).Select(share => share.Served).DefaultIfEmpty(long.MaxValue).Min();
        // An idle user served no more than this starts level anyway: nothing to remember. Where nobody is, all start level.
        foreach (var (name, _) in shares.Where(pair => pair.Value.IsIdle && pair.Value.Served <= least).ToList()) shares.Remove(name);
        if (!shares.TryGetValue(user, out var share)) shares.Add(user, share = new Share { Served = least == long.MaxValue ? 0 : least });
        return share;
    }

    private sealed class Share
    {
        public LinkedList<(Sequence Sequence, long Arrival)> Waiting { get; } = [];
        public int Running { get; set; }
        public long Served { get; set; }
        public bool IsIdle => Running == 0 && Waiting.Count == 0;
    }
}
