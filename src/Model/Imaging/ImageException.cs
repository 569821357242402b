using System.Globalization;

namespace EduVision.Model.Imaging;

/// <summary>Why an image was refused.</summary>
public enum ImageFault
{
    /// <summary>Not a supported image, damaged, or cut off. Parameter: <c>reason</c>.</summary>
    Unreadable,

    /// <summary>More bytes than allowed. Parameters: <c>limit</c>, <c>actual</c>.</summary>
    TooManyBytes,

    /// <summary>More pixels than allowed. Parameters: <c>limit</c>, <c>actual</c>.</summary>
    TooManyPixels,

    /// <summary>Too long and thin. Parameters: <c>width</c>, <c>height</c>.</summary>
    Shape,
}

/// <summary>An image that is refused, with a sentence that says what to do and the values a translated one needs.</summary>
public sealed class ImageException : Exception
{
    private ImageException(ImageFault fault, string message, Exception? inner, params (string Name, string Value)[] parameters)
        : base(message, inner)
    {
        Fault = fault;
        Parameters = parameters.ToDictionary(parameter => parameter.Name, parameter => parameter.Value);
    }

    /// <summary>Why.</summary>
    public ImageFault Fault { get; }

    /// <summary>Values named as <see cref="ImageFault"/> says.</summary>
    public IReadOnlyDictionary<string, string> Parameters { get; }

    internal static ImageException Unreadable(string reason, Exception? inner = null) =>
        new(ImageFault.Unreadable, $"This is no image that can be read: {reason}. Send a JPEG, PNG, WebP, TIFF, AVIF or HEIC photo.", inner, ("reason", reason));

    internal static ImageException TooManyBytes(long limit, long actual) =>
        new(ImageFault.TooManyBytes, $"The image has {actual} bytes; at most {limit} are allowed. Send a smaller one.", null,
            ("limit", Text(limit)), ("actual", Text(actual)));

    internal static ImageException TooManyPixels(long limit, long actual) =>
        new(ImageFault.TooManyPixels, $"The image has {actual} pixels; at most {limit} are allowed. Send a smaller one.", null,
            ("limit", Text(limit)), ("actual", Text(actual)));

    internal static ImageException Shape(int width, int height) =>
        new(ImageFault.Shape, $"The image of {width} x {height} pixels is too long and thin: one side may be at most {SmartResize.LargestAspect} times the other. Crop it.",
            null, ("width", Text(width)), ("height", Text(height)));

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
