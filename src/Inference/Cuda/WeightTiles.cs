using static TorchSharp.torch;

namespace EduVision.Inference.Cuda;

/// <summary>Weights in the order in which a warp reads them: tiles of 16 rows and 2 KiB, so of 128 columns in FP8 or 64 of halves, a row of tiles behind the other; see <c>weights.cu</c>.</summary>
internal static class WeightTiles
{
    /// <summary>Rows of a tile.</summary>
    public const int Rows = 16;

    /// <summary>Bytes of a tile.</summary>
    public const int TileBytes = 2048;

    // Of a lane's sixteen columns a step of a tensor core takes four, two pairs of every other one.
    private const int Group = 8, Chunks = 2, Quarters = 4, Columns = 16, Steps = 4, Pair = 2;

    /// <summary>A matrix in the order of tiles.</summary>
    /// <param name="weights">[rows, columns], both multiples of 128: FP8 as uint8, or float16.</param>
    /// <param name="isConverted">True for chips that convert FP8 by themselves: the middle two of every four bytes are exchanged. No matter for halves.</param>
    /// <param name="isPaired">True for gate and up, stacked: a tile then holds eight rows of both, whose outputs meet in one lane.</param>
    /// <returns>A new tensor of the same shape and type.</returns>
    public static Tensor Arrange(Tensor weights, bool isPaired, bool isConverted)
    {
        using var scope = NewDisposeScope();
        // Tile, which half of it, row.
        var rows = isPaired ? weights.view(2, -1, Group, weights.shape[1]).transpose(0, 1) : weights.view(-1, 2, Group, weights.shape[1]);
        return (weights.dtype == ScalarType.Byte ? Fp8(rows, isConverted) : Halves(rows)).reshape(weights.shape).MoveToOuterDisposeScope();
    }

    // To tile, block of columns, chunk, half, row, quarter, byte.
    private static Tensor Fp8(Tensor rows, bool isConverted)
    {
        var split = rows.reshape(rows.shape[0], 2, Group, -1, Chunks, Quarters, Columns).permute(0, 3, 4, 1, 2, 5, 6);
        return isConverted ? split.reshape(-1, 2, 2).transpose(1, 2) : split;
    }

    // To tile, chunk of columns, step, row, quarter, first or second of a pair, half, which pair.
    private static Tensor Halves(Tensor rows) => rows.reshape(rows.shape[0], 2, Group, -1, Quarters, Steps, Pair, Pair).permute(0, 3, 5, 2, 4, 7, 1, 6);
}
