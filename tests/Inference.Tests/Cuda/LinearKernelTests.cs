using System.Diagnostics;
using EduVision.Inference.Cuda;
using EduVision.Inference.Cuda.Driver;
using EduVision.Inference.Tests.Fakes;
using EduVision.Model.Configuration;
using EduVision.Model.Weights;
using static TorchSharp.torch;

namespace EduVision.Inference.Tests.Cuda;

/// <summary>The FP8 product by itself, in the shapes of the 8B model.</summary>
[Trait("Category", "Gpu")]
public sealed class LinearKernelTests
{
    public LinearKernelTests() => Gpu.Require();

    [Theory]
    [InlineData(6144, 4096)]
    [InlineData(4096, 12288)]
    [InlineData(384, 384)]
    public void It_agrees_with_a_product_in_float64_and_gives_the_same_bits_whatever_the_batch(int rows, int columns)
    {
        using var kernels = Load();
        using var scope = NewDisposeScope();
        var (stack, exact) = Matrix(rows, columns);
        using var owned = stack;
        var x = randn([200, columns], ScalarType.Float32, CPU).to(ScalarType.Float16);
        var order = tensor([.. Enumerable.Range(0, columns).Select(i => (long)((i & ~3) | ((i & 1) << 1) | ((i >> 1) & 1)))]);
        var exchanged = x.index_select(1, order).contiguous().cuda();
        var expected = x.to(ScalarType.Float64).matmul(exact.t());
        Tensor? all = null;
        foreach (var tokens in new[] { 200, 130, 64, 33, 16, 8, 3, 1 })
        {
            var y = full([tokens, rows], float.NaN, ScalarType.Float32, CUDA);
            CudaText.Linear(kernels, "store", stack[0], exchanged, y, tokens);
            CudaDriver.Synchronize();
            var got = y.cpu();
            var error = (got.to(ScalarType.Float64) - expected.narrow(0, 0, tokens)).norm() / expected.narrow(0, 0, tokens).norm();
            Assert.True(error.item<double>() < 1e-6, $"{tokens} tokens: relative error {error.item<double>():E1}");
            all ??= got;
            Assert.True(got.equal(all.narrow(0, 0, tokens)).all().item<bool>(), $"{tokens} tokens give other bits");
        }
    }

    [Theory(Explicit = true)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Speed(int depth)
    {
        using var kernels = Load(depth);
        var output = TestContext.Current.TestOutputHelper!;
        foreach (var (rows, columns) in new[] { (6144, 4096), (4096, 4096), (24576, 4096), (4096, 12288) })
        {
            foreach (var tokens in depth == 2 ? new[] { 1, 8, 16, 32, 64, 128, 512, 4096 } : [1, 8, 32])
            {
                using var scope = NewDisposeScope();
                var copies = tokens > 64 ? 4 : 36;
                using var stack = new Fp8Stack(randint(0, 120, [copies, rows, columns], ScalarType.Byte, CUDA), rand([copies, rows / 128, columns / 128], ScalarType.Float32, CUDA));
                var x = randn([tokens, columns], ScalarType.Float16, CUDA);
                var y = zeros([tokens, rows], ScalarType.Float32, CUDA);
                void All()
                {
                    for (var i = 0; i < copies; i++) CudaText.Linear(kernels, "store", stack[i], x, y, tokens);
                }
                All();
                CudaDriver.Synchronize();
                var watch = Stopwatch.StartNew();
                for (var i = 0; i < 10; i++) All();
                CudaDriver.Synchronize();
                var seconds = watch.Elapsed.TotalSeconds / 10 / copies;
                output.WriteLine($"depth {depth}, {rows}x{columns}, {tokens} tokens: {seconds * 1e6:F1} us, {(double)rows * columns / seconds / 1e12:F2} TB/s, {2.0 * rows * columns * tokens / seconds / 1e12:F0} TFLOP/s");
            }
        }
    }

    private static (Fp8Stack Stack, Tensor Exact) Matrix(int rows, int columns)
    {
        var (raw, scales) = Fp8Block.Quantise(randn([rows, columns], ScalarType.Float32, CPU));
        var stack = Fp8Stack.Empty(1, rows, columns, CUDA);
        stack.Set(0, raw.cuda(), scales.cuda(), isPaired: false);
        return (stack, Fp8Block.Dequantise(raw, scales).to(ScalarType.Float64));
    }

    private static KernelLibrary Load(int depth = 2)
    {
        var nvrtc = Nvrtc.Find(null);
        Assert.SkipWhen(nvrtc is null, "There is no NVRTC on the library path.");
        var (major, minor, driver) = CudaDriver.Describe(0);
        CudaDriver.Use(0);
        var config = new TextConfig { VocabSize = 16, HiddenSize = 128, IntermediateSize = 128, Layers = 1, Heads = 32, KvHeads = 8, HeadDim = 128, Rope = new RopeSettings(1e4, 24, 20, 20) };
        return new KernelLibrary(new KernelCompiler(nvrtc.Compile, $"{nvrtc.Version} {driver}", null), CudaRunner.Architecture(major, minor), config, 16, depth);
    }
}
