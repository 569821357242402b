using System.Text.Json;

namespace EduVision.Training.Learning;

/// <summary>One line of a run's log.</summary>
/// <param name="Step">From 0.</param>
/// <param name="Seconds">Since the start.</param>
/// <param name="Loss">Mean cross entropy of the step's batch.</param>
/// <param name="GradientNorm">Before clipping.</param>
/// <param name="LearningRate">Of the step.</param>
/// <param name="Examples">Seen so far.</param>
/// <param name="ExamplesPerSecond">Since the last line.</param>
/// <param name="BatchesReady">Near zero: the data is the bottleneck.</param>
public sealed record StepEntry(long Step, double Seconds, float Loss, float GradientNorm, double LearningRate, long Examples, double ExamplesPerSecond, int BatchesReady);

/// <summary>A run's curve: JSON lines in a file, and a short form on the console.</summary>
public sealed class TrainingLog : IDisposable
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };
    private readonly StreamWriter file;

    /// <summary>Appends to the file at <paramref name="path"/>.</summary>
    public TrainingLog(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        file = new StreamWriter(path, append: true) { AutoFlush = true };
    }

    /// <summary>A step was made.</summary>
    public void Stepped(StepEntry entry)
    {
        file.WriteLine(JsonSerializer.Serialize(entry, Json));
        Console.WriteLine($"step {entry.Step,6}  {entry.Seconds,6:F0} s  loss {entry.Loss:F4}  norm {entry.GradientNorm:F2}  rate {entry.LearningRate:E1}  {entry.ExamplesPerSecond:F0} examples/s  {entry.BatchesReady} ready");
    }

    /// <summary>Held-out ink was looked at.</summary>
    public void Validated(long step, TimeSpan elapsed, IReadOnlyDictionary<string, (int Right, int Count)> scores)
    {
        var shares = scores.ToDictionary(score => score.Key, score => Math.Round(score.Value.Right / (double)score.Value.Count, 4));
        file.WriteLine(JsonSerializer.Serialize(new { step, seconds = elapsed.TotalSeconds, heldOut = shares }, Json));
        Console.WriteLine($"step {step,6}  held out: " + string.Join("  ", scores.Select(score => $"{score.Key} {score.Value.Right}/{score.Value.Count}")));
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();
}
