using EduVision.Inference.Runners.Sampling;

namespace EduVision.Inference.Tests.Sampling;

public sealed class SamplerTests
{
    private const int Draws = 20_000;
    private static readonly float[] Logits = [MathF.Log(0.5f), MathF.Log(0.3f), MathF.Log(0.15f), MathF.Log(0.05f)];
    private static readonly HashSet<int> Nothing = [];

    private static double[] Frequencies(SamplingParameters parameters, IReadOnlySet<int>? seen = null)
    {
        var sampler = new Sampler();
        var counts = new double[Logits.Length];
        for (var step = 0; step < Draws; step++) counts[sampler.Choose(Logits, new SampleRequest(parameters, step, seen ?? Nothing))!.Id] += 1.0 / Draws;
        return counts;
    }

    private static void Same(double[] expected, double[] actual)
    {
        for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], 0.015);
    }

    [Fact]
    public void Draws_follow_the_distribution() => Same([0.5, 0.3, 0.15, 0.05], Frequencies(new SamplingParameters { Seed = 1 }));

    [Fact]
    public void Temperature_sharpens() => Same([0.6849, 0.2466, 0.0616, 0.0068], Frequencies(new SamplingParameters { Seed = 1, Temperature = 0.5 }));

    [Fact]
    public void Top_k_keeps_the_likeliest() => Same([0.625, 0.375, 0, 0], Frequencies(new SamplingParameters { Seed = 1, TopK = 2 }));

    [Fact]
    public void Top_p_keeps_the_smallest_set_that_reaches_it()
    {
        Same([0.625, 0.375, 0, 0], Frequencies(new SamplingParameters { Seed = 1, TopP = 0.7 }));
        Same([1, 0, 0, 0], Frequencies(new SamplingParameters { Seed = 1, TopP = 0.01 }));
        Same([0.625, 0.375, 0, 0], Frequencies(new SamplingParameters { Seed = 1, TopP = 0.7, TopK = 3 }));
    }

    [Fact]
    public void Min_p_is_a_fraction_of_the_likeliest() => Same([0.625, 0.375, 0, 0], Frequencies(new SamplingParameters { Seed = 1, MinP = 0.4 }));

    [Fact]
    public void The_presence_penalty_counts_once_for_what_the_output_holds()
    {
        var factor = Math.Exp(-1);
        var total = (0.5 * factor) + 0.5;
        Same([0.5 * factor / total, 0.3 / total, 0.15 / total, 0.05 / total], Frequencies(new SamplingParameters { Seed = 1, PresencePenalty = 1 }, new HashSet<int> { 0 }));
        var greedy = new Sampler().Choose(Logits, new SampleRequest(new SamplingParameters { Temperature = 0, PresencePenalty = 1 }, 0, new HashSet<int> { 0 }));
        Assert.Equal(1, greedy!.Id);
    }

    [Fact]
    public void Greedy_takes_the_first_of_the_largest() =>
        Assert.Equal(1, new Sampler().Choose([0, 3, 3, 1], new SampleRequest(new SamplingParameters { Temperature = 0 }, 0, Nothing))!.Id);

    [Fact]
    public void A_seed_repeats_and_another_differs_whatever_was_drawn_between()
    {
        int[] Draw(ulong seed, int others)
        {
            var sampler = new Sampler();
            return [.. Enumerable.Range(0, 50).Select(step =>
            {
                for (var i = 0; i < others; i++) sampler.Choose(Logits, new SampleRequest(new SamplingParameters { Seed = 99 }, step, Nothing));
                return sampler.Choose(Logits, new SampleRequest(new SamplingParameters { Seed = seed }, step, Nothing))!.Id;
            })];
        }

        Assert.Equal(Draw(7, 0), Draw(7, 3));
        Assert.NotEqual(Draw(7, 0), Draw(8, 0));
    }

    [Fact]
    public void Log_probabilities_are_the_models_own_before_temperature_and_truncation()
    {
        var token = new Sampler().Choose(Logits, new SampleRequest(new SamplingParameters { Temperature = 0.1, TopK = 1, TopLogProbs = 3 }, 0, Nothing))!;
        Assert.Equal((0, Math.Log(0.5)), (token.Id, Math.Round(token.LogProbability, 6)), (a, b) => a.Item1 == b.Item1 && Math.Abs(a.Item2 - b.Item2) < 1e-5);
        Assert.Equal([0, 1, 2], token.Alternatives.Select(score => score.Id));
        Assert.Equal(Math.Log(0.15), token.Alternatives[2].LogProbability, 1e-5);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Logits_that_are_no_numbers_give_no_token(float wrong) =>
        Assert.Null(new Sampler().Choose([1, wrong, 2], new SampleRequest(new SamplingParameters(), 0, Nothing)));

    [Fact]
    public void Uniform_numbers_fill_their_interval_evenly()
    {
        var numbers = Enumerable.Range(0, 10_000).Select(step => CounterRandom.Uniform(3, step)).ToList();
        Assert.All(numbers, number => Assert.InRange(number, 0, 1 - 1e-16));
        Assert.All(numbers.GroupBy(number => (int)(number * 10)), tenth => Assert.InRange(tenth.Count(), 850, 1150));
    }

    [Fact]
    public void A_large_top_k_over_a_large_vocabulary_stalls_nobody()
    {
        // Rising logits: each would be inserted before all others.
        float[] rising = [.. Enumerable.Range(0, 150_000).Select(i => i * 1e-6f)];
        var begun = System.Diagnostics.Stopwatch.GetTimestamp();
        Assert.NotNull(new Sampler().Choose(rising, new SampleRequest(new SamplingParameters { TopK = 100_000, Seed = 1 }, 0, Nothing)));
        Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(1));
    }

    [Theory]
    [InlineData(257)]
    [InlineData(999)]
    public void A_large_top_k_takes_the_largest(int topK)
    {
        var random = new Random(1);
        float[] logits = [.. Enumerable.Range(0, 1000).Select(_ => random.NextSingle())];
        HashSet<int> largest = [.. Enumerable.Range(0, 1000).OrderByDescending(id => logits[id]).Take(topK)];
        var sampler = new Sampler();
        HashSet<int> drawn = [.. Enumerable.Range(0, 20_000).Select(step => sampler.Choose(logits, new SampleRequest(new SamplingParameters { TopK = topK, Seed = 1 }, step, Nothing))!.Id)];
        Assert.Subset(largest, drawn);
        Assert.True(drawn.Count > topK * 0.99);
    }

    [Fact]
    public void The_largest_logits_are_enough_to_choose_as_from_all_of_them()
    {
        var random = new Random(5);
        var sampler = new Sampler();
        for (var run = 0; run < 2000; run++)
        {
            // Few different values, so that equals occur.
            float[] logits = [.. Enumerable.Range(0, 300).Select(_ => (float)random.Next(run % 2 == 0 ? 40 : 4000) / 7)];
            var parameters = new SamplingParameters
            {
                Temperature = random.Next(3) * 0.7, TopK = random.Next(1, 65), TopP = random.Next(2) == 0 ? 1 : random.NextDouble(),
                MinP = random.Next(2) * 0.1, Seed = (ulong)run, TopLogProbs = random.Next(5),
            };
            var request = new SampleRequest(parameters, run, Nothing);
            int[] top = [.. Enumerable.Range(0, logits.Length).OrderByDescending(id => logits[id]).ThenBy(id => id).Take(64)];
            Assert.True(Sampler.NeedsOnly(64, request));
            var expected = sampler.Choose(logits, request)!;
            var peak = logits.Max();
            var normaliser = peak + MathF.Log(logits.Sum(logit => MathF.Exp(logit - peak)));
            var actual = Sampler.Choose(top, [.. top.Select(id => logits[id])], normaliser, request)!;
            Assert.Equal(expected.Id, actual.Id);
            Assert.Equal(expected.LogProbability, actual.LogProbability, 1e-4f);
            Assert.Equal(expected.Alternatives.Select(score => score.Id), actual.Alternatives.Select(score => score.Id));
        }
    }

    [Fact]
    public void Some_requests_need_every_logit()
    {
        Assert.False(Sampler.NeedsOnly(64, new SampleRequest(new SamplingParameters(), 0, Nothing)));
        Assert.False(Sampler.NeedsOnly(64, new SampleRequest(new SamplingParameters { TopK = 65 }, 0, Nothing)));
        Assert.False(Sampler.NeedsOnly(64, new SampleRequest(new SamplingParameters { Temperature = 0, PresencePenalty = 1 }, 0, new HashSet<int> { 3 })));
        Assert.True(Sampler.NeedsOnly(64, new SampleRequest(new SamplingParameters { Temperature = 0, PresencePenalty = 1 }, 0, Nothing)));
    }
}
