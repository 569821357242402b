using System.Net;
using System.Security.Cryptography;
using System.Text;
using EduVision.Shared;
using Microsoft.Extensions.Options;

namespace EduVision.Inference.Hosting;

/// <summary>
/// Asks for the service's key on everything but the health checks. Without a key only this machine is served, and only under a name
/// of its own: a web page whose name was made to lead here (DNS rebinding) has another.
/// </summary>
internal sealed class KeyAuthentication(RequestDelegate next, IOptions<InferenceOptions> options)
{
    private const string WrongKey = "The key is missing or wrong. Send it as 'Authorization: Bearer KEY'.";
    private const string NoKey = "Without a key the service answers this machine only, as localhost or 127.0.0.1. Start it with a key in EDUVISION_KEY.";

    private readonly byte[]? expected = string.IsNullOrEmpty(options.Value.Key) ? null : SHA256.HashData(Encoding.UTF8.GetBytes(options.Value.Key));

    public Task InvokeAsync(HttpContext context)
    {
        var open = context.Request.Path.Equals(InferenceRoutes.Alive, StringComparison.Ordinal)
            || context.Request.Path.Equals(InferenceRoutes.Ready, StringComparison.Ordinal);
        if (open || (expected is null ? IsLocal(context) : HasKey(context.Request))) return next(context);
        return RefuseAsync(context, expected is null ? NoKey : WrongKey);
    }

    // The address is null on a socket in the file system.
    private static bool IsLocal(HttpContext context) =>
        context.Connection.LocalIpAddress is not { } address || (IPAddress.IsLoopback(address) && ListenAddress.IsLoopbackHost(context.Request.Host.Host));

    // Hashes have one length, so the comparison tells nothing by its time.
    private bool HasKey(HttpRequest request) =>
        request.Headers.Authorization is [{ } header]
        && header.StartsWith(InferenceRoutes.KeyScheme + " ", StringComparison.OrdinalIgnoreCase)
        && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(header[(InferenceRoutes.KeyScheme.Length + 1)..].Trim())), expected);

    private static Task RefuseAsync(HttpContext context, string message)
    {
        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        context.Response.Headers.WWWAuthenticate = InferenceRoutes.KeyScheme;
        return context.Request.Path.StartsWithSegments("/v1", StringComparison.Ordinal)
            ? context.Response.WriteAsJsonAsync(new { error = new { message, type = "invalid_request_error", code = "invalid_api_key" } })
            : context.Response.WriteAsJsonAsync(new ServiceError(FailureCode.Unauthorized, message), InferenceJson.Options);
    }
}
