using EduVision.Inference.Runners.Sampling;
using EduVision.Inference.Scheduling;
using EduVision.Inference.Tests.Fakes;
using EduVision.Shared;

namespace EduVision.Inference.Tests.Scheduling;

/// <summary>Whose turn it is, how long others wait, and what they are told.</summary>
public sealed class FairnessTests
{
    [Fact]
    public void One_page_is_not_starved_by_fifty_pages_of_another()
    {
        var bench = new Bench(blocks: 400, new SchedulerOptions { StepTokens = 16, MaxRunning = 4, PerUserLimit = 100 });
        var many = Enumerable.Range(1, 50).Select(i => bench.Add("many", 10, 50, seed: i)).ToList();
        for (var i = 0; i < 20; i++) bench.Step();
        var (_, one) = bench.Add("one", 10, 50, seed: 99);
        Assert.Equal([1], one.Positions);
        bench.Step();
        Assert.Equal(1, one.Starts);
        while (!one.HasEnded) bench.Step();
        Assert.InRange(many.Count(each => each.Output.HasEnded), 0, 8);
        bench.Drain();
        foreach (var (sequence, output) in many) Assert.Equal(Bench.Alone(sequence.Prompt.Ids, 50), output.Tokens);
    }

    [Fact]
    public void Users_with_much_to_do_are_served_alike()
    {
        var bench = new Bench(blocks: 100, new SchedulerOptions { StepTokens = 16, MaxRunning = 2, PerUserLimit = 100 });
        var a = Enumerable.Range(1, 30).Select(i => bench.Add("a", 8, 10, seed: i).Output).ToList();
        var b = Enumerable.Range(31, 10).Select(i => bench.Add("b", 24, 30, seed: i).Output).ToList();
        for (var i = 0; i < 120; i++) bench.Step();
        var (servedA, servedB) = (a.Sum(one => one.Tokens.Count), b.Sum(one => one.Tokens.Count));
        Assert.InRange((double)servedA / servedB, 0.5, 2);
        bench.Drain();
    }

    [Fact]
    public void A_full_queue_and_a_greedy_user_are_refused_with_the_limit()
    {
        var bench = new Bench(options: new SchedulerOptions { StepTokens = 8, MaxRunning = 1, QueueLimit = 3, PerUserLimit = 2 });
        bench.Add("a", 4, 10, seed: 1);
        bench.Add("a", 4, 10, seed: 2);
        var third = bench.Scheduler.TryAdd(New("a"));
        Assert.Equal((FailureCode.UserLimit, "2"), (third!.Code, third.Parameters!["limit"]));
        bench.Add("b", 4, 10, seed: 3);
        var fourth = bench.Scheduler.TryAdd(New("c"));
        Assert.Equal((FailureCode.QueueFull, "3"), (fourth!.Code, fourth.Parameters!["limit"]));
        bench.Drain();
        foreach (var user in new[] { "a", "a", "c" }) Assert.Null(bench.Scheduler.TryAdd(New(user)));

        static Sequence New(string user) => new(user, Bench.PromptOf([1, 2]), new SamplingParameters(), new Recorder(1));
    }

    [Fact]
    public void The_promised_wait_grows_with_the_place_once_something_was_measured()
    {
        var bench = new Bench(options: new SchedulerOptions { StepTokens = 16, MaxRunning = 1 });
        var first = bench.Add("a", 4, 2, seed: 1);
        Assert.Equal([null], first.Output.Etas);
        while (bench.Step() is not null) bench.Time.Advance(TimeSpan.FromSeconds(2));
        bench.Add("a", 4, 5, seed: 2);
        bench.Step();
        var second = bench.Add("a", 4, 5, seed: 3);
        var third = bench.Add("a", 4, 5, seed: 4);
        Assert.Equal([1], second.Output.Positions);
        Assert.Equal([2], third.Output.Positions);
        Assert.True(second.Output.Etas[0] > 0);
        Assert.True(third.Output.Etas[0] > second.Output.Etas[0]);
    }

    [Fact]
    public void A_short_prompt_does_not_wait_behind_the_long_prompts_of_another()
    {
        var bench = new Bench(blocks: 1000, new SchedulerOptions { StepTokens = 16, MaxRunning = 4, PerUserLimit = 100 });
        for (var i = 1; i <= 8; i++) bench.Add("many", 300, 5, seed: i);
        for (var i = 0; i < 4; i++) bench.Step();
        var (_, one) = bench.Add("one", 30, 5, seed: 99);
        for (var i = 0; i < 4; i++) bench.Step();
        Assert.NotEmpty(one.Tokens);
        bench.Drain();
    }

    [Fact]
    public void Prompts_of_two_users_get_equal_shares_of_the_steps()
    {
        var bench = new Bench(blocks: 1000, new SchedulerOptions { StepTokens = 16, MaxRunning = 4, PerUserLimit = 100 });
        Sequence[] many = [.. Enumerable.Range(1, 3).Select(i => bench.Add("many", 200, 5, seed: i).Sequence)];
        var one = bench.Add("one", 200, 5, seed: 9).Sequence;
        for (var i = 0; i < 20; i++) bench.Step();
        Assert.InRange(one.Computed, 144, 176);
        Assert.InRange(many.Sum(each => each.Computed), 144, 176);
        bench.Drain();
    }

    [Fact]
    public void What_is_computed_again_after_a_preemption_is_no_service_to_its_user()
    {
        var bench = new Bench(blocks: 20, new SchedulerOptions { StepTokens = 32, MaxRunning = 4 });
        var first = bench.Add("a", 8, 30, seed: 1);
        var second = bench.Add("a", 8, 30, seed: 2);
        bench.Add("b", 8, 30, seed: 3);
        while (!first.Output.HasEnded || second.Output.Starts < 2 || second.Sequence.Pending > 1) bench.Step();
        // The last token of an answer is not computed.
        Assert.Equal(8 + 29 + second.Sequence.Computed, bench.Scheduler.ServedTo("a"));
        bench.Drain();
    }

    [Fact]
    public void The_promised_wait_counts_on_no_place_that_the_cache_does_not_have()
    {
        var bench = new Bench(blocks: 10, new SchedulerOptions { StepTokens = 16, MaxRunning = 4 });
        bench.Add("a", 4, 5, seed: 1);
        while (bench.Step() is not null) bench.Time.Advance(TimeSpan.FromSeconds(2));
        bench.Add("a", 30, 9, seed: 2);
        bench.Step();
        var roomless = bench.Add("a", 20, 2, seed: 3);
        bench.Step();
        Assert.Equal((1, 1), (bench.Scheduler.Running, bench.Scheduler.Waiting));
        // A token came at once and then every two seconds: it has to wait for as long as a request of five takes.
        Assert.Equal(8, roomless.Output.Etas[^1]);
    }

    [Fact]
    public void Users_who_are_gone_are_forgotten()
    {
        var queue = new WaitingQueue();
        for (var i = 0; i < 100; i++)
        {
            var sequence = new Sequence($"user{i}", Bench.PromptOf([1, 2]), new SamplingParameters(), new Recorder(1));
            queue.Add(sequence);
            queue.Admit(sequence);
            queue.Charge(sequence.User, 10);
            queue.Ended(sequence.User);
        }
        Assert.Equal(1, queue.Users);
    }
}
