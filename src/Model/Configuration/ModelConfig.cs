namespace EduVision.Model.Configuration;

/// <summary>A Qwen3-VL checkpoint's <c>config.json</c>.</summary>
public sealed record ModelConfig
{
    internal const string FileName = "config.json";
    internal const string ModelType = "qwen3_vl";
    internal const string Architecture = "Qwen3VLForConditionalGeneration";

    public required TextConfig Text { get; init; }

    public required VisionConfig Vision { get; init; }

    /// <summary>The token that stands for one merged image token.</summary>
    public required int ImageTokenId { get; init; }

    public required int VideoTokenId { get; init; }

    public required int VisionStartTokenId { get; init; }

    public required int VisionEndTokenId { get; init; }

    /// <summary>Whether the head is the embedding matrix; then there is no <c>lm_head.weight</c>.</summary>
    public bool TieWordEmbeddings { get; init; }

    /// <summary>How the text layers' matrices are stored; null when in their own type.</summary>
    public Fp8Quantization? Quantization { get; init; }

    /// <summary>Reads and checks <c>config.json</c> of a checkpoint folder.</summary>
    /// <exception cref="ModelFileException">The file is missing, or a field is missing or contradicts another.</exception>
    public static ModelConfig Load(string directory)
    {
        var root = JsonFields.Read(Path.Combine(directory, FileName));
        if (root.RequiredText("model_type") is var type and not ModelType)
        {
            throw root.Refused("model_type", $"\"{type}\"", $"\"{ModelType}\"");
        }

        if (root.Texts("architectures") is { } architectures && !architectures.Contains(Architecture))
        {
            throw root.Refused("architectures", $"[{string.Join(", ", architectures)}]", Architecture);
        }

        var text = root.RequiredObject("text_config");
        var config = new ModelConfig
        {
            Text = TextConfig.Read(text),
            Vision = VisionConfig.Read(root.RequiredObject("vision_config")),
            ImageTokenId = root.RequiredInteger("image_token_id"),
            VideoTokenId = root.RequiredInteger("video_token_id"),
            VisionStartTokenId = root.RequiredInteger("vision_start_token_id"),
            VisionEndTokenId = root.RequiredInteger("vision_end_token_id"),
            TieWordEmbeddings = root.Flag("tie_word_embeddings") ?? text.Flag("tie_word_embeddings") ?? false,
            Quantization = Fp8Quantization.Read(root),
        };
        config.Check(root.File);
        return config;
    }

    /// <summary>Writes <c>config.json</c> as the reference reads it, old versions and new.</summary>
    /// <exception cref="ModelFileException">The sizes contradict each other.</exception>
    public void Save(string directory)
    {
        var path = Path.Combine(directory, FileName);
        Check(path);
        Directory.CreateDirectory(directory);
        File.WriteAllText(path, ConfigJson.Write(this));
    }

    private void Check(string file)
    {
        var contradiction = Text.Contradiction() ?? Vision.Contradiction() ?? this switch
        {
            _ when Vision.OutHiddenSize != Text.HiddenSize =>
                $"`vision_config.out_hidden_size` is {Vision.OutHiddenSize}, expected text_config.hidden_size ({Text.HiddenSize}).",
            _ when Vision.DeepStackLayers.Count > Text.Layers =>
                $"`vision_config.deepstack_visual_indexes` has {Vision.DeepStackLayers.Count} entries, expected at most num_hidden_layers ({Text.Layers}).",
            _ when ImageTokenId < 0 || ImageTokenId >= Text.VocabSize =>
                $"`image_token_id` is {ImageTokenId}, expected an id below vocab_size ({Text.VocabSize}).",
            _ => null,
        };
        if (contradiction is not null)
        {
            throw new ModelFileException(file, contradiction);
        }
    }
}
