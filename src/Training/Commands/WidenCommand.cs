using System.CommandLine;
using EduVision.Model.Configuration;
using EduVision.Model.Network;
using EduVision.Model.Weights;
using EduVision.Training.Checkpoints;
using EduVision.Training.Learning;
using static TorchSharp.torch;

namespace EduVision.Training.Commands;

/// <summary><c>widen</c>: the same model with wider hidden states, to go on training with more room or to fill whole FP8 blocks.</summary>
public static class WidenCommand
{
    /// <summary>The command line.</summary>
    public static Command Create()
    {
        var start = new Option<DirectoryInfo>("--from") { Description = "The model folder.", Required = true };
        var output = new Option<DirectoryInfo>("--out") { Description = "Where the wider one is written.", Required = true };
        var hidden = new Option<int>("--hidden") { Description = "The new hidden size.", Required = true };
        var noise = new Option<double>("--noise") { Description = "What writes the new channels, relative to a fresh matrix: 0 keeps the function, more lets training use them." };
        var seed = new Option<int>("--seed") { Description = "Of the noise.", DefaultValueFactory = _ => 1 };
        var command = new Command("widen", "Make a model's hidden states wider without changing what it computes.") { start, output, hidden, noise, seed };
        command.SetAction(parsed => Run(parsed.GetRequiredValue(start).FullName, parsed.GetRequiredValue(output).FullName, parsed.GetValue(hidden), parsed.GetValue(noise), parsed.GetValue(seed)));
        return command;
    }

    private static int Run(string folder, string output, int hidden, double noise, int seed)
    {
        try
        {
            var config = ModelConfig.Load(folder);
            if (hidden < config.Text.HiddenSize)
            {
                Console.Error.WriteLine($"--hidden {hidden}: the model is {config.Text.HiddenSize} wide already.");
                return 1;
            }
            using var checkpoint = Checkpoint.Open(folder);
            using var widened = new WidenedStart(new CheckpointWeights(checkpoint, config, CPU, float32), config.Text.HiddenSize, hidden, noise, seed);
            using var weights = new TrainableWeights(CPU, float32, widened);
            var wider = WidenedStart.Widen(config, hidden);
            using var model = new Qwen3VL(wider, weights);
            ModelExporter.Save(output, wider, weights, folder, fp8: config.Quantization is not null);
            Console.WriteLine($"{config.Text.HiddenSize} to {hidden} wide, {weights.Count:N0} parameters, in {output}");
            return 0;
        }
        catch (ModelFileException error)
        {
            Console.Error.WriteLine(error.Message);
            return 1;
        }
    }
}
