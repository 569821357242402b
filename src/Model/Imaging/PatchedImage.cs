using static TorchSharp.torch;

namespace EduVision.Model.Imaging;

/// <summary>An image as the vision tower takes it.</summary>
/// <param name="Grid">Patches over time, rows and columns.</param>
/// <param name="Pixels">[patches, patch width] row after row, normalised; see <see cref="Patchifier"/> for the order.</param>
#pragma warning disable CA1819 // Copied once, into a tensor.
public sealed record PatchedImage(ImageGrid Grid, float[] Pixels)
#pragma warning restore CA1819
{
    /// <summary>The patches of this image as a tensor.</summary>
    /// <returns>[patches, patch width], float32 on the CPU; the caller owns it.</returns>
    public Tensor ToTensor() => tensor(Pixels, [Grid.Patches, Pixels.Length / Grid.Patches]);
}
