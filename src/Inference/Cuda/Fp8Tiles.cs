using EduVision.Model.Weights;
using static TorchSharp.torch;

namespace EduVision.Inference.Cuda;

/// <summary>FP8 bytes in the order in which a warp reads them: tiles of 16 rows and 128 columns, 2 KiB each, a row of tiles behind the other; see <c>weights.cu</c>.</summary>
internal static class Fp8Tiles
{
    /// <summary>Rows of a tile.</summary>
    public const int Rows = 16;

    /// <summary>Bytes of a tile.</summary>
    public const int TileBytes = 2048;

    private const int Group = 8, Chunks = 2, Quarters = 4, Bytes = 16;

    /// <summary>Bytes in the order of tiles.</summary>
    /// <param name="bytes">[rows, columns], uint8.</param>
    /// <param name="isConverted">True for chips that convert FP8 by themselves: the middle two of every four bytes are exchanged.</param>
    /// <param name="isPaired">True for gate and up, stacked: a tile then holds eight rows of both, whose outputs meet in one lane.</param>
    /// <returns>A new tensor of the same shape.</returns>
    public static Tensor Arrange(Tensor bytes, bool isPaired, bool isConverted)
    {
        using var scope = NewDisposeScope();
        long rows = bytes.shape[0], columns = bytes.shape[1], blocks = columns / Fp8Block.Side;
        // Tile, half of a tile (or which of the pair), row, block of columns, chunk, quarter, byte.
        var split = isPaired
            ? bytes.view(Chunks, rows / Rows, Group, blocks, Chunks, Quarters, Bytes).permute(1, 3, 4, 0, 2, 5, 6)
            : bytes.view(rows / Rows, Chunks, Group, blocks, Chunks, Quarters, Bytes).permute(0, 3, 4, 1, 2, 5, 6);
        if (isConverted) split = split.reshape(-1, 2, 2).transpose(1, 2);
        return split.reshape(rows, columns).MoveToOuterDisposeScope();
    }
}

/// <summary>One kind of linear layer of all decoder layers on a GPU.</summary>
/// <param name="bytes">[layers, rows, columns], uint8, each layer arranged by <see cref="Fp8Tiles"/>.</param>
/// <param name="scales">[layers, ceil(rows / 128), columns / 128], float32, times 256 where the chip does not convert FP8 itself: see <c>weights.cu</c>.</param>
internal sealed class Fp8Stack(Tensor bytes, Tensor scales) : IDisposable
{
    /// <summary>Room for a kind.</summary>
    public static Fp8Stack Empty(long layers, long rows, long columns, Device device) => new(
        empty([layers, rows, columns], ScalarType.Byte, device).DetachFromDisposeScope(),
        empty([layers, Fp8Block.Blocks(rows), columns / Fp8Block.Side], ScalarType.Float32, device).DetachFromDisposeScope());

    /// <summary>Puts a layer in its place.</summary>
    /// <param name="layer">Which.</param>
    /// <param name="plain">[rows, columns], uint8, as a checkpoint stores them.</param>
    /// <param name="blockScales">[rows / 128, columns / 128], float32.</param>
    /// <param name="isPaired">See <see cref="Fp8Tiles.Arrange"/>.</param>
    /// <param name="isConverted">The same.</param>
    public void Set(int layer, Tensor plain, Tensor blockScales, bool isPaired, bool isConverted)
    {
        using var scope = NewDisposeScope();
        bytes[layer].copy_(Fp8Tiles.Arrange(plain, isPaired, isConverted));
        scales[layer].copy_(blockScales.mul(isConverted ? 1 : 256));
    }

    /// <summary>GPU memory that it takes.</summary>
    public long Bytes => bytes.NumberOfElements + (scales.NumberOfElements * sizeof(float));

    /// <summary>A layer's.</summary>
    public Fp8Matrix this[int layer] => new(
        bytes.Address() + (nint)(layer * bytes.shape[1] * bytes.shape[2]), scales.Address() + (nint)(layer * scales.shape[1] * scales.shape[2] * sizeof(float)),
        (int)bytes.shape[1], (int)bytes.shape[2]);

    /// <inheritdoc/>
    public void Dispose()
    {
        bytes.Dispose();
        scales.Dispose();
    }
}

/// <summary>Where a linear layer's weights are on the GPU, and its sides.</summary>
internal readonly record struct Fp8Matrix(nint Bytes, nint Scales, int Rows, int Columns);
