using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using EduVision.Training.Data;
using EduVision.Training.Problems;
using EduVision.Training.Rendering;
using EduVision.Training.Scoring;
using SkiaSharp;

namespace EduVision.Training.Commands;

/// <summary><c>set</c>: held-out photos in a folder with their <c>set.jsonl</c>, to measure models on.</summary>
public static class SetCommand
{
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The command line.</summary>
    public static Command Create()
    {
        var output = new Option<DirectoryInfo>("--out") { Description = "The folder to make.", Required = true };
        var assets = new Option<FileInfo>("--assets") { Description = "Ink made by the assets command.", Required = true };
        var task = new Option<EvaluationTask>("--task") { Description = "solve, latex, transcribe or refuse.", Required = true };
        var count = new Option<int>("--count") { Description = "Photos.", DefaultValueFactory = _ => 200 };
        var seed = new Option<int>("--seed") { Description = "Same seed, same set.", DefaultValueFactory = _ => 1 };
        var formulas = new Option<bool>("--formulas") { Description = "With latex: general formulas instead of lines of arithmetic and equations." };
        var seen = new Option<bool>("--training-ink") { Description = "Draw with training's ink instead of held-out ink: photos that are new, by hands that are not." };
        var command = new Command("set", "Make a set of held-out photos.") { output, assets, task, formulas, count, seed, seen };
        command.Validators.Add(parsed =>
        {
            // No problem would ever be one, and the search for them would not end.
            if (parsed.GetValue(formulas) && parsed.GetValue(task) != EvaluationTask.Latex) parsed.AddError("--formulas goes with --task latex only.");
        });
        command.SetAction(parsed => Make(parsed.GetValue(output)!.FullName, InkAssets.Load(parsed.GetValue(assets)!.FullName),
            problem => TaskOf(problem) == parsed.GetValue(task) && (problem.Kind == ProblemKind.MathLine) == parsed.GetValue(formulas),
            parsed.GetValue(count), ProblemMix.Mix(parsed.GetValue(seed), (int)parsed.GetValue(task)), !parsed.GetValue(seen)));
        return command;
    }

    private static void Make(string directory, InkAssets assets, Func<Problem, bool> wanted, int count, int seed, bool heldOut)
    {
        Directory.CreateDirectory(directory);
        using var renderer = new PhotoRenderer(assets);
        using var rows = new StreamWriter(Path.Combine(directory, "set.jsonl"));
        var random = new Random(seed);
        for (var i = 0; i < count; i++)
        {
            var size = PhotoSize.Draw(random);
            var problem = ProblemMix.Default.Sample(random);
            while (!wanted(problem) || !PictureRequest.Fits(problem.Picture, size, assets, heldOut))
            {
                problem = ProblemMix.Default.Sample(random);
                size = PhotoSize.Draw(random);
            }
            var photo = renderer.Render(PictureRequest.Of(problem.Picture, size, heldOut, random), (ulong)random.NextInt64());
            var name = $"{i:D4}.png";
            WritePng(Path.Combine(directory, name), photo);
            rows.WriteLine(JsonSerializer.Serialize(new { image = name, task = TaskOf(problem)!.Value.ToString().ToLowerInvariant(), expected = problem.Expected }, Json));
        }
        Console.WriteLine($"{count} photos in {directory}");
    }

    // Null: asked to solve what it can only read; its answer is neither a result nor a plain transcription.
    private static EvaluationTask? TaskOf(Problem problem) => (problem.Kind, problem.Task) switch
    {
        (ProblemKind.Unreadable, _) => EvaluationTask.Refuse,
        (ProblemKind.Columns, ProblemTask.Transcribe) => EvaluationTask.Transcribe,
        (ProblemKind.Arithmetic or ProblemKind.Equation, ProblemTask.Solve) => EvaluationTask.Solve,
        (_, ProblemTask.Transcribe) => EvaluationTask.Latex,
        _ => null,
    };

    private static void WritePng(string path, Photo photo)
    {
        using var bitmap = new SKBitmap(photo.Width, photo.Height, SKColorType.Rgb888x, SKAlphaType.Opaque);
        var pixels = bitmap.GetPixelSpan();
        var writable = new byte[pixels.Length];
        for (int i = 0, o = 0; i < photo.Rgb.Length; i += 3, o += 4)
        {
            writable[o] = photo.Rgb[i];
            writable[o + 1] = photo.Rgb[i + 1];
            writable[o + 2] = photo.Rgb[i + 2];
            writable[o + 3] = 255;
        }
        System.Runtime.InteropServices.Marshal.Copy(writable, 0, bitmap.GetPixels(), writable.Length);
        using var file = File.Create(path);
        bitmap.Encode(file, SKEncodedImageFormat.Png, 100);
    }
}
