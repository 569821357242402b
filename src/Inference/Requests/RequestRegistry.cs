using EduVision.Inference.Engine;
using EduVision.Inference.Hosting;
using EduVision.Inference.Telemetry;
using EduVision.Shared;
using Microsoft.Extensions.Options;

namespace EduVision.Inference.Requests;

/// <summary>All requests by id: those that go on, and those that ended a while ago and can still be read.</summary>
public sealed class RequestRegistry(
    RequestPreparer preparer, InferenceEngine engine, ServedModel model, EngineMetrics metrics, TimeProvider time, IOptions<InferenceOptions> options)
{
    private readonly Lock gate = new();
    private readonly Dictionary<Guid, LiveRequest> requests = [];
    private readonly InferenceOptions settings = options.Value;

    /// <summary>Requests known.</summary>
    public int Count
    {
        get
        {
            lock (gate)
            {
                Forget();
                return requests.Count;
            }
        }
    }

    /// <summary>The request with that id: the one that is there, or a new one in the queue.</summary>
    /// <returns>The request, or why it was refused.</returns>
    public (LiveRequest? Request, ServiceError? Refusal) Join(AskRequest request)
    {
        if (Find(request.Id) is { } known) return (known, null);
        var (prepared, refusal) = preparer.Prepare(request);
        if (prepared is null) return (null, refusal);
        lock (gate)
        {
            if (requests.TryGetValue(request.Id, out var raced)) return (raced, null);
            var added = new LiveRequest(request.Id, prepared, model.Chat.Tokenizer, metrics, time);
            if (engine.TryAdd(added.Sequence) is { } full) return (null, full);
            requests.Add(request.Id, added);
            Forget();
            return (added, null);
        }
    }

    /// <summary>The request with that id, if it is known.</summary>
    public LiveRequest? Find(Guid id)
    {
        lock (gate)
        {
            Forget();
            return requests.GetValueOrDefault(id);
        }
    }

    /// <summary>Ends a request.</summary>
    /// <returns>False if there is none or it had ended.</returns>
    public bool Cancel(Guid id) => Find(id) is { } request && engine.Cancel(request.Sequence);

    // The newest stay: as many of them, as young and as small together as the options say.
    private void Forget()
    {
        var oldest = time.GetUtcNow() - settings.Retention;
        long bytes = 0;
        foreach (var (index, request) in requests.Values.Where(request => request.EndedAt is not null).OrderByDescending(request => request.EndedAt).ToList().Index())
        {
            bytes += request.Bytes;
            if (index >= settings.RetainedRequests || bytes > settings.RetainedBytes || request.EndedAt < oldest) requests.Remove(request.Id);
        }
    }
}
