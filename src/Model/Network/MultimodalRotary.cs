using EduVision.Model.Configuration;
using static TorchSharp.torch;

namespace EduVision.Model.Network;

/// <summary>Interleaved multimodal rotary positions: frequency pairs go time, row, column, time, row, column, ... and the rest to time.</summary>
internal sealed class MultimodalRotary : IDisposable
{
    private readonly Tensor inverseFrequencies; // [1, headDim / 2]
    private readonly Tensor axes; // [headDim / 2]: which of the three positions turns that pair

    public MultimodalRotary(TextConfig config, Device device)
    {
        using var scope = NewDisposeScope();
        var pairs = config.HeadDim / 2;
        inverseFrequencies = Frequencies.Inverse(config.Rope.Theta, config.HeadDim).to(device).unsqueeze(0).DetachFromDisposeScope();
        axes = tensor([.. Enumerable.Range(0, pairs).Select(pair => (long)config.Rope.AxisOf(pair))], device: device).DetachFromDisposeScope();
    }

    /// <param name="positions">[3, tokens], int64.</param>
    /// <param name="type">The type of queries and keys.</param>
    public RotaryTable Table(Tensor positions, ScalarType type)
    {
        using var scope = NewDisposeScope();
        var angles = positions.to(ScalarType.Float32).index_select(0, axes).t().mul(inverseFrequencies); // [tokens, headDim / 2]
        return RotaryTable.Of(angles, type).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        inverseFrequencies.Dispose();
        axes.Dispose();
    }
}
