using System.Collections.Immutable;
using EduVision.Model.Chat;

namespace EduVision.Training.Problems;

/// <summary>The words of the user: the standing prompt of a task, or one of its free paraphrases.</summary>
public static class Prompts
{
    /// <summary>How often a sample asks in other words than the standing prompt.</summary>
    public const double ParaphraseShare = 0.08;

    private static readonly ImmutableArray<string> SolveChinese =
    [
        "这道题怎么做？", "帮我算一下这道题。", "请计算。", "答案是多少？", "请一步一步解答。", "解这道题，并写出过程。", "这题等于几？", "求解。", "请问结果是多少？", "请算出图中的式子。", "帮我解一下，谢谢。", "照片里的题怎么算？",
    ];

    private static readonly ImmutableArray<string> SolveEnglish =
    [
        "What is the answer?", "Please work this out.", "Solve this.", "How do I solve this?", "Calculate this for me.", "Can you solve the problem step by step?", "What does this come to?", "Find the result.", "Please solve it and show your work.", "Help me with this problem.", "Work it out step by step.", "What is the result?",
    ];

    private static readonly ImmutableArray<string> TranscribeChinese =
    [
        "图里写的是什么？", "请把图中的内容打出来。", "请识别图片。", "上面写了什么？", "请抄录下来。", "这是什么字？", "请转写。", "把照片里的内容写出来。", "识别一下图中的文字。", "请读出图中的内容。", "只转写，不要解答。", "请录入图中的内容。",
    ];

    private static readonly ImmutableArray<string> TranscribeEnglish =
    [
        "What does it say?", "Please type out what is in the photo.", "Read this for me.", "Write down what you see.", "Transcribe this.", "What is written here?", "Copy the text in the picture.", "Convert the photo to text.", "Please transcribe the image.", "Read the photo, do not solve it.", "Type this up.", "What is in the picture?",
    ];

    /// <summary>Every prompt a sample can carry.</summary>
    public static IEnumerable<string> All =>
    [
        TaskPrompts.Solve("zh"), TaskPrompts.Solve("en"), TaskPrompts.Transcribe("zh"), TaskPrompts.Transcribe("en"),
        .. SolveChinese, .. SolveEnglish, .. TranscribeChinese, .. TranscribeEnglish,
    ];

    /// <summary>A prompt for the task: usually the standing one.</summary>
    public static string For(ProblemTask task, string language, Random random)
    {
        var paraphrased = random.Chance(ParaphraseShare);
        return (task, language) switch
        {
            (ProblemTask.Solve, "zh") => paraphrased ? random.Pick(SolveChinese) : TaskPrompts.Solve(language),
            (ProblemTask.Solve, _) => paraphrased ? random.Pick(SolveEnglish) : TaskPrompts.Solve(language),
            (_, "zh") => paraphrased ? random.Pick(TranscribeChinese) : TaskPrompts.Transcribe(language),
            _ => paraphrased ? random.Pick(TranscribeEnglish) : TaskPrompts.Transcribe(language),
        };
    }
}
