using EduVision.Model.Configuration;
using EduVision.Model.Imaging;
using EduVision.Model.Weights;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace EduVision.Model.Network;

/// <summary>Turns image patches into tokens of the text model's width, and taps its own blocks for DeepStack.</summary>
public sealed class VisionTower : IDisposable
{
    /// <summary>Patches of a large image that are computed at once; see <see cref="VisionMemory"/>.</summary>
    internal const int BandPatches = 4096;

    internal const double NormEps = 1e-6;
    private const string Name = "model.visual";

    private readonly Tensor patchWeight; // [hidden, patchWidth]
    private readonly Tensor patchBias;
    private readonly Tensor positions; // [gridSide * gridSide, hidden]

    /// <param name="config">Sizes.</param>
    /// <param name="weights">Where the parameters come from.</param>
    /// <param name="kernels">The device's own; stays the caller's. Null leaves all to torch.</param>
    public VisionTower(VisionConfig config, IWeightSource weights, IVisionKernels? kernels = null)
    {
        Config = config;
        patchWeight = weights.Take($"{Name}.patch_embed.proj.weight", config.HiddenSize, config.InChannels, config.TemporalPatchSize, config.PatchSize, config.PatchSize);
        patchBias = weights.Take($"{Name}.patch_embed.proj.bias", config.HiddenSize);
        positions = weights.Take($"{Name}.pos_embed.weight", config.PositionEmbeddings, config.HiddenSize);
        Blocks = [.. Enumerable.Range(0, config.Depth).Select(block => new VisionBlock(config, weights, $"{Name}.blocks.{block}", kernels))];
        Merger = new VisionMerger(config, weights, $"{Name}.merger", normAfterShuffle: false);
        Taps = [.. Enumerable.Range(0, config.DeepStackLayers.Count).Select(tap => new VisionMerger(config, weights, $"{Name}.deepstack_merger_list.{tap}", normAfterShuffle: true))];
    }

    /// <summary>Sizes.</summary>
    internal VisionConfig Config { get; }

    /// <summary>Where it runs.</summary>
    internal Device Device => patchWeight.device;

    /// <summary>What it computes in.</summary>
    internal ScalarType ComputeType => patchWeight.dtype;

    internal IReadOnlyList<VisionBlock> Blocks { get; }

    /// <summary>The mergers of <see cref="VisionConfig.DeepStackLayers"/>, in order.</summary>
    internal IReadOnlyList<VisionMerger> Taps { get; }

    internal VisionMerger Merger { get; }

    /// <summary>Begins to encode one image; nothing is computed yet.</summary>
    /// <returns>The caller owns it.</returns>
    /// <exception cref="ArgumentException">The image is not cut into this tower's patches.</exception>
    public VisionPass Begin(PatchedImage image)
    {
        Check(image.Grid.Patches, (long)image.Pixels.Length * image.Frames / Math.Max(1, image.Grid.Patches), [image.Grid]);
        return new VisionPass(this, image);
    }

    /// <summary>Encodes one or more images; those of equal patch count are attended to together.</summary>
    /// <param name="patches">[patches, <see cref="VisionConfig.PatchWidth"/>], images one after another, in the image processor's order.</param>
    /// <param name="grids">The images' sizes in patches.</param>
    /// <exception cref="ArgumentException">The patches are not those of the grids.</exception>
    public VisionOutput Forward(Tensor patches, IReadOnlyList<ImageGrid> grids)
    {
        Check(patches.shape[0], patches.shape[^1], grids);
        using var scope = NewDisposeScope();
        using var pass = new VisionPass(this, patches, grids);
        while (!pass.IsDone)
        {
            pass.Advance();
        }

        var output = pass.TakeOutput();
        scope.Attach([output.Embeddings, .. output.DeepStack]);
        return output.MoveToOuterDisposeScope();
    }

    /// <summary>Hidden states before the first block.</summary>
    /// <param name="count">All patches.</param>
    /// <param name="patches">From start and count to [count, patchWidth], of any float type on any device.</param>
    /// <param name="places">Where they are.</param>
    /// <returns>[patches, hidden], in the caller's scope.</returns>
    internal Tensor Embed(long count, Func<long, long, Tensor> patches, PatchPositions places)
    {
        using var scope = NewDisposeScope();
        // A convolution whose stride is its kernel is a product.
        var weight = patchWeight.view(Config.HiddenSize, -1);
        var embedded = Bands.Map(count, BandPatches, (start, rows) => linear(patches(start, rows).to(weight.dtype, weight.device), weight, patchBias));
        var learned = places.Interpolate(positions);
        return (is_grad_enabled() ? embedded.Plus(learned) : embedded.add_(learned, Scalars.One)).MoveToOuterDisposeScope();
    }

    /// <summary>GELU as the blocks have it; in place where no gradients are wanted.</summary>
    internal static Tensor Activate(Tensor values) => is_grad_enabled() ? gelu(values, GELU.Approximate.tanh) : values.gelu_(GELU.Approximate.tanh);

    /// <summary>GELU as the mergers have it; in place where no gradients are wanted.</summary>
    internal static Tensor ActivateExactly(Tensor values) => is_grad_enabled() ? gelu(values) : values.gelu_();

    public void Dispose()
    {
        patchWeight.Dispose();
        patchBias.Dispose();
        positions.Dispose();
        Merger.Dispose();
        foreach (var part in Blocks.Concat<IDisposable>(Taps))
        {
            part.Dispose();
        }
    }

    private void Check(long patches, long width, IReadOnlyList<ImageGrid> grids)
    {
        if (grids.FirstOrDefault(grid => grid.T < 1 || grid.H < 1 || grid.W < 1 || grid.H % Config.MergeSize != 0 || grid.W % Config.MergeSize != 0) is { T: var t, H: var h, W: var w } && (t, h, w) != (0, 0, 0))
        {
            throw new ArgumentException($"Grid ({t}, {h}, {w}) does not divide into merge blocks of {Config.MergeSize} x {Config.MergeSize} patches.", nameof(grids));
        }

        var expected = grids.Sum(grid => (long)grid.Patches);
        if (expected == 0 || (patches, width) != (expected, Config.PatchWidth))
        {
            throw new ArgumentException($"Patches are {StoredTypes.Show([patches, width])}, expected {StoredTypes.Show([expected, Config.PatchWidth])} for {grids.Count} images.", nameof(patches));
        }
    }
}
