using EduVision.Training.Data;

namespace EduVision.Training.Tests.Data;

public sealed class OrderedPipelineTests
{
    [Fact]
    public void Items_come_in_order_however_long_each_takes()
    {
        using var gate = new ManualResetEventSlim();
        // Item 0 cannot finish before a later one has: order is kept all the same.
        using var pipeline = new OrderedPipeline<long>(index =>
        {
            if (index == 0) gate.Wait();
            if (index == 1) gate.Set();
            return index * index;
        }, first: 0, workers: 2, ahead: 4);

        Assert.Equal([0, 1, 4, 9, 16, 25], Enumerable.Range(0, 6).Select(_ => pipeline.Next()));
    }

    [Fact]
    public void It_begins_where_it_is_told()
    {
        using var pipeline = new OrderedPipeline<long>(index => index, first: 1000, workers: 2, ahead: 2);
        Assert.Equal([1000, 1001], [pipeline.Next(), pipeline.Next()]);
    }

    [Fact]
    public void An_error_in_making_reaches_the_consumer()
    {
        using var pipeline = new OrderedPipeline<int>(_ => throw new InvalidDataException("row 7"), first: 0, workers: 1, ahead: 1);
        Assert.Equal("row 7", Assert.Throws<InvalidDataException>(() => pipeline.Next()).Message);
    }
}
