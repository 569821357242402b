using System.Diagnostics;
using EduVision.Inference.Cuda;
using EduVision.Inference.Cuda.Driver;
using EduVision.Inference.Runners;
using EduVision.Inference.Tests.Fakes;
using EduVision.Model.Configuration;
using static TorchSharp.torch;

namespace EduVision.Inference.Tests.Cuda;

/// <summary>Attention by itself, over a cache of random keys and values whose blocks are anywhere.</summary>
[Trait("Category", "Gpu")]
public sealed class AttentionKernelTests
{
    private const int BlockSize = 16;

    public AttentionKernelTests() => Gpu.Require();

    [Theory]
    [InlineData(32, 8, 128, 0, 300)]
    [InlineData(32, 8, 128, 1000, 200)]
    [InlineData(6, 2, 64, 509, 70)]
    [InlineData(32, 2, 128, 700, 9)]
    public void It_agrees_with_attention_in_float64_and_gives_the_same_bits_however_it_is_cut(int heads, int kvHeads, int headDim, int start, int count)
    {
        using var scope = NewDisposeScope();
        using var bench = new Bench(heads, kvHeads, headDim, start + count);
        var queries = randn([count, heads * headDim], ScalarType.Float16, CUDA);
        var whole = bench.Attend(queries, start, start + count, mayTakeSpans: false);
        var error = (whole.to(ScalarType.Float64) - bench.Expected(queries, start)).norm() / whole.to(ScalarType.Float64).norm();
        Assert.True(error.item<double>() < 2e-3, $"relative error {error.item<double>():E1}");
        foreach (var (size, mayTakeSpans) in new[] { (count, true), (64, false), (64, true), (17, true), (2, true), (1, true) })
            for (var first = 0; first < count; first += size)
            {
                var some = Math.Min(size, count - first);
                var rows = bench.Attend(queries.narrow(0, first, some).contiguous(), start + first, start + first + some, mayTakeSpans);
                Assert.True(rows.equal(whole.narrow(0, first, some)).all().item<bool>(), $"{some} tokens from {start + first} on give other bits");
            }
    }

    [Theory(Explicit = true)]
    [InlineData(0, 1280)]
    [InlineData(0, 8192)]
    [InlineData(24_576, 8192)]
    [InlineData(7680, 512)]
    [InlineData(8000, 100)]
    public void Speed(int start, int count)
    {
        using var scope = NewDisposeScope();
        using var bench = new Bench(32, 8, 128, start + count);
        var queries = randn([count, 32 * 128], ScalarType.Float16, CUDA);
        foreach (var mayTakeSpans in new[] { false, true })
        {
            bench.Attend(queries, start, start + count, mayTakeSpans);
            var watch = Stopwatch.StartNew();
            bench.Attend(queries, start, start + count, mayTakeSpans, times: 20);
            var seconds = watch.Elapsed.TotalSeconds / 20;
            var products = 4.0 * 32 * 128 * Enumerable.Range(start + 1, count).Sum(seen => (double)seen);
            TestContext.Current.TestOutputHelper!.WriteLine($"{count} tokens behind {start}{(mayTakeSpans ? ", as chosen" : ", in one pass")}: {seconds * 1e6:F0} us, {products / seconds / 1e12:F0} TFLOP/s");
        }
    }

    // A sequence in a cache of its own.
    private sealed class Bench : IDisposable
    {
        private readonly TextConfig config;
        private readonly KernelLibrary kernels;
        private readonly Tensor keys, values, numbers, none, sums, marks;
        private readonly int[] blocks;

