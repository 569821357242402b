using System.Text;
using System.Text.Json;
using EduVision.Inference.Requests;
using EduVision.Shared;

namespace EduVision.Inference.OpenAi;

/// <summary>Writes one request's log as the API answers: whole, or as server-sent events.</summary>
internal sealed class ChatCompletionWriter(HttpResponse response, LiveRequest request, string model, int topLogProbs, TimeSpan heartbeat)
{
    private readonly string id = $"chatcmpl-{request.Id:N}";
    private readonly long created = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    /// <summary>The answer in one body.</summary>
    public async Task WriteWholeAsync(CancellationToken cancellationToken)
    {
        var (answer, reasoning) = (new StringBuilder(), new StringBuilder());
        List<TokenDetail> tokens = [];
        await foreach (var item in request.Log.ReadAsync(0, cancellationToken))
        {
            switch (item)
            {
                case Reasoning piece: reasoning.Append(piece.Delta); break;
                case Answer piece:
                    answer.Append(piece.Delta);
                    tokens.AddRange(piece.Tokens ?? []);
                    break;
                case Failed failed:
                    var error = new ServiceError(failed.Code, failed.Message, failed.Parameters);
                    response.StatusCode = ErrorBody.StatusOf(error.Code);
                    await response.WriteAsJsonAsync(ErrorBody.Of(error), OpenAiJson.Options, cancellationToken);
                    break;
                case Completed completed:
                    var message = new MessageBody("assistant", answer.ToString(), reasoning.Length == 0 ? null : reasoning.ToString());
                    var choice = new ChoiceBody(0, Word(completed.FinishReason), Message: message, Logprobs: LogProbs(tokens));
                    await response.WriteAsJsonAsync(
                        new CompletionBody(id, "chat.completion", created, model, [choice], UsageBody.Of(completed.Usage)), OpenAiJson.Options, cancellationToken);
                    break;
            }
        }
    }

    /// <summary>The answer as it comes.</summary>
    /// <exception cref="IOException">The request failed, and the client was told so.</exception>
    public async Task WriteStreamAsync(bool includeUsage, CancellationToken cancellationToken)
    {
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache";
        await SendAsync(Chunk(new MessageBody("assistant", ""), null), cancellationToken);
        await using var events = request.Log.ReadAsync(0, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await NextAsync(events, cancellationToken))
        {
            switch (events.Current)
            {
                case Reasoning piece: await SendAsync(Chunk(new MessageBody(ReasoningContent: piece.Delta), null), cancellationToken); break;
                case Answer piece: await SendAsync(Chunk(new MessageBody(Content: piece.Delta), null, LogProbs(piece.Tokens)), cancellationToken); break;
                case Failed failed:
                    await SendAsync(ErrorBody.Of(new ServiceError(failed.Code, failed.Message, failed.Parameters)), cancellationToken);
                    // Not every client knows an error in a stream, and to one that does not an end in order would be a whole answer. After
                    // this the server sends what was written and closes the connection without an end.
                    throw new IOException($"An answer of the API broke off: {failed.Code}.");
                case Completed completed:
                    await SendAsync(Chunk(new MessageBody(), Word(completed.FinishReason)), cancellationToken);
                    if (includeUsage)
                        await SendAsync(new CompletionBody(id, "chat.completion.chunk", created, model, [], UsageBody.Of(completed.Usage)), cancellationToken);
                    break;
            }
        }
        await response.WriteAsync("data: [DONE]\n\n", cancellationToken);
    }

    // While the log is silent, a comment now and then keeps proxies from cutting the line.
    private async Task<bool> NextAsync(IAsyncEnumerator<AnswerEvent> events, CancellationToken cancellationToken)
    {
        var next = events.MoveNextAsync().AsTask();
        while (await Task.WhenAny(next, Task.Delay(heartbeat, cancellationToken)) != next)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await response.WriteAsync(": waiting\n\n", cancellationToken);
            await response.Body.FlushAsync(cancellationToken);
        }
        return await next;
    }

    private async Task SendAsync<T>(T body, CancellationToken cancellationToken)
    {
        await response.WriteAsync($"data: {JsonSerializer.Serialize(body, OpenAiJson.Options)}\n\n", cancellationToken);
        await response.Body.FlushAsync(cancellationToken);
    }

    private CompletionBody Chunk(MessageBody delta, string? finish, LogProbsBody? logProbs = null) =>
        new(id, "chat.completion.chunk", created, model, [new ChoiceBody(0, finish, Delta: delta, Logprobs: logProbs)]);

    private LogProbsBody? LogProbs(IReadOnlyList<TokenDetail>? tokens) =>
        tokens is not { Count: > 0 } ? null : new LogProbsBody([.. tokens.Select(token => TokenLogProbBody.Of(token, topLogProbs))]);

    // The API has no word for a loop: like at the limit, the output was cut.
    private static string Word(FinishReason reason) => reason is FinishReason.Stop or FinishReason.Cancelled ? "stop" : "length";
}
