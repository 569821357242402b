using EduVision.Inference.Cuda;
using EduVision.Inference.Hosting;

namespace EduVision.Inference.Runners;

/// <summary>Where the model runs and how much room it has there; decided before anything is loaded, so that a refusal comes at once.</summary>
public sealed class Placement
{
    /// <summary>Tokens of the KV cache where nothing plans its memory.</summary>
    public const int UsualKvTokens = 32_768;

    /// <summary>Tokens of a step where memory does not say more.</summary>
    public const int UsualStepTokens = 512;

    /// <summary>What computes: <see cref="RunnerKind.Torch"/> or <see cref="RunnerKind.Cuda"/>.</summary>
    public required RunnerKind Runner { get; init; }

    /// <summary>The device, as torch names it.</summary>
    public required string Device { get; init; }

    /// <summary>KV blocks.</summary>
    public required int Blocks { get; init; }

    /// <summary>Tokens of a KV block.</summary>
    public required int BlockSize { get; init; }

    /// <summary>Most tokens of a step.</summary>
    public int StepTokens { get; init; } = UsualStepTokens;

    /// <summary>Bytes of encoded images held at once.</summary>
    public required long EncoderCacheBytes { get; init; }

    /// <summary>Tokens of the KV cache, all requests together.</summary>
    public int KvTokens => Blocks * BlockSize;

    /// <summary>The GPU's memory, planned; null where it is not.</summary>
    internal MemoryPlan? Memory { get; init; }

    /// <summary>The GPU as it was found; null where nothing is planned.</summary>
    internal CardMemory? Card { get; init; }

    /// <summary>A place whose memory nobody plans.</summary>
    /// <param name="options">How much it is to hold.</param>
    /// <param name="device">The device.</param>
    public static Placement Unplanned(InferenceOptions options, string device) => new()
    {
        Runner = RunnerKind.Torch,
        Device = device,
        Blocks = (options.KvTokens ?? UsualKvTokens) / options.BlockSize,
        BlockSize = options.BlockSize,
        StepTokens = options.StepTokens ?? UsualStepTokens,
        EncoderCacheBytes = options.EncoderCacheBytes,
    };
}
