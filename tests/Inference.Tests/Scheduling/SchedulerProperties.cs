using EduVision.Inference.Scheduling;
using EduVision.Inference.Tests.Fakes;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace EduVision.Inference.Tests.Scheduling;

/// <summary>Whatever happens in whatever order: the books are right after every step, nothing leaks, everybody ends.</summary>
public sealed class SchedulerProperties
{
    public abstract record Happening;

    public sealed record Arrives(int User, int Prompt, int Kind, int Output, bool WithImage) : Happening;

    public sealed record Leaves(int Which) : Happening;

    public sealed record Steps(int Count) : Happening;

    public sealed record Breaks(int Which) : Happening;

    public static class Histories
    {
        public static Arbitrary<Happening[]> Any() => Gen.Frequency(
            (5, from user in Gen.Choose(0, 3)
                from prompt in Gen.Choose(1, 30)
                from kind in Gen.Choose(0, 2)
                from output in Gen.Choose(1, 20)
                from image in Gen.Elements(true, false)
                select (Happening)new Arrives(user, prompt, kind, output, image)),
            (2, Gen.Choose(0, 50).Select(which => (Happening)new Leaves(which))),
            (6, Gen.Choose(1, 6).Select(count => (Happening)new Steps(count))),
            (1, Gen.Choose(0, 50).Select(which => (Happening)new Breaks(which))))
            .ArrayOf().ToArbitrary();
    }

    [Property(Arbitrary = [typeof(Histories)], MaxTest = 150)]
    public void No_history_leaks_a_block_or_an_image_or_leaves_anybody_behind(Happening[] history)
    {
        // 15 blocks of 4: a single request of 50 tokens fits, several have to fight.
        var bench = new Bench(blocks: 15, new SchedulerOptions { StepTokens = 8, MaxRunning = 4, PerUserLimit = 1000, QueueLimit = 1000 });
        List<(Sequence Sequence, Recorder Output, int Wanted)> all = [];
        foreach (var happening in history)
        {
            switch (happening)
            {
                case Arrives arrival: all.Add(Arrive(bench, arrival)); break;
                case Leaves leave when all.Count > 0: bench.Scheduler.Cancel(all[leave.Which % all.Count].Sequence); break;
                case Breaks fault when all.Count > 0: bench.Scheduler.Fail(all[fault.Which % all.Count].Sequence, "engine_fault", "broken"); break;
                case Steps steps:
                    for (var i = 0; i < steps.Count; i++) bench.Step();
                    break;
            }
            bench.Scheduler.CheckIntegrity();
        }
        bench.Drain();
        Assert.Equal(0, bench.UsedBlocks);
        Assert.Equal(bench.EncoderCache.Count, bench.Runner.LiveImages);
        foreach (var (sequence, output, wanted) in all)
        {
            Assert.True(output.HasEnded);
            List<int> tokens = [.. sequence.Prompt.Ids];
            while (tokens.Count < sequence.Prompt.Ids.Count + output.Tokens.Count) tokens.Add(Bench.Next(tokens));
            Assert.Equal(tokens.Skip(sequence.Prompt.Ids.Count), output.Tokens);
            if (output.Finished == EduVision.Shared.FinishReason.Length) Assert.Equal(wanted, output.Tokens.Count);
        }
    }

    // Few kinds of prompts, so that prefixes are shared; an image sits in the middle of some.
    private static (Sequence, Recorder, int) Arrive(Bench bench, Arrives arrival)
    {
        int[] ids = [.. Enumerable.Range(arrival.Kind * 100, arrival.Prompt)];
        var withImage = arrival.WithImage && arrival.Prompt > 8;
        var prompt = withImage ? Bench.PromptOf(ids, ($"image{arrival.Kind}", 2, 5)) : Bench.PromptOf(ids);
        var (sequence, output) = bench.Add($"user{arrival.User}", prompt, arrival.Output);
        return (sequence, output, arrival.Output);
    }
}
