using EduVision.Inference.Cuda.Driver;
using EduVision.Inference.Runners;
using EduVision.Inference.Runners.Sampling;
using EduVision.Inference.Runners.Torch;
using EduVision.Model.Configuration;
using EduVision.Model.Imaging;
using EduVision.Model.Network;
using EduVision.Model.Weights;
using static TorchSharp.torch;

namespace EduVision.Inference.Cuda;

/// <summary>
/// The model on an NVIDIA GPU: the text decoder in kernels of ours over FP8 or BF16 weights, the vision tower in torch operations.
/// What a sequence gets is the same, bit by bit, alone or in company, in one chunk or in many.
/// </summary>
public sealed class CudaRunner : ModelRunner
{
    private readonly VisionTower vision;
    private readonly CudaWeights weights;
    private readonly KernelLibrary kernels;
    private readonly CudaText text;
    private readonly Device device;
    private readonly VisionMemory visionMemory;
    private readonly CardMemory? card;
    private readonly int blockSize;
    private readonly Sampler sampler = new();

    private CudaRunner(VisionTower vision, VisionMemory visionMemory, CudaWeights weights, KernelLibrary kernels, CudaText text, Device device, CardMemory? card, int blockSize, string name)
    {
        (this.vision, this.visionMemory, this.weights, this.kernels, this.text, this.device, this.card, this.blockSize) = (vision, visionMemory, weights, kernels, text, device, card, blockSize);
        Device = name;
    }

    /// <inheritdoc/>
    public override string Device { get; }

    /// <inheritdoc/>
    public override bool IsBatchInvariant => true;

    /// <summary>Loads a checkpoint folder.</summary>
    /// <param name="directory">A published checkpoint, FP8 or BF16.</param>
    /// <param name="ordinal">Which GPU.</param>
    /// <param name="blocks">KV blocks.</param>
    /// <param name="blockSize">Tokens a block.</param>
    /// <param name="maxTokens">Most tokens of a step.</param>
    /// <param name="maxSequences">Most sequences of a step.</param>
    /// <param name="torchLibrary">The <c>torch/lib</c> of an installed PyTorch, if one is used.</param>
    /// <param name="fit">How it is made to fit; everything on the GPU if not given.</param>
    /// <param name="card">The GPU's memory before anything was loaded, to measure by.</param>
    /// <exception cref="ModelFileException">A file is missing or damaged.</exception>
    /// <exception cref="NotSupportedException">The checkpoint is of a kind that the kernels do not read.</exception>
    /// <exception cref="CudaException">There is no GPU, driver or run-time compiler.</exception>
    internal static CudaRunner Load(
        string directory, int ordinal, int blocks, int blockSize, int maxTokens, int maxSequences, string? torchLibrary, CudaFit? fit = null, CardMemory? card = null)
    {
        var config = ModelConfig.Load(directory);
        using var checkpoint = Checkpoint.Open(directory);
        fit ??= CudaFit.Roomy;
        Check(checkpoint, config, blockSize, fit.Head, torchLibrary);
        return Create(
            config, (device, chip) => CudaWeights.Load(checkpoint, config, fit, device, chip.ConvertsFp8), device => new CheckpointWeights(checkpoint, config, device, ScalarType.BFloat16),
            ordinal, new KvLayout(blocks, blockSize), maxTokens, maxSequences, torchLibrary, fit, card);
    }

    /// <summary>A model of these sizes with random weights, made on the GPU: to measure without a checkpoint.</summary>
    internal static CudaRunner Random(
        ModelConfig config, int ordinal, KvLayout layout, int maxTokens, int maxSequences, string? torchLibrary, CudaFit? fit = null, CardMemory? card = null) => Create(
        config, (device, chip) => CudaWeights.Random(config, fit ?? CudaFit.Roomy, device, chip.ConvertsFp8), device => new RandomWeights(device, ScalarType.BFloat16),
        ordinal, layout, maxTokens, maxSequences, torchLibrary, fit ?? CudaFit.Roomy, card);

    /// <summary>Whether our kernels can run a model here.</summary>
    /// <exception cref="NotSupportedException">The model or the layout of its cache is not for them.</exception>
    /// <exception cref="CudaException">There is no run-time compiler.</exception>
    internal static void Check(Checkpoint checkpoint, ModelConfig config, int blockSize, WeightType head, string? torchLibrary)
    {
        if (CudaWeights.WhyNot(checkpoint, config, head) is { } reason) throw new NotSupportedException($"The GPU kernels cannot run this model: {reason}.");
        if (blockSize % CudaAttention.TileRows != 0) throw new NotSupportedException($"The GPU kernels want KV blocks of a multiple of {CudaAttention.TileRows} tokens, not {blockSize}.");
        FindCompiler(torchLibrary);
    }

