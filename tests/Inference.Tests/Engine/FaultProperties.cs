using EduVision.Inference.Cuda.Driver;
using EduVision.Inference.Engine;
using EduVision.Inference.Runners;
using EduVision.Inference.Scheduling;
using EduVision.Inference.Tests.Fakes;
using EduVision.Shared;
using FsCheck;
using FsCheck.Fluent;

namespace EduVision.Inference.Tests.Engine;

/// <summary>
/// Whatever the device does at whatever moment: memory that runs out in steps and images, chunks that break, values that are no numbers,
/// and at last a lost device. Who is not to blame gets the very text that it gets alone, nothing leaks, everybody ends.
/// </summary>
public sealed class FaultProperties
{
    private const int Images = 4, Together = 2;

    private sealed class Tally
    {
        public long StepShortages, ImageShortages, Waits, Poisoned, NoNumbers, LostInStep, LostInEncoding, Finished, FinishedWithImages, ShortInTheMiddle, LostInTheMiddle, Missing;
    }

    public abstract record Happening;

    public sealed record Arrives(int User, int Prompt, int Output, int[] Images, bool Poison) : Happening;

    public sealed record Steps(int Count) : Happening;

    /// <summary>From now on the device has room for so many tokens of a step and so many images.</summary>
    public sealed record Room(int Tokens, int Images) : Happening;

    /// <summary>The next step finds no numbers in its first chunk.</summary>
    public sealed record NoNumbers : Happening;

    /// <summary>An image stops after some parts: its file is gone, or there is no memory at that moment.</summary>
    public sealed record Stops(int After, bool Missing) : Happening;

    /// <summary>The device is lost in the next step, or after some parts of images.</summary>
    public sealed record Lost(bool InEncoding, int After) : Happening;

    private static Arbitrary<Happening[]> Histories() => Gen.Frequency(
        (8, from user in Gen.Choose(0, 2)
            from prompt in Gen.Choose(1, 30)
            from output in Gen.Choose(1, 12)
            from images in Gen.Choose(0, Images - 1).ArrayOf().Resize(3)
            from poison in Gen.Frequency((12, Gen.Constant(false)), (1, Gen.Constant(true)))
            select (Happening)new Arrives(user, prompt, output, images, poison)),
        (8, Gen.Choose(1, 5).Select(count => (Happening)new Steps(count))),
        (3, from tokens in Gen.Choose(1, 12)
            from images in Gen.Choose(1, Images)
            select (Happening)new Room(tokens, images)),
        (1, Gen.Constant<Happening>(new NoNumbers())),
        (2, from after in Gen.Choose(0, 4)
            from missing in Gen.Elements(true, false)
            select (Happening)new Stops(after, missing)),
        (1, from encoding in Gen.Elements(true, false)
            from after in Gen.Choose(0, 4)
            select (Happening)new Lost(encoding, after)))
        .ArrayOf().ToArbitrary();

