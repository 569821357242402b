using EduVision.Web.Data;
using Microsoft.EntityFrameworkCore;

namespace EduVision.Web.Recording;

/// <summary>Follows one live answer into its database row, in batches, each with the number of its last event.</summary>
internal sealed class AnswerWriter(IDbContextFactory<EduVisionDb> databases, LiveAnswer live, Func<string?> model)
{
    private static readonly TimeSpan Batch = TimeSpan.FromMilliseconds(300);

    private AnswerCursor cursor = live.Read(default).Cursor;

    /// <summary>Writes until the answer has ended; then everything is in the row.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await live.WhenNewAsync(cursor, cancellationToken);
            if (!live.Progress.HasEnded) await Task.Delay(Batch, cancellationToken);
            if (await WriteAsync()) return;
        }
    }

    /// <summary>Writes what is new now.</summary>
    /// <returns>True when the answer had ended.</returns>
    public async Task<bool> WriteAsync()
    {
        var update = live.Read(cursor);
        var progress = update.Progress;
        await using var db = await databases.CreateDbContextAsync();
        // Who sees the end of an answer sees all of it.
        await using var transaction = await db.Database.BeginTransactionAsync();
        var row = db.Answers.Where(a => a.Id == live.Id);
        if (update.StartsOver) await row.ExecuteUpdateAsync(a => a.SetProperty(x => x.Reasoning, "").SetProperty(x => x.Text, ""));
        // Appended by the database, so that a long answer is not sent whole each time.
        await row.ExecuteUpdateAsync(a => a
            .SetProperty(x => x.Reasoning, x => x.Reasoning + update.Reasoning)
            .SetProperty(x => x.Text, x => x.Text + update.Text)
            .SetProperty(x => x.Sequence, progress.Sequence)
            .SetProperty(x => x.State, progress.State)
            .SetProperty(x => x.AskedAgain, progress.AskedAgain)
            .SetProperty(x => x.FirstToken, progress.FirstToken)
            .SetProperty(x => x.ReasoningEnded, progress.ReasoningEnded)
            .SetProperty(x => x.Ended, progress.Ended));
        if (progress.Completed is { } completed)
        {
            await row.ExecuteUpdateAsync(a => a
                .SetProperty(x => x.Model, model())
                .SetProperty(x => x.FinishReason, completed.FinishReason)
                .SetProperty(x => x.Usage, completed.Usage)
                .SetProperty(x => x.Timings, completed.Timings));
        }
        if (progress.Failed is { } failed)
        {
            await row.ExecuteUpdateAsync(a => a
                .SetProperty(x => x.FailureCode, failed.Code)
                .SetProperty(x => x.FailureMessage, failed.Message)
                .SetProperty(x => x.FailureParameters, new Dictionary<string, string>(failed.Parameters ?? new Dictionary<string, string>())));
        }
        await transaction.CommitAsync();
        cursor = update.Cursor;
        return progress.HasEnded;
    }
}
