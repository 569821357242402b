using EduVision.Shared;
using Microsoft.Extensions.Options;

namespace EduVision.Web.Supervision;

/// <summary>Keeps one inference service running as a child process, and knows where it is. With an address configured it starts none.</summary>
public sealed class InferenceSupervisor(IOptions<SupervisionOptions> options, ILogger<InferenceSupervisor> log) : BackgroundService
{
    private readonly SupervisionOptions options = options.Value;
    private readonly TaskCompletionSource firstReady = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile InferenceEndpoint? endpoint = options.Value.Url is { } url ? new InferenceEndpoint(url, options.Value.Key) : null;
    private volatile InferenceProcess? child;

    /// <summary>Where the service is now; null while a child starts.</summary>
    public InferenceEndpoint? Endpoint => endpoint;

    /// <summary>The child's process id; null when there is none.</summary>
    public int? ChildId => child?.Id;

    /// <summary>Completes when the first child is ready; fails if it cannot start at all.</summary>
    public Task FirstReady => options.Url is null ? firstReady.Task : Task.CompletedTask;

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Url is not null) return;
        await Task.Yield();
        var pause = options.FirstPause;
        while (!stoppingToken.IsCancellationRequested)
        {
            var started = Environment.TickCount64;
            try
            {
                await RunChildAsync(stoppingToken);
            }
            catch (Exception e) when (e is InvalidOperationException or TimeoutException)
            {
                if (!firstReady.Task.IsCompleted)
                {
                    // The very first start fails for reasons that trying again does not mend: a bad model folder, a missing library.
                    firstReady.TrySetException(e);
                    return;
                }
                log.LogError(e, "The inference service could not be started again");
            }
            if (stoppingToken.IsCancellationRequested) return;
            if (Environment.TickCount64 - started > options.LongestPause.TotalMilliseconds) pause = options.FirstPause;
            try
            {
                await Task.Delay(pause, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            pause = pause * 2 < options.LongestPause ? pause * 2 : options.LongestPause;
        }
    }

    private async Task RunChildAsync(CancellationToken stoppingToken)
    {
        using var process = InferenceProcess.Start(options, log);
        child = process;
        try
        {
            endpoint = await process.WhenReadyAsync(options.StartLimit, stoppingToken);
            log.LogInformation("The inference service runs at {Url} (process {Id})", endpoint.Url, process.Id);
            firstReady.TrySetResult();
            var code = await process.WhenEndedAsync(stoppingToken);
            log.LogWarning("The inference service (process {Id}) ended with code {Code}; starting it again", process.Id, code);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await process.StopAsync(TimeSpan.FromSeconds(5));
        }
        finally
        {
            endpoint = null;
            child = null;
        }
    }
}
