using EduVision.Inference.Runners;
using EduVision.Shared;

namespace EduVision.Inference.Scheduling;

/// <summary>
/// Continuous batching over a paged KV cache: which sequences run, and which of their tokens each step computes. Pure
/// logic that touches no device; not thread-safe, its owner locks.
/// </summary>
public sealed class Scheduler(SchedulerOptions options, SequenceMemory memory, RateMeter rates, Action imageReady)
{
    private readonly WaitingQueue waiting = new();
    private readonly List<Sequence> running = [];
    private readonly List<Sequence> ending = [];
    private long admissions;
    private int? stepLimit;

    /// <summary>How long steps take; guarded like the scheduler.</summary>
    internal StepPace Pace { get; } = new(options);

    /// <summary>Requests that wait.</summary>
    public int Waiting => waiting.Count;

    /// <summary>Requests that run.</summary>
    public int Running => running.Count;

    /// <summary>Tokens that a step may have now.</summary>
    public int StepTokens => stepLimit ?? options.StepTokens;

    /// <summary>Prompt tokens asked for since the start.</summary>
    public long PromptTokens { get; private set; }

    /// <summary>Prompt tokens that the prefix cache held.</summary>
    public long CachedTokens { get; private set; }

    /// <summary>Sequences preempted since the start.</summary>
    public long Preemptions { get; private set; }

    /// <summary>Tokens computed for a user, which is what turns go by.</summary>
    internal long ServedTo(string user) => waiting.ServedTo(user);

    /// <summary>Puts a sequence into the queue. What it may need in all has to fit the cache: the caller has seen to that.</summary>
    /// <returns>Why not, or null if it waits now.</returns>
    public ServiceError? TryAdd(Sequence sequence)
    {
        if (waiting.Count >= options.QueueLimit)
            return new ServiceError(FailureCode.QueueFull, "The queue is full. Try again in a few minutes.", Limit(options.QueueLimit));
        if (waiting.CountOf(sequence.User) >= options.PerUserLimit)
            return new ServiceError(FailureCode.UserLimit, "You have too many requests waiting or running. Wait until some are done, or cancel some.", Limit(options.PerUserLimit));
        waiting.Add(sequence);
        TellPositions();
        return null;
    }

    /// <summary>Ends a sequence from outside; its memory is free at once, or after the step that computes it just now.</summary>
    /// <returns>False if it had ended.</returns>
    public bool Cancel(Sequence sequence) => End(sequence, output => output.Finish(FinishReason.Cancelled));

    /// <summary>Ends a sequence that went wrong. What its blocks hold is not trusted any more.</summary>
    public void Fail(Sequence sequence, string code, string message)
    {
        memory.Distrust(sequence);
        End(sequence, output => output.Fail(code, message));
    }

    /// <summary>The next step, or null if there is nothing to compute now.</summary>
    public StepPlan? Plan()
    {
        var plan = new StepPlan();
        var budget = StepTokens;
        foreach (var sequence in running.Where(sequence => sequence.IsDecoding).OrderBy(sequence => sequence.Admission).ToList())
            Continue(sequence, plan, ref budget);
        budget = Pace.PromptTokens(plan.Tokens, budget);
        // Prompts share what is left: the least served user's first, be it one that runs already or one to be admitted.
        var prompts = new Queue<Sequence>(running.Where(sequence => !sequence.IsDecoding)
            .OrderBy(sequence => waiting.ServedTo(sequence.User)).ThenBy(sequence => sequence.Admission));
        var admitting = true;
        while (budget > 0)
        {
            var next = admitting ? NextAdmissible() : null;
            if (prompts.TryPeek(out var begun) && (next is null || waiting.ServedTo(begun.User) <= waiting.ServedTo(next.User)))
                Continue(prompts.Dequeue(), plan, ref budget);
            else if (next is null) break;
            else if (admitting = TryAdmit(next, plan, ref budget)) Continue(next, plan, ref budget);
        }
        TopUp(plan, budget);
        Prefetch();
        return plan.Chunks.Count == 0 ? null : plan;
    }

    /// <summary>Steps are to have so many tokens at most from now on: the device's memory ran out with more.</summary>
    /// <param name="tokens">Never fewer than a token for each that may run.</param>
    /// <returns>How many it is now.</returns>
    public int LimitStep(int tokens)
    {
        stepLimit = Math.Min(StepTokens, Math.Max(tokens, options.MaxRunning));
        return StepTokens;
    }

