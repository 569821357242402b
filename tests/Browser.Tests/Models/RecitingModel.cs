using System.Text;
using System.Text.Json.Nodes;

namespace EduVision.Browser.Tests.Models;

/// <summary>
/// A checkpoint whose weights know one text by heart: whatever it is asked, it reasons and answers in these words, token by
/// token, at the pace of the model it was made from. Nothing above the weights knows of it.
/// </summary>
/// <remarks>
/// Every token of the text occurs in it once, so that a token alone says which comes next. The layers add nothing to the
/// embeddings (<c>o_proj</c> and <c>down_proj</c> are zero), embeddings are random signs, which are nearly orthogonal, and the
/// head's row of a token is the embedding of the token before it.
/// </remarks>
internal static class RecitingModel
{
    private const int Context = 32_768;
    private const string Spaces = "model.language_model.";

    /// <summary>Makes one in a folder of its own.</summary>
    /// <param name="source">The model it is made from: its layers, vision tower and prompt stay.</param>
    /// <param name="reasoning">What it thinks, not empty.</param>
    /// <param name="answer">What it says, not empty.</param>
    /// <returns>The folder, and the number of tokens of reasoning and answer together.</returns>
    public static (string Folder, int Tokens) Make(string source, string reasoning, string answer)
    {
        var copy = new ModelCopy(source);
        int hidden = 0, known = 0;
        copy.Change("config.json", config =>
        {
            hidden = (int)config["text_config"]!["hidden_size"]!;
            known = (int)config["text_config"]!["vocab_size"]!;
        });
        List<int> order = [];
        var end = 0;
        copy.Change("generation_config.json", config =>
        {
            end = config["eos_token_id"] is JsonArray ends ? (int)ends[0]! : (int)config["eos_token_id"]!;
            config["do_sample"] = false;
        });
        copy.Change("tokenizer.json", tokenizer =>
        {
            var vocabulary = tokenizer["model"]!["vocab"]!.AsObject();
            var endOfThought = (int)tokenizer["added_tokens"]!.AsArray().Single(token => (string?)token!["content"] == "</think>")!["id"]!;
            // The prompt ends with a line break.
            order = [(int)vocabulary["Ċ"]!, .. Learn(reasoning, vocabulary, known)];
            order = [.. order, endOfThought, .. Learn(answer, vocabulary, known + order.Count - 1), end];
        });
        var size = known + order.Count - 3;
        copy.Change("config.json", config =>
        {
            config["tie_word_embeddings"] = false;
            var text = config["text_config"]!;
            text["tie_word_embeddings"] = false;
            text["vocab_size"] = size;
            text["max_position_embeddings"] = Context;
        });
        foreach (var tensor in copy.Tensors.Where(name => name.EndsWith("o_proj.weight", StringComparison.Ordinal) || name.EndsWith("down_proj.weight", StringComparison.Ordinal)))
            copy.Zero(tensor);
        var embeddings = Signs(size * hidden);
        var head = new float[size * hidden];
        for (var i = 1; i < order.Count; i++) Array.Copy(embeddings, order[i - 1] * hidden, head, order[i] * hidden, hidden);
        copy.Replace(
            ($"{Spaces}embed_tokens.weight", [size, hidden], embeddings),
            ($"{Spaces}norm.weight", [hidden], [.. Enumerable.Repeat(1f, hidden)]),
            ("lm_head.weight", [size, hidden], head));
        return (copy.Folder, order.Count - 2);
    }

    // Cuts the text into the shortest pieces that no token spells yet (Lempel and Ziv, 1978), and makes tokens of them.
    private static List<int> Learn(string text, JsonObject vocabulary, int id)
    {
        var ids = new List<int>();
        var piece = new StringBuilder();
        var spelled = "";
        foreach (var rune in text.EnumerateRunes())
        {
            piece.Append(rune);
            spelled = Spell(piece.ToString());
            if (vocabulary.ContainsKey(spelled)) continue;
            vocabulary[spelled] = id;
            ids.Add(id++);
            piece.Clear();
        }
        if (piece.Length == 0) return ids;
        // What is left spells a known token: it goes to the token before it, which nothing else extends yet.
        var last = vocabulary.Single(token => (int)token.Value! == ids[^1]).Key;
        vocabulary.Remove(last);
        vocabulary[last + spelled] = ids[^1];
        return ids;
    }

    // The byte-level alphabet of GPT-2: printable Latin-1 stands for itself, the other bytes follow from U+0100 on.
    private static string Spell(string text)
    {
        var spelled = new StringBuilder();
        foreach (var value in Encoding.UTF8.GetBytes(text)) spelled.Append(Printable(value) ? (char)value : (char)(256 + Enumerable.Range(0, value).Count(b => !Printable((byte)b))));
        return spelled.ToString();
    }

    private static bool Printable(byte value) => value is (>= 0x21 and <= 0x7E) or (>= 0xA1 and <= 0xAC) or (>= 0xAE);

    private static float[] Signs(int count)
    {
        var random = new Random(1978);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(2) == 0 ? -1f : 1f)];
    }
}
