using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.SignalR.Client;

namespace EduVision.Shared;

/// <summary>
/// The typed client of the inference service: images and status over HTTP, answers over its hub. Safe for many threads;
/// all streams share one connection.
/// </summary>
public sealed class InferenceClient : IAsyncDisposable
{
    private readonly Func<InferenceEndpoint?> endpoint;
    private readonly InferenceClientOptions options;
    private readonly HubLink link;
    private readonly HttpClient http = new(new SocketsHttpHandler { Proxy = new NearbyProxy() }) { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>A client of a service at a fixed address.</summary>
    public InferenceClient(InferenceEndpoint endpoint, InferenceClientOptions? options = null) : this(() => endpoint, options) { }

    /// <summary>A client of a service that may move, such as a supervised child with a new port after each restart.</summary>
    /// <param name="endpoint">Asked before every call and every new connection; null while the service has no address.</param>
    /// <param name="options">How patient to be.</param>
    public InferenceClient(Func<InferenceEndpoint?> endpoint, InferenceClientOptions? options = null)
    {
        this.endpoint = endpoint;
        this.options = options ?? new InferenceClientOptions();
        link = new HubLink(endpoint, this.options);
    }

    /// <summary>
    /// Sends the request, or joins the one with its id, and streams its log after <paramref name="afterSequence"/> to its
    /// last event. A lost connection is opened again and the stream goes on behind the last event delivered: no gap, nothing
    /// twice. Ends with <see cref="Failed"/> <see cref="FailureCode.Unreachable"/> (its number is that of the last event
    /// delivered; it is no entry of the log) after <see cref="InferenceClientOptions.GiveUpAfter"/> without a service, and
    /// with <see cref="FailureCode.NotFound"/> if the service lost the request, as by a restart, after some of its events
    /// had been delivered. Never throws for these; ending the enumeration does not cancel the request.
    /// </summary>
    public IAsyncEnumerable<AnswerEvent> AskAsync(AskRequest request, long afterSequence = 0, CancellationToken cancellationToken = default) =>
        new AnswerStream(link, options).ReadAsync(request.Id, request, afterSequence, cancellationToken);

    /// <summary>As <see cref="AskAsync"/>, for a request that the service knows already.</summary>
    public IAsyncEnumerable<AnswerEvent> ResumeAsync(Guid id, long afterSequence, CancellationToken cancellationToken = default) =>
        new AnswerStream(link, options).ReadAsync(id, null, afterSequence, cancellationToken);

    /// <summary>Ends a request and frees what it holds at once.</summary>
    /// <returns>False if there is no such request or it had ended.</returns>
    /// <exception cref="InferenceException">The service cannot be reached.</exception>
    public async Task<bool> CancelAsync(Guid id, CancellationToken cancellationToken = default)
    {
        try
        {
            var connection = await link.OpenAsync(cancellationToken);
            return await connection.InvokeAsync<bool>(nameof(IInferenceHub.Cancel), id, cancellationToken);
        }
        catch (Exception exception) when (exception is not (InferenceException or OperationCanceledException))
        {
            throw AnswerStream.AsRefusal(exception) ?? InferenceException.Unreachable(exception);
        }
    }

    /// <summary>Stores an image under its hash, unless the service has it already.</summary>
    /// <param name="sha256">Lower-case hex SHA-256 of the bytes.</param>
    /// <param name="open">Opens the bytes; called only if they are needed; the stream is disposed.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="InferenceException">The image was refused (<c>image_...</c>), or the service cannot be reached.</exception>
    public async Task EnsureImageAsync(string sha256, Func<CancellationToken, ValueTask<Stream>> open, CancellationToken cancellationToken = default)
    {
        using (var head = await SendAsync(HttpMethod.Head, InferenceRoutes.Image(sha256), null, cancellationToken))
            if (head.IsSuccessStatusCode) return;
        await using var bytes = await open(cancellationToken);
        using var content = new StreamContent(bytes);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using var put = await SendAsync(HttpMethod.Put, InferenceRoutes.Image(sha256), content, cancellationToken);
        if (!put.IsSuccessStatusCode) throw await RefusalAsync(put, cancellationToken);
    }

    /// <summary>The state of the service.</summary>
    /// <exception cref="InferenceException">It cannot be reached or refuses the key.</exception>
    public async Task<ServiceStatus> StatusAsync(CancellationToken cancellationToken = default)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(options.CallTimeout);
        try
        {
            using var response = await SendAsync(HttpMethod.Get, InferenceRoutes.Status, null, limit.Token);
            if (!response.IsSuccessStatusCode) throw await RefusalAsync(response, limit.Token);
            return await response.Content.ReadFromJsonAsync<ServiceStatus>(InferenceJson.Options, limit.Token)
                ?? throw InferenceException.Unreachable(null);
        }
        catch (OperationCanceledException timeout) when (!cancellationToken.IsCancellationRequested)
        {
            throw InferenceException.Unreachable(timeout);
        }
    }

    /// <summary>True when the service answers and its model is loaded; never throws for an unreachable one.</summary>
    public async Task<bool> IsReadyAsync(CancellationToken cancellationToken = default)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(options.CallTimeout);
        try
        {
            using var response = await SendAsync(HttpMethod.Get, InferenceRoutes.Ready, null, limit.Token);
            return response.IsSuccessStatusCode;
        }
        catch (InferenceException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken)
    {
        var target = endpoint() ?? throw InferenceException.Unreachable(null);
        using var request = new HttpRequestMessage(method, new Uri(target.Url, path)) { Content = content };
        if (target.Key is { } key) request.Headers.Authorization = new AuthenticationHeaderValue(InferenceRoutes.KeyScheme, key);
        try
        {
            return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (HttpRequestException exception)
        {
            throw InferenceException.Unreachable(exception);
        }
    }

    private static async Task<InferenceException> RefusalAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.StatusCode == HttpStatusCode.Unauthorized) return new InferenceException(AnswerStream.WrongKey);
        try
        {
            if (await response.Content.ReadFromJsonAsync<ServiceError>(InferenceJson.Options, cancellationToken) is { } error)
                return new InferenceException(error);
        }
        catch (JsonException)
        {
            // Not the service's own words: something between us and it answered.
        }
        return InferenceException.Unreachable(new HttpRequestException($"Unexpected answer {(int)response.StatusCode}."));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await link.DisposeAsync();
    }
}
