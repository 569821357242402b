namespace EduVision.Model.Imaging;

/// <summary>
/// Cuts an image into patches. Rows come block by block, the patches that merge into one token beside each other; a row holds
/// channel, frame, pixel row, pixel column, the last fastest. A still image fills all frames of a patch.
/// </summary>
internal static class Patchifier
{
    /// <summary>Both sides of the image are multiples of patch size times merge size.</summary>
    public static PatchedImage Cut(RgbImage image, ImageProcessorConfig config)
    {
        int patch = config.PatchSize, merge = config.MergeSize;
        var grid = new ImageGrid(1, image.Height / patch, image.Width / patch);
        float[][] levels = [.. Enumerable.Range(0, 3).Select(channel => Levels(config.Mean[channel], config.Std[channel]))];
        var pixels = new float[grid.Patches * config.PatchWidth];
        Parallel.For(0, grid.H / merge, blockRow =>
        {
            int row = blockRow * merge * grid.W;
            for (int blockColumn = 0; blockColumn < grid.W / merge; blockColumn++)
            {
                for (int inner = 0; inner < merge * merge; inner++, row++)
                {
                    int top = ((blockRow * merge) + (inner / merge)) * patch;
                    int left = ((blockColumn * merge) + (inner % merge)) * patch;
                    Fill(image, top, left, levels, config, pixels.AsSpan(row * config.PatchWidth, config.PatchWidth));
                }
            }
        });
        return new PatchedImage(grid, pixels);
    }

    private static void Fill(RgbImage image, int top, int left, float[][] levels, ImageProcessorConfig config, Span<float> row)
    {
        int patch = config.PatchSize, frame = patch * patch;
        for (int channel = 0; channel < 3; channel++)
        {
            Span<float> plane = row.Slice(channel * config.TemporalPatchSize * frame, config.TemporalPatchSize * frame);
            float[] level = levels[channel];
            for (int y = 0; y < patch; y++)
            {
                ReadOnlySpan<byte> source = image.Pixels.AsSpan(((((top + y) * image.Width) + left) * 3) + channel, (patch * 3) - channel);
                Span<float> target = plane.Slice(y * patch, patch);
                for (int x = 0; x < target.Length; x++)
                {
                    target[x] = level[source[x * 3]];
                }
            }

            for (int t = 1; t < config.TemporalPatchSize; t++)
            {
                plane[..frame].CopyTo(plane[(t * frame)..]);
            }
        }
    }

    // The reference folds 1/255 into mean and deviation: (level - 255 mean) / (255 std), in float32.
    private static float[] Levels(double mean, double std) =>
        [.. Enumerable.Range(0, 256).Select(level => (level - (float)(mean * 255)) / (float)(std * 255))];
}
