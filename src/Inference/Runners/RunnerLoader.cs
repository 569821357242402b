using System.Runtime.InteropServices;
using EduVision.Inference.Cuda;
using EduVision.Inference.Cuda.Driver;
using EduVision.Inference.Hosting;
using EduVision.Inference.Runners.Torch;
using EduVision.Model.Configuration;
using EduVision.Model.Native;
using EduVision.Model.Network;
using Microsoft.Extensions.Options;
using static TorchSharp.torch;

namespace EduVision.Inference.Runners;

/// <summary>Which runner computes.</summary>
public enum RunnerKind
{
    /// <summary>Our kernels where there is a GPU that they can use, else torch.</summary>
    Auto,

    /// <summary>Torch operations, on any device: slower on a GPU, and the reference.</summary>
    Torch,

    /// <summary>Our kernels, or nothing.</summary>
    Cuda,
}

/// <summary>Loads libtorch, then the model into the runner that suits the device.</summary>
internal static class RunnerLoader
{
    // In the order in which they need each other; an installed PyTorch has them all in its torch/lib.
    private static readonly string[] Libraries = ["c10", "torch_cpu", "c10_cuda", "torch_cuda", "torch"];

    /// <summary>Loads the runner.</summary>
    public static ModelRunner Load(string directory, InferenceOptions options, ILogger logger)
    {
        PrepareTorch(options.TorchLibrary);
        var device = new Device(options.Device ?? (cuda.is_available() ? "cuda" : "cpu"));
        var isGpu = device.type == TorchSharp.DeviceType.CUDA;
        if (isGpu && !cuda.is_available())
            throw Refused(nameof(InferenceOptions.Device), $"{device} cannot be used: there is no GPU here, or this libtorch knows none. Take cpu, or give an installed PyTorch's torch/lib with --torch.");
        if (options.Runner == RunnerKind.Cuda && !isGpu) throw Refused(nameof(InferenceOptions.Runner), "Cuda needs a GPU; the device is a CPU. Take Auto or Torch.");
        ModelRunner? runner = isGpu && options.Runner != RunnerKind.Torch ? Cuda(directory, options, device, logger) : null;
        runner ??= Torch(directory, options, device);
        runner.WarmUp(ModelConfig.Load(directory).Vision);
        return runner;
    }

    /// <summary>Makes torch ready to be used.</summary>
    /// <param name="folder">The <c>torch/lib</c> of an installed PyTorch to take in place of the built-in libtorch.</param>
    public static void PrepareTorch(string? folder)
    {
        TorchLibrary.Prepare();
        if (folder is not null) LoadLibraries(folder);
    }

    private static CudaRunner? Cuda(string directory, InferenceOptions options, Device device, ILogger logger)
    {
        try
        {
            return CudaRunner.Load(directory, Math.Max(device.index, 0), options.KvTokens / options.BlockSize, options.BlockSize, options.StepTokens, options.MaxRunning, options.TorchLibrary);
        }
        catch (Exception exception) when (options.Runner == RunnerKind.Auto && exception is CudaException or NotSupportedException)
        {
            logger.LogWarning("The GPU kernels cannot be used, so torch computes, more slowly. {Reason}", exception.Message);
            return null;
        }
        catch (Exception exception) when (exception is CudaException or NotSupportedException)
        {
            throw Refused(nameof(InferenceOptions.Runner), $"{exception.Message} Take Auto or Torch.");
        }
    }

    private static TorchRunner Torch(string directory, InferenceOptions options, Device device)
    {
        var threads = options.Threads ?? Environment.ProcessorCount;
        set_num_threads(threads);
        var type = device.type == TorchSharp.DeviceType.CPU ? ScalarType.Float32 : ScalarType.BFloat16;
        Qwen3VL model;
        using (no_grad()) model = Qwen3VL.Load(directory, device, type);
        return new TorchRunner(model, options.KvTokens / options.BlockSize, options.BlockSize, threads);
    }

    private static OptionsValidationException Refused(string option, string reason) => new(option, typeof(InferenceOptions), [$"{option}: {reason}"]);

    private static void LoadLibraries(string folder)
    {
        foreach (var name in Libraries)
        {
            var path = Path.Combine(folder, RuntimeInformation.IsOSPlatform(OSPlatform.Windows) ? $"{name}.dll" : $"lib{name}.so");
            if (File.Exists(path)) NativeLibrary.Load(path);
        }
    }
}
