using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace EduVision.Training.Scoring;

/// <summary>The scores of one task of a set.</summary>
/// <param name="Task">The task.</param>
/// <param name="Count">How many rows.</param>
/// <param name="Correct">How many right.</param>
/// <param name="Refused">How many the model said it cannot read.</param>
/// <param name="Errors">All edit errors: tokens for LaTeX, characters for text.</param>
/// <param name="Length">The length of all right answers, in the same unit.</param>
public sealed record TaskScore(EvaluationTask Task, int Count, int Correct, int Refused, int Errors, int Length)
{
    /// <summary>The share of right answers.</summary>
    public double Rate => Count == 0 ? 0 : (double)Correct / Count;

    /// <summary>The 95% interval of <see cref="Rate"/>.</summary>
    public Interval Interval => Interval.Wilson(Correct, Count);

    /// <summary>Token error rate (LaTeX) or character error rate (text), over the whole set.</summary>
    public double ErrorRate => (double)Errors / Math.Max(1, Length);
}

/// <summary>The scores of a set.</summary>
/// <param name="Tasks">One score a task that occurs.</param>
/// <param name="CalibrationError">Expected calibration error of the answers' confidence, ten bins.</param>
/// <param name="Worst">At most ten wrong answers: the most errors per length first, the surest first among equals.</param>
public sealed record ScoreReport(ImmutableArray<TaskScore> Tasks, double CalibrationError, ImmutableArray<ScoredRow> Worst)
{
    private const int WorstCases = 10;

    /// <summary>Sums up scored rows.</summary>
    public static ScoreReport Of(IEnumerable<ScoredRow> rows)
    {
        var all = rows.ToList();
        return new ScoreReport(
            [.. all.GroupBy(row => row.Task).OrderBy(group => group.Key).Select(group => new TaskScore(
                group.Key, group.Count(), group.Count(row => row.Correct), group.Count(row => row.Refused), group.Sum(row => row.Errors), group.Sum(row => row.Length)))],
            Calibration.ExpectedError(all.Select(row => (row.Confidence, row.Correct))),
            [.. all.Where(row => !row.Correct).OrderByDescending(row => row.ErrorRate).ThenByDescending(row => row.Confidence).Take(WorstCases)]);
    }

    /// <summary>The report as plain text.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var score in Tasks)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"{score.Task}: {score.Correct} of {score.Count} right = {score.Rate:P1} (95% {score.Interval.Low:P1} to {score.Interval.High:P1})");
            if (score.Task is EvaluationTask.Latex) text.Append(CultureInfo.InvariantCulture, $", token error rate {score.ErrorRate:P1}");
            if (score.Task is EvaluationTask.Transcribe) text.Append(CultureInfo.InvariantCulture, $", character error rate {score.ErrorRate:P1}");
            text.Append(CultureInfo.InvariantCulture, $", refused {score.Refused}").Append('\n');
        }
        text.Append(CultureInfo.InvariantCulture, $"Expected calibration error: {CalibrationError:F3}\n");
        foreach (var row in Worst)
            text.Append(CultureInfo.InvariantCulture, $"  {row.Image}: expected {OneLine(row.Expected)}, got {OneLine(row.Predicted)} (confidence {row.Confidence:F2})\n");
        return text.ToString();
    }

    private static string OneLine(string text) => text.ReplaceLineEndings(" / ");
}
