namespace EduVision.Shared;

/// <summary>Why a request was refused or failed. Stable strings: clients translate them.</summary>
public static class FailureCode
{
    /// <summary>The queue is full; try again later. Parameters: <c>limit</c>.</summary>
    public const string QueueFull = "queue_full";

    /// <summary>This user has too many requests waiting or running. Parameters: <c>limit</c>.</summary>
    public const string UserLimit = "user_limit";

    /// <summary>The request is malformed. Parameters: <c>field</c>, <c>reason</c>.</summary>
    public const string InvalidRequest = "invalid_request";

    /// <summary>An image named in the request is not stored; send it again. Parameters: <c>sha256</c>.</summary>
    public const string ImageMissing = "image_missing";

    /// <summary>The bytes are not an image that can be read. Parameters: <c>reason</c>.</summary>
    public const string ImageUnreadable = "image_unreadable";

    /// <summary>The image has more bytes than allowed. Parameters: <c>limit</c>, <c>actual</c>.</summary>
    public const string ImageTooLarge = "image_too_large";

    /// <summary>The image has more pixels than allowed. Parameters: <c>limit</c>, <c>actual</c>.</summary>
    public const string ImageTooManyPixels = "image_too_many_pixels";

    /// <summary>The image is too long and thin, or too small, to be read. Parameters: <c>width</c>, <c>height</c>.</summary>
    public const string ImageShape = "image_shape";

    /// <summary>More images than one request may have. Parameters: <c>limit</c>, <c>actual</c>.</summary>
    public const string TooManyImages = "too_many_images";

    /// <summary>The conversation does not fit the context. Parameters: <c>limit</c>, <c>actual</c>.</summary>
    public const string ContextTooLong = "context_too_long";

    /// <summary>There is no such request; it may have been forgotten after its retention time.</summary>
    public const string NotFound = "not_found";

    /// <summary>The service is shutting down or restarting.</summary>
    public const string ShuttingDown = "shutting_down";

    /// <summary>The engine met a fault; the request did not end with a wrong text but with none.</summary>
    public const string EngineFault = "engine_fault";

    /// <summary>The device's memory did not suffice for the request, even alone and in small steps.</summary>
    public const string OutOfMemory = "out_of_memory";

    /// <summary>The model computed values that are no numbers: there is no answer rather than a wrong one.</summary>
    public const string NoNumbers = "no_numbers";

    /// <summary>The device met a fault while it computed the request, and the service starts anew.</summary>
    public const string DeviceLost = "device_lost";

    /// <summary>The service cannot be reached. Set by clients, never by the service.</summary>
    public const string Unreachable = "unreachable";

    /// <summary>The service's key is missing or wrong.</summary>
    public const string Unauthorized = "unauthorized";
}
