using System.Collections.Immutable;
using EduVision.Model.Tokenization;

namespace EduVision.Training.Vocabulary;

/// <summary>What a byte-level BPE tokenizer consists of, in the format of Qwen's.</summary>
/// <param name="Merges">In the order of learning, in byte-level spelling (<see cref="ByteLevel"/>). Every merge gives a new token.</param>
/// <param name="AddedTokens">Tokens that text never merges into; their ids follow the merges.</param>
public sealed record BpeVocabulary(ImmutableArray<(string Left, string Right)> Merges, ImmutableArray<(string Content, bool Special)> AddedTokens)
{
    /// <summary>The number of tokens: 256 bytes, the merges, the added tokens.</summary>
    public int Size => 256 + Merges.Length + AddedTokens.Length;

    /// <summary>Writes <c>tokenizer.json</c> and <c>tokenizer_config.json</c> into a folder, which is made if need be.</summary>
    public void Save(string directory, int modelMaxLength)
    {
        Directory.CreateDirectory(directory);
        TokenizerFile.Save(directory, Merges, AddedTokens, modelMaxLength);
    }
}

/// <summary>
/// Learns the merges of a byte-level BPE: first those that make one token of each given character, then always the most frequent pair (Sennrich et al. 2016).
/// No merge crosses the pieces of Qwen's pre-tokenizer, so that digits stay single. The same corpus gives the same vocabulary: ties go to the ordinally smaller pair.
/// </summary>
public static class BpeTrainer
{
    /// <summary>Learns a vocabulary of at most <paramref name="size"/> tokens; fewer when no pair is frequent enough any more.</summary>
    /// <param name="corpus">Texts to compress.</param>
    /// <param name="characters">Characters that have to be one token each, however rare.</param>
    /// <param name="addedTokens">Special tokens, counted in the size.</param>
    /// <param name="size">The most tokens in all.</param>
    /// <param name="leastFrequency">How often a pair has to occur to become a token: a token too rare to learn is worse than two common ones.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size has no room for the bytes, the characters and the added tokens.</exception>
    public static BpeVocabulary Train(
        IEnumerable<string> corpus, IEnumerable<char> characters, IReadOnlyList<(string Content, bool Special)> addedTokens, int size, int leastFrequency = 2)
    {
        var merges = new List<(string Left, string Right)>();
        var tokens = new HashSet<string>(StringComparer.Ordinal);
        foreach (var character in characters.Distinct()) MergeCharacter(character, merges, tokens);
        var room = size - 256 - addedTokens.Count;
        if (merges.Count > room)
            throw new ArgumentOutOfRangeException(nameof(size), size, $"The characters alone take {merges.Count} merges; {256 + addedTokens.Count + merges.Count} tokens are the least.");

        var pieces = Count(corpus);
        foreach (var piece in pieces) piece.Apply(merges);
        while (merges.Count < room && MostFrequentPair(pieces, leastFrequency) is { } pair)
        {
            merges.Add(pair);
            foreach (var piece in pieces) piece.Apply(pair);
        }
        return new BpeVocabulary([.. merges], [.. addedTokens]);
    }

    /// <summary>From the first byte on: characters of one block share the merges of their first bytes.</summary>
    private static void MergeCharacter(char character, List<(string Left, string Right)> merges, HashSet<string> tokens)
    {
        var spelled = ByteLevel.Spell(character.ToString());
        for (var length = 2; length <= spelled.Length; length++)
        {
            if (tokens.Add(spelled[..length])) merges.Add((spelled[..(length - 1)], spelled[(length - 1)..length]));
        }
    }

    private static List<Piece> Count(IEnumerable<string> corpus)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var piece in corpus.SelectMany(PreTokenizer.Qwen.Split))
            counts[piece] = counts.GetValueOrDefault(piece) + 1;
        return [.. counts.Select(entry => new Piece(ByteLevel.Spell(entry.Key), entry.Value))];
    }

    private static (string Left, string Right)? MostFrequentPair(List<Piece> pieces, int leastFrequency)
    {
        var counts = new Dictionary<(string Left, string Right), long>();
        foreach (var piece in pieces)
        {
            for (var i = 1; i < piece.Symbols.Count; i++)
            {
                var pair = (piece.Symbols[i - 1], piece.Symbols[i]);
                counts[pair] = counts.GetValueOrDefault(pair) + piece.Occurrences;
            }
        }
        var frequent = counts.Where(entry => entry.Value >= leastFrequency).ToList();
        return frequent.Count == 0 ? null : frequent
            .OrderByDescending(entry => entry.Value)
            .ThenBy(entry => entry.Key.Left, StringComparer.Ordinal)
            .ThenBy(entry => entry.Key.Right, StringComparer.Ordinal)
            .First().Key;
    }

    /// <summary>A distinct piece of the corpus, as far as it is merged by now.</summary>
    private sealed class Piece(string spelled, int occurrences)
    {
        public List<string> Symbols { get; } = [.. spelled.Select(character => character.ToString())];

        public int Occurrences { get; } = occurrences;

        public void Apply(IEnumerable<(string Left, string Right)> merges)
        {
            if (Symbols.Count < 2) return;
            foreach (var merge in merges) Apply(merge);
        }

        public void Apply((string Left, string Right) merge)
        {
            for (var i = 1; i < Symbols.Count; i++)
            {
                if (Symbols[i - 1] != merge.Left || Symbols[i] != merge.Right) continue;
                Symbols[i - 1] = merge.Left + merge.Right;
                Symbols.RemoveAt(i);
            }
        }
    }
}
