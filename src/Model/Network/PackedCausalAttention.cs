using static TorchSharp.torch;

namespace EduVision.Model.Network;

/// <summary>
/// A batch of sequences of one length, laid out one after another, without a past: training and evaluation. Shorter sequences are
/// padded on the right; their last tokens see padding nowhere, as attention is causal.
/// </summary>
/// <param name="batch">Sequences.</param>
/// <param name="length">Tokens of each.</param>
public sealed class PackedCausalAttention(long batch, long length) : IAttention
{
    /// <inheritdoc/>
    public Tensor Attend(int layer, Tensor query, Tensor key, Tensor value)
    {
        using var scope = NewDisposeScope();
        var attended = GroupedQuery.Attend(Sequences(query), Sequences(key), Sequences(value), mask: null, causal: true);
        return attended.transpose(1, 2).reshape(batch * length, -1).MoveToOuterDisposeScope();
    }

    /// <summary>[tokens, heads, headDim] to [batch, heads, length, headDim].</summary>
    private Tensor Sequences(Tensor tokens) => tokens.unflatten(0, [batch, length]).transpose(1, 2);
}
