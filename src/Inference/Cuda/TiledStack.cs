using EduVision.Inference.Runners;
using EduVision.Model.Weights;
using static TorchSharp.torch;

namespace EduVision.Inference.Cuda;

/// <summary>One kind of linear layer of all decoder layers on a GPU.</summary>
/// <param name="weights">[layers, rows, columns], uint8 (FP8) or float16 (BF16: see <see cref="HalfBlocks"/>), each layer arranged by <see cref="WeightTiles"/>.</param>
/// <param name="scales">[layers, ceil(rows / 128), columns / 128], float32; those of FP8 times 256 where the chip does not convert FP8 itself: see <c>weights.cu</c>.</param>
internal sealed class TiledStack(Tensor weights, Tensor scales) : IDisposable
{
    /// <summary>Room for a kind.</summary>
    public static TiledStack Empty(WeightType type, long layers, long rows, long columns, Device device) => new(
        empty([layers, rows, columns], type == WeightType.Fp8 ? ScalarType.Byte : ScalarType.Float16, device).DetachFromDisposeScope(),
        empty([layers, Fp8Block.Blocks(rows), columns / Fp8Block.Side], ScalarType.Float32, device).DetachFromDisposeScope());

    /// <summary>GPU memory that a matrix takes.</summary>
    public static long BytesOf(WeightType type, long rows, long columns) =>
        (rows * columns * (type == WeightType.Fp8 ? 1 : sizeof(ushort))) + (Fp8Block.Blocks(rows) * Fp8Block.Blocks(columns) * sizeof(float));

    /// <summary>Puts a layer in its place.</summary>
    /// <param name="layer">Which.</param>
    /// <param name="plain">[rows, columns], uint8 as a checkpoint stores FP8, or float16.</param>
    /// <param name="blockScales">[ceil(rows / 128), columns / 128], float32.</param>
    /// <param name="isPaired">See <see cref="WeightTiles.Arrange"/>.</param>
    /// <param name="isConverted">The same.</param>
    public void Set(int layer, Tensor plain, Tensor blockScales, bool isPaired, bool isConverted)
    {
        using var scope = NewDisposeScope();
        weights[layer].copy_(WeightTiles.Arrange(plain, isPaired, isConverted));
        scales[layer].copy_(plain.dtype == ScalarType.Byte && !isConverted ? blockScales.mul(256) : blockScales);
    }

    /// <summary>GPU memory that it takes.</summary>
    public long Bytes => (weights.NumberOfElements * weights.ElementSize) + (scales.NumberOfElements * sizeof(float));

    /// <summary>A layer's.</summary>
    public TiledMatrix this[int layer] => new(
        weights.Address() + (nint)(layer * weights.shape[1] * weights.shape[2] * weights.ElementSize), scales.Address() + (nint)(layer * scales.shape[1] * scales.shape[2] * sizeof(float)),
        (int)weights.shape[1], (int)weights.shape[2]);

    /// <inheritdoc/>
    public void Dispose()
    {
        weights.Dispose();
        scales.Dispose();
    }
}

/// <summary>Where a linear layer's weights are on the GPU, and its sides.</summary>
internal readonly record struct TiledMatrix(nint Weights, nint Scales, int Rows, int Columns);
