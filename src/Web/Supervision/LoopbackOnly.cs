using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace EduVision.Web.Supervision;

/// <summary>Refuses to listen where other machines could reach it: there is no login yet.</summary>
public static class LoopbackOnly
{
    /// <summary>Checks every endpoint before its socket is bound, whichever setting it came from.</summary>
    public static WebApplicationBuilder AddLoopbackOnly(this WebApplicationBuilder builder)
    {
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(Check));
        return builder;
    }

    private static void Check(ListenOptions listen)
    {
        if (listen.IPEndPoint is { } endpoint && !IPAddress.IsLoopback(endpoint.Address)) throw new NotLoopbackException(endpoint);
    }
}

/// <summary>An address other than the machine's own was asked for.</summary>
/// <param name="endpoint">The address.</param>
public sealed class NotLoopbackException(IPEndPoint endpoint) : Exception(
    $"EduVision does not listen on {endpoint}: it has no login yet, so everybody who reaches that address could read every question. " +
    "Use http://127.0.0.1:PORT or http://localhost:PORT. Accounts, and with them other addresses, will come in a later version; " +
    "until then reach it from elsewhere through an SSH tunnel.");
