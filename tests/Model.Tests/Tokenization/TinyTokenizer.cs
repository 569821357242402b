using EduVision.Model.Tokenization;

namespace EduVision.Model.Tests.Tokenization;

/// <summary>A vocabulary of single bytes, a few merges and Qwen's added tokens, written to a folder that is deleted afterwards.</summary>
internal sealed class TinyTokenizer : IDisposable
{
    public static readonly (string Left, string Right)[] Merges =
    [
        ("h", "e"), ("l", "l"), ("he", "ll"), ("Ġ", "w"), ("a", "a"), ("aa", "aa"), ("hell", "o"), ("b", "c"), ("a", "b"), ("ab", "c"),
    ];

    public TinyTokenizer()
    {
        Folder = Directory.CreateTempSubdirectory("eduvision-tokenizer-").FullName;
        TokenizerFile.Save(Folder, Merges, TokenizerFile.QwenAddedTokens, 4096);
        Tokenizer = Tokenizer.Load(Folder);
    }

    public string Folder { get; }

    public Tokenizer Tokenizer { get; }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
