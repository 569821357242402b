using System.Diagnostics;
using EduVision.Inference.Cuda.Driver;
using EduVision.Inference.Tests.Fakes;

namespace EduVision.Inference.Tests.Cuda;

/// <summary>The kernels as they are, compiled for this machine's processor: right, and the same bits in every company. What a GPU adds is its own arithmetic and its speed.</summary>
public sealed class EmulatedKernelTests
{
    [Theory]
    [InlineData(6, 2, 64, true, 1, 4, 1, 101)]
    [InlineData(32, 8, 128, false, 1, 8, 2, 101)]
    [InlineData(6, 2, 64, true, 2, 4, 1, 96)]
    public async Task The_kernels_compute_what_plain_loops_compute(int heads, int kvHeads, int headDim, bool isHopper, int weightBytes, int flashWarps, int flashTiles, int checks)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/usr/bin/g++"), "There is no g++.");
        using var folder = new TemporaryFolder();
        foreach (var file in KernelCompiler.Files.Concat(KernelCompiler.HopperFiles).Concat(["layout", "weights", "heads", "slab"]))
        {
            // Shared memory of a size given at launch is a block's memory.
            var source = KernelCompiler.Read(file).Replace("extern __shared__ quad pieces[];", "quad *const pieces = (quad *)block_memory();", StringComparison.Ordinal);
            await File.WriteAllTextAsync(Path.Combine(folder.Path, $"{file}.inc"), source, TestContext.Current.CancellationToken);
        }
        var sources = Repository.Find("tests/Inference.Tests/Cuda/Emulator");
        var program = Path.Combine(folder.Path, "kernels");
        string[] sizes = [$"-DHEADS={heads}", $"-DKV_HEADS={kvHeads}", $"-DHEAD_DIM={headDim}", "-DBLOCK_SIZE=16", "-DSTAGES=3", "-DDEPTH=2", $"-DFLASH_WARPS={flashWarps}", $"-DFLASH_TILES={flashTiles}", "-DLAYERS=2", "-DHIDDEN=256", "-DINTERMEDIATE=640", "-DRING_1=3", "-DRING_8=2", $"-DBULK_COPIES={(isHopper ? 1 : 0)}", $"-DWEIGHT_BYTES={weightBytes}"];
        var (compiled, log) = await RunAsync("g++", ["-std=c++17", "-O2", "-w", $"-I{folder.Path}", .. sizes, Path.Combine(sources, "kernels.cpp"), "-o", program]);
        Assert.True(compiled == 0, log);
        var (ended, said) = await RunAsync(program, []);
        TestContext.Current.TestOutputHelper!.WriteLine(said);
        Assert.True(ended == 0, said);
        Assert.Equal(checks, said.Split('\n').Count(line => line.StartsWith("ok: ", StringComparison.Ordinal)));
    }

    private static async Task<(int Code, string Output)> RunAsync(string program, IEnumerable<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output + await error);
    }
}
