using EduVision.Inference.Runners;
using EduVision.Model.Configuration;

namespace EduVision.Inference.Benchmarks;

/// <summary>Sizes of published models, to measure them with random weights.</summary>
internal static class KnownModels
{
    /// <summary>The models by name, their text layers in FP8.</summary>
    public static IReadOnlyDictionary<string, ModelConfig> All { get; } = new Dictionary<string, ModelConfig> { ["qwen3-vl-8b"] = Qwen3VL8B() };

    /// <summary>A model whose text layers are in this type.</summary>
    public static ModelConfig Of(string name, WeightType dtype) => dtype == WeightType.Fp8 ? All[name] : All[name] with { Quantization = null };

    private static ModelConfig Qwen3VL8B() => new()
    {
        Text = new TextConfig
        {
            VocabSize = 151_936, HiddenSize = 4096, IntermediateSize = 12_288, Layers = 36, Heads = 32, KvHeads = 8, HeadDim = 128,
            Rope = new RopeSettings(5_000_000, 24, 20, 20), EosTokenId = 151_645,
        },
        Vision = new VisionConfig
        {
            Depth = 27, HiddenSize = 1152, IntermediateSize = 4304, Heads = 16, OutHiddenSize = 4096, PositionEmbeddings = 48 * 48, DeepStackLayers = [8, 16, 24],
        },
        ImageTokenId = 151_655,
        VideoTokenId = 151_656,
        VisionStartTokenId = 151_652,
        VisionEndTokenId = 151_653,
        Quantization = new Fp8Quantization(128, 128, []),
    };
}
