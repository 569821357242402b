namespace EduVision.Shared;

/// <summary>Addresses of the inference service, the same for server and client.</summary>
public static class InferenceRoutes
{
    /// <summary>The SignalR hub (<see cref="IInferenceHub"/>).</summary>
    public const string Hub = "/hub";

    /// <summary><c>PUT</c> stores an image under its SHA-256 (idempotent); <c>HEAD</c> asks whether it is there.</summary>
    public const string Images = "/images/{sha256}";

    /// <summary><c>GET</c>: <see cref="ServiceStatus"/>.</summary>
    public const string Status = "/status";

    /// <summary><c>GET</c>: the process is alive.</summary>
    public const string Alive = "/healthz";

    /// <summary><c>GET</c>: the model is loaded and requests are served.</summary>
    public const string Ready = "/readyz";

    /// <summary>The header that carries the service's key: <c>Authorization: Bearer KEY</c>.</summary>
    public const string KeyScheme = "Bearer";

    /// <summary>The address of one image.</summary>
    public static string Image(string sha256) => $"/images/{sha256}";
}
