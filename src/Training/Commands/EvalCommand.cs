using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using EduVision.Model.Chat;
using EduVision.Model.Imaging;
using EduVision.Training.Evaluation;
using EduVision.Training.Scoring;
using TorchSharp;
using static TorchSharp.torch;

namespace EduVision.Training.Commands;

/// <summary><c>eval</c>: scores of a model folder on a set of photos, and a row for each of them.</summary>
public static class EvalCommand
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The command line.</summary>
    public static Command Create()
    {
        var model = new Option<DirectoryInfo>("--model") { Description = "The model folder.", Required = true };
        var set = new Option<DirectoryInfo>("--set") { Description = "A folder with set.jsonl and its images.", Required = true };
        var output = new Option<FileInfo>("--out") { Description = "Predictions, a JSON row an image.", Required = true };
        var device = new Option<string>("--device") { Description = "cpu or cuda.", DefaultValueFactory = _ => "cpu" };
        var maxTokens = new Option<int>("--max-tokens") { Description = "Most tokens of one answer, reasoning included.", DefaultValueFactory = _ => 600 };
        var batch = new Option<int>("--batch") { Description = "Most photos at once.", DefaultValueFactory = _ => 32 };
        var command = new Command("eval", "Measure a model on a set of photos.") { model, set, output, device, maxTokens, batch };
        command.SetAction(parsed =>
        {
            var rows = EvaluationSet.Load(parsed.GetValue(set)!.FullName);
            var on = torch.device(parsed.GetValue(device)!);
            using var reader = new GreedyReader(parsed.GetValue(model)!.FullName, on, float32);
            var requests = rows.AsParallel().AsOrdered().Select(row => new ReadingRequest(
                reader.Processor.Images.Process(File.ReadAllBytes(row.Path), new ImageLimits()), Instruction(row))).ToList();
            var readings = reader.Read(requests, parsed.GetValue(maxTokens), parsed.GetValue(batch), done => Console.Error.Write($"\r{done}/{rows.Count} "));
            Console.Error.WriteLine();
            var predictions = rows.Zip(readings, (row, reading) => new Prediction(row, reading.Answer, reading.Confidence)).ToList();
            using (var file = new StreamWriter(parsed.GetValue(output)!.FullName))
            {
                foreach (var (prediction, reading) in predictions.Zip(readings))
                {
                    var scored = Scorer.Score(prediction);
                    file.WriteLine(JsonSerializer.Serialize(
                        new { scored.Image, scored.Expected, scored.Predicted, scored.Correct, scored.Confidence, reading.Reasoning }, Json));
                }
            }
            Console.WriteLine(ScoreReport.Of(predictions.Select(Scorer.Score)));
            return 0;
        });
        return command;
    }

    // The sentences the model is trained on; a Chinese text is asked for in Chinese.
    private static string Instruction(EvaluationRow row) => row.Task switch
    {
        EvaluationTask.Transcribe => TaskPrompts.Transcribe("zh"),
        EvaluationTask.Latex => TaskPrompts.Transcribe("en"),
        _ => TaskPrompts.Solve("en"),
    };
}
