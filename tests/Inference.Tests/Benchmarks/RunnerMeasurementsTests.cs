using System.Text.Json;
using EduVision.Inference.Benchmarks;
using EduVision.Inference.Cuda.Driver;
using EduVision.Inference.Runners;
using EduVision.Inference.Tests.Fakes;
using EduVision.Model.Configuration;
using Microsoft.Extensions.Time.Testing;
using Spectre.Console;

namespace EduVision.Inference.Tests.Benchmarks;

/// <summary>
/// A benchmark that lets two sequences write to one block, or leaves tokens out, measures something else than it says. The fake runner
/// reads every past back and faults on such; the numbers themselves are the machine's.
/// </summary>
public sealed class RunnerMeasurementsTests
{
    private const int BlockSize = 16;
    private static readonly ModelConfig Config = KnownModels.All["qwen3-vl-8b"];
    private static readonly RunnerWorkload Workload = new()
    {
        // Eight rows of eight merged tokens.
        Model = "qwen3-vl-8b", ImageWidth = 256, ImageHeight = 256, PromptTokens = 40, NewTokens = 20, Batches = [1, 5], Prefill = 300, Beside = 3, Context = 500, SchedulerTokens = 64, Repeat = 3,
    };

    private readonly List<IReadOnlyList<(int Start, int Count)>> steps = [];

    private FakeRunner NewRunner(int blocks) => new(blocks, BlockSize, Bench.Next)
    {
        BeforeStep = chunks => steps.Add([.. chunks.Select(chunk => (chunk.Start, chunk.Count))]),
    };

    private static RunnerMeasurements Of(ModelRunner runner) => new(runner, Config, Workload, BlockSize, stepTokens: 128, bytesPerSecond: 1e12);

    [Fact]
    public void A_batch_prefills_every_prompt_and_decodes_all_of_them_together_in_every_run()
    {
        var room = RunnerRoom.For(Config, Workload, BlockSize, 1L << 34);
        using var runner = NewRunner(room.Blocks);
        var row = Of(runner).Batch(5, 20);
        Assert.Equal((5, 20, 3), (row.Batch, row.NewTokens, row.Runs.Count));
        Assert.All(steps, step => Assert.True(step.Sum(chunk => chunk.Count) <= 128));
        var decodes = steps.Where(step => step.Count == 5 && step.All(chunk => chunk.Count == 1)).ToList();
        Assert.Equal(3 * (RunnerWorkload.WarmUpSteps + 20), decodes.Count);
        Assert.Equal(64 + 40 + RunnerWorkload.WarmUpSteps + 20 - 1, decodes.Max(step => step[0].Start));
        // Each run: the first token alone, then the prompts; before the first run, one more alone.
        Assert.Equal((1 + (3 * 6)) * (64 + 40), steps.Except(decodes).Sum(step => step.Sum(chunk => chunk.Count)));
        Assert.Equal(0, runner.LiveImages);
        // At the middle of the decodes all five have their prompt, the warm-up, half of the rest and the token to compute.
        Assert.Equal(StepBytes.Of(Config, 5 * (64 + 40 + 1 + RunnerWorkload.WarmUpSteps + 10)), row.Median.Decode.BytesPerStep);
    }

    [Fact]
    public void A_photo_is_encoded_at_once_and_part_by_part()
    {
        using var runner = NewRunner(1);
        var numbers = Of(runner).Encoding();
        Assert.Equal((256, 3), (numbers.Patches, numbers.Runs.Count));
        Assert.All(numbers.Runs, run => Assert.True(run is { Ms: > 0, UploadMs: > 0, EmbeddingMs: 0, BlocksMs: > 0, MergingMs: > 0 }));
        Assert.Equal((1 + (2 * 3), 0, 0, 0), (runner.Encoded, runner.LiveImages, runner.Encodings, runner.Abandoned));
    }

