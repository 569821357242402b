using EduVision.Shared;
using EduVision.Web.Data;
using EduVision.Web.Questions;
using EduVision.Web.Recording;
using EduVision.Web.Uploads;
using Microsoft.EntityFrameworkCore;

namespace EduVision.Web.History;

/// <summary>One line of the history.</summary>
/// <param name="Id">The question.</param>
/// <param name="Title">The person's own title, or null.</param>
/// <param name="Task">What was asked for.</param>
/// <param name="Text">The first turn's words; may be empty.</param>
/// <param name="Excerpt">The beginning of the latest first-turn answer; may be empty.</param>
/// <param name="Photo">The first photo's hash, or null.</param>
/// <param name="Updated">When something last happened, UTC.</param>
/// <param name="State">Where its latest answer stands.</param>
public sealed record HistoryEntry(Guid Id, string? Title, QuestionTask Task, string Text, string Excerpt, string? Photo, DateTime Updated, AnswerState State);

/// <summary>Finds, renames, deletes and brings back what was asked.</summary>
public sealed class HistoryBook(IDbContextFactory<EduVisionDb> databases, Recorders recorders, PhotoStore photos, QuestionChanges changes, TimeProvider clock)
{
    /// <summary>Questions, the latest first.</summary>
    /// <param name="search">Words that must all occur in title, texts or answers; empty for all.</param>
    /// <param name="skip">How many to leave out.</param>
    /// <param name="take">How many at most.</param>
    public async Task<IReadOnlyList<HistoryEntry>> ListAsync(string search, int skip, int take)
    {
        await using var db = await databases.CreateDbContextAsync();
        var questions = db.Questions.Where(q => q.Deleted == null);
        foreach (var word in search.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var pattern = $"%{Escape(word)}%";
            questions = questions.Where(q =>
                (q.Title != null && EF.Functions.Like(q.Title, pattern, "\\"))
                || q.Exchanges.Any(e => EF.Functions.Like(e.Text, pattern, "\\") || e.Answers.Any(a => EF.Functions.Like(a.Text, pattern, "\\"))));
        }
        return await questions
            .OrderByDescending(q => q.Updated).ThenByDescending(q => q.Id)
            .Skip(skip).Take(take)
            .Select(q => new HistoryEntry(
                q.Id,
                q.Title,
                q.Task,
                q.Exchanges.OrderBy(e => e.Number).First().Text,
                q.Exchanges.OrderBy(e => e.Number).First().Answers.OrderByDescending(a => a.Attempt).First().Text.Substring(0, 160),
                q.Exchanges.OrderBy(e => e.Number).First().Photos.OrderBy(p => p.Number).Select(p => p.Sha256).FirstOrDefault(),
                q.Updated,
                q.Exchanges.OrderByDescending(e => e.Number).First().Answers.OrderByDescending(a => a.Attempt).First().State))
            .ToListAsync();
    }

    /// <summary>Gives a question a title; an empty one takes the title away.</summary>
    public Task RenameAsync(Guid id, string title)
    {
        var trimmed = title.Trim() is { Length: > 200 } tooLong ? tooLong[..200] : title.Trim();
        return ChangeAsync(id, q => q.ExecuteUpdateAsync(set => set.SetProperty(x => x.Title, trimmed.Length == 0 ? null : trimmed)));
    }

    /// <summary>Deletes a question, for now; stops what still runs for it.</summary>
    public async Task DeleteAsync(Guid id)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        await using (var db = await databases.CreateDbContextAsync())
        {
            var unfinished = await db.Exchanges.Where(e => e.QuestionId == id).SelectMany(e => e.Answers)
                .Where(a => a.State == AnswerState.Waiting || a.State == AnswerState.Running).Select(a => a.Id).ToListAsync();
            foreach (var answer in unfinished) await recorders.StopAsync(answer);
        }
        await ChangeAsync(id, q => q.ExecuteUpdateAsync(set => set.SetProperty(x => x.Deleted, now)));
    }

    /// <summary>Brings a deleted question back.</summary>
    public Task RestoreAsync(Guid id) => ChangeAsync(id, q => q.ExecuteUpdateAsync(set => set.SetProperty(x => x.Deleted, (DateTime?)null)));

    /// <summary>Removes for good what was deleted longer than <paramref name="kept"/> ago, and photos nobody uses.</summary>
    public async Task SweepAsync(TimeSpan kept)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        var before = now - kept;
        await using var db = await databases.CreateDbContextAsync();
        await db.Questions.Where(q => q.Deleted != null && q.Deleted < before).ExecuteDeleteAsync();
        var used = (await db.Photos.Select(p => p.Sha256).Distinct().ToListAsync()).ToHashSet();
        photos.Sweep(used.Contains, now);
    }

    private async Task ChangeAsync(Guid id, Func<IQueryable<Question>, Task<int>> change)
    {
        await using var db = await databases.CreateDbContextAsync();
        await change(db.Questions.Where(q => q.Id == id));
        changes.Announce(id);
    }

    private static string Escape(string word) =>
        word.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal);
}
