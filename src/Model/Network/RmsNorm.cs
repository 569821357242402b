using static TorchSharp.torch;

namespace EduVision.Model.Network;

/// <summary>Root mean square normalisation over the last dimension, computed in float32 whatever the compute type.</summary>
internal static class RmsNorm
{
    /// <param name="x">[..., width].</param>
    /// <param name="weight">Broadcasts against <paramref name="x"/>.</param>
    /// <param name="eps">Added to the mean square.</param>
    public static Tensor Apply(Tensor x, Tensor weight, double eps)
    {
        var wide = x.dtype == ScalarType.Float32 ? x : x.to(ScalarType.Float32);
        var scale = wide.square().mean([-1], keepdim: true).add(eps).rsqrt();
        var normal = wide.mul(scale);
        return (x.dtype == ScalarType.Float32 ? normal : normal.to(x.dtype)).mul(weight);
    }
}
