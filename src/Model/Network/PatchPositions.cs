using EduVision.Model.Configuration;
using EduVision.Model.Imaging;
using static TorchSharp.torch;

namespace EduVision.Model.Network;

/// <summary>Row and column of every patch of a pass, in the image processor's order: merge blocks row by row, patches inside them row by row.</summary>
internal sealed class PatchPositions
{
    private readonly VisionConfig config;
    private readonly IReadOnlyList<ImageGrid> grids;
    private readonly long copies;

    /// <summary>Positions for these images. Many images of one size, as in training, are worked out once.</summary>
    public PatchPositions(VisionConfig config, IReadOnlyList<ImageGrid> images)
    {
        this.config = config;
        var oneSize = images.All(image => image == images[0]);
        grids = oneSize ? [images[0]] : images;
        copies = oneSize ? images.Count : 1;
    }

    /// <summary>Interpolates the learned square grid bilinearly, corners on corners, to each image's patches.</summary>
    /// <param name="table">[gridSide * gridSide, hidden].</param>
    /// <returns>[patches, hidden].</returns>
    public Tensor Interpolate(Tensor table)
    {
        using var scope = NewDisposeScope();
        var corners = zeros([4, Patches], ScalarType.Int64);
        var weights = zeros([4, Patches], ScalarType.Float32);
        var start = 0L;
        foreach (var grid in grids)
        {
            using var _ = NewDisposeScope();
            var (rows, columns) = Coordinates(grid);
            var (top, bottom, down) = Between(rows, grid.H);
            var (left, right, across) = Between(columns, grid.W);
            var (up, back) = (1 - down, 1 - across);
            var side = config.GridSide;
            corners.narrow(1, start, grid.Patches).copy_(stack([(top * side) + left, (top * side) + right, (bottom * side) + left, (bottom * side) + right]));
            weights.narrow(1, start, grid.Patches).copy_(stack([up * back, up * across, down * back, down * across]));
            start += grid.Patches;
        }

        var (cells, shares) = (corners.to(table.device), weights.to(table.dtype, table.device).unsqueeze(-1));
        var sum = table.index_select(0, cells[0]).mul_(shares[0]);
        for (var corner = 1; corner < 4; corner++)
        {
            // One at a time: of a large image each is as big as the image's hidden states.
            using var _ = NewDisposeScope();
            sum.add_(table.index_select(0, cells[corner]).mul_(shares[corner]), Scalars.One);
        }

        return (copies == 1 ? sum : sum.repeat(copies, 1)).MoveToOuterDisposeScope();
    }

    /// <summary>Rotary angles: the first half of a head's pairs turns with the row, the second with the column.</summary>
    public RotaryTable Rotary(Device device)
    {
        using var scope = NewDisposeScope();
        var inverse = Frequencies.Inverse(config.RopeTheta, config.HeadDim / 2).unsqueeze(0);
        var angles = cat([.. grids.Select(Coordinates).Select(at => cat(
            [at.Rows.to(ScalarType.Float32).unsqueeze(1) * inverse, at.Columns.to(ScalarType.Float32).unsqueeze(1) * inverse], -1))]);
        return RotaryTable.Of(angles.to(device).repeat(copies, 1), ScalarType.Float32).MoveToOuterDisposeScope();
    }

    private long Patches => grids.Sum(grid => (long)grid.Patches);

    private (Tensor Rows, Tensor Columns) Coordinates(ImageGrid grid)
    {
        var merge = config.MergeSize;
        long[] blocks = [grid.T, grid.H / merge, grid.W / merge, merge, merge];
        var rows = (arange(grid.H / merge).view(1, -1, 1, 1, 1) * merge) + arange(merge).view(1, 1, 1, -1, 1);
        var columns = (arange(grid.W / merge).view(1, 1, -1, 1, 1) * merge) + arange(merge).view(1, 1, 1, 1, -1);
        return (rows.expand(blocks).reshape(-1), columns.expand(blocks).reshape(-1));
    }

    /// <summary>The learned cells on both sides of each position, and how far it lies from the first.</summary>
    private (Tensor Before, Tensor After, Tensor Distance) Between(Tensor positions, int count)
    {
        var last = config.GridSide - 1;
        var at = linspace(0, last, count, ScalarType.Float32).index_select(0, positions);
        var before = at.to(ScalarType.Int64);
        return (before, (before + 1).clamp_max(last), at - before);
    }
}