    [Fact]
    public void A_prefill_computes_its_tokens_once_a_run()
    {
        using var runner = NewRunner(20);
        var numbers = Of(runner).Prefill(300);
        Assert.Equal(3, numbers.Runs.Count);
        Assert.Equal(numbers.Runs.Order().ElementAt(1), numbers.TokensPerSecond);
        Assert.Equal([128, 128, 44, 128, 128, 44, 128, 128, 44, 128, 128, 44], steps.Select(step => step.Single().Count));
    }

    [Fact]
    public void A_long_context_is_decoded_behind_and_not_computed()
    {
        using var runner = NewRunner(RunnerRoom.For(Config, Workload with { Batches = [] }, BlockSize, 1L << 34).Blocks);
        var measurements = Of(runner);
        var numbers = measurements.Context(500, 20, sequence =>
        {
            measurements.Compute([sequence]);
            steps.Clear();
        });
        Assert.Equal(3, numbers.Runs.Count);
        var once = Enumerable.Range(499, RunnerWorkload.WarmUpSteps + 20);
        Assert.Equal([.. once, .. once, .. once], steps.Select(step => step.Single().Start));
    }

    [Fact]
    public void A_photo_is_prefilled_in_what_the_decodes_leave_of_a_step()
    {
        var blocks = BesideMeasurement.Blocks(Config, Workload, BlockSize);
        using var runner = NewRunner(blocks);
        using (var measurement = new BesideMeasurement(runner, Config, Workload, blocks, BlockSize, new FakeTimeProvider()))
        {
            var numbers = measurement.Run();
            Assert.Equal((3, 64, 3), (numbers.Sequences, numbers.SchedulerTokens, numbers.Runs.Count));
            // What comes before the photo, a part of it, another, the last; then 100 tokens beside 3 of 64: 61 and 39.
            Assert.All(numbers.Runs, run => Assert.Equal((5, 3), (run.Steps, run.EncodingSteps)));
            Assert.All(numbers.Runs, run => Assert.True(run.LargestStepMs >= run.MedianStepMs && run.FirstTokenMs >= run.LargestStepMs));
            var mixed = steps.SkipWhile(step => step.Count < 3 || step.Any(chunk => chunk.Count > 1)).Where(step => step.Any(chunk => chunk.Count > 1)).ToList();
            Assert.Equal(3 * 4, mixed.Count);
            Assert.All(mixed, step => Assert.Equal((4, 3), (step.Count, step.Count(chunk => chunk.Count == 1))));
            Assert.Equal([4, 61, 39, 4, 61, 39, 4, 61, 39, 4, 61, 39], mixed.Select(step => step.Max(chunk => chunk.Count)));
        }
        // One for those that decode, and each newcomer's.
        Assert.Equal((1 + 4, 0), (runner.Encoded, runner.LiveImages));
    }

