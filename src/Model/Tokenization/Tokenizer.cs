using System.Text;
using EduVision.Model.Configuration;

namespace EduVision.Model.Tokenization;

/// <summary>
/// A byte-level BPE tokenizer as Qwen's, read from a checkpoint folder; ids are those of the reference implementation.
/// Safe for several threads.
/// </summary>
public sealed class Tokenizer
{
    private readonly TokenizerDefinition definition;
    private readonly BytePairEncoder encoder;
    private readonly AddedTokenMatcher rawMatcher;
    private readonly AddedTokenMatcher normalizedMatcher;
    private readonly Dictionary<string, AddedToken> addedByContent;
    private readonly bool[] special;
    private readonly byte[][] bytesOf;

    internal Tokenizer(TokenizerDefinition definition)
    {
        this.definition = definition;
        encoder = definition.CreateEncoder();
        rawMatcher = new AddedTokenMatcher(definition.AddedTokens.Where(token => !token.Normalized));
        normalizedMatcher = new AddedTokenMatcher(definition.AddedTokens.Where(token => token.Normalized));
        addedByContent = definition.CreateAddedTable();
        bytesOf = definition.CreateByteTable();
        special = new bool[bytesOf.Length];
        foreach (AddedToken token in definition.AddedTokens)
        {
            special[token.Id] = token.Special;
        }
    }

    /// <summary>Highest id plus one. A model's own vocabulary may be padded beyond it.</summary>
    public int VocabularySize => bytesOf.Length;

    /// <summary>The tokens outside the byte-pair vocabulary, by id.</summary>
    public IReadOnlyList<AddedToken> AddedTokens => definition.AddedTokens;

    /// <summary>Reads <c>tokenizer.json</c>, or without it <c>vocab.json</c>, <c>merges.txt</c> and <c>tokenizer_config.json</c>.</summary>
    /// <exception cref="ModelFileException">A file is missing, damaged or of another kind.</exception>
    public static Tokenizer Load(string directory) => new(TokenizerReader.Read(directory));

    /// <summary>The ids of a text.</summary>
    /// <param name="text">Any text; a lone surrogate counts as U+FFFD.</param>
    /// <param name="allowSpecial">
    /// Whether added tokens spelled in the text become those tokens. False for anything a person typed: otherwise a typed
    /// <c>&lt;|image_pad|&gt;</c> would claim an image that is not there.
    /// </param>
    public int[] Encode(string text, bool allowSpecial)
    {
        var ids = new List<int>(text.Length / 2 + 4);
        Encode(text, allowSpecial, ids);
        return [.. ids];
    }

    /// <summary>As <see cref="Encode(string, bool)"/>, appended to a list.</summary>
    public void Encode(string text, bool allowSpecial, List<int> output)
    {
        if (!allowSpecial)
        {
            EncodePlain(definition.Normalize(text), output);
            return;
        }

        EncodeAround(rawMatcher, text, output, between =>
            EncodeAround(normalizedMatcher, definition.Normalize(between), output, plain => EncodePlain(plain, output)));
    }

    /// <summary>The text of ids; bytes that are no UTF-8 become U+FFFD, ids outside the vocabulary nothing.</summary>
    /// <param name="ids">Token ids.</param>
    /// <param name="skipSpecial">Leave control tokens out.</param>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecial = false)
    {
        using var bytes = new MemoryStream(ids.Length * 4);
        foreach (int id in ids)
        {
            if (!skipSpecial || !IsSpecial(id))
            {
                bytes.Write(TokenBytes(id));
            }
        }

        return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }

    /// <summary>The UTF-8 bytes one token stands for, which may be part of a character; empty outside the vocabulary.</summary>
    public ReadOnlySpan<byte> TokenBytes(int id) => (uint)id < (uint)bytesOf.Length ? bytesOf[id] : [];

    /// <summary>One token's text, with U+FFFD where it is only part of a character.</summary>
    public string TokenText(int id) => Encoding.UTF8.GetString(TokenBytes(id));

    /// <summary>Whether the id is a control token.</summary>
    public bool IsSpecial(int id) => (uint)id < (uint)special.Length && special[id];

    /// <summary>The id of an added token such as <c>&lt;|im_end|&gt;</c>.</summary>
    /// <exception cref="ModelFileException">There is none of that content.</exception>
    public int IdOf(string content) =>
        TryIdOf(content, out int id)
            ? id
            : throw new ModelFileException(definition.Files.AddedTokens, $"there is no added token {content}; expected the tokenizer of a Qwen3-VL checkpoint.");

    /// <summary>The id of an added token, if there is one of that content.</summary>
    public bool TryIdOf(string content, out int id)
    {
        bool found = addedByContent.TryGetValue(content, out AddedToken? token);
        id = token?.Id ?? -1;
        return found;
    }

    private static void EncodeAround(AddedTokenMatcher matcher, string text, List<int> output, Action<string> encodeBetween)
    {
        int from = 0;
        while (matcher.Find(text, from, out int index) is { } token)
        {
            if (index > from)
            {
                encodeBetween(text[from..index]);
            }

            output.Add(token.Id);
            from = index + token.Content.Length;
        }

        if (from < text.Length)
        {
            encodeBetween(from == 0 ? text : text[from..]);
        }
    }

    private void EncodePlain(string normalized, List<int> output)
    {
        foreach (Range range in definition.PreTokenizer.Ranges(normalized))
        {
            encoder.Encode(normalized.AsSpan()[range], output);
        }
    }
}
