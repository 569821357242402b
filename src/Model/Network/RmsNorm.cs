using TorchSharp;
using static TorchSharp.torch;

namespace EduVision.Model.Network;

/// <summary>
/// Root mean square normalisation over the last dimension, in float32 whatever the compute type. Written around the vector norm
/// because one kernel then reads the row, where square and mean are two: a decode step is made of such small operations. (Not
/// <c>linalg.vector_norm</c>: see <see cref="Scalars"/>.)
/// </summary>
internal sealed class RmsNorm : IDisposable
{
    private readonly Tensor eps; // [1]
    private readonly Scalar share;

    /// <param name="width">Length of the last dimension.</param>
    /// <param name="eps">Added to the mean square.</param>
    /// <param name="device">The model's.</param>
    public RmsNorm(int width, double eps, Device device)
    {
        this.eps = full([1], eps, ScalarType.Float32, device).DetachFromDisposeScope();
        share = 1.0 / width;
    }

    /// <param name="x">[..., width].</param>
    /// <param name="weight">Broadcasts against <paramref name="x"/>.</param>
    public Tensor Apply(Tensor x, Tensor weight)
    {
        var wide = x.dtype == ScalarType.Float32 ? x : x.to(ScalarType.Float32);
        var norm = wide.norm(-1, keepdim: true);
        var normal = wide.mul(eps.addcmul(norm, norm, share).rsqrt());
        return (x.dtype == ScalarType.Float32 ? normal : normal.to(x.dtype)).mul(weight);
    }

    public void Dispose()
    {
        eps.Dispose();
        share.Dispose();
    }
}
