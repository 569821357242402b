using EduVision.Web.Data;
using Microsoft.Extensions.Options;

namespace EduVision.Web.History;

/// <summary>Sweeps deleted questions and unused photos at start and every few minutes.</summary>
internal sealed class Sweeper(HistoryBook history, IOptions<DataOptions> options, TimeProvider clock, ILogger<Sweeper> log) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pause, clock);
        do
        {
            try
            {
                await history.SweepAsync(options.Value.KeepDeleted);
            }
            catch (Exception e) when (e is IOException or Microsoft.Data.Sqlite.SqliteException)
            {
                log.LogWarning(e, "Sweeping failed; it will be tried again");
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
