using static TorchSharp.torch;

namespace EduVision.Model.Weights;

/// <summary>Where a network takes its parameters from: a checkpoint folder to run it, or fresh parameters to train it.</summary>
public interface IWeightSource
{
    /// <summary>The tensor of that checkpoint name.</summary>
    /// <param name="name">As in a published checkpoint, such as <c>model.language_model.norm.weight</c>.</param>
    /// <param name="shape">The shape the configuration asks for.</param>
    /// <returns>A tensor on the source's device in its compute type; the caller owns it.</returns>
    Tensor Take(string name, params long[] shape);

    /// <summary>Several matrices of the same width stacked by rows into one, so that one product serves them all (q, k, v; gate, up).</summary>
    /// <param name="names">Checkpoint names, first rows first.</param>
    /// <param name="rows">Rows of each.</param>
    /// <param name="columns">Width of all.</param>
    Tensor TakeStacked(IReadOnlyList<string> names, IReadOnlyList<long> rows, long columns);

    /// <summary>A linear layer's matrix, which a source may hold packed.</summary>
    /// <param name="name">As in a published checkpoint.</param>
    /// <param name="rows">Outputs.</param>
    /// <param name="columns">Inputs.</param>
    /// <returns>The caller owns it.</returns>
    WeightMatrix TakeMatrix(string name, long rows, long columns) => new PlainMatrix(Take(name, rows, columns));
}
