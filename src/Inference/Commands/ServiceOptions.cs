using System.CommandLine;
using EduVision.Inference.Hosting;
using EduVision.Inference.Runners;

namespace EduVision.Inference.Commands;

/// <summary>What all commands that run the model can be told; the rest is configuration (section <c>Inference</c>).</summary>
internal sealed class ServiceOptions
{
    public Option<string?> Model { get; } = new("--model") { Description = "Folder of a Qwen3-VL checkpoint; models/nano if not given." };
    public Option<string?> Device { get; } = new("--device") { Description = "cpu, cuda or cuda:N; a GPU if there is one." };
    public Option<RunnerKind?> Runner { get; } = new("--runner") { Description = "On a GPU: auto, torch or cuda (our kernels)." };
    public Option<int?> Threads { get; } = new("--threads") { Description = "Threads of a CPU; one per core." };
    public Option<string?> Memory { get; } = new("--memory") { Description = "GPU memory for everything, such as 24GiB; nine tenths of what is free if not given." };
    public Option<string?> TorchLibrary { get; } = new("--torch") { Description = "Folder with the libtorch of an installed PyTorch (torch/lib)." };

    public void AddTo(Command command)
    {
        command.Options.Add(Model);
        command.Options.Add(Device);
        command.Options.Add(Runner);
        command.Options.Add(Threads);
        command.Options.Add(Memory);
        command.Options.Add(TorchLibrary);
    }

    public void Apply(ParseResult parsed, InferenceOptions options)
    {
        options.ModelDirectory = parsed.GetValue(Model) ?? options.ModelDirectory;
        options.Device = parsed.GetValue(Device) ?? options.Device;
        options.Runner = parsed.GetValue(Runner) ?? options.Runner;
        options.Threads = parsed.GetValue(Threads) ?? options.Threads;
        options.Memory = parsed.GetValue(Memory) ?? options.Memory;
        options.TorchLibrary = parsed.GetValue(TorchLibrary) ?? options.TorchLibrary;
    }
}
