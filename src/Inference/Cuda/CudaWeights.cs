using EduVision.Model.Configuration;
using EduVision.Model.Weights;
using static TorchSharp.torch;

namespace EduVision.Inference.Cuda;

/// <summary>The text decoder's weights on a GPU as a published FP8 checkpoint stores them.</summary>
internal sealed class CudaWeights : IDisposable
{
    private const string Name = "model.language_model";

    private CudaWeights(ModelConfig config, IWeightSource plain, Func<string, long, long, (Tensor Bytes, Tensor Scales)> matrix, Device device, bool isConverted)
    {
        var text = config.Text;
        Embeddings = plain.Take($"{Name}.embed_tokens.weight", text.VocabSize, text.HiddenSize);
        Norm = plain.Take($"{Name}.norm.weight", text.HiddenSize);
        Head = config.TieWordEmbeddings ? Embeddings : plain.Take("lm_head.weight", text.VocabSize, text.HiddenSize);
        long hidden = text.HiddenSize, inner = text.IntermediateSize, queries = (long)text.Heads * text.HeadDim, keys = (long)text.KvHeads * text.HeadDim;
        InputNorms = Norms("input_layernorm", hidden);
        QueryNorms = Norms("self_attn.q_norm", text.HeadDim);
        KeyNorms = Norms("self_attn.k_norm", text.HeadDim);
        PostNorms = Norms("post_attention_layernorm", hidden);
        Qkv = Stack(hidden, isPaired: false, ("self_attn.q_proj", queries), ("self_attn.k_proj", keys), ("self_attn.v_proj", keys));
        Output = Stack(queries, isPaired: false, ("self_attn.o_proj", hidden));
        GateUp = Stack(hidden, isPaired: true, ("mlp.gate_proj", inner), ("mlp.up_proj", inner));
        Down = Stack(inner, isPaired: false, ("mlp.down_proj", hidden));

        string Of(int layer, string part) => $"{Name}.layers.{layer}.{part}.weight";

        Tensor Norms(string part, long width)
        {
            var all = Enumerable.Range(0, text.Layers).Select(layer => plain.Take(Of(layer, part), width)).ToList();
            var stacked = stack(all);
            all.ForEach(one => one.Dispose());
            return stacked;
        }

        Fp8Stack Stack(long columns, bool isPaired, params (string Part, long Rows)[] parts)
        {
            var made = Fp8Stack.Empty(text.Layers, parts.Sum(part => part.Rows), columns, device);
            for (var layer = 0; layer < text.Layers; layer++)
            {
                using var scope = NewDisposeScope();
                var pieces = parts.Select(part => matrix(Of(layer, part.Part), part.Rows, columns)).ToList();
                made.Set(layer, cat([.. pieces.Select(piece => piece.Bytes)]), cat([.. pieces.Select(piece => piece.Scales)]), isPaired, isConverted);
            }
            return made;
        }
    }

    /// <summary>Loads a checkpoint's.</summary>
    /// <param name="checkpoint">The folder.</param>
    /// <param name="config">Its sizes.</param>
    /// <param name="device">The GPU.</param>
    /// <param name="isConverted">Whether the chip makes halves of FP8 by itself: see <see cref="Fp8Tiles.Arrange"/>.</param>
    /// <exception cref="ModelFileException">A tensor is missing or of another kind.</exception>
    public static CudaWeights Load(Checkpoint checkpoint, ModelConfig config, Device device, bool isConverted) => new(
        config, new CheckpointWeights(checkpoint, config, device, ScalarType.BFloat16), (name, rows, columns) => Load(checkpoint, device, name, rows, columns), device, isConverted);

    /// <summary>Random ones, made on the GPU, such that hidden states keep their size.</summary>
    public static CudaWeights Random(ModelConfig config, Device device, bool isConverted) => new(
        config, new RandomWeights(device, ScalarType.BFloat16), (_, rows, columns) => Random(rows, columns, device), device, isConverted);

    public Tensor Embeddings { get; }

    public Tensor Head { get; }

    public Tensor Norm { get; }

    /// <summary>[layers, hidden], BF16.</summary>
    public Tensor InputNorms { get; }

    /// <summary>[layers, hidden], BF16.</summary>
    public Tensor PostNorms { get; }

    /// <summary>[layers, head], BF16.</summary>
    public Tensor QueryNorms { get; }

    /// <summary>[layers, head], BF16.</summary>
    public Tensor KeyNorms { get; }

    public Fp8Stack Qkv { get; }

    public Fp8Stack Output { get; }

    /// <summary>Gate and up, paired.</summary>
    public Fp8Stack GateUp { get; }

    public Fp8Stack Down { get; }

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
        foreach (var tensor in new[] { Embeddings, Head, Norm, InputNorms, PostNorms, QueryNorms, KeyNorms }) tensor.Dispose();
        foreach (var stack in new[] { Qkv, Output, GateUp, Down }) stack.Dispose();
    }

    private static (Tensor Bytes, Tensor Scales) Load(Checkpoint checkpoint, Device device, string name, long rows, long columns)
    {
        var scales = checkpoint.Load(name + CheckpointWeights.ScaleSuffix, rows / Fp8Block.Side, columns / Fp8Block.Side).to(ScalarType.Float32);
        if (!scales.isfinite().all().item<bool>()) throw new ModelFileException(checkpoint.PathOf(name), $"tensor `{name}{CheckpointWeights.ScaleSuffix}` holds a scale that is no finite number.");
        return (checkpoint.Load(name, rows, columns).to(device), scales.to(device));
    }

    // Bytes below 0x78 are finite; those drawn have a root mean square of about 60.
    private static (Tensor Bytes, Tensor Scales) Random(long rows, long columns, Device device)
    {
        const double rootMeanSquare = 60;
        var bytes = randint(0, 0x78, [rows, columns], ScalarType.Byte, device).add_(randint(0, 2, [rows, columns], ScalarType.Byte, device).mul_(128));
        return (bytes, full([rows / Fp8Block.Side, columns / Fp8Block.Side], (float)(1 / rootMeanSquare / Math.Sqrt(columns)), ScalarType.Float32, device));
    }
}
