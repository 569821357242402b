using EduVision.Training.Data;
using EduVision.Training.Learning;
using EduVision.Training.Problems;

namespace EduVision.Training.Tests.Data;

public sealed class ExampleSourceTests : IDisposable
{
    private static readonly ExampleSettings Settings = new() { Seed = 5, Mix = ProblemMix.Default, TokensPerBatch = 512 };
    private readonly TinyNano nano = new();

    public void Dispose() => nano.Dispose();

    [Fact]
    public void A_batch_depends_on_seed_and_index_alone()
    {
        using var source = Source(Settings);
        using var other = Source(Settings);
        // In another order, by several threads.
        var again = new TrainingBatch[4];
        Parallel.For(0, again.Length, i => again[again.Length - 1 - i] = other.Batch(again.Length - 1 - i));
        for (var index = 0; index < again.Length; index++)
        {
            using var batch = source.Batch(index);
            using var second = again[index];
            AssertSame(batch, second);
        }
    }

    [Fact]
    public void Another_index_another_seed_and_held_out_data_are_other_problems()
    {
        string[] texts = [.. new[] { (Settings, 0), (Settings, 1), (Settings with { Seed = 6 }, 0), (Settings with { HeldOut = true }, 0) }.Select(one =>
        {
            using var source = Source(one.Item1);
            using var batch = source.Batch(one.Item2);
            return string.Join('\n', batch.Examples.Select(example => example.Problem.Completion));
        })];
        Assert.Equal(texts.Length, texts.Distinct().Count());
    }

    [Fact]
    public void Every_photo_is_of_the_batchs_size_and_every_text_within_the_limit()
    {
        using var source = Source(Settings with { LongestText = 330 });
        for (var index = 0; index < 6; index++)
        {
            using var batch = source.Batch(index);
            Assert.Equal([batch.Examples.Count, batch.Grid.H * 16, batch.Grid.W * 16, 3], batch.Pixels.shape);
            Assert.InRange(batch.Grid.H * 16 * batch.Grid.W * 16, 1, NanoDesign.MaxPixels);
            Assert.All(batch.Examples, example => Assert.InRange(example.Ids.Length, 1, 330));
            Assert.Equal(batch.Examples.Count * batch.Length, batch.Ids.numel());
            Assert.Equal(batch.Examples.Sum(example => example.Ids.Length - example.PromptLength), batch.Targets.numel());
        }
    }

    private ExampleSource Source(ExampleSettings settings) => new(nano.Processor, nano.Assets, settings);

    private static void AssertSame(TrainingBatch expected, TrainingBatch actual)
    {
        Assert.Equal(expected.Examples.Select(example => example.Problem), actual.Examples.Select(example => example.Problem));
        Assert.Equal(expected.Pixels.data<byte>().ToArray(), actual.Pixels.data<byte>().ToArray());
        foreach (var (one, two) in new[] { (expected.Ids, actual.Ids), (expected.Positions, actual.Positions), (expected.PredictingRows, actual.PredictingRows), (expected.Targets, actual.Targets) })
            Assert.Equal(one.data<long>().ToArray(), two.data<long>().ToArray());
    }
}
