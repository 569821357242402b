using System.Text.Json.Nodes;
using EduVision.Model.Configuration;
using EduVision.Model.Tokenization;

namespace EduVision.Model.Tests.Tokenization;

public sealed class TokenizerTests : IDisposable
{
    private readonly TinyTokenizer tiny = new();

    private Tokenizer Tokenizer => tiny.Tokenizer;

    public void Dispose() => tiny.Dispose();

    [Fact]
    public void Merges_apply_in_the_order_they_were_learnt()
    {
        Assert.Equal(["hello", " w", "o"], Tokenizer.Encode("hello wo", allowSpecial: false).Select(Tokenizer.TokenText));
        Assert.Equal(["a", "bc"], Tokenizer.Encode("abc", allowSpecial: false).Select(Tokenizer.TokenText));
        Assert.Equal(["aaaa", "aa", "a"], Tokenizer.Encode("aaaaaaa", allowSpecial: false).Select(Tokenizer.TokenText));
    }

    [Fact]
    public void Special_tokens_typed_as_text_stay_text()
    {
        const string typed = "x<|image_pad|><|im_end|></think>";
        int[] ids = Tokenizer.Encode(typed, allowSpecial: false);
        Assert.DoesNotContain(ids, id => Tokenizer.AddedTokens.Any(token => token.Id == id));
        Assert.Equal(typed, Tokenizer.Decode(ids));
    }

    [Fact]
    public void Special_tokens_of_a_template_become_tokens()
    {
        int[] ids = Tokenizer.Encode("<|im_start|>a<think><|im_end|", allowSpecial: true);
        Assert.Equal(Tokenizer.IdOf("<|im_start|>"), ids[0]);
        Assert.Equal(Tokenizer.IdOf("<think>"), ids[2]);
        Assert.DoesNotContain(Tokenizer.IdOf("<|im_end|>"), ids);
        Assert.Equal("a<think><|im_end|", Tokenizer.Decode(ids, skipSpecial: true));
    }

    [Fact]
    public void Text_is_normalised_to_composed_characters() =>
        Assert.Equal(Tokenizer.Encode("é", allowSpecial: false), Tokenizer.Encode("e\u0301", allowSpecial: false));

    [Theory]
    [InlineData("\ud83d")]
    [InlineData("a\udc00b")]
    public void A_lone_surrogate_becomes_a_replacement_character(string text) =>
        Assert.Contains('\uFFFD', Tokenizer.Decode(Tokenizer.Encode(text, allowSpecial: false)));

    [Theory]
    [InlineData("a")]
    [InlineData(" ")]
    [InlineData("=")]
    [InlineData("\n")]
    [InlineData("永")]
    [InlineData("𠮷")]
    public void A_hundred_thousand_times_one_character_is_encoded_without_quadratic_work(string character)
    {
        string text = string.Concat(Enumerable.Repeat(character, 100_000));
        long before = GC.GetAllocatedBytesForCurrentThread();
        int[] ids = Tokenizer.Encode(text, allowSpecial: false);
        // Work that grows with the square of the length would need thousands of times this.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 400_000_000);
        Assert.Equal(text, Tokenizer.Decode(ids));
    }

    [Fact]
    public void Encoding_a_text_in_pieces_of_any_length_agrees_with_a_plain_implementation()
    {
        var random = new Random(5);
        for (int round = 0; round < 300; round++)
        {
            string text = new([.. Enumerable.Range(0, random.Next(1, 80)).Select(_ => "abchelo"[random.Next(7)])]);
            Assert.Equal(MergeSlowly(text), Tokenizer.Encode(text, allowSpecial: false).Select(Tokenizer.TokenText));
        }
    }

    [Fact]
    public void An_incomplete_character_is_held_back_and_flushed_as_a_replacement()
    {
        var detokenizer = new TokenDetokenizer(Tokenizer);
        int[] ids = Tokenizer.Encode("年", allowSpecial: false);
        Assert.Equal(3, ids.Length);
        Assert.Equal(["", "", "年"], ids.Select(detokenizer.Push));
        Assert.Equal("", detokenizer.Push(ids[0]));
        Assert.Equal("\uFFFDa", detokenizer.Push(Tokenizer.Encode("a", allowSpecial: false)[0]));
        Assert.Equal("", detokenizer.Push(ids[0]) + detokenizer.Push(ids[1]));
        Assert.Equal("\uFFFD", detokenizer.Flush());
        Assert.Equal("", detokenizer.Flush());
    }

    [Fact]
    public void Ids_outside_the_vocabulary_decode_to_nothing()
    {
        Assert.Equal("", Tokenizer.Decode([Tokenizer.VocabularySize, -1, int.MaxValue]));
        Assert.Equal("", new TokenDetokenizer(Tokenizer).Push(Tokenizer.VocabularySize + 3));
    }

    [Fact]
    public void Both_spellings_of_merges_read_the_same()
    {
        string path = Path.Combine(tiny.Folder, "tokenizer.json");
        JsonNode root = JsonNode.Parse(File.ReadAllText(path))!;
        root["model"]!["merges"] = new JsonArray([.. TinyTokenizer.Merges.Select(merge => (JsonNode)$"{merge.Left} {merge.Right}")]);
        File.WriteAllText(path, root.ToJsonString());
        Assert.Equal(Tokenizer.Encode("hello aaaa abc", false), Tokenizer.Load(tiny.Folder).Encode("hello aaaa abc", false));
    }

