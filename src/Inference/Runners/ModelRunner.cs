using EduVision.Inference.Runners.Sampling;
using EduVision.Model.Configuration;
using EduVision.Model.Imaging;
using EduVision.Model.Network;

namespace EduVision.Inference.Runners;

/// <summary>
/// The model on one device: encodes images and runs steps over the paged KV cache that it owns. The scheduler decides
/// what; a runner knows nothing of users, queues or logs. Called by one thread only.
/// </summary>
public abstract class ModelRunner : IDisposable
{
    /// <summary>The device, for people, such as <c>CPU (2 threads)</c>.</summary>
    public abstract string Device { get; }

    /// <summary>Device memory that <see cref="Encode"/>'s result for such an image holds, in bytes.</summary>
    public abstract long BytesOf(ImageGrid grid);

    /// <summary>Device memory that this process holds, in bytes; null where it is not measured.</summary>
    public virtual long? UsedBytes() => null;

    /// <summary>Gives back device memory that is held for later use only.</summary>
    public virtual void ReleaseUnused()
    {
    }

    /// <summary>Whether a sequence gets the same numbers, bit by bit, alone or in company, in one chunk or in many.</summary>
    public virtual bool IsBatchInvariant => false;

    /// <summary>Begins to run the vision tower over one image whose patches are ready; steps may come between.</summary>
    /// <returns>The caller owns it.</returns>
    public abstract ImageEncoding Begin(ImageSource image);

    /// <summary>Runs the vision tower over one image at once.</summary>
    /// <returns>What <see cref="Step"/> puts in place of the image's placeholder tokens; the caller owns it.</returns>
    public EncodedImage Encode(ImageSource image)
    {
        using var encoding = Begin(image);
        return encoding.Advance(double.PositiveInfinity)!;
    }

    /// <summary>Waits until the device has done all that it was told.</summary>
    public virtual void Wait()
    {
    }

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
        using var image = Encode(new ImageSource(grid, () => PatchedImage.Noise(vision, grid, new Random(1))));
        var prompt = new Prompt { Ids = new int[20], Positions = RotaryPositions.Plain(20) };
        var sample = new SampleRequest(new SamplingParameters { TopK = 20, TopP = 0.95 }, 0, new HashSet<int>());
        // Into blocks that nobody holds yet: what is written there counts for nothing.
        foreach (var (start, count) in new[] { (0, 12), (12, 7), (19, 1) })
            Step([new SequenceChunk { Prompt = prompt, Tokens = prompt.Ids, Start = start, Count = count, Blocks = [0, 1, 2], Images = new Dictionary<PromptImage, EncodedImage>(), Sample = sample }]);
    }

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>An image on its way through the vision tower. Whatever is computed between its parts, what comes of it is the same, bit by bit.</summary>
public abstract class ImageEncoding : IDisposable
{
    /// <summary>What was computed so far, in milliards of multiplications.</summary>
    public abstract double Done { get; }

    /// <summary>What the next part is of.</summary>
    public abstract VisionStage Stage { get; }

    /// <summary>Goes on: one part, and more for as long as they take no more than <paramref name="work"/> together. After a fault there is no going on.</summary>
    /// <param name="work">In milliards of multiplications.</param>
    /// <returns>The image, if that was all; it is the caller's then. Null if parts are left.</returns>
    public abstract EncodedImage? Advance(double work);

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
