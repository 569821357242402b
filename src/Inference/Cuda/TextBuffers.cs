using System.Numerics;
using EduVision.Inference.Runners.Torch;
using EduVision.Model.Configuration;
using static TorchSharp.torch;

namespace EduVision.Inference.Cuda;

/// <summary>Type and shape of a tensor that is to be.</summary>
internal readonly record struct BufferSize(ScalarType Type, params long[] Shape)
{
    /// <summary>Memory it takes.</summary>
    public long Bytes => Shape.Aggregate(Type is ScalarType.Float16 ? 2L : 4L, (product, side) => product * side);

    /// <summary>Makes it; the values are void.</summary>
    public Tensor Allocate(Device device) => empty(Shape, Type, device).DetachFromDisposeScope();
}

/// <summary>
/// Every tensor that <see cref="CudaText"/> keeps on the GPU beside the weights, by name. It allocates from this list and
/// <see cref="MemoryPlan"/> sums the same list, so that the two cannot drift apart.
/// </summary>
/// <param name="Config">Sizes.</param>
/// <param name="Layout">The KV cache as the scheduler knows it.</param>
/// <param name="StepTokens">Most tokens of a step that are asked for.</param>
/// <param name="Sequences">Most sequences of a step that are asked for.</param>
/// <param name="AttentionBytes">Partial sums of attention: what does not fit is attended to in several launches.</param>
/// <param name="HasFp8Head">Whether the head is in FP8; it then wants its rows as halves.</param>
internal sealed record TextBuffers(TextConfig Config, KvLayout Layout, int StepTokens, int Sequences, long AttentionBytes, bool HasFp8Head)
{
    // As in pick.cu.
    public const int Top = 64, Slices = 16, Found = (2 * Top) + 2;

    /// <summary>Most tokens of a step.</summary>
    public int MaxTokens => Math.Max(StepTokens, StepBatch.LargestGraph);

    /// <summary>Most rows whose logits are computed: a step of decodes is filled up to a power of two.</summary>
    public int MaxSampled => (int)BitOperations.RoundUpToPowerOf2((uint)Sequences);

    // One block more than the scheduler knows of: what fills a graph up writes there.
    public BufferSize Keys => new(ScalarType.Float16, Config.Layers, Layout.Blocks + 1, Config.KvHeads, Layout.BlockSize, Config.HeadDim);

    public BufferSize Values => Keys;

    public BufferSize Hidden => new(ScalarType.Float32, MaxTokens, Config.HiddenSize);

    public BufferSize X => new(ScalarType.Float16, WarpGroups.Room(MaxTokens), Math.Max(Config.HiddenSize, HeadsWidth));

    public BufferSize Gated => new(ScalarType.Float16, WarpGroups.Room(MaxTokens), Config.IntermediateSize);

    public BufferSize Qkv => new(ScalarType.Float32, MaxTokens, HeadsWidth + (2 * Config.KvHeads * Config.HeadDim));

    public BufferSize Queries => new(ScalarType.Float16, MaxTokens, HeadsWidth);

    public BufferSize Sums => new(ScalarType.Float32, AttentionBytes / sizeof(float));

    public BufferSize Marks => new(ScalarType.Float32, AttentionBytes / sizeof(float) / Config.HeadDim * 2);

    public BufferSize Rows => new(ScalarType.Float32, MaxSampled, Config.HiddenSize);

    public BufferSize HalfRows => new(ScalarType.Float16, HasFp8Head ? MaxSampled : 0, Config.HiddenSize);

    public BufferSize Logits => new(ScalarType.Float32, MaxSampled, Config.VocabSize);

    public BufferSize SliceIds => new(ScalarType.Int32, MaxSampled, Slices, Top);

    public BufferSize SliceValues => new(ScalarType.Float32, MaxSampled, Slices, Top);

    public BufferSize SliceMarks => new(ScalarType.Float32, MaxSampled, Slices, 2);

    public BufferSize Picked => new(ScalarType.Int32, MaxSampled, Found);

    public BufferSize Frequencies => new(ScalarType.Float32, Config.HeadDim / 2);

    public BufferSize Axes => new(ScalarType.Int32, Config.HeadDim / 2);

    /// <summary>What <see cref="StepBatch"/> lists of the largest step: twelve numbers a token, and a block table for each sequence.</summary>
    public BufferSize Numbers => new(ScalarType.Int32, (12L * MaxTokens) + ((long)MaxSampled * TableWidth));

    /// <summary>Everything but the KV cache.</summary>
    public IEnumerable<BufferSize> Workspace =>
        [Hidden, X, Gated, Qkv, Queries, Sums, Marks, Rows, HalfRows, Logits, SliceIds, SliceValues, SliceMarks, Picked, Frequencies, Axes, Numbers];

    /// <summary>The KV cache.</summary>
    public IEnumerable<BufferSize> Cache => [Keys, Values];

    /// <summary>KV memory of a token in all layers.</summary>
    public static long CacheBytesOf(TextConfig config) => new TextBuffers(config, new KvLayout(0, 1), 1, 1, 0, false).Cache.Sum(buffer => buffer.Bytes);

    /// <summary>The least that attention needs, however many launches it takes: sums of eight decodes, as many as one launch computes, over the longest past.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="context">Tokens of the longest past; a graph takes it for the next power of two.</param>
    public static long LeastAttentionBytes(TextConfig config, long context)
    {
        var spans = ((long)BitOperations.RoundUpToPowerOf2((ulong)context) + CudaAttention.Span - 1) / CudaAttention.Span;
        return (long)CudaStep.MostTokens * config.Heads * spans * config.HeadDim * sizeof(float);
    }

    private long HeadsWidth => (long)Config.Heads * Config.HeadDim;

    // A graph's table is filled up to a power of two.
    private long TableWidth => Math.Max(
        StepBatch.SmallestTable, (long)BitOperations.RoundUpToPowerOf2((ulong)Math.Min(Layout.Blocks, (Config.MaxPositions + Layout.BlockSize - 1) / Layout.BlockSize)));
}
