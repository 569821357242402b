using EduVision.Inference.Runners;
using EduVision.Model.Configuration;
using EduVision.Model.Weights;
using static TorchSharp.torch;

namespace EduVision.Inference.Cuda;

/// <summary>The text decoder's weights on a GPU as a published checkpoint stores them: its layers' matrices in FP8, or made of BF16 (<see cref="HalfBlocks"/>).</summary>
internal sealed class CudaWeights : IDisposable
{
    private const string Name = "model.language_model";

    private CudaWeights(
        ModelConfig config, IWeightSource plain, Func<string, long, long, (Tensor Weights, Tensor Scales)> matrix, CudaFit fit, Device device, bool isConverted)
    {
        var text = config.Text;
        var table = plain.Take($"{Name}.embed_tokens.weight", text.VocabSize, text.HiddenSize);
        Head = config.TieWordEmbeddings ? table.alias().DetachFromDisposeScope() : plain.Take("lm_head.weight", text.VocabSize, text.HiddenSize);
        IsTied = config.TieWordEmbeddings && fit.Head != WeightType.Fp8;
        if (fit.Head == WeightType.Fp8)
        {
            using var wide = Head;
            Fp8Head = Packed(wide, isConverted);
            Head = empty(0, device: device).DetachFromDisposeScope();
        }
        Embeddings = fit.EmbeddingsOnHost ? EmbeddingTable.OnHost(table) : EmbeddingTable.OnDevice(table);
        Norm = plain.Take($"{Name}.norm.weight", text.HiddenSize);
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

        TiledStack Stack(long columns, bool isPaired, params (string Part, long Rows)[] parts)
        {
            var made = TiledStack.Empty(TypeOf(config), text.Layers, parts.Sum(part => part.Rows), columns, device);
            for (var layer = 0; layer < text.Layers; layer++)
            {
                using var scope = NewDisposeScope();
                var pieces = parts.Select(part => matrix(Of(layer, part.Part), part.Rows, columns)).ToList();
                made.Set(layer, cat([.. pieces.Select(piece => piece.Weights)]), cat([.. pieces.Select(piece => piece.Scales)]), isPaired, isConverted);
            }
            return made;
        }
    }

    /// <summary>Loads a checkpoint's.</summary>
    /// <param name="checkpoint">The folder.</param>
    /// <param name="config">Its sizes.</param>
    /// <param name="fit">Where embeddings and head go, and how.</param>
    /// <param name="device">The GPU.</param>
    /// <param name="isConverted">Whether the chip makes halves of FP8 by itself: see <see cref="WeightTiles.Arrange"/>.</param>
    /// <exception cref="ModelFileException">A tensor is missing or of another kind.</exception>
    public static CudaWeights Load(Checkpoint checkpoint, ModelConfig config, CudaFit fit, Device device, bool isConverted) => new(
        config, new CheckpointWeights(checkpoint, config, device, ScalarType.BFloat16), (name, rows, columns) => TypeOf(config) == WeightType.Fp8 ? LoadFp8(checkpoint, device, name, rows, columns) : LoadBf16(checkpoint, device, name, rows, columns), fit, device, isConverted);

    /// <summary>Random ones, made on the GPU, such that hidden states keep their size.</summary>
    public static CudaWeights Random(ModelConfig config, CudaFit fit, Device device, bool isConverted) => new(
        config, new RandomWeights(device, ScalarType.BFloat16), (name, rows, columns) => TypeOf(config) == WeightType.Fp8 ? RandomFp8(rows, columns, device) : RandomBf16(name, rows, columns, device), fit, device, isConverted);

    /// <summary>How a model's layers' matrices are held.</summary>
    public static WeightType TypeOf(ModelConfig config) => config.Quantization is null ? WeightType.Bf16 : WeightType.Fp8;

    public EmbeddingTable Embeddings { get; }

    /// <summary>[vocabulary, hidden], BF16; empty where <see cref="Fp8Head"/> stands for it.</summary>
    public Tensor Head { get; }

    /// <summary>The head in FP8, one layer of its kind, if it is held so.</summary>
    public TiledStack? Fp8Head { get; }

    public Tensor Norm { get; }

    /// <summary>[layers, hidden], BF16.</summary>
    public Tensor InputNorms { get; }

    /// <summary>[layers, hidden], BF16.</summary>
    public Tensor PostNorms { get; }

    /// <summary>[layers, head], BF16.</summary>
    public Tensor QueryNorms { get; }

    /// <summary>[layers, head], BF16.</summary>
    public Tensor KeyNorms { get; }

    public TiledStack Qkv { get; }

    public TiledStack Output { get; }

    /// <summary>Gate and up, paired.</summary>
    public TiledStack GateUp { get; }

    public TiledStack Down { get; }

    /// <summary>GPU memory of all of them.</summary>
    public long Bytes => new[] { Norm, InputNorms, PostNorms, QueryNorms, KeyNorms }.Sum(BytesOf) + (IsTied ? 0 : BytesOf(Head))
        + Embeddings.DeviceBytes + new[] { Qkv, Output, GateUp, Down }.Sum(stack => stack.Bytes) + (Fp8Head?.Bytes ?? 0);

