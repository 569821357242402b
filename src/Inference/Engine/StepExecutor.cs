using EduVision.Inference.Runners;
using EduVision.Inference.Scheduling;

namespace EduVision.Inference.Engine;

/// <summary>
/// Runs a step's plan on the runner: encodes its images, computes its chunks. What goes wrong there ends with the requests that it
/// concerns: a fault of one fails that one; where memory runs out there is less to do at once, and only what does not fit alone
/// fails; a lost device is the engine's affair.
/// </summary>
/// <param name="scheduler">Whose plans they are.</param>
/// <param name="memory">What its sequences hold.</param>
/// <param name="gate">Guards both.</param>
/// <param name="logger">Hears of every fault.</param>
/// <param name="time">Measures steps.</param>
internal sealed class StepExecutor(Scheduler scheduler, SequenceMemory memory, Lock gate, ILogger logger, TimeProvider time) : IDisposable
{
    private readonly ImageEncoder images = new(scheduler, memory, gate, logger);

    /// <summary>Runs a plan and takes in what came of it.</summary>
    /// <exception cref="DeviceLostException">Nothing more can be computed.</exception>
    public void Run(ModelRunner runner, StepPlan plan)
    {
        var begun = time.GetTimestamp();
        var work = images.Run(runner, plan);
        int decodes, tokens;
        lock (gate)
        {
            scheduler.DropEnded(plan);
            (decodes, tokens) = (plan.Decodes, plan.Tokens);
        }
        var results = plan.Chunks.Count == 0 ? [] : Compute(runner, plan, [.. plan.Chunks.Select(entry => entry.Chunk)], isRetried: false);
        lock (gate)
        {
            scheduler.Commit(plan, results);
            scheduler.Pace.Note(decodes, tokens - decodes, work, time.GetElapsedTime(begun));
        }
    }

    /// <summary>Nothing is to be computed just now: lets go of what was begun for those that ended.</summary>
    public void Rest() => images.DropAbandoned();

    /// <inheritdoc/>
    public void Dispose() => images.Dispose();

    // A chunk computed twice gives the same, so after a fault there can be less of them at once.
    private IReadOnlyList<ChunkResult> Compute(ModelRunner runner, StepPlan plan, IReadOnlyList<SequenceChunk> chunks, bool isRetried)
    {
        try
        {
            return runner.Step(chunks);
        }
        catch (Exception exception)
        {
            switch (DeviceFault.Of(exception))
            {
                case FaultKind.DeviceLost:
                    throw new DeviceLostException(exception, [.. plan.Chunks.Select(entry => entry.Sequence)]);
                case FaultKind.OutOfMemory when !isRetried:
                    logger.LogWarning(exception, "Memory ran out in a step of {Tokens} tokens; again without the images that nobody needs.", chunks.Sum(chunk => chunk.Count));
                    images.ReleaseUnused(runner);
                    return Compute(runner, plan, chunks, isRetried: true);
                case FaultKind.OutOfMemory:
                    return Halved(runner, plan, chunks);
            }
            logger.LogError(exception, "A step of {Chunks} chunks failed.", chunks.Count);
            // Each alone: only the one to blame fails.
            if (chunks.Count > 1) return [.. chunks.Select(chunk => Compute(runner, plan, [chunk], isRetried)[0])];
            return [new ChunkResult(null, "The engine met a fault while it computed this request. Try again; if it happens again, the log of the service says more.")];
        }
    }

    private IReadOnlyList<ChunkResult> Halved(ModelRunner runner, StepPlan plan, IReadOnlyList<SequenceChunk> chunks)
    {
        var tokens = chunks.Sum(chunk => chunk.Count);
        int limit;
        lock (gate) limit = scheduler.LimitStep(tokens / 2);
        logger.LogWarning("Memory does not suffice for a step of {Tokens} tokens; half of it at once, and steps of at most {Limit} from now on.", tokens, limit);
        if (chunks.Count > 1)
        {
            var half = chunks.Count / 2;
            return [.. Compute(runner, plan, [.. chunks.Take(half)], isRetried: true), .. Compute(runner, plan, [.. chunks.Skip(half)], isRetried: true)];
        }
        var chunk = chunks[0];
        if (chunk.Count == 1) return [ChunkResult.OutOfMemory];
        var first = Compute(runner, plan, [chunk.Part(chunk.Start, chunk.Count / 2)], isRetried: true);
        return first[0].Fault is not null ? first : Compute(runner, plan, [chunk.Part(chunk.Start + (chunk.Count / 2), chunk.Count - (chunk.Count / 2))], isRetried: true);
    }
}
