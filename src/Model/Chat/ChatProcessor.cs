using EduVision.Model.Configuration;
using EduVision.Model.Imaging;
using EduVision.Model.Tokenization;

namespace EduVision.Model.Chat;

/// <summary>All that stands between a conversation with photos and the network, of one checkpoint folder. Safe for several threads.</summary>
public sealed class ChatProcessor
{
    private ChatProcessor(Tokenizer tokenizer, ChatTemplate template, ImageProcessor images)
    {
        Tokenizer = tokenizer;
        Template = template;
        Images = images;
        Prompts = new PromptBuilder(tokenizer, template, images.Config.MergeSize);
    }

    /// <summary>The vocabulary.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The chat template.</summary>
    public ChatTemplate Template { get; }

    /// <summary>From photos to patches.</summary>
    public ImageProcessor Images { get; }

    /// <summary>From conversations to prompts.</summary>
    public PromptBuilder Prompts { get; }

    /// <summary>The token that ends a turn.</summary>
    public int TurnEndId => Tokenizer.IdOf(ChatTemplate.TurnEnd);

    /// <summary>Reads the folder's tokenizer, template and image settings, and checks that they agree with its <c>config.json</c>.</summary>
    /// <param name="directory">The folder.</param>
    /// <param name="imageTokens">Most tokens of an image, if fewer than the checkpoint allows.</param>
    /// <exception cref="ModelFileException">A file is missing, damaged, or contradicts another.</exception>
    public static ChatProcessor Load(string directory, long? imageTokens = null)
    {
        var config = ModelConfig.Load(directory);
        var tokenizer = Tokenizer.Load(directory);
        var template = ChatTemplate.Load(directory);
        var settings = ImageProcessorConfig.Load(directory).Limited(imageTokens);
        foreach (var token in template.SpecialTokens)
        {
            // Named now if it is missing, not in the middle of a conversation.
            tokenizer.IdOf(token);
        }

        CheckToken(directory, tokenizer, ChatTemplate.ImagePad, config.ImageTokenId);
        CheckToken(directory, tokenizer, ChatTemplate.VisionStart, config.VisionStartTokenId);
        CheckToken(directory, tokenizer, ChatTemplate.VisionEnd, config.VisionEndTokenId);
        CheckToken(directory, tokenizer, "<|video_pad|>", config.VideoTokenId);
        if (tokenizer.VocabularySize > config.Text.VocabSize)
        {
            throw new ModelFileException(Path.Combine(directory, TokenizerFile.FileName),
                $"the vocabulary has {tokenizer.VocabularySize} tokens, the model only {config.Text.VocabSize}.");
        }

        if ((settings.PatchSize, settings.TemporalPatchSize, settings.MergeSize) !=
            (config.Vision.PatchSize, config.Vision.TemporalPatchSize, config.Vision.MergeSize))
        {
            throw new ModelFileException(Path.Combine(directory, ImageProcessorConfig.FileName), "patch, temporal patch or merge size differ from config.json.");
        }

        return new ChatProcessor(tokenizer, template, new ImageProcessor(settings));
    }

    private static void CheckToken(string directory, Tokenizer tokenizer, string content, int expected)
    {
        if (tokenizer.IdOf(content) != expected)
        {
            throw new ModelFileException(Path.Combine(directory, ModelConfig.FileName), $"{content} is {expected} here, but {tokenizer.IdOf(content)} in the tokenizer.");
        }
    }
}
