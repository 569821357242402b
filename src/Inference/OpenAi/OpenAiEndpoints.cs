using System.Text.Json;
using EduVision.Inference.Hosting;
using EduVision.Inference.Images;
using EduVision.Inference.Requests;
using EduVision.Shared;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;

namespace EduVision.Inference.OpenAi;

/// <summary>What existing clients speak: <c>POST /v1/chat/completions</c> and <c>GET /v1/models</c>.</summary>
internal static class OpenAiEndpoints
{
    public static void MapOpenAi(this IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/chat/completions", CompleteAsync);
        app.MapGet("/v1/models", (ServedModel model) => TypedResults.Json(
            new { Object = "list", Data = new[] { new { Id = model.Name, Object = "model", Created = 0, OwnedBy = "eduvision" } } }, OpenAiJson.Options));
    }

    private static async Task CompleteAsync(
        HttpContext http, ImageStore store, RequestRegistry requests, ServedModel model, IOptions<InferenceOptions> options)
    {
        var cancelled = http.RequestAborted;
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } bound) bound.MaxRequestBodySize = options.Value.MaxApiRequestBytes;
        var (body, refusal) = await BodyAsync(http.Request, cancelled);
        AskRequest? ask = null;
        LiveRequest? live = null;
        if (body is not null) (ask, refusal) = await new ChatCompletionReader(store).ReadAsync(body, cancelled);
        if (ask is not null) (live, refusal) = requests.Join(ask);
        if (live is null)
        {
            http.Response.StatusCode = ErrorBody.StatusOf(refusal!.Code);
            await http.Response.WriteAsJsonAsync(ErrorBody.Of(refusal), OpenAiJson.Options, cancelled);
            return;
        }
        var writer = new ChatCompletionWriter(http.Response, live, model.Name, body!.TopLogprobs ?? 0, options.Value.Heartbeat);
        try
        {
            if (body.Stream == true) await writer.WriteStreamAsync(body.StreamOptions?.IncludeUsage == true, cancelled);
            else await writer.WriteWholeAsync(cancelled);
        }
        catch (OperationCanceledException) when (cancelled.IsCancellationRequested)
        {
            // The client is gone.
        }
        finally
        {
            // Nobody can come back for an answer of this API: the request ends with its connection, also while it waits.
            requests.Cancel(live.Id);
        }
    }

    private static async Task<(ChatCompletionRequest? Body, ServiceError? Refusal)> BodyAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        try
        {
            var body = await JsonSerializer.DeserializeAsync<ChatCompletionRequest>(request.Body, OpenAiJson.Options, cancellationToken);
            return body is null ? (null, Refusals.Invalid("body", "It is empty.")) : (body, null);
        }
        catch (JsonException exception)
        {
            return (null, Refusals.Invalid(exception.Path ?? "body", "It is no JSON of a chat completion request."));
        }
        catch (BadHttpRequestException exception)
        {
            return (null, Refusals.Invalid("body", exception.Message));
        }
    }
}
