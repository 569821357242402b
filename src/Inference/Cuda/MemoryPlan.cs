using System.Globalization;
using EduVision.Inference.Hosting;
using EduVision.Inference.Runners;
using EduVision.Inference.Runners.Torch;
using EduVision.Model.Configuration;
using EduVision.Model.Network;
using EduVision.Model.Weights;

namespace EduVision.Inference.Cuda;

/// <summary>A part of a GPU's memory.</summary>
/// <param name="Name">What for, for people.</param>
/// <param name="Bytes">How much.</param>
internal readonly record struct MemoryPart(string Name, long Bytes);

/// <summary>Who gets how much of a GPU's memory: everything that is held there, the KV cache last, from what the others leave. Arithmetic alone; touches no device.</summary>
/// <param name="Request">What it was made for.</param>
/// <param name="Fit">How the model is loaded, so that it is so.</param>
/// <param name="Blocks">KV blocks.</param>
/// <param name="EncoderCacheBytes">Encoded images held at once.</param>
/// <param name="Parts">All parts, the KV cache last.</param>
internal sealed record MemoryPlan(MemoryRequest Request, CudaFit Fit, int Blocks, long EncoderCacheBytes, IReadOnlyList<MemoryPart> Parts)
{
    /// <summary>Of a card's free memory, what is taken if nobody says how much.</summary>
    public const double UsualShare = 0.9;

    /// <summary>Tokens of the smallest KV cache that is worth a start: a photo of four megapixels, its reasoning and its answer.</summary>
    public const int LeastKvTokens = 8192;

    /// <summary>Below this the embeddings leave the GPU by themselves.</summary>
    public const int AmpleKvTokens = 32_768;

    /// <summary>Tokens of a step that make long prompts fast where nobody decodes; taken by itself where the cache is ample all the same.</summary>
    public const int RoomyStepTokens = 2048;

    // Modules and workspaces of torch, cuBLAS and our kernels, CUDA graphs, and the halves of blocks that torch's allocator cannot give to others.
    private const long Libraries = 256L << 20;
    private const long MostAttentionBytes = 256L << 20;
    private const int AttentionShare = 256;
    private const int Bf16Bytes = 2;

    /// <summary>Tokens of the KV cache.</summary>
    public int KvTokens => Blocks * Request.BlockSize;

    /// <summary>Most tokens of a step.</summary>
    public int StepTokens => StepsOf(Request);

    /// <summary>All parts together.</summary>
    public long Total => Parts.Sum(part => part.Bytes);

    /// <summary>The sizes of what the text decoder keeps on the GPU.</summary>
    public TextBuffers Buffers => BuffersOf(Request, Blocks, Fit.AttentionBytes);

    /// <summary>Makes a plan.</summary>
    /// <returns>The plan, or what is needed, of what it consists, and which options help.</returns>
    public static (MemoryPlan? Plan, string? Refusal) Of(MemoryRequest request)
    {
        var isTied = request.Config.TieWordEmbeddings && request.Head == WeightType.Bf16;
        if (isTied && request.EmbeddingsOnHost == true)
            return (null, "EmbeddingsOnHost: this model's head is its embedding table, which is needed on the GPU. Take HeadType=fp8 as well.");
        if (request.StepTokens is null)
        {
            var (roomy, _) = Of(request with { StepTokens = RoomyStepTokens });
            // Not at the price of the embeddings.
            if (roomy is not null && roomy.Fit.EmbeddingsOnHost == (request.EmbeddingsOnHost ?? false) && roomy.KvTokens >= (request.KvTokens ?? AmpleKvTokens)) return (roomy, null);
            request = request with { StepTokens = Placement.UsualStepTokens };
        }
        var onDevice = Fill(request with { EmbeddingsOnHost = request.EmbeddingsOnHost ?? false });
        var leaves = request.EmbeddingsOnHost is null && !isTied && (onDevice.Total > request.Budget || (request.KvTokens is null && onDevice.KvTokens < AmpleKvTokens));
        var plan = leaves ? Fill(request with { EmbeddingsOnHost = true }) : onDevice;
        return plan.Total <= request.Budget ? (plan, null) : (null, plan.Refusal(isTied));
    }

