using EduVision.Model.Network;

namespace EduVision.Inference.Runners.Torch;

/// <summary>An image's embeddings and DeepStack features; owns them.</summary>
internal sealed class TorchEncodedImage(VisionOutput output) : EncodedImage
{
    public VisionOutput Output => output;

    /// <inheritdoc/>
    public override long Bytes { get; } = new[] { output.Embeddings }.Concat(output.DeepStack).Sum(tensor => tensor.NumberOfElements * tensor.ElementSize);

    /// <inheritdoc/>
    public override void Dispose() => output.Dispose();
}
