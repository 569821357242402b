namespace EduVision.Shared;

/// <summary>Where the inference service is, and the key that opens it.</summary>
/// <param name="Url">Its base address, such as <c>http://127.0.0.1:5081</c>.</param>
/// <param name="Key">Its key, or null if it asks for none (loopback only).</param>
public sealed record InferenceEndpoint(Uri Url, string? Key = null);
