using static TorchSharp.torch;

namespace EduVision.Model.Weights;

/// <summary>
/// Parameters to train: freshly drawn, or a checkpoint's. Remembers what the network took, so that an optimiser finds all
/// parameters and a checkpoint can be written under the published names.
/// </summary>
/// <param name="device">Where the parameters live.</param>
/// <param name="type">Their type, usually float32.</param>
/// <param name="start">Where their values come from; null draws them: matrices from N(0, 0.02), biases 0, norms 1. Seed torch first.</param>
public sealed class ParameterWeights(Device device, ScalarType type, IWeightSource? start = null) : IWeightSource
{
    /// <summary>Standard deviation of a fresh matrix (<c>initializer_range</c>).</summary>
    public const double InitializerRange = 0.02;

    private readonly List<Taken> _taken = [];

    /// <summary>What the network took; the network owns them. Stacked matrices are one parameter.</summary>
    public IReadOnlyList<Tensor> Parameters => [.. _taken.Select(taken => taken.Parameter)];

    /// <inheritdoc/>
    public Tensor Take(string name, params long[] shape) =>
        Remember([name], [shape.Length == 0 ? 1 : shape[0]], start?.Take(name, shape) ?? Fresh(name, shape));

    /// <inheritdoc/>
    public Tensor TakeStacked(IReadOnlyList<string> names, IReadOnlyList<long> rows, long columns) =>
        Remember(names, rows, start?.TakeStacked(names, rows, columns) ?? Fresh(names[0], [rows.Sum(), columns]));

    /// <summary>Every parameter under its published name, stacked ones taken apart.</summary>
    /// <returns>Views; disposing them leaves the parameters alone.</returns>
    public IEnumerable<(string Name, Tensor Value)> Named()
    {
        foreach (var taken in _taken)
        {
            var offset = 0L;
            for (var i = 0; i < taken.Names.Count; i++)
            {
                using var whole = taken.Parameter.detach();
                yield return (taken.Names[i], whole.narrow(0, offset, taken.Rows[i]));
                offset += taken.Rows[i];
            }
        }
    }

    private Tensor Remember(IReadOnlyList<string> names, IReadOnlyList<long> rows, Tensor value)
    {
        Tensor parameter;
        using (NewDisposeScope())
        using (value)
        {
            parameter = value.detach().to(type, device).DetachFromDisposeScope();
        }

        parameter.requires_grad = true;
        _taken.Add(new Taken(names, rows, parameter));
        return parameter;
    }

    private Tensor Fresh(string name, long[] shape) =>
        name.EndsWith(".bias", StringComparison.Ordinal) ? zeros(shape, type, device)
        : shape.Length == 1 ? ones(shape, type, device)
        : randn(shape, type, device).mul_(InitializerRange);

    private sealed record Taken(IReadOnlyList<string> Names, IReadOnlyList<long> Rows, Tensor Parameter);
}
