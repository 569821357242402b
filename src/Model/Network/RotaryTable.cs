using static TorchSharp.torch;

namespace EduVision.Model.Network;

/// <summary>Angles of one forward pass's tokens, computed once and used by every layer.</summary>
public sealed class RotaryTable : IDisposable
{
    // Broadcast over heads. The first half of the sines is negated, so that turning (a, b) into (-b, a) is a mere roll.
    private readonly Tensor cos;
    private readonly Tensor sin;

    private RotaryTable(Tensor cos, Tensor sin)
    {
        this.cos = cos;
        this.sin = sin;
    }

    /// <param name="angles">[tokens, headDim / 2], float32.</param>
    /// <param name="type">The type of what will be rotated, or float32.</param>
    internal static RotaryTable Of(Tensor angles, ScalarType type)
    {
        using var scope = NewDisposeScope();
        var (cos, sin) = (angles.cos(), angles.sin());
        return new RotaryTable(
            cat([cos, cos], -1).unsqueeze(1).to(type).MoveToOuterDisposeScope(),
            cat([sin.neg(), sin], -1).unsqueeze(1).to(type).MoveToOuterDisposeScope());
    }

    /// <summary>Rotates heads: pairs are (i, i + headDim / 2).</summary>
    /// <param name="heads">[tokens, heads, headDim].</param>
    /// <returns>As given, in the wider of its type and the table's.</returns>
    internal Tensor Rotate(Tensor heads) => Rotate(heads, cos, sin);

    /// <summary>The same for some of the pass's tokens, from <paramref name="start"/> on.</summary>
    internal Tensor Rotate(Tensor heads, long start) =>
        Rotate(heads, cos.narrow(0, start, heads.shape[0]), sin.narrow(0, start, heads.shape[0]));

    /// <summary>Rotates the first heads of rows in place, by a device's own kernel; for some of the pass's tokens, from <paramref name="start"/> on.</summary>
    internal void Rotate(IVisionKernels kernels, Tensor rows, long start, int heads) =>
        kernels.Rotate(rows, cos.narrow(0, start, rows.shape[0]), sin.narrow(0, start, rows.shape[0]), heads);

    private static Tensor Rotate(Tensor heads, Tensor cos, Tensor sin) =>
        heads.mul(cos).addcmul_(heads.roll(heads.shape[^1] / 2, -1), sin, Scalars.One);

    internal RotaryTable MoveToOuterDisposeScope()
    {
        cos.MoveToOuterDisposeScope();
        sin.MoveToOuterDisposeScope();
        return this;
    }

    /// <summary>Takes it out of every scope: only <see cref="Dispose"/> frees it.</summary>
    internal RotaryTable DetachFromDisposeScope()
    {
        cos.DetachFromDisposeScope();
        sin.DetachFromDisposeScope();
        return this;
    }

    public void Dispose()
    {
        cos.Dispose();
        sin.Dispose();
    }
}
