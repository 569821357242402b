using System.Net;

namespace EduVision.Inference.Hosting;

/// <summary>An address to listen on, read as the server reads it.</summary>
internal sealed record ListenAddress(BindingAddress Address)
{
    /// <summary>
    /// True if only this machine can reach it. Every host name but <c>localhost</c> makes the server listen on all networks, whatever the
    /// name means elsewhere; a socket in the file system has the rights of its file.
    /// </summary>
    public bool IsLoopback => Address.IsUnixPipe || IsLoopbackHost(Address.Host);

    /// <summary>The address, or null if it is none.</summary>
    public static ListenAddress? Parse(string url)
    {
        try
        {
            var address = BindingAddress.Parse(url);
            return address.Scheme is "http" or "https" && address is { PathBase: "", IsNamedPipe: false } ? new ListenAddress(address) : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>True for <c>localhost</c> and the loopback addresses.</summary>
    public static bool IsLoopbackHost(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var ip) && IPAddress.IsLoopback(ip));
}
