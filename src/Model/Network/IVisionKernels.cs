using static TorchSharp.torch;

namespace EduVision.Model.Network;

/// <summary>What a device computes faster in a kernel of its own than in torch's operations. Only where no gradients are wanted.</summary>
public interface IVisionKernels
{
    /// <summary>Rotates queries and keys in place: pairs are (i, i + headDim / 2), computed in float32.</summary>
    /// <param name="qkv">[patches, heads * headDim and more], contiguous, in the compute type; the heads to rotate come first.</param>
    /// <param name="cosines">[patches, 1, headDim], float32, contiguous; both halves are the same.</param>
    /// <param name="sines">The same, the first half negated.</param>
    /// <param name="heads">Heads to rotate.</param>
    void Rotate(Tensor qkv, Tensor cosines, Tensor sines, int heads);
}
