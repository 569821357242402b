namespace EduVision.Model.Chat;

/// <summary>
/// The instruction that stands for a task when a person typed none. The bundled model is trained on exactly these
/// sentences; larger models understand them as they are.
/// </summary>
public static class TaskPrompts
{
    /// <summary>Solve what is in the photo, with steps. <paramref name="language"/> is <c>zh</c> or <c>en</c>.</summary>
    public static string Solve(string language) => IsChinese(language) ? "请解答图中的题目，写出步骤。" : "Solve the problem in the photo. Show the steps.";

    /// <summary>Write down what the photo says; mathematics as LaTeX.</summary>
    public static string Transcribe(string language) => IsChinese(language) ? "请转写图中的内容，公式用LaTeX。" : "Transcribe the photo. Write mathematics as LaTeX.";

    /// <summary>What a model answers when it cannot read the photo.</summary>
    public static string Unreadable(string language) => IsChinese(language) ? "我看不清这张图片。" : "I can't read this.";

    private static bool IsChinese(string language) => language.StartsWith("zh", StringComparison.OrdinalIgnoreCase);
}
