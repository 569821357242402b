using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EduVision.Model.Tokenization;

/// <summary>Writes a trained vocabulary in the format of published Qwen checkpoints, which transformers loads unchanged.</summary>
public static class TokenizerFile
{
    /// <summary>The vocabulary, merges and added tokens.</summary>
    public const string FileName = "tokenizer.json";

    /// <summary>What the reference's tokenizer class wants to know beside them.</summary>
    public const string ConfigFileName = "tokenizer_config.json";

    private static readonly JsonSerializerOptions Format = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The added tokens of Qwen3, in the order of their ids.</summary>
    public static IReadOnlyList<(string Content, bool Special)> QwenAddedTokens { get; } =
    [
        ("<|endoftext|>", true), ("<|im_start|>", true), ("<|im_end|>", true), ("<|object_ref_start|>", true), ("<|object_ref_end|>", true),
        ("<|box_start|>", true), ("<|box_end|>", true), ("<|quad_start|>", true), ("<|quad_end|>", true), ("<|vision_start|>", true),
        ("<|vision_end|>", true), ("<|vision_pad|>", true), ("<|image_pad|>", true), ("<|video_pad|>", true), ("<tool_call>", false),
        ("</tool_call>", false), ("<|fim_prefix|>", false), ("<|fim_middle|>", false), ("<|fim_suffix|>", false), ("<|fim_pad|>", false),
        ("<|repo_name|>", false), ("<|file_sep|>", false), ("<tool_response>", false), ("</tool_response>", false), ("<think>", false),
        ("</think>", false),
    ];

    /// <summary>Writes <c>tokenizer.json</c> and <c>tokenizer_config.json</c>.</summary>
    /// <param name="directory">An existing folder.</param>
    /// <param name="merges">Pairs in byte-level spelling (<see cref="ByteLevel.Spell"/>), first learnt first; both sides must be known by then.</param>
    /// <param name="addedTokens">With the ids that follow the merges, in this order.</param>
    /// <param name="modelMaxLength">Context length in tokens.</param>
    /// <remarks>Ids: the 256 bytes in the order of their characters (as published vocabularies have it), the merges, the added tokens.</remarks>
    /// <exception cref="ArgumentException">A merge's part is neither a byte nor an earlier merge.</exception>
    public static void Save(string directory, IReadOnlyList<(string Left, string Right)> merges, IReadOnlyList<(string Content, bool Special)> addedTokens, int modelMaxLength)
    {
        Dictionary<string, int> vocabulary = NumberTokens(merges);
        var added = new JsonArray();
        var decoder = new JsonObject();
        for (int i = 0; i < addedTokens.Count; i++)
        {
            int id = vocabulary.Count + i;
            added.Add(Describe(addedTokens[i], id));
            decoder.Add(id.ToString(CultureInfo.InvariantCulture), Describe(addedTokens[i], id: null));
        }

        var tokenizer = new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = added,
            ["normalizer"] = new JsonObject { ["type"] = "NFC" },
            ["pre_tokenizer"] = new JsonObject
            {
                ["type"] = "Sequence",
                ["pretokenizers"] = new JsonArray(
                    new JsonObject
                    {
                        ["type"] = "Split",
                        ["pattern"] = new JsonObject { ["Regex"] = PreTokenizer.QwenPattern },
                        ["behavior"] = "Isolated",
                        ["invert"] = false,
                    },
                    DescribeByteLevel()),
            },
            ["post_processor"] = DescribeByteLevel(),
            ["decoder"] = DescribeByteLevel(),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["dropout"] = null,
                ["unk_token"] = null,
                ["continuing_subword_prefix"] = "",
                ["end_of_word_suffix"] = "",
                ["fuse_unk"] = false,
                ["byte_fallback"] = false,
                ["ignore_merges"] = false,
                ["vocab"] = new JsonObject(vocabulary.Select(entry => KeyValuePair.Create(entry.Key, (JsonNode?)entry.Value))),
                ["merges"] = new JsonArray([.. merges.Select(merge => new JsonArray(merge.Left, merge.Right))]),
            },
        };
        var config = new JsonObject
        {
            ["tokenizer_class"] = "Qwen2Tokenizer",
            ["model_max_length"] = modelMaxLength,
            ["add_prefix_space"] = false,
            ["clean_up_tokenization_spaces"] = false,
            ["bos_token"] = null,
            ["eos_token"] = "<|im_end|>",
            ["pad_token"] = "<|endoftext|>",
            ["unk_token"] = null,
            ["added_tokens_decoder"] = decoder,
        };
        Write(Path.Combine(directory, FileName), tokenizer);
        Write(Path.Combine(directory, ConfigFileName), config);
    }

    private static Dictionary<string, int> NumberTokens(IReadOnlyList<(string Left, string Right)> merges)
    {
        char[] alphabet = ByteLevel.Alphabet.ToArray();
        Array.Sort(alphabet);
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (char character in alphabet)
        {
            vocabulary.Add(character.ToString(), vocabulary.Count);
        }

        foreach ((string left, string right) in merges)
        {
            if (!vocabulary.ContainsKey(left) || !vocabulary.ContainsKey(right))
            {
                throw new ArgumentException($"A part of the merge \"{left}\" + \"{right}\" is neither a byte nor an earlier merge.", nameof(merges));
            }

            // Two merges may give the same token by different parts.
            vocabulary.TryAdd(left + right, vocabulary.Count);
        }

        return vocabulary;
    }

    private static JsonObject Describe((string Content, bool Special) token, int? id)
    {
        var described = new JsonObject();
        if (id is not null)
        {
            described["id"] = id;
        }

        described["content"] = token.Content;
        described["single_word"] = false;
        described["lstrip"] = false;
        described["rstrip"] = false;
        described["normalized"] = false;
        described["special"] = token.Special;
        return described;
    }

    private static JsonObject DescribeByteLevel() => new()
    {
        ["type"] = "ByteLevel",
        ["add_prefix_space"] = false,
        ["trim_offsets"] = false,
        ["use_regex"] = false,
    };

    private static void Write(string path, JsonObject content) => File.WriteAllText(path, content.ToJsonString(Format) + "\n");
}
