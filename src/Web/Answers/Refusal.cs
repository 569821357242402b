namespace EduVision.Web.Answers;

/// <summary>An answer that is no answer: the model says that it cannot read the photo.</summary>
public static class Refusal
{
    // The sentences that the bundled model is trained to say, and nothing else, of what it cannot read.
    private static readonly string[] Sentences = ["我看不清这张图片", "I can't read this"];

    /// <summary>True if <paramref name="answer"/> is the sentence and nothing more.</summary>
    public static bool Is(string answer) =>
        answer.Length < 40 && Sentences.Contains(answer.Trim().TrimEnd('。', '.').Replace('’', '\''), StringComparer.Ordinal);
}
