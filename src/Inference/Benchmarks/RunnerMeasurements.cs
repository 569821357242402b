using System.Diagnostics;
using EduVision.Inference.Runners;
using EduVision.Model.Configuration;
using EduVision.Model.Network;

namespace EduVision.Inference.Benchmarks;

/// <summary>Measures one runner by hand: sequences of its own in the runner's KV blocks, from block 0 on.</summary>
/// <param name="runner">The runner.</param>
/// <param name="config">Its model.</param>
/// <param name="workload">What to measure.</param>
/// <param name="blockSize">Tokens a KV block.</param>
/// <param name="stepTokens">Most tokens of a step.</param>
/// <param name="bytesPerSecond">The roofline.</param>
internal sealed class RunnerMeasurements(ModelRunner runner, ModelConfig config, RunnerWorkload workload, int blockSize, int stepTokens, double bytesPerSecond)
{
    /// <summary>One photo, as it is encoded where nobody decodes, and part by part.</summary>
    public EncodingNumbers Encoding()
    {
        var photo = BenchSequence.RandomPhoto(config, workload, new Random(1));
        runner.Encode(photo).Dispose();
        return EncodingNumbers.Of(photo.Grid.Patches, [.. Enumerable.Range(0, workload.Repeat).Select(_ =>
        {
            runner.Wait();
            var begun = Stopwatch.GetTimestamp();
            using (runner.Encode(photo)) runner.Wait();
            var ms = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
            var stages = Stages(photo);
            return new EncodingRun(ms, stages[VisionStage.Upload], stages[VisionStage.Embedding], stages[VisionStage.Blocks], stages[VisionStage.Merging]);
        })]);
    }

    /// <summary>Sequences with a photo each: first token, prefill, then decodes together.</summary>
    public BatchNumbers Batch(int batch, int newTokens)
    {
        var random = new Random(batch);
        var photo = BenchSequence.RandomPhoto(config, workload, random);
        var length = photo.Grid.Tokens(config.Vision.MergeSize) + workload.PromptTokens + newTokens + RunnerWorkload.WarmUpSteps + 1;
        var sequences = Enumerable.Range(0, batch).Select(index => NewSequence(BenchSequence.RandomPrompt(config, random, workload.PromptTokens, photo, $"random {index}"), length, index)).ToList();
        // The first run sets up what later ones find ready.
        FirstToken(sequences[0], photo);
        return BatchNumbers.Of(batch, newTokens, [.. Enumerable.Range(0, workload.Repeat).Select(_ =>
        {
            var first = FirstToken(sequences[0], photo);
            using var image = runner.Encode(photo);
            foreach (var sequence in sequences) sequence.Restart(image);
            var begun = Stopwatch.GetTimestamp();
            Compute(sequences);
            var prefill = sequences.Sum(sequence => sequence.Prompt.Ids.Count) / Stopwatch.GetElapsedTime(begun).TotalSeconds;
            return new BatchRun(first, prefill, Decode(sequences, newTokens));
        })]);
    }

    /// <summary>One sequence of text alone.</summary>
    public PrefillNumbers Prefill(int tokens)
    {
        var sequence = NewSequence(BenchSequence.RandomPrompt(config, new Random(tokens), tokens), tokens, 0);
        Compute([sequence]);
        List<double> runs = [.. Enumerable.Range(0, workload.Repeat).Select(_ =>
        {
            sequence.Restart();
            var begun = Stopwatch.GetTimestamp();
            Compute([sequence]);
            return tokens / Stopwatch.GetElapsedTime(begun).TotalSeconds;
        })];
        return new PrefillNumbers(tokens, runs.Median(), runs);
    }

    /// <summary>One sequence that decodes behind a long past.</summary>
    /// <param name="tokens">Of the past.</param>
    /// <param name="newTokens">To decode.</param>
    /// <param name="fill">Puts something into the cache of the sequence's past; what it is makes no difference to the time.</param>
    public ContextNumbers Context(int tokens, int newTokens, Action<BenchSequence> fill)
    {
        var sequence = NewSequence(BenchSequence.RandomPrompt(config, new Random(tokens), tokens), tokens + newTokens + RunnerWorkload.WarmUpSteps + 1, 0);
        fill(sequence);
        List<DecodeNumbers> runs = [.. Enumerable.Range(0, workload.Repeat).Select(_ =>
        {
            sequence.Restart(computed: tokens - 1);
            return Decode([sequence], newTokens);
        })];
        return new ContextNumbers(tokens, newTokens, DecodeNumbers.MedianOf(runs), runs);
    }

    /// <summary>Computes all that is left of the prompts, as many tokens a step as there is room for.</summary>
    public void Compute(IReadOnlyList<BenchSequence> sequences)
    {
        while (sequences.Any(sequence => sequence.Computed < sequence.Prompt.Ids.Count))
        {
            var budget = stepTokens;
            List<(BenchSequence, int)> chunks = [];
            foreach (var sequence in sequences.Where(sequence => sequence.Computed < sequence.Prompt.Ids.Count))
            {
                var count = Math.Min(budget, sequence.Prompt.Ids.Count - sequence.Computed);
                if (count == 0) break;
                chunks.Add((sequence, count));
                budget -= count;
            }
            Advance(chunks);
        }
    }

    private BenchSequence NewSequence(Prompt prompt, int length, int index)
    {
        var blocks = (length + blockSize - 1) / blockSize;
        return new BenchSequence(prompt, [.. Enumerable.Range(index * blocks, blocks)]);
    }

    private Dictionary<VisionStage, double> Stages(ImageSource photo)
    {
        var stages = Enum.GetValues<VisionStage>().ToDictionary(stage => stage, _ => 0.0);
        using var encoding = runner.Begin(photo);
        EncodedImage? image = null;
        while (image is null)
        {
            var (stage, begun) = (encoding.Stage, Stopwatch.GetTimestamp());
            image = encoding.Advance(0);
            runner.Wait();
            stages[stage] += Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
        }
        image.Dispose();
        return stages;
    }

    private double FirstToken(BenchSequence sequence, ImageSource photo)
    {
        var begun = Stopwatch.GetTimestamp();
        using var encoded = runner.Encode(photo);
        sequence.Restart(encoded);
        Compute([sequence]);
        return Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    private DecodeNumbers Decode(List<BenchSequence> sequences, int newTokens)
    {
        List<(BenchSequence, int)> chunks = [.. sequences.Select(sequence => (sequence, 1))];
        List<double> steps = [];
        long bytes = 0;
        for (var step = 0; step < RunnerWorkload.WarmUpSteps + newTokens; step++)
        {
            if (step == RunnerWorkload.WarmUpSteps + (newTokens / 2)) bytes = StepBytes.Of(config, sequences.Sum(sequence => (long)sequence.Length));
            var begun = Stopwatch.GetTimestamp();
            Advance(chunks);
            if (step >= RunnerWorkload.WarmUpSteps) steps.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        }
        var median = steps.Median();
        return new DecodeNumbers(median, steps.Percentile(0.99), sequences.Count * 1000 / steps.Average(), bytes, bytes / (median / 1000) / bytesPerSecond * 100);
    }

    private void Advance(IReadOnlyList<(BenchSequence Sequence, int Count)> chunks)
    {
        var results = runner.Step([.. chunks.Select(entry => entry.Sequence.Chunk(entry.Count))]);
        foreach (var ((sequence, count), result) in chunks.Zip(results))
        {
            if (result.Fault is { } fault) throw new InvalidOperationException(fault);
            sequence.Advance(count, result.Token);
        }
    }
}
