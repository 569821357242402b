using EduVision.Shared;
using EduVision.Web.Data;
using EduVision.Web.Recording;
using EduVision.Web.Uploads;
using Microsoft.EntityFrameworkCore;

namespace EduVision.Web.Questions;

/// <summary>Asks: writes the rows, starts the recorder.</summary>
public sealed class QuestionBook(IDbContextFactory<EduVisionDb> databases, Recorders recorders, QuestionChanges changes, TimeProvider clock)
{
    /// <summary>Longest text of a turn in characters.</summary>
    public const int MaxText = 8000;

    /// <summary>Asks something new.</summary>
    /// <returns>The question's id.</returns>
    public async Task<Guid> AskAsync(QuestionTask task, string language, string text, IReadOnlyList<StoredPhoto> photos)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        var question = new Question { Id = Guid.NewGuid(), Task = task, Language = language, Created = now, Updated = now };
        var exchange = NewExchange(question.Id, 1, text, photos, now);
        question.Exchanges.Add(exchange);
        await using var db = await databases.CreateDbContextAsync();
        db.Questions.Add(question);
        await db.SaveChangesAsync();
        recorders.Start(question.Id, exchange.Answers[0]);
        return question.Id;
    }

    /// <summary>Asks something more about the same photos, or about new ones.</summary>
    public async Task FollowUpAsync(Guid questionId, string text, IReadOnlyList<StoredPhoto> photos)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        await using var db = await databases.CreateDbContextAsync();
        var number = await db.Exchanges.Where(e => e.QuestionId == questionId).MaxAsync(e => e.Number) + 1;
        var exchange = NewExchange(questionId, number, text, photos, now);
        db.Exchanges.Add(exchange);
        await db.SaveChangesAsync();
        await TouchAsync(db, questionId, now);
        recorders.Start(questionId, exchange.Answers[0]);
    }

    /// <summary>Asks the same turn again; earlier answers are kept.</summary>
    public async Task RegenerateAsync(Guid questionId, Guid exchangeId)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        await using var db = await databases.CreateDbContextAsync();
        var attempt = await db.Answers.Where(a => a.ExchangeId == exchangeId).MaxAsync(a => a.Attempt) + 1;
        var answer = NewAnswer(exchangeId, attempt, now);
        db.Answers.Add(answer);
        await db.SaveChangesAsync();
        await TouchAsync(db, questionId, now);
        recorders.Start(questionId, answer);
    }

    /// <summary>Stops a running answer.</summary>
    public Task StopAsync(Guid answerId) => recorders.StopAsync(answerId);

    /// <summary>A question with all its turns in order; null if there is none or it was deleted.</summary>
    public async Task<Question?> LoadAsync(Guid questionId)
    {
        await using var db = await databases.CreateDbContextAsync();
        return await db.Questions.AsNoTracking()
            .Where(q => q.Id == questionId && q.Deleted == null)
            .Include(q => q.Exchanges.OrderBy(e => e.Number)).ThenInclude(e => e.Photos.OrderBy(p => p.Number))
            .Include(q => q.Exchanges.OrderBy(e => e.Number)).ThenInclude(e => e.Answers.OrderBy(a => a.Attempt))
            .AsSplitQuery()
            .SingleOrDefaultAsync();
    }

    private async Task TouchAsync(EduVisionDb db, Guid questionId, DateTime now)
    {
        await db.Questions.Where(q => q.Id == questionId).ExecuteUpdateAsync(q => q.SetProperty(x => x.Updated, now));
        changes.Announce(questionId);
    }

    private static Exchange NewExchange(Guid questionId, int number, string text, IReadOnlyList<StoredPhoto> photos, DateTime now)
    {
        var id = Guid.NewGuid();
        return new Exchange
        {
            Id = id,
            QuestionId = questionId,
            Number = number,
            Text = text.Trim() is { Length: > MaxText } tooLong ? tooLong[..MaxText] : text.Trim(),
            Asked = now,
            Photos = [.. photos.Select((p, i) => new ExchangePhoto { ExchangeId = id, Number = i + 1, Sha256 = p.Sha256, Width = p.Width, Height = p.Height })],
            Answers = [NewAnswer(id, 1, now)],
        };
    }

    private static StoredAnswer NewAnswer(Guid exchangeId, int attempt, DateTime now) =>
        new() { Id = Guid.NewGuid(), RequestId = Guid.NewGuid(), ExchangeId = exchangeId, Attempt = attempt, Asked = now };
}
