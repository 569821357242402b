using TorchSharp;
using static TorchSharp.torch;

namespace EduVision.Model.Network;

/// <summary>
/// Scalars that live as long as the process. TorchSharp hands a scalar's address to native code and keeps no hold of it: one that was
/// made for the call, as a number or a plain <c>a + b</c> is, may be freed while it is read, if garbage is collected just then.
/// </summary>
internal static class Scalars
{
    public static readonly Scalar One = 1;

    /// <summary>The sum, without a scalar made for it.</summary>
    public static Tensor Plus(this Tensor left, Tensor right) => left.add(right, One);
}
