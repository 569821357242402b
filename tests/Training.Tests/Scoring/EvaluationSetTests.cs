using EduVision.Training.Scoring;

namespace EduVision.Training.Tests.Scoring;

public sealed class EvaluationSetTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("evaluation-set");

    public EvaluationSetTests() => File.WriteAllBytes(Path.Combine(_folder.FullName, "0.png"), [1]);

    [Fact]
    public void Rows_are_read_in_order_with_full_paths_and_blank_lines_are_skipped()
    {
        Write("""
            {"image": "0.png", "task": "latex", "expected": "18"}

            {"image": "0.png", "task": "transcribe", "expected": "一"}
            """);
        var rows = EvaluationSet.Load(_folder.FullName);
        Assert.Equal([EvaluationTask.Latex, EvaluationTask.Transcribe], rows.Select(row => row.Task));
        Assert.Equal(("0.png", Path.Combine(_folder.FullName, "0.png"), "18"), (rows[0].Image, rows[0].Path, rows[0].Expected));
    }

    [Theory]
    [InlineData("not json", "not a JSON object")]
    [InlineData("""{"image": 3, "task": "latex", "expected": "1"}""", "not a JSON object")]
    [InlineData("""{"task": "latex", "expected": "1"}""", "\"image\" is missing")]
    [InlineData("""{"image": "0.png", "task": "latex", "expected": ""}""", "\"expected\" is missing")]
    [InlineData("""{"image": "0.png", "task": "guess", "expected": "1"}""", "'guess'")]
    [InlineData("""{"image": "0.png", "task": "1", "expected": "1"}""", "'1'")]
    [InlineData("""{"image": "9.png", "task": "latex", "expected": "1"}""", "9.png does not exist")]
    [InlineData("null", "\"image\" is missing")]
    public void A_bad_row_is_named_with_file_and_number(string row, string reason)
    {
        Write("""{"image": "0.png", "task": "latex", "expected": "18"}""" + "\n\n" + row);
        var fault = Assert.Throws<EvaluationSetException>(() => EvaluationSet.Load(_folder.FullName));
        Assert.StartsWith($"{Path.Combine(_folder.FullName, "set.jsonl")}, row 3: ", fault.Message, StringComparison.Ordinal);
        Assert.Contains(reason, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_or_empty_file_is_named()
    {
        Assert.Contains("set.jsonl: not found", Assert.Throws<EvaluationSetException>(() => EvaluationSet.Load(_folder.FullName)).Message, StringComparison.Ordinal);
        Write("\n");
        Assert.Contains("no rows", Assert.Throws<EvaluationSetException>(() => EvaluationSet.Load(_folder.FullName)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private void Write(string rows) => File.WriteAllText(Path.Combine(_folder.FullName, "set.jsonl"), rows);
}
