using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
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

    private int Channels => Levels.Length / LevelsOfChannel;

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
        var area = Pixels.Length / Grid.Patches / Channels;
        var patches = empty([Grid.Patches, (long)Channels * Frames * area]);
        Fill(MemoryMarshal.Cast<byte, float>(patches.bytes), area);
        return patches;
    }

    /// <summary>The pixels as a tensor.</summary>
    /// <returns>[patches, channels, patch rows * patch columns], uint8, on the CPU; the caller owns it.</returns>
    public Tensor PixelTensor()
    {
        return tensor(Pixels, [Grid.Patches, Channels, Pixels.Length / Grid.Patches / Channels]);
    }

    /// <summary>The same as <see cref="ToTensor"/> for some of the patches, in a few operations of a GPU.</summary>
    /// <param name="pixels">[patches, channels, patch rows * patch columns], uint8.</param>
    /// <param name="levels">[channels * 256], of any type, on the same device.</param>
    /// <param name="frames">Frames of a patch.</param>
    /// <returns>[patches, channels * frames * patch rows * patch columns], of the levels' type.</returns>
    public static Tensor Normalise(Tensor pixels, Tensor levels, int frames)
    {
        using var scope = NewDisposeScope();
        var (patches, channels, area) = (pixels.shape[0], pixels.shape[1], pixels.shape[2]);
        var first = arange(0, channels * LevelsOfChannel, LevelsOfChannel, int32, pixels.device).view(1, channels, 1);
        var values = levels.index_select(0, pixels.to(int32).add_(first, Network.Scalars.One).view(-1));
        return values.view(patches, channels, 1, area).expand(patches, channels, frames, area).reshape(patches, -1).MoveToOuterDisposeScope();
    }

    // Hot from its first call: one image is millions of these.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Fill(Span<float> values, int area)
    {
        for (int plane = 0; plane < Grid.Patches * Channels; plane++)
        {
            var from = Pixels.AsSpan(plane * area, area);
            var level = Levels.AsSpan(plane % Channels * LevelsOfChannel, LevelsOfChannel);
            var first = values.Slice(plane * Frames * area, area);
            for (int i = 0; i < from.Length; i++)
            {
                first[i] = level[from[i]];
            }

            for (int frame = 1; frame < Frames; frame++)
            {
                first.CopyTo(values[(((plane * Frames) + frame) * area)..]);
            }
        }
    }
}
