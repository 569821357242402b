using System.CommandLine;
using EduVision.Model.Configuration;
using EduVision.Model.Imaging;
using EduVision.Model.Native;
using EduVision.Model.Probing;
using static TorchSharp.torch;

namespace EduVision.Inference.Commands;

/// <summary><c>probe</c>: one conversation through a checkpoint, every number on the way written to a file.</summary>
internal static class ProbeCommand
{
    public static Command Create()
    {
        var model = new Option<DirectoryInfo>("--model") { Description = "Checkpoint folder.", Required = true };
        var messages = new Option<FileInfo>("--messages") { Description = "Conversation as JSON; image paths are relative to it.", Required = true };
        var output = new Option<FileInfo>("--out") { Description = "Safetensors file to write.", Required = true };
        var greedy = new Option<int>("--greedy") { Description = "Tokens to generate, the likeliest each time.", DefaultValueFactory = _ => 24 };
        var device = new Option<string>("--device") { Description = "cpu or cuda.", DefaultValueFactory = _ => "cpu" };
        greedy.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 0)
            {
                result.AddError("--greedy is at least 0.");
            }
        });
        device.AcceptOnlyFromAmong("cpu", "cuda");
        var command = new Command("probe", "Runs one conversation through a checkpoint and writes ids, positions, pixels, logits and greedy tokens.")
        {
            model, messages, output, greedy, device,
        };
        command.SetAction(parsed => Run(
            parsed.GetRequiredValue(model), parsed.GetRequiredValue(messages), parsed.GetRequiredValue(output), parsed.GetValue(greedy), parsed.GetValue(device)!));
        return command;
    }

    private static int Run(DirectoryInfo model, FileInfo messages, FileInfo output, int greedy, string device)
    {
        try
        {
            TorchLibrary.Prepare();
            // Parity with the reference is a matter of float32 on a CPU; on a GPU 32 bits an entry would not hold an 8B model.
            using Probe probe = Probe.Load(model.FullName, new Device(device), device == "cpu" ? ScalarType.Float32 : ScalarType.BFloat16);
            using ProbeResult result = probe.Run(messages.FullName, greedy);
            result.Save(output.FullName);
            Console.WriteLine($"{result.InputIds.shape[0]} tokens, {result.ImageGrids.shape[0]} images, {greedy} greedy tokens -> {output.FullName}");
            return 0;
        }
        catch (Exception exception) when (exception is ModelFileException or ImageException or FormatException or ArgumentException or IOException)
        {
            Console.Error.WriteLine(exception.Message);
            return 1;
        }
    }
}
