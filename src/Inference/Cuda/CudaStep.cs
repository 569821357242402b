using System.Runtime.InteropServices;
using EduVision.Inference.Cuda.Driver;
using EduVision.Inference.Runners;
using EduVision.Model.Configuration;
using EduVision.Model.Weights;
using static TorchSharp.torch;

namespace EduVision.Inference.Cuda;

/// <summary>What <c>step.cu</c> is told, field by field as there: addresses on the GPU, and numbers.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct StepArguments
{
    public nint QkvWeights, OutputWeights, GateUpWeights, DownWeights;
    public nint QkvScales, OutputScales, GateUpScales, DownScales;
    public nint InputNorms, QueryNorms, KeyNorms, PostNorms, Embeddings;
    public nint Frequencies;
    public nint Axes, Ids, Positions, Slots, Places, Tables;
    public nint Keys, Values, X, Gated;
    public nint Hidden, Qkv, Sums, Marks;
    public nint Arrivals, Barrier;
    public long LayerCache;
    public int Tokens, TableWidth, Spans;
    public uint Arrived;
    public float Epsilon;
}

/// <summary>All layers of a step of a few decodes in one launch, where they are in FP8.</summary>
internal sealed class CudaStep : IDisposable
{
    /// <summary>Most tokens of such a step: those that a tensor core operation takes at once.</summary>
    public const int MostTokens = 8;

    private const int Teams = 3, TeamWarps = 4, Warps = Teams * TeamWarps, MostRing = 3, PlaceTiles = 2, Segments = 4, Part = 64;

    private readonly TextConfig config;
    private readonly KernelLibrary kernels;
    private readonly Tensor arrivals, barrier;
    private uint arrived;

    /// <param name="config">Sizes.</param>
    /// <param name="kernels">The kernels compiled for them.</param>
    /// <param name="device">The GPU.</param>
    public CudaStep(TextConfig config, KernelLibrary kernels, Device device)
    {
        (this.config, this.kernels) = (config, kernels);
        arrivals = zeros([MostTokens * config.KvHeads], ScalarType.Int32, device).DetachFromDisposeScope();
        barrier = zeros([1], ScalarType.Int32, device).DetachFromDisposeScope();
    }

    /// <summary>Places of each warp's ring, two tiles of weights each, as many as shared memory holds beside the rest and as help; 0 if too few.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="tokens">1 or <see cref="MostTokens"/>.</param>
    /// <param name="chip">The GPU.</param>
    public static int RingOf(TextConfig config, int tokens, Chip chip) =>
        Math.Max(Math.Min(MostRing, (chip.SharedBytes - RestBytes(config, tokens, chip)) / PlaceBytes), 0);

    /// <summary>Whether a step of so many tokens can be computed this way over this model's weights on this chip.</summary>
    public bool Takes(int tokens) => kernels.Layers == WeightType.Fp8 && tokens <= MostTokens && RingOf(config, InstanceOf(tokens), kernels.Chip) > 0;

    /// <summary>Puts a step on the kernels' stream.</summary>
    public void Launch(StepArguments step)
    {
        var instance = InstanceOf(step.Tokens);
        var shared = (RingOf(config, instance, kernels.Chip) * PlaceBytes) + RestBytes(config, instance, kernels.Chip);
        (step.Arrivals, step.Barrier, step.Arrived) = (arrivals.Address(), barrier.Address(), arrived);
        kernels.Launch($"step_{instance}", new Grid(kernels.Chip.Processors), Warps * 32, shared, step);
        const int barriersOfALayer = 5;
        arrived += (uint)(kernels.Chip.Processors * (1 + (barriersOfALayer * config.Layers)));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        arrivals.Dispose();
        barrier.Dispose();
    }

    private static int InstanceOf(int tokens) => tokens == 1 ? 1 : MostTokens;

    // A place in each warp's ring, and what says that it was filled.
    private static int PlaceBytes => Warps * ((PlaceTiles * WeightTiles.TileBytes) + sizeof(ulong));

    // As step.cu lays them out beside the ring: activations; what a team needs for its sums or for attention; a token's parts of norms and
    // its angles; two layers' scales; what teams count.
    private static int RestBytes(TextConfig config, int tokens, Chip chip)
    {
        int group = config.Heads / config.KvHeads, attention = config.Heads * config.HeadDim, wide = Math.Max(config.HiddenSize, attention);
        var width = (tokens == 1 ? Math.Max(wide, config.IntermediateSize) : wide) + 8;
        const int sums = 2 * Segments * WeightTiles.Rows * MostTokens, normParts = 8;
        var team = Math.Max(sums, (2 * group * (Part + 8)) + (group * config.HeadDim / 2));
        int Scales(int rows, int columns, int halves) => (((rows / WeightTiles.Rows) + chip.Processors - 1) / chip.Processors) * halves * (columns / Fp8Block.Side);
        var scales = Scales(attention + (2 * config.KvHeads * config.HeadDim), config.HiddenSize, 1) + Scales(config.HiddenSize, attention, 1)
            + Scales(2 * config.IntermediateSize, config.HiddenSize, 2) + Scales(config.HiddenSize, config.IntermediateSize, 1);
        return (tokens * width * sizeof(ushort)) + (((Teams * team) + (tokens * (normParts + config.HeadDim)) + (2 * scales) + Teams + 1) * sizeof(float));
    }
}
