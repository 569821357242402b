using EduVision.Model.Configuration;
using EduVision.Model.Weights;
using static TorchSharp.torch;

namespace EduVision.Inference.Cuda;

/// <summary>A linear layer's FP8 bytes and scales on a GPU, or several of one width stacked by rows.</summary>
/// <param name="Bytes">[rows, columns], uint8.</param>
/// <param name="Scales">[rows / 128, columns / 128], float32, times 256: see <c>linear.cu</c>.</param>
internal sealed record Fp8Matrix(Tensor Bytes, Tensor Scales) : IDisposable
{
    public int Rows => (int)Bytes.shape[0];

    public int Columns => (int)Bytes.shape[1];

    public void Dispose()
    {
        Bytes.Dispose();
        Scales.Dispose();
    }
}

/// <summary>One decoder layer's weights; norms in BF16.</summary>
internal sealed record CudaLayer(Tensor InputNorm, Fp8Matrix Qkv, Tensor QueryNorm, Tensor KeyNorm, Fp8Matrix Output, Tensor PostNorm, Fp8Matrix GateUp, Fp8Matrix Down) : IDisposable
{
    public void Dispose()
    {
        foreach (var tensor in new[] { InputNorm, QueryNorm, KeyNorm, PostNorm }) tensor.Dispose();
        foreach (var matrix in new[] { Qkv, Output, GateUp, Down }) matrix.Dispose();
    }
}

/// <summary>The text decoder's weights on a GPU as a published FP8 checkpoint stores them.</summary>
internal sealed class CudaWeights : IDisposable
{
    private const string Name = "model.language_model";
    private const int Scaled = 256;

    private CudaWeights(ModelConfig config, IWeightSource plain, Func<long, IReadOnlyList<(string Name, long Rows)>, Fp8Matrix> matrix)
    {
        var text = config.Text;
        Embeddings = plain.Take($"{Name}.embed_tokens.weight", text.VocabSize, text.HiddenSize);
        Norm = plain.Take($"{Name}.norm.weight", text.HiddenSize);
        Head = config.TieWordEmbeddings ? Embeddings : plain.Take("lm_head.weight", text.VocabSize, text.HiddenSize);
        long hidden = text.HiddenSize, inner = text.IntermediateSize, queries = (long)text.Heads * text.HeadDim, keys = (long)text.KvHeads * text.HeadDim;
        Layers = [.. Enumerable.Range(0, text.Layers).Select(index =>
        {
            var name = $"{Name}.layers.{index}";
            Fp8Matrix Matrix(long columns, params (string Part, long Rows)[] parts) => matrix(columns, [.. parts.Select(part => ($"{name}.{part.Part}.weight", part.Rows))]);
            return new CudaLayer(
                plain.Take($"{name}.input_layernorm.weight", hidden),
                Matrix(hidden, ("self_attn.q_proj", queries), ("self_attn.k_proj", keys), ("self_attn.v_proj", keys)),
                plain.Take($"{name}.self_attn.q_norm.weight", text.HeadDim),
                plain.Take($"{name}.self_attn.k_norm.weight", text.HeadDim),
                Matrix(queries, ("self_attn.o_proj", hidden)),
                plain.Take($"{name}.post_attention_layernorm.weight", hidden),
                Matrix(hidden, ("mlp.gate_proj", inner), ("mlp.up_proj", inner)),
                Matrix(inner, ("mlp.down_proj", hidden)));
        })];
    }

    /// <summary>Loads a checkpoint's.</summary>
    /// <exception cref="ModelFileException">A tensor is missing or of another kind.</exception>
    public static CudaWeights Load(Checkpoint checkpoint, ModelConfig config, Device device) => new(
        config, new CheckpointWeights(checkpoint, config, device, ScalarType.BFloat16), (columns, parts) => Load(checkpoint, device, columns, parts));

    /// <summary>Random ones, made on the GPU, such that hidden states keep their size.</summary>
    public static CudaWeights Random(ModelConfig config, Device device) => new(
        config, new RandomWeights(device, ScalarType.BFloat16), (columns, parts) => Random(parts.Sum(part => part.Rows), columns, device));

    public Tensor Embeddings { get; }

    public Tensor Head { get; }

    public Tensor Norm { get; }

    public IReadOnlyList<CudaLayer> Layers { get; }

    /// <summary>Whether our kernels can run this checkpoint; null if so, else why not.</summary>
    public static string? WhyNot(Checkpoint checkpoint, ModelConfig config)
    {
        var text = config.Text;
        if (config.Quantization is not { BlockRows: Fp8Block.Side, BlockColumns: Fp8Block.Side }) return "its text layers are not in FP8 blocks of 128x128";
        int[] sides = [text.HiddenSize, text.IntermediateSize, text.Heads * text.HeadDim, text.KvHeads * text.HeadDim];
        if (sides.Any(side => side % Fp8Block.Side != 0)) return "a side of its matrices is no multiple of 128";
        if (text.HeadDim is not (64 or 128)) return $"its heads are {text.HeadDim} wide, not 64 or 128";
        if (text.Heads / text.KvHeads > 16) return "more than 16 of its query heads share a key head";
        if (text.VocabSize % 16 != 0) return "its vocabulary is no multiple of 16";
        return checkpoint.Describe($"{Name}.layers.0.mlp.down_proj.weight").Type == StoredType.F8E4M3 ? null : "its text layers are not in FP8";
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Embeddings.Dispose();
        Head.Dispose();
        Norm.Dispose();
        foreach (var layer in Layers) layer.Dispose();
    }

    private static Fp8Matrix Load(Checkpoint checkpoint, Device device, long columns, IReadOnlyList<(string Name, long Rows)> parts)
    {
        using var scope = NewDisposeScope();
        var rows = parts.Sum(part => part.Rows);
        var bytes = empty([rows, columns], ScalarType.Byte, device);
        var scales = empty([rows / Fp8Block.Side, columns / Fp8Block.Side], ScalarType.Float32, device);
        var start = 0L;
        foreach (var (name, count) in parts)
        {
            using var one = NewDisposeScope();
            bytes.narrow(0, start, count).copy_(checkpoint.Load(name, count, columns));
            var stored = checkpoint.Load(name + CheckpointWeights.ScaleSuffix, count / Fp8Block.Side, columns / Fp8Block.Side).to(ScalarType.Float32);
            if (!stored.isfinite().all().item<bool>()) throw new ModelFileException(checkpoint.PathOf(name), $"tensor `{name}{CheckpointWeights.ScaleSuffix}` holds a scale that is no finite number.");
            scales.narrow(0, start / Fp8Block.Side, count / Fp8Block.Side).copy_(stored.mul(Scaled));
            start += count;
        }
        return new Fp8Matrix(bytes.DetachFromDisposeScope(), scales.DetachFromDisposeScope());
    }

    // Bytes below 0x78 are finite; those drawn have a root mean square of about 60.
    private static Fp8Matrix Random(long rows, long columns, Device device)
    {
        const double rootMeanSquare = 60;
        using var scope = NewDisposeScope();
        var bytes = randint(0, 0x78, [rows, columns], ScalarType.Byte, device).add_(randint(0, 2, [rows, columns], ScalarType.Byte, device).mul_(128));
        var scales = full([rows / Fp8Block.Side, columns / Fp8Block.Side], (float)(Scaled / rootMeanSquare / Math.Sqrt(columns)), ScalarType.Float32, device);
        return new Fp8Matrix(bytes.DetachFromDisposeScope(), scales.DetachFromDisposeScope());
    }
}