    [Fact]
    public void Vocab_and_merges_files_read_the_same_as_the_single_file()
    {
        string path = Path.Combine(tiny.Folder, "tokenizer.json");
        JsonNode model = JsonNode.Parse(File.ReadAllText(path))!["model"]!;
        File.WriteAllText(Path.Combine(tiny.Folder, "vocab.json"), model["vocab"]!.ToJsonString());
        File.WriteAllLines(Path.Combine(tiny.Folder, "merges.txt"), ["#version: 0.2", .. TinyTokenizer.Merges.Select(merge => $"{merge.Left} {merge.Right}")]);
        File.Delete(path);
        Tokenizer split = Tokenizer.Load(tiny.Folder);
        const string text = "<|im_start|>hello abc<think>";
        Assert.Equal(Tokenizer.Encode(text, true), split.Encode(text, true));
        Assert.Equal(Tokenizer.AddedTokens, split.AddedTokens);
    }

    [Theory]
    [InlineData("{", "not valid JSON")]
    [InlineData("[]", "expected an object")]
    [InlineData("{}", "`model` is missing")]
    [InlineData("""{"model":{"type":"Unigram"}}""", "`model.type` is \"Unigram\"")]
    [InlineData("""{"model":{"end_of_word_suffix":"</w>"}}""", "`model.end_of_word_suffix` is \"</w>\"")]
    [InlineData("""{"model":{"vocab":{}}}""", "`model.merges` is missing")]
    [InlineData("""{"model":{"vocab":{"a":"b"}}}""", "`model.vocab.a` is \"b\"")]
    [InlineData("""{"model":{"vocab":{"\ud800":1}}}""", "no text")]
    [InlineData("""{"model":{"vocab":{},"merges":["a b c"]}}""", "`model.merges` is \"a b c\"")]
    [InlineData("""{"model":{"vocab":{},"merges":[]},"added_tokens":[{"id":1}]}""", "`added_tokens[0].content` is missing")]
    [InlineData("""{"model":{"vocab":{},"merges":[]},"added_tokens":[{"id":1,"content":"x","lstrip":true}]}""", "`added_tokens[0].lstrip` is true")]
    [InlineData("""{"model":{"vocab":{},"merges":[]},"pre_tokenizer":{"type":"Whitespace"}}""", "`pre_tokenizer` is of the kind Whitespace")]
    public void A_damaged_or_foreign_file_is_named_with_the_field(string content, string expected)
    {
        File.WriteAllText(Path.Combine(tiny.Folder, "tokenizer.json"), content);
        Refused(expected);
    }

    [Fact]
    public void A_merge_of_unknown_tokens_is_named()
    {
        Edit(root => root["model"]!["merges"] = new JsonArray("zz y"));
        Refused("merge 0");
        Assert.Throws<ArgumentException>(() => TokenizerFile.Save(tiny.Folder, [("zz", "y")], [], 16));
    }

    [Theory]
    [InlineData(-5)]
    [InlineData(int.MaxValue)]
    [InlineData(2_000_000_000)]
    public void An_id_that_cannot_be_is_named(int id)
    {
        Edit(root => root["model"]!["vocab"]!["hello"] = id);
        Refused($"\"hello\" has the id {id}");
    }

    [Fact]
    public void An_id_or_an_added_token_given_twice_is_named()
    {
        Edit(root => root["model"]!["vocab"]!["hello"] = root["model"]!["vocab"]!["a"]!.GetValue<int>());
        Refused("belongs to two tokens, \"a\" and \"hello\"");
        TokenizerFile.Save(tiny.Folder, TinyTokenizer.Merges, TokenizerFile.QwenAddedTokens, 4096);
        Edit(root => root["added_tokens"]![1]!["content"] = "<|endoftext|>");
        Refused("<|endoftext|> has two ids");
    }

    [Fact]
    public void An_expression_that_is_none_is_named()
    {
        Edit(root => root["pre_tokenizer"]!["pretokenizers"]![0]!["pattern"]!["Regex"] = "(((");
        Refused("Regex` is not understood");
    }

    [Fact]
    public void A_folder_without_a_tokenizer_says_so()
    {
        string empty = Directory.CreateDirectory(Path.Combine(tiny.Folder, "empty")).FullName;
        Assert.Contains("tokenizer.json", Assert.Throws<ModelFileException>(() => Tokenizer.Load(empty)).Message, StringComparison.Ordinal);
        Assert.Contains("<|nope|>", Assert.Throws<ModelFileException>(() => Tokenizer.IdOf("<|nope|>")).Message, StringComparison.Ordinal);
    }

    private void Edit(Action<JsonNode> edit)
    {
        string path = Path.Combine(tiny.Folder, "tokenizer.json");
        JsonNode root = JsonNode.Parse(File.ReadAllText(path))!;
        edit(root);
        File.WriteAllText(path, root.ToJsonString());
    }

    private void Refused(string expected)
    {
        var exception = Assert.Throws<ModelFileException>(() => Tokenizer.Load(tiny.Folder));
        Assert.Equal(Path.Combine(tiny.Folder, "tokenizer.json"), exception.File);
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }

    private static List<string> MergeSlowly(string text)
    {
        List<string> symbols = [.. text.Select(character => character.ToString())];
        while (true)
        {
            var best = Enumerable.Range(0, Math.Max(symbols.Count - 1, 0))
                .Select(i => (Rank: Array.IndexOf(TinyTokenizer.Merges, (symbols[i], symbols[i + 1])), Index: i))
                .Where(candidate => candidate.Rank >= 0)
                .OrderBy(candidate => candidate)
                .ToList();
            if (best.Count == 0)
            {
                return symbols;
            }

            int at = best[0].Index;
            symbols[at] += symbols[at + 1];
            symbols.RemoveAt(at + 1);
        }
    }
}
