namespace EduVision.Model.Imaging;

/// <summary>The size an image is brought to: sides multiples of one merged patch, area between bounds, shape kept.</summary>
public static class SmartResize
{
    /// <summary>Longer side over shorter side, at most.</summary>
    public const int LargestAspect = 200;

    /// <summary>The new size; arithmetic in doubles and ties to even, step by step as <c>smart_resize</c> of the reference (qwen2_vl).</summary>
    /// <param name="width">Pixels, at least 1.</param>
    /// <param name="height">Pixels, at least 1.</param>
    /// <param name="factor">Patch size times merge size.</param>
    /// <param name="minPixels">Smallest area.</param>
    /// <param name="maxPixels">Largest area; exceeded only where a side cannot shrink below one <paramref name="factor"/>.</param>
    /// <exception cref="ImageException"><see cref="ImageFault.Shape"/>: longer than <see cref="LargestAspect"/> times its width.</exception>
    public static (int Width, int Height) Of(int width, int height, int factor, long minPixels, long maxPixels)
    {
        if ((double)Math.Max(width, height) / Math.Min(width, height) > LargestAspect)
        {
            throw ImageException.Shape(width, height);
        }

        double newHeight = Math.Round((double)height / factor, MidpointRounding.ToEven) * factor;
        double newWidth = Math.Round((double)width / factor, MidpointRounding.ToEven) * factor;
        double area = (double)height * width;
        if (newHeight * newWidth > maxPixels)
        {
            double beta = Math.Sqrt(area / maxPixels);
            newHeight = Math.Max(factor, Math.Floor(height / beta / factor) * factor);
            newWidth = Math.Max(factor, Math.Floor(width / beta / factor) * factor);
        }
        else if (newHeight * newWidth < minPixels)
        {
            double beta = Math.Sqrt(minPixels / area);
            newHeight = Math.Ceiling(height * beta / factor) * factor;
            newWidth = Math.Ceiling(width * beta / factor) * factor;
        }

        return ((int)newWidth, (int)newHeight);
    }
}
