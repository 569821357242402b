using EduVision.Model.Configuration;
using static TorchSharp.torch;

namespace EduVision.Model.Network;

/// <summary>One sequence with a contiguous key and value cache: prefill in one or several passes, then decode token by token.</summary>
public sealed class KvCacheAttention : IAttention, IDisposable
{
    private readonly Tensor keys; // [layers, 1, kvHeads, capacity, headDim]
    private readonly Tensor values;
    private readonly int layers;
    private readonly long capacity;

    /// <param name="config">Layers and heads.</param>
    /// <param name="capacity">Tokens it can hold.</param>
    /// <param name="device">The model's.</param>
    /// <param name="type">The model's compute type.</param>
    public KvCacheAttention(TextConfig config, int capacity, Device device, ScalarType type)
    {
        layers = config.Layers;
        this.capacity = capacity;
        long[] shape = [config.Layers, 1, config.KvHeads, capacity, config.HeadDim];
        keys = empty(shape, type, device).DetachFromDisposeScope();
        values = empty(shape, type, device).DetachFromDisposeScope();
    }

    /// <summary>Tokens held.</summary>
    public long Length { get; private set; }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The tokens do not fit.</exception>
    public Tensor Attend(int layer, Tensor query, Tensor key, Tensor value)
    {
        using var scope = NewDisposeScope();
        var tokens = query.shape[0];
        var end = Length + tokens;
        if (end > capacity)
        {
            throw new InvalidOperationException($"The cache holds {capacity} tokens; {end} are needed.");
        }

        var (keys, values) = (Store(this.keys, layer, key), Store(this.values, layer, value));
        // A pass that continues a past: token i sees the past and its own pass up to itself.
        var mask = Length > 0 && tokens > 1 ? ones([tokens, end], ScalarType.Bool, query.device).tril(Length) : null;
        var attended = GroupedQuery.Attend(query.transpose(0, 1).unsqueeze(0), keys, values, mask, causal: true);
        if (layer == layers - 1)
        {
            Length = end;
        }

        return attended.squeeze(0).transpose(0, 1).reshape(tokens, -1).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        keys.Dispose();
        values.Dispose();
    }

    /// <summary>Writes [tokens, kvHeads, headDim] behind the past; returns [1, kvHeads, all tokens, headDim].</summary>
    private Tensor Store(Tensor cache, int layer, Tensor tokens)
    {
        var slots = cache.select(0, layer);
        slots.narrow(2, Length, tokens.shape[0]).copy_(tokens.transpose(0, 1).unsqueeze(0));
        return slots.narrow(2, 0, Length + tokens.shape[0]);
    }
}
