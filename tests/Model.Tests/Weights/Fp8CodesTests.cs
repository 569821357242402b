using EduVision.Model.Weights;
using static TorchSharp.torch;

namespace EduVision.Model.Tests.Weights;

/// <summary>FP8 in tensor operations: what the loops of <see cref="Fp8Block"/> make, byte by byte.</summary>
public sealed class Fp8CodesTests
{
    [Theory]
    [InlineData(256, 384, 128, 128)]
    [InlineData(5, 37, 1, 37)]
    [InlineData(48, 64, 16, 32)]
    public void Codes_and_scales_are_those_of_the_loops(long rows, long columns, int blockRows, int blockColumns)
    {
        using var scope = NewDisposeScope();
        manual_seed(rows);
        // From far below the smallest step to far above the largest value, with zeros of both signs and a block of nothing.
        var matrix = randn([rows, columns], ScalarType.Float32, CPU).mul(randn([rows, columns], ScalarType.Float32, CPU).mul(6).exp2());
        matrix[0, 0].fill_(-0f);
        matrix.narrow(0, rows - blockRows, blockRows).narrow(1, 0, blockColumns).zero_();
        var (raw, scales) = Fp8Block.Quantise(matrix, blockRows, blockColumns);
        var (codes, blockScales) = Fp8Codes.Quantise(matrix, blockRows, blockColumns);
        Assert.Equal(scales.data<float>().ToArray(), blockScales.data<float>().ToArray());
        Assert.Equal(raw.data<byte>().ToArray().Select(code => code & 0x7F), codes.data<byte>().ToArray().Select(code => code & 0x7F));
        Assert.True(Fp8Codes.Decode(codes, Fp8Codes.Table(ScalarType.Float32, CPU)).equal(Fp8Codes.Decode(raw, Fp8Codes.Table(ScalarType.Float32, CPU))).all().item<bool>());
    }

    [Fact]
    public void Every_value_that_has_a_code_keeps_it_and_what_lies_between_two_goes_to_the_nearer()
    {
        using var scope = NewDisposeScope();
        float[] finite = [.. Enumerable.Range(0, 0x7F).Select(code => Fp8Block.Decode((byte)code))];
        // 448 in each row keeps its scale at one.
        var between = finite[..^1].Zip(finite[1..], (low, high) => new[] { low, (low * 0.51f) + (high * 0.49f), (low * 0.49f) + (high * 0.51f), (low + high) / 2, -low, -high, 448f }).ToArray();
        var (codes, _) = Fp8Codes.Quantise(tensor([.. between.SelectMany(row => row)], [between.Length, 7]), 1, 7);
        Assert.Equal(between.SelectMany(row => row).Select(value => Fp8Block.Encode(value) & (value == 0 ? 0x7F : 0xFF)), codes.data<byte>().ToArray().Select(code => code == 0x80 ? 0 : (int)code));
    }

    [Fact]
    public void What_is_no_number_does_not_become_one()
    {
        using var scope = NewDisposeScope();
        var matrix = ones(4, 8);
        matrix[2, 3].fill_(float.NaN);
        using var packed = Fp8RowMatrix.Of(matrix);
        Assert.Equal([false, false, true, false], packed.Values.isnan().all(1).data<bool>().ToArray());
    }

    [Fact]
    public void Blocks_that_do_not_divide_the_matrix_are_refused() => Assert.Throws<ArgumentException>(() => Fp8Codes.Quantise(zeros(130, 128), 128, 128));

    [Fact]
    public void A_packed_matrix_is_near_the_one_it_was_made_of_and_takes_the_memory_that_it_says()
    {
        using var scope = NewDisposeScope();
        // Larger than what is widened at once.
        var matrix = randn([3000, 1100], ScalarType.BFloat16, CPU);
        using var packed = Fp8RowMatrix.Of(matrix);
        var error = (packed.Values.to(ScalarType.Float32) - matrix.to(ScalarType.Float32)).abs();
        Assert.True(error.le(matrix.to(ScalarType.Float32).abs().mul(1 / 15.5).add(0.001)).all().item<bool>());
        Assert.Equal((ScalarType.BFloat16, 3000L, 1100L), (packed.Values.dtype, packed.Values.shape[0], packed.Values.shape[1]));
        Assert.Equal((3000 * 1100) + (3000 * 4) + 512, Fp8RowMatrix.BytesOf(3000, 1100));
    }
}
