using EduVision.Model.Imaging;
using EduVision.Training.Evaluation;
using EduVision.Training.Tests.Learning;
using static TorchSharp.torch;

namespace EduVision.Training.Tests.Evaluation;

[Collection(OverfittedCollection.Name)]
public sealed class GreedyReaderTests(OverfittedModel trained)
{
    private const int MaxTokens = 24;

    [Fact]
    public void An_exported_model_writes_what_it_learned()
    {
        using var reader = new GreedyReader(trained.Folder, CPU, float32);
        var readings = reader.Read(Requests(), MaxTokens, batchSize: 4);
        foreach (var (problem, reading) in OverfittedModel.Problems.Zip(readings))
        {
            Assert.Equal((problem.Reasoning, problem.Answer, true), (reading.Reasoning, reading.Answer, reading.Ended));
            Assert.InRange(reading.Confidence, 0.5, 1.0001);
        }
    }

    [Fact]
    public void Photos_in_a_batch_are_read_as_one_at_a_time()
    {
        using var reader = new GreedyReader(trained.Folder, CPU, float32);
        // Another grid, another instruction: what it says nobody taught it, but it is the same either way.
        var wide = reader.Processor.Images.Process(new RgbImage(512, 256, [.. Enumerable.Range(0, 512 * 256 * 3).Select(i => (byte)(i % 251))]));
        List<ReadingRequest> requests = [.. Requests(), new(wide, "Look."), .. Requests().Take(1), new(wide, "Solve.")];
        var done = 0;
        var together = reader.Read(requests, MaxTokens, batchSize: 3, count => done = count);
        Assert.Equal(requests.Count, done);
        for (var i = 0; i < requests.Count; i++)
        {
            var alone = Assert.Single(reader.Read([requests[i]], MaxTokens, batchSize: 1));
            Assert.Equal(alone with { Confidence = 0 }, together[i] with { Confidence = 0 });
            Assert.Equal(alone.Confidence, together[i].Confidence, 1e-4);
        }
    }

    [Fact]
    public void A_reading_that_is_cut_says_so_and_has_no_answer_to_be_sure_of()
    {
        using var reader = new GreedyReader(trained.Folder, CPU, float32);
        var reading = Assert.Single(reader.Read([Requests()[0]], maxTokens: 3, batchSize: 1));
        Assert.Equal(new Reading("11+", "", 0, Ended: false), reading);
    }

    private static List<ReadingRequest> Requests()
    {
        var grid = OverfittedModel.Grid;
        // Limits that leave the size of the photos as it is.
        var images = new ImageProcessor(new ImageProcessorConfig { MinPixels = 1, MaxPixels = 1 << 20 });
        return [.. OverfittedModel.Problems.Select((problem, i) =>
        {
            return new ReadingRequest(images.Process(new RgbImage(grid.W * 16, grid.H * 16, OverfittedModel.Photo(i))), problem.Prompt);
        })];
    }
}
