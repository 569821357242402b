using EduVision.Model.Configuration;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace EduVision.Inference.Runners.Torch;

/// <summary>
/// Paged attention in torch operations, for any device and compute type. All decodes of a pass are attended to together,
/// padded to the longest; each prefill chunk by itself.
/// </summary>
internal sealed class DevicePagedAttention : PagedAttention
{
    private const int LengthStep = 64;
    private readonly KvLayout layout;
    private readonly Device device;
    private readonly int heads, kvHeads, headDim;
    private readonly Tensor[] keys; // per layer [blocks * blockSize, kvHeads, headDim]
    private readonly Tensor[] values;
    private readonly List<Tensor> owned = [];
    private readonly List<(SequenceChunk Chunk, int Row, Tensor Slots, Tensor Mask)> prefills = [];
    private Tensor? written; // [tokens] slots of this pass's tokens
    private Tensor? decodeRows; // [decodes]
    private Tensor? decodeSlots; // [decodes * longest]
    private Tensor? decodeMask; // [decodes, 1, 1, longest], true where there is a token

    public DevicePagedAttention(TextConfig config, KvLayout layout, Device device, ScalarType type)
    {
        (this.layout, this.device) = (layout, device);
        (heads, kvHeads, headDim) = (config.Heads, config.KvHeads, config.HeadDim);
        keys = [.. Enumerable.Range(0, config.Layers).Select(_ => NewCache())];
        values = [.. Enumerable.Range(0, config.Layers).Select(_ => NewCache())];

        // Zeros, not whatever was there: padding is masked, but a NaN times nothing is a NaN.
        Tensor NewCache() => zeros([(long)layout.Blocks * layout.BlockSize, kvHeads, headDim], type, device).DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    public override void Begin(IReadOnlyList<SequenceChunk> chunks)
    {
        Forget();
        written = Own([.. chunks.SelectMany(chunk => Slots(chunk, chunk.Start, chunk.Count))]);
        List<(SequenceChunk Chunk, int Row)> decodes = [];
        var row = 0;
        foreach (var chunk in chunks)
        {
            if (chunk.Count == 1) decodes.Add((chunk, row));
            else
            {
                using var scope = NewDisposeScope();
                var mask = ones([chunk.Count, chunk.End], ScalarType.Bool, device).tril(chunk.Start).DetachFromDisposeScope();
                owned.Add(mask);
                prefills.Add((chunk, row, Own([.. Slots(chunk, 0, chunk.End)]), mask));
            }
            row += chunk.Count;
        }
        if (decodes.Count == 0) return;
        // In steps: a shape that grows with every token would have memory, and on some devices a kernel, of its own each time.
        var longest = (decodes.Max(decode => decode.Chunk.End) + LengthStep - 1) / LengthStep * LengthStep;
        decodeRows = Own([.. decodes.Select(decode => (long)decode.Row)]);
        decodeSlots = Own([.. decodes.SelectMany(decode => Slots(decode.Chunk, 0, decode.Chunk.End).Concat(Enumerable.Repeat(0L, longest - decode.Chunk.End)))]);
        var lengths = Own([.. decodes.Select(decode => (long)decode.Chunk.End)]);
        using (NewDisposeScope())
            decodeMask = tensor([.. Enumerable.Range(0, longest)], device: device).unsqueeze(0).lt(lengths.unsqueeze(1)).view(decodes.Count, 1, 1, longest).DetachFromDisposeScope();
        owned.Add(decodeMask);
    }

    /// <inheritdoc/>
    public override Tensor Attend(int layer, Tensor query, Tensor key, Tensor value)
    {
        using var scope = NewDisposeScope();
        keys[layer].index_copy_(0, written!, key);
        values[layer].index_copy_(0, written!, value);
        var output = empty([query.shape[0], (long)heads * headDim], query.dtype, device);
        foreach (var (chunk, row, slots, mask) in prefills)
        {
            var attended = scaled_dot_product_attention(
                query.narrow(0, row, chunk.Count).transpose(0, 1).unsqueeze(0), Past(keys[layer], slots), Past(values[layer], slots), attn_mask: mask);
            output.narrow(0, row, chunk.Count).copy_(attended.squeeze(0).transpose(0, 1).reshape(chunk.Count, -1));
        }
        if (decodeRows is not null)
        {
            var decodes = decodeRows.shape[0];
            // One query a head: the heads of a group are its queries, and no key is copied per head.
            var attended = scaled_dot_product_attention(
                query.index_select(0, decodeRows).view(decodes, kvHeads, heads / kvHeads, headDim),
                keys[layer].index_select(0, decodeSlots!).view(decodes, -1, kvHeads, headDim).transpose(1, 2),
                values[layer].index_select(0, decodeSlots!).view(decodes, -1, kvHeads, headDim).transpose(1, 2),
                attn_mask: decodeMask);
            output.index_copy_(0, decodeRows, attended.reshape(decodes, -1));
        }
        return output.MoveToOuterDisposeScope();
    }

    // [1, heads, tokens, headDim]
    private Tensor Past(Tensor cache, Tensor slots) =>
        cache.index_select(0, slots).transpose(0, 1).repeat_interleave(heads / kvHeads, 0).unsqueeze(0);

    private IEnumerable<long> Slots(SequenceChunk chunk, int start, int count) => Enumerable.Range(start, count)
        .Select(position => ((long)chunk.Blocks[position / layout.BlockSize] * layout.BlockSize) + (position % layout.BlockSize));

    private Tensor Own(long[] numbers)
    {
        var made = tensor(numbers, device: device).DetachFromDisposeScope();
        owned.Add(made);
        return made;
    }

    private void Forget()
    {
        foreach (var made in owned) made.Dispose();
        owned.Clear();
        prefills.Clear();
        (written, decodeRows, decodeSlots, decodeMask) = (null, null, null, null);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        Forget();
        foreach (var cache in keys.Concat(values)) cache.Dispose();
    }
}
