using EduVision.Inference.Scheduling;
using EduVision.Inference.Tests.Fakes;
using EduVision.Shared;

namespace EduVision.Inference.Tests.Scheduling;

public sealed class SchedulerTests
{
    [Fact]
    public void A_request_gets_the_tokens_that_the_model_gives_it_alone()
    {
        var bench = new Bench();
        var (sequence, output) = bench.Add("a", 10, 20);
        bench.Drain();
        Assert.Equal(Bench.Alone(sequence.Prompt.Ids, 20), output.Tokens);
        Assert.Equal(FinishReason.Length, output.Finished);
        Assert.Equal(0, bench.UsedBlocks);
    }

    [Fact]
    public void Many_requests_share_steps_and_do_not_disturb_each_other()
    {
        var bench = new Bench(blocks: 200);
        var all = Enumerable.Range(1, 8).Select(i => bench.Add($"user{i % 3}", 5 + (3 * i), 15 + i, seed: i)).ToList();
        bench.Drain();
        foreach (var ((sequence, output), i) in all.Zip(Enumerable.Range(1, 8))) Assert.Equal(Bench.Alone(sequence.Prompt.Ids, 15 + i), output.Tokens);
        Assert.True(bench.Runner.Steps < all.Sum(one => one.Output.Tokens.Count), "they ran one after another");
    }

    [Fact]
    public void No_step_computes_more_tokens_than_the_budget()
    {
        var bench = new Bench(blocks: 400, new SchedulerOptions { StepTokens = 16, MaxRunning = 8 });
        for (var i = 1; i <= 8; i++) bench.Add($"user{i}", 100, 10, seed: i);
        bench.Drain();
        Assert.Equal(16, bench.Runner.LargestStep);
    }

    [Fact]
    public void Prefill_never_stalls_a_running_answer()
    {
        var bench = new Bench(blocks: 400);
        var (_, first) = bench.Add("a", 4, 60);
        bench.Step();
        bench.Add("b", 200, 5, seed: 2);
        for (var i = 0; i < 10; i++)
        {
            var before = first.Tokens.Count;
            bench.Step();
            Assert.Equal(before + 1, first.Tokens.Count);
        }
    }

    [Fact]
    public void When_blocks_run_out_the_youngest_of_the_user_with_most_yields_and_still_ends_right()
    {
        var bench = new Bench(blocks: 20, new SchedulerOptions { StepTokens = 32, MaxRunning = 4 });
        var first = bench.Add("a", 8, 30, seed: 1);
        var second = bench.Add("a", 8, 30, seed: 2);
        var other = bench.Add("b", 8, 30, seed: 3);
        bench.Drain();
        Assert.True(bench.Scheduler.Preemptions > 0);
        Assert.Equal(1, first.Output.Starts);
        Assert.True(second.Output.Starts > 1);
        Assert.Equal(1, other.Output.Starts);
        foreach (var (sequence, output) in new[] { first, second, other }) Assert.Equal(Bench.Alone(sequence.Prompt.Ids, 30), output.Tokens);
    }

    [Fact]
    public void A_request_as_large_as_the_cache_runs_alone_to_its_end()
    {
        var bench = new Bench(blocks: 10);
        var large = bench.Add("a", 20, 20, seed: 1);
        var small = bench.Add("b", 4, 8, seed: 2);
        bench.Drain();
        Assert.Equal(Bench.Alone(large.Sequence.Prompt.Ids, 20), large.Output.Tokens);
        Assert.Equal(Bench.Alone(small.Sequence.Prompt.Ids, 8), small.Output.Tokens);
    }

    [Fact]
    public void Cancelling_frees_at_once_whether_waiting_prefilling_or_decoding()
    {
        var bench = new Bench(blocks: 100, new SchedulerOptions { StepTokens = 8, MaxRunning = 2 });
        var decoding = bench.Add("a", 4, 100, seed: 1);
        bench.Step();
        var prefilling = bench.Add("b", 100, 10, seed: 2);
        bench.Step();
        var waiting = bench.Add("c", 4, 10, seed: 3);
        Assert.Equal((SequenceState.Running, SequenceState.Running, SequenceState.Waiting), (decoding.Sequence.State, prefilling.Sequence.State, waiting.Sequence.State));
        foreach (var (sequence, output) in new[] { waiting, prefilling, decoding })
        {
            Assert.True(bench.Scheduler.Cancel(sequence));
            Assert.False(bench.Scheduler.Cancel(sequence));
            Assert.Equal(FinishReason.Cancelled, output.Finished);
            bench.Scheduler.CheckIntegrity();
        }
        Assert.Equal(0, bench.UsedBlocks);
        Assert.Null(bench.Step());
    }

    [Fact]
    public void Cancelling_while_the_runner_computes_frees_when_the_step_ends_and_writes_nothing_more()
    {
        var bench = new Bench();
        var (sequence, output) = bench.Add("a", 4, 100);
        bench.Step();
        bench.Runner.BeforeStep = _ => bench.Scheduler.Cancel(sequence);
        var tokens = output.Tokens.Count;
        bench.Step();
        Assert.Equal(FinishReason.Cancelled, output.Finished);
        Assert.Equal(tokens, output.Tokens.Count);
        Assert.Equal(0, bench.UsedBlocks);
    }

