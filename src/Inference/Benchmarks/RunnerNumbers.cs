namespace EduVision.Inference.Benchmarks;

/// <summary>Decodes of one run.</summary>
/// <param name="StepMedianMs">Milliseconds of a step, median: what every sequence waits for its next token.</param>
/// <param name="StepP99Ms">The same, 99th percentile.</param>
/// <param name="TokensPerSecond">Of all sequences together.</param>
/// <param name="BytesPerStep">Weights and keys and values that a step has to read, at the middle of the run.</param>
/// <param name="RooflinePercent">Those bytes over the step's median, of the measured read bandwidth.</param>
internal sealed record DecodeNumbers(double StepMedianMs, double StepP99Ms, double TokensPerSecond, long BytesPerStep, double RooflinePercent)
{
    public static DecodeNumbers MedianOf(IReadOnlyList<DecodeNumbers> runs) => new(
        runs.MedianOf(run => run.StepMedianMs), runs.MedianOf(run => run.StepP99Ms), runs.MedianOf(run => run.TokensPerSecond), runs[0].BytesPerStep, runs.MedianOf(run => run.RooflinePercent));
}

/// <summary>One run of a batch.</summary>
/// <param name="FirstTokenSeconds">Photo and prompt of one sequence, to its first token, with nothing else running.</param>
/// <param name="PrefillTokensPerSecond">Image and text tokens of all prompts, images encoded before.</param>
/// <param name="Decode">All sequences, step by step.</param>
internal sealed record BatchRun(double FirstTokenSeconds, double PrefillTokensPerSecond, DecodeNumbers Decode);

/// <summary>One batch size's numbers.</summary>
/// <param name="Batch">Sequences.</param>
/// <param name="NewTokens">Tokens decoded for each.</param>
/// <param name="Median">Of the runs, number by number.</param>
/// <param name="Runs">Each run.</param>
internal sealed record BatchNumbers(int Batch, int NewTokens, BatchRun Median, IReadOnlyList<BatchRun> Runs)
{
    public static BatchNumbers Of(int batch, int newTokens, IReadOnlyList<BatchRun> runs) => new(
        batch, newTokens,
        new BatchRun(runs.MedianOf(run => run.FirstTokenSeconds), runs.MedianOf(run => run.PrefillTokensPerSecond), DecodeNumbers.MedianOf([.. runs.Select(run => run.Decode)])),
        runs);
}

/// <summary>The prefill of text alone.</summary>
/// <param name="Tokens">How many.</param>
/// <param name="TokensPerSecond">Median of the runs.</param>
/// <param name="Runs">Each run's.</param>
internal sealed record PrefillNumbers(int Tokens, double TokensPerSecond, IReadOnlyList<double> Runs);

/// <summary>One sequence with a long past.</summary>
/// <param name="Tokens">Of its past.</param>
/// <param name="NewTokens">Decoded.</param>
/// <param name="Median">Of the runs, number by number.</param>
/// <param name="Runs">Each run.</param>
internal sealed record ContextNumbers(int Tokens, int NewTokens, DecodeNumbers Median, IReadOnlyList<DecodeNumbers> Runs);

/// <summary>One photo through the vision tower, with nothing else running.</summary>
/// <param name="Ms">Milliseconds of all, to the end on the device.</param>
/// <param name="UploadMs">Of its pixels' way to the device, in a second pass that waits for each part; so are the following.</param>
/// <param name="EmbeddingMs">Of patches and places.</param>
/// <param name="BlocksMs">Of the blocks.</param>
/// <param name="MergingMs">Of the mergers.</param>
internal sealed record EncodingRun(double Ms, double UploadMs, double EmbeddingMs, double BlocksMs, double MergingMs);

/// <summary>What encoding a photo takes.</summary>
/// <param name="Patches">Of the photo.</param>
/// <param name="Median">Of the runs, number by number.</param>
/// <param name="Runs">Each run.</param>
internal sealed record EncodingNumbers(int Patches, EncodingRun Median, IReadOnlyList<EncodingRun> Runs)
{
    public static EncodingNumbers Of(int patches, IReadOnlyList<EncodingRun> runs) => new(
        patches,
        new EncodingRun(
            runs.MedianOf(run => run.Ms), runs.MedianOf(run => run.UploadMs), runs.MedianOf(run => run.EmbeddingMs), runs.MedianOf(run => run.BlocksMs), runs.MedianOf(run => run.MergingMs)),
        runs);
}

/// <summary>One photo beside sequences that decode.</summary>
/// <param name="LargestStepMs">The longest step from the photo's admission to its first token.</param>
/// <param name="MedianStepMs">The median of those steps.</param>
/// <param name="EncodingSteps">How many steps it took to encode the photo, beside the decodes.</param>
/// <param name="Steps">How many steps it took in all.</param>
/// <param name="FirstTokenMs">All of them together.</param>
internal sealed record BesideRun(double LargestStepMs, double MedianStepMs, int EncodingSteps, int Steps, double FirstTokenMs);

/// <summary>What sequences that decode feel of a photo.</summary>
/// <param name="Sequences">That decode.</param>
/// <param name="SchedulerTokens">Tokens of a step.</param>
/// <param name="PlainStepMs">Median step without the photo.</param>
/// <param name="Median">Of the runs, number by number.</param>
/// <param name="Runs">Each run.</param>
internal sealed record BesideNumbers(int Sequences, int SchedulerTokens, double PlainStepMs, BesideRun Median, IReadOnlyList<BesideRun> Runs)
{
    public static BesideNumbers Of(int sequences, int schedulerTokens, double plainStepMs, IReadOnlyList<BesideRun> runs) => new(
        sequences, schedulerTokens, plainStepMs,
        new BesideRun(
            runs.MedianOf(run => run.LargestStepMs), runs.MedianOf(run => run.MedianStepMs), (int)runs.MedianOf(run => run.EncodingSteps), (int)runs.MedianOf(run => run.Steps), runs.MedianOf(run => run.FirstTokenMs)),
        runs);
}

/// <summary>What came of it all.</summary>
/// <param name="Device">The GPU.</param>
/// <param name="Workload">What was measured.</param>
/// <param name="Bandwidth">What a plain read reaches here, in this run.</param>
/// <param name="PeakBytes">Most device memory in use.</param>
/// <param name="Encoding">A photo by itself.</param>
/// <param name="Batches">A row each.</param>
/// <param name="Prefill">Text alone; null if it was not asked for.</param>
/// <param name="Beside">A photo beside decodes; null if it was not asked for.</param>
/// <param name="Context">A long past; null if it was not asked for.</param>
internal sealed record RunnerResult(
    string Device, RunnerWorkload Workload, ReadBandwidth Bandwidth, long PeakBytes, EncodingNumbers Encoding,
    IReadOnlyList<BatchNumbers> Batches, PrefillNumbers? Prefill, BesideNumbers? Beside, ContextNumbers? Context);
