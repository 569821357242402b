using EduVision.Model.Weights;
using static TorchSharp.torch;

namespace EduVision.Model.Tests.Weights;

public sealed class Fp8BlockTests
{
    /// <summary>Codes 0x00 to 0x7E are the finite magnitudes in ascending order.</summary>
    private const int FiniteCodes = 0x7F;

    public static TheoryData<byte, float> Landmarks => new()
    {
        { 0x00, 0 },
        { 0x01, 1f / 512 },
        { 0x07, 7f / 512 },
        { 0x08, 1f / 64 },
        { 0x38, 1 },
        { 0x39, 1.125f },
        { 0x7E, 448 },
        { 0xB8, -1 },
        { 0xFE, -448 },
    };

    [Theory]
    [MemberData(nameof(Landmarks))]
    public void Codes_mean_what_the_format_says(byte code, float value) => Assert.Equal(value, Fp8Block.Decode(code));

    [Fact]
    public void All_codes_survive_decoding_and_encoding()
    {
        for (var code = 0; code < 256; code++)
        {
            var value = Fp8Block.Decode((byte)code);
            Assert.Equal((code & 0x7F) == 0x7F, float.IsNaN(value));
            Assert.Equal(float.IsNaN(value) ? 0x7F : code & 0x7F, Fp8Block.Encode(value) & 0x7F);
            Assert.Equal(code >= 0x80, float.IsNaN(value) ? code >= 0x80 : float.IsNegative(Fp8Block.Decode(Fp8Block.Encode(value))));
        }
    }

    [Fact]
    public void Between_two_codes_the_nearer_is_taken_and_a_tie_goes_to_the_even_one()
    {
        for (var code = 0; code < FiniteCodes - 1; code++)
        {
            var (low, high) = (Fp8Block.Decode((byte)code), Fp8Block.Decode((byte)(code + 1)));
            var middle = (low + high) / 2;
            Assert.True(low < high);
            Assert.Equal(code, Fp8Block.Encode(MathF.BitDecrement(middle)));
            Assert.Equal(code + 1, Fp8Block.Encode(MathF.BitIncrement(middle)));
            Assert.Equal(code % 2 == 0 ? code : code + 1, Fp8Block.Encode(middle));
            Assert.Equal(0x80 | Fp8Block.Encode(middle), Fp8Block.Encode(-middle));
        }
    }

    [Theory]
    [InlineData(448.1f)]
    [InlineData(1e30f)]
    [InlineData(float.PositiveInfinity)]
    public void Beyond_the_largest_value_encoding_saturates(float value)
    {
        Assert.Equal(0x7E, Fp8Block.Encode(value));
        Assert.Equal(0xFE, Fp8Block.Encode(-value));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(128, 128)]
    [InlineData(129, 300)]
    [InlineData(300, 5)]
    public void Quantised_matrices_come_back_within_half_a_step_ragged_or_not(long rows, long columns)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        var matrix = randn([rows, columns], generator: generator);
        var (raw, scales) = Fp8Block.Quantise(matrix);
        Assert.Equal([(rows + 127) / 128, (columns + 127) / 128], scales.shape);
        var back = Fp8Block.Dequantise(raw, scales);

        // Three mantissa bits: half a step is at most 1/16 of the value, or half the smallest step of the block.
        var bound = matrix.abs() / 16 + (scales.max().item<float>() / 1024) + 1e-6;
        Assert.True((back - matrix).abs().le(bound).all().item<bool>());
        Assert.Equal(matrix.abs().max().item<float>(), back.abs().max().item<float>(), 1e-5);
    }

    [Fact]
    public void Each_block_has_its_own_scale()
    {
        using var scope = NewDisposeScope();
        var raw = full([130, 130], 0x38, ScalarType.Byte); // all 1
        var scales = tensor([1f, 2f, 3f, 4f], [2, 2]);
        foreach (var type in new[] { ScalarType.Float32, ScalarType.BFloat16 })
        {
            var values = Fp8Block.Dequantise(raw, scales.to(type));
            Assert.Equal([1f, 1f, 2f, 3f, 4f], new[] { values[0, 0], values[127, 127], values[127, 128], values[128, 127], values[129, 129] }.Select(cell => cell.item<float>()));
        }
    }

    [Fact]
    public void A_block_of_zeros_stays_zero()
    {
        using var scope = NewDisposeScope();
        var (raw, scales) = Fp8Block.Quantise(zeros(2, 2));
        Assert.Equal(1, scales.item<float>());
        Assert.Equal(0, Fp8Block.Dequantise(raw, scales).abs().max().item<float>());
    }

    [Fact]
    public void Scales_of_another_shape_are_refused()
    {
        using var scope = NewDisposeScope();
        Assert.Throws<ArgumentException>(() => Fp8Block.Dequantise(zeros([129, 2], ScalarType.Byte), ones(1, 1)));
    }
}
