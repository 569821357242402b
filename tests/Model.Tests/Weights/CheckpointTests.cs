using EduVision.Model.Configuration;
using EduVision.Model.Network;
using EduVision.Model.Tests.Network;
using EduVision.Model.Weights;
using static TorchSharp.torch;

namespace EduVision.Model.Tests.Weights;

public sealed class CheckpointTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Shards_are_found_through_the_index()
    {
        using var scope = NewDisposeScope();
        WriteShards("""{"metadata": {"total_size": 12}, "weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}""");
        using var checkpoint = Checkpoint.Open(folder.Path);
        Assert.Equal(["a", "b"], checkpoint.Names.Order());
        Assert.Equal(2, checkpoint.Load("b", [2]).sum().item<float>());
        Assert.Equal(folder.File("model-2.safetensors"), checkpoint.PathOf("b"));
    }

    [Theory]
    [InlineData("""{"weight_map": {"a": "model-3.safetensors"}}""", "model-3.safetensors")]
    [InlineData("""{"weight_map": {"b": "model-1.safetensors"}}""", "`b` is missing")]
    [InlineData("""{"weight_map": {"a": "../model-1.safetensors"}}""", "beside the index")]
    [InlineData("""{"weight_map": {"a": 1}}""", "`weight_map.a`")]
    [InlineData("""{}""", "`weight_map` is missing")]
    public void An_index_that_disagrees_with_the_shards_is_refused(string index, string message)
    {
        using var scope = NewDisposeScope();
        WriteShards(index);
        Assert.Contains(message, Assert.Throws<ModelFileException>(() => Checkpoint.Open(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_weights_says_what_was_expected() =>
        Assert.Contains("model.safetensors", Assert.Throws<ModelFileException>(() => Checkpoint.Open(folder.Path)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_tensor_of_another_shape_or_type_names_itself()
    {
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(folder.File("model.safetensors"), [TensorToWrite.Of("a", ones(2, 3)), TensorToWrite.Of("i", ones([2], ScalarType.Int64)), TensorToWrite.Of("f", ones([2, 2], ScalarType.Byte), StoredType.F8E4M3)]);
        using var checkpoint = Checkpoint.Open(folder.Path);
        var weights = new CheckpointWeights(checkpoint, TinyModel.Config(), CPU, ScalarType.Float32);
        Assert.Contains("`a` is [2, 3], expected [3, 2]", Assert.Throws<ModelFileException>(() => weights.Take("a", 3, 2)).Message, StringComparison.Ordinal);
        Assert.Contains("`i` is I64", Assert.Throws<ModelFileException>(() => weights.Take("i", 2)).Message, StringComparison.Ordinal);
        Assert.Contains("no quantization_config", Assert.Throws<ModelFileException>(() => weights.Take("f", 2, 2)).Message, StringComparison.Ordinal);
        Assert.Contains("`none` is missing", Assert.Throws<ModelFileException>(() => weights.Take("none", 2)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_scale_names_itself()
    {
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(folder.File("model.safetensors"), [TensorToWrite.Of("f.weight", ones([2, 2], ScalarType.Byte), StoredType.F8E4M3)]);
        using var checkpoint = Checkpoint.Open(folder.Path);
        var weights = new CheckpointWeights(checkpoint, TinyModel.Config(quantization: new Fp8Quantization(128, 128, [])), CPU, ScalarType.Float32);
        Assert.Contains("`f.weight_scale_inv` is missing", Assert.Throws<ModelFileException>(() => weights.Take("f.weight", 2, 2)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(StoredType.F32)]
    [InlineData(StoredType.BF16)]
    public void A_model_saved_in_FP8_with_ragged_blocks_computes_as_its_dequantised_self(StoredType scaleType)
    {
        using var scope = NewDisposeScope();
        var config = TinyModel.Config(quantization: new Fp8Quantization(32, 32, ["lm_head", "model.visual"]));
        var exact = new RoundedWeights(new TinyModel.Weights(4), scaleType);
        using var expected = new Qwen3VL(config, exact);
        config.Save(folder.Path);
        SafetensorsWriter.Write(folder.File("model.safetensors"), exact.Written);

        using var loaded = Qwen3VL.Load(folder.Path, CPU, ScalarType.Float32);
        Assert.Equal(0, (Logits(expected) - Logits(loaded)).abs().max().item<float>());
    }

    private static Tensor Logits(Qwen3VL model)
    {
        var input = model.Prepare(tensor([1L, 2, 3]), null);
        return model.Text.Logits(model.Text.Forward(input.Hidden, model.Text.Rotary(arange(3).expand(3, -1)), new PackedCausalAttention(1, 3)));
    }

    private void WriteShards(string index)
    {
        SafetensorsWriter.Write(folder.File("model-1.safetensors"), [TensorToWrite.Of("a", ones(1))]);
        SafetensorsWriter.Write(folder.File("model-2.safetensors"), [TensorToWrite.Of("b", ones(2))]);
        File.WriteAllText(folder.File("model.safetensors.index.json"), index);
    }

    /// <summary>Text matrices rounded to FP8 blocks of 32 x 32, and the tensors that say so in a checkpoint.</summary>
    private sealed class RoundedWeights(TinyModel.Weights inner, StoredType scaleType) : IWeightSource
    {
        public List<TensorToWrite> Written { get; } = [];

        public Tensor Take(string name, params long[] shape)
        {
            var value = inner.Draw(name, shape);
            if (!name.StartsWith("model.language_model.layers.", StringComparison.Ordinal) || shape.Length != 2)
            {
                Written.Add(TensorToWrite.Of(name, value));
                return value.alias().DetachFromDisposeScope();
            }

            var (raw, scales) = Fp8Block.Quantise(value, 32, 32);
            scales = scales.to(scaleType == StoredType.BF16 ? ScalarType.BFloat16 : ScalarType.Float32);
            Written.Add(TensorToWrite.Of(name, raw, StoredType.F8E4M3));
            Written.Add(TensorToWrite.Of(name + CheckpointWeights.ScaleSuffix, scales));
            return Fp8Block.Dequantise(raw, scales, 32, 32).DetachFromDisposeScope();
        }

        public Tensor TakeStacked(IReadOnlyList<string> names, IReadOnlyList<long> rows, long columns) =>
            cat([.. names.Zip(rows, (name, count) => Take(name, count, columns))]).DetachFromDisposeScope();
    }
}
