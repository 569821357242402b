namespace EduVision.Model.Imaging;

/// <summary>From a photo to patches, as the reference's processor does. Safe for several threads.</summary>
/// <param name="config">The checkpoint's settings.</param>
public sealed class ImageProcessor(ImageProcessorConfig config)
{
    /// <summary>The checkpoint's settings.</summary>
    public ImageProcessorConfig Config { get; } = config;

    /// <summary>The grid an image of that size gets; no pixel is needed for it.</summary>
    /// <exception cref="ImageException"><see cref="ImageFault.Shape"/>.</exception>
    public ImageGrid GridOf(int width, int height)
    {
        (int newWidth, int newHeight) = SizeOf(width, height);
        return new ImageGrid(1, newHeight / Config.PatchSize, newWidth / Config.PatchSize);
    }

    /// <summary>The patches of a decoded image.</summary>
    /// <exception cref="ImageException"><see cref="ImageFault.Shape"/>.</exception>
    public PatchedImage Process(RgbImage image)
    {
        (int width, int height) = SizeOf(image.Width, image.Height);
        return Patchifier.Cut(AntialiasedBicubic.Resize(image, width, height), Config);
    }

    /// <summary>The patches of an encoded image.</summary>
    /// <param name="encoded">The whole file.</param>
    /// <param name="limits">What is too much.</param>
    /// <param name="fast">
    /// Let the JPEG decoder shrink while it leaves at least twice the size that is needed: several times faster for a phone's photo, with
    /// pixels a few levels off the reference's. The grid is the same.
    /// </param>
    /// <exception cref="ImageException">Unreadable, above a limit, or too long and thin.</exception>
    public PatchedImage Process(ReadOnlyMemory<byte> encoded, ImageLimits limits, bool fast = true)
    {
        ImageHeader header = ImageDecoder.ReadHeader(encoded, limits);
        (int width, int height) = SizeOf(header.Width, header.Height);
        RgbImage image = ImageDecoder.Decode(encoded, limits, fast ? (width, height) : null);
        return Patchifier.Cut(AntialiasedBicubic.Resize(image, width, height), Config);
    }

    private (int Width, int Height) SizeOf(int width, int height) =>
        SmartResize.Of(width, height, Config.PatchSize * Config.MergeSize, Config.MinPixels, Config.MaxPixels);
}
