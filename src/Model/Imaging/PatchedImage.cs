using EduVision.Model.Configuration;
using static TorchSharp.torch;

namespace EduVision.Model.Imaging;

/// <summary>An image as the vision tower takes it: its pixels' bytes, patch by patch, and what they stand for.</summary>
/// <param name="Grid">Patches over time, rows and columns.</param>
/// <param name="Pixels">[patches, channels, patch rows, patch columns]; see <see cref="Patchifier"/> for the order.</param>
/// <param name="Levels">[channels, 256], float32: each byte of a channel, normalised.</param>
/// <param name="Frames">Frames of a patch, all with the same pixels.</param>
#pragma warning disable CA1819 // Copied once, into a tensor.
public sealed record PatchedImage(ImageGrid Grid, byte[] Pixels, float[] Levels, int Frames)
#pragma warning restore CA1819
{
    private const int LevelsOfChannel = 256;

    /// <summary>Noise in a tower's patches: to warm up, to measure.</summary>
    public static PatchedImage Noise(VisionConfig config, ImageGrid grid, Random random)
    {
        var pixels = new byte[grid.Patches * config.PatchWidth / config.TemporalPatchSize];
        random.NextBytes(pixels);
        return new PatchedImage(grid, pixels, [.. Enumerable.Range(0, config.InChannels * LevelsOfChannel).Select(i => ((i % LevelsOfChannel) - 127.5f) / 127.5f)], config.TemporalPatchSize);
    }

    /// <summary>The normalised patches as a tensor.</summary>
    /// <returns>[patches, channels * frames * patch rows * patch columns], float32, on the CPU; the caller owns it.</returns>
    public Tensor ToTensor()
    {
        using var scope = NewDisposeScope();
        return Normalise(PixelTensor(), tensor(Levels), Frames).MoveToOuterDisposeScope();
    }

    /// <summary>The pixels as a tensor.</summary>
    /// <returns>[patches, channels, patch rows * patch columns], uint8, on the CPU; the caller owns it.</returns>
    internal Tensor PixelTensor()
    {
        var channels = Levels.Length / LevelsOfChannel;
        return tensor(Pixels, [Grid.Patches, channels, Pixels.Length / Grid.Patches / channels]);
    }

    /// <summary>Looks up what the bytes of patches stand for.</summary>
    /// <param name="pixels">[patches, channels, patch rows * patch columns], uint8.</param>
    /// <param name="levels">[channels * 256], of any type, on the same device.</param>
    /// <param name="frames">Frames of a patch.</param>
    /// <returns>[patches, channels * frames * patch rows * patch columns], of the levels' type.</returns>
    internal static Tensor Normalise(Tensor pixels, Tensor levels, int frames)
    {
        using var scope = NewDisposeScope();
        var (patches, channels, area) = (pixels.shape[0], pixels.shape[1], pixels.shape[2]);
        var first = arange(0, channels * LevelsOfChannel, LevelsOfChannel, int32, pixels.device).view(1, channels, 1);
        var values = levels.index_select(0, pixels.to(int32).add_(first, Network.Scalars.One).view(-1));
        return values.view(patches, channels, 1, area).expand(patches, channels, frames, area).reshape(patches, -1).MoveToOuterDisposeScope();
    }
}