    /// <summary>Takes out of a plan what was ended since: the runner has not begun with it, so nothing is computed for it and its memory is free now.</summary>
    public void DropEnded(StepPlan plan)
    {
        foreach (var sequence in ending) plan.Drop(sequence);
        FreeEnding();
    }

    /// <summary>Nothing comes of the plan that was under way: what ended since it was made holds nothing any more.</summary>
    public void Abandon()
    {
        foreach (var sequence in ending) sequence.InFlight = false;
        FreeEnding();
    }

    /// <summary>Takes in what came of a plan, chunk by chunk.</summary>
    public void Commit(StepPlan plan, IReadOnlyList<ChunkResult> results)
    {
        foreach (var ((sequence, chunk), result) in plan.Chunks.Zip(results).ToList())
        {
            sequence.InFlight = false;
            if (sequence.State != SequenceState.Running) continue;
            if (result.Fault is { } fault) Fail(sequence, result.Code ?? FailureCode.EngineFault, fault);
            else Advance(sequence, chunk, result);
        }
        FreeEnding();
    }

    private void Continue(Sequence sequence, StepPlan plan, ref int budget)
    {
        if (budget == 0 || sequence.State != SequenceState.Running) return;
        var count = memory.Encodable(sequence, Math.Min(sequence.Pending, budget), plan);
        if (count == 0 || !TryReserve(sequence, sequence.Computed + count, plan, ref budget)) return;
        plan.Add(sequence, count);
        budget -= count;
    }

    // What a preemption gave back goes to those who had been cut short before it.
    private void TopUp(StepPlan plan, int budget)
    {
        foreach (var (sequence, chunk) in plan.Chunks.Where(entry => entry.Chunk.Count < entry.Sequence.Pending).ToList())
        {
            var count = memory.Encodable(sequence, Math.Min(sequence.Pending, chunk.Count + budget), plan);
            if (count <= chunk.Count || !memory.TryGrow(sequence, sequence.Computed + count)) continue;
            plan.Drop(sequence);
            plan.Add(sequence, count);
            budget -= count - chunk.Count;
        }
    }

    private void Advance(Sequence sequence, SequenceChunk chunk, ChunkResult result)
    {
        memory.Advance(sequence, chunk.End);
        // What has to be computed again after a preemption is no new service to its user.
        waiting.Charge(sequence.User, Math.Max(0, chunk.End - Math.Max(chunk.Start, sequence.Charged)));
        sequence.Charged = Math.Max(sequence.Charged, chunk.End);
        if (chunk.Sample is null) return;
        if (sequence.OutputCount == 0) sequence.Output.Prefilled(sequence.Cached);
        if (result.Token is not { } token) return;
        if (sequence.OutputCount == 0) rates.FirstToken(sequence.AdmittedAt);
        rates.Token();
        var verdict = sequence.Output.Accept(token);
        foreach (var id in verdict.Append) sequence.Append(id);
        if (verdict.End is { } reason) End(sequence, output => output.Finish(reason));
    }

    // Blocks for the first `tokens` tokens. Takes them from others if there are none, from itself if it is the one that must yield.
    private bool TryReserve(Sequence sequence, int tokens, StepPlan plan, ref int budget)
    {
        while (!memory.TryGrow(sequence, tokens))
        {
            var victim = Victim();
            budget += Preempt(victim, plan);
            if (victim == sequence) return false;
        }
        return true;
    }

    // The youngest of the user with the most: who holds much, and has least to lose by starting over.
    private Sequence Victim() => running
        .GroupBy(sequence => sequence.User)
        .MaxBy(group => (group.Count(), group.Sum(sequence => sequence.Blocks.Count)))!
        .MaxBy(sequence => sequence.Admission)!;

    private int Preempt(Sequence victim, StepPlan plan)
    {
        var budget = plan.Drop(victim);
        running.Remove(victim);
        memory.Free(victim);
        victim.State = SequenceState.Waiting;
        waiting.Return(victim);
        Preemptions++;
        TellPositions();
        return budget;
    }

