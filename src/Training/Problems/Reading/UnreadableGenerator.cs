using EduVision.Model.Chat;

namespace EduVision.Training.Problems;

/// <summary>Photos with nothing to read: whatever was asked, the answer says so.</summary>
public static class UnreadableGenerator
{
    /// <summary>A photo without legible content.</summary>
    public static Problem Ask(Random random, string language)
    {
        var task = random.Chance(0.5) ? ProblemTask.Solve : ProblemTask.Transcribe;
        var refusal = TaskPrompts.Unreadable(language);
        return new Problem(ProblemKind.Unreadable, task, language, new UnreadablePicture(),
            Prompts.For(task, language, random), Wording.In(language).NothingLegible, refusal, refusal);
    }
}
