using static TorchSharp.torch;

namespace EduVision.Model.Weights;

/// <summary>Another source whose matrices of linear layers are held in FP8, a scale for each row; everything else is as it gives it.</summary>
/// <param name="source">Where the values come from.</param>
public sealed class Fp8Weights(IWeightSource source) : IWeightSource
{
    /// <inheritdoc/>
    public Tensor Take(string name, params long[] shape) => source.Take(name, shape);

    /// <inheritdoc/>
    public Tensor TakeStacked(IReadOnlyList<string> names, IReadOnlyList<long> rows, long columns) => source.TakeStacked(names, rows, columns);

    /// <inheritdoc/>
    public WeightMatrix TakeMatrix(string name, long rows, long columns)
    {
        using var values = source.Take(name, rows, columns);
        return Fp8RowMatrix.Of(values);
    }
}
