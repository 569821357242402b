using EduVision.Model.Configuration;
using EduVision.Model.Weights;

namespace EduVision.Inference.Benchmarks;

/// <summary>What a step of decodes has to read, whoever computes it.</summary>
internal static class StepBytes
{
    /// <summary>Keys and values of one token in all layers, in sixteen bits.</summary>
    public static long OfToken(TextConfig text) => (long)text.Layers * text.KvHeads * text.HeadDim * 2 * sizeof(ushort);

    /// <summary>Every layer's matrices, in FP8 with their scales or in BF16, the head in BF16, and the keys and values of all that is attended to.</summary>
    /// <param name="config">Sizes, and how the layers' matrices are stored.</param>
    /// <param name="context">Tokens of all sequences together.</param>
    public static long Of(ModelConfig config, long context)
    {
        var text = config.Text;
        long hidden = text.HiddenSize, queries = (long)text.Heads * text.HeadDim, keys = (long)text.KvHeads * text.HeadDim;
        var numbers = (hidden * (queries + (2 * keys))) + (queries * hidden) + (3 * hidden * text.IntermediateSize);
        var layer = config.Quantization is null ? numbers * sizeof(ushort) : numbers + (numbers / (Fp8Block.Side * Fp8Block.Side) * sizeof(float));
        return (text.Layers * layer) + ((long)sizeof(ushort) * text.VocabSize * hidden) + (context * OfToken(text));
    }
}
