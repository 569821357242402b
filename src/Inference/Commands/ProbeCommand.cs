using System.CommandLine;
using EduVision.Inference.Cuda;
using EduVision.Inference.Cuda.Driver;
using EduVision.Inference.Runners;
using EduVision.Model.Configuration;
using EduVision.Model.Imaging;
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
        var layers = new Option<bool>("--layers") { Description = "Also writes the hidden states behind every layer of the text model." };
        var device = new Option<string>("--device") { Description = "cpu or cuda.", DefaultValueFactory = _ => "cpu" };
        var runner = new Option<RunnerKind>("--runner")
        {
            Description = "On a GPU: torch, or cuda (our kernels; logits are not written). Auto is cuda with --layers, else torch.", DefaultValueFactory = _ => RunnerKind.Auto,
        };
        var torchLibrary = new Option<string?>("--torch") { Description = "Folder with the libtorch of an installed PyTorch (torch/lib)." };
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
            model, messages, output, greedy, layers, device, runner, torchLibrary,
        };
        command.SetAction(parsed =>
        {
            var onGpu = parsed.GetValue(device) == "cuda";
            var kind = parsed.GetValue(runner);
            if (kind == RunnerKind.Cuda && !onGpu)
            {
                Console.Error.WriteLine("--runner cuda needs --device cuda.");
                return 1;
            }

            if (kind == RunnerKind.Auto) kind = onGpu && parsed.GetValue(layers) ? RunnerKind.Cuda : RunnerKind.Torch;
            return Run(kind, parsed.GetRequiredValue(model).FullName, parsed.GetRequiredValue(messages).FullName, parsed.GetRequiredValue(output).FullName,
                parsed.GetValue(greedy), parsed.GetValue(layers), parsed.GetValue(device)!, parsed.GetValue(torchLibrary));
        });
        return command;
    }

    private static int Run(RunnerKind kind, string model, string messages, string output, int greedy, bool layers, string device, string? torchLibrary)
    {
        try
        {
            RunnerLoader.PrepareTorch(torchLibrary);
            using ProbeResult result = kind == RunnerKind.Cuda
                ? CudaProbe.Run(model, messages, greedy, layers, torchLibrary)
                : InTorch(model, messages, greedy, layers, device);
            result.Save(output);
            Console.WriteLine($"{result.InputIds.shape[0]} tokens, {result.ImageGrids.shape[0]} images, {greedy} greedy tokens -> {output}");
            return 0;
        }
        catch (Exception exception) when (exception is ModelFileException or ImageException or FormatException or ArgumentException or IOException or CudaException or NotSupportedException)
        {
            Console.Error.WriteLine(exception.Message);
            return 1;
        }
    }

    private static ProbeResult InTorch(string model, string messages, int greedy, bool layers, string device)
    {
        // Parity with the reference is a matter of float32 on a CPU; on a GPU 32 bits an entry would not hold an 8B model.
        using Probe probe = Probe.Load(model, new Device(device), device == "cpu" ? ScalarType.Float32 : ScalarType.BFloat16);
        return probe.Run(messages, greedy, layers);
    }
}
