using static TorchSharp.torch;

namespace EduVision.Model.Weights;

/// <summary>A linear layer's matrix as a network holds it: ready to be used, or packed.</summary>
public abstract class WeightMatrix : IDisposable
{
    /// <summary>
    /// [rows, columns] in the compute type. It is the matrix's own, or lives in the scope in which it was asked for: who asks has nothing
    /// to dispose of.
    /// </summary>
    public abstract Tensor Values { get; }

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>A matrix in the compute type; owns it.</summary>
/// <param name="values">[rows, columns].</param>
public sealed class PlainMatrix(Tensor values) : WeightMatrix
{
    /// <inheritdoc/>
    public override Tensor Values => values;

    /// <inheritdoc/>
    public override void Dispose() => values.Dispose();
}

/// <summary>A matrix in FP8 with a scale for each row, widened anew each time it is used: half the memory, a little slower.</summary>
public sealed class Fp8RowMatrix : WeightMatrix
{
    // Between codes and values an element takes ten bytes: as 64-bit index and as value.
    private const long ElementsAtOnce = 1 << 21;

    private readonly Tensor codes; // [rows, columns], uint8
    private readonly Tensor scales; // [rows, 1], float32
    private readonly Tensor table; // [256], compute type: what a code stands for

    private Fp8RowMatrix(Tensor codes, Tensor scales, Tensor table)
    {
        this.codes = codes;
        this.scales = scales;
        this.table = table;
    }

    /// <summary>Packs a matrix.</summary>
    /// <param name="matrix">[rows, columns], on any device, in the compute type; stays the caller's.</param>
    public static Fp8RowMatrix Of(Tensor matrix)
    {
        using var scope = NewDisposeScope();
        var (codes, scales) = Fp8Codes.Quantise(matrix, 1, matrix.shape[1]);
        return new Fp8RowMatrix(codes.DetachFromDisposeScope(), scales.DetachFromDisposeScope(), Fp8Codes.Table(matrix.dtype, matrix.device).DetachFromDisposeScope());
    }

    /// <summary>Memory of a packed matrix.</summary>
    public static long BytesOf(long rows, long columns) => (rows * columns) + (rows * sizeof(float)) + (256 * sizeof(ushort));

    /// <summary>What widening a matrix takes beside its values, at most.</summary>
    public static long WorkspaceBytes => ElementsAtOnce * (sizeof(long) + sizeof(float));

    /// <inheritdoc/>
    public override Tensor Values
    {
        get
        {
            var (rows, columns) = (codes.shape[0], codes.shape[1]);
            var values = empty([rows, columns], table.dtype, table.device);
            var step = Math.Max(1, ElementsAtOnce / columns);
            for (var start = 0L; start < rows; start += step)
            {
                using var scope = NewDisposeScope();
                var count = Math.Min(step, rows - start);
                // Values of eight bits are exact in the table's type, so there is one rounding: that of the product.
                values.narrow(0, start, count).copy_(Fp8Codes.Decode(codes.narrow(0, start, count), table).mul_(scales.narrow(0, start, count)));
            }

            return values;
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        codes.Dispose();
        scales.Dispose();
        table.Dispose();
    }
}
