using EduVision.Inference.Cuda;
using EduVision.Inference.Cuda.Driver;
using EduVision.Inference.Runners.Torch;
using EduVision.Model.Configuration;
using static TorchSharp.torch;

namespace EduVision.Inference.Benchmarks;

/// <summary>The GPU kernels by themselves, with random weights: no service, no files.</summary>
internal static class RunnerBenchmark
{
    private const int BlockSize = 16, StepTokens = 8192;

    // For what the driver takes later on: graphs, and kernels of torch that have not run yet.
    private const long Reserve = 1L << 30;

    /// <summary>Measures.</summary>
    /// <param name="workload">What.</param>
    /// <param name="torchLibrary">The <c>torch/lib</c> of an installed PyTorch, if one is used.</param>
    /// <param name="progress">Told what begins.</param>
    /// <exception cref="CudaException">There is no GPU, driver or run-time compiler, or the workload does not fit.</exception>
    public static RunnerResult Run(RunnerWorkload workload, string? torchLibrary, Action<string> progress)
    {
        var config = KnownModels.Of(workload.Model, workload.Dtype);
        var nvrtc = Nvrtc.Find(torchLibrary) ?? throw new CudaException("finding NVRTC", 0, "libnvrtc is neither on the library path nor beside an installed PyTorch");
        var (chip, _) = CudaDriver.Describe(0);
        CudaDriver.Use(0);
        // What a run before this one left with torch.
        TorchReserve.Release(new Device("cuda:0"));
        progress("Reading memory");
        var bandwidth = ReadBandwidth.Measure(nvrtc, chip.Architecture, CudaDriver.TotalBytes() - CudaDriver.UsedBytes());
        progress("Finding out what the model leaves of the memory");
        var free = RoomBeside(config, workload, torchLibrary);
        var room = RunnerRoom.For(config, workload, BlockSize, free);
        using var runner = NewRunner(config, workload, room.Blocks, torchLibrary);
        var measurements = new RunnerMeasurements(runner, config, workload, BlockSize, StepTokens, bandwidth.BytesPerSecond);
        long peak = 0;

        T Measured<T>(string what, Func<T> measure)
        {
            progress(what);
            var numbers = measure();
            // Torch keeps what it once took, so what is in use afterwards is the most that was.
            peak = Math.Max(peak, CudaDriver.UsedBytes());
            return numbers;
        }

        var encoding = Measured("A photo", measurements.Encoding);
        List<BatchNumbers> batches = [.. workload.Batches.Zip(room.NewTokens, (batch, tokens) => Measured($"{batch} together", () => measurements.Batch(batch, tokens)))];
        var prefill = workload.Prefill is { } count ? Measured($"Prefill of {count} tokens", () => measurements.Prefill(count)) : null;
        var beside = workload.Beside is { } sequences
            ? Measured($"A photo beside {sequences}", () =>
            {
                using var measurement = new BesideMeasurement(runner, config, workload, room.Blocks, BlockSize);
                return measurement.Run();
            })
            : null;
        var context = workload.Context is { } length ? Measured($"A context of {length} tokens", () => measurements.Context(length, workload.NewTokens, _ => runner.FillCache())) : null;
        return new RunnerResult(runner.Device, workload, bandwidth, peak, encoding, batches, prefill, beside, context);
    }

    // Measured, not added up: a small cache first, and the largest step and photo through it.
    private static long RoomBeside(ModelConfig config, RunnerWorkload workload, string? torchLibrary)
    {
        var tokens = Math.Max(StepTokens, workload.Grid(config.Vision).Tokens(config.Vision.MergeSize) + workload.PromptTokens);
        var blocks = (tokens + BlockSize - 1) / BlockSize;
        using var runner = NewRunner(config, workload, blocks, torchLibrary);
        var measurements = new RunnerMeasurements(runner, config, workload with { Repeat = 1 }, BlockSize, StepTokens, 1);
        runner.Encode(BenchSequence.RandomPhoto(config, workload, new Random(0))).Dispose();
        measurements.Prefill(StepTokens);
        return CudaDriver.TotalBytes() - CudaDriver.UsedBytes() + (blocks * BlockSize * StepBytes.OfToken(config.Text)) - Reserve;
    }

    private static CudaRunner NewRunner(ModelConfig config, RunnerWorkload workload, int blocks, string? torchLibrary)
    {
        var sequences = workload.Batches.Append(workload.Beside + 1 ?? 1).Max();
        return CudaRunner.Random(config, 0, new KvLayout(blocks, BlockSize), StepTokens, sequences, torchLibrary);
    }
}
