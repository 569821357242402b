using EduVision.Model.Imaging;
using static TorchSharp.torch;

namespace EduVision.Training.Learning;

/// <summary>The image processor's last step on the training device: pixels to normalised patches in the tower's order.</summary>
public static class PhotoPatches
{
    private const int Merge = 2;
    private const int Patch = 16;
    private const int Temporal = 2;

    /// <summary>Patches of photos of one size.</summary>
    /// <param name="pixels">[photos, height, width, 3], uint8.</param>
    /// <param name="grid">Each photo's grid.</param>
    /// <param name="type">The compute type.</param>
    /// <returns>[photos * patches, 3 * 2 * 16 * 16], in blocks of 2x2 patches; in a patch channel, time, row, column.</returns>
    public static Tensor Of(Tensor pixels, ImageGrid grid, ScalarType type)
    {
        using var scope = NewDisposeScope();
        var photos = pixels.shape[0];
        var normalised = pixels.to(type).div_(127.5f).sub_(1f);
        return normalised
            .view(photos, grid.H / Merge, Merge, Patch, grid.W / Merge, Merge, Patch, 3)
            .permute(0, 1, 4, 2, 5, 7, 3, 6)
            .unsqueeze(6)
            .expand(photos, grid.H / Merge, grid.W / Merge, Merge, Merge, 3, Temporal, Patch, Patch)
            .reshape(photos * grid.Patches, 3 * Temporal * Patch * Patch)
            .MoveToOuterDisposeScope();
    }
}
