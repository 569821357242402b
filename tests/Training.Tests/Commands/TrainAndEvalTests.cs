using System.Text.Json;
using EduVision.Model.Configuration;
using EduVision.Training.Commands;
using EduVision.Training.Scoring;
using EduVision.Training.Tests.Learning;

namespace EduVision.Training.Tests.Commands;

/// <summary>The command lines a person types, on a tiny model and synthetic ink.</summary>
[Collection(OverfittedCollection.Name)]
public sealed class TrainAndEvalTests(OverfittedModel trained)
{
    [Fact]
    public void Train_goes_on_from_a_folder_and_writes_one_that_a_run_can_go_on_from_again()
    {
        var output = trained.Nano.At("more");
        Assert.Equal(0, TrainCommand.Create().Parse([.. Arguments(trained.Folder, output), "--steps", "2"]).Invoke());
        Assert.Equal(Directory.GetFiles(trained.Folder).Select(Path.GetFileName).Append("training.jsonl").Order(), Directory.GetFiles(output).Select(Path.GetFileName).Order());
        Assert.NotNull(ModelConfig.Load(output).Quantization);
        Assert.NotEqual(File.ReadAllBytes(Path.Combine(trained.Folder, "model.safetensors")), File.ReadAllBytes(Path.Combine(output, "model.safetensors")));
        Assert.Equal(0, TrainCommand.Create().Parse([.. Arguments(output, trained.Nano.At("most")), "--steps", "1"]).Invoke());
    }

    [Fact]
    public void A_piece_of_a_run_keeps_its_text_layers_in_bf16_and_the_last_stores_them_in_fp8()
    {
        var (piece, whole) = (trained.Nano.At("piece"), trained.Nano.At("whole"));
        Assert.Equal(0, TrainCommand.Create().Parse([.. Arguments(trained.Folder, piece), "--steps", "1", "--bf16", "--decay", "0"]).Invoke());
        Assert.Null(ModelConfig.Load(piece).Quantization);
        Assert.Equal(0, TrainCommand.Create().Parse([.. Arguments(piece, whole), "--steps", "1"]).Invoke());
        Assert.NotNull(ModelConfig.Load(whole).Quantization);
    }

    [Fact]
    public void Set_refuses_formulas_of_another_task() =>
        Assert.Equal(
            "--formulas goes with --task latex only.",
            Assert.Single(SetCommand.Create().Parse(["--out", trained.Nano.At("none"), "--assets", trained.Nano.Ink, "--task", "solve", "--formulas"]).Errors).Message);

    [Fact]
    public void Set_tells_lines_to_transcribe_from_general_formulas()
    {
        string Made(string name, params string[] more)
        {
            var set = trained.Nano.At(name);
            Assert.Equal(0, SetCommand.Create().Parse(["--out", set, "--assets", trained.Nano.Ink, "--task", "latex", "--count", "12", .. more]).Invoke());
            return string.Join('\n', EvaluationSet.Load(set).Select(row => row.Expected));
        }

        const string beyondLines = @"\sqrt|\^|_|\\(alpha|beta|theta|pi|lambda|leq|geq|neq|pm)|[abcyzmnkt<>]";
        var words = new System.Text.RegularExpressions.Regex(@"\\(frac|times|div)");
        Assert.DoesNotMatch(beyondLines, words.Replace(Made("lines"), ""));
        Assert.Matches(beyondLines, words.Replace(Made("formulas", "--formulas"), ""));
    }

    [Fact]
    public void Set_makes_held_out_photos_and_eval_writes_a_row_for_each()
    {
        var set = trained.Nano.At("set");
        foreach (var (task, count) in new[] { ("solve", 3), ("refuse", 1) })
        {
            Assert.Equal(0, SetCommand.Create().Parse(["--out", set, "--assets", trained.Nano.Ink, "--task", task, "--count", $"{count}"]).Invoke());
            var rows = EvaluationSet.Load(set);
            Assert.Equal((count, task), (rows.Count, Assert.Single(rows.Select(row => row.Task.ToString().ToLowerInvariant()).Distinct())));

            var predictions = trained.Nano.At($"{task}.jsonl");
            Assert.Equal(0, EvalCommand.Create().Parse(["--model", trained.Folder, "--set", set, "--out", predictions, "--max-tokens", "6"]).Invoke());
            var written = File.ReadLines(predictions).Select(line => JsonSerializer.Deserialize<JsonElement>(line)).ToList();
            Assert.Equal(rows.Select(row => (row.Image, row.Expected)), written.Select(row => (row.GetProperty("image").GetString()!, row.GetProperty("expected").GetString()!)));
        }
    }

    [Fact]
    public void The_same_seed_makes_the_same_set()
    {
        string[] sets = [trained.Nano.At("first"), trained.Nano.At("second")];
        foreach (var set in sets)
            Assert.Equal(0, SetCommand.Create().Parse(["--out", set, "--assets", trained.Nano.Ink, "--task", "latex", "--count", "2", "--seed", "9"]).Invoke());
        foreach (var name in new[] { "set.jsonl", "0000.png", "0001.png" })
            Assert.Equal(File.ReadAllBytes(Path.Combine(sets[0], name)), File.ReadAllBytes(Path.Combine(sets[1], name)));
    }

    private string[] Arguments(string start, string output) =>
    [
        "--from", start, "--out", output, "--assets", trained.Nano.Ink, "--vocabulary", trained.Nano.Vocabulary, "--tokens", "512", "--validate-every", "1", "--log-every", "1", "--workers", "2",
    ];
}
