using System.Globalization;
using System.Text;
using EduVision.Model.Configuration;

namespace EduVision.Model.Tokenization;

/// <summary>Reads the tokenizer files of a checkpoint folder, in either of the two published layouts.</summary>
internal static class TokenizerReader
{
    public static TokenizerDefinition Read(string directory)
    {
        var single = Path.Combine(directory, TokenizerFile.FileName);
        if (File.Exists(single))
        {
            return ReadSingle(JsonFields.Read(single));
        }

        var vocabulary = Path.Combine(directory, "vocab.json");
        var merges = Path.Combine(directory, "merges.txt");
        return File.Exists(vocabulary) && File.Exists(merges)
            ? ReadPair(JsonFields.Read(vocabulary), merges, Path.Combine(directory, TokenizerFile.ConfigFileName))
            : throw new ModelFileException(directory, $"there is neither {TokenizerFile.FileName} nor vocab.json with merges.txt; expected the folder of a downloaded or saved model.");
    }

    private static TokenizerDefinition ReadSingle(JsonFields root)
    {
        var model = root.RequiredObject("model");
        if ((model.Text("type") ?? "BPE") is var kind and not "BPE")
        {
            throw model.Refused("type", $"\"{kind}\"", "\"BPE\" of the byte-level kind");
        }

        foreach (var affix in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
        {
            if (model.Text(affix) is { Length: > 0 } text)
            {
                throw model.Refused(affix, $"\"{text}\"", "none, as byte-level BPE has it");
            }
        }

        return new TokenizerDefinition
        {
            Files = new TokenizerFiles(root.File, root.File, root.File),
            Vocabulary = ReadVocabulary(model.RequiredObject("vocab")),
            Merges = model.Pairs("merges") ?? throw model.Missing("merges", "a list of pairs"),
            AddedTokens = SortedById((root.Objects("added_tokens") ?? []).Select(token => ReadAddedToken(token, token.RequiredInteger("id")))),
            PreTokenizer = ReadPreTokenizer(root),
            Normalization = ReadNormalizer(root),
            IgnoreMerges = model.Flag("ignore_merges") ?? false,
        };
    }

    private static TokenizerDefinition ReadPair(JsonFields vocabulary, string merges, string config)
    {
        var added = File.Exists(config) ? JsonFields.Read(config).Object("added_tokens_decoder") : null;
        return new TokenizerDefinition
        {
            Files = new TokenizerFiles(vocabulary.File, merges, config),
            Vocabulary = ReadVocabulary(vocabulary),
            Merges = ReadMerges(merges),
            AddedTokens = SortedById(added is null ? [] : added.Names.Select(id => ReadAddedToken(
                added.RequiredObject(id),
                int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : throw added.Refused(id, "a field", "ids as the names of fields")))),
            PreTokenizer = PreTokenizer.Qwen,
            Normalization = NormalizationForm.FormC,
        };
    }

    private static Dictionary<string, int> ReadVocabulary(JsonFields vocabulary)
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (spelled, id) in vocabulary.AllIntegers())
        {
            ids[spelled] = id;
        }

        return ids;
    }

    private static List<(string Left, string Right)> ReadMerges(string path)
    {
        using var reader = new StreamReader(ModelFile.Open(path));
        var merges = new List<(string Left, string Right)>();
        for (var number = 1; reader.ReadLine() is { } line; number++)
        {
            if (line.Length > 0 && !(number == 1 && line.StartsWith("#version", StringComparison.Ordinal)))
            {
                merges.Add(line.Split(' ') is [{ Length: > 0 } left, { Length: > 0 } right]
                    ? (left, right)
                    : throw new ModelFileException(path, $"line {number} is \"{line}\", expected two tokens with a space between."));
            }
        }

        return merges;
    }

    private static AddedToken ReadAddedToken(JsonFields token, int id)
    {
        foreach (var flag in (string[])["lstrip", "rstrip", "single_word"])
        {
            if (token.Flag(flag) == true)
            {
                throw token.Refused(flag, "true", "false, as every Qwen tokenizer has it");
            }
        }

        return token.RequiredText("content") is { Length: > 0 } content
            ? new AddedToken(id, content, token.Flag("special") ?? false, token.Flag("normalized") ?? false)
            : throw token.Refused("content", "empty", "the token's text");
    }

    private static AddedToken[] SortedById(IEnumerable<AddedToken> tokens) => [.. tokens.OrderBy(token => token.Id)];

    /// <summary>A split by a regular expression, then bytes: the one kind that Qwen's files have.</summary>
    private static PreTokenizer ReadPreTokenizer(JsonFields root)
    {
        var step = root.RequiredObject("pre_tokenizer");
        var steps = step.Text("type") == "Sequence" ? step.Objects("pretokenizers") ?? [] : [step];
        if (steps is not [var split, var bytes] || split.Text("type") != "Split" || bytes.Text("type") != "ByteLevel")
        {
            throw root.Refused("pre_tokenizer", $"of the kind {string.Join(", ", steps.Select(part => part.Text("type") ?? "?"))}", "Split, ByteLevel");
        }

        if (split.Text("behavior") != "Isolated" || split.Flag("invert") == true)
        {
            throw root.Refused("pre_tokenizer", "a Split of another behaviour", "\"Isolated\", not inverted");
        }

        if (bytes.Flag("add_prefix_space") == true || bytes.Flag("use_regex") == true)
        {
            throw root.Refused("pre_tokenizer", "a ByteLevel with a prefix space or its own expression", "neither");
        }

        var pattern = split.RequiredObject("pattern");
        try
        {
            return PreTokenizer.FromPattern(pattern.RequiredText("Regex"));
        }
        catch (ArgumentException exception)
        {
            throw new ModelFileException(root.File, $"`{pattern.Prefix}Regex` is not understood: {exception.Message}", exception);
        }
    }

    private static NormalizationForm? ReadNormalizer(JsonFields root) => root.Object("normalizer") switch
    {
        null => null,
        var normalizer when normalizer.Text("type") == "NFC" => NormalizationForm.FormC,
        var normalizer => throw normalizer.Refused("type", $"\"{normalizer.Text("type")}\"", "\"NFC\""),
    };
}
