namespace EduVision.Model.Imaging;

/// <summary>An image as the vision tower sees it: patches over time, rows and columns (one row of <c>image_grid_thw</c>).</summary>
/// <param name="T">Temporal patches; 1 for a still image.</param>
/// <param name="H">Patch rows.</param>
/// <param name="W">Patch columns.</param>
public readonly record struct ImageGrid(int T, int H, int W)
{
    /// <summary>Patches before merging.</summary>
    public int Patches => T * H * W;

    /// <summary>Tokens in the text sequence, after merging <paramref name="mergeSize"/> x <paramref name="mergeSize"/> patches into one.</summary>
    public int Tokens(int mergeSize) => Patches / (mergeSize * mergeSize);
}