    [Fact]
    public void Where_memory_is_scarcea_batch_decodes_fewer_tokens_and_what_cannot_fit_is_named_with_its_bytes()
    {
        var workload = Workload with { ImageWidth = 1024, ImageHeight = 1024, PromptTokens = 256, NewTokens = 512, Batches = [1, 256], Prefill = null, Beside = null, Context = null };
        var token = StepBytes.OfToken(Config.Text);
        Assert.Equal(147_456, token);
        var roomy = RunnerRoom.For(Config, workload, BlockSize, 300_000_000_000);
        Assert.Equal([512, 512], roomy.NewTokens);
        var scarce = RunnerRoom.For(Config, workload, BlockSize, 66_000_000_000);
        Assert.Equal(512, scarce.NewTokens[0]);
        Assert.InRange(scarce.NewTokens[1], 400, 460);
        Assert.InRange(scarce.Blocks * (long)BlockSize * token, 60_000_000_000, 66_000_000_000);
        var refused = Assert.Throws<CudaException>(() => RunnerRoom.For(Config, workload with { Batches = [512] }, BlockSize, 66_000_000_000));
        Assert.Contains("66,000,000,000 are free", refused.Message, StringComparison.Ordinal);
        // 1280 of the prompt, 32 new, 9 around them, in whole blocks.
        Assert.Contains($"need {512L * 83 * BlockSize * token:N0} bytes", refused.Message, StringComparison.Ordinal);
        Assert.Contains("a context of 600000 tokens", Assert.Throws<CudaException>(() => RunnerRoom.For(Config, workload with { Batches = [], Context = 600_000 }, BlockSize, 66_000_000_000)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_step_reads_each_weight_in_the_bytes_of_its_type()
    {
        var (fp8, bf16) = (StepBytes.Of(KnownModels.Of("qwen3-vl-8b", WeightType.Fp8), 0), StepBytes.Of(KnownModels.Of("qwen3-vl-8b", WeightType.Bf16), 0));
        const long layers = 36 * 192_937_984L, head = 2 * 151_936L * 4096;
        Assert.Equal((layers + (layers / 16_384 * 4) + head, (2 * layers) + head), (fp8, bf16));
    }

    [Fact]
    public void Two_types_of_weights_are_set_against_each_other_where_both_were_measured()
    {
        var console = NewConsole(out var written);
        RunnerTable.PrintRatio(console, Result(WeightType.Fp8, (1, 300), (4, 900)), Result(WeightType.Bf16, (1, 150), (16, 2000)));
        Assert.Contains("FP8 against BF16", written.ToString(), StringComparison.Ordinal);
        Assert.Matches(@"1 +│ +300 tokens/s +│ +150 tokens/s +│ +2\.00 x", written.ToString());
        Assert.DoesNotContain("900", written.ToString(), StringComparison.Ordinal);

        static RunnerResult Result(WeightType dtype, params IEnumerable<(int Batch, double Speed)> rows) => new(
            "a GPU", Workload with { Dtype = dtype }, new ReadBandwidth(3e12, "torch.sum", new Dictionary<string, double>()), 0, EncodingNumbers.Of(256, [new EncodingRun(9, 1, 2, 7, 3)]),
            [.. rows.Select(row => BatchNumbers.Of(row.Batch, 20, [new BatchRun(0.1, 9000, new DecodeNumbers(1, 1, row.Speed, 1, 1))]))], null, null, null);
    }

    [Fact]
    public void The_file_of_numbers_names_the_type_of_the_weights() =>
        Assert.Contains("\"dtype\": \"bf16\"", JsonSerializer.Serialize(Workload with { Dtype = WeightType.Bf16 }, BenchmarkResult.Json), StringComparison.Ordinal);

    private static IAnsiConsole NewConsole(out StringWriter written)
    {
        written = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(written) });
        console.Profile.Width = 200;
        return console;
    }

    [Fact]
    public void The_table_shows_every_row()
    {
        var decode = new DecodeNumbers(1.5, 2.5, 400, 9_000_000_000, 80);
        var console = NewConsole(out var written);
        RunnerTable.Print(console, new RunnerResult(
            "a GPU", Workload, new ReadBandwidth(3e12, "torch.sum", new Dictionary<string, double>()), 40_000_000_000, EncodingNumbers.Of(256, [new EncodingRun(9, 1, 2, 7, 3)]),
            [BatchNumbers.Of(5, 20, [new BatchRun(0.1, 9000, decode), new BatchRun(0.3, 8000, decode with { StepMedianMs = 3.5 }), new BatchRun(0.2, 7000, decode)])],
            new PrefillNumbers(300, 12_345, []), BesideNumbers.Of(3, 64, 2, [new BesideRun(6, 4, 3, 5, 8)]), new ContextNumbers(500, 20, decode, [])));
        foreach (var expected in new[] { "qwen3-vl-8b in FP8 on a GPU", "200 ms", "8000/s", "1.50 ms", "12345 tokens/s", "6.00 ms, 3.0 x", "4.00 ms, 2.0 x", "400.0 tokens/s", "3.00 TB/s", "9.0 ms", "upload 1.0, embedding 2.0, blocks 7.0, mergers 3.0 ms", "5 steps, 3 of them", "40.0 GB" })
            Assert.Contains(expected, written.ToString(), StringComparison.Ordinal);
    }
}
