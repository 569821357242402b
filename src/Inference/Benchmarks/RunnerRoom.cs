using EduVision.Inference.Cuda.Driver;
using EduVision.Model.Configuration;

namespace EduVision.Inference.Benchmarks;

/// <summary>How a workload is made to fit: KV blocks for the largest measurement, and how many tokens each batch may decode.</summary>
/// <param name="Blocks">KV blocks.</param>
/// <param name="NewTokens">Tokens that each batch of the workload decodes.</param>
internal sealed record RunnerRoom(int Blocks, IReadOnlyList<int> NewTokens)
{
    // Fewer steps than these say little about a median.
    private const int LeastNewTokens = 32;

    /// <summary>Fits a workload into that much memory for keys and values.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="workload">What is to be measured.</param>
    /// <param name="blockSize">Tokens a KV block.</param>
    /// <param name="bytes">Memory that the model leaves.</param>
    /// <exception cref="CudaException">It does not fit: the message says how many bytes are needed and how many are free.</exception>
    public static RunnerRoom For(ModelConfig config, RunnerWorkload workload, int blockSize, long bytes)
    {
        var blockBytes = blockSize * StepBytes.OfToken(config.Text);
        var room = bytes / blockBytes;
        var before = workload.Grid(config.Vision).Tokens(config.Vision.MergeSize) + workload.PromptTokens + RunnerWorkload.WarmUpSteps + 1;
        List<int> newTokens = [];
        long most = 1;
        foreach (var batch in workload.Batches)
        {
            var fitting = (room / batch * blockSize) - before;
            var count = (int)Math.Min(workload.NewTokens, fitting);
            if (count < Math.Min(workload.NewTokens, LeastNewTokens)) throw TooLittle($"a batch of {batch}", batch * BlocksOf(before + Math.Min(workload.NewTokens, LeastNewTokens)));
            newTokens.Add(count);
            most = Math.Max(most, batch * BlocksOf(before + count));
        }
        if (workload.Prefill is { } prefill) Need($"a prefill of {prefill} tokens", BlocksOf(prefill));
        if (workload.Context is { } context) Need($"a context of {context} tokens", BlocksOf(context + workload.NewTokens + RunnerWorkload.WarmUpSteps + 1L));
        if (workload.Beside is { } beside) Need($"{beside} sequences beside a photo", BesideMeasurement.Blocks(config, workload, blockSize));
        return new RunnerRoom((int)most, newTokens);

        long BlocksOf(long tokens) => (tokens + blockSize - 1) / blockSize;

        void Need(string what, long blocks)
        {
            if (blocks > room) throw TooLittle(what, blocks);
            most = Math.Max(most, blocks);
        }

        CudaException TooLittle(string what, long blocks) =>
            new($"making room for {what}", 0, $"its keys and values need {blocks * blockBytes:N0} bytes, and {bytes:N0} are free beside the model; take fewer sequences, a shorter --prompt or a smaller --image");
    }
}
