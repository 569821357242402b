using System.Diagnostics;
using EduVision.Inference.Cuda;
using EduVision.Inference.Cuda.Driver;
using EduVision.Inference.Runners;
using EduVision.Inference.Runners.Sampling;
using EduVision.Inference.Runners.Torch;
using EduVision.Model.Configuration;
using EduVision.Model.Imaging;
using static TorchSharp.torch;

namespace EduVision.Inference.Benchmarks;

/// <summary>What is measured.</summary>
/// <param name="Model">A name of <see cref="KnownModels"/>.</param>
/// <param name="ImageWidth">Pixels of each prompt's photo.</param>
/// <param name="ImageHeight">Pixels.</param>
/// <param name="PromptTokens">Text tokens of each prompt.</param>
/// <param name="NewTokens">Tokens decoded for each.</param>
/// <param name="Batches">Sequences decoded together.</param>
internal sealed record RunnerWorkload(string Model, int ImageWidth, int ImageHeight, int PromptTokens, int NewTokens, IReadOnlyList<int> Batches);

/// <summary>One batch size's numbers.</summary>
/// <param name="Batch">Sequences.</param>
/// <param name="FirstTokenSeconds">Photo and prompt of one sequence, to its first token, with nothing else running.</param>
/// <param name="PrefillTokensPerSecond">Image and text tokens of all prompts, images encoded before.</param>
/// <param name="StepMedianMs">Milliseconds of a step, median: what every sequence waits for its next token.</param>
/// <param name="StepP99Ms">The same, 99th percentile.</param>
/// <param name="TokensPerSecond">Of all sequences together.</param>
/// <param name="BytesPerStep">Weights and keys and values that a step has to read, at the middle of the run.</param>
/// <param name="RooflinePercent">Those bytes over the step's median, of the measured read bandwidth.</param>
internal sealed record RunnerNumbers(
    int Batch, double FirstTokenSeconds, double PrefillTokensPerSecond, double StepMedianMs, double StepP99Ms, double TokensPerSecond, long BytesPerStep, double RooflinePercent);

/// <summary>What came of it.</summary>
/// <param name="Device">The GPU.</param>
/// <param name="Workload">What was measured.</param>
/// <param name="ReadTerabytesPerSecond">What a plain read reaches here, in this run.</param>
/// <param name="PeakBytes">Most device memory in use.</param>
/// <param name="Batches">A row each.</param>
internal sealed record RunnerResult(string Device, RunnerWorkload Workload, double ReadTerabytesPerSecond, long PeakBytes, IReadOnlyList<RunnerNumbers> Batches);

/// <summary>The GPU kernels by themselves, with random weights: no service, no scheduler, no files.</summary>
internal static class RunnerBenchmark
{
    private const int BlockSize = 16, StepTokens = 8192, WarmUpSteps = 8;
    private static readonly HashSet<int> Nothing = [];

    /// <summary>Measures.</summary>
    /// <exception cref="CudaException">There is no GPU, driver or run-time compiler.</exception>
    public static RunnerResult Run(RunnerWorkload workload, string? torchLibrary, Action<RunnerNumbers> measured)
    {
        var config = KnownModels.All[workload.Model];
        const int merge = 2, patch = 16;
        var grid = new ImageGrid(1, workload.ImageHeight / patch / merge * merge, workload.ImageWidth / patch / merge * merge);
        var imageTokens = grid.Tokens(merge);
        var length = imageTokens + workload.PromptTokens + workload.NewTokens + WarmUpSteps + 1;
        var perSequence = (length + BlockSize - 1) / BlockSize;
        var most = workload.Batches.Max();
        using var runner = CudaRunner.Random(config, 0, new KvLayout(most * perSequence, BlockSize), StepTokens, most, torchLibrary);
        var bandwidth = ReadBandwidth();
        List<RunnerNumbers> rows = [];
        long peak = 0;
        foreach (var batch in workload.Batches)
        {
            var row = Measure(runner, config, workload, grid, imageTokens, perSequence, batch, bandwidth);
            rows.Add(row);
            measured(row);
            peak = Math.Max(peak, CudaDriver.UsedBytes());
        }
        return new RunnerResult(runner.Device, workload, bandwidth / 1e12, peak, rows);
    }

