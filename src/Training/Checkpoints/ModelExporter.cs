using EduVision.Model.Configuration;
using EduVision.Model.Weights;
using EduVision.Training.Learning;
using static TorchSharp.torch;

namespace EduVision.Training.Checkpoints;

/// <summary>Writes what was learned as a published checkpoint: every file that <c>transformers</c> and our own engine read.</summary>
public static class ModelExporter
{
    private static readonly string[] Unconverted = ["lm_head", "model.language_model.embed_tokens", "model.visual.patch_embed", "model.visual.pos_embed", "model.visual.blocks"];

    /// <summary>Writes the folder; each file appears whole or not at all.</summary>
    /// <param name="directory">Where to.</param>
    /// <param name="config">The model's shape.</param>
    /// <param name="weights">The masters are written.</param>
    /// <param name="vocabulary">A folder with tokenizer.json and tokenizer_config.json, copied.</param>
    /// <param name="fp8">True: the FP8 matrices in FP8 block-128; false: all in BF16.</param>
    public static void Save(string directory, ModelConfig config, TrainableWeights weights, string vocabulary, bool fp8)
    {
        Directory.CreateDirectory(directory);
        var stored = fp8 ? config with { Quantization = new Fp8Quantization(Fp8Block.Side, Fp8Block.Side, Unconverted) } : config;
        stored.Save(directory);
        new GenerationDefaults
        {
            EosTokenIds = [config.Text.EosTokenId!.Value],
            DoSample = false,
            Temperature = 0.6,
            TopP = 0.95,
            TopK = 20,
        }.Save(directory);
        ProcessorFiles.Save(directory);
        foreach (var name in new[] { "tokenizer.json", "tokenizer_config.json" })
        {
            var (from, to) = (Path.Combine(vocabulary, name), Path.Combine(directory, name));
            if (Path.GetFullPath(from) != Path.GetFullPath(to)) File.Copy(from, to, overwrite: true);
        }
        SafetensorsWriter.Write(Path.Combine(directory, "model.safetensors"), Tensors(weights, fp8), new Dictionary<string, string> { ["format"] = "pt" });
    }

    // The writer asks for shapes first and for numbers later, one tensor at a time.
    private static IEnumerable<TensorToWrite> Tensors(TrainableWeights weights, bool fp8)
    {
        foreach (var parameter in weights.Parameters)
        {
            foreach (var (name, value) in parameter.Split())
            {
                var shape = value.shape;
                if (!fp8 || !parameter.IsFp8Matrix)
                {
                    yield return new TensorToWrite(name, StoredType.BF16, shape, () => OnCpu(value).to(bfloat16));
                    continue;
                }
                yield return new TensorToWrite(name, StoredType.F8E4M3, shape, () => Fp8Block.Quantise(OnCpu(value)).Raw);
                long[] blocks = [Fp8Block.Blocks(shape[0]), Fp8Block.Blocks(shape[1])];
                yield return new TensorToWrite(name + "_scale_inv", StoredType.F32, blocks, () => Fp8Block.Quantise(OnCpu(value)).Scales);
            }
        }
    }

    private static Tensor OnCpu(Tensor value) => value.detach().cpu().contiguous();
}
