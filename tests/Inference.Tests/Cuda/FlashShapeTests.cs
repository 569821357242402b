using EduVision.Inference.Benchmarks;
using EduVision.Inference.Cuda;
using EduVision.Inference.Cuda.Driver;

namespace EduVision.Inference.Tests.Cuda;

public sealed class FlashShapeTests
{
    [Theory]
    [InlineData("sm_80", 32, 128)]
    [InlineData("sm_89", 16, 80)]
    [InlineData("sm_90a", 64, 224)]
    [InlineData("sm_100a", 64, 224)]
    [InlineData("sm_120a", 16, 80)]
    public void A_block_takes_as_many_tokens_as_its_shared_memory_has_room_for(string architecture, int tokens, int kibibytes)
    {
        var (chip, config) = (new Chip(architecture, 132), KnownModels.All["qwen3-vl-8b"].Text);
        var shape = FlashShape.Of(chip);
        Assert.Equal((tokens, kibibytes << 10), (shape.TokensOf(config), shape.SharedBytesOf(config, hasWhole: true)));
        Assert.True(shape.SharedBytesOf(config, hasWhole: true) <= chip.SharedBytes);
        Assert.Equal(4 * 16 * config.HeadDim * shape.Warps * shape.Tiles, shape.SharedBytesOf(config, hasWhole: true) - shape.SharedBytesOf(config, hasWhole: false));
    }
}
