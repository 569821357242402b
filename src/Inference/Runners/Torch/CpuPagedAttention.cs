using System.Buffers;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using EduVision.Model.Configuration;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;
using Tensor = TorchSharp.torch.Tensor;

namespace EduVision.Inference.Runners.Torch;

/// <summary>
/// Paged attention on a CPU in float32. Decodes read the cache's memory where it lies; only prefill chunks copy their past
/// together, for a matrix product.
/// </summary>
internal sealed unsafe class CpuPagedAttention : PagedAttention
{
    // Below this a chunk is attended token by token: no copy, no mask, no call into torch.
    private const int FewTokens = 8;

    // Below this much work (multiply-adds of one layer's decodes) threads cost more than they bring.
    private const long WorthThreads = 1 << 18;

    private readonly int heads, kvHeads, group, headDim, blockSize, threads;
    private readonly long blockFloats;
    private readonly float scale;
    private readonly float*[] layers; // per layer [blocks, 2 (keys, values), kvHeads, blockSize, headDim]
    private readonly List<(SequenceChunk Chunk, int Row, int[] Blocks)> pass = [];
    private readonly Dictionary<(int Start, int Count), Tensor> masks = [];
    private bool disposed;

    public CpuPagedAttention(TextConfig config, KvLayout layout, int threads)
    {
        (heads, kvHeads, headDim, blockSize, this.threads) = (config.Heads, config.KvHeads, config.HeadDim, layout.BlockSize, threads);
        group = heads / kvHeads;
        scale = 1 / MathF.Sqrt(headDim);
        blockFloats = 2L * kvHeads * blockSize * headDim;
        layers = new float*[config.Layers];
        // The system gives pages when they are first written, so a large cache costs what is used of it.
        for (var layer = 0; layer < layers.Length; layer++)
            layers[layer] = (float*)NativeMemory.AlignedAlloc((nuint)(blockFloats * layout.Blocks * sizeof(float)), 64);
    }

    /// <inheritdoc/>
    public override void Begin(IReadOnlyList<SequenceChunk> chunks)
    {
        pass.Clear();
        DropMasks();
        var row = 0;
        foreach (var chunk in chunks)
        {
            pass.Add((chunk, row, [.. chunk.Blocks]));
            row += chunk.Count;
        }
    }

    /// <inheritdoc/>
    public override Tensor Attend(int layer, Tensor query, Tensor key, Tensor value)
    {
        var output = empty([query.shape[0], (long)heads * headDim]);
        Store(layer, key, 0);
        Store(layer, value, 1);
        Decode(layer, TensorMemory.Floats(query), query.stride(0), TensorMemory.Floats(output));
        foreach (var (chunk, row, blocks) in pass)
            if (chunk.Count > FewTokens) Prefill(layer, chunk, row, blocks, query, key, value, output);
        GC.KeepAlive(query);
        return output;
    }

    private float* Block(int layer, int block, int part, int head) =>
        layers[layer] + (block * blockFloats) + ((((long)part * kvHeads) + head) * blockSize * headDim);

    // rows: [tokens, kvHeads, headDim], each token's heads together, tokens apart.
    private void Store(int layer, Tensor rows, int part)
    {
        var source = TensorMemory.Floats(rows);
        var stride = rows.stride(0);
        foreach (var (chunk, row, blocks) in pass)
        {
            for (var i = 0; i < chunk.Count; i++)
            {
                var position = chunk.Start + i;
                for (var head = 0; head < kvHeads; head++)
                {
                    new ReadOnlySpan<float>(source + ((row + i) * stride) + ((long)head * headDim), headDim)
                        .CopyTo(new Span<float>(Block(layer, blocks[position / blockSize], part, head) + ((long)(position % blockSize) * headDim), headDim));
                }
            }
        }
        GC.KeepAlive(rows);
    }

