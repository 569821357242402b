using TorchSharp;
using static TorchSharp.torch;

namespace EduVision.Model.Weights;

/// <summary>FP8 (E4M3) in tensor operations, on the device where the matrix is: the same codes and scales as <see cref="Fp8Block"/>.</summary>
public static class Fp8Codes
{
    // Eight float32 tensors of this size are there at once.
    private const long ElementsAtOnce = 1 << 21;
    // TorchSharp keeps no hold of a scalar made for a call: see Network/Scalars.cs.
    private static readonly Scalar Zero = 0f, One = 1f, Largest = Fp8Block.Max, SmallestExponent = -6f, LargestExponent = 8f, MantissaBits = 3f, MantissaSteps = 8f, SignBit = 128f;

    /// <summary>Scales each block so that its largest magnitude becomes 448, and encodes it.</summary>
    /// <param name="matrix">[rows, columns], any float type, any device; stays the caller's.</param>
    /// <param name="blockRows">Rows of a block; they divide the matrix's.</param>
    /// <param name="blockColumns">Columns of a block; they divide the matrix's.</param>
    /// <returns>Codes [rows, columns] (<c>uint8</c>) and scales [rows / blockRows, columns / blockColumns] (float32), on the matrix's device, in the caller's scope.</returns>
    /// <exception cref="ArgumentException">The blocks do not divide the matrix.</exception>
    public static (Tensor Codes, Tensor Scales) Quantise(Tensor matrix, long blockRows, long blockColumns)
    {
        var (rows, columns) = (matrix.shape[0], matrix.shape[1]);
        if (rows % blockRows != 0 || columns % blockColumns != 0)
        {
            throw new ArgumentException($"Blocks of {blockRows} x {blockColumns} do not divide a matrix of {StoredTypes.Show(matrix.shape)}.", nameof(matrix));
        }

        using var off = no_grad();
        var codes = empty([rows, columns], ScalarType.Byte, matrix.device);
        var scales = empty([rows / blockRows, columns / blockColumns], ScalarType.Float32, matrix.device);
        var step = Math.Max(1, ElementsAtOnce / columns / blockRows) * blockRows;
        for (var start = 0L; start < rows; start += step)
        {
            using var scope = NewDisposeScope();
            var count = Math.Min(step, rows - start);
            var blocks = matrix.narrow(0, start, count).to(ScalarType.Float32).reshape(count / blockRows, blockRows, columns / blockColumns, blockColumns);
            var scale = blocks.abs().amax([1, 3], keepdim: true).div_(Largest);
            // A block of zeros decodes to zeros under any scale; 1 keeps a reader from dividing by zero. What is no number stays none.
            scale = scale.where(scale.ne(Zero), ones_like(scale));
            scales.narrow(0, start / blockRows, count / blockRows).copy_(scale.view(count / blockRows, -1));
            codes.narrow(0, start, count).copy_(Encode(blocks.div(scale)).reshape(count, columns));
        }

        return (codes, scales);
    }

    /// <summary>What each of the 256 codes stands for.</summary>
    public static Tensor Table(ScalarType type, Device device) =>
        tensor([.. Enumerable.Range(0, 256).Select(code => Fp8Block.Decode((byte)code))]).to(type, device);

    /// <summary>The values of codes.</summary>
    /// <param name="codes"><c>uint8</c>, any shape.</param>
    /// <param name="table">See <see cref="Table"/>; on the codes' device.</param>
    /// <returns>Of the codes' shape and the table's type; new.</returns>
    public static Tensor Decode(Tensor codes, Tensor table) => table.index([TensorIndex.Tensor(codes.to(ScalarType.Int64))]);

    // Magnitudes up to 448. The exponent may come out one too high or too low beside a power of two: what is rounded to sixteen steps of
    // one exponent is eight of the next, and has the same code.
    private static Tensor Encode(Tensor values)
    {
        using var scope = NewDisposeScope();
        var magnitude = values.abs();
        var exponent = magnitude.log2().floor_().clamp_(SmallestExponent, LargestExponent);
        var steps = magnitude.mul_(exponent.sub(MantissaBits).neg_().exp2_()).round_();
        var sign = values.signbit().to(ScalarType.Float32).mul_(SignBit);
        return exponent.sub_(SmallestExponent).mul_(MantissaSteps).add_(steps, One).add_(sign, One).to(ScalarType.Byte).MoveToOuterDisposeScope();
    }
}
