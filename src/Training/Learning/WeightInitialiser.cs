using EduVision.Model.Weights;
using static TorchSharp.torch;

namespace EduVision.Training.Learning;

/// <summary>Where a parameter starts.</summary>
public interface IWeightInitialiser
{
    /// <summary>A float tensor of that shape on the CPU; the caller owns it.</summary>
    Tensor Initialise(string name, long[] shape);
}

/// <summary>
/// Fresh parameters: norms at one, biases at zero, matrices normal with variance 1 / fan-in, and zero for the projections
/// that write into the residual stream, so that training starts from the identity.
/// </summary>
public sealed class FreshWeights(int seed) : IWeightInitialiser, IDisposable
{
    private readonly Generator generator = new((ulong)seed);

    /// <inheritdoc/>
    public Tensor Initialise(string name, long[] shape)
    {
        if (shape.Length == 1) return name.EndsWith(".bias", StringComparison.Ordinal) ? zeros(shape) : ones(shape);
        if (WritesResidual(name)) return zeros(shape);
        var fanIn = shape.Skip(1).Aggregate(1L, (product, size) => product * size);
        var deviation = name.Contains("embed_tokens", StringComparison.Ordinal) || name.Contains("pos_embed", StringComparison.Ordinal)
            ? 0.02
            : 1 / Math.Sqrt(fanIn);
        return randn(shape, generator: generator).mul_(deviation);
    }

    /// <inheritdoc/>
    public void Dispose() => generator.Dispose();

    private static bool WritesResidual(string name) =>
        name.EndsWith("o_proj.weight", StringComparison.Ordinal) || name.EndsWith("down_proj.weight", StringComparison.Ordinal)
        || (name.Contains("visual.blocks", StringComparison.Ordinal)
            && (name.EndsWith("attn.proj.weight", StringComparison.Ordinal) || name.EndsWith("linear_fc2.weight", StringComparison.Ordinal)))
        || (name.Contains("deepstack", StringComparison.Ordinal) && name.EndsWith("linear_fc2.weight", StringComparison.Ordinal));
}

/// <summary>Parameters of a checkpoint folder: to go on training a published model.</summary>
public sealed class CheckpointStart(IWeightSource checkpoint) : IWeightInitialiser
{
    /// <inheritdoc/>
    public Tensor Initialise(string name, long[] shape) => checkpoint.Take(name, shape);
}
