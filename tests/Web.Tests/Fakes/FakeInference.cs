using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using EduVision.Shared;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EduVision.Web.Tests.Fakes;

/// <summary>
/// An inference service without an engine: the real routes and the real hub protocol over a real socket. A test writes the
/// events of each request by hand.
/// </summary>
public sealed class FakeInference : IAsyncDisposable
{
    private readonly ConcurrentDictionary<Guid, FakeRequest> requests = new();
    private readonly ConcurrentDictionary<string, byte[]> images = new();
    private readonly ConcurrentDictionary<string, HubCallerContext> connections = new();
    private WebApplication? app;
    private string address = "http://127.0.0.1:0";

    /// <summary>Where it is.</summary>
    public Uri Url => new(address);

    /// <summary>What it says about itself.</summary>
    public ServiceStatus Status { get; set; } = new(
        "Fake-VL", "0123456789ab", "CPU (2 threads)", true, 0, 0, 64, null, 0, 0, 512, new ServiceLimits(8, 40 << 20, 64_000_000, 4096, 2048));

    /// <summary>Called for each new request; may write its events at once.</summary>
    public Action<FakeRequest>? OnAsk { get; set; }

    /// <summary>A refusal for the next new requests, or null.</summary>
    public Func<AskRequest, Failed?>? Refuse { get; set; }

    /// <summary>Every new request in order.</summary>
    public ConcurrentQueue<FakeRequest> Asked { get; } = new();

    /// <summary>Hashes of the images it has.</summary>
    public ICollection<string> Images => images.Keys;

    /// <summary>Starts, at the same address when started again.</summary>
    public async Task StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton(this);
        builder.Services.AddSignalR(hub => hub.EnableDetailedErrors = true).AddJsonProtocol(json => InferenceJson.Apply(json.PayloadSerializerOptions));
        app = builder.Build();
        app.Urls.Add(address);
        app.MapHub<Hub>(InferenceRoutes.Hub);
        app.MapGet(InferenceRoutes.Ready, () => Results.Ok());
        app.MapGet(InferenceRoutes.Status, () => Results.Json(Status, InferenceJson.Options));
        app.MapMethods(InferenceRoutes.Images, ["HEAD"], (string sha256) => images.ContainsKey(sha256) ? Results.Ok() : Results.NotFound());
        app.MapPut(InferenceRoutes.Images, async (string sha256, HttpRequest request) =>
        {
            using var bytes = new MemoryStream();
            await request.Body.CopyToAsync(bytes);
            if (Convert.ToHexStringLower(SHA256.HashData(bytes.ToArray())) != sha256) return Results.BadRequest();
            images[sha256] = bytes.ToArray();
            return Results.Ok();
        });
        await app.StartAsync();
        address = app.Urls.Single();
    }

    /// <summary>Dies: all it knew is gone.</summary>
    public async Task DieAsync()
    {
        if (app is null) return;
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        try
        {
            await app.StopAsync(now.Token);
        }
        catch (OperationCanceledException)
        {
            // It was not to wait for open streams.
        }
        await app.DisposeAsync();
        app = null;
        requests.Clear();
        images.Clear();
    }

    /// <summary>Cuts every connection, as a network does; the requests live on.</summary>
    public void Drop()
    {
        foreach (var connection in connections.Values) connection.Abort();
    }

    /// <summary>Forgets its images, as a bounded cache does.</summary>
    public void ForgetImages() => images.Clear();

    /// <inheritdoc />
    public async ValueTask DisposeAsync() => await DieAsync();

    private sealed class Hub(FakeInference fake) : Microsoft.AspNetCore.SignalR.Hub
    {
        public async IAsyncEnumerable<AnswerEvent> Ask(AskRequest request, long afterSequence, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            if (!fake.requests.TryGetValue(request.Id, out var known))
            {
                if (fake.Refuse?.Invoke(request) is { } refusal)
                {
                    yield return refusal;
                    yield break;
                }
                var missing = request.Turns.SelectMany(t => t.Images).FirstOrDefault(i => !fake.images.ContainsKey(i));
                if (missing is not null)
                {
                    yield return new Failed(0, FailureCode.ImageMissing, "Send it again.");
                    yield break;
                }
                known = fake.requests[request.Id] = new FakeRequest(request);
                fake.Asked.Enqueue(known);
                fake.OnAsk?.Invoke(known);
            }
            await foreach (var next in known.ReadAsync(afterSequence, cancellationToken)) yield return next;
        }

        public async IAsyncEnumerable<AnswerEvent> Resume(Guid id, long afterSequence, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            if (!fake.requests.TryGetValue(id, out var known))
            {
                yield return new Failed(0, FailureCode.NotFound, "There is no such request.");
                yield break;
            }
            await foreach (var next in known.ReadAsync(afterSequence, cancellationToken)) yield return next;
        }

        public override Task OnConnectedAsync()
        {
            fake.connections[Context.ConnectionId] = Context;
            return Task.CompletedTask;
        }

        public override Task OnDisconnectedAsync(Exception? exception)
        {
            fake.connections.TryRemove(Context.ConnectionId, out _);
            return Task.CompletedTask;
        }

        public bool Cancel(Guid id) => fake.requests.TryGetValue(id, out var known) && known.Cancel();
    }
}

/// <summary>The log of one request, written by a test.</summary>
/// <param name="request">What was asked.</param>
public sealed class FakeRequest(AskRequest request)
{
    private readonly Lock gate = new();
    private readonly List<AnswerEvent> log = [];
    private TaskCompletionSource written = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What was asked.</summary>
    public AskRequest Request { get; } = request;

    /// <summary>Appends an event with the next number.</summary>
    public void Write(Func<long, AnswerEvent> next)
    {
        lock (gate)
        {
            if (log is [.., { IsLast: true }]) return;
            log.Add(next(log.Count + 1));
            var old = written;
            written = new(TaskCreationOptions.RunContinuationsAsynchronously);
            old.SetResult();
        }
    }

    /// <summary>Taken up, prompt read.</summary>
    public void Begin()
    {
        Write(n => new Started(n));
        Write(n => new Prefilled(n, 300, 0));
    }

    /// <summary>Some reasoning.</summary>
    public void Reason(string text) => Write(n => new Reasoning(n, text));

    /// <summary>Some answer.</summary>
    public void Answer(string text) => Write(n => new Answer(n, text));

    /// <summary>The end.</summary>
    public void End(FinishReason reason = FinishReason.Stop) =>
        Write(n => new Completed(n, new Usage(300, 0, 20, 10), reason, new Timings(0.1, 0.4, 1.5, 2.5, 42)));

    /// <summary>Ends it as cancelled.</summary>
    public bool Cancel()
    {
        lock (gate)
        {
            if (log is [.., { IsLast: true }]) return false;
        }
        End(FinishReason.Cancelled);
        return true;
    }

    /// <summary>The log after a number, to its end.</summary>
    public async IAsyncEnumerable<AnswerEvent> ReadAsync(long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            AnswerEvent[] fresh;
            Task more;
            lock (gate)
            {
                fresh = [.. log.Skip((int)after)];
                more = written.Task;
            }
            foreach (var next in fresh)
            {
                yield return next;
                after = next.Sequence;
                if (next.IsLast) yield break;
            }
            await more.WaitAsync(cancellationToken);
        }
    }
}
