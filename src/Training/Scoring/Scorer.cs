using System.Text.Json.Serialization;
using EduVision.Model.Chat;

namespace EduVision.Training.Scoring;

/// <summary>What a model answered to one row, and how sure it was (0 to 1).</summary>
public sealed record Prediction(EvaluationRow Row, string Answer, double Confidence);

/// <summary>One row, scored. As JSON it is a row of <c>predictions.jsonl</c>.</summary>
public sealed record ScoredRow
{
    /// <summary>The image as the set names it.</summary>
    public required string Image { get; init; }

    /// <summary>The right answer.</summary>
    public required string Expected { get; init; }

    /// <summary>The model's answer.</summary>
    public required string Predicted { get; init; }

    /// <summary>Whether it counts as right.</summary>
    public required bool Correct { get; init; }

    /// <summary>How sure the model was, 0 to 1.</summary>
    public required double Confidence { get; init; }

    /// <summary>How the row was scored.</summary>
    [JsonIgnore]
    public EvaluationTask Task { get; init; }

    /// <summary>The edit distance to the right answer in tokens (LaTeX) or characters (text); 0 or 1 for the other tasks.</summary>
    [JsonIgnore]
    public int Errors { get; init; }

    /// <summary>The length of the right answer in the same unit.</summary>
    [JsonIgnore]
    public int Length { get; init; }

    /// <summary>Whether the model said that it cannot read the photo.</summary>
    [JsonIgnore]
    public bool Refused { get; init; }

    /// <summary>Errors per unit of length.</summary>
    [JsonIgnore]
    public double ErrorRate => (double)Errors / Math.Max(1, Length);
}

/// <summary>Holds answers against what was expected.</summary>
public static class Scorer
{
    /// <summary>Scores one answer by the rules of its task.</summary>
    public static ScoredRow Score(Prediction prediction)
    {
        var (row, answer) = (prediction.Row, prediction.Answer);
        var (correct, errors, length) = row.Task switch
        {
            EvaluationTask.Latex => Compare(LatexNormalizer.Tokens(row.Expected), LatexNormalizer.Tokens(answer)),
            EvaluationTask.Transcribe => CompareText(row.Expected, answer),
            EvaluationTask.Solve => Plain(IsSolved(row.Expected, answer)),
            _ => Plain(IsRefusal(answer)),
        };
        return new ScoredRow
        {
            Image = row.Image, Expected = row.Expected, Predicted = answer, Correct = correct, Confidence = prediction.Confidence,
            Task = row.Task, Errors = errors, Length = length, Refused = IsRefusal(answer),
        };
    }

    /// <summary>Whether the value after the answer's last <c>=</c> is exactly the expected one.</summary>
    public static bool IsSolved(string expected, string answer) =>
        ExactEvaluator.Result(expected) is { } right && ExactEvaluator.Result(answer) == right;

    /// <summary>Whether the answer is the sentence, in either language, that says the photo cannot be read.</summary>
    public static bool IsRefusal(string answer)
    {
        var said = Letters(answer);
        return said == Letters(TaskPrompts.Unreadable("zh")) || said == Letters(TaskPrompts.Unreadable("en"));
    }

    private static string Letters(string text) => string.Concat(text.Where(char.IsLetter)).ToUpperInvariant();

    private static (bool Correct, int Errors, int Length) Plain(bool correct) => (correct, correct ? 0 : 1, 1);

    private static (bool Correct, int Errors, int Length) Compare<T>(IReadOnlyList<T> expected, IReadOnlyList<T> answer)
    {
        var errors = EditDistance.Between(expected, answer);
        return (errors == 0, errors, expected.Count);
    }

    /// <summary>The breaks between columns count for exactness, not for the character error rate.</summary>
    private static (bool Correct, int Errors, int Length) CompareText(string expected, string answer)
    {
        static string[] Columns(string text) => text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        static string[] Characters(string text) => [.. text.EnumerateRunes().Where(rune => !System.Text.Rune.IsWhiteSpace(rune)).Select(rune => rune.ToString())];
        var (_, errors, length) = Compare(Characters(expected), Characters(answer));
        return (Columns(expected).SequenceEqual(Columns(answer)), errors, length);
    }
}
