using EduVision.Inference.Runners;

namespace EduVision.Inference.Cuda;

/// <summary>How the model is made to fit a GPU's memory.</summary>
internal sealed record CudaFit
{
    /// <summary>Everything on the GPU, as a checkpoint stores it.</summary>
    public static CudaFit Roomy { get; } = new();

    /// <summary>Whether the input embeddings stay in this machine's memory.</summary>
    public bool EmbeddingsOnHost { get; init; }

    /// <summary>How the head is held.</summary>
    public WeightType Head { get; init; } = WeightType.Bf16;

    /// <summary>How the matrices of the vision tower are held.</summary>
    public WeightType Vision { get; init; } = WeightType.Bf16;

    /// <summary>Room for attention's partial sums.</summary>
    public long AttentionBytes { get; init; } = 256L << 20;
}
