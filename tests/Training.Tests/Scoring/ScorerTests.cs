using System.Text.Json;
using EduVision.Training.Scoring;

namespace EduVision.Training.Tests.Scoring;

public sealed class ScorerTests
{
    [Theory]
    [InlineData("x^{2}", "$x^2$", true, 0)]
    [InlineData("x^{2}", "$x^3$", false, 1)]
    [InlineData("12+3", "$12+$", false, 1)]
    [InlineData("12", "I can't read this.", false, 15)]
    public void Latex_counts_as_normalised(string expected, string answer, bool correct, int errors)
    {
        var row = Score(EvaluationTask.Latex, expected, answer);
        Assert.Equal((correct, errors), (row.Correct, row.Errors));
    }

    [Theory]
    [InlineData("春眠\n不觉", "春眠\n不觉\n", true, 0)]
    [InlineData("春眠\n不觉", "春眠不觉", false, 0)]
    [InlineData("春眠\n不觉", "春眼\n不觉", false, 1)]
    [InlineData("春", "春天", false, 1)]
    public void Text_counts_exactly_and_by_character(string expected, string answer, bool correct, int errors)
    {
        var row = Score(EvaluationTask.Transcribe, expected, answer);
        Assert.Equal((correct, errors), (row.Correct, row.Errors));
        Assert.Equal(expected.Count(character => character != '\n'), row.Length);
    }

    [Theory]
    [InlineData("33", "$12+21=33$", true)]
    [InlineData("33", "$12+21=34$", false)]
    [InlineData("33", "$12+21$", false)]
    [InlineData(@"x=\frac{3}{2}", @"$x=\frac{6}{4}$", true)]
    [InlineData(@"x=\frac{3}{2}", @"$x=-\frac{3}{2}$", false)]
    public void A_solution_counts_by_its_exact_value(string expected, string answer, bool correct)
    {
        Assert.Equal(correct, Score(EvaluationTask.Solve, expected, answer).Correct);
    }

    [Theory]
    [InlineData("I can't read this.", true)]
    [InlineData("i can’t read this", true)]
    [InlineData("我看不清这张图片。", true)]
    [InlineData("$1+1=2$", false)]
    [InlineData("", false)]
    public void A_refusal_is_known_in_both_languages(string answer, bool refused)
    {
        var row = Score(EvaluationTask.Refuse, "I can't read this.", answer);
        Assert.Equal((refused, refused), (row.Refused, row.Correct));
    }

    [Fact]
    public void A_row_of_predictions_has_the_five_fields()
    {
        var json = JsonSerializer.Serialize(Score(EvaluationTask.Solve, "2", "$1+1=2$"), JsonSerializerOptions.Web);
        using var parsed = JsonDocument.Parse(json);
        Assert.Equal(["image", "expected", "predicted", "correct", "confidence"], parsed.RootElement.EnumerateObject().Select(field => field.Name));
    }

    [Fact]
    public void The_report_sums_up_each_task_and_names_the_worst()
    {
        var rows = Enumerable.Range(0, 30).Select(i => Score(EvaluationTask.Latex, "12", i < 18 ? "12" : i < 29 ? "13" : "456", $"{i}.png"))
            .Append(Score(EvaluationTask.Transcribe, "春", "春", "c.png")).ToList();
        var report = ScoreReport.Of(rows);
        Assert.Equal([EvaluationTask.Latex, EvaluationTask.Transcribe], report.Tasks.Select(score => score.Task));
        var latex = report.Tasks[0];
        Assert.Equal((30, 18, 0), (latex.Count, latex.Correct, latex.Refused));
        Assert.Equal((11 + 3) / 60.0, latex.ErrorRate, 10);
        Assert.Equal(10, report.Worst.Length);
        Assert.Equal("29.png", report.Worst[0].Image);
        Assert.Contains("Latex: 18 of 30 right", report.ToString(), StringComparison.Ordinal);
        Assert.Contains("29.png: expected 12, got 456", report.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 0, 0, 1)]
    [InlineData(8, 10, 0.4902, 0.9433)]
    [InlineData(0, 20, 0, 0.1611)]
    [InlineData(20, 20, 0.8389, 1)]
    public void Wilsons_interval_matches_published_values(int successes, int count, double low, double high)
    {
        var interval = Interval.Wilson(successes, count);
        Assert.Equal(low, interval.Low, 4);
        Assert.Equal(high, interval.High, 4);
    }

    [Fact]
    public void Calibration_error_is_the_weighted_gap_of_the_bins()
    {
        // Bin 0.9: three of four right, gap 0.15; bin 0.2: one of one right, gap 0.8.
        (double, bool)[] outcomes = [(0.9, true), (0.9, true), (0.9, true), (0.9, false), (0.2, true)];
        Assert.Equal((4 * 0.15 + 0.8) / 5, Calibration.ExpectedError(outcomes), 10);
        Assert.Equal(0, Calibration.ExpectedError([(1.0, true), (1.0, true)]));
        Assert.Equal(0, Calibration.ExpectedError([]));
    }

    [Theory]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("", "abc", 3)]
    [InlineData("abc", "", 3)]
    [InlineData("abc", "abc", 0)]
    public void Edit_distance_is_Levenshteins(string a, string b, int distance)
    {
        Assert.Equal(distance, EditDistance.Between([.. a], b.ToCharArray()));
    }

    private static ScoredRow Score(EvaluationTask task, string expected, string answer, string image = "0.png") =>
        Scorer.Score(new Prediction(new EvaluationRow(image, "/set/" + image, task, expected), answer, 0.5));
}