    /// <summary>In one line, for a log.</summary>
    public override string ToString() =>
        $"{ByteSize.Show(Request.Budget)} budget: {string.Join(", ", Parts.Select(part => $"{part.Name} {ByteSize.Show(part.Bytes)}"))}; together {ByteSize.Show(Total)}";

    // As many KV blocks as fit, or the least there may be: the sum then exceeds the budget.
    private static MemoryPlan Fill(MemoryRequest request)
    {
        var text = request.Config.Text;
        var bytes = TextBuffers.CacheBytesOf(text) * request.BlockSize;
        var least = (Math.Min(LeastKvTokens, text.MaxPositions) + request.BlockSize - 1) / request.BlockSize;
        // More is of no use: all that run with the longest context.
        var most = (long)request.MaxRunning * text.MaxPositions / request.BlockSize;
        long Room(MemoryPlan plan) => ((request.Budget - plan.Total + plan.Parts[^1].Bytes) / bytes) - 1;
        int Clamped(long blocks) => request.KvTokens / request.BlockSize ?? (int)Math.Clamp(blocks, least, Math.Max(least, most));
        // What attention needs grows with the longest context: first for as much as there could be, then for what that leaves.
        var rough = With(request, least);
        return With(request, Clamped(Room(With(request, Clamped(Room(rough))))));
    }

    private static MemoryPlan With(MemoryRequest request, int blocks)
    {
        var (config, text) = (request.Config, request.Config.Text);
        var vision = new VisionMemory(config.Vision, Bf16Bytes, request.Vision == WeightType.Fp8);
        var context = Math.Min((long)blocks * request.BlockSize, text.MaxPositions);
        var attention = Math.Max(TextBuffers.LeastAttentionBytes(text, context), Math.Min(MostAttentionBytes, request.Budget / AttentionShare));
        var buffers = BuffersOf(request, blocks, attention);
        var image = vision.Output(request.ImageTokens);
        var encoded = Math.Max(request.EncoderCacheBytes, image);
        long table = (long)text.VocabSize * text.HiddenSize;
        var onHost = request.EmbeddingsOnHost == true;
        List<MemoryPart> parts =
        [
            new("CUDA context", request.Context),
            new("libraries", Libraries),
            new(CudaWeights.TypeOf(config) == WeightType.Fp8 ? "text layers (FP8)" : "text layers (BF16)", LayerBytes(config)),
            new(onHost ? "embeddings (on the host)" : "embeddings", onHost ? 0 : table * Bf16Bytes),
            new(request.Head == WeightType.Fp8 ? "head (FP8)" : config.TieWordEmbeddings ? "head (the embeddings)" : "head", request.Head == WeightType.Fp8 ? TiledStack.BytesOf(WeightType.Fp8, text.VocabSize, text.HiddenSize) : config.TieWordEmbeddings ? 0 : table * Bf16Bytes),
            new(request.Vision == WeightType.Fp8 ? "vision tower (FP8)" : "vision tower", vision.Weights),
            // Beside the buffers the step's image rows, which are put together for each.
            new($"steps of {Number(StepsOf(request))} tokens", buffers.Workspace.Sum(buffer => buffer.Bytes) + vision.Output(buffers.MaxTokens)),
            // An eighth more: blocks of other images' sizes that cannot be used for this one.
            new($"encoding an image of {Number(request.ImageTokens)} tokens", vision.Workspace(request.ImagePatches) * 9 / 8),
            new("encoded images", encoded),
            new($"KV cache of {Number((long)blocks * request.BlockSize)} tokens", buffers.Cache.Sum(buffer => buffer.Bytes)),
        ];
        var fit = new CudaFit { EmbeddingsOnHost = onHost, Head = request.Head, Vision = request.Vision, AttentionBytes = attention };
        return new MemoryPlan(request, fit, blocks, encoded, parts);
    }

    private static TextBuffers BuffersOf(MemoryRequest request, int blocks, long attention) =>
        new(request.Config.Text, new KvLayout(blocks, request.BlockSize), StepsOf(request), request.MaxRunning, attention, request.Head == WeightType.Fp8);

