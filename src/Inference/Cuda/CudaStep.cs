using System.Runtime.InteropServices;
using EduVision.Inference.Cuda.Driver;
using EduVision.Model.Configuration;
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

/// <summary>All layers of a step of a few decodes in one launch.</summary>
internal sealed class CudaStep : IDisposable
{
    /// <summary>Most tokens of such a step: those that a tensor core operation takes at once.</summary>
    public const int MostTokens = 8;

    private const int Teams = 3, TeamWarps = 4, Warps = Teams * TeamWarps, MostRing = 8, Segments = 4;

    private readonly TextConfig config;
    private readonly KernelLibrary kernels;
    private readonly int sharedBytes, processors;
    private readonly Tensor arrivals, barrier;
    private uint arrived;

    /// <param name="config">Sizes.</param>
    /// <param name="kernels">The kernels compiled for them.</param>
    /// <param name="processors">Of the chip.</param>
    /// <param name="device">The GPU.</param>
    public CudaStep(TextConfig config, KernelLibrary kernels, int processors, Device device)
    {
        (this.config, this.kernels, this.processors) = (config, kernels, processors);
        sharedBytes = KernelLibrary.SharedBytesOf(kernels.Architecture);
        arrivals = zeros([MostTokens * config.KvHeads], ScalarType.Int32, device).DetachFromDisposeScope();
        barrier = zeros([1], ScalarType.Int32, device).DetachFromDisposeScope();
    }

    /// <summary>Tiles of weights that each warp has on their way, as many as shared memory holds beside the rest; 0 if too few.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="tokens">1 or <see cref="MostTokens"/>.</param>
    /// <param name="sharedBytes">Of a block of threads.</param>
    public static int RingOf(TextConfig config, int tokens, int sharedBytes)
    {
        var ring = Math.Min(MostRing, (sharedBytes - RestBytes(config, tokens)) / (Warps * Fp8Tiles.TileBytes));
        return ring < 2 ? 0 : ring;
    }

    /// <summary>Whether a step of so many tokens can be computed this way on this chip.</summary>
    public bool Takes(int tokens) => tokens <= MostTokens && RingOf(config, InstanceOf(tokens), sharedBytes) > 0;

    /// <summary>Puts a step on the kernels' stream.</summary>
    public void Launch(StepArguments step)
    {
        var instance = InstanceOf(step.Tokens);
        var shared = (RingOf(config, instance, sharedBytes) * Warps * Fp8Tiles.TileBytes) + RestBytes(config, instance);
        (step.Arrivals, step.Barrier, step.Arrived) = (arrivals.Address(), barrier.Address(), arrived);
        kernels.Launch($"step_{instance}", new Grid(processors), Warps * 32, shared, step);
        const int barriersOfALayer = 5;
        arrived += (uint)(processors * (1 + (barriersOfALayer * config.Layers)));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        arrivals.Dispose();
        barrier.Dispose();
    }

    private static int InstanceOf(int tokens) => tokens == 1 ? 1 : MostTokens;

    // As step.cu lays them out behind the ring: activations; what a team needs for attention or for its sums; the norms' parts.
    private static int RestBytes(TextConfig config, int tokens)
    {
        var group = config.Heads / config.KvHeads;
        var attention = (TeamWarps * group * (config.HeadDim + 6)) + (group * config.HeadDim / 2);
        const int sums = 2 * Segments * Fp8Tiles.Rows * MostTokens, normParts = 8;
        return (tokens * (config.HiddenSize + 8) * sizeof(ushort)) + (((Teams * Math.Max(attention, sums)) + (tokens * normParts) + Teams) * sizeof(float));
    }
}
