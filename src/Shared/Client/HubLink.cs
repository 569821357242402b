using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;

namespace EduVision.Shared;

/// <summary>The one hub connection of a client: opened when needed, opened anew when it broke or the service moved.</summary>
internal sealed class HubLink(Func<InferenceEndpoint?> endpoint, InferenceClientOptions options) : IAsyncDisposable
{
    private readonly SemaphoreSlim gate = new(1, 1);
    private HubConnection? connection;
    private InferenceEndpoint? connectedTo;

    /// <summary>A connection that was alive a moment ago.</summary>
    /// <exception cref="InferenceException">There is no endpoint now.</exception>
    /// <exception cref="HttpRequestException">Nobody answers there, or the key is wrong.</exception>
    public async Task<HubConnection> OpenAsync(CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            var wanted = endpoint() ?? throw InferenceException.Unreachable(null);
            if (connection is { State: HubConnectionState.Connected } && connectedTo == wanted) return connection;
            if (connection is not null) await connection.DisposeAsync();
            connection = Build(wanted);
            connectedTo = wanted;
            await connection.StartAsync(cancellationToken);
            return connection;
        }
        finally
        {
            gate.Release();
        }
    }

    private HubConnection Build(InferenceEndpoint target)
    {
        var built = new HubConnectionBuilder()
            .WithUrl(new Uri(target.Url, InferenceRoutes.Hub), http =>
            {
                http.Transports = HttpTransportType.WebSockets;
                http.SkipNegotiation = true;
                http.Proxy = new NearbyProxy();
                if (target.Key is { } key) http.Headers["Authorization"] = $"{InferenceRoutes.KeyScheme} {key}";
            })
            .AddJsonProtocol(json => InferenceJson.Apply(json.PayloadSerializerOptions))
            .Build();
        built.ServerTimeout = options.SilenceLimit;
        return built;
    }

    public async ValueTask DisposeAsync()
    {
        if (connection is not null) await connection.DisposeAsync();
        gate.Dispose();
    }
}
