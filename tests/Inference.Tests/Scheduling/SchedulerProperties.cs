using EduVision.Inference.Runners;
using EduVision.Inference.Scheduling;
using EduVision.Inference.Tests.Fakes;
using EduVision.Shared;
using FsCheck;
using FsCheck.Fluent;

namespace EduVision.Inference.Tests.Scheduling;

/// <summary>Whatever happens in whatever order: the books are right after every step, nothing leaks, everybody ends.</summary>
public sealed class SchedulerProperties
{
    /// <summary>What the histories of a run came to: a property that never sees a preemption says nothing about them.</summary>
    private sealed class Tally
    {
        public long Preemptions, Claims, PrefixHits, EncoderHits, Forced, EndedWaiting, EndedInFlight, EndedWhileEncoding, EncoderFaults, RunnerFaults, Finished, Parts, Abandoned, Sliced;
    }

    public abstract record Happening;

    public sealed record Arrives(int User, int Prompt, int Kind, int Output, int ForceAfter, bool WithImage) : Happening;

    /// <summary>A request ends from outside: between two steps, while the runner computes, or while it encodes an image.</summary>
    public sealed record Leaves(int Which, When When, bool Fails) : Happening;

    public sealed record Steps(int Count) : Happening;

    /// <summary>The runner has no result for the first chunk of its next step, or cannot encode its next image.</summary>
    public sealed record Breaks(bool Encoder) : Happening;

    public enum When
    {
        Between,
        InStep,
        InEncoding,
    }

    private static Arbitrary<Happening[]> Histories() => Gen.Frequency(
        (6, from user in Gen.Choose(0, 3)
            from prompt in Gen.Choose(1, 30)
            from kind in Gen.Choose(0, 2)
            from output in Gen.Choose(1, 20)
            from force in Gen.Choose(0, 12)
            from image in Gen.Elements(true, false)
            select (Happening)new Arrives(user, prompt, kind, output, force, image)),
        (3, from which in Gen.Choose(0, 50)
            from when in Gen.Elements(When.Between, When.InStep, When.InEncoding)
            from fails in Gen.Elements(true, false, false)
            select (Happening)new Leaves(which, when, fails)),
        (6, Gen.Choose(1, 6).Select(count => (Happening)new Steps(count))),
        (2, Gen.Elements(true, false).Select(encoder => (Happening)new Breaks(encoder))))
        .ArrayOf().ToArbitrary();

