using EduVision.Model.Weights;
using static TorchSharp.torch;

namespace EduVision.Inference.Cuda;

/// <summary>Random parameters on a GPU: norms at one, biases at zero, matrices normal with variance 1 / fan-in.</summary>
internal sealed class RandomWeights(Device device, ScalarType type) : IWeightSource
{
    /// <inheritdoc/>
    public Tensor Take(string name, params long[] shape)
    {
        using var scope = NewDisposeScope();
        if (shape.Length == 1) return (name.EndsWith(".bias", StringComparison.Ordinal) ? zeros(shape, type, device) : ones(shape, type, device)).DetachFromDisposeScope();
        var fanIn = shape.Skip(1).Aggregate(1L, (product, size) => product * size);
        return randn(shape, type, device).mul_(1 / Math.Sqrt(fanIn)).DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    public Tensor TakeStacked(IReadOnlyList<string> names, IReadOnlyList<long> rows, long columns) => Take(names[0], rows.Sum(), columns);
}
