using System.Globalization;
using System.Text;
using System.Text.Json;

namespace EduVision.Model.Tokenization;

/// <summary>Reads the tokenizer files of a checkpoint folder, in either of the two published layouts.</summary>
internal static class TokenizerReader
{
    public static TokenizerDefinition Read(string directory)
    {
        string single = Path.Combine(directory, "tokenizer.json");
        if (File.Exists(single))
        {
            return Guarded(single, () => ReadSingle(single));
        }

        string vocabulary = Path.Combine(directory, "vocab.json");
        string merges = Path.Combine(directory, "merges.txt");
        if (!File.Exists(vocabulary) || !File.Exists(merges))
        {
            throw new TokenizerException($"{directory} has neither tokenizer.json nor vocab.json with merges.txt. Is it a checkpoint folder?");
        }

        return Guarded(vocabulary, () => ReadPair(directory, vocabulary, merges));
    }

    private static TokenizerDefinition ReadSingle(string path)
    {
        using JsonDocument document = Parse(path);
        JsonElement root = document.RootElement;
        JsonElement model = root.GetProperty("model");
        string kind = Text(model, "type") ?? "BPE";
        Require(kind == "BPE", path, $"a {kind} model; only byte-level BPE is supported");
        Require(string.IsNullOrEmpty(Text(model, "continuing_subword_prefix")) && string.IsNullOrEmpty(Text(model, "end_of_word_suffix")),
            path, "sub-word prefixes or suffixes, which byte-level BPE has not");
        return new TokenizerDefinition
        {
            Source = path,
            Vocabulary = ReadVocabulary(model.GetProperty("vocab")),
            Merges = [.. model.GetProperty("merges").EnumerateArray().Select(ReadMerge)],
            AddedTokens = SortedById(root.TryGetProperty("added_tokens", out JsonElement added) && added.ValueKind == JsonValueKind.Array
                ? added.EnumerateArray().Select(token => ReadAddedToken(token, token.GetProperty("id").GetInt32(), path))
                : []),
            PreTokenizer = ReadPreTokenizer(root.GetProperty("pre_tokenizer"), path),
            Normalization = ReadNormalizer(root, path),
            IgnoreMerges = Flag(model, "ignore_merges"),
        };
    }

    private static TokenizerDefinition ReadPair(string directory, string vocabularyPath, string mergesPath)
    {
        using JsonDocument vocabulary = Parse(vocabularyPath);
        string configPath = Path.Combine(directory, "tokenizer_config.json");
        using JsonDocument? config = File.Exists(configPath) ? Parse(configPath) : null;
        IEnumerable<AddedToken> added = config is not null && config.RootElement.TryGetProperty("added_tokens_decoder", out JsonElement decoder)
            ? decoder.EnumerateObject().Select(entry => ReadAddedToken(entry.Value, int.Parse(entry.Name, CultureInfo.InvariantCulture), configPath))
            : [];
        return new TokenizerDefinition
        {
            Source = vocabularyPath,
            Vocabulary = ReadVocabulary(vocabulary.RootElement),
            Merges = [.. File.ReadLines(mergesPath).Where((line, index) => line.Length > 0 && !(index == 0 && line.StartsWith("#version", StringComparison.Ordinal))).Select(SplitMerge)],
            AddedTokens = SortedById(added),
            PreTokenizer = PreTokenizer.Qwen,
            Normalization = NormalizationForm.FormC,
        };
    }

    private static Dictionary<string, int> ReadVocabulary(JsonElement vocabulary)
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (JsonProperty entry in vocabulary.EnumerateObject())
        {
            ids[entry.Name] = entry.Value.GetInt32();
        }

        return ids;
    }

    // Older files spell a merge "a b", newer ones ["a", "b"].
    private static (string Left, string Right) ReadMerge(JsonElement merge) => merge.ValueKind == JsonValueKind.Array
        ? (merge[0].GetString()!, merge[1].GetString()!)
        : SplitMerge(merge.GetString()!);

    private static (string Left, string Right) SplitMerge(string merge)
    {
        int space = merge.IndexOf(' ', StringComparison.Ordinal);
        return space > 0 && space < merge.Length - 1
            ? (merge[..space], merge[(space + 1)..])
            : throw new FormatException($"\"{merge}\" is no merge of two tokens");
    }

    private static AddedToken ReadAddedToken(JsonElement token, int id, string path)
    {
        string content = Text(token, "content") ?? "";
        Require(content.Length > 0, path, $"an added token {id} without content");
        Require(!Flag(token, "lstrip") && !Flag(token, "rstrip") && !Flag(token, "single_word"),
            path, $"the added token {content} with lstrip, rstrip or single_word, which no Qwen tokenizer uses");
        return new AddedToken(id, content, Flag(token, "special"), Flag(token, "normalized"));
    }

    private static AddedToken[] SortedById(IEnumerable<AddedToken> tokens) => [.. tokens.OrderBy(token => token.Id)];

    private static PreTokenizer ReadPreTokenizer(JsonElement element, string path)
    {
        string? pattern = null;
        bool byteLevel = false;
        IEnumerable<JsonElement> steps = Text(element, "type") == "Sequence" ? element.GetProperty("pretokenizers").EnumerateArray() : [element];
        foreach (JsonElement step in steps)
        {
            switch (Text(step, "type"))
            {
                case "Split" when pattern is null && !byteLevel:
                    Require(Text(step, "behavior") == "Isolated" && !Flag(step, "invert"), path, "a Split pre-tokenizer that is not \"Isolated\"");
                    pattern = Text(step.GetProperty("pattern"), "Regex");
                    break;
                case "ByteLevel":
                    Require(!Flag(step, "add_prefix_space") && !Flag(step, "use_regex"), path, "a ByteLevel pre-tokenizer with a prefix space or its own expression");
                    byteLevel = true;
                    break;
                case string other:
                    Require(false, path, $"a pre-tokenizer {other} at a place where none is supported");
                    break;
            }
        }

        Require(pattern is not null && byteLevel, path, "no pre-tokenizer of a Split by a regular expression followed by ByteLevel");
        return PreTokenizer.FromPattern(pattern!);
    }

    private static NormalizationForm? ReadNormalizer(JsonElement root, string path)
    {
        if (!root.TryGetProperty("normalizer", out JsonElement normalizer) || normalizer.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        string? kind = Text(normalizer, "type");
        Require(kind == "NFC", path, $"a normalizer {kind}; only NFC is supported");
        return NormalizationForm.FormC;
    }

    private static TokenizerDefinition Guarded(string path, Func<TokenizerDefinition> read)
    {
        try
        {
            return read();
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException
            or OverflowException or IndexOutOfRangeException or ArgumentException)
        {
            throw new TokenizerException($"{path} is no tokenizer file that can be read: {exception.Message}", exception);
        }
    }

    private static JsonDocument Parse(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return JsonDocument.Parse(stream);
    }

    private static void Require(bool condition, string path, string found)
    {
        if (!condition)
        {
            throw new TokenizerException($"{path} has {found}.");
        }
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static bool Flag(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.True;
}
