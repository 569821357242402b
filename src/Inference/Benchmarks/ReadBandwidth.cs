using System.Diagnostics;
using EduVision.Inference.Cuda;
using EduVision.Inference.Cuda.Driver;
using static TorchSharp.torch;

namespace EduVision.Inference.Benchmarks;

/// <summary>What a plain read of the GPU's memory reaches: the roofline of a step that has to read all weights.</summary>
/// <param name="BytesPerSecond">The best of several ways, several times each.</param>
/// <param name="Way">Which way that was.</param>
/// <param name="Ways">Each way's best, bytes a second.</param>
internal sealed record ReadBandwidth(double BytesPerSecond, string Way, IReadOnlyDictionary<string, double> Ways)
{
    private const int Runs = 11, Threads = 256, LoadsPerThread = 64, BytesPerBlock = Threads * LoadsPerThread * 16;

    // Eight loads of sixteen bytes on their way in each thread, many small blocks; the test keeps the compiler from leaving them out.
    private const string Source = """
        extern "C" __global__ void read_all(const uint4* __restrict__ data, unsigned* out)
        {
            const uint4* mine = data + (unsigned long long)blockIdx.x * (THREADS * LOADS) + threadIdx.x;
            unsigned seen = 0;
            #pragma unroll 1
            for (int batch = 0; batch < LOADS; batch += 8)
            {
                uint4 values[8];
                #pragma unroll
                for (int i = 0; i < 8; i++) values[i] = mine[(batch + i) * THREADS];
                #pragma unroll
                for (int i = 0; i < 8; i++) seen |= values[i].x | values[i].y | values[i].z | values[i].w;
            }
            if (seen == 1) *out = seen;
        }
        """;

    /// <summary>Measures on the current GPU, over at most 8 GB and no more than a quarter of what is free.</summary>
    /// <param name="nvrtc">The compiler.</param>
    /// <param name="architecture">The chip.</param>
    /// <param name="freeBytes">Free memory.</param>
    public static ReadBandwidth Measure(Nvrtc nvrtc, string architecture, long freeBytes)
    {
        // Far more than any cache holds, and a whole number of blocks.
        var bytes = Math.Min(1L << 33, (long)System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)freeBytes / 8));
        using var scope = NewDisposeScope();
        var data = zeros([bytes / sizeof(float)], ScalarType.Float32, CUDA);
        var module = CudaDriver.Load(nvrtc.Compile(Source, "read.cu", [$"--gpu-architecture={architecture}", $"-DTHREADS={Threads}", $"-DLOADS={LoadsPerThread}"]));
        var stream = CudaDriver.CreateStream();
        try
        {
            var function = CudaDriver.FunctionOf(module, "read_all");
            KernelArgument[] arguments = [data.Address(), data.Address()];
            var ways = new Dictionary<string, double>
            {
                ["a kernel of 16-byte loads"] = Best(() => CudaDriver.Launch(function, new Grid((int)(bytes / BytesPerBlock)), Threads, 0, stream, overlaps: false, arguments, "read_all")),
                ["torch.sum"] = Best(() => data.sum().Dispose()),
                ["torch.max"] = Best(() => data.max().Dispose()),
            };
            var (way, best) = ways.MaxBy(entry => entry.Value);
            return new ReadBandwidth(best, way, ways);
        }
        finally
        {
            CudaDriver.DestroyStream(stream);
            CudaDriver.Unload(module);
        }

        double Best(Action read)
        {
            var best = double.MaxValue;
            for (var run = 0; run < Runs; run++)
            {
                CudaDriver.Synchronize();
                var begun = Stopwatch.GetTimestamp();
                read();
                CudaDriver.Synchronize();
                best = Math.Min(best, Stopwatch.GetElapsedTime(begun).TotalSeconds);
            }
            return bytes / best;
        }
    }
}
