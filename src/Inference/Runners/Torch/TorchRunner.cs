using EduVision.Inference.Runners.Sampling;
using EduVision.Model.Imaging;
using EduVision.Model.Network;
using static TorchSharp.torch;

namespace EduVision.Inference.Runners.Torch;

/// <summary>The model in torch operations, on any device: the reference for every other runner. Owns the model.</summary>
public sealed class TorchRunner : ModelRunner
{
    private const int FewTokens = 17;

    private readonly Qwen3VL model;
    private readonly PagedAttention attention;
    private readonly Device device;
    private readonly Sampler sampler = new();
    private readonly int threads;
    private int threadsInUse;

    /// <summary>A runner with a KV cache of its own.</summary>
    /// <param name="model">The model; it is the runner's from now on.</param>
    /// <param name="blocks">KV blocks.</param>
    /// <param name="blockSize">Tokens a block.</param>
    /// <param name="threads">Threads of a CPU.</param>
    public TorchRunner(Qwen3VL model, int blocks, int blockSize, int threads)
    {
        this.model = model;
        this.threads = threads;
        device = model.Text.Device;
        var layout = new KvLayout(blocks, blockSize);
        var onCpu = device.type == TorchSharp.DeviceType.CPU && model.Text.ComputeType == ScalarType.Float32;
        attention = onCpu
            ? new CpuPagedAttention(model.Config.Text, layout, threads)
            : new DevicePagedAttention(model.Config.Text, layout, device, model.Text.ComputeType);
        Device = device.type == TorchSharp.DeviceType.CPU ? $"CPU ({threads} thread{(threads == 1 ? "" : "s")})" : device.ToString();
    }

    /// <inheritdoc/>
    public override string Device { get; }

    /// <inheritdoc/>
    public override long BytesOf(ImageGrid grid) =>
        new VisionMemory(model.Config.Vision, model.Text.ComputeType == ScalarType.Float32 ? sizeof(float) : sizeof(ushort), fp8: false).OutputOf(grid);

    /// <inheritdoc/>
    public override void ReleaseUnused() => TorchReserve.Release(device);

    /// <inheritdoc/>
    public override ImageEncoding Begin(ImageSource image)
    {
        var patches = image.Take();
        return new TorchImageEncoding(model.Vision, patches, () => UseThreads(patches.Grid.Patches));
    }

    /// <inheritdoc/>
    public override void Wait()
    {
        if (device.type == TorchSharp.DeviceType.CUDA) cuda.synchronize(device);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<ChunkResult> Step(IReadOnlyList<SequenceChunk> chunks)
    {
        using var mode = inference_mode();
        using var scope = NewDisposeScope();
        UseThreads(chunks.Sum(chunk => chunk.Count));
        attention.Begin(chunks);
        var (hidden, deepStack) = Embed(chunks);
        using var rotary = model.Text.Rotary(Positions(chunks));
        var states = model.Text.Forward(hidden, rotary, attention, deepStack);
        return Sample(chunks, states);
    }

    // A few tokens wait for memory, not for arithmetic: one thread reads the weights as fast as several, and leaves the
    // other cores to those who carry the tokens away.
    private void UseThreads(int tokens)
    {
        var wanted = tokens < FewTokens ? 1 : threads;
        if (device.type != TorchSharp.DeviceType.CPU || wanted == threadsInUse) return;
        set_num_threads(wanted);
        threadsInUse = wanted;
    }

    private (Tensor Hidden, DeepStackInjection? DeepStack) Embed(IReadOnlyList<SequenceChunk> chunks)
    {
        var hidden = model.Text.Embed(tensor(chunks.SelectMany(chunk => Enumerable.Range(chunk.Start, chunk.Count).Select(i => (long)chunk.Tokens[i])).ToArray(), device: device));
        List<long> rows = [];
        List<VisionOutput> pieces = [];
        var row = 0;
        foreach (var chunk in chunks)
        {
            foreach (var image in chunk.TouchedImages)
            {
                var from = Math.Max(image.Offset, chunk.Start);
                var until = Math.Min(image.End, chunk.End);
                pieces.Add(((TorchEncodedImage)chunk.Images[image]).Output.Narrow(from - image.Offset, until - from));
                // By the prompt's own spans, not by token id: a model may well write an image token.
                for (var position = from; position < until; position++) rows.Add(row + position - chunk.Start);
            }
            row += chunk.Count;
        }
        if (pieces.Count == 0) return (hidden, null);
        var images = pieces.Count == 1 ? pieces[0] : VisionOutput.Concatenate(pieces);
        var where = tensor(rows.ToArray(), device: device);
        return (hidden.index_copy(0, where, images.Embeddings), new DeepStackInjection(where, images.DeepStack));
    }

    // [3, tokens]
    private Tensor Positions(IReadOnlyList<SequenceChunk> chunks)
    {
        var total = chunks.Sum(chunk => chunk.Count);
        var positions = new long[3 * total];
        var row = 0;
        foreach (var chunk in chunks)
        {
            for (var i = chunk.Start; i < chunk.End; i++, row++)
                (positions[row], positions[total + row], positions[(2 * total) + row]) = chunk.Prompt.Positions.At(i);
        }
        return tensor(positions, 3, total, device: device);
    }

    private ChunkResult[] Sample(IReadOnlyList<SequenceChunk> chunks, Tensor states)
    {
        var results = new ChunkResult[chunks.Count];
        List<long> rows = [];
        var end = 0;
        foreach (var chunk in chunks)
        {
            end += chunk.Count;
            if (chunk.Sample is not null) rows.Add(end - 1);
        }
        if (rows.Count == 0) return results;
        var last = rows.Count == end ? states : states.index_select(0, tensor(rows.ToArray(), device: device));
        var logits = model.Text.Logits(last).to(ScalarType.Float32).cpu().contiguous();
        var width = (int)logits.shape[1];
        var row = 0;
        for (var i = 0; i < results.Length; i++)
        {
            if (chunks[i].Sample is not { } sample) continue;
            var token = sampler.Choose(TensorMemory.Row(logits, row++, width), sample);
            results[i] = token is null ? ChunkResult.NoNumbers : new ChunkResult(token);
        }
        return results;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        attention.Dispose();
        model.Dispose();
    }
}
