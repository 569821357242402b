namespace EduVision.Model.Imaging;

/// <summary>
/// Cuts an image into patches. They come block by block, the patches that merge into one token beside each other; each holds
/// channel, pixel row, pixel column, the last fastest.
/// </summary>
internal static class Patchifier
{
    /// <summary>Both sides of the image are multiples of patch size times merge size.</summary>
    public static PatchedImage Cut(RgbImage image, ImageProcessorConfig config)
    {
        int patch = config.PatchSize, merge = config.MergeSize;
        var grid = new ImageGrid(1, image.Height / patch, image.Width / patch);
        int width = 3 * patch * patch;
        var pixels = new byte[grid.Patches * width];
        Parallel.For(0, grid.H / merge, blockRow =>
        {
            int row = blockRow * merge * grid.W;
            for (int blockColumn = 0; blockColumn < grid.W / merge; blockColumn++)
            {
                for (int inner = 0; inner < merge * merge; inner++, row++)
                {
                    int top = ((blockRow * merge) + (inner / merge)) * patch;
                    int left = ((blockColumn * merge) + (inner % merge)) * patch;
                    Fill(image, top, left, patch, pixels.AsSpan(row * width, width));
                }
            }
        });
        return new PatchedImage(grid, pixels, [.. Enumerable.Range(0, 3).SelectMany(channel => Levels(config.Mean[channel], config.Std[channel]))], config.TemporalPatchSize);
    }

    private static void Fill(RgbImage image, int top, int left, int patch, Span<byte> row)
    {
        for (int channel = 0; channel < 3; channel++)
        {
            Span<byte> plane = row.Slice(channel * patch * patch, patch * patch);
            for (int y = 0; y < patch; y++)
            {
                ReadOnlySpan<byte> source = image.Pixels.AsSpan(((((top + y) * image.Width) + left) * 3) + channel, (patch * 3) - channel);
                Span<byte> target = plane.Slice(y * patch, patch);
                for (int x = 0; x < target.Length; x++)
                {
                    target[x] = source[x * 3];
                }
            }
        }
    }

    // The reference folds 1/255 into mean and deviation: (level - 255 mean) / (255 std), in float32.
    private static IEnumerable<float> Levels(double mean, double std) =>
        Enumerable.Range(0, 256).Select(level => (level - (float)(mean * 255)) / (float)(std * 255));
}
