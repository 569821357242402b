using System.Text;

namespace EduVision.Model.Tokenization;

/// <summary>
/// Turns a stream of tokens into a stream of text: a Chinese character or an emoji may take several tokens, and comes out when
/// it is whole. One per generation.
/// </summary>
/// <param name="tokenizer">The vocabulary.</param>
/// <param name="skipSpecial">Leave control tokens such as <c>&lt;|im_end|&gt;</c> out of the text.</param>
public sealed class TokenDetokenizer(Tokenizer tokenizer, bool skipSpecial = true)
{
    private readonly Decoder decoder = Encoding.UTF8.GetDecoder();

    /// <summary>The whole characters that this token completes; empty while one is incomplete.</summary>
    public string Push(int id) => skipSpecial && tokenizer.IsSpecial(id) ? "" : Convert(tokenizer.TokenBytes(id), flush: false);

    /// <summary>What is still held back at the end of a generation, as U+FFFD: it was no whole character.</summary>
    public string Flush() => Convert([], flush: true);

    private string Convert(ReadOnlySpan<byte> bytes, bool flush)
    {
        Span<char> characters = stackalloc char[256];
        var text = new StringBuilder();
        bool completed;
        do
        {
            decoder.Convert(bytes, characters, flush, out int used, out int written, out completed);
            text.Append(characters[..written]);
            bytes = bytes[used..];
        }
        while (!completed);
        return text.ToString();
    }
}
