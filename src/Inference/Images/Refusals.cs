using System.Globalization;
using EduVision.Model.Imaging;
using EduVision.Shared;

namespace EduVision.Inference.Images;

/// <summary>The refusals that more than one place gives.</summary>
internal static class Refusals
{
    public static ServiceError Invalid(string field, string reason) => new(
        FailureCode.InvalidRequest, $"{field}: {reason}", new Dictionary<string, string> { ["field"] = field, ["reason"] = reason });

    public static ServiceError TooManyBytes(long limit) => new(
        FailureCode.ImageTooLarge,
        $"The image has more than {limit} bytes. Send a smaller one.",
        new Dictionary<string, string> { ["limit"] = limit.ToString(CultureInfo.InvariantCulture), ["actual"] = $">{limit}" });

    public static ServiceError TooMany(string code, string message, long limit, long actual) => new(
        code, message, new Dictionary<string, string>
        {
            ["limit"] = limit.ToString(CultureInfo.InvariantCulture),
            ["actual"] = actual.ToString(CultureInfo.InvariantCulture),
        });

    public static ServiceError Missing(string sha256) => new(
        FailureCode.ImageMissing, "An image of the request is not stored here. Send it again.", new Dictionary<string, string> { ["sha256"] = sha256 });

    public static ServiceError Of(ImageException exception) => new(
        exception.Fault switch
        {
            ImageFault.TooManyBytes => FailureCode.ImageTooLarge,
            ImageFault.TooManyPixels => FailureCode.ImageTooManyPixels,
            ImageFault.Shape => FailureCode.ImageShape,
            _ => FailureCode.ImageUnreadable,
        },
        exception.Message, exception.Parameters);
}
