using System.Text;
using EduVision.Model.Configuration;

namespace EduVision.Model.Tokenization;

/// <summary>The files that each part of a tokenizer came from, for messages; one file may hold all parts.</summary>
internal sealed record TokenizerFiles(string Vocabulary, string Merges, string AddedTokens);

/// <summary>What a tokenizer's files say, and what the encoder and the decoder make of it.</summary>
internal sealed class TokenizerDefinition
{
    /// <summary>An id beyond this is damage: no published vocabulary has a tenth of it, and every id takes memory.</summary>
    private const int HighestId = 4_000_000;

    public required TokenizerFiles Files { get; init; }

    /// <summary>Ids by byte-level spelling, added tokens apart.</summary>
    public required Dictionary<string, int> Vocabulary { get; init; }

    /// <summary>Pairs in byte-level spelling, first learnt first.</summary>
    public required IReadOnlyList<(string Left, string Right)> Merges { get; init; }

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
                : throw new ModelFileException(Files.Vocabulary, $"the vocabulary lacks the single byte {value} ({spelled}); expected a complete byte-level vocabulary.");
        }

        var merges = new Dictionary<long, (int Rank, int Id)>(Merges.Count);
        for (int rank = 0; rank < Merges.Count; rank++)
        {
            (string left, string right) = Merges[rank];
            if (!Vocabulary.TryGetValue(left, out int leftId) || !Vocabulary.TryGetValue(right, out int rightId) ||
                !Vocabulary.TryGetValue(left + right, out int id))
            {
                throw new ModelFileException(Files.Merges, $"merge {rank} (\"{left}\" + \"{right}\") names a token that is not in the vocabulary.");
            }

            merges.TryAdd(BytePairEncoder.Pair(leftId, rightId), (rank, id));
        }

        return new BytePairEncoder(idOfByte, merges, IgnoreMerges ? Vocabulary : null);
    }

    /// <summary>The added tokens by their text.</summary>
    public Dictionary<string, AddedToken> CreateAddedTable()
    {
        var table = new Dictionary<string, AddedToken>(StringComparer.Ordinal);
        foreach (var token in AddedTokens)
        {
            if (!table.TryAdd(token.Content, token))
            {
                throw new ModelFileException(Files.AddedTokens, $"the added token {token.Content} has two ids, {table[token.Content].Id} and {token.Id}.");
            }
        }

        return table;
    }

    /// <summary>The UTF-8 bytes of every id; empty for ids that no token has.</summary>
    public byte[][] CreateByteTable()
    {
        var bytesOf = new Dictionary<int, byte[]>(Vocabulary.Count + AddedTokens.Count);
        foreach (var (spelled, id) in Vocabulary)
        {
            Add(Files.Vocabulary, id, spelled, ByteLevel.TryDecode(spelled, out var bytes)
                ? bytes
                : throw new ModelFileException(Files.Vocabulary, $"token {id} (\"{spelled}\") has characters outside the byte-level alphabet."));
        }

        foreach (var token in AddedTokens)
        {
            Add(Files.AddedTokens, token.Id, token.Content, Encoding.UTF8.GetBytes(token.Content));
        }

        var table = new byte[bytesOf.Keys.Max() + 1][];
        Array.Fill(table, []);
        foreach (var (id, bytes) in bytesOf)
        {
            table[id] = bytes;
        }

        return table;

        void Add(string file, int id, string text, byte[] bytes)
        {
            if (id is < 0 or > HighestId)
            {
                throw new ModelFileException(file, $"token \"{text}\" has the id {id}, expected 0 to {HighestId}.");
            }

            // An added token may be in the vocabulary too, under the same id.
            if (!bytesOf.TryAdd(id, bytes) && !bytesOf[id].SequenceEqual(bytes))
            {
                throw new ModelFileException(file, $"the id {id} belongs to two tokens, \"{Encoding.UTF8.GetString(bytesOf[id])}\" and \"{text}\".");
            }
        }
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
