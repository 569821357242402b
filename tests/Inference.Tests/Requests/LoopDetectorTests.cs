using EduVision.Inference.Requests;

namespace EduVision.Inference.Tests.Requests;

public sealed class LoopDetectorTests
{
    private static int? LoopsAt(IEnumerable<int> tokens, int threshold = 64)
    {
        var detector = new LoopDetector(threshold, threshold);
        foreach (var (index, token) in tokens.Index())
            if (detector.Push(token)) return index + 1;
        return null;
    }

    [Theory]
    [InlineData(1, 64)]
    [InlineData(7, 64)]
    [InlineData(30, 120)]
    public void A_span_over_and_over_is_a_loop_once_it_fills_the_threshold_four_times_at_least(int period, int expected)
    {
        var before = Enumerable.Range(1000, 37);
        var loop = Enumerable.Range(0, 1000).Select(i => i % period);
        Assert.Equal(37 + expected, LoopsAt(before.Concat(loop)));
    }

    [Fact]
    public void Text_that_repeats_a_little_is_no_loop()
    {
        var random = new Random(1);
        Assert.Null(LoopsAt(Enumerable.Range(0, 5000).Select(_ => random.Next(3))));
        Assert.Null(LoopsAt(Enumerable.Range(0, 60).Select(_ => 5).Concat(Enumerable.Range(0, 1000))));
    }

    [Fact]
    public void A_long_span_that_changes_a_little_each_time_is_no_loop() =>
        Assert.Null(LoopsAt(Enumerable.Range(0, 100).SelectMany(round => Enumerable.Range(0, 20).Select(i => i == 7 ? 1000 + round : i))));
}
