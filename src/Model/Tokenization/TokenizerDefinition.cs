using System.Text;

namespace EduVision.Model.Tokenization;

/// <summary>What a tokenizer's files say, checked.</summary>
internal sealed class TokenizerDefinition
{
    /// <summary>The file it came from, for messages.</summary>
    public required string Source { get; init; }

    /// <summary>Ids by byte-level spelling, added tokens apart.</summary>
    public required Dictionary<string, int> Vocabulary { get; init; }

    /// <summary>Pairs in byte-level spelling, first learnt first.</summary>
    public required List<(string Left, string Right)> Merges { get; init; }

    /// <summary>By id.</summary>
    public required IReadOnlyList<AddedToken> AddedTokens { get; init; }

    public required PreTokenizer PreTokenizer { get; init; }

    public required NormalizationForm? Normalization { get; init; }

    /// <summary>A piece that is a token is taken whole, whatever the merges say.</summary>
    public bool IgnoreMerges { get; init; }

    public string Normalize(string text)
    {
        string valid = ReplaceLoneSurrogates(text);
        return Normalization is { } form && !Ascii.IsValid(valid) ? valid.Normalize(form) : valid;
    }

    public BytePairEncoder CreateEncoder()
    {
        var idOfByte = new int[256];
        for (int value = 0; value < 256; value++)
        {
            string spelled = ByteLevel.Alphabet[value].ToString();
            idOfByte[value] = Vocabulary.TryGetValue(spelled, out int id)
                ? id
                : throw new TokenizerException($"{Source}: the vocabulary lacks the single byte {value} ({spelled}); it is no complete byte-level vocabulary.");
        }

        var merges = new Dictionary<long, (int Rank, int Id)>(Merges.Count);
        for (int rank = 0; rank < Merges.Count; rank++)
        {
            (string left, string right) = Merges[rank];
            if (!Vocabulary.TryGetValue(left, out int leftId) || !Vocabulary.TryGetValue(right, out int rightId) ||
                !Vocabulary.TryGetValue(left + right, out int id))
            {
                throw new TokenizerException($"{Source}: merge {rank} (\"{left}\" + \"{right}\") names a token that is not in the vocabulary.");
            }

            merges.TryAdd(BytePairEncoder.Pair(leftId, rightId), (rank, id));
        }

        return new BytePairEncoder(idOfByte, merges, IgnoreMerges ? Vocabulary : null);
    }

    /// <summary>The UTF-8 bytes of every id; empty for ids that no token has.</summary>
    public byte[][] CreateByteTable()
    {
        int size = Math.Max(Vocabulary.Values.DefaultIfEmpty(-1).Max(), AddedTokens.Select(token => token.Id).DefaultIfEmpty(-1).Max()) + 1;
        var table = new byte[size][];
        Array.Fill(table, []);
        foreach ((string spelled, int id) in Vocabulary)
        {
            if (id < 0)
            {
                throw new TokenizerException($"{Source}: token \"{spelled}\" has the negative id {id}.");
            }

            table[id] = ByteLevel.TryDecode(spelled, out byte[] bytes)
                ? bytes
                : throw new TokenizerException($"{Source}: token {id} (\"{spelled}\") has characters outside the byte-level alphabet.");
        }

        foreach (AddedToken token in AddedTokens)
        {
            if (token.Id < 0)
            {
                throw new TokenizerException($"{Source}: token {token.Content} has the negative id {token.Id}.");
            }

            table[token.Id] = Encoding.UTF8.GetBytes(token.Content);
        }

        return table;
    }

    private static string ReplaceLoneSurrogates(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
        {
            return text;
        }

        var valid = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            valid.Append(rune.ToString());
        }

        return valid.ToString();
    }
}
