using EduVision.Inference.Runners.Sampling;
using EduVision.Model.Network;
using static TorchSharp.torch;

namespace EduVision.Inference.Runners.Torch;

/// <summary>The model in torch operations, on any device: the reference for every other runner. Owns the model.</summary>
public sealed class TorchRunner : ModelRunner
{
    private readonly Qwen3VL model;
    private readonly PagedAttention attention;
    private readonly Device device;
    private readonly Sampler sampler = new();

    /// <summary>A runner with a KV cache of its own.</summary>
    /// <param name="model">The model; it is the runner's from now on.</param>
    /// <param name="blocks">KV blocks.</param>
    /// <param name="blockSize">Tokens a block.</param>
    /// <param name="threads">Threads of a CPU.</param>
    public TorchRunner(Qwen3VL model, int blocks, int blockSize, int threads)
    {
        this.model = model;
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
    public override EncodedImage Encode(ImageSource image)
    {
        var patches = image.Take();
        using var mode = inference_mode();
        using var scope = NewDisposeScope();
        var values = tensor(patches.Values).view(patches.Grid.Patches, -1);
        return new TorchEncodedImage(model.Vision.Forward(values.to(device), [patches.Grid]).DetachFromDisposeScope());
    }

    /// <inheritdoc/>
    public override IReadOnlyList<ChunkResult> Step(IReadOnlyList<SequenceChunk> chunks)
    {
        using var mode = inference_mode();
        using var scope = NewDisposeScope();
        attention.Begin(chunks);
        var (hidden, deepStack) = Embed(chunks);
        using var rotary = model.Text.Rotary(Positions(chunks));
        var states = model.Text.Forward(hidden, rotary, attention, deepStack);
        return Sample(chunks, states);
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
            var token = sampler.Choose(Row(logits, row++, width), sample);
            results[i] = token is null
                ? new ChunkResult(null, "The model computed values that are no numbers. Ask again; if it happens again, the model's files may be damaged.")
                : new ChunkResult(token);
        }
        return results;
    }

    private static unsafe ReadOnlySpan<float> Row(Tensor logits, int row, int width) => new(TensorMemory.Floats(logits) + ((long)row * width), width);

    /// <inheritdoc/>
    public override void Dispose()
    {
        attention.Dispose();
        model.Dispose();
    }
}
