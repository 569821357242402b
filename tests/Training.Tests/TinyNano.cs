using EduVision.Model.Chat;
using EduVision.Model.Configuration;
using EduVision.Model.Tokenization;
using EduVision.Training.Checkpoints;
using EduVision.Training.Rendering;
using EduVision.Training.Tests.Rendering;

namespace EduVision.Training.Tests;

/// <summary>All a training run starts from, very small: a vocabulary of bytes, a model's shape, its processor, and ink.</summary>
internal sealed class TinyNano : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("tiny-nano-");

    public TinyNano()
    {
        TokenizerFile.Save(Vocabulary, [], TokenizerFile.QwenAddedTokens, 4096);
        var tokenizer = Tokenizer.Load(Vocabulary);
        Config = new ModelConfig
        {
            Text = new TextConfig
            {
                VocabSize = 320, HiddenSize = 64, IntermediateSize = 144, Layers = 2, Heads = 2, KvHeads = 1, HeadDim = 32,
                MaxPositions = 4096, RmsNormEps = 1e-6, Rope = new RopeSettings(10_000, 6, 5, 5), EosTokenId = tokenizer.IdOf("<|im_end|>"),
            },
            Vision = new VisionConfig { Depth = 2, HiddenSize = 32, IntermediateSize = 48, Heads = 2, OutHiddenSize = 64, PositionEmbeddings = 16, DeepStackLayers = [0] },
            ImageTokenId = tokenizer.IdOf("<|image_pad|>"),
            VideoTokenId = tokenizer.IdOf("<|video_pad|>"),
            VisionStartTokenId = tokenizer.IdOf("<|vision_start|>"),
            VisionEndTokenId = tokenizer.IdOf("<|vision_end|>"),
            TieWordEmbeddings = true,
        };
        Config.Save(Vocabulary);
        ProcessorFiles.Save(Vocabulary);
        Processor = ChatProcessor.Load(Vocabulary);
        TestInk.WriteEverything(Ink);
        Assets = InkAssets.Load(Ink);
    }

    /// <summary>The folder of the tokenizer's files.</summary>
    public string Vocabulary => folder.FullName;

    /// <summary>The ink as a file.</summary>
    public string Ink => At("ink.bin");

    public ModelConfig Config { get; }

    public ChatProcessor Processor { get; }

    public InkAssets Assets { get; }

    /// <summary>A place that is gone after the test.</summary>
    public string At(string name) => Path.Combine(folder.FullName, name);

    public void Dispose() => folder.Delete(recursive: true);
}
