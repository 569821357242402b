using EduVision.Model.Configuration;
using EduVision.Model.Imaging;
using EduVision.Model.Weights;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace EduVision.Model.Network;

/// <summary>Turns image patches into tokens of the text model's width, and taps its own blocks for DeepStack.</summary>
public sealed class VisionTower : IDisposable
{
    /// <summary>Patches of a large image that are computed at once; see <see cref="VisionMemory"/>.</summary>
    internal const int BandPatches = 2048;

    internal const double NormEps = 1e-6;
    private const string Name = "model.visual";

    private readonly VisionConfig config;
    private readonly Tensor patchWeight; // [hidden, patchWidth]
    private readonly Tensor patchBias;
    private readonly Tensor positions; // [gridSide * gridSide, hidden]
    private readonly VisionBlock[] blocks;
    private readonly VisionMerger[] taps;
    private readonly VisionMerger merger;

    /// <param name="config">Sizes.</param>
    /// <param name="weights">Where the parameters come from.</param>
    public VisionTower(VisionConfig config, IWeightSource weights)
    {
        this.config = config;
        patchWeight = weights.Take($"{Name}.patch_embed.proj.weight", config.HiddenSize, config.InChannels, config.TemporalPatchSize, config.PatchSize, config.PatchSize);
        patchBias = weights.Take($"{Name}.patch_embed.proj.bias", config.HiddenSize);
        positions = weights.Take($"{Name}.pos_embed.weight", config.PositionEmbeddings, config.HiddenSize);
        blocks = [.. Enumerable.Range(0, config.Depth).Select(block => new VisionBlock(config, weights, $"{Name}.blocks.{block}"))];
        merger = new VisionMerger(config, weights, $"{Name}.merger", normAfterShuffle: false);
        taps = [.. Enumerable.Range(0, config.DeepStackLayers.Count).Select(tap => new VisionMerger(config, weights, $"{Name}.deepstack_merger_list.{tap}", normAfterShuffle: true))];
    }

    /// <summary>Encodes one or more images; those of equal patch count are attended to together.</summary>
    /// <param name="patches">[patches, <see cref="VisionConfig.PatchWidth"/>], images one after another, in the image processor's order.</param>
    /// <param name="grids">The images' sizes in patches.</param>
    /// <exception cref="ArgumentException">The patches are not those of the grids.</exception>
    public VisionOutput Forward(Tensor patches, IReadOnlyList<ImageGrid> grids)
    {
        Check(patches, grids);
        using var scope = NewDisposeScope();
        var positions = new PatchPositions(config, grids);
        var rotary = positions.Rotary(patchWeight.device);
        var hidden = Embed(patches, positions);
        var frames = grids.SelectMany(grid => Enumerable.Repeat((long)grid.H * grid.W, grid.T)).ToList();
        var deepStack = new List<Tensor>();
        for (var block = 0; block < blocks.Length; block++)
        {
            var next = blocks[block].Forward(hidden, rotary, frames);
            if (!ReferenceEquals(next, hidden))
            {
                hidden.Dispose();
                hidden = next;
            }

            if (deepStack.Count < taps.Length && config.DeepStackLayers[deepStack.Count] == block)
            {
                deepStack.Add(taps[deepStack.Count].Forward(hidden));
            }
        }

        return new VisionOutput(merger.Forward(hidden), deepStack).MoveToOuterDisposeScope();
    }

    // A convolution whose stride is its kernel is a product.
    private Tensor Embed(Tensor patches, PatchPositions positions)
    {
        using var scope = NewDisposeScope();
        var weight = patchWeight.view(config.HiddenSize, -1);
        var embedded = Bands.Map(patches.shape[0], BandPatches, (start, count) => linear(patches.narrow(0, start, count).to(weight.dtype, weight.device), weight, patchBias));
        var places = positions.Interpolate(this.positions);
        return (is_grad_enabled() ? embedded.Plus(places) : embedded.add_(places, Scalars.One)).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        patchWeight.Dispose();
        patchBias.Dispose();
        positions.Dispose();
        merger.Dispose();
        foreach (var part in blocks.Concat<IDisposable>(taps))
        {
            part.Dispose();
        }
    }

    private void Check(Tensor patches, IReadOnlyList<ImageGrid> grids)
    {
        if (grids.FirstOrDefault(grid => grid.T < 1 || grid.H < 1 || grid.W < 1 || grid.H % config.MergeSize != 0 || grid.W % config.MergeSize != 0) is { T: var t, H: var h, W: var w } && (t, h, w) != (0, 0, 0))
        {
            throw new ArgumentException($"Grid ({t}, {h}, {w}) does not divide into merge blocks of {config.MergeSize} x {config.MergeSize} patches.", nameof(grids));
        }

        var expected = grids.Sum(grid => (long)grid.Patches);
        if (expected == 0 || !patches.shape.SequenceEqual([expected, config.PatchWidth]))
        {
            throw new ArgumentException($"Patches are {StoredTypes.Show(patches.shape)}, expected {StoredTypes.Show([expected, config.PatchWidth])} for {grids.Count} images.", nameof(patches));
        }
    }
}
