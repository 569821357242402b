using static TorchSharp.torch;

namespace EduVision.Model.Network;

/// <summary>What DeepStack adds to the hidden states of image tokens after the text model's first layers.</summary>
/// <param name="Rows">[imageTokens], int64: which tokens of this forward pass.</param>
/// <param name="Features">For text layer 0, 1, ...: [imageTokens, hidden].</param>
public sealed record DeepStackInjection(Tensor Rows, IReadOnlyList<Tensor> Features) : IDisposable
{
    /// <summary>Disposes the rows; the features belong to the <see cref="VisionOutput"/>.</summary>
    public void Dispose() => Rows.Dispose();

    internal Tensor AddTo(Tensor hidden, int layer) =>
        layer < Features.Count ? hidden.index_add(0, Rows, Features[layer], Scalars.One) : hidden;
}
