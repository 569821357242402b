using System.Diagnostics;
using EduVision.Inference.Cuda;
using EduVision.Inference.Cuda.Driver;
using EduVision.Inference.Runners;
using EduVision.Inference.Tests.Fakes;
using EduVision.Model.Configuration;
using EduVision.Model.Weights;
using static TorchSharp.torch;

namespace EduVision.Inference.Tests.Cuda;

/// <summary>The products by themselves, over FP8 weights and over BF16 ones, in the shapes of the 8B model.</summary>
[Trait("Category", "Gpu")]
public sealed class LinearKernelTests
{
    public LinearKernelTests() => Gpu.Require();

    [Theory]
    [InlineData(WeightType.Fp8, 6144, 4096)]
    [InlineData(WeightType.Fp8, 4096, 12288)]
    [InlineData(WeightType.Fp8, 384, 384)]
    [InlineData(WeightType.Fp8, 1152, 1152)]
    [InlineData(WeightType.Bf16, 6144, 4096)]
    [InlineData(WeightType.Bf16, 4096, 12288)]
    [InlineData(WeightType.Bf16, 384, 384)]
    [InlineData(WeightType.Bf16, 1152, 1152)]
    public void They_agree_with_a_product_in_float64_and_give_the_same_bits_whatever_the_batch(WeightType type, int rows, int columns)
    {
        using var kernels = Load(type);
        using var scope = NewDisposeScope();
        var (stack, exact) = Matrix(type, rows, columns, kernels.Chip);
        using var owned = stack;
        var x = randn([200, columns], ScalarType.Float32, CPU).to(ScalarType.Float16);
        var expected = x.to(ScalarType.Float64).matmul(exact.t());
        Tensor? all = null;
        void Check(string name, int tokens, Action<Tensor> product)
        {
            var y = full([tokens, rows], float.NaN, ScalarType.Float32, CUDA);
            product(y);
            CudaDriver.Synchronize();
            var got = y.cpu();
            var error = (got.to(ScalarType.Float64) - expected.narrow(0, 0, tokens)).norm() / expected.narrow(0, 0, tokens).norm();
            Assert.True(error.item<double>() < 1e-6, $"{name}, {tokens} tokens: relative error {error.item<double>():E1}");
            all ??= got;
            Assert.True(got.equal(all.narrow(0, 0, tokens)).all().item<bool>(), $"{name}, {tokens} tokens give other bits");
        }
        foreach (var tokens in new[] { 200, 130, 128, 64, 33, 17, 16, 8, 3, 1 })
        {
            var plain = x.narrow(0, 0, tokens);
            var from = WarpGroups.GroupsFor(kernels, tokens) > 0 ? InTiles(plain) : Exchanged(plain);
            Check("as chosen", tokens, y => CudaText.Linear(kernels, "store", stack[0], from, y, tokens));
            if (!kernels.Chip.HasWarpGroups) continue;
            var tiles = InTiles(plain);
            foreach (var inTiles in new[] { false, true })
                foreach (var cluster in new[] { 1, 2 })
                    Check($"{Name(inTiles)}, {cluster} together", tokens, y => WarpGroups.Launch(kernels, "store", stack[0], tiles.Address(), y.Address(), tokens, inTiles, cluster));
        }
        var few = Exchanged(x.narrow(0, 0, 16));
        Check("by warps", 16, y => CudaText.Linear(kernels, "store", stack[0], few, y, 16));
    }

