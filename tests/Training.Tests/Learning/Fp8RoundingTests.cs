using EduVision.Model.Weights;
using EduVision.Training.Learning;
using static TorchSharp.torch;

namespace EduVision.Training.Tests.Learning;

public sealed class Fp8RoundingTests
{
    [Theory]
    [InlineData(128, 128)]
    [InlineData(320, 896)]
    [InlineData(130, 5)]
    public void Training_rounds_exactly_as_the_checkpoint_stores(int rows, int columns)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        var matrix = randn([rows, columns], generator: generator) * exp(randn([rows, 1], generator: generator) * 2);

        var trained = Fp8Rounding.Round(matrix);
        var (raw, scales) = Fp8Block.Quantise(matrix);
        var stored = Fp8Block.Dequantise(raw, scales);

        var difference = (trained - stored).abs().max().item<float>();
        var step = matrix.abs().max().item<float>();
        Assert.True(difference <= step * 1e-6f, $"largest difference {difference} for values up to {step}");
        Assert.False(trained.Equals(matrix), "rounding changed nothing");
    }
}
