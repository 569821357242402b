using System.Text.Json;

namespace EduVision.Training.Scoring;

/// <summary>How an answer is held against what was expected.</summary>
public enum EvaluationTask
{
    /// <summary>LaTeX of a formula: normalised exact match, token error rate.</summary>
    Latex,

    /// <summary>Text: exact match, character error rate.</summary>
    Transcribe,

    /// <summary>A result: the value after the last <c>=</c>.</summary>
    Solve,

    /// <summary>A photo that cannot be read: refusing is right.</summary>
    Refuse,
}

/// <summary>One row of a <c>set.jsonl</c>.</summary>
/// <param name="Image">The image's path as the file has it, relative to the set's folder.</param>
/// <param name="Path">The image's full path.</param>
/// <param name="Task">How it is scored.</param>
/// <param name="Expected">The right answer.</param>
public sealed record EvaluationRow(string Image, string Path, EvaluationTask Task, string Expected);

/// <summary>A <c>set.jsonl</c> that cannot be used; the message names the file, the row and what to do.</summary>
public sealed class EvaluationSetException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Reads an evaluation set: a folder with images and a <c>set.jsonl</c> of rows <c>{image, task, expected}</c>.</summary>
public static class EvaluationSet
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>All rows, in the order of the file.</summary>
    /// <exception cref="EvaluationSetException">The file is missing or empty, or a row of it is bad.</exception>
    public static IReadOnlyList<EvaluationRow> Load(string directory)
    {
        var path = Path.Combine(directory, "set.jsonl");
        if (!File.Exists(path)) throw new EvaluationSetException($"{path}: not found. An evaluation set is a folder with a set.jsonl beside its images.");
        var rows = File.ReadLines(path)
            .Select((line, index) => (Line: line, Row: index + 1))
            .Where(numbered => !string.IsNullOrWhiteSpace(numbered.Line))
            .Select(numbered => Parse(directory, $"{path}, row {numbered.Row}", numbered.Line))
            .ToList();
        return rows.Count > 0 ? rows : throw new EvaluationSetException($"{path}: no rows in it.");
    }

    private static EvaluationRow Parse(string directory, string place, string line)
    {
        Fields? fields;
        try
        {
            fields = JsonSerializer.Deserialize<Fields>(line, Json);
        }
        catch (JsonException fault)
        {
            throw new EvaluationSetException($"{place}: not a JSON object of texts ({fault.Message})", fault);
        }
        if (string.IsNullOrWhiteSpace(fields?.Image)) throw new EvaluationSetException($"{place}: \"image\" is missing or empty.");
        if (string.IsNullOrWhiteSpace(fields.Expected)) throw new EvaluationSetException($"{place}: \"expected\" is missing or empty.");
        if (string.IsNullOrEmpty(fields.Task) || !char.IsAsciiLetter(fields.Task[0]) || !Enum.TryParse<EvaluationTask>(fields.Task, ignoreCase: true, out var task))
        {
            throw new EvaluationSetException(
                $"{place}: \"task\" is '{fields.Task}'; it has to be one of {string.Join(", ", Enum.GetNames<EvaluationTask>()).ToLowerInvariant()}.");
        }
        var image = Path.GetFullPath(Path.Combine(directory, fields.Image));
        if (!File.Exists(image)) throw new EvaluationSetException($"{place}: the image {image} does not exist.");
        return new EvaluationRow(fields.Image, image, task, fields.Expected);
    }

    private sealed record Fields(string? Image, string? Task, string? Expected);
}
