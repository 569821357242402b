using EduVision.Inference.Cuda;
using EduVision.Inference.Runners;
using EduVision.Inference.Tests.Fakes;
using EduVision.Model.Configuration;
using EduVision.Model.Weights;
using static TorchSharp.torch;

namespace EduVision.Inference.Tests.Cuda;

/// <summary>Which checkpoints the kernels take, and what becomes of BF16 weights.</summary>
public sealed class CudaWeightsTests : IDisposable
{
    private readonly string folder = Bf16Nano.Write();

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Text_layers_in_FP8_and_in_BF16_are_taken_and_no_others()
    {
        Assert.Null(WhyNot(Repository.Find("models/nano")));
        Assert.Null(WhyNot(folder));
        Assert.Null(WhyNot(folder, head: WeightType.Fp8));
        Assert.Equal("its text layers are not in FP8 blocks of 128x128", WhyNot(folder, config => config with { Quantization = new Fp8Quantization(64, 64, []) }));
        Assert.Equal("its text layers are not in FP8", WhyNot(folder, config => config with { Quantization = new Fp8Quantization(128, 128, []) }));
        Assert.Equal("a side of its matrices is no multiple of 128", WhyNot(folder, config => config with { Text = config.Text with { IntermediateSize = 192 } }));
        Rewrite((name, tensor) => (tensor.alias(), name.Contains("proj", StringComparison.Ordinal) ? StoredType.F32 : StoredType.BF16));
        Assert.Equal("its text layers are not in BF16", WhyNot(folder));
    }

    [Fact]
    public void BF16_layers_are_loaded_bit_by_bit()
    {
        using var off = no_grad();
        using var checkpoint = Checkpoint.Open(folder);
        var config = ModelConfig.Load(folder);
        using var weights = CudaWeights.Load(checkpoint, config, CudaFit.Roomy, CPU, isConverted: true);
        using var plain = checkpoint.Load("model.language_model.layers.0.mlp.down_proj.weight", config.Text.HiddenSize, config.Text.IntermediateSize);
        var (halves, scales) = HalfBlocks.Of(plain);
        using (halves)
        using (scales)
            Assert.True(Widened(halves, scales).equal(plain.to(ScalarType.Float32)).all().item<bool>());
        Assert.Equal(MemoryPlan.LayerBytes(config), weights.Bytes - (config.Text.VocabSize * config.Text.HiddenSize * 2L));
    }

    [Fact]
    public void A_layer_that_holds_no_number_or_another_type_is_refused()
    {
        var config = ModelConfig.Load(folder);
        Rewrite((name, tensor) => (name.EndsWith("layers.1.mlp.up_proj.weight", StringComparison.Ordinal) ? tensor.index_fill(0, tensor_of(3), float.NaN) : tensor.alias(), StoredType.BF16));
        Assert.Contains("layers.1.mlp.up_proj.weight` holds a weight that is no finite number", Refused(), StringComparison.Ordinal);
        Rewrite((name, tensor) => (tensor.nan_to_num(), name.EndsWith("layers.2.self_attn.k_proj.weight", StringComparison.Ordinal) ? StoredType.F32 : StoredType.BF16));
        Assert.Contains("layers.2.self_attn.k_proj.weight` is not in BF16", Refused(), StringComparison.Ordinal);

        string Refused()
        {
            using var off = no_grad();
            using var checkpoint = Checkpoint.Open(folder);
            return Assert.Throws<ModelFileException>(() => CudaWeights.Load(checkpoint, config, CudaFit.Roomy, CPU, isConverted: true)).Message;
        }

        static Tensor tensor_of(long index) => tensor([index]);
    }

    /// <summary>Blocks of large and small numbers, one of zeros, one of the smallest there are; a number a thousand million times smaller than its block's largest, and one that is still smaller.</summary>
    [Fact]
    public void Halves_keep_every_bit_of_what_a_block_is_made_of()
    {
        using var scope = NewDisposeScope();
        var sizes = tensor([1f, 1e-20f, 1e30f, 0f, 300f, 1e-38f], 2, 3).view(2, 1, 3, 1);
        var matrix = (rand([2, 128, 3, 128]).sub(0.5f) * sizes).view(256, 384).to(ScalarType.BFloat16);
        matrix[0, 0] = 4.65661287e-10f * 3;
        matrix[0, 1] = 1e-13f;
        var (halves, scales) = HalfBlocks.Of(matrix);
        Assert.Equal([2, 3], scales.shape);
        Assert.True(halves.abs().max().item<Half>() < Half.MaxValue);
        var error = (Widened(halves, scales).to(ScalarType.Float64) - matrix.to(ScalarType.Float64)).abs();
        // The one number that is too small for its block, and a block that no sum would feel.
        Assert.InRange(error[0, 1].item<double>(), 0, Math.Pow(2, -39));
        error[0, 1] = 0;
        Assert.InRange(error.max().item<double>(), 0, Math.Pow(2, -139));
        Assert.Equal(0, error.narrow(1, 0, 256).max().item<double>());
    }

    private static Tensor Widened(Tensor halves, Tensor scales) =>
        halves.to(ScalarType.Float32).mul(scales.repeat_interleave(128, 0).repeat_interleave(128, 1));

    private static string? WhyNot(string folder, Func<ModelConfig, ModelConfig>? change = null, WeightType head = WeightType.Bf16)
    {
        using var checkpoint = Checkpoint.Open(folder);
        var config = ModelConfig.Load(folder);
        return CudaWeights.WhyNot(checkpoint, change?.Invoke(config) ?? config, head);
    }

    private void Rewrite(Func<string, Tensor, (Tensor Values, StoredType Type)> change)
    {
        using var scope = NewDisposeScope();
        List<TensorToWrite> tensors = [];
        using (var checkpoint = Checkpoint.Open(folder))
            foreach (var name in checkpoint.Names)
            {
                var (values, type) = change(name, checkpoint.Load(name, checkpoint.Describe(name).Shape));
                tensors.Add(TensorToWrite.Of(name, values, type));
            }
        SafetensorsWriter.Write(Path.Combine(folder, Checkpoint.SingleFile), tensors);
    }
}
