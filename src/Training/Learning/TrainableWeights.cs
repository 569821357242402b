using EduVision.Model.Weights;
using static TorchSharp.torch;

namespace EduVision.Training.Learning;

/// <summary>
/// Parameters that are being trained: each tensor the network asks for becomes a leaf in the compute type, backed by a
/// float32 master that the optimiser updates. Names and shapes are those of a published checkpoint.
/// </summary>
public sealed class TrainableWeights : IWeightSource, IDisposable
{
    private readonly Device device;
    private readonly ScalarType computeType;
    private readonly IWeightInitialiser initialiser;
    private readonly List<TrainableParameter> parameters = [];

    /// <summary>Parameters on <paramref name="device"/>, computed with in <paramref name="computeType"/>.</summary>
    public TrainableWeights(Device device, ScalarType computeType, IWeightInitialiser initialiser)
    {
        this.device = device;
        this.computeType = computeType;
        this.initialiser = initialiser;
    }

    /// <summary>Every parameter, in the order in which the network took them.</summary>
    public IReadOnlyList<TrainableParameter> Parameters => parameters;

    /// <summary>How many numbers there are to learn.</summary>
    public long Count => parameters.Sum(parameter => parameter.Master.numel());

    /// <inheritdoc/>
    public Tensor Take(string name, params long[] shape) => Add([new(name, shape)], shape);

    /// <inheritdoc/>
    public Tensor TakeStacked(IReadOnlyList<string> names, IReadOnlyList<long> rows, long columns) =>
        Add([.. names.Zip(rows, (name, count) => new TensorName(name, [count, columns]))], [rows.Sum(), columns]);

    /// <summary>Copies the masters into the compute tensors, FP8 rounding where it is asked for.</summary>
    /// <param name="rounding">Applied to each parameter's master; null copies it as it is.</param>
    public void Refresh(Func<TrainableParameter, Tensor?>? rounding)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        foreach (var parameter in parameters) parameter.Compute.copy_(rounding?.Invoke(parameter) ?? parameter.Master);
    }

    /// <summary>Frees every tensor.</summary>
    public void Dispose()
    {
        foreach (var parameter in parameters) parameter.Dispose();
        parameters.Clear();
    }

    private Tensor Add(IReadOnlyList<TensorName> names, long[] shape)
    {
        using var off = no_grad();
        Tensor master;
        using (NewDisposeScope())
        {
            var parts = names.Select(part => initialiser.Initialise(part.Name, part.Shape)).ToArray();
            var whole = parts.Length == 1 ? parts[0] : cat(parts, 0);
            master = whole.to(float32).to(device, copy: true).contiguous().MoveToOuterDisposeScope();
        }
        master.DetachFromDisposeScope();
        var compute = master.to(computeType, copy: true).requires_grad_(true).DetachFromDisposeScope();
        parameters.Add(new TrainableParameter(names, master, compute));
        if (!compute.shape.SequenceEqual(shape)) throw new InvalidOperationException($"{names[0].Name}: [{string.Join(", ", compute.shape)}] is not [{string.Join(", ", shape)}].");
        return compute;
    }
}

/// <summary>A tensor of a checkpoint.</summary>
public sealed record TensorName(string Name, long[] Shape)
{
    /// <summary>Numbers in it.</summary>
    public long Count => Shape.Aggregate(1L, (product, size) => product * size);
}

/// <summary>One parameter: one tensor of the checkpoint, or several stacked by rows.</summary>
public sealed class TrainableParameter(IReadOnlyList<TensorName> names, Tensor master, Tensor compute) : IDisposable
{
    /// <summary>The checkpoint's tensors in it, first rows first.</summary>
    public IReadOnlyList<TensorName> Names { get; } = names;

    /// <summary>The exact value, float32.</summary>
    public Tensor Master { get; } = master;

    /// <summary>The value that the network computes with; a leaf whose gradient autograd fills.</summary>
    public Tensor Compute { get; } = compute;

    /// <summary>
    /// True for what is stored in FP8: the text decoder's linear layers, as in published FP8 checkpoints, and the vision mergers'
    /// (a seventh of the bundled model, and the only matrices of the tower whose sides are whole blocks).
    /// </summary>
    public bool IsFp8Matrix => Master.dim() == 2 && (Names[0].Name.StartsWith("model.language_model.layers.", StringComparison.Ordinal) || Names[0].Name.Contains("merger", StringComparison.Ordinal));

    /// <summary>True for matrices inside blocks and mergers, which orthogonalised updates suit; false for embeddings, norms and biases.</summary>
    public bool IsHiddenMatrix => Master.dim() == 2 && !Names[0].Name.Contains("embed", StringComparison.Ordinal) && !Names[0].Name.Contains("lm_head", StringComparison.Ordinal);

    /// <summary>The master cut back into the checkpoint's tensors, as views.</summary>
    public IEnumerable<(string Name, Tensor Value)> Split()
    {
        if (Names.Count == 1)
        {
            yield return (Names[0].Name, Master.alias());
            yield break;
        }
        long row = 0;
        foreach (var name in Names)
        {
            yield return (name.Name, Master.narrow(0, row, name.Shape[0]));
            row += name.Shape[0];
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Compute.Dispose();
        Master.Dispose();
    }
}
