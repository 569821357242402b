using EduVision.Inference.Runners.Sampling;
using EduVision.Model.Configuration;
using EduVision.Model.Imaging;

namespace EduVision.Inference.Runners;

/// <summary>
/// The model on one device: encodes images and runs steps over the paged KV cache that it owns. The scheduler decides
/// what; a runner knows nothing of users, queues or logs. Called by one thread only.
/// </summary>
public abstract class ModelRunner : IDisposable
{
    /// <summary>The device, for people, such as <c>CPU (2 threads)</c>.</summary>
    public abstract string Device { get; }

    /// <summary>Whether a sequence gets the same numbers, bit by bit, alone or in company, in one chunk or in many.</summary>
    public virtual bool IsBatchInvariant => false;

    /// <summary>Runs the vision tower over one image whose patches are ready.</summary>
    /// <returns>What <see cref="Step"/> puts in place of the image's placeholder tokens; the caller owns it.</returns>
    public abstract EncodedImage Encode(ImageSource image);

    /// <summary>
    /// Computes keys and values of all chunks, each at its own place of its own sequence, in one pass, and samples behind
    /// those that ask for it. Running the same chunk again is harmless.
    /// </summary>
    /// <returns>One result for each chunk, in order.</returns>
    public abstract IReadOnlyList<ChunkResult> Step(IReadOnlyList<SequenceChunk> chunks);

    /// <summary>Runs a small image and a few tokens through the model, so that the first request does not pay for loading code and kernels.</summary>
    /// <param name="vision">Sizes of the vision tower.</param>
    public void WarmUp(VisionConfig vision)
    {
        var grid = new ImageGrid(1, 4, 4);
        using var image = Encode(new ImageSource(grid, () => new ImagePatches(new float[grid.Patches * vision.PatchWidth], grid)));
        var prompt = new Prompt { Ids = new int[20], Positions = RotaryPositions.Plain(20) };
        var sample = new SampleRequest(new SamplingParameters { TopK = 20, TopP = 0.95 }, 0, new HashSet<int>());
        // Into blocks that nobody holds yet: what is written there counts for nothing.
        foreach (var (start, count) in new[] { (0, 12), (12, 7), (19, 1) })
            Step([new SequenceChunk { Prompt = prompt, Tokens = prompt.Ids, Start = start, Count = count, Blocks = [0, 1, 2], Images = new Dictionary<PromptImage, EncodedImage>(), Sample = sample }]);
    }

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>An image after the vision tower, on the runner's device.</summary>
public abstract class EncodedImage : IDisposable
{
    /// <summary>Device memory it holds.</summary>
    public abstract long Bytes { get; }

    /// <inheritdoc/>
    public abstract void Dispose();
}
