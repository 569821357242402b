using System.Security.Cryptography;
using System.Text;
using EduVision.Shared;
using Microsoft.Extensions.Options;

namespace EduVision.Inference.Hosting;

/// <summary>Asks for the service's key on everything but the health checks.</summary>
internal sealed class KeyAuthentication(RequestDelegate next, IOptions<InferenceOptions> options)
{
    private readonly byte[]? expected = string.IsNullOrEmpty(options.Value.Key) ? null : SHA256.HashData(Encoding.UTF8.GetBytes(options.Value.Key));

    public Task InvokeAsync(HttpContext context)
    {
        var open = context.Request.Path.Equals(InferenceRoutes.Alive, StringComparison.Ordinal)
            || context.Request.Path.Equals(InferenceRoutes.Ready, StringComparison.Ordinal);
        return expected is null || open || HasKey(context.Request) ? next(context) : RefuseAsync(context);
    }

    // Hashes have one length, so the comparison tells nothing by its time.
    private bool HasKey(HttpRequest request) =>
        request.Headers.Authorization is [{ } header]
        && header.StartsWith(InferenceRoutes.KeyScheme + " ", StringComparison.OrdinalIgnoreCase)
        && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(header[(InferenceRoutes.KeyScheme.Length + 1)..].Trim())), expected);

    private static Task RefuseAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        context.Response.Headers.WWWAuthenticate = InferenceRoutes.KeyScheme;
        const string message = "The key is missing or wrong. Send it as 'Authorization: Bearer KEY'.";
        return context.Request.Path.StartsWithSegments("/v1", StringComparison.Ordinal)
            ? context.Response.WriteAsJsonAsync(new { error = new { message, type = "invalid_request_error", code = "invalid_api_key" } })
            : context.Response.WriteAsJsonAsync(new ServiceError(FailureCode.Unauthorized, message), InferenceJson.Options);
    }
}
