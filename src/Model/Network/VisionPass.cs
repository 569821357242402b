using EduVision.Model.Imaging;
using static TorchSharp.torch;

namespace EduVision.Model.Network;

/// <summary>What a part of an encoding is of.</summary>
public enum VisionStage
{
    /// <summary>The pixels go to the device.</summary>
    Upload,

    /// <summary>Patches and their places become hidden states.</summary>
    Embedding,

    /// <summary>Attention and what follows it, block by block.</summary>
    Blocks,

    /// <summary>Hidden states become tokens, of the last block or for DeepStack.</summary>
    Merging,
}

/// <summary>
/// Images on their way through the tower, part by part: it can be left between two of them and taken up again. The parts depend on the
/// images alone, so what comes of them does not depend on when they are computed. Holds what lies between; not bound to a dispose scope.
/// </summary>
public sealed class VisionPass : IDisposable
{
    private const double Milliard = 1e9;

    // What a tower computes while a byte crosses the bus.
    private const double MultiplicationsOfByte = 32_768;

    private readonly List<(VisionStage Stage, double Work, Action Compute)> parts;
    private readonly List<Tensor> deepStack = [];
    private Tensor? pixels, levels, hidden, qkv, embeddings;
    private RotaryTable? rotary;
    private int next;

    /// <param name="tower">The tower.</param>
    /// <param name="patches">[patches, patchWidth], float; stays the caller's and must live until it is embedded.</param>
    /// <param name="grids">The images' sizes.</param>
    internal VisionPass(VisionTower tower, Tensor patches, IReadOnlyList<ImageGrid> grids) =>
        parts = [.. Parts(tower, grids, (start, count) => patches.narrow(0, start, count))];

    /// <param name="tower">The tower.</param>
    /// <param name="image">One image.</param>
    internal VisionPass(VisionTower tower, PatchedImage image)
    {
        // To another device bytes go, which it looks up by itself; a processor does that faster in a loop.
        var isHere = tower.Device.type == TorchSharp.DeviceType.CPU;
        parts =
        [
            (VisionStage.Upload, image.Pixels.Length * MultiplicationsOfByte / Milliard, () =>
            {
                Keep(ref pixels, isHere ? image.ToTensor() : image.PixelTensor().to(tower.Device));
                if (!isHere) Keep(ref levels, tensor(image.Levels).to(tower.ComputeType, tower.Device));
            }),
            .. Parts(tower, [image.Grid], (start, count) => pixels!.narrow(0, start, count) is var band && isHere ? band : PatchedImage.Normalise(band, levels!, image.Frames)),
        ];
    }

    /// <summary>True when nothing is left to compute.</summary>
    public bool IsDone => next == parts.Count;

    /// <summary>What the next part is of.</summary>
    public VisionStage Stage => parts[next].Stage;

    /// <summary>What the next part takes, in milliards of multiplications; an upload, what could be computed meanwhile.</summary>
    public double Work => parts[next].Work;

    /// <summary>Computes the next part. After a fault nothing more can be made of the pass.</summary>
    public void Advance()
    {
        using var scope = NewDisposeScope();
        parts[next].Compute();
        next++;
    }

    /// <summary>The result of a pass that is done; the caller owns it, outside of every scope.</summary>
    public VisionOutput TakeOutput()
    {
        if (!IsDone || embeddings is null) throw new InvalidOperationException("The pass is not done, or its output was taken.");
        var output = new VisionOutput(embeddings, [.. deepStack]);
        embeddings = null;
        deepStack.Clear();
        return output;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in deepStack.Append(pixels).Append(levels).Append(hidden).Append(qkv).Append(embeddings))
        {
            tensor?.Dispose();
        }

        rotary?.Dispose();
        deepStack.Clear();
        (pixels, levels, hidden, qkv, embeddings, rotary) = (null, null, null, null, null, null);
    }

    private IEnumerable<(VisionStage Stage, double Work, Action Compute)> Parts(VisionTower tower, IReadOnlyList<ImageGrid> grids, Func<long, long, Tensor> patches)
    {
        var config = tower.Config;
        var frames = grids.SelectMany(grid => Enumerable.Repeat((long)grid.H * grid.W, grid.T)).ToList();
        double all = frames.Sum(), width = config.HiddenSize, square = width * width / Milliard, joined = width * config.MergeSize * config.MergeSize;
        yield return (VisionStage.Embedding, all * width * config.PatchWidth / Milliard, () =>
        {
            var places = new PatchPositions(config, grids);
            rotary = places.Rotary(tower.Device).DetachFromDisposeScope();
            Keep(ref hidden, tower.Embed((long)all, patches, places));
            Drop(ref pixels);
            Drop(ref levels);
        });
        for (var i = 0; i < config.Depth; i++)
        {
            var (block, tap) = (tower.Blocks[i], config.DeepStackLayers.ToList().IndexOf(i));
            yield return (VisionStage.Blocks, 3 * all * square, () => Keep(ref qkv, block.Project(hidden!, rotary!)));
            foreach (var band in VisionBlock.BandsOf(frames))
            {
                var seen = frames.Count == 1 ? all : frames.Max();
                yield return (VisionStage.Blocks, (band.Count * square) + (2 * band.Count * seen * width / Milliard), () => Keep(ref hidden, block.Attend(hidden!, qkv!, frames, band)));
            }

            yield return (VisionStage.Blocks, 2 * all * width * config.IntermediateSize / Milliard, () =>
            {
                Drop(ref qkv);
                Keep(ref hidden, block.Mix(hidden!));
            });
            if (tap >= 0) yield return (VisionStage.Merging, Merging(), () => deepStack.Add(tower.Taps[tap].Forward(hidden!).DetachFromDisposeScope()));
        }

        yield return (VisionStage.Merging, Merging(), () =>
        {
            Keep(ref embeddings, tower.Merger.Forward(hidden!));
            Drop(ref hidden);
        });

        double Merging() => all / config.MergeSize / config.MergeSize * joined * (joined + config.OutHiddenSize) / Milliard;
    }

    private static void Keep(ref Tensor? place, Tensor made)
    {
        if (ReferenceEquals(place, made)) return;
        place?.Dispose();
        place = made.DetachFromDisposeScope();
    }

    private static void Drop(ref Tensor? place)
    {
        place?.Dispose();
        place = null;
    }
}