    /// <summary>Weights of all decoder layers and of the last norm.</summary>
    internal static long LayerBytes(ModelConfig config)
    {
        var (text, type) = (config.Text, CudaWeights.TypeOf(config));
        long hidden = text.HiddenSize, queries = (long)text.Heads * text.HeadDim, keys = (long)text.KvHeads * text.HeadDim;
        var matrices = TiledStack.BytesOf(type, queries + (2 * keys), hidden) + TiledStack.BytesOf(type, hidden, queries)
            + TiledStack.BytesOf(type, 2L * text.IntermediateSize, hidden) + TiledStack.BytesOf(type, hidden, text.IntermediateSize);
        return (text.Layers * (matrices + (Bf16Bytes * 2 * (hidden + text.HeadDim)))) + (Bf16Bytes * hidden);
    }

    private string Refusal(bool isTied)
    {
        var width = Parts.Max(part => part.Name.Length);
        var sum = Parts.Where(part => part.Bytes > 0).Select(part => $"  {part.Name.PadRight(width)}  {ByteSize.Show(part.Bytes),10}");
        // What each saves by itself, the largest first; one may need another before it saves anything.
        var helps = Savings(isTied).Select(option => (option.Name, Saved: Total - Least(option.Change(Request)))).OrderByDescending(option => option.Saved).ToList();
        var all = Least(Savings(isTied).Aggregate(Request, (changed, option) => option.Change(changed)));
        var need = Math.Ceiling(Total / (double)(1L << 30) * 10) / 10;
        return string.Join(
            Environment.NewLine,
            [
                $"Memory: {ByteSize.Show(Total)} are needed at least, {ByteSize.Show(Request.Budget)} is the budget; {ByteSize.Show(Total - Request.Budget)} are missing.",
                .. sum,
                $"What saves memory: {string.Join(", ", helps.Where(option => option.Saved > 0).Select(option => $"{option.Name} ({ByteSize.Show(option.Saved)})"))}."
                    + $" With all of {string.Join(", ", helps.Select(option => option.Name))} {ByteSize.Show(all)} are needed{(all > Request.Budget ? ", which is still too much" : "")}.",
                $"As it is, {string.Create(CultureInfo.InvariantCulture, $"Memory={need:0.0}GiB")} is enough.",
            ]);
    }

    private long Least(MemoryRequest changed) => With(changed, changed.KvTokens / changed.BlockSize ?? Blocks).Total;

    private List<(string Name, Func<MemoryRequest, MemoryRequest> Change)> Savings(bool isTied)
    {
        const int fewStepTokens = 256, smallImage = 4096;
        List<(string Name, Func<MemoryRequest, MemoryRequest> Change)> options = [];
        void Offer(bool isOpen, string name, Func<MemoryRequest, MemoryRequest> change)
        {
            if (isOpen) options.Add((name, change));
        }
        Offer(
            CudaWeights.TypeOf(Request.Config) == WeightType.Bf16, "an FP8 checkpoint of the model",
            request => request with { Config = request.Config with { Quantization = new Fp8Quantization(Fp8Block.Side, Fp8Block.Side, []) } });
        Offer(!isTied && Request.EmbeddingsOnHost != true, "EmbeddingsOnHost=true", request => request with { EmbeddingsOnHost = true });
        Offer(!isTied && Request.Head != WeightType.Fp8, "HeadType=fp8", request => request with { Head = WeightType.Fp8 });
        Offer(isTied, "HeadType=fp8 with EmbeddingsOnHost=true", request => request with { Head = WeightType.Fp8, EmbeddingsOnHost = true });
        Offer(Request.Vision != WeightType.Fp8, "VisionType=fp8", request => request with { Vision = WeightType.Fp8 });
        Offer(Request.ImageTokens > smallImage, $"ImageTokens={smallImage}", request => request.WithImageTokens(smallImage));
        Offer(Request.EncoderCacheBytes > 0, "EncoderCacheBytes=0", request => request with { EncoderCacheBytes = 0 });
        Offer(StepTokens > fewStepTokens && Request.MaxRunning <= fewStepTokens, $"StepTokens={fewStepTokens}", request => request with { StepTokens = fewStepTokens });
        Offer(Request.KvTokens > LeastKvTokens, $"KvTokens={LeastKvTokens}", request => request with { KvTokens = LeastKvTokens });
        return options;
    }

    private static int StepsOf(MemoryRequest request) => request.StepTokens ?? Placement.UsualStepTokens;

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
