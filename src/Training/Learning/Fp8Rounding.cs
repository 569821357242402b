using static TorchSharp.torch;

namespace EduVision.Training.Learning;

/// <summary>
/// Rounds a matrix as the FP8 block-128 checkpoint will store it, so that the last part of training learns to live with it
/// (straight-through: gradients go to the unrounded master).
/// </summary>
public static class Fp8Rounding
{
    private const int Block = 128;
    private const float Largest = 448;
    private const float SmallestExponent = -6;

    /// <summary>What is stored in FP8 rounded, everything else left to the compute type: null.</summary>
    public static Tensor? Fp8Matrices(TrainableParameter parameter)
    {
        if (!parameter.IsFp8Matrix) return null;
        // Each matrix of a stack is stored, and so blocked, on its own.
        return cat([.. parameter.Split().Select(part => Round(part.Value))]);
    }

    /// <summary>A matrix with every 128x128 block scaled to E4M3's range and rounded to it.</summary>
    /// <param name="matrix">[rows, columns], float32; the last blocks may be ragged.</param>
    public static Tensor Round(Tensor matrix)
    {
        var (rows, columns) = (matrix.shape[0], matrix.shape[1]);
        var (padRows, padColumns) = ((Block - rows % Block) % Block, (Block - columns % Block) % Block);
        var blocks = nn.functional.pad(matrix, [0, padColumns, 0, padRows])
            .view((rows + padRows) / Block, Block, (columns + padColumns) / Block, Block);
        var scale = blocks.abs().amax([1, 3], keepdim: true).clamp_min(1e-12f) / Largest;
        var scaled = blocks / scale;
        // E4M3 has 3 mantissa bits: the step is 2^(exponent - 3), and 2^-9 below the normal range.
        var exponent = scaled.abs().clamp_min(1e-30f).log2().floor().clamp_min(SmallestExponent);
        var step = exp2(exponent - 3);
        var rounded = (scaled / step).round() * step;
        return (rounded * scale).view(rows + padRows, columns + padColumns).narrow(0, 0, rows).narrow(1, 0, columns);
    }
}
