using EduVision.Model.Imaging;

namespace EduVision.Model.Tests.Imaging;

public sealed class AntialiasedBicubicTests
{
    [Theory]
    [InlineData(1, 1, 32, 64)]
    [InlineData(5, 3, 64, 32)]
    [InlineData(97, 61, 96, 64)]
    [InlineData(640, 33, 32, 32)]
    [InlineData(33, 640, 32, 32)]
    [InlineData(301, 207, 128, 96)]
    [InlineData(40, 36, 288, 256)]
    public void Every_pixel_is_that_of_the_definition(int width, int height, int newWidth, int newHeight)
    {
        RgbImage image = Pictures.Noise(width, height, seed: width + height);
        RgbImage resized = AntialiasedBicubic.Resize(image, newWidth, newHeight);
        Assert.Equal((newWidth, newHeight), (resized.Width, resized.Height));
        byte[] rows = ResizeSlowly(image.Pixels, height, 3, width, newWidth, lineStep: width * 3, step: 3, newLineStep: newWidth * 3);
        byte[] expected = ResizeSlowly(rows, 1, newWidth * 3, height, newHeight, lineStep: 0, step: newWidth * 3, newLineStep: 0);
        Assert.Equal(expected, resized.Pixels);
    }

    [Fact]
    public void The_same_size_is_the_same_picture()
    {
        RgbImage image = Pictures.Noise(64, 32, seed: 1);
        Assert.Equal(image.Pixels, AntialiasedBicubic.Resize(image, 64, 32).Pixels);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(255)]
    [InlineData(77)]
    public void One_colour_stays_one_colour(byte level)
    {
        var image = new RgbImage(130, 70, [.. Enumerable.Repeat(level, 130 * 70 * 3)]);
        Assert.All(AntialiasedBicubic.Resize(image, 64, 96).Pixels, value => Assert.Equal(level, value));
    }

    // The definition in floating point with weights rounded to the kernel's 16 bits, one output at a time.
    private static byte[] ResizeSlowly(byte[] source, int lines, int channels, int length, int newLength, int lineStep, int step, int newLineStep)
    {
        if (length == newLength)
        {
            return source;
        }

        double scale = (double)length / newLength, stretch = Math.Max(scale, 1), support = 2 * stretch;
        double[][] weights = [.. Enumerable.Range(0, newLength).Select(i =>
        {
            double center = (i + 0.5) * scale;
            double[] row = [.. Enumerable.Range(0, length).Select(j =>
                j >= (int)Math.Max(center - support + 0.5, 0) && j < (int)(center + support + 0.5) ? Keys((j + 0.5 - center) * (1 / stretch)) : 0)];
            double total = row.Sum();
            return row.Select(weight => weight / total).ToArray();
        })];
        double largest = weights.Max(row => row.Max());
        int places = Enumerable.Range(0, 23).First(bits => bits == 22 || (int)(0.5 + (largest * Math.Pow(2, bits + 1))) >= 32768);
        var target = new byte[source.Length / length * newLength];
        for (int line = 0; line < lines; line++)
        {
            for (int i = 0; i < newLength; i++)
            {
                long[] row = [.. weights[i].Select(weight => (long)Math.Round(weight * Math.Pow(2, places), MidpointRounding.AwayFromZero))];
                for (int channel = 0; channel < channels; channel++)
                {
                    long sum = row.Select((weight, j) => weight == 0 ? 0 : weight * source[(line * lineStep) + (j * step) + channel]).Sum();
                    target[(line * newLineStep) + (i * step) + channel] = (byte)Math.Clamp((long)Math.Floor((sum / Math.Pow(2, places)) + 0.5), 0, 255);
                }
            }
        }

        return target;
    }

    private static double Keys(double x) => Math.Abs(x) switch
    {
        < 1 and var t => (1.5 * t * t * t) - (2.5 * t * t) + 1,
        < 2 and var t => (-0.5 * t * t * t) + (2.5 * t * t) - (4 * t) + 2,
        _ => 0,
    };
}