    private Sequence? NextAdmissible()
    {
        if (waiting.Count == 0) return null;
        foreach (var sequence in waiting.InOrder().Take(Math.Max(1, options.PrefetchDepth)))
            if (memory.ImagesToLoad(sequence).All(image => image.Source.IsReady)) return sequence;
        return null;
    }

    private bool TryAdmit(Sequence sequence, StepPlan plan, ref int budget)
    {
        if (running.Count >= options.MaxRunning && !TryClaim(sequence, plan, ref budget)) return false;
        while (!memory.HasRoom(sequence))
            if (!TryClaim(sequence, plan, ref budget)) return false;
        memory.Start(sequence);
        waiting.Admit(sequence);
        running.Add(sequence);
        sequence.State = SequenceState.Running;
        sequence.Cached = sequence.Computed;
        // Counted once: what a preempted request finds again are mostly its own blocks.
        if (sequence.Admission == 0)
        {
            PromptTokens += sequence.Tokens.Count;
            CachedTokens += sequence.Cached;
        }
        sequence.Admission = ++admissions;
        sequence.AdmittedAt = rates.Now;
        sequence.ToldPosition = 0;
        sequence.Output.Started();
        TellPositions();
        return true;
    }

    // A user with nothing running takes a place from one with several: many pages of one never shut out another.
    private bool TryClaim(Sequence sequence, StepPlan plan, ref int budget)
    {
        if (running.Count == 0 || waiting.RunningOf(sequence.User) > 0) return false;
        var victim = Victim();
        if (waiting.RunningOf(victim.User) < 2) return false;
        budget += Preempt(victim, plan);
        return true;
    }

    private bool End(Sequence sequence, Action<ISequenceOutput> tell)
    {
        if (sequence.State == SequenceState.Ended) return false;
        if (sequence.State == SequenceState.Waiting) waiting.Remove(sequence);
        else
        {
            running.Remove(sequence);
            waiting.Ended(sequence.User);
            if (sequence.InFlight) ending.Add(sequence);
            else memory.Free(sequence);
            rates.Ended(sequence.AdmittedAt);
        }
        sequence.State = SequenceState.Ended;
        foreach (var image in sequence.Prompt.Images) image.Source.Release();
        tell(sequence.Output);
        TellPositions();
        return true;
    }

    private void FreeEnding()
    {
        foreach (var sequence in ending) memory.Free(sequence);
        ending.Clear();
    }

    private void Prefetch()
    {
        foreach (var sequence in waiting.InOrder().Take(options.PrefetchDepth))
            foreach (var image in memory.ImagesToLoad(sequence)) image.Source.Prefetch(imageReady);
    }

    private void TellPositions()
    {
        var (position, places) = (0, Places());
        foreach (var sequence in waiting.InOrder())
        {
            position++;
            if (sequence.ToldPosition == position) continue;
            sequence.ToldPosition = position;
            sequence.Output.Queued(position, rates.Eta(position, running.Count, places));
        }
    }

    /// <summary>Expected seconds until the first token of the request at that place of the queue; null while nothing was measured.</summary>
    public double? Eta(int position) => rates.Eta(position, running.Count, Places());

    // How many can run: no more than now, if the next one does not fit beside them.
    private int Places() => waiting.InOrder().FirstOrDefault() is { } next && !memory.HasRoom(next) ? running.Count : options.MaxRunning;

    /// <summary>Checks that every block and every pinned image belongs to exactly the sequences that say so.</summary>
    /// <exception cref="InvalidOperationException">Something leaked.</exception>
    public void CheckIntegrity()
    {
        memory.CheckIntegrity([.. running, .. ending]);
        if (running.Any(sequence => sequence.State != SequenceState.Running)) throw new InvalidOperationException("A running sequence does not run.");
        if (waiting.Running != running.Count || running.CountBy(sequence => sequence.User).Any(user => waiting.RunningOf(user.Key) != user.Value))
            throw new InvalidOperationException("The queue counts other running requests than there are.");
        if (waiting.InOrder().Any(sequence => sequence.State != SequenceState.Waiting || sequence.Blocks.Count + sequence.Images.Count > 0))
            throw new InvalidOperationException("A waiting sequence holds memory.");
    }

    private static Dictionary<string, string> Limit(int limit) => new() { ["limit"] = limit.ToString(System.Globalization.CultureInfo.InvariantCulture) };
}
