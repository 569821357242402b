using EduVision.Model.Configuration;
using EduVision.Model.Network;
using static TorchSharp.torch;

namespace EduVision.Training.Evaluation;

/// <summary>Contiguous keys and values of sequences that run in step: same prompt length, one token each after that.</summary>
public sealed class BatchKvCache : IAttention, IDisposable
{
    private readonly Tensor[] keys;
    private readonly Tensor[] values;
    private readonly long batch;

    /// <summary>Room for <paramref name="capacity"/> tokens of each of <paramref name="batch"/> sequences.</summary>
    public BatchKvCache(TextConfig config, long batch, long capacity, Device device, ScalarType type)
    {
        this.batch = batch;
        Tensor Room() => zeros([batch, config.KvHeads, capacity, config.HeadDim], type, device).DetachFromDisposeScope();
        keys = [.. Enumerable.Range(0, config.Layers).Select(_ => Room())];
        values = [.. Enumerable.Range(0, config.Layers).Select(_ => Room())];
    }

    /// <summary>Tokens of each sequence that earlier passes stored.</summary>
    public long Length { get; private set; }

    /// <summary>Counts the tokens of the pass that just ended.</summary>
    public void Advance(long tokens) => Length += tokens;

    /// <inheritdoc/>
    public Tensor Attend(int layer, Tensor query, Tensor key, Tensor value)
    {
        using var scope = NewDisposeScope();
        var (tokens, heads, headDim) = (query.shape[0] / batch, query.shape[1], query.shape[2]);
        if (tokens > 1 && Length > 0) throw new InvalidOperationException("A prompt goes in as one piece, before any other token.");
        keys[layer].narrow(2, Length, tokens).copy_(Split(key, tokens));
        values[layer].narrow(2, Length, tokens).copy_(Split(value, tokens));
        var attended = nn.functional.scaled_dot_product_attention(
            Split(query, tokens),
            Grouped(keys[layer].narrow(2, 0, Length + tokens), heads),
            Grouped(values[layer].narrow(2, 0, Length + tokens), heads),
            is_casual: tokens > 1);
        return attended.transpose(1, 2).reshape(batch * tokens, heads * headDim).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in keys.Concat(values)) tensor.Dispose();
    }

    // [batch * tokens, heads, headDim] -> [batch, heads, tokens, headDim]
    private Tensor Split(Tensor flat, long tokens) => flat.view(batch, tokens, flat.shape[1], flat.shape[2]).transpose(1, 2);

    // Every group of query heads shares a key head.
    private static Tensor Grouped(Tensor shared, long heads)
    {
        var (b, kv, n, d) = (shared.shape[0], shared.shape[1], shared.shape[2], shared.shape[3]);
        return shared.unsqueeze(2).expand(b, kv, heads / kv, n, d).reshape(b, heads, n, d);
    }
}