    private static CudaRunner Create(
        ModelConfig config, Func<Device, Chip, CudaWeights> text, Func<Device, IWeightSource> vision, int ordinal, KvLayout layout, int maxTokens, int maxSequences, string? torchLibrary,
        CudaFit fit, CardMemory? card)
    {
        var nvrtc = FindCompiler(torchLibrary);
        var (chip, driver) = CudaDriver.Describe(ordinal);
        CudaDriver.Use(ordinal);
        var compiler = new KernelCompiler(nvrtc.Compile, $"{nvrtc.Version} {driver}", KernelCompiler.DefaultFolder);
        var device = new Device($"cuda:{ordinal}");
        var kernels = new KernelLibrary(compiler, chip, config.Text, layout.BlockSize, CudaWeights.TypeOf(config));
        using var off = no_grad();
        var weights = text(device, chip);
        var packed = fit.Vision == WeightType.Fp8;
        var source = vision(device);
        var tower = new VisionTower(config.Vision, packed ? new Fp8Weights(source) : source, new VisionKernels(kernels));
        // What loading left unused would lie beside the KV cache.
        TorchReserve.Release(device);
        var buffers = new TextBuffers(config.Text, layout, maxTokens, maxSequences, fit.AttentionBytes, fit.Head == WeightType.Fp8);
        var decoder = new CudaText(config.Text, weights, kernels, buffers, device);
        return new CudaRunner(tower, new VisionMemory(config.Vision, sizeof(ushort), packed), weights, kernels, decoder, device, card, layout.BlockSize, $"cuda:{ordinal} ({chip.Architecture})");
    }

    private static Nvrtc FindCompiler(string? torchLibrary) => Nvrtc.Find(torchLibrary)
        ?? throw new CudaException("finding NVRTC", 0, "libnvrtc is neither on the library path nor beside an installed PyTorch; NVRTC_LIBRARY can name it");

    /// <summary>Runs a step and shows the hidden states behind each layer; see <see cref="CudaText.Seen"/>. A step of decodes has none to show.</summary>
    internal IReadOnlyList<ChunkResult> Step(IReadOnlyList<SequenceChunk> chunks, Action<int, Tensor> seen)
    {
        if (chunks.All(chunk => chunk.Count == 1)) throw new ArgumentException("A step of decodes is a graph: nothing can be seen of its layers.", nameof(chunks));
        text.Seen = seen;
        try
        {
            return Step(chunks);
        }
        finally
        {
            text.Seen = null;
        }
    }

    /// <summary>Random keys and values in the whole cache: to measure what a long past costs.</summary>
    internal void FillCache() => text.FillCache();

    /// <inheritdoc/>
    public override long BytesOf(ImageGrid grid) => visionMemory.OutputOf(grid);

    /// <inheritdoc/>
    public override long? UsedBytes() => card?.Used();

    /// <inheritdoc/>
    public override void ReleaseUnused() => TorchReserve.Release(device);

    /// <inheritdoc/>
    public override ImageEncoding Begin(ImageSource image) => new TorchImageEncoding(vision, image.Take());

    /// <inheritdoc/>
    public override void Wait() => cuda.synchronize(device);

    /// <inheritdoc/>
    public override IReadOnlyList<ChunkResult> Step(IReadOnlyList<SequenceChunk> chunks)
    {
        using var mode = inference_mode();
        using var scope = NewDisposeScope();
        using var batch = new StepBatch(chunks, blockSize, text.TileTokens, text.Scratch);
        if (batch.Tokens > text.MaxTokens) throw new ArgumentException($"A step of {batch.Tokens} tokens; there is room for {text.MaxTokens}.", nameof(chunks));
        text.Forward(batch);
        var results = new ChunkResult[chunks.Count];
        var row = 0;
        for (var i = 0; i < results.Length; i++)
        {
            if (chunks[i].Sample is not { } sample) continue;
            var token = text.Choose(row++, sample, sampler);
            results[i] = token is null ? ChunkResult.NoNumbers : new ChunkResult(token);
        }
        return results;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        text.Dispose();
        weights.Dispose();
        vision.Dispose();
        kernels.Dispose();
    }
}
