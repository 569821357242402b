using EduVision.Inference.Cuda.Driver;
using EduVision.Inference.Runners;
using EduVision.Inference.Runners.Sampling;
using EduVision.Inference.Runners.Torch;
using EduVision.Model.Configuration;
using EduVision.Model.Network;
using EduVision.Model.Weights;
using static TorchSharp.torch;

namespace EduVision.Inference.Cuda;

/// <summary>
/// The model on an NVIDIA GPU: the text decoder in kernels of ours over FP8 weights, the vision tower in torch operations.
/// What a sequence gets is the same, bit by bit, alone or in company, in one chunk or in many.
/// </summary>
public sealed class CudaRunner : ModelRunner
{
    private const int TileRows = 16;

    private readonly VisionTower vision;
    private readonly CudaWeights weights;
    private readonly KernelLibrary kernels;
    private readonly CudaText text;
    private readonly Device device;
    private readonly int blockSize;
    private readonly Sampler sampler = new();

    private CudaRunner(VisionTower vision, CudaWeights weights, KernelLibrary kernels, CudaText text, Device device, int blockSize, string name)
    {
        (this.vision, this.weights, this.kernels, this.text, this.device, this.blockSize) = (vision, weights, kernels, text, device, blockSize);
        Device = name;
    }

    /// <inheritdoc/>
    public override string Device { get; }

    /// <inheritdoc/>
    public override bool IsBatchInvariant => true;

    /// <summary>Loads a checkpoint folder.</summary>
    /// <param name="directory">A published FP8 checkpoint.</param>
    /// <param name="ordinal">Which GPU.</param>
    /// <param name="blocks">KV blocks.</param>
    /// <param name="blockSize">Tokens a block.</param>
    /// <param name="maxTokens">Most tokens of a step.</param>
    /// <param name="maxSequences">Most sequences of a step.</param>
    /// <param name="torchLibrary">The <c>torch/lib</c> of an installed PyTorch, if one is used.</param>
    /// <exception cref="ModelFileException">A file is missing or damaged.</exception>
    /// <exception cref="NotSupportedException">The checkpoint is of a kind that the kernels do not read.</exception>
    /// <exception cref="CudaException">There is no GPU, driver or run-time compiler.</exception>
    public static CudaRunner Load(string directory, int ordinal, int blocks, int blockSize, int maxTokens, int maxSequences, string? torchLibrary)
    {
        var config = ModelConfig.Load(directory);
        using var checkpoint = Checkpoint.Open(directory);
        if (CudaWeights.WhyNot(checkpoint, config) is { } reason) throw new NotSupportedException($"The GPU kernels cannot run this model: {reason}.");
        return Create(
            config, (device, chip) => CudaWeights.Load(checkpoint, config, device, chip.ConvertsFp8), device => new CheckpointWeights(checkpoint, config, device, ScalarType.BFloat16),
            ordinal, new KvLayout(blocks, blockSize), maxTokens, maxSequences, torchLibrary);
    }

    /// <summary>A model of these sizes with random weights, made on the GPU: to measure without a checkpoint.</summary>
    internal static CudaRunner Random(ModelConfig config, int ordinal, KvLayout layout, int maxTokens, int maxSequences, string? torchLibrary) => Create(
        config, (device, chip) => CudaWeights.Random(config, device, chip.ConvertsFp8), device => new RandomWeights(device, ScalarType.BFloat16), ordinal, layout, maxTokens, maxSequences, torchLibrary);

    private static CudaRunner Create(
        ModelConfig config, Func<Device, Chip, CudaWeights> text, Func<Device, IWeightSource> vision, int ordinal, KvLayout layout, int maxTokens, int maxSequences, string? torchLibrary)
    {
        if (layout.BlockSize % TileRows != 0) throw new NotSupportedException($"The GPU kernels want KV blocks of a multiple of {TileRows} tokens, not {layout.BlockSize}.");
        var nvrtc = Nvrtc.Find(torchLibrary) ?? throw new CudaException("finding NVRTC", 0, "libnvrtc is neither on the library path nor beside an installed PyTorch; NVRTC_LIBRARY can name it");
        var (chip, driver) = CudaDriver.Describe(ordinal);
        CudaDriver.Use(ordinal);
        var compiler = new KernelCompiler(nvrtc.Compile, $"{nvrtc.Version} {driver}", KernelCompiler.DefaultFolder);
        var device = new Device($"cuda:{ordinal}");
        var kernels = new KernelLibrary(compiler, chip, config.Text, layout.BlockSize);
        using var off = no_grad();
        var weights = text(device, chip);
        var tower = new VisionTower(config.Vision, vision(device));
        var decoder = new CudaText(config.Text, weights, kernels, layout, maxTokens, maxSequences, device);
        return new CudaRunner(tower, weights, kernels, decoder, device, layout.BlockSize, $"cuda:{ordinal} ({chip.Architecture})");
    }

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
    public override EncodedImage Encode(ImageSource image)
    {
        var patches = image.Take();
        using var mode = inference_mode();
        using var scope = NewDisposeScope();
        var values = tensor(patches.Values).view(patches.Grid.Patches, -1);
        return new TorchEncodedImage(vision.Forward(values.to(device), [patches.Grid]).DetachFromDisposeScope());
    }

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
