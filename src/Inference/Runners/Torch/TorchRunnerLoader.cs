using System.Runtime.InteropServices;
using EduVision.Inference.Hosting;
using EduVision.Model.Native;
using EduVision.Model.Network;
using Microsoft.Extensions.Options;
using static TorchSharp.torch;

namespace EduVision.Inference.Runners.Torch;

/// <summary>Loads libtorch, then the model onto the device asked for.</summary>
internal static class TorchRunnerLoader
{
    // In the order in which they need each other; an installed PyTorch has them all in its torch/lib.
    private static readonly string[] Libraries = ["c10", "torch_cpu", "c10_cuda", "torch_cuda", "torch"];

    /// <summary>Loads the runner.</summary>
    public static TorchRunner Load(string directory, InferenceOptions options)
    {
        TorchLibrary.Prepare();
        if (options.TorchLibrary is { } folder) LoadLibraries(folder);
        var threads = options.Threads ?? Environment.ProcessorCount;
        set_num_threads(threads);
        var device = new Device(options.Device ?? (cuda.is_available() ? "cuda" : "cpu"));
        if (device.type == TorchSharp.DeviceType.CUDA && !cuda.is_available())
            throw new OptionsValidationException(
                nameof(InferenceOptions.Device), typeof(InferenceOptions),
                [$"Device: {device} cannot be used: there is no GPU here, or this libtorch knows none. Take cpu, or give an installed PyTorch's torch/lib with --torch."]);
        var type = device.type == TorchSharp.DeviceType.CPU ? ScalarType.Float32 : ScalarType.BFloat16;
        Qwen3VL model;
        using (no_grad()) model = Qwen3VL.Load(directory, device, type);
        var runner = new TorchRunner(model, options.KvTokens / options.BlockSize, options.BlockSize, threads);
        runner.WarmUp();
        return runner;
    }

    private static void LoadLibraries(string folder)
    {
        foreach (var name in Libraries)
        {
            var path = Path.Combine(folder, RuntimeInformation.IsOSPlatform(OSPlatform.Windows) ? $"{name}.dll" : $"lib{name}.so");
            if (File.Exists(path)) NativeLibrary.Load(path);
        }
    }
}
