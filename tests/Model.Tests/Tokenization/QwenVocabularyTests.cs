using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using EduVision.Model.Tests.Parity;
using EduVision.Model.Tokenization;

namespace EduVision.Model.Tests.Tokenization;

/// <summary>Qwen3's full vocabulary against ids that the reference implementation gave.</summary>
public sealed class QwenVocabularyTests
{
    private const int FirstAddedToken = 151643;
    private static readonly Dictionary<string, Tokenizer> Loaded = [];

    [Fact]
    public void Every_golden_text_has_the_reference_ids_and_decodes_to_itself()
    {
        Tokenizer tokenizer = LoadOrSkip(out JsonElement golden);
        Assert.NotEqual(0, golden.GetArrayLength());
        foreach (JsonElement entry in golden.EnumerateArray())
        {
            string text = entry.GetProperty("text").GetString()!;
            int[] expected = [.. entry.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
            Assert.Equal(expected, tokenizer.Encode(text, allowSpecial: true));
            Assert.Equal(text.Normalize(), tokenizer.Decode(expected));
        }
    }

    [Fact]
    public void Characters_that_take_several_tokens_stream_out_whole()
    {
        Tokenizer tokenizer = LoadOrSkip(out _);
        const string text = "👩‍👩‍👧‍👦 🎉🏽 é 永和九年，𠮷";
        var detokenizer = new TokenDetokenizer(tokenizer);
        var pieces = tokenizer.Encode(text, allowSpecial: false).Select(detokenizer.Push).ToList();
        Assert.All(pieces, piece => Assert.DoesNotContain('\uFFFD', piece));
        Assert.Contains("", pieces);
        Assert.Equal(text, string.Concat(pieces) + detokenizer.Flush());
    }

    [Fact]
    public void Qwens_special_tokens_have_their_published_ids()
    {
        Tokenizer tokenizer = LoadOrSkip(out _);
        Assert.Equal(151644, tokenizer.IdOf("<|im_start|>"));
        Assert.Equal(151655, tokenizer.IdOf("<|image_pad|>"));
        Assert.Equal(151668, tokenizer.IdOf("</think>"));
        Assert.Equal(151669, tokenizer.VocabularySize);
    }

    private static Tokenizer LoadOrSkip(out JsonElement golden)
    {
        string? goldenPath = SharedFiles.Find("qwen/tokenizer_golden.json");
        string? archive = SharedFiles.Find("qwen/vocab-merges.tar.xz");
        Assert.SkipWhen(goldenPath is null || archive is null, "shared/qwen with Qwen3's vocabulary is not beside this repository.");
        string folder = SharedFiles.Unpack(archive!);
        golden = JsonDocument.Parse(File.ReadAllText(goldenPath!)).RootElement;
        lock (Loaded)
        {
            if (!Loaded.TryGetValue(folder, out Tokenizer? tokenizer))
            {
                // vocab.json and merges.txt do not name the added tokens; a published folder has them in tokenizer_config.json.
                var added = new JsonObject(TokenizerFile.QwenAddedTokens.Select((token, i) => KeyValuePair.Create(
                    (FirstAddedToken + i).ToString(CultureInfo.InvariantCulture),
                    (JsonNode?)new JsonObject { ["content"] = token.Content, ["special"] = token.Special })));
                File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), new JsonObject { ["added_tokens_decoder"] = added }.ToJsonString());
                tokenizer = Tokenizer.Load(folder);
                Loaded.Add(folder, tokenizer);
            }

            return tokenizer;
        }
    }
}