    [Fact]
    public void Faults_end_with_those_whom_they_concern()
    {
        var tally = new Tally();
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll(Histories(), history => Run(history, tally)));
        TestContext.Current.TestOutputHelper!.WriteLine(string.Join(", ", typeof(Tally).GetFields().Select(field => $"{field.Name} {field.GetValue(tally)}")));
        foreach (var field in typeof(Tally).GetFields())
            Assert.True((long)field.GetValue(tally)! >= 10, $"{field.Name}: only {field.GetValue(tally)} in all histories");
    }

    private static void Run(Happening[] history, Tally tally)
    {
        // As many images as may be held together; the device may have room for fewer or more.
        using var bench = new Bench(blocks: 24, new SchedulerOptions { StepTokens = 10, MaxRunning = 4, PerUserLimit = 1000, QueueLimit = 1000 }, encoderBytes: Together * 1000);
        List<(Sequence Sequence, Recorder Output, bool Poison)> all = [];
        int abandoned = 0, shortages = 0;
        bench.Runner.BeforeStep = chunks =>
        {
            if (chunks.Any(chunk => all.Any(one => one.Poison && ReferenceEquals(one.Sequence.Prompt, chunk.Prompt)))) throw new InvalidOperationException("The device said no.");
        };
        try
        {
            foreach (var happening in history)
            {
                switch (happening)
                {
                    case Arrives arrival: all.Add(Arrive(bench, arrival)); break;
                    case Room room: (bench.Runner.StepRoom, bench.Runner.ImageRoom) = (room.Tokens, room.Images); break;
                    case NoNumbers: bench.Runner.Fault = _ => ChunkResult.NoNumbers.Fault; break;
                    case Stops { Missing: true } stop: bench.Runner.BeforeEncode ??= After(stop.After, () => throw new FileNotFoundException("The image is gone.")); break;
                    case Stops stop: bench.Runner.BeforeEncode ??= After(stop.After, () =>
                    {
                        // Not on top of another: who finds no room twice at once is told so.
                        if (bench.Runner.Shortages == shortages) throw bench.Runner.OutOfMemory();
                    }); break;
                    case Lost { InEncoding: true } lost: bench.Runner.BeforeEncode = After(lost.After, () => throw new CudaException("vision", 700, "CUDA_ERROR_ILLEGAL_ADDRESS")); break;
                    case Lost: bench.Runner.BeforeStep = _ => throw new CudaException("cuStreamSynchronize", 719, "CUDA_ERROR_LAUNCH_FAILED"); break;
                    case Steps steps:
                        for (var i = 0; i < steps.Count; i++)
                        {
                            (abandoned, shortages) = (bench.Runner.Abandoned, bench.Runner.Shortages);
                            Step(bench, all, tally);
                        }
                        break;
                }
            }
            bench.Runner.Fault = null;
            (abandoned, shortages) = (bench.Runner.Abandoned, bench.Runner.Shortages);
            bench.Drain();
        }
        catch (DeviceLostException lost)
        {
            // The engine then tells everybody; nothing may have been told wrongly before.
            if (lost.Concerned.Count == 1 && lost.Message.Contains("vision", StringComparison.Ordinal)) tally.LostInEncoding++;
            else tally.LostInStep++;
            // What was begun of an image is given back before anybody is told.
            Assert.Equal(0, lost.Message.Contains("vision", StringComparison.Ordinal) ? bench.Runner.Encodings : 0);
            if (lost.Message.Contains("vision", StringComparison.Ordinal) && bench.Runner.Abandoned > abandoned) tally.LostInTheMiddle++;
            Assert.NotEmpty(lost.Concerned);
            Assert.All(lost.Concerned, sequence => Assert.Equal(SequenceState.Running, sequence.State));
            foreach (var (sequence, output, _) in all) Assert.Equal(output.Expected(sequence.Prompt.Ids), output.Tokens);
            return;
        }
        Assert.Equal(0, bench.UsedBlocks);
        Assert.Equal(bench.EncoderCache.Count, bench.Runner.LiveImages);
        Assert.Equal(0, bench.EncoderCache.PinnedBytes);
        Assert.InRange(bench.Runner.MostImages, 0, Together);
        foreach (var (sequence, output, poison) in all)
        {
            Assert.True(output.HasEnded);
            Assert.Equal(output.Expected(sequence.Prompt.Ids), output.Tokens);
            // There was always room for a token and an image: whoever was not to blame had to wait at most.
            Assert.NotEqual(FailureCode.OutOfMemory, output.Failure);
            if (poison && output.Failure != FailureCode.ImageMissing) Assert.Equal(FailureCode.EngineFault, output.Failure);
            if (output.Failure == FailureCode.ImageMissing) tally.Missing++;
            if (output.Finished != FinishReason.Length) continue;
            tally.Finished++;
            if (sequence.Prompt.Images.Count > 0) tally.FinishedWithImages++;
        }
        tally.Poisoned += all.Count(one => one.Poison);

        Action After(int parts, Action happens) => () =>
        {
            if (parts-- > 0) return;
            bench.Runner.BeforeEncode = null;
            happens();
        };
    }

    private static void Step(Bench bench, List<(Sequence Sequence, Recorder Output, bool Poison)> all, Tally tally)
    {
        foreach (var image in all.Where(one => one.Sequence.State == SequenceState.Waiting).SelectMany(one => one.Sequence.Prompt.Images)) image.Source.Take();
        var (shortages, abandoned, wrong) = (bench.Runner.Shortages, bench.Runner.Abandoned, bench.Runner.Fault is not null);
        var failed = all.Count(one => one.Output.Failure is not null);
        var plan = bench.Step();
        if (plan is null) return;
        if (wrong && all.Count(one => one.Output.Failure is not null) > failed) tally.NoNumbers++;
        bench.Runner.Fault = null;
        if (bench.Runner.Shortages > shortages && bench.Runner.StepRoom < 10) tally.StepShortages++;
        if (bench.Runner.Shortages > shortages && bench.Runner.ImageRoom < 2) tally.ImageShortages++;
        if (bench.Runner.Shortages > shortages && bench.Runner.Abandoned > abandoned) tally.ShortInTheMiddle++;
        // Somebody runs, has tokens left, and is not in the step: it waits for an image's room.
        if (all.Any(one => one.Sequence.State == SequenceState.Running && one.Sequence.Pending > 1 && plan.Chunks.All(entry => entry.Sequence != one.Sequence)) && plan.Tokens < 5) tally.Waits++;
    }

    // Images of a few tokens one behind the other, the same few for everybody.
    private static (Sequence, Recorder, bool) Arrive(Bench bench, Arrives arrival)
    {
        const int tokens = 4;
        (string, int, int)[] images = [.. arrival.Images.Select((image, index) => ($"image{image}", 1 + (index * (tokens + 1)), tokens))];
        var (sequence, output) = bench.Add($"user{arrival.User}", Bench.PromptOf([.. Enumerable.Range(arrival.Poison ? 500 : 0, arrival.Prompt + (images.Length * (tokens + 2)))], images), arrival.Output);
        return (sequence, output, arrival.Poison);
    }
}
