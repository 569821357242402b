using EduVision.Model.Imaging;
using NetVips;

namespace EduVision.Model.Tests.Imaging;

/// <summary>Pictures made on the spot.</summary>
internal static class Pictures
{
    public static readonly ImageLimits Limits = new();

    /// <summary>Quadrants: red, green over blue, yellow.</summary>
    public static Image Quadrants(int width, int height)
    {
        var pixels = new byte[width * height * 3];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                int quadrant = ((y * 2) / height * 2) + ((x * 2) / width);
                (byte, byte, byte) colour = quadrant switch { 0 => (255, 0, 0), 1 => (0, 255, 0), 2 => (0, 0, 255), _ => (255, 255, 0) };
                (pixels[((y * width) + x) * 3], pixels[(((y * width) + x) * 3) + 1], pixels[(((y * width) + x) * 3) + 2]) = colour;
            }
        }

        return FromPixels(pixels, width, height, 3);
    }

    public static Image FromPixels(byte[] pixels, int width, int height, int bands) =>
        Image.NewFromMemory(pixels, width, height, bands, Enums.BandFormat.Uchar)
            .Copy(interpretation: bands < 3 ? Enums.Interpretation.Bw : Enums.Interpretation.Srgb);

    public static RgbImage Noise(int width, int height, int seed)
    {
        var pixels = new byte[width * height * 3];
        new Random(seed).NextBytes(pixels);
        return new RgbImage(width, height, pixels);
    }

    /// <summary>The letters of the quadrants of a decoded picture, row by row.</summary>
    public static string QuadrantsOf(RgbImage image)
    {
        char At(int x, int y)
        {
            int at = ((y * image.Width) + x) * 3;
            return (image.Pixels[at] > 128, image.Pixels[at + 1] > 128, image.Pixels[at + 2] > 128) switch
            {
                (true, false, false) => 'R',
                (false, true, false) => 'G',
                (false, false, true) => 'B',
                (true, true, false) => 'Y',
                _ => '?',
            };
        }

        int left = image.Width / 4, right = image.Width * 3 / 4, top = image.Height / 4, bottom = image.Height * 3 / 4;
        return $"{At(left, top)}{At(right, top)}{At(left, bottom)}{At(right, bottom)}";
    }

    public static (byte Red, byte Green, byte Blue) FirstPixel(RgbImage image) => (image.Pixels[0], image.Pixels[1], image.Pixels[2]);
}