    private void Decode(int layer, float* queries, long stride, float* results)
    {
        List<(int[] Blocks, int Row, int Length)> tokens = [];
        long work = 0;
        foreach (var (chunk, row, blocks) in pass)
        {
            if (chunk.Count > FewTokens) continue;
            for (var i = 0; i < chunk.Count; i++)
            {
                tokens.Add((blocks, row + i, chunk.Start + i + 1));
                work += 2L * (chunk.Start + i + 1) * heads * headDim;
            }
        }
        var jobs = tokens.Count * kvHeads;
        if (threads == 1 || jobs == 1 || work < WorthThreads)
        {
            for (var job = 0; job < jobs; job++) Run(job);
        }
        else Parallel.For(0, jobs, new ParallelOptions { MaxDegreeOfParallelism = threads }, Run);

        void Run(int job)
        {
            var (blocks, row, length) = tokens[job / kvHeads];
            var head = job % kvHeads;
            AttendOne(layer, blocks, head, length, queries + (row * stride) + ((long)head * group * headDim), results + (((long)row * heads) + (head * group)) * headDim);
        }
    }

    // One token, one key head: its group of query heads, [group, headDim], over `length` tokens of the past, itself included.
    private void AttendOne(int layer, int[] blocks, int head, int length, float* query, float* result)
    {
        var scores = ArrayPool<float>.Shared.Rent(group * length);
        for (var start = 0; start < length; start += blockSize)
        {
            var keys = Block(layer, blocks[start / blockSize], 0, head);
            var count = Math.Min(blockSize, length - start);
            for (var member = 0; member < group; member++)
                BlockKernel.Score(keys, count, headDim, query + ((long)member * headDim), scale, scores.AsSpan((member * length) + start, count));
        }
        for (var member = 0; member < group; member++)
        {
            var row = scores.AsSpan(member * length, length);
            TensorPrimitives.SoftMax(row, row);
        }
        new Span<float>(result, group * headDim).Clear();
        for (var start = 0; start < length; start += blockSize)
        {
            var values = Block(layer, blocks[start / blockSize], 1, head);
            var count = Math.Min(blockSize, length - start);
            for (var member = 0; member < group; member++)
                BlockKernel.Mix(values, scores.AsSpan((member * length) + start, count), headDim, result + ((long)member * headDim));
        }
        ArrayPool<float>.Shared.Return(scores);
    }

    private void Prefill(int layer, SequenceChunk chunk, int row, int[] blocks, Tensor query, Tensor key, Tensor value, Tensor output)
    {
        using var scope = NewDisposeScope();
        var queries = query.narrow(0, row, chunk.Count).transpose(0, 1).unsqueeze(0); // [1, heads, count, headDim]
        var (keys, values) = chunk.Start == 0
            ? (key.narrow(0, row, chunk.Count).transpose(0, 1), value.narrow(0, row, chunk.Count).transpose(0, 1))
            : (Gather(layer, blocks, 0, chunk.End), Gather(layer, blocks, 1, chunk.End)); // [kvHeads, end, headDim]
        if (group > 1) (keys, values) = (keys.repeat_interleave(group, 0), values.repeat_interleave(group, 0));
        var attended = scaled_dot_product_attention(
            queries, keys.unsqueeze(0), values.unsqueeze(0), attn_mask: chunk.Start == 0 ? null : Mask(chunk), is_casual: chunk.Start == 0);
        output.narrow(0, row, chunk.Count).copy_(attended.squeeze(0).transpose(0, 1).reshape(chunk.Count, -1));
    }

    // Token i of the chunk sees the past and the chunk up to itself; the same for all layers.
    private Tensor Mask(SequenceChunk chunk)
    {
        if (masks.TryGetValue((chunk.Start, chunk.Count), out var known)) return known;
        var mask = ones([chunk.Count, chunk.End], ScalarType.Bool).tril(chunk.Start).DetachFromDisposeScope();
        masks.Add((chunk.Start, chunk.Count), mask);
        return mask;
    }

    private Tensor Gather(int layer, int[] blocks, int part, int length)
    {
        var gathered = empty([kvHeads, length, headDim]);
        var target = TensorMemory.Floats(gathered);
        for (var head = 0; head < kvHeads; head++)
        {
            for (var start = 0; start < length; start += blockSize)
            {
                var floats = Math.Min(blockSize, length - start) * headDim;
                new ReadOnlySpan<float>(Block(layer, blocks[start / blockSize], part, head), floats)
                    .CopyTo(new Span<float>(target + ((((long)head * length) + start) * headDim), floats));
            }
        }
        return gathered;
    }

    private void DropMasks()
    {
        foreach (var mask in masks.Values) mask.Dispose();
        masks.Clear();
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        if (disposed) return;
        disposed = true;
        DropMasks();
        foreach (var layer in layers) NativeMemory.AlignedFree(layer);
    }
}
