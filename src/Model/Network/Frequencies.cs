using static TorchSharp.torch;

namespace EduVision.Model.Network;

/// <summary>Frequencies of rotary positions.</summary>
public static class Frequencies
{
    /// <summary>Inverse frequencies theta^(-2i / width), in float32 as the reference has them.</summary>
    /// <returns>[width / 2], on the CPU.</returns>
    public static Tensor Inverse(double theta, int width)
    {
        using var scope = NewDisposeScope();
        var exponents = arange(0, width, 2, ScalarType.Float32).div(width);
        return pow(theta, exponents).reciprocal().MoveToOuterDisposeScope();
    }
}