    /// <summary>The kernels for every chip are the measure of those for one; gated and added outputs too.</summary>
    [Theory]
    [InlineData(WeightType.Fp8, 40)]
    [InlineData(WeightType.Fp8, 200)]
    [InlineData(WeightType.Bf16, 40)]
    [InlineData(WeightType.Bf16, 200)]
    public void Warp_groups_write_the_bits_of_the_other_kernels(WeightType type, int tokens)
    {
        const int rows = 1536, columns = 1152;
        using var kernels = Load(type);
        Assert.SkipUnless(kernels.Chip.HasWarpGroups, "Not a Hopper.");
        using var scope = NewDisposeScope();
        var (stack, _) = Matrix(type, rows, columns, kernels.Chip, isPaired: true);
        using var owned = stack;
        var x = randn([tokens, columns], ScalarType.Float32, CPU).to(ScalarType.Float16);
        Tensor lanes = Exchanged(x), tiles = InTiles(x), start = randn([tokens, rows], ScalarType.Float32, CUDA);
        Tensor Of(string kind, bool? inTiles, int cluster)
        {
            // Few enough tokens at a time are always computed by the kernels for every chip.
            var y = kind == "add" ? start.clone() : zeros([WarpGroups.Room(tokens), rows / 2], ScalarType.Float16, CUDA);
            if (inTiles is not null) WarpGroups.Launch(kernels, kind, stack[0], tiles.Address(), y.Address(), tokens, inTiles, cluster);
            else
                for (var first = 0; first < tokens; first += 16)
                    CudaText.Linear(kernels, kind, stack[0], lanes.narrow(0, first, Math.Min(16, tokens - first)), y.narrow(0, first, Math.Min(16, tokens - first)), Math.Min(16, tokens - first));
            CudaDriver.Synchronize();
            return y.cpu();
        }
        foreach (var kind in new[] { "add", "gated" })
        {
            var expected = Of(kind, null, 1);
            if (kind == "gated") expected = InTiles(Exchanged(expected.narrow(0, 0, tokens)).cpu()).cpu();
            foreach (var (inTiles, cluster) in new[] { (false, 1), (false, 2), (true, 1), (true, 2) })
            {
                var got = Of(kind, inTiles, cluster);
                if (kind == "gated") got = got.view(-1);
                // What lies behind the last token of a group belongs to nobody: nothing is written there.
                Assert.True(got.equal(expected.view(got.shape)).all().item<bool>(), $"{kind}, {Name(inTiles)}, {cluster} together");
            }
        }
    }

    /// <summary>The head in FP8 goes with layers of either type.</summary>
    [Theory]
    [InlineData(WeightType.Fp8)]
    [InlineData(WeightType.Bf16)]
    public void A_head_in_FP8_agrees_with_a_product_in_float64_and_gives_the_same_bits_whatever_the_batch(WeightType layers)
    {
        const int rows = 1056, columns = 1152;
        using var kernels = Load(layers);
        using var scope = NewDisposeScope();
        var (stack, exact) = Matrix(WeightType.Fp8, rows, columns, kernels.Chip);
        using var owned = stack;
        var x = randn([40, columns], ScalarType.Float32, CPU).to(ScalarType.Float16);
        var from = Exchanged(x);
        Tensor Of(int tiles, int tokens)
        {
            var y = full([tokens, rows], float.NaN, ScalarType.Float32, CUDA);
            kernels.Launch(
                $"fp8_head_{tiles}", new Grid(rows / (2 * WeightTiles.Rows), (tokens + (8 * tiles) - 1) / (8 * tiles)), 256, 0, stack[0].Weights, stack[0].Scales, from.Address(), y.Address(), rows, columns, tokens);
            CudaDriver.Synchronize();
            return y.cpu();
        }
        var all = Of(4, 40);
        var expected = x.to(ScalarType.Float64).matmul(exact.t());
        Assert.True(((all.to(ScalarType.Float64) - expected).norm() / expected.norm()).item<double>() < 1e-6);
        foreach (var (tiles, tokens) in new[] { (1, 40), (2, 40), (1, 1), (4, 9) }) Assert.True(Of(tiles, tokens).equal(all.narrow(0, 0, tokens)).all().item<bool>(), $"{tokens} tokens, {tiles} tiles");
    }

    [Theory(Explicit = true)]
    [InlineData(WeightType.Fp8, 1)]
    [InlineData(WeightType.Fp8, 2)]
    [InlineData(WeightType.Fp8, 3)]
    [InlineData(WeightType.Bf16, 2)]
    [InlineData(WeightType.Bf16, 3)]
    [InlineData(WeightType.Bf16, 4)]
    public void Speed(WeightType type, int depth)
    {
        using var kernels = Load(type, depth);
        var isDefault = depth == (type == WeightType.Fp8 ? 2 : 3);
        foreach (var (rows, columns) in Shapes)
            foreach (var tokens in isDefault ? new[] { 1, 8, 16, 32, 64, 128, 512, 4096, 8192 } : [1, 8, 16])
                Measure(type, $"depth {depth}", rows, columns, tokens, (matrix, x, y) => CudaText.Linear(kernels, "store", matrix, x, y, tokens));
    }

    [Theory(Explicit = true)]
    [InlineData(WeightType.Fp8)]
    [InlineData(WeightType.Bf16)]
    public void Speed_of_warp_groups(WeightType type)
    {
        using var kernels = Load(type);
        foreach (var (rows, columns) in Shapes)
            foreach (var tokens in new[] { 32, 64, 96, 128, 256, 512, 1024, 4096, 8192 })
            {
                foreach (var inTiles in new[] { false, true })
                {
                    if (inTiles ? tokens < 128 : tokens > 1024) continue;
                    foreach (var cluster in new[] { 1, 2 })
                        foreach (var kind in new[] { "store", "add", "gated" })
                            Measure(type, $"{Name(inTiles)}, {cluster} together, {kind}", rows, columns, tokens, (matrix, x, y) => WarpGroups.Launch(kernels, kind, matrix, x.Address(), y.Address(), tokens, inTiles, cluster));
                }
            }
    }

