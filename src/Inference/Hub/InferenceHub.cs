using System.Runtime.CompilerServices;
using EduVision.Inference.Requests;
using EduVision.Shared;

namespace EduVision.Inference.Hub;

/// <summary>The hub: puts requests into the queue and streams their logs. It holds nothing; a dropped connection changes nothing.</summary>
internal sealed class InferenceHub(RequestRegistry requests) : Microsoft.AspNetCore.SignalR.Hub, IInferenceHub
{
    private static readonly ServiceError Unknown = new(
        FailureCode.NotFound, "There is no such request; it may have been lost by a restart or forgotten after its retention time. Ask again.");

    /// <inheritdoc/>
    public async IAsyncEnumerable<AnswerEvent> Ask(
        AskRequest request, long afterSequence, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Who has seen events of a request that is not known, or more of them than there are, has seen another run of it.
        var (live, refusal) = afterSequence > 0 ? (requests.Find(request.Id), null) : requests.Join(request);
        await foreach (var item in Stream(live, refusal, afterSequence, cancellationToken)) yield return item;
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<AnswerEvent> Resume(Guid id, long afterSequence, CancellationToken cancellationToken) =>
        Stream(requests.Find(id), null, afterSequence, cancellationToken);

    /// <inheritdoc/>
    public Task<bool> Cancel(Guid id) => Task.FromResult(requests.Cancel(id));

    private static async IAsyncEnumerable<AnswerEvent> Stream(
        LiveRequest? request, ServiceError? refusal, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (request is null || after > request.Log.LastSequence)
        {
            refusal ??= Unknown;
            yield return new Failed(0, refusal.Code, refusal.Message, refusal.Parameters);
            yield break;
        }
        await foreach (var item in request.Log.ReadAsync(after, cancellationToken)) yield return item;
    }
}
