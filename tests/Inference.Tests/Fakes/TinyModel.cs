using EduVision.Model.Configuration;
using EduVision.Model.Tokenization;

namespace EduVision.Inference.Tests.Fakes;

/// <summary>A checkpoint folder without weights: bytes and Qwen's own control tokens as vocabulary, a Thinking template.</summary>
internal sealed class TinyModel : IDisposable
{
    public TinyModel()
    {
        Folder = Directory.CreateTempSubdirectory("tiny-model-").FullName;
        TokenizerFile.Save(Folder, [], TokenizerFile.QwenAddedTokens, 4096);
        Tokenizer = Tokenizer.Load(Folder);
        new ModelConfig
        {
            Text = new TextConfig
            {
                VocabSize = Tokenizer.VocabularySize, HiddenSize = 8, IntermediateSize = 8, Layers = 1, Heads = 1, KvHeads = 1, HeadDim = 8,
                Rope = new RopeSettings(10_000, 2, 1, 1), MaxPositions = 4096,
            },
            Vision = new VisionConfig { Depth = 1, HiddenSize = 8, IntermediateSize = 8, Heads = 1, OutHiddenSize = 8, PositionEmbeddings = 4, DeepStackLayers = [] },
            ImageTokenId = Tokenizer.IdOf("<|image_pad|>"),
            VideoTokenId = Tokenizer.IdOf("<|video_pad|>"),
            VisionStartTokenId = Tokenizer.IdOf("<|vision_start|>"),
            VisionEndTokenId = Tokenizer.IdOf("<|vision_end|>"),
        }.Save(Folder);
        new GenerationDefaults { EosTokenIds = [Tokenizer.IdOf("<|im_end|>")], DoSample = true, Temperature = 0.6, TopP = 0.95, TopK = 20 }.Save(Folder);
        File.WriteAllText(Path.Combine(Folder, "preprocessor_config.json"), """{"size":{"shortest_edge":4096,"longest_edge":16384}}""");
        File.WriteAllText(
            Path.Combine(Folder, "chat_template.jinja"),
            "<|im_start|><|image_pad|>{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n<think>\\n' }}{%- endif %}");
    }

    public string Folder { get; }

    public Tokenizer Tokenizer { get; }

    /// <summary>A model that writes <paramref name="reasoning"/>, closes it, writes <paramref name="answer"/> and ends.</summary>
    public Func<IReadOnlyList<int>, int> Says(string reasoning, string answer)
    {
        var (open, close, end) = (Tokenizer.IdOf("<think>"), Tokenizer.IdOf("</think>"), Tokenizer.IdOf("<|im_end|>"));
        int[] script = [.. Tokenizer.Encode(reasoning + "\n", false), close, .. Tokenizer.Encode("\n\n" + answer, false), end];
        // The prompt ends with <think> and a line end.
        return tokens => script[Math.Min(tokens.Count - (LastIndexOf(tokens, open) + 2), script.Length - 1)];
    }

    private static int LastIndexOf(IReadOnlyList<int> tokens, int id)
    {
        for (var i = tokens.Count - 1; i >= 0; i--)
            if (tokens[i] == id) return i;
        throw new InvalidOperationException("The prompt does not open the reasoning.");
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
