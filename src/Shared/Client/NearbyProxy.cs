using System.Net;

namespace EduVision.Shared;

/// <summary>The system's proxy for everything but this machine, whatever <c>HTTP_PROXY</c> and <c>NO_PROXY</c> say.</summary>
internal sealed class NearbyProxy : IWebProxy
{
    public ICredentials? Credentials { get; set; }

    public Uri? GetProxy(Uri destination) => IsBypassed(destination) ? null : HttpClient.DefaultProxy.GetProxy(destination);

    public bool IsBypassed(Uri host) => host.IsLoopback || HttpClient.DefaultProxy.IsBypassed(host);
}
