using EduVision.Training.Learning;

namespace EduVision.Training.Data;

/// <summary>The sides of a photo as the model's processor would have downscaled it: multiples of 32.</summary>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
/// <param name="Shape">Which pictures suit it.</param>
public readonly record struct PhotoSize(int Width, int Height, PhotoShape Shape)
{
    private const int Side = 32;

    /// <summary>A size as people's photos have them: crops of a line, of a column, whole pages both ways, squares.</summary>
    public static PhotoSize Draw(Random random)
    {
        var shape = random.NextDouble() switch
        {
            < 0.42 => PhotoShape.Line,
            < 0.62 => PhotoShape.Page,
            < 0.86 => PhotoShape.Column,
            _ => PhotoShape.Square,
        };
        var (aspect, area) = shape switch
        {
            PhotoShape.Line => (Between(random, 2, 7), Between(random, 66_000, 120_000)),
            PhotoShape.Page => (random.Next(2) == 0 ? Between(random, 1.25, 1.8) : Between(random, 0.6, 0.8), Between(random, 140_000, NanoDesign.MaxPixels)),
            PhotoShape.Column => (Between(random, 0.2, 0.7), Between(random, 66_000, 150_000)),
            _ => (Between(random, 0.8, 1.3), Between(random, 66_000, 90_000)),
        };
        var width = Round(Math.Sqrt(area * aspect));
        var height = Round(Math.Sqrt(area / aspect));
        while (width * height > NanoDesign.MaxPixels)
        {
            if (width > height) width -= Side;
            else height -= Side;
        }
        return new PhotoSize(width, height, shape);
    }

    private static double Between(Random random, double low, double high) => low + random.NextDouble() * (high - low);

    private static int Round(double pixels) => Math.Max(Side, (int)Math.Round(pixels / Side) * Side);
}

/// <summary>What a photo shows of a page.</summary>
public enum PhotoShape
{
    /// <summary>A wide crop: one written line.</summary>
    Line,

    /// <summary>A tall crop: columns.</summary>
    Column,

    /// <summary>A page or a screen, upright or lying.</summary>
    Page,

    /// <summary>A small square: a character, a short line.</summary>
    Square,
}