        public Bench(int heads, int kvHeads, int headDim, int length)
        {
            var nvrtc = Nvrtc.Find(null);
            Assert.SkipWhen(nvrtc is null, "There is no NVRTC on the library path.");
            var (chip, driver) = CudaDriver.Describe(0);
            CudaDriver.Use(0);
            config = new TextConfig { VocabSize = 16, HiddenSize = 128, IntermediateSize = 128, Layers = 1, Heads = heads, KvHeads = kvHeads, HeadDim = headDim, Rope = new RopeSettings(1e4, headDim / 2, 0, 0) };
            kernels = new KernelLibrary(new KernelCompiler(nvrtc.Compile, $"{nvrtc.Version} {driver}", null), chip, config, BlockSize, WeightType.Fp8);
            var count = (length + BlockSize - 1) / BlockSize;
            blocks = [.. randperm(count).data<long>().ToArray().Select(block => (int)block)];
            keys = randn([count, kvHeads, BlockSize, headDim], ScalarType.Float16, CUDA);
            values = randn([count, kvHeads, headDim, BlockSize], ScalarType.Float16, CUDA);
            var floats = 64L << 20;
            sums = empty([floats], ScalarType.Float32, CUDA);
            marks = empty([floats / headDim * 2], ScalarType.Float32, CUDA);
            // Room for no tile: what could be taken span by span is taken in one pass.
            none = sums.narrow(0, 0, (long)heads * headDim * ((length / CudaAttention.Span) + 1));
            numbers = empty([16L * (length + 100)], ScalarType.Int32, CUDA);
        }

        public void Dispose() => kernels.Dispose();

        /// <summary>[tokens, heads * head size], float16, on the CPU.</summary>
        public Tensor Attend(Tensor queries, int start, int end, bool mayTakeSpans, int times = 1)
        {
            var chunk = new SequenceChunk
            {
                Prompt = new Prompt { Ids = [], Positions = RotaryPositions.Plain(end), Images = [] }, Tokens = new int[end], Start = start, Count = end - start, Blocks = blocks,
                Images = new Dictionary<PromptImage, EncodedImage>(), Sample = null,
            };
            var x = full([WarpGroups.Room(end - start), queries.shape[1]], float.NaN, ScalarType.Float16, CUDA);
            var attention = new CudaAttention(config, kernels, queries, x, mayTakeSpans ? sums : none, marks);
            using var batch = new StepBatch([chunk], BlockSize, attention.TileTokens, scratch: 0);
            numbers.narrow(0, 0, batch.Numbers.Count).copy_(tensor(batch.Numbers.ToArray()));
            batch.Address = numbers.Address();
            CudaDriver.Synchronize();
            for (var i = 0; i < times; i++) attention.Attend(batch, keys.Address(), values.Address());
            CudaDriver.Synchronize();
            return times > 1 ? x : Plain(x.cpu(), WarpGroups.GroupsFor(kernels, end - start)).narrow(0, 0, end - start);
        }

        public Tensor Expected(Tensor queries, int start)
        {
            var order = tensor([.. blocks.Select(block => (long)block)]);
            // Where heads.cu's values have a place of sixteen.
            var places = tensor([.. Enumerable.Range(0, BlockSize).Select(place => (long)(((place & 6) * 2) + (place & 1) + ((place & 8) / 4)))]);
            var (k, v) = (keys.cpu().index_select(0, order).transpose(1, 2), values.cpu().index_select(0, order).index_select(3, places).permute(0, 3, 1, 2));
            Tensor Heads(Tensor cache) => cache.reshape(-1, config.KvHeads, config.HeadDim).narrow(0, 0, start + queries.shape[0]).to(ScalarType.Float64)
                .repeat_interleave(config.Heads / config.KvHeads, 1).transpose(0, 1);
            var asked = queries.cpu().view(-1, config.Heads, config.HeadDim).to(ScalarType.Float64).transpose(0, 1);
            var scores = asked.matmul(Heads(k).transpose(1, 2)) / Math.Sqrt(config.HeadDim);
            var hidden = ones([queries.shape[0], start + queries.shape[0]], ScalarType.Bool).triu(start + 1);
            return scores.masked_fill(hidden, double.NegativeInfinity).softmax(-1).matmul(Heads(v)).transpose(0, 1).reshape(queries.shape[0], -1);
        }

        // What x_at of layout.cu did is undone.
        private static Tensor Plain(Tensor x, int groups) => groups > 0
            ? x.view(x.shape[1] / 128, groups, 2, 4, 2, 8, 4, 2).permute(1, 5, 0, 2, 6, 3, 7, 4).reshape(-1, x.shape[1])
            : x.view(-1, x.shape[1] / 4, 2, 2).transpose(2, 3).reshape(-1, x.shape[1]);
    }
}