    private static RunnerNumbers Measure(
        CudaRunner runner, ModelConfig config, RunnerWorkload workload, ImageGrid grid, int imageTokens, int perSequence, int batch, double bandwidth)
    {
        var random = new Random(batch);
        var source = new ImageSource(grid, () => new ImagePatches([.. Enumerable.Range(0, grid.Patches * config.Vision.PatchWidth).Select(_ => (random.NextSingle() * 2) - 1)], grid));
        source.Take();
        var sequences = Enumerable.Range(0, batch).Select(index => new Running(config, random, new PromptImage($"random {index}", 4, imageTokens, source), workload.PromptTokens, [.. Enumerable.Range(index * perSequence, perSequence)])).ToList();

        // The first run sets up what later ones find ready; the second is measured.
        var first = 0.0;
        for (var run = 0; run < 2; run++)
        {
            var begun = Stopwatch.GetTimestamp();
            using var encoded = runner.Encode(source);
            Prefill(runner, [sequences[0].Fresh(encoded)]);
            first = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        }

        using var image = runner.Encode(source);
        foreach (var sequence in sequences) sequence.Fresh(image);
        var prefillBegun = Stopwatch.GetTimestamp();
        Prefill(runner, sequences);
        var prefill = sequences.Sum(sequence => sequence.Prompt.Ids.Count) / Stopwatch.GetElapsedTime(prefillBegun).TotalSeconds;

        List<double> steps = [];
        for (var step = 0; step < WarmUpSteps + workload.NewTokens; step++)
        {
            var begun = Stopwatch.GetTimestamp();
            Advance(runner, sequences.Select(sequence => (sequence, 1)));
            if (step >= WarmUpSteps) steps.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        }
        steps.Sort();
        var median = steps[steps.Count / 2];
        var context = imageTokens + workload.PromptTokens + WarmUpSteps + (workload.NewTokens / 2);
        var bytes = WeightBytes(config) + ((long)batch * context * config.Text.Layers * config.Text.KvHeads * config.Text.HeadDim * 2 * 2);
        return new RunnerNumbers(
            batch, first, prefill, median, steps[(int)(steps.Count * 0.99)], batch * 1000 / steps.Average(), bytes, bytes / (median / 1000) / bandwidth * 100);
    }

    private static void Prefill(CudaRunner runner, IReadOnlyList<Running> sequences)
    {
        while (sequences.Any(sequence => sequence.Pending > 0 && sequence.Computed < sequence.Prompt.Ids.Count))
        {
            var budget = StepTokens;
            List<(Running, int)> chunks = [];
            foreach (var sequence in sequences.Where(sequence => sequence.Computed < sequence.Prompt.Ids.Count))
            {
                var count = Math.Min(budget, sequence.Prompt.Ids.Count - sequence.Computed);
                if (count == 0) break;
                chunks.Add((sequence, count));
                budget -= count;
            }
            Advance(runner, chunks);
        }
    }

    private static void Advance(CudaRunner runner, IEnumerable<(Running Sequence, int Count)> chunks)
    {
        var list = chunks.ToList();
        var results = runner.Step([.. list.Select(entry => entry.Sequence.Chunk(entry.Count))]);
        foreach (var ((sequence, count), result) in list.Zip(results))
        {
            if (result.Fault is { } fault) throw new InvalidOperationException(fault);
            sequence.Advance(count, result.Token);
        }
    }

    // Of a step: every layer's matrices in FP8 with their scales, and the head in BF16.
    private static long WeightBytes(ModelConfig config)
    {
        var text = config.Text;
        long hidden = text.HiddenSize, queries = (long)text.Heads * text.HeadDim, keys = (long)text.KvHeads * text.HeadDim;
        var numbers = (hidden * (queries + (2 * keys))) + (queries * hidden) + (3 * hidden * text.IntermediateSize);
        return (text.Layers * (numbers + (numbers / (128 * 128) * sizeof(float)))) + (2L * text.VocabSize * hidden);
    }

    /// <summary>Bytes a second of a sum over 8 GB, the best of ten.</summary>
    private static double ReadBandwidth()
    {
        using var scope = NewDisposeScope();
        var data = zeros([1L << 31], ScalarType.Float32, CUDA);
        var best = double.MaxValue;
        for (var run = 0; run < 11; run++)
        {
            CudaDriver.Synchronize();
            var begun = Stopwatch.GetTimestamp();
            using var sum = data.sum();
            CudaDriver.Synchronize();
            best = Math.Min(best, Stopwatch.GetElapsedTime(begun).TotalSeconds);
        }
        return (1L << 33) / best;
    }

    /// <summary>A sequence in the making.</summary>
    private sealed class Running
    {
        private readonly int[] blocks;
        private readonly PromptImage image;
        private readonly List<int> tokens = [];
        private Dictionary<PromptImage, EncodedImage> images = [];

        public Running(ModelConfig config, Random random, PromptImage image, int textTokens, int[] blocks)
        {
            (this.image, this.blocks) = (image, blocks);
            var ids = Enumerable.Range(0, textTokens + image.Tokens)
                .Select(i => i >= image.Offset && i < image.End ? config.ImageTokenId : random.Next(config.Text.VocabSize / 2)).ToArray();
            Prompt = new Prompt { Ids = ids, Positions = RotaryPositions.Plain(ids.Length), Images = [image] };
        }

        public Prompt Prompt { get; }

        public int Computed { get; private set; }

        public int Pending => tokens.Count - Computed;

        public Running Fresh(EncodedImage encoded)
        {
            images = new Dictionary<PromptImage, EncodedImage> { [image] = encoded };
            tokens.Clear();
            tokens.AddRange(Prompt.Ids);
            Computed = 0;
            return this;
        }

        public SequenceChunk Chunk(int count) => new()
        {
            Prompt = Prompt, Tokens = tokens, Start = Computed, Count = count, Blocks = blocks, Images = images,
            Sample = Computed + count == tokens.Count ? new SampleRequest(new SamplingParameters { Temperature = 0 }, 0, Nothing) : null,
        };

        public void Advance(int count, SampledToken? token)
        {
            Computed += count;
            if (token is not null) tokens.Add(token.Id);
        }
    }
}
