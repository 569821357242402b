using static TorchSharp.torch;

namespace EduVision.Model.Weights;

/// <summary>
/// 8-bit floats of the E4M3 kind (no infinities; 0x7F and 0xFF are NaN; largest 448) in blocks with one scale each:
/// weight = decoded byte x scale, the scale being called <c>weight_scale_inv</c> in checkpoints.
/// </summary>
public static unsafe class Fp8Block
{
    /// <summary>Side of a block in published checkpoints.</summary>
    public const int Side = 128;

    /// <summary>Largest finite value.</summary>
    public const float Max = 448;

    private static readonly float[] Values = [.. Enumerable.Range(0, 256).Select(code => Value((byte)code))];

    /// <summary>The value of a code.</summary>
    public static float Decode(byte code) => Values[code];

    /// <summary>The nearest code, ties to even; values beyond 448 become 448, NaN stays NaN.</summary>
    public static byte Encode(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        var sign = (byte)((bits >> 24) & 0x80);
        var magnitude = MathF.Abs(value);
        if (float.IsNaN(value))
        {
            return (byte)(sign | 0x7F);
        }

        if (magnitude >= Max)
        {
            return (byte)(sign | 0x7E);
        }

        if (magnitude < 1f / 64)
        {
            // Subnormals are multiples of 2^-9; eight of them carry into the smallest normal, whose code follows theirs.
            return (byte)(sign | (byte)MathF.Round(magnitude * 512, MidpointRounding.ToEven));
        }

        // Keep 3 of 23 mantissa bits; the exponents' biases are 127 and 7.
        bits &= 0x7FFF_FFFF;
        bits += 0x7_FFFF + ((bits >> 20) & 1);
        return (byte)(sign | (byte)((bits >> 20) - (120 << 3)));
    }

    /// <summary>Blocks along a side of that length; the last one may be ragged.</summary>
    public static long Blocks(long length, int side = Side) => (length + side - 1) / side;

    /// <summary>Decodes and scales a matrix.</summary>
    /// <param name="raw">[rows, columns], <c>uint8</c>, on the CPU.</param>
    /// <param name="scales">[ceil(rows / blockRows), ceil(columns / blockColumns)], any float type.</param>
    /// <param name="blockRows">Rows of a block.</param>
    /// <param name="blockColumns">Columns of a block.</param>
    /// <returns>[rows, columns], float32, on the CPU; the caller owns it.</returns>
    public static Tensor Dequantise(Tensor raw, Tensor scales, int blockRows = Side, int blockColumns = Side)
    {
        var (rows, columns) = (raw.shape[0], raw.shape[1]);
        var across = Blocks(columns, blockColumns);
        CheckScales(scales, Blocks(rows, blockRows), across);
        using var contiguous = raw.contiguous();
        var scale = Floats(scales);
        var result = empty([rows, columns], ScalarType.Float32);
        ForEachRow(contiguous, result, (row, source, target) =>
        {
            for (long block = 0; block < across; block++)
            {
                var factor = scale[(row / blockRows * across) + block];
                var end = Math.Min((block + 1) * blockColumns, columns);
                for (var column = block * blockColumns; column < end; column++)
                {
                    target[column] = Values[source[column]] * factor;
                }
            }
        });
        return result;
    }

    /// <summary>Scales each block so that its largest magnitude becomes 448, and encodes it.</summary>
    /// <param name="matrix">[rows, columns], any float type, any device.</param>
    /// <param name="blockRows">Rows of a block.</param>
    /// <param name="blockColumns">Columns of a block.</param>
    /// <returns>Codes [rows, columns] (<c>uint8</c>) and scales [ceil, ceil] (float32), both on the CPU; the caller owns them.</returns>
    public static (Tensor Raw, Tensor Scales) Quantise(Tensor matrix, int blockRows = Side, int blockColumns = Side)
    {
        var (rows, columns) = (matrix.shape[0], matrix.shape[1]);
        var (down, across) = (Blocks(rows, blockRows), Blocks(columns, blockColumns));
        var values = Floats(matrix);
        var scales = new float[down * across];
        for (long i = 0; i < values.LongLength; i++)
        {
            var block = (i / columns / blockRows * across) + (i % columns / blockColumns);
            scales[block] = Math.Max(scales[block], MathF.Abs(values[i]) / Max);
        }

        var codes = new byte[rows * columns];
        for (long i = 0; i < values.LongLength; i++)
        {
            var scale = scales[(i / columns / blockRows * across) + (i % columns / blockColumns)];
            codes[i] = scale > 0 ? Encode(values[i] / scale) : (byte)0;
        }

        // A block of zeros decodes to zeros under any scale; 1 keeps a reader from dividing by zero.
        return (tensor(codes, [rows, columns]), tensor([.. scales.Select(scale => scale > 0 ? scale : 1)], [down, across]));
    }

    private static float Value(byte code)
    {
        var (exponent, mantissa) = ((code >> 3) & 0xF, code & 7);
        var magnitude = (code & 0x7F) == 0x7F ? float.NaN
            : exponent == 0 ? MathF.ScaleB(mantissa, -9)
            : MathF.ScaleB(8 + mantissa, exponent - 10);
        return code < 0x80 ? magnitude : -magnitude;
    }

    private static float[] Floats(Tensor tensor)
    {
        using var values = tensor.detach().cpu().to(ScalarType.Float32).contiguous();
        return values.data<float>().ToArray();
    }

    private static void CheckScales(Tensor scales, long down, long across)
    {
        if (!scales.shape.SequenceEqual([down, across]))
        {
            throw new ArgumentException($"Scales are {StoredTypes.Show(scales.shape)}, expected {StoredTypes.Show([down, across])}.", nameof(scales));
        }
    }

    private delegate void RowAction(long row, byte* source, float* target);

    private static void ForEachRow(Tensor source, Tensor target, RowAction action)
    {
        var (rows, columns) = (source.shape[0], source.shape[1]);
        if (rows == 0 || columns == 0)
        {
            return;
        }

        // Band by band through views: a whole matrix may exceed what one span holds.
        Parallel.For(0L, Blocks(rows), band =>
        {
            var (first, count) = (band * Side, Math.Min(Side, rows - (band * Side)));
            using var from = source.narrow(0, first, count);
            using var to = target.narrow(0, first, count);
            fixed (byte* input = from.bytes)
            fixed (byte* output = to.bytes)
            {
                for (var row = 0L; row < count; row++)
                {
                    action(first + row, input + (row * columns), (float*)output + (row * columns));
                }
            }
        });
    }
}
