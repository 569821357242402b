using EduVision.Inference.Benchmarks;
using EduVision.Inference.Cuda;
using EduVision.Inference.Hosting;
using EduVision.Inference.Runners;
using EduVision.Model.Configuration;
using static TorchSharp.torch;

namespace EduVision.Inference.Tests.Cuda;

/// <summary>The arithmetic of a GPU's memory: for the 8B model as people will ask for it, and held against what is really allocated.</summary>
public sealed class MemoryPlanTests
{
    private const long GiB = 1L << 30;

    private static MemoryRequest Request(double gib) => new()
    {
        Config = KnownModels.All["qwen3-vl-8b"], Budget = (long)(gib * GiB), ImagePixels = 16_777_216,
    };

    private static MemoryRequest Small(double gib) => (Request(gib) with
    {
        Head = WeightType.Fp8, Vision = WeightType.Fp8, StepTokens = 256, MaxRunning = 8, EncoderCacheBytes = 0,
    }).WithImageTokens(4096);

    private static MemoryPlan Plan(MemoryRequest request)
    {
        var (plan, refusal) = MemoryPlan.Of(request);
        Assert.True(plan is not null, refusal);
        TestContext.Current.TestOutputHelper!.WriteLine(plan.ToString());
        return plan;
    }

    [Fact]
    public void With_24_GiB_the_8B_model_has_64k_tokens_of_cache_and_everything_on_the_GPU()
    {
        var plan = Plan(Request(24));
        Assert.True(plan.KvTokens >= 65_536, $"{plan.KvTokens} tokens");
        Assert.False(plan.Fit.EmbeddingsOnHost);
        Assert.InRange(plan.Total, 24 * GiB - (40L << 20), 24 * GiB);
    }

    [Fact]
    public void With_10_GiB_the_8B_model_has_8k_tokens_of_cache_in_FP8_with_smaller_images()
    {
        var plan = Plan(Small(10));
        Assert.True(plan.KvTokens >= 8192, $"{plan.KvTokens} tokens");
        Assert.True(plan.Fit.EmbeddingsOnHost);
        Assert.Equal((WeightType.Fp8, WeightType.Fp8), (plan.Fit.Head, plan.Fit.Vision));
        Assert.True(plan.Total <= 10 * GiB);
    }