    private bool IsTied { get; }

    private static long BytesOf(Tensor tensor) => tensor.NumberOfElements * tensor.ElementSize;

    /// <summary>Whether our kernels can run this checkpoint; null if so, else why not.</summary>
    /// <param name="checkpoint">Its folder.</param>
    /// <param name="config">Its sizes.</param>
    /// <param name="head">How its head is to be held.</param>
    public static string? WhyNot(Checkpoint checkpoint, ModelConfig config, WeightType head = WeightType.Bf16)
    {
        var text = config.Text;
        if (config.Quantization is not (null or { BlockRows: Fp8Block.Side, BlockColumns: Fp8Block.Side })) return "its text layers are not in FP8 blocks of 128x128";
        int[] sides = [text.HiddenSize, text.IntermediateSize, text.Heads * text.HeadDim, text.KvHeads * text.HeadDim];
        if (sides.Any(side => side % Fp8Block.Side != 0)) return "a side of its matrices is no multiple of 128";
        if (text.HeadDim is not (64 or 128)) return $"its heads are {text.HeadDim} wide, not 64 or 128";
        if (text.Heads / text.KvHeads > 16) return "more than 16 of its query heads share a key head";
        if (text.VocabSize % 16 != 0) return "its vocabulary is no multiple of 16";
        if (head == WeightType.Fp8 && text.VocabSize % (2 * WeightTiles.Rows) != 0) return "its vocabulary is no multiple of 32, which a head in FP8 wants";
        var (type, called) = config.Quantization is null ? (StoredType.BF16, "BF16") : (StoredType.F8E4M3, "FP8");
        return checkpoint.Describe($"{Name}.layers.0.mlp.down_proj.weight").Type == type ? null : $"its text layers are not in {called}";
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Embeddings.Dispose();
        Fp8Head?.Dispose();
        foreach (var tensor in new[] { Head, Norm, InputNorms, PostNorms, QueryNorms, KeyNorms }) tensor.Dispose();
        foreach (var stack in new[] { Qkv, Output, GateUp, Down }) stack.Dispose();
    }

    private static TiledStack Packed(Tensor wide, bool isConverted)
    {
        using var scope = NewDisposeScope();
        var (rows, columns) = (wide.shape[0], wide.shape[1]);
        var made = TiledStack.Empty(WeightType.Fp8, 1, rows, columns, wide.device);
        // A last block of fewer rows is filled up with zeros, which change no scale.
        var missing = (Fp8Block.Blocks(rows) * Fp8Block.Side) - rows;
        var (codes, scales) = Fp8Codes.Quantise(missing == 0 ? wide : cat([wide, zeros([missing, columns], wide.dtype, wide.device)]), Fp8Block.Side, Fp8Block.Side);
        made.Set(0, codes.narrow(0, 0, rows), scales, isPaired: false, isConverted);
        return made;
    }

    private static (Tensor Weights, Tensor Scales) LoadFp8(Checkpoint checkpoint, Device device, string name, long rows, long columns)
    {
        var scales = checkpoint.Load(name + CheckpointWeights.ScaleSuffix, rows / Fp8Block.Side, columns / Fp8Block.Side).to(ScalarType.Float32);
        if (!scales.isfinite().all().item<bool>()) throw new ModelFileException(checkpoint.PathOf(name), $"tensor `{name}{CheckpointWeights.ScaleSuffix}` holds a scale that is no finite number.");
        return (checkpoint.Load(name, rows, columns).to(device), scales.to(device));
    }

    private static (Tensor Weights, Tensor Scales) LoadBf16(Checkpoint checkpoint, Device device, string name, long rows, long columns)
    {
        using var stored = checkpoint.Load(name, rows, columns);
        if (stored.dtype != ScalarType.BFloat16) throw new ModelFileException(checkpoint.PathOf(name), $"tensor `{name}` is not in BF16, as the other layers are.");
        using var matrix = stored.to(device);
        var made = HalfBlocks.Of(matrix);
        if (!made.Scales.isfinite().all().item<bool>()) throw new ModelFileException(checkpoint.PathOf(name), $"tensor `{name}` holds a weight that is no finite number.");
        return made;
    }

    // Bytes below 0x78 are finite; those drawn have a root mean square of about 60.
    private static (Tensor Weights, Tensor Scales) RandomFp8(long rows, long columns, Device device)
    {
        const double rootMeanSquare = 60;
        var bytes = randint(0, 0x78, [rows, columns], ScalarType.Byte, device).add_(randint(0, 2, [rows, columns], ScalarType.Byte, device).mul_(128));
        return (bytes, full([rows / Fp8Block.Side, columns / Fp8Block.Side], (float)(1 / rootMeanSquare / Math.Sqrt(columns)), ScalarType.Float32, device));
    }

    private static (Tensor Weights, Tensor Scales) RandomBf16(string name, long rows, long columns, Device device)
    {
        using var matrix = new RandomWeights(device, ScalarType.BFloat16).Take(name, rows, columns);
        return HalfBlocks.Of(matrix);
    }
}
