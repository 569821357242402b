namespace EduVision.Shared;

/// <summary>What a client may call on the hub. A refusal is a stream of one <see cref="Failed"/> event, never an exception.</summary>
public interface IInferenceHub
{
    /// <summary>
    /// Enqueues the request, or joins it if its id is known, and streams its log after <paramref name="afterSequence"/>
    /// to the end. Dropping the stream does not cancel the request.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="afterSequence">The last number the client has; 0 for all.</param>
    /// <param name="cancellationToken">Ends the stream, not the request.</param>
    IAsyncEnumerable<AnswerEvent> Ask(AskRequest request, long afterSequence, CancellationToken cancellationToken);

    /// <summary>Streams the log of a known request; <see cref="FailureCode.NotFound"/> if there is none with that many events.</summary>
    /// <param name="id">The request's id.</param>
    /// <param name="afterSequence">The last number the client has; 0 for all.</param>
    /// <param name="cancellationToken">Ends the stream, not the request.</param>
    IAsyncEnumerable<AnswerEvent> Resume(Guid id, long afterSequence, CancellationToken cancellationToken);

    /// <summary>Ends a request and frees what it holds at once; its log ends with <see cref="FinishReason.Cancelled"/>.</summary>
    /// <returns>False if there is no such request or it had ended.</returns>
    Task<bool> Cancel(Guid id);
}
