using EduVision.Inference.Runners;
using EduVision.Inference.Scheduling;
using EduVision.Shared;

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
internal sealed class StepExecutor(Scheduler scheduler, SequenceMemory memory, Lock gate, ILogger logger)
{
    /// <summary>Runs a plan and takes in what came of it.</summary>
    /// <exception cref="DeviceLostException">Nothing more can be computed.</exception>
    public void Run(ModelRunner runner, StepPlan plan)
    {
        foreach (var (sequence, image) in plan.ImagesToEncode.ToList()) Encode(runner, plan, sequence, image);
        lock (gate) scheduler.DropEnded(plan);
        var results = plan.Chunks.Count == 0 ? [] : Compute(runner, plan, [.. plan.Chunks.Select(entry => entry.Chunk)], isRetried: false);
        lock (gate) scheduler.Commit(plan, results);
    }

    private void Encode(ModelRunner runner, StepPlan plan, Sequence sequence, PromptImage image)
    {
        lock (gate)
        {
            // Ended meanwhile, or cut short before the image.
            if (sequence.State == SequenceState.Ended || !plan.Touches(sequence, image)) return;
            if (sequence.Images.ContainsKey(image) || memory.TryUseEncoded(sequence, image)) return;
            memory.MakeRoomFor(image);
        }
        try
        {
            var fresh = EncodeOrMakeRoom(runner, image);
            image.Source.Release();
            lock (gate) memory.AddEncoded(sequence, image, fresh);
        }
        catch (FileNotFoundException)
        {
            FailPlanned(plan, sequence, FailureCode.ImageMissing, "An image of the request is no longer stored. Send it again.");
        }
        catch (Exception exception) when (DeviceFault.Of(exception) == FaultKind.OutOfMemory)
        {
            lock (gate)
            {
                if (memory.CanWaitForRoom()) plan.EndBefore(sequence, image);
                else FailPlanned(plan, sequence, FailureCode.OutOfMemory, "The device's memory did not suffice for an image of the request. Make it smaller, or ask with fewer.");
            }
        }
        catch (Exception exception) when (DeviceFault.Of(exception) == FaultKind.DeviceLost)
        {
            throw new DeviceLostException(exception, [sequence]);
        }
        catch (Exception exception)
        {
            logger.LogError(exception, "An image could not be encoded.");
            FailPlanned(plan, sequence, FailureCode.EngineFault, "An image of the request could not be processed. Try again, or send it in another format.");
        }
    }

    private EncodedImage EncodeOrMakeRoom(ModelRunner runner, PromptImage image)
    {
        try
        {
            return runner.Encode(image.Source);
        }
        catch (Exception exception) when (DeviceFault.Of(exception) == FaultKind.OutOfMemory)
        {
            logger.LogWarning(exception, "Memory ran out while an image of {Tokens} tokens was encoded; again without the images that nobody needs.", image.Tokens);
            ReleaseUnused(runner);
            return runner.Encode(image.Source);
        }
    }

    private void FailPlanned(StepPlan plan, Sequence sequence, string code, string message)
    {
        lock (gate)
        {
            plan.Drop(sequence);
            scheduler.Fail(sequence, code, message);
        }
    }

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
                    ReleaseUnused(runner);
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

    private void ReleaseUnused(ModelRunner runner)
    {
        lock (gate) memory.DropUnusedImages();
        runner.ReleaseUnused();
    }
}
