using EduVision.Inference.Runners;
using EduVision.Inference.Scheduling;
using EduVision.Shared;

namespace EduVision.Inference.Engine;

/// <summary>
/// Encodes the images of plans, one at a time. Beside decodes a step does only a part of an image: as much as <see cref="StepPace"/> says, and
/// the tokens from the image on come in a later step. What goes wrong ends with the requests that it concerns; see <see cref="StepExecutor"/>.
/// </summary>
/// <param name="scheduler">Whose plans they are.</param>
/// <param name="memory">What its sequences hold.</param>
/// <param name="gate">Guards both.</param>
/// <param name="logger">Hears of every fault.</param>
internal sealed class ImageEncoder(Scheduler scheduler, SequenceMemory memory, Lock gate, ILogger logger) : IDisposable
{
    private (Sequence Sequence, PromptImage Image)? begun;
    private ImageEncoding? encoding;

    /// <summary>Encodes what a plan needs, or as much of it as the step has time for: then the plan is cut short before the image.</summary>
    /// <returns>What was computed, in milliards of multiplications.</returns>
    /// <exception cref="DeviceLostException">Nothing more can be computed.</exception>
    public double Run(ModelRunner runner, StepPlan plan)
    {
        DropAbandoned();
        List<(Sequence Sequence, PromptImage Image)> wanted = [.. plan.ImagesToEncode];
        if (wanted.Count == 0) return 0;
        // What was begun first, whoever is planned now: two at once would take twice the memory.
        if (begun is { } first) wanted = [first, .. wanted.Where(other => other != first)];
        double done = 0, limit;
        lock (gate) limit = scheduler.Pace.EncodingWork(plan.Decodes, plan.PromptTokensBeforeImages);
        foreach (var (sequence, image) in wanted)
        {
            if (!Begin(plan, sequence, image)) continue;
            if (begun == (sequence, image) && (done == 0 || done < limit)) done += Advance(runner, plan, limit - done);
            if (begun is not null || !double.IsPositiveInfinity(limit)) EndBefore(plan, sequence, image);
        }
        return done;
    }

    /// <summary>Lets go of an image that was begun for a sequence that does not run any more.</summary>
    public void DropAbandoned()
    {
        lock (gate)
            if (begun is { Sequence.State: not SequenceState.Running }) Drop();
    }

    /// <summary>Gives back the memory of images that nobody needs just now.</summary>
    public void ReleaseUnused(ModelRunner runner)
    {
        lock (gate) memory.DropUnusedImages();
        runner.ReleaseUnused();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (gate) Drop();
    }

    // False if there is nothing to encode: the image is there, or not needed any more.
    private bool Begin(StepPlan plan, Sequence sequence, PromptImage image)
    {
        lock (gate)
        {
            if (begun == (sequence, image)) return true;
            // Ended meanwhile, or cut short before the image.
            if (sequence.State == SequenceState.Ended || !plan.Touches(sequence, image)) return false;
            if (begun is { } other && other.Image.Identity == image.Identity) return true;
            if (sequence.Images.ContainsKey(image) || memory.TryUseEncoded(sequence, image)) return false;
            if (begun is not null) return true;
            memory.Expect(image);
            begun = (sequence, image);
            return true;
        }
    }

    private double Advance(ModelRunner runner, StepPlan plan, double work)
    {
        var (sequence, image) = begun!.Value;
        var before = encoding?.Done ?? 0;
        try
        {
            var fresh = AdvanceOrMakeRoom(runner, image, work);
            var done = encoding!.Done - Math.Min(before, encoding.Done);
            if (fresh is not null) Finish(sequence, image, fresh);
            return done;
        }
        catch (Exception exception)
        {
            lock (gate) Drop();
            Settle(exception, plan, sequence, image);
            return 0;
        }
    }

    private EncodedImage? AdvanceOrMakeRoom(ModelRunner runner, PromptImage image, double work)
    {
        try
        {
            encoding ??= runner.Begin(image.Source);
            return encoding.Advance(work);
        }
        catch (Exception exception) when (DeviceFault.Of(exception) == FaultKind.OutOfMemory)
        {
            logger.LogWarning(exception, "Memory ran out while an image of {Tokens} tokens was encoded; again without the images that nobody needs.", image.Tokens);
            encoding?.Dispose();
            encoding = null;
            ReleaseUnused(runner);
            encoding = runner.Begin(image.Source);
            return encoding.Advance(work);
        }
    }

    private void Finish(Sequence sequence, PromptImage image, EncodedImage fresh)
    {
        image.Source.Release();
        lock (gate)
        {
            Drop();
            // Ended without a part in the plan: nobody would unpin it.
            if (sequence.State == SequenceState.Ended && !sequence.InFlight) fresh.Dispose();
            else memory.AddEncoded(sequence, image, fresh);
        }
    }

    private void Settle(Exception exception, StepPlan plan, Sequence sequence, PromptImage image)
    {
        switch (exception)
        {
            case FileNotFoundException:
                Fail(plan, sequence, FailureCode.ImageMissing, "An image of the request is no longer stored. Send it again.");
                return;
            case var fault when DeviceFault.Of(fault) == FaultKind.DeviceLost:
                throw new DeviceLostException(exception, [sequence]);
            case var fault when DeviceFault.Of(fault) == FaultKind.OutOfMemory:
                bool canWait;
                lock (gate) canWait = memory.CanWaitForRoom();
                if (canWait) EndBefore(plan, sequence, image);
                else Fail(plan, sequence, FailureCode.OutOfMemory, "The device's memory did not suffice for an image of the request. Make it smaller, or ask with fewer.");
                return;
            default:
                logger.LogError(exception, "An image could not be encoded.");
                Fail(plan, sequence, FailureCode.EngineFault, "An image of the request could not be processed. Try again, or send it in another format.");
                return;
        }
    }

    private void Drop()
    {
        encoding?.Dispose();
        encoding = null;
        begun = null;
        memory.ExpectNothing();
    }

    private void EndBefore(StepPlan plan, Sequence sequence, PromptImage image)
    {
        lock (gate) plan.EndBefore(sequence, image);
    }

    private void Fail(StepPlan plan, Sequence sequence, string code, string message)
    {
        lock (gate)
        {
            plan.Drop(sequence);
            scheduler.Fail(sequence, code, message);
        }
    }
}
