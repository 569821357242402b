using System.Collections.Concurrent;
using EduVision.Shared;
using EduVision.Web.Data;
using EduVision.Web.Questions;
using EduVision.Web.Status;
using EduVision.Web.Uploads;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace EduVision.Web.Recording;

/// <summary>How patient recorders are: section <c>Recording</c>.</summary>
public sealed class RecordingOptions
{
    /// <summary>How long the images of a question are offered to a service that does not answer.</summary>
    public TimeSpan GiveUpAfter { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Between two tries.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromMilliseconds(500);
}

/// <summary>One background recorder for each answer that has not ended. No page keeps them alive.</summary>
public sealed class Recorders(
    IDbContextFactory<EduVisionDb> databases, InferenceClient client, PhotoStore photos, QuestionChanges changes, ServiceMonitor monitor,
    IOptions<RecordingOptions> options, TimeProvider clock, ILogger<Recorders> log) : BackgroundService
{
    private readonly ConcurrentDictionary<Guid, Running> running = new();
    private readonly CancellationTokenSource stopping = new();

    /// <summary>The live answer, or null if it has ended.</summary>
    public LiveAnswer? Find(Guid answerId) => running.TryGetValue(answerId, out var found) ? found.Live : null;

    /// <summary>Starts a recorder for a stored answer that has not ended.</summary>
    /// <param name="questionId">Its question.</param>
    /// <param name="row">The answer.</param>
    /// <param name="isKnown">True if an earlier run of Web asked it.</param>
    public void Start(Guid questionId, StoredAnswer row, bool isKnown = false)
    {
        var live = new LiveAnswer(row, clock);
        var run = new Running(live, CancellationTokenSource.CreateLinkedTokenSource(stopping.Token));
        if (!running.TryAdd(row.Id, run)) return;
        run.Task = Task.Run(() => RecordAsync(questionId, row.Id, isKnown, run));
    }

    /// <summary>Stops an answer: the service frees what it holds at once.</summary>
    public async Task StopAsync(Guid answerId)
    {
        if (!running.TryGetValue(answerId, out var run)) return;
        run.Live.Stop();
        await using var db = await databases.CreateDbContextAsync();
        var requestId = await db.Answers.Where(a => a.Id == answerId).Select(a => a.RequestId).SingleAsync();
        try
        {
            if (await client.CancelAsync(requestId)) return;
            run.Live.EndStopped();
            run.Cancel();
            await run.Task;
            // It may have been on its way when the service was asked.
            await client.CancelAsync(requestId);
        }
        catch (InferenceException e)
        {
            log.LogInformation("Answer {Id} is stopped without the service: {Message}", answerId, e.Message);
            run.Live.EndStopped();
            run.Cancel();
        }
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await using var db = await databases.CreateDbContextAsync(stoppingToken);
        var unfinished = await db.Answers.AsNoTracking()
            .Where(a => a.State == AnswerState.Waiting || a.State == AnswerState.Running)
            .Join(db.Exchanges, a => a.ExchangeId, e => e.Id, (answer, exchange) => new { answer, exchange.QuestionId })
            .ToListAsync(stoppingToken);
        foreach (var found in unfinished) Start(found.QuestionId, found.answer, isKnown: true);
    }

    /// <inheritdoc />
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await stopping.CancelAsync();
        await Task.WhenAll(running.Values.Select(run => run.Task));
        await base.StopAsync(cancellationToken);
    }

    /// <inheritdoc />
    public override void Dispose()
    {
        stopping.Dispose();
        base.Dispose();
    }

    private async Task RecordAsync(Guid questionId, Guid answerId, bool isKnown, Running run)
    {
        var writer = new AnswerWriter(databases, run.Live, () => monitor.Current?.Model);
        var cancellationToken = run.Token;
        changes.Announce(questionId);
        var writing = writer.RunAsync(cancellationToken);
        try
        {
            var recorder = new AnswerRecorder(client, photos, run.Live, options.Value, log);
            await recorder.RunAsync(
                await Conversation.RequestAsync(databases, answerId, cancellationToken),
                isKnown,
                () => Conversation.RenewAsync(databases, answerId, cancellationToken),
                cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Web stops, or the person stopped what the service does not know: what there is gets written below.
        }
        catch (Exception e)
        {
            log.LogError(e, "Recording answer {Id} failed", answerId);
            run.Live.Apply(new Failed(run.Live.Progress.Sequence, FailureCode.EngineFault, e.Message));
        }
        await WriteRestAsync(answerId, writer, writing);
        running.TryRemove(answerId, out _);
        run.Dispose();
        changes.Announce(questionId);
    }

    private async Task WriteRestAsync(Guid answerId, AnswerWriter writer, Task writing)
    {
        try
        {
            await writing;
        }
        catch (OperationCanceledException)
        {
            await writer.WriteAsync();
        }
        catch (Exception e) when (e is Microsoft.Data.Sqlite.SqliteException or DbUpdateException)
        {
            log.LogError(e, "Answer {Id} could not be written; it will be resumed at the next start", answerId);
        }
    }

    private sealed class Running(LiveAnswer live, CancellationTokenSource cancellation) : IDisposable
    {
        private readonly Lock gate = new();
        private bool disposed;

        public LiveAnswer Live { get; } = live;

        public CancellationToken Token { get; } = cancellation.Token;

        public Task Task { get; set; } = Task.CompletedTask;

        public void Cancel()
        {
            lock (gate)
            {
                if (!disposed) cancellation.Cancel();
            }
        }

        public void Dispose()
        {
            lock (gate)
            {
                disposed = true;
                cancellation.Dispose();
            }
        }
    }
}
