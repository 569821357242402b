using System.Net;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;

namespace EduVision.Shared;

/// <summary>One answer read over as many connections as it takes.</summary>
internal sealed class AnswerStream(HubLink link, InferenceClientOptions options)
{
    internal static readonly ServiceError WrongKey = new(
        FailureCode.Unauthorized, "The inference service refused the key. Give this client the key the service was started with.");

    /// <summary>Events after <paramref name="after"/> to the last one; see <see cref="InferenceClient.AskAsync"/>.</summary>
    public async IAsyncEnumerable<AnswerEvent> ReadAsync(
        Guid id, AskRequest? request, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var pause = options.FirstPause;
        var downSince = Environment.TickCount64;
        var emptyEnds = 0;
        while (true)
        {
            Exception? broken = null;
            var opened = Environment.TickCount64;
            await using (var events = OpenAsync(id, after == 0 ? request : null, after, cancellationToken).GetAsyncEnumerator(cancellationToken))
            {
                while (true)
                {
                    try
                    {
                        if (!await events.MoveNextAsync()) break;
                    }
                    catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
                    {
                        broken = exception;
                        break;
                    }
                    var next = events.Current;
                    // A refusal is outside the log and has number 0.
                    if (next.Sequence <= after && !next.IsLast) continue;
                    after = Math.Max(after, next.Sequence);
                    emptyEnds = 0;
                    pause = options.FirstPause;
                    downSince = Environment.TickCount64;
                    yield return next;
                    if (next.IsLast) yield break;
                }
            }
            // A stream that lived for a while had a service, however silent; only then does the patience start anew.
            if (Environment.TickCount64 - opened > options.LongestPause.TotalMilliseconds) downSince = Environment.TickCount64;
            cancellationToken.ThrowIfCancellationRequested();
            // An end in order without a last event may be a service that shuts down; twice, there is nothing behind that number.
            emptyEnds = broken is null ? emptyEnds + 1 : 0;
            if (emptyEnds == 2) yield break;
            if (AsRefusal(broken) is { } refusal)
            {
                yield return new Failed(after, refusal.Error.Code, refusal.Error.Message, refusal.Error.Parameters);
                yield break;
            }
            if (Environment.TickCount64 - downSince >= options.GiveUpAfter.TotalMilliseconds)
            {
                var unreachable = InferenceException.Unreachable(broken).Error;
                yield return new Failed(after, unreachable.Code, unreachable.Message);
                yield break;
            }
            await Task.Delay(pause, cancellationToken);
            pause = pause * 2 < options.LongestPause ? pause * 2 : options.LongestPause;
        }
    }

    // Once events were delivered, only Resume is right: a restarted service would run a new request and its first events be lost.
    private async IAsyncEnumerable<AnswerEvent> OpenAsync(
        Guid id, AskRequest? request, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var connection = await link.OpenAsync(cancellationToken);
        var events = request is null
            ? connection.StreamAsync<AnswerEvent>(nameof(IInferenceHub.Resume), id, after, cancellationToken)
            : connection.StreamAsync<AnswerEvent>(nameof(IInferenceHub.Ask), request, after, cancellationToken);
        await foreach (var next in events.WithCancellation(cancellationToken)) yield return next;
    }

    /// <summary>What trying again cannot mend: a wrong key, or a call that the hub itself rejects; else null.</summary>
    internal static InferenceException? AsRefusal(Exception? exception) => exception switch
    {
        HttpRequestException { StatusCode: HttpStatusCode.Unauthorized } => new InferenceException(WrongKey, exception),
        WebSocketException { InnerException: null } socket when socket.Message.Contains("401", StringComparison.Ordinal) =>
            new InferenceException(WrongKey, exception),
        HubException hub => new InferenceException(new ServiceError(FailureCode.InvalidRequest, hub.Message), exception),
        _ => null,
    };
}
