using EduVision.Inference.Hosting;
using EduVision.Inference.Runners;
using EduVision.Model.Configuration;

namespace EduVision.Inference.Cuda;

/// <summary>What is to be held by a GPU, and in how much memory.</summary>
internal sealed record MemoryRequest
{
    /// <summary>The model's sizes.</summary>
    public required ModelConfig Config { get; init; }

    /// <summary>Bytes for everything.</summary>
    public required long Budget { get; init; }

    /// <summary>Pixels of the largest image, after resizing.</summary>
    public required long ImagePixels { get; init; }

    /// <summary>What the CUDA context takes.</summary>
    public long Context { get; init; } = CardMemory.UsualContext;

    /// <summary>Tokens of the KV cache; null for what remains.</summary>
    public int? KvTokens { get; init; }

    public int BlockSize { get; init; } = 16;

    /// <summary>Most tokens of a step; null if the budget decides.</summary>
    public int? StepTokens { get; init; }

    public int MaxRunning { get; init; } = 16;

    /// <summary>Encoded images that are kept; the largest one fits in any case.</summary>
    public long EncoderCacheBytes { get; init; } = 256L << 20;

    /// <summary>Null if the budget decides.</summary>
    public bool? EmbeddingsOnHost { get; init; }

    public WeightType Head { get; init; } = WeightType.Bf16;

    public WeightType Vision { get; init; } = WeightType.Bf16;

    /// <summary>Merged tokens of the largest image.</summary>
    public long ImageTokens => Math.Max(1, ImagePixels / (PatchArea * Config.Vision.MergeSize * Config.Vision.MergeSize));

    /// <summary>Patches of the largest image.</summary>
    public long ImagePatches => ImageTokens * Config.Vision.MergeSize * Config.Vision.MergeSize;

    /// <summary>The same with images of so many tokens at most.</summary>
    public MemoryRequest WithImageTokens(long tokens) => this with { ImagePixels = Math.Min(ImagePixels, tokens * PatchArea * Config.Vision.MergeSize * Config.Vision.MergeSize) };

    private long PatchArea => (long)Config.Vision.PatchSize * Config.Vision.PatchSize;

    /// <summary>What the options ask for.</summary>
    /// <param name="options">The options.</param>
    /// <param name="config">The model's sizes.</param>
    /// <param name="imagePixels">Pixels of the largest image that the model is shown.</param>
    /// <param name="card">The GPU.</param>
    public static MemoryRequest Of(InferenceOptions options, ModelConfig config, long imagePixels, CardMemory card) => new MemoryRequest
    {
        Config = config,
        Budget = options.MemoryBytes ?? (long)(card.Free * MemoryPlan.UsualShare),
        ImagePixels = imagePixels,
        Context = card.Context,
        KvTokens = options.KvTokens,
        BlockSize = options.BlockSize,
        StepTokens = options.StepTokens,
        MaxRunning = options.MaxRunning,
        EncoderCacheBytes = options.EncoderCacheBytes,
        EmbeddingsOnHost = options.EmbeddingsOnHost,
        Head = options.HeadType,
        Vision = options.VisionType,
    }.WithImageTokens(options.ImageTokens ?? int.MaxValue);
}
