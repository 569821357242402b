using EduVision.Model.Chat;
using EduVision.Model.Imaging;
using EduVision.Training.Problems;
using EduVision.Training.Rendering;

namespace EduVision.Training.Data;

/// <summary>Draws problems, renders their photos and writes them down as the model will see them. Same seed and index: same batch.</summary>
/// <param name="processor">The model's own tokenizer and template.</param>
/// <param name="assets">Ink for the renderer.</param>
/// <param name="settings">What to draw.</param>
public sealed class ExampleSource(ChatProcessor processor, InkAssets assets, ExampleSettings settings) : IDisposable
{
    private const int PatchSize = 16;
    private readonly PhotoRenderer renderer = new(assets);

    /// <summary>Batch number <paramref name="index"/>: photos of one size, texts of similar length.</summary>
    public TrainingBatch Batch(long index)
    {
        var random = new Random(ProblemMix.Mix(settings.HeldOut ? ~(long)settings.Seed : settings.Seed, index));
        var size = PhotoSize.Draw(random);
        var grid = new ImageGrid(1, size.Height / PatchSize, size.Width / PatchSize);
        var batchSize = settings.BatchSizeFor(grid);
        var examples = Draw(random, size, grid, batchSize);
        var seeds = examples.Select(_ => random.NextInt64()).ToArray();
        var photos = examples.Select((example, i) => renderer.Render(PictureRequest.Of(example.Problem.Picture, size, settings.HeldOut, random), (ulong)seeds[i])).ToArray();
        return TrainingBatch.Of(examples, [.. photos.Select(photo => photo.Rgb)], grid, processor.Tokenizer.IdOf("<|endoftext|>"));
    }

    /// <summary>More problems than are wanted, the longest window of similar length among them: little padding, every length equally likely.</summary>
    private List<Example> Draw(Random random, PhotoSize size, ImageGrid grid, int count)
    {
        var pool = new List<Example>();
        while (pool.Count < count * 3)
        {
            var problem = settings.Mix.Sample(random);
            if (!PictureRequest.Fits(problem.Picture, size, assets, settings.HeldOut)) continue;
            var example = Example.Of(problem, grid, processor);
            if (example.Ids.Length <= settings.LongestText) pool.Add(example);
        }
        pool.Sort((a, b) => a.Ids.Length.CompareTo(b.Ids.Length));
        return pool.GetRange(random.Next(pool.Count - count + 1), count);
    }

    /// <inheritdoc/>
    public void Dispose() => renderer.Dispose();
}
