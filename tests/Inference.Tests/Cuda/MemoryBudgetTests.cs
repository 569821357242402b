using EduVision.Inference.Benchmarks;
using EduVision.Inference.Cuda;
using EduVision.Inference.Hosting;
using EduVision.Inference.Runners;
using EduVision.Inference.Runners.Sampling;
using EduVision.Inference.Runners.Torch;
using EduVision.Inference.Tests.Fakes;
using EduVision.Model.Imaging;
using EduVision.Model.Native;

namespace EduVision.Inference.Tests.Cuda;

/// <summary>
/// The 8B model with random weights in a budget: the largest image, smaller ones after it, a full cache, many decodes; and what the
/// driver says was used at most. To be run by itself, as everything on the GPU counts.
/// </summary>
[Trait("Category", "Gpu")]
public sealed class MemoryBudgetTests
{
    private static readonly HashSet<int> Nothing = [];

    public MemoryBudgetTests()
    {
        TorchLibrary.Prepare();
        Gpu.Require();
    }

    [Theory(Explicit = true)]
    [InlineData("10GiB", true)]
    [InlineData("12GiB", true)]
    [InlineData("16GiB", false)]
    [InlineData("24GiB", false)]
    [InlineData("40GiB", false)]
    public void What_is_used_stays_within_the_budget(string memory, bool isSmall)
    {
        var output = TestContext.Current.TestOutputHelper!;
        var config = KnownModels.All["qwen3-vl-8b"];
        var card = CardMemory.Look(0);
        var request = new MemoryRequest { Config = config, Budget = ByteSize.Parse(memory)!.Value, ImagePixels = 16_777_216, Context = card.Context };
        if (isSmall)
            request = (request with { Head = WeightType.Fp8, Vision = WeightType.Fp8, StepTokens = 256, MaxRunning = 8, EncoderCacheBytes = 0 }).WithImageTokens(4096);
        var (plan, refusal) = MemoryPlan.Of(request);
        Assert.True(plan is not null, refusal);
        output.WriteLine($"{card.Name}: {ByteSize.Show(card.Free)} free, the context takes {ByteSize.Show(card.Context)}");
        output.WriteLine(plan.ToString());
        var peak = 0L;
        void Look(string after)
        {
            var used = card.Used();
            peak = Math.Max(peak, used);
            output.WriteLine($"{ByteSize.Show(used)} after {after}");
        }

        using var runner = CudaRunner.Random(config, 0, new KvLayout(plan.Blocks, request.BlockSize), plan.StepTokens, request.MaxRunning, null, plan.Fit, card);
        Look("loading");
        runner.WarmUp(config.Vision);
        Look("the warm-up");
        var side = (int)Math.Sqrt(request.ImagePatches) / 2 * 2;
        foreach (var (height, width) in new[] { (side, side), (side / 2, side), (64, 64), (side, side / 4), (side, side) })
        {
            var grid = new ImageGrid(1, height, width);
            using var image = runner.Encode(new ImageSource(grid, () => PatchedImage.Noise(config.Vision, grid, new Random(1))));
            Assert.Equal(image.Bytes, runner.BytesOf(grid));
            Look($"an image of {grid.Tokens(2)} tokens");
        }

        // The whole cache, shared evenly by all that run, and a few decodes of them together.
        var perSequence = plan.Blocks / request.MaxRunning;
        var length = Math.Min(perSequence * request.BlockSize, config.Text.MaxPositions) - 20;
        var prompt = new Prompt { Ids = [.. Enumerable.Range(0, length).Select(i => i % 1000)], Positions = RotaryPositions.Plain(length) };
        for (var sequence = 0; sequence < request.MaxRunning; sequence++)
            for (var start = 0; start < length; start += plan.StepTokens)
                runner.Step([Chunk(prompt, prompt.Ids, start, Math.Min(plan.StepTokens, length - start), sequence * perSequence, perSequence)]);
        Look("the prompts");
        List<int> tokens = [.. prompt.Ids];
        for (var step = 0; step < 16; step++)
        {
            tokens.Add(step);
            var results = runner.Step([.. Enumerable.Range(0, request.MaxRunning).Select(sequence => Chunk(prompt, tokens, tokens.Count - 1, 1, sequence * perSequence, perSequence))]);
            Assert.All(results, result => Assert.Null(result.Fault));
        }
        Look("the decodes");
        output.WriteLine($"planned {ByteSize.Show(plan.Total)}, at most used {ByteSize.Show(peak)}, budget {ByteSize.Show(request.Budget)}");
        Assert.InRange(peak, 0, request.Budget);
    }

    private static SequenceChunk Chunk(Prompt prompt, IReadOnlyList<int> tokens, int start, int count, int firstBlock, int blocks) => new()
    {
        Prompt = prompt, Tokens = tokens, Start = start, Count = count, Blocks = [.. Enumerable.Range(firstBlock, blocks)], Images = new Dictionary<PromptImage, EncodedImage>(),
        Sample = start + count == tokens.Count ? new SampleRequest(new SamplingParameters { Temperature = 0 }, 0, Nothing) : null,
    };
}
