using EduVision.Inference.Cuda;
using static TorchSharp.torch;

namespace EduVision.Inference.Tests.Cuda;

/// <summary>Where a weight of a matrix lies among the tiles, by the rule that the kernels read them by.</summary>
public sealed class WeightTilesTests
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void A_lane_finds_its_bytes_behind_each_other(bool isPaired, bool isConverted)
    {
        const int rows = 64, columns = 256, blocks = 2;
        var plain = randint(0, 256, [rows, columns], ScalarType.Byte);
        var bytes = plain.data<byte>().ToArray();
        var tiles = WeightTiles.Arrange(plain, isPaired, isConverted).data<byte>().ToArray();
        for (var at = 0; at < tiles.Length; at++)
        {
            var (tile, block, piece, lane, inner) = (at / 2048 / blocks, at / 2048 % blocks, at / 512 % 4, at / 16 % 32, at % 16);
            if (isConverted) inner = (inner & ~3) | ((inner & 1) << 1) | ((inner >> 1) & 1);
            var (half, chunk) = (piece % 2, piece / 2);
            var row = isPaired ? (half * rows / 2) + (tile * 8) + (lane / 4) : (tile * 16) + (half * 8) + (lane / 4);
            Assert.Equal(bytes[(row * columns) + (block * 128) + (chunk * 64) + (lane % 4 * 16) + inner], tiles[at]);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_lane_finds_its_halves_as_a_tensor_core_takes_them(bool isPaired)
    {
        const int rows = 64, columns = 256, across = 4;
        using var plain = arange(rows * columns, ScalarType.Int32).view(rows, columns);
        // Halves cannot count so far: whole numbers of two bytes are arranged by the same rule.
        using var arranged = WeightTiles.Arrange(plain.to(ScalarType.Int16), isPaired, isConverted: true);
        var tiles = arranged.data<short>().ToArray();
        for (var at = 0; at < tiles.Length; at++)
        {
            var (tile, block, step, lane, inner) = (at / 1024 / across, at / 1024 % across, at / 256 % 4, at / 8 % 32, at % 8);
            var (odd, half, pair) = (inner / 4, inner / 2 % 2, inner % 2);
            var row = isPaired ? (half * rows / 2) + (tile * 8) + (lane / 4) : (tile * 16) + (half * 8) + (lane / 4);
            Assert.Equal((row * columns) + (block * 64) + (lane % 4 * 16) + (step * 4) + (pair * 2) + odd, tiles[at]);
        }
    }
}
