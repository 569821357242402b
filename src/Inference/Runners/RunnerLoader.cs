using System.Runtime.InteropServices;
using EduVision.Inference.Cuda;
using EduVision.Inference.Cuda.Driver;
using EduVision.Inference.Hosting;
using EduVision.Inference.Runners.Torch;
using EduVision.Model.Configuration;
using EduVision.Model.Native;
using EduVision.Model.Network;
using EduVision.Model.Weights;
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

/// <summary>Loads libtorch, decides where the model runs and in how much memory, then loads it there.</summary>
internal static class RunnerLoader
{
    // In the order in which they need each other; an installed PyTorch has them all in its torch/lib.
    private static readonly string[] Libraries = ["c10", "torch_cpu", "c10_cuda", "torch_cuda", "torch"];

    /// <summary>Decides where the model runs.</summary>
    /// <exception cref="OptionsValidationException">It cannot run as the options ask; the message says what helps.</exception>
    public static Placement Place(ServedModel model, InferenceOptions options, ILogger logger)
    {
        PrepareTorch(options.TorchLibrary);
        var device = new Device(options.Device ?? (cuda.is_available() ? "cuda" : "cpu"));
        var isGpu = device.type == TorchSharp.DeviceType.CUDA;
        if (isGpu && !cuda.is_available())
            throw Refused(nameof(InferenceOptions.Device), $"{device} cannot be used: there is no GPU here, or this libtorch knows none. Take cpu, or give an installed PyTorch's torch/lib with --torch.");
        if (options.Runner == RunnerKind.Cuda && !isGpu) throw Refused(nameof(InferenceOptions.Runner), "Cuda needs a GPU; the device is a CPU. Take Auto or Torch.");
        if (options.Memory is not null && !isGpu) throw Refused(nameof(InferenceOptions.Memory), "a budget is for a GPU; the device is a CPU. Leave it out, and choose KvTokens if the machine is small.");
        if (options.Memory is not null && options.Runner == RunnerKind.Torch) throw Refused(nameof(InferenceOptions.Memory), "only our kernels hold a budget. Take Runner Auto or Cuda, or leave the budget out.");
        if (!isGpu || options.Runner == RunnerKind.Torch) return Placement.Unplanned(options, device.ToString());
        try
        {
            return OnGpu(model, options, Math.Max(device.index, 0));
        }
        catch (Exception exception) when (exception is CudaException or NotSupportedException)
        {
            if (options.Runner == RunnerKind.Cuda) throw Refused(nameof(InferenceOptions.Runner), $"{exception.Message} Take Auto or Torch.");
            if (options.Memory is not null) throw Refused(nameof(InferenceOptions.Memory), $"only our kernels hold a budget, and they cannot be used here. {exception.Message}");
            logger.LogWarning("The GPU kernels cannot be used, so torch computes, more slowly. {Reason}", exception.Message);
            return Placement.Unplanned(options, device.ToString());
        }
    }

    /// <summary>Loads the runner.</summary>
    /// <exception cref="OptionsValidationException">The kernels cannot be used after all.</exception>
    public static ModelRunner Load(ServedModel model, InferenceOptions options, Placement placement, ILogger logger)
    {
        ModelRunner runner = placement.Runner == RunnerKind.Cuda ? Cuda(model.Directory, options, placement) : Torch(model.Directory, options, placement);
        runner.WarmUp(model.Config.Vision);
        if (placement.Memory is { } plan) logger.LogInformation("{Card}: {Plan}; in use after the start {Used}", placement.Card!.Name, plan, ByteSize.Show(runner.UsedBytes() ?? 0));
        return runner;
    }

    /// <summary>Makes torch ready to be used.</summary>
    /// <param name="folder">The <c>torch/lib</c> of an installed PyTorch to take in place of the built-in libtorch.</param>
    public static void PrepareTorch(string? folder)
    {
        TorchLibrary.Prepare();
        if (folder is not null) LoadLibraries(folder);
    }

    private static Placement OnGpu(ServedModel model, InferenceOptions options, int ordinal)
    {
        using (var checkpoint = Checkpoint.Open(model.Directory)) CudaRunner.Check(checkpoint, model.Config, options.BlockSize, options.HeadType, options.TorchLibrary);
        return Plan(model.Config, model.Chat.Images.Config.MaxPixels, options, ordinal);
    }

    /// <summary>Plans the memory of a GPU where our kernels run.</summary>
    /// <param name="config">The model's sizes.</param>
    /// <param name="imagePixels">Pixels of the largest image.</param>
    /// <param name="options">What is asked for.</param>
    /// <param name="ordinal">Which GPU.</param>
    /// <exception cref="OptionsValidationException">It does not fit; the message says what helps.</exception>
    /// <exception cref="CudaException">There is no such GPU.</exception>
    internal static Placement Plan(ModelConfig config, long imagePixels, InferenceOptions options, int ordinal)
    {
        var card = CardMemory.Look(ordinal);
        if (options.MemoryBytes > card.Free)
            throw Refused(nameof(InferenceOptions.Memory), $"the budget is {ByteSize.Show(options.MemoryBytes.Value)}, but of the {ByteSize.Show(card.Total)} of {card.Name} only {ByteSize.Show(card.Free)} are free.");
        var (plan, refusal) = MemoryPlan.Of(MemoryRequest.Of(options, config, imagePixels, card));
        if (plan is null) throw new OptionsValidationException(nameof(InferenceOptions.Memory), typeof(InferenceOptions), [refusal!]);
        return new Placement
        {
            Runner = RunnerKind.Cuda, Device = $"cuda:{ordinal}", Blocks = plan.Blocks, BlockSize = options.BlockSize, StepTokens = plan.StepTokens,
            EncoderCacheBytes = plan.EncoderCacheBytes, Memory = plan, Card = card,
        };
    }

    private static CudaRunner Cuda(string directory, InferenceOptions options, Placement placement)
    {
        try
        {
            return CudaRunner.Load(
                directory, new Device(placement.Device).index, placement.Blocks, placement.BlockSize, placement.StepTokens, options.MaxRunning, options.TorchLibrary,
                placement.Memory!.Fit, placement.Card);
        }
        catch (CudaException exception)
        {
            throw Refused(nameof(InferenceOptions.Runner), $"{exception.Message} With Runner Torch the service starts without our kernels.");
        }
        catch (ExternalException exception) when (DeviceFault.Of(exception) == FaultKind.OutOfMemory)
        {
            throw Refused(nameof(InferenceOptions.Memory), $"the GPU's memory ran out while the model was loaded; somebody else may have taken some. {placement.Memory}");
        }
    }

    private static TorchRunner Torch(string directory, InferenceOptions options, Placement placement)
    {
        var device = new Device(placement.Device);
        var threads = options.Threads ?? Environment.ProcessorCount;
        set_num_threads(threads);
        var type = device.type == TorchSharp.DeviceType.CPU ? ScalarType.Float32 : ScalarType.BFloat16;
        Qwen3VL model;
        using (no_grad()) model = Qwen3VL.Load(directory, device, type);
        return new TorchRunner(model, placement.Blocks, placement.BlockSize, threads);
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
