using System.Buffers;

namespace EduVision.Model.Tokenization;

/// <summary>Finds added tokens in a text: the leftmost, and of those that start there the longest.</summary>
internal sealed class AddedTokenMatcher
{
    private readonly AddedToken[] longestFirst;
    private readonly SearchValues<string> contents;

    public AddedTokenMatcher(IEnumerable<AddedToken> tokens)
    {
        longestFirst = [.. tokens.OrderByDescending(token => token.Content.Length)];
        contents = SearchValues.Create([.. longestFirst.Select(token => token.Content)], StringComparison.Ordinal);
    }

    /// <summary>The first added token at or after <paramref name="from"/>, or null; <paramref name="index"/> is where it starts.</summary>
    public AddedToken? Find(string text, int from, out int index)
    {
        index = longestFirst.Length == 0 ? -1 : text.AsSpan(from).IndexOfAny(contents);
        if (index < 0)
        {
            return null;
        }

        index += from;
        foreach (AddedToken token in longestFirst)
        {
            if (string.CompareOrdinal(text, index, token.Content, 0, token.Content.Length) == 0)
            {
                return token;
            }
        }

        return null;
    }
}