    [Fact]
    public void A_prompt_seen_before_is_found_in_the_prefix_cache()
    {
        var bench = new Bench();
        bench.Add("a", 18, 3, seed: 1);
        bench.Drain();
        var again = bench.Add("b", 18, 3, seed: 1);
        bench.Drain();
        Assert.Equal(16, again.Output.Cached);
        Assert.Equal(Bench.Alone(again.Sequence.Prompt.Ids, 3), again.Output.Tokens);
    }

    [Fact]
    public void Equal_placeholders_of_different_images_share_nothing()
    {
        var bench = new Bench();
        int[] ids = [1, 2, 7, 7, 7, 7, 7, 7, 7, 7, 3, 4, 5];
        bench.Add("a", Bench.PromptOf(ids, ("30x100", 2, 8)), 3);
        bench.Drain();
        var other = bench.Add("b", Bench.PromptOf(ids, ("100x30", 2, 8)), 3);
        bench.Drain();
        Assert.Equal(0, other.Output.Cached);
        var same = bench.Add("c", Bench.PromptOf(ids, ("30x100", 2, 8)), 3);
        bench.Drain();
        Assert.Equal(12, same.Output.Cached);
        Assert.Equal(2, bench.Runner.Encoded);
    }

    [Fact]
    public void An_image_is_encoded_once_for_all_who_show_it_and_forgotten_when_its_place_is_needed()
    {
        var bench = new Bench(encoderBytes: 2000);
        for (var i = 0; i < 5; i++)
            bench.Add("a", Bench.PromptOf([100 + i, 7, 7, 7, 7, 8], ("same", 1, 4)), 2);
        bench.Drain();
        Assert.Equal(1, bench.Runner.Encoded);
        for (var i = 0; i < 5; i++)
            bench.Add("a", Bench.PromptOf([200 + i, 7, 7, 7, 7, 8], ($"image{i}", 1, 4)), 2);
        bench.Drain();
        Assert.Equal(6, bench.Runner.Encoded);
        Assert.Equal(2, bench.EncoderCache.Count);
        Assert.Equal(2, bench.Runner.LiveImages);
    }

    [Fact]
    public void An_image_is_held_no_longer_than_its_tokens_are_computed()
    {
        var bench = new Bench(encoderBytes: 1000);
        var (_, first) = bench.Add("a", Bench.PromptOf([1, 7, 7, 7, 7, 8], ("one", 1, 4)), 100);
        while (first.Tokens.Count == 0) bench.Step();
        // Ready before it is asked for: the first must not run out of tokens while a busy machine gets round to it.
        var prompt = Bench.PromptOf([2, 7, 7, 7, 7, 8], ("two", 1, 4));
        prompt.Images[0].Source.Take();
        var (_, second) = bench.Add("b", prompt, 100);
        while (second.Tokens.Count == 0) bench.Step();
        Assert.False(first.HasEnded);
        Assert.Equal(1, bench.Runner.LiveImages);
    }

    [Fact]
    public void A_fault_fails_its_request_alone_and_nobody_finds_its_blocks()
    {
        var bench = new Bench();
        var bad = bench.Add("a", 18, 10, seed: 1);
        var good = bench.Add("b", 18, 10, seed: 2);
        bench.Runner.Fault = chunk => chunk.Tokens[0] == 1000 && chunk.End > 20 ? "broken" : null;
        bench.Drain();
        Assert.Equal(FailureCode.EngineFault, bad.Output.Failure);
        Assert.Equal(Bench.Alone(good.Sequence.Prompt.Ids, 10), good.Output.Tokens);
        bench.Runner.Fault = null;
        var again = bench.Add("a", 18, 10, seed: 1);
        bench.Drain();
        Assert.Equal(0, again.Output.Cached);
        Assert.Equal(Bench.Alone(again.Sequence.Prompt.Ids, 10), again.Output.Tokens);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_ends_before_its_step_begins_is_not_computed_and_holds_nothing(bool besideDecodes)
    {
        var bench = new Bench();
        var prompt = Bench.PromptOf([1, 2, 3, 4, 5, 6], ("one", 1, 1), ("two", 3, 1));
        foreach (var image in prompt.Images) image.Source.Take();
        var stays = bench.Add("b", 4, 100, seed: 2);
        if (besideDecodes) bench.Step();
        var (gone, _) = bench.Add("a", prompt, 10);
        var chunks = 0;
        bench.Runner.BeforeEncode = () => bench.Scheduler.Cancel(gone);
        bench.Runner.BeforeStep = plan =>
        {
            chunks = plan.Count;
            Assert.Equal(bench.BlocksFor(stays.Sequence), bench.UsedBlocks);
        };
        bench.Step();
        Assert.Equal((besideDecodes ? 0 : 1, 1), (bench.Runner.Encoded, chunks));
        Assert.Equal(besideDecodes ? 1 : 0, bench.Runner.Encodings);
        bench.Runner.BeforeStep = null;
        bench.Drain();
        Assert.Equal((besideDecodes ? 1 : 0, 0), (bench.Runner.Abandoned, bench.Runner.Encodings));
        Assert.Equal(0, bench.UsedBlocks);
    }
}
