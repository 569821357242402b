using EduVision.Model.Weights;
using static TorchSharp.torch;

namespace EduVision.Inference.Cuda;

/// <summary>
/// BF16 as halves, which the tensor cores multiply with activations in halves: each block of 128x128 times the power of two that brings its
/// largest weight to the top of a half's range. What is within 2^-31 of that weight keeps every bit; what is smaller is off by 2^-39 of it at most.
/// </summary>
internal static class HalfBlocks
{
    // The largest of a block lies between 2^14 and 2^15. Blocks of almost nothing stop where a scale's reciprocal is a BF16 number still.
    private const int Top = 14, Least = -100;

    /// <summary>Makes halves.</summary>
    /// <param name="matrix">[rows, columns], both multiples of 128, BF16.</param>
    /// <returns>[rows, columns], float16, and [rows / 128, columns / 128], float32: what each block is to be multiplied with. Not finite where a block holds what is no finite number.</returns>
    public static (Tensor Halves, Tensor Scales) Of(Tensor matrix)
    {
        using var scope = NewDisposeScope();
        long rows = matrix.shape[0] / Fp8Block.Side, columns = matrix.shape[1] / Fp8Block.Side;
        var blocks = matrix.view(rows, Fp8Block.Side, columns, Fp8Block.Side);
        var exponents = blocks.abs().amax([1, 3], keepdim: true).to(ScalarType.Float32).log2().floor().clamp_min(Least).sub(Top);
        // A power of two in BF16 is exact, whatever the device computes, and changes no bit of what it is multiplied with.
        var halves = blocks.mul(exponents.neg().exp2().to(matrix.dtype)).to(ScalarType.Float16).view(matrix.shape);
        var scales = exponents.exp2().to(matrix.dtype).to(ScalarType.Float32).view(rows, columns);
        return (halves.MoveToOuterDisposeScope(), scales.MoveToOuterDisposeScope());
    }
}
