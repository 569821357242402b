using System.Text;
using EduVision.Model.Configuration;
using EduVision.Model.Tokenization;

namespace EduVision.Model.Chat;

/// <summary>The two published kinds of Qwen3-VL.</summary>
public enum ChatTemplateKind
{
    /// <summary>Answers at once.</summary>
    Instruct,

    /// <summary>Reasons first: the prompt itself opens <c>&lt;think&gt;</c>, so the output starts inside the reasoning.</summary>
    Thinking,
}

/// <summary>
/// How a conversation becomes one sequence. The two published templates are written out here; a folder's own template file only
/// says which of them it is.
/// </summary>
public sealed class ChatTemplate
{
    internal const string TurnStart = "<|im_start|>";
    internal const string TurnEnd = "<|im_end|>";
    internal const string VisionStart = "<|vision_start|>";
    internal const string ImagePad = "<|image_pad|>";
    internal const string VisionEnd = "<|vision_end|>";
    private const string ThinkStart = "<think>";
    private const string ThinkEnd = "</think>";

    /// <summary>The template of a kind.</summary>
    public ChatTemplate(ChatTemplateKind kind) => Kind = kind;

    /// <summary>Which of the two.</summary>
    public ChatTemplateKind Kind { get; }

    /// <summary>Whether the output starts inside the reasoning and holds only its end.</summary>
    public bool StartsInReasoning => Kind == ChatTemplateKind.Thinking;

    /// <summary>The tokens that a conversation of this kind is made with; the vocabulary must have each.</summary>
    internal IEnumerable<string> SpecialTokens =>
        [TurnStart, TurnEnd, VisionStart, ImagePad, VisionEnd, .. StartsInReasoning ? (string[])[ThinkStart, ThinkEnd] : []];

    /// <summary>Detects the kind from <c>chat_template.jinja</c>, <c>chat_template.json</c> or <c>tokenizer_config.json</c>.</summary>
    /// <exception cref="ModelFileException">There is no template, or one of another family.</exception>
    public static ChatTemplate Load(string directory)
    {
        (string file, string source) = FindSource(directory);
        if (!source.Contains(TurnStart, StringComparison.Ordinal) || !source.Contains(ImagePad, StringComparison.Ordinal))
        {
            throw new ModelFileException(file, $"the chat template is not one of Qwen3-VL: it has no {TurnStart} or no {ImagePad}.");
        }

        // Both mention <think> where they take it out of earlier turns; only the generation prompt tells.
        int prompt = source.LastIndexOf("add_generation_prompt", StringComparison.Ordinal);
        string ending = prompt < 0 ? "" : source[prompt..];
        if (!ending.Contains($"{TurnStart}assistant", StringComparison.Ordinal))
        {
            throw new ModelFileException(file, $"the chat template is of neither published kind: after add_generation_prompt it does not open {TurnStart}assistant.");
        }

        bool thinking = ending.Contains(ThinkStart, StringComparison.Ordinal) && !ending.Contains(ThinkEnd, StringComparison.Ordinal);
        return new ChatTemplate(thinking ? ChatTemplateKind.Thinking : ChatTemplateKind.Instruct);
    }

    /// <summary>The pieces of a conversation, up to where the model goes on.</summary>
    /// <exception cref="ArgumentException">The conversation's shape is one the model was not made for.</exception>
    internal IEnumerable<PromptPiece> Render(IReadOnlyList<ChatMessage> messages)
    {
        Check(messages);
        var pieces = new List<PromptPiece>();
        foreach (ChatMessage message in messages)
        {
            pieces.Add(PromptPiece.OfToken(TurnStart));
            pieces.Add(PromptPiece.OfText(NameOf(message.Role) + "\n"));
            AddContent(message, pieces);
            pieces.Add(PromptPiece.OfToken(TurnEnd));
            pieces.Add(PromptPiece.OfText("\n"));
        }

        pieces.Add(PromptPiece.OfToken(TurnStart));
        pieces.Add(PromptPiece.OfText(NameOf(ChatRole.Assistant) + "\n"));
        if (StartsInReasoning)
        {
            pieces.Add(PromptPiece.OfToken(ThinkStart));
            pieces.Add(PromptPiece.OfText("\n"));
        }

        return pieces;
    }

    private void AddContent(ChatMessage message, List<PromptPiece> pieces)
    {
        if (message.Role == ChatRole.Assistant)
        {
            string text = string.Concat(message.Content.OfType<TextPart>().Select(part => part.Text));
            pieces.Add(PromptPiece.OfText(Kind == ChatTemplateKind.Thinking ? WithoutReasoning(text) : text));
            return;
        }

        foreach (ContentPart part in message.Content)
        {
            if (part is ImagePart image)
            {
                pieces.Add(PromptPiece.OfToken(VisionStart));
                pieces.Add(PromptPiece.OfImage(image.Grid));
                pieces.Add(PromptPiece.OfToken(VisionEnd));
            }
            else if (part is TextPart text)
            {
                pieces.Add(PromptPiece.OfText(text.Text));
            }
        }
    }

    // Earlier turns' reasoning is not fed back.
    private static string WithoutReasoning(string text)
    {
        int end = text.LastIndexOf(ThinkEnd, StringComparison.Ordinal);
        return end < 0 ? text : text[(end + ThinkEnd.Length)..].TrimStart('\n');
    }

    private static void Check(IReadOnlyList<ChatMessage> messages)
    {
        if (messages.Count == 0 || messages[^1].Role != ChatRole.User)
        {
            throw new ArgumentException("The last message of a conversation is the user's.", nameof(messages));
        }

        if (messages.Skip(1).Any(message => message.Role == ChatRole.System))
        {
            throw new ArgumentException("A system prompt can only be the first message.", nameof(messages));
        }

        if (messages.Any(message => message.Role != ChatRole.User && message.Content.Any(part => part is ImagePart)))
        {
            throw new ArgumentException("Only a user's message can have images.", nameof(messages));
        }
    }

    private static string NameOf(ChatRole role) => role switch
    {
        ChatRole.System => "system",
        ChatRole.User => "user",
        _ => "assistant",
    };

    private static (string File, string Source) FindSource(string directory)
    {
        string jinja = Path.Combine(directory, "chat_template.jinja");
        if (File.Exists(jinja))
        {
            return (jinja, Encoding.UTF8.GetString(ModelFile.Read(jinja)));
        }

        foreach (string name in (string[])["chat_template.json", TokenizerFile.ConfigFileName])
        {
            string path = Path.Combine(directory, name);
            if (File.Exists(path) && JsonFields.Read(path).Text("chat_template") is { } source)
            {
                return (path, source);
            }
        }

        throw new ModelFileException(jinja, "the folder has no chat template: neither this file, nor chat_template.json, nor one in tokenizer_config.json.");
    }
}