    [Theory]
    [InlineData(10, true)]
    [InlineData(12, true)]
    [InlineData(16, false)]
    [InlineData(24, false)]
    [InlineData(80, false)]
    public void The_cache_takes_what_the_others_leave_and_not_a_block_more(double gib, bool isSmall)
    {
        var request = isSmall ? Small(gib) : Request(gib);
        var plan = Plan(request);
        var block = 147_456L * request.BlockSize;
        Assert.InRange(plan.Total, (long)(gib * GiB) - block - (24L << 20), (long)(gib * GiB));
        // The same number, asked for, is the same plan; a block more is refused.
        var fixedPlan = Plan(request with { KvTokens = plan.KvTokens, StepTokens = plan.StepTokens, EmbeddingsOnHost = plan.Fit.EmbeddingsOnHost });
        Assert.Equal((plan.Blocks, plan.Total), (fixedPlan.Blocks, fixedPlan.Total));
        var (tooMuch, refusal) = MemoryPlan.Of(request with { KvTokens = plan.KvTokens + (16 * request.BlockSize), StepTokens = plan.StepTokens, EmbeddingsOnHost = plan.Fit.EmbeddingsOnHost });
        Assert.Null(tooMuch);
        Assert.Contains("are missing", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void Steps_are_long_where_the_cache_is_ample_all_the_same_and_nothing_leaves_the_GPU_for_them()
    {
        Assert.Equal(MemoryPlan.RoomyStepTokens, Plan(Request(24)).StepTokens);
        Assert.Equal(Placement.UsualStepTokens, Plan(Request(15)).StepTokens);
        Assert.Equal(256, Plan(Request(24) with { StepTokens = 256 }).StepTokens);
        // 112 KiB a token, which are as many tokens of cache fewer.
        var (roomy, usual) = (Plan(Request(24)), Plan(Request(24) with { StepTokens = Placement.UsualStepTokens }));
        Assert.InRange(usual.KvTokens - roomy.KvTokens, 1150, 1350);
        // A cache of a given size decides by whether it fits.
        Assert.Equal(Placement.UsualStepTokens, Plan(Request(24) with { KvTokens = usual.KvTokens }).StepTokens);
        Assert.Equal(MemoryPlan.RoomyStepTokens, Plan(Request(24) with { KvTokens = roomy.KvTokens }).StepTokens);
    }

    [Fact]
    public void The_parts_of_the_8B_model_are_what_its_sizes_say()
    {
        var parts = Plan(Request(24)).Parts.ToDictionary(part => part.Name, part => part.Bytes);
        // 36 layers of 192.9 million weights, a scale for each 16,384 of them, norms in BF16.
        Assert.Equal((36 * (192_937_984L + (192_937_984 / 16_384 * 4) + (2 * 2 * (4096 + 128)))) + (2 * 4096), parts["text layers (FP8)"]);
        Assert.Equal((151_936L * 4096 * 2, 151_936L * 4096 * 2), (parts["embeddings"], parts["head"]));
        Assert.InRange(parts["vision tower"], 1_150_000_000, 1_156_000_000);
        Assert.Equal(16_384L * 4096 * 2 * 4, parts["encoded images"]);
        Assert.Equal(147_456, TextBuffers.CacheBytesOf(KnownModels.All["qwen3-vl-8b"].Text));
        var fp8 = Plan(Small(10)).Parts.ToDictionary(part => part.Name, part => part.Bytes);
        Assert.Equal((151_936L * 4096) + (1187 * 32 * 4), fp8["head (FP8)"]);
        Assert.InRange(fp8["vision tower (FP8)"], 580_000_000, 583_000_000);
        Assert.Equal(0, fp8["embeddings (on the host)"]);
    }

    [Fact]
    public void Layers_in_BF16_take_twice_the_memory_and_where_they_do_not_fit_an_FP8_checkpoint_is_named()
    {
        var bf16 = KnownModels.Of("qwen3-vl-8b", WeightType.Bf16);
        var plan = Plan(Request(24) with { Config = bf16 });
        Assert.Equal((36 * ((2 * 192_937_984L) + (192_937_984 / 16_384 * 4) + (2 * 2 * (4096 + 128)))) + (2 * 4096), plan.Parts.Single(part => part.Name == "text layers (BF16)").Bytes);
        Assert.InRange(plan.KvTokens, MemoryPlan.AmpleKvTokens, 49_152);
        Assert.True(Plan(Request(80) with { Config = bf16 }).KvTokens > 262_144);
        var refusal = MemoryPlan.Of(Request(16) with { Config = bf16 }).Refusal;
        Assert.Contains("an FP8 checkpoint of the model (6.47 GiB)", refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("an FP8 checkpoint", MemoryPlan.Of(Request(10)).Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void The_embeddings_leave_the_GPU_when_the_cache_would_be_small_and_only_then()
    {
        Assert.False(Plan(Request(20)).Fit.EmbeddingsOnHost);
        var tight = Plan(Request(15));
        Assert.True(tight.Fit.EmbeddingsOnHost);
        var stay = Plan(Request(15) with { EmbeddingsOnHost = false });
        Assert.False(stay.Fit.EmbeddingsOnHost);
        Assert.InRange(tight.KvTokens - stay.KvTokens, 8000, 8600);
        Assert.True(stay.KvTokens < MemoryPlan.AmpleKvTokens);
        // A cache of a given size decides by whether it fits.
        Assert.False(Plan(Request(15) with { KvTokens = stay.KvTokens }).Fit.EmbeddingsOnHost);
        Assert.True(Plan(Request(15) with { KvTokens = tight.KvTokens }).Fit.EmbeddingsOnHost);
    }

    [Fact]
    public void A_budget_that_is_too_small_is_refused_with_its_sum_and_with_what_helps()
    {
        var (plan, refusal) = MemoryPlan.Of(Request(10));
        Assert.Null(plan);
        TestContext.Current.TestOutputHelper!.WriteLine(refusal!);
        foreach (var said in (string[])
            ["10.00 GiB is the budget", "are missing", "text layers (FP8)", "6.47 GiB", "KV cache of 8,192 tokens", "HeadType=fp8 (0.58 GiB)", "VisionType=fp8 (0.49 GiB)", "ImageTokens=4096 (", "StepTokens=256 (", "EncoderCacheBytes=0"])
            Assert.Contains(said, refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("still too much", refusal, StringComparison.Ordinal);
        Assert.Contains("still too much", MemoryPlan.Of(Request(8)).Refusal, StringComparison.Ordinal);
        // What it names as enough is enough, and not much more than that.
        var named = refusal![(refusal!.LastIndexOf("Memory=", StringComparison.Ordinal) + 7)..^" is enough.".Length];
        Assert.NotNull(MemoryPlan.Of(Request(10) with { Budget = ByteSize.Parse(named)!.Value }).Plan);
        Assert.Null(MemoryPlan.Of(Request(10) with { Budget = ByteSize.Parse(named)!.Value - (GiB / 8) }).Plan);
        // What it says is saved is saved.
        Assert.NotNull(MemoryPlan.Of(Small(10)).Plan);
    }

    [Fact]
    public void A_table_that_is_the_head_as_well_stays_on_the_GPU()
    {
        var tied = Request(16) with { Config = KnownModels.All["qwen3-vl-8b"] with { TieWordEmbeddings = true } };
        Assert.Contains("HeadType=fp8", MemoryPlan.Of(tied with { EmbeddingsOnHost = true }).Refusal, StringComparison.Ordinal);
        Assert.False(Plan(tied with { Budget = 13 * GiB }).Fit.EmbeddingsOnHost);
        Assert.Equal(0, Plan(tied).Parts.Single(part => part.Name == "head (the embeddings)").Bytes);
        Assert.True(Plan(tied with { Budget = 13 * GiB, Head = WeightType.Fp8 }).Fit.EmbeddingsOnHost);
    }

    [Fact]
    public void Attention_has_room_for_the_longest_context_however_small_the_budget()
    {
        foreach (var plan in new[] { Plan(Small(10)), Plan(Request(24)), Plan(Request(80)) })
        {
            var text = plan.Request.Config.Text;
            // Eight decodes of that length in a graph, whose tables are filled up to a power of two.
            long context = System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Min(plan.KvTokens, text.MaxPositions));
            Assert.True(plan.Fit.AttentionBytes >= 8L * text.Heads * (context / CudaAttention.Span) * text.HeadDim * sizeof(float));
        }
    }

    // A model small enough to be allocated here, with sides that FP8 blocks divide.
    private static readonly ModelConfig Tiny = new()
    {
        Text = new TextConfig { VocabSize = 1056, HiddenSize = 256, IntermediateSize = 384, Layers = 3, Heads = 4, KvHeads = 2, HeadDim = 64, Rope = new RopeSettings(1e4, 12, 10, 10), MaxPositions = 2048 },
        Vision = new VisionConfig { Depth = 2, HiddenSize = 64, IntermediateSize = 96, Heads = 2, OutHiddenSize = 256, PositionEmbeddings = 16, DeepStackLayers = [0] },
        ImageTokenId = 1, VideoTokenId = 2, VisionStartTokenId = 3, VisionEndTokenId = 4, Quantization = new Fp8Quantization(128, 128, []),
    };

    [Theory]
    [InlineData(WeightType.Bf16, WeightType.Fp8)]
    [InlineData(WeightType.Fp8, WeightType.Fp8)]
    [InlineData(WeightType.Bf16, WeightType.Bf16)]
    [InlineData(WeightType.Fp8, WeightType.Bf16)]
    public void Planned_weights_are_those_that_are_loaded(WeightType head, WeightType layers)
    {
        using var off = no_grad();
        var config = Tiny with { Quantization = layers == WeightType.Fp8 ? Tiny.Quantization : null };
        var request = new MemoryRequest { Config = config, Budget = 2 * GiB, ImagePixels = 65_536, Head = head };
        using var weights = CudaWeights.Random(config, new CudaFit { Head = head }, CPU, isConverted: true);
        var parts = Plan(request).Parts.Where(part => part.Name.Contains("layers", StringComparison.Ordinal) || part.Name.Contains("head", StringComparison.Ordinal) || part.Name.Contains("embeddings", StringComparison.Ordinal));
        Assert.Equal(parts.Sum(part => part.Bytes), weights.Bytes);
    }

    [Fact]
    public void What_the_decoder_allocates_is_what_is_planned()
    {
        var plan = Plan(new MemoryRequest { Config = Tiny, Budget = 2 * GiB, ImagePixels = 65_536, Head = WeightType.Fp8, KvTokens = 512, StepTokens = 200, MaxRunning = 5 });
        var sizes = typeof(TextBuffers).GetProperties().Where(property => property.PropertyType == typeof(BufferSize)).Select(property => (BufferSize)property.GetValue(plan.Buffers)!).ToList();
        // Every buffer is in one of the two sums that the plan takes.
        Assert.Equal(sizes.Count, plan.Buffers.Workspace.Count() + plan.Buffers.Cache.Count());
        Assert.Equal(sizes.Sum(size => size.Bytes), plan.Buffers.Workspace.Concat(plan.Buffers.Cache).Sum(size => size.Bytes));
        foreach (var size in sizes)
        {
            using var made = size.Allocate(CPU);
            Assert.Equal(size.Bytes, made.NumberOfElements * made.ElementSize);
        }
        using var text = new CudaText(Tiny.Text, null!, null!, plan.Buffers, CPU);
        Assert.Equal(sizes.Sum(size => size.Bytes), text.Bytes);
        Assert.Equal((200, 8, 32), (plan.Buffers.MaxTokens, plan.Buffers.MaxSampled, plan.Blocks));
    }

    [Theory]
    [InlineData("24GiB", 24L << 30)]
    [InlineData("24 gib", 24L << 30)]
    [InlineData("10.5GiB", (21L << 30) / 2)]
    [InlineData("24GB", 24_000_000_000)]
    [InlineData("8000MB", 8_000_000_000)]
    [InlineData("512MiB", 512L << 20)]
    [InlineData("0.5TiB", 1L << 39)]
    [InlineData("24", null)]
    [InlineData("", null)]
    [InlineData("GiB", null)]
    [InlineData("-1GiB", null)]
    [InlineData("0GiB", null)]
    [InlineData("24Gi", null)]
    [InlineData("1e3GiB", null)]
    [InlineData("1,5GiB", null)]
    [InlineData("99999999TiB", null)]
    public void Amounts_of_memory_are_read_as_people_write_them(string text, long? bytes) => Assert.Equal(bytes, ByteSize.Parse(text));

    [Fact]
    public void Every_amount_that_is_shown_can_be_given_again()
    {
        foreach (var bytes in new[] { 96L << 20, 6L << 30, (6L << 30) + 12_345_678, 500_000_000 })
            Assert.InRange(ByteSize.Parse(ByteSize.Show(bytes))!.Value, bytes * 0.99, bytes * 1.01);
    }
}
