using EduVision.Inference.Cuda.Driver;
using EduVision.Model.Network;
using static TorchSharp.torch;

namespace EduVision.Inference.Cuda;

/// <summary>Our kernels of the vision tower (<c>vision.cu</c>), between torch's operations and on torch's stream; BF16.</summary>
/// <param name="kernels">The kernels.</param>
internal sealed class VisionKernels(KernelLibrary kernels) : IVisionKernels
{
    /// <inheritdoc/>
    public void Rotate(Tensor qkv, Tensor cosines, Tensor sines, int heads) => kernels.LaunchForTorch(
        "turn_patches", new Grid((int)qkv.shape[0]), 256, qkv.Address(), cosines.Address(), sines.Address(), heads, (int)cosines.shape[^1], (int)qkv.shape[1]);
}