    private static readonly (int Rows, int Columns)[] Shapes = [(6144, 4096), (4096, 4096), (24576, 4096), (4096, 12288)];

    private static void Measure(WeightType type, string name, int rows, int columns, int tokens, Action<TiledMatrix, Tensor, Tensor> product)
    {
        using var scope = NewDisposeScope();
        var copies = tokens > 64 ? 4 : 36;
        using var stack = new TiledStack(
            type == WeightType.Fp8 ? randint(0, 120, [copies, rows, columns], ScalarType.Byte, CUDA) : randn([copies, rows, columns], ScalarType.Float16, CUDA),
            rand([copies, rows / 128, columns / 128], ScalarType.Float32, CUDA));
        var bytes = (double)rows * columns * (type == WeightType.Fp8 ? 1 : 2);
        var x = randn([WarpGroups.Room(tokens), columns], ScalarType.Float16, CUDA);
        var y = zeros([WarpGroups.Room(tokens), rows], ScalarType.Float32, CUDA);
        void All()
        {
            for (var i = 0; i < copies; i++) product(stack[i], x, y);
        }
        All();
        CudaDriver.Synchronize();
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < 10; i++) All();
        CudaDriver.Synchronize();
        var seconds = watch.Elapsed.TotalSeconds / 10 / copies;
        TestContext.Current.TestOutputHelper!.WriteLine($"{type}, {name}, {rows}x{columns}, {tokens} tokens: {seconds * 1e6:F1} us, {bytes / seconds / 1e12:F2} TB/s, {2.0 * rows * columns * tokens / seconds / 1e12:F0} TFLOP/s");
    }

    private static string Name(bool inTiles) => inTiles ? "prefill" : "split";

    // Its own inverse.
    private static Tensor Exchanged(Tensor x) =>
        x.index_select(1, tensor([.. Enumerable.Range(0, (int)x.shape[1]).Select(i => (long)((i & ~3) | ((i & 1) << 1) | ((i >> 1) & 1)))])).contiguous().cuda();

    // As x_at of layout.cu has it: [block of columns][group of tokens][chunk][four][odd][token][sixteen][pair].
    private static Tensor InTiles(Tensor x)
    {
        var padded = nn.functional.pad(x, [0, 0, 0, WarpGroups.Room((int)x.shape[0]) - x.shape[0]]);
        return padded.view(-1, 8, x.shape[1] / 128, 2, 4, 4, 2, 2).permute(2, 0, 3, 5, 7, 1, 4, 6).contiguous().cuda();
    }

    private static (TiledStack Stack, Tensor Exact) Matrix(WeightType type, int rows, int columns, Chip chip, bool isPaired = false)
    {
        var plain = randn([rows, columns], ScalarType.Float32, CPU);
        var stack = TiledStack.Empty(type, 1, rows, columns, CUDA);
        if (type == WeightType.Bf16)
        {
            var matrix = plain.to(ScalarType.BFloat16);
            var (halves, powers) = HalfBlocks.Of(matrix.cuda());
            stack.Set(0, halves, powers, isPaired, chip.ConvertsFp8);
            return (stack, matrix.to(ScalarType.Float64));
        }
        var (raw, scales) = Fp8Block.Quantise(plain);
        stack.Set(0, raw.cuda(), scales.cuda(), isPaired, chip.ConvertsFp8);
        return (stack, Fp8Block.Dequantise(raw, scales).to(ScalarType.Float64));
    }

    private static KernelLibrary Load(WeightType type, int? depth = null)
    {
        var nvrtc = Nvrtc.Find(null);
        Assert.SkipWhen(nvrtc is null, "There is no NVRTC on the library path.");
        var (chip, driver) = CudaDriver.Describe(0);
        CudaDriver.Use(0);
        var config = new TextConfig { VocabSize = 16, HiddenSize = 128, IntermediateSize = 128, Layers = 1, Heads = 32, KvHeads = 8, HeadDim = 128, Rope = new RopeSettings(1e4, 24, 20, 20) };
        return new KernelLibrary(new KernelCompiler(nvrtc.Compile, $"{nvrtc.Version} {driver}", null), chip, config, 16, type, depth);
    }
}
