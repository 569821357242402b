using EduVision.Model.Network;
using static TorchSharp.torch;

namespace EduVision.Inference.Runners.Torch;

/// <summary>
/// Attention over the paged KV cache, which it owns: the tokens of a pass are prefill chunks and decodes of many
/// sequences, one after another, each seeing its own past only.
/// </summary>
internal abstract class PagedAttention : IAttention, IDisposable
{
    /// <summary>Says whose tokens the next pass has; valid until the next call.</summary>
    public abstract void Begin(IReadOnlyList<SequenceChunk> chunks);

    /// <inheritdoc/>
    public abstract Tensor Attend(int layer, Tensor query, Tensor key, Tensor value);

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>How a paged KV cache is laid out.</summary>
/// <param name="Blocks">Blocks.</param>
/// <param name="BlockSize">Tokens a block.</param>
internal readonly record struct KvLayout(int Blocks, int BlockSize);
