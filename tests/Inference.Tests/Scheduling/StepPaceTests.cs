using EduVision.Inference.Scheduling;
using EduVision.Inference.Tests.Fakes;

namespace EduVision.Inference.Tests.Scheduling;

/// <summary>How much goes beside decodes: bounded by time, learned from steps, and never nothing for long.</summary>
public sealed class StepPaceTests
{
    private static readonly SchedulerOptions Options = new() { Slowdown = 1.5, LeastPromptTokens = 8, StepTokens = 1000, MaxRunning = 8 };

    private readonly StepPace pace = new(Options);

    private void Note(int decodes, int promptTokens, double work, double ms) => pace.Note(decodes, promptTokens, work, TimeSpan.FromMilliseconds(ms));

    [Fact]
    public void Where_nobody_decodes_a_step_may_have_all_of_it()
    {
        Assert.Equal((500, double.PositiveInfinity), (pace.PromptTokens(0, 500), pace.EncodingWork(0, 500)));
        Note(4, 0, 0, 10);
        Note(4, 20, 0, 100);
        Assert.Equal((500, double.PositiveInfinity), (pace.PromptTokens(0, 500), pace.EncodingWork(0, 500)));
    }

    [Fact]
    public void While_nothing_is_known_beside_decodes_go_the_fewest_tokens_and_one_part()
    {
        Assert.Equal((8, 5, 0.0), (pace.PromptTokens(1, 500), pace.PromptTokens(1, 5), pace.EncodingWork(1, 0)));
        // A clock that stands still teaches nothing.
        Note(1, 0, 0, 0);
        Note(1, 8, 1, 0);
        Assert.Equal((8, 0.0), (pace.PromptTokens(1, 500), pace.EncodingWork(1, 0)));
    }

    [Fact]
    public void Tokens_and_work_are_what_takes_half_as_long_again()
    {
        Note(4, 0, 0, 10);
        Note(4, 8, 0, 12);
        // A token takes a quarter of a millisecond, and five are to spare.
        Assert.Equal(20, pace.PromptTokens(4, 500));
        Assert.Equal(15, pace.PromptTokens(4, 15));
        Note(4, 0, 100, 12.5);
        Assert.Equal(200, pace.EncodingWork(4, 0), 1e-9);
        Assert.Equal(100, pace.EncodingWork(4, 10), 1e-9);
        Assert.Equal(0, pace.EncodingWork(4, 40));
        // Where a token takes all that is to spare, prompts go on all the same.
        for (var i = 0; i < 9; i++) Note(4, 8, 0, 90);
        Assert.Equal(8, pace.PromptTokens(4, 500));
    }

    [Fact]
    public void A_step_that_stumbled_changes_nothing_and_what_lasts_does()
    {
        for (var i = 0; i < 9; i++) Note(4, 0, 0, 10);
        for (var i = 0; i < 9; i++) Note(4, 10, 0, 11);
        Assert.Equal(50, pace.PromptTokens(4, 500));
        for (var i = 0; i < 4; i++)
        {
            Note(4, 0, 0, 1000);
            Note(4, 10, 0, 1000);
        }
        Assert.Equal(50, pace.PromptTokens(4, 500));
        for (var i = 0; i < 5; i++) Note(4, 0, 0, 20);
        Assert.Equal(100, pace.PromptTokens(4, 500));
    }

    [Fact]
    public void Each_number_of_decodes_has_its_own_time_and_until_it_is_known_that_of_fewer()
    {
        Note(2, 0, 0, 10);
        Note(2, 10, 0, 11);
        Note(16, 0, 0, 40);
        Assert.Equal((50, 50, 50, 200, 200), (pace.PromptTokens(1, 500), pace.PromptTokens(2, 500), pace.PromptTokens(8, 500), pace.PromptTokens(9, 500), pace.PromptTokens(100, 500)));
    }

    [Fact]
    public void Now_and_then_a_step_shows_how_decodes_are_by_themselves()
    {
        Note(2, 0, 0, 10);
        for (var i = 0; i < 64; i++)
        {
            Assert.NotEqual(0, pace.PromptTokens(2, 500));
            Note(2, 10, 0, 12);
        }
        Assert.Equal(0, pace.PromptTokens(2, 500));
        Note(2, 0, 0, 11);
        Assert.NotEqual(0, pace.PromptTokens(2, 500));
        // What is faster with company than it was alone has become faster.
        Note(2, 10, 0, 9);
        Note(2, 10, 0, 9);
        Assert.Equal(22, pace.PromptTokens(2, 500));
    }

    /// <summary>A device with a clock: a millisecond for each decode and five more, a tenth for a token of a prompt, two for a part of an image.</summary>
    [Theory]
    [InlineData(1.5)]
    [InlineData(3)]
    public void A_photo_and_its_prompt_make_no_step_longer_than_is_allowed(double slowdown)
    {
        var bench = new Bench(blocks: 400, Options with { Slowdown = slowdown });
        var ms = 0.0;
        bench.Runner.ImageParts = 20;
        bench.Runner.Worked = chunks =>
        {
            var spent = chunks is null ? 2 : 5 + chunks.Sum(chunk => chunk.Count == 1 ? 1 : 0.1 * chunk.Count);
            ms += spent;
            bench.Time.Advance(TimeSpan.FromMilliseconds(spent));
        };
        var decoding = Enumerable.Range(1, 5).Select(i => bench.Add($"user{i}", 4, 200, seed: i)).ToList();
        for (var i = 0; i < 20; i++) bench.Step();
        // The first photo is what it learns from: each step a part, then the fewest tokens.
        foreach (var number in new[] { 1, 2 })
        {
            var prompt = Bench.PromptOf([.. Enumerable.Range(5000 * number, 300)], ($"photo{number}", 3, 200));
            prompt.Images[0].Source.Take();
            var (sequence, output) = bench.Add("newcomer", prompt, 3);
            var (parts, largest, steps, encoding) = (bench.Runner.Parts, 0.0, 0, 0);
            while (output.Tokens.Count == 0)
            {
                var (before, made, computed) = (ms, decoding[0].Output.Tokens.Count, bench.Runner.Parts);
                bench.Step();
                Assert.Equal(made + 1, decoding[0].Output.Tokens.Count);
                largest = Math.Max(largest, ms - before);
                steps++;
                if (bench.Runner.Parts > computed) encoding++;
            }
            Assert.Equal(20, bench.Runner.Parts - parts);
            Assert.InRange(largest, 0, 10 * slowdown);
            if (number == 2)
            {
                // Five milliseconds are to spare, or twenty: two parts, or ten, less one for the tokens before the photo; fifty tokens, or two hundred.
                Assert.True(slowdown > 2 ? (encoding, steps) is (3, <= 5) : (encoding, steps) is (10, <= 17), $"{steps} steps, {encoding} of them to encode");
                Assert.InRange(largest, 8 * slowdown, 10 * slowdown);
            }
            for (var i = 0; i < 5; i++) bench.Step();
            Assert.Equal(Bench.Alone(sequence.Prompt.Ids, 3), output.Tokens);
        }
    }
}
