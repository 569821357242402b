using EduVision.Model.Configuration;
using EduVision.Model.Tokenization;

namespace EduVision.Training.Learning;

/// <summary>
/// The bundled model's shape: what 16 MiB hold when text layers and mergers take one byte a number and the rest two. More of them
/// go to text layers than to vision, because they are cheaper and read the image too. Every FP8 matrix is cut into whole blocks of
/// 128: other implementations read no ragged ones.
/// </summary>
public static class NanoDesign
{
    /// <summary>Fewest pixels an image is brought to.</summary>
    public const int MinPixels = 65_536;

    /// <summary>Most pixels an image is brought to: 192 tokens, a 4:3 photo at 512 x 384.</summary>
    public const int MaxPixels = 196_608;

    /// <summary>Longest text it is trained on, with room to spare.</summary>
    public const int MaxPositions = 4096;

    /// <summary>The configuration for a vocabulary.</summary>
    public static ModelConfig For(Tokenizer tokenizer) => new()
    {
        Text = new TextConfig
        {
            // Rounded up so that the head's product is aligned; rows beyond the tokenizer's are never chosen in training.
            VocabSize = (tokenizer.VocabularySize + 63) / 64 * 64,
            HiddenSize = 384,
            IntermediateSize = 896,
            Layers = 6,
            Heads = 6,
            KvHeads = 2,
            HeadDim = 64,
            MaxPositions = MaxPositions,
            RmsNormEps = 1e-6,
            Rope = new RopeSettings(100_000, 12, 10, 10),
            EosTokenId = tokenizer.IdOf("<|im_end|>"),
        },
        Vision = new VisionConfig
        {
            Depth = 5,
            HiddenSize = 192,
            IntermediateSize = 576,
            Heads = 4,
            OutHiddenSize = 384,
            PositionEmbeddings = 24 * 24,
            DeepStackLayers = [2],
        },
        ImageTokenId = tokenizer.IdOf("<|image_pad|>"),
        VideoTokenId = tokenizer.IdOf("<|video_pad|>"),
        VisionStartTokenId = tokenizer.IdOf("<|vision_start|>"),
        VisionEndTokenId = tokenizer.IdOf("<|vision_end|>"),
        TieWordEmbeddings = true,
    };
}