    [Fact]
    public void No_history_leaks_a_block_or_an_image_or_leaves_anybody_behind()
    {
        var tally = new Tally();
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll(Histories(), history => Run(history, tally)));
        TestContext.Current.TestOutputHelper!.WriteLine(string.Join(", ", typeof(Tally).GetFields().Select(field => $"{field.Name} {field.GetValue(tally)}")));
        foreach (var field in typeof(Tally).GetFields())
            Assert.True((long)field.GetValue(tally)! >= 10, $"{field.Name}: only {field.GetValue(tally)} in all histories");
    }

    private static void Run(Happening[] history, Tally tally)
    {
        // 15 blocks of 4: a single request of 53 tokens fits, several have to fight.
        using var bench = new Bench(blocks: 15, new SchedulerOptions { StepTokens = 8, MaxRunning = 4, PerUserLimit = 1000, QueueLimit = 1000 });
        List<(Sequence Sequence, Recorder Output)> all = [];
        foreach (var happening in history)
        {
            switch (happening)
            {
                case Arrives arrival: all.Add(Arrive(bench, arrival)); break;
                case Leaves { When: When.InStep } leave when all.Count > 0: bench.Runner.BeforeStep = _ => Leave(bench, all, leave, tally); break;
                case Leaves { When: When.InEncoding } leave when all.Count > 0: bench.Runner.BeforeEncode = Once(() => Leave(bench, all, leave, tally)); break;
                case Leaves leave when all.Count > 0: Leave(bench, all, leave, tally); break;
                case Breaks { Encoder: true }: bench.Runner.BeforeEncode = Once(() => throw new InvalidOperationException("The image could not be encoded.")); break;
                case Breaks: bench.Runner.Fault = _ => "broken"; break;
                case Steps steps:
                    for (var i = 0; i < steps.Count; i++) Step(bench, all, tally);
                    break;
            }
            bench.Scheduler.CheckIntegrity();
        }
        (bench.Runner.BeforeStep, bench.Runner.BeforeEncode, bench.Runner.Fault) = (null, null, null);
        bench.Drain();
        Assert.Equal(0, bench.UsedBlocks);
        Assert.Equal(bench.EncoderCache.Count, bench.Runner.LiveImages);
        foreach (var (sequence, output) in all)
        {
            Assert.True(output.HasEnded);
            Assert.Equal(output.Expected(sequence.Prompt.Ids), output.Tokens);
            if (output.Finished == FinishReason.Length) tally.Finished++;
            if (output.HasForced) tally.Forced++;
        }
        tally.Preemptions += bench.Scheduler.Preemptions;
        tally.PrefixHits += bench.Scheduler.CachedTokens > 0 ? 1 : 0;
        tally.EncoderHits += bench.EncoderCache.Hits;
        tally.Parts += bench.Runner.Parts;
        tally.Abandoned += bench.Runner.Abandoned;

        Action Once(Action happens) => () =>
        {
            bench.Runner.BeforeEncode = null;
            happens();
        };
    }

    // What was planned to happen in a step happens once: in the next one that there is, or in the next that encodes an image.
    private static void Step(Bench bench, List<(Sequence Sequence, Recorder Output)> all, Tally tally)
    {
        var idle = all.Where(one => one.Sequence.State == SequenceState.Waiting).Select(one => one.Sequence.User)
            .Except(all.Where(one => one.Sequence.State == SequenceState.Running).Select(one => one.Sequence.User)).ToHashSet();
        // Some images are there at once, however busy the machine; the others come when they come.
        foreach (var image in all.Where(one => one.Sequence.State == SequenceState.Waiting).SelectMany(one => one.Sequence.Prompt.Images).Where(image => image.Identity == "image0")) image.Source.Take();
        var (preempted, failed) = (bench.Scheduler.Preemptions, all.Count(one => one.Output.Failure is not null));
        var (faulty, broken) = (bench.Runner.Fault is not null, bench.Runner.EncoderFaults);
        if (bench.Step() is null) return;
        tally.Sliced += bench.Runner.Encodings;
        if (bench.Scheduler.Preemptions > preempted && all.Any(one => idle.Contains(one.Sequence.User) && one.Sequence.State == SequenceState.Running)) tally.Claims++;
        tally.EncoderFaults += bench.Runner.EncoderFaults - broken;
        if (faulty && all.Count(one => one.Output.Failure is not null) > failed) tally.RunnerFaults++;
        (bench.Runner.BeforeStep, bench.Runner.Fault) = (null, null);
    }

    private static void Leave(Bench bench, List<(Sequence Sequence, Recorder Output)> all, Leaves leave, Tally tally)
    {
        var those = leave.When == When.Between ? all : all.Where(one => one.Sequence.InFlight).ToList();
        if (those.Count == 0) return;
        var (sequence, output) = those[leave.Which % those.Count];
        if (output.HasEnded) return;
        if (sequence.State == SequenceState.Waiting) tally.EndedWaiting++;
        if (leave.When == When.InStep) tally.EndedInFlight++;
        if (leave.When == When.InEncoding) tally.EndedWhileEncoding++;
        if (leave.Fails) bench.Scheduler.Fail(sequence, FailureCode.EngineFault, "broken");
        else Assert.True(bench.Scheduler.Cancel(sequence));
    }

    // Few kinds of prompts, so that prefixes are shared; an image sits in the middle of some, the same behind different beginnings.
    private static (Sequence, Recorder) Arrive(Bench bench, Arrives arrival)
    {
        int[] ids = [.. Enumerable.Range(arrival.Kind * 100, arrival.Prompt)];
        var withImage = arrival.WithImage && arrival.Prompt > 8;
        Prompt prompt = withImage ? Bench.PromptOf(ids, ($"image{arrival.Prompt % 2}", 2, 5)) : Bench.PromptOf(ids);
        return bench.Add($"user{arrival.User}", prompt, new Recorder(arrival.Output, arrival.ForceAfter));
    }
}
