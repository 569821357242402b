using EduVision.Shared;
using EduVision.Web.Data;
using Microsoft.EntityFrameworkCore;

namespace EduVision.Web.Questions;

/// <summary>Makes the request to the inference service out of what is stored.</summary>
internal static class Conversation
{
    /// <summary>Whose fair share is used: there is one person until there are accounts.</summary>
    private const string Person = "local";

    /// <summary>The request behind an answer: the turns before it with their answers, then its own.</summary>
    public static async Task<AskRequest> RequestAsync(IDbContextFactory<EduVisionDb> databases, Guid answerId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var question = await db.Questions.AsNoTracking()
            .Where(q => q.Exchanges.Any(e => e.Answers.Any(a => a.Id == answerId)))
            .Include(q => q.Exchanges).ThenInclude(e => e.Photos)
            .Include(q => q.Exchanges).ThenInclude(e => e.Answers)
            .AsSplitQuery()
            .SingleAsync(cancellationToken);
        var current = question.Exchanges.Single(e => e.Answers.Any(a => a.Id == answerId));
        return new AskRequest
        {
            Id = current.Answers.Single(a => a.Id == answerId).RequestId,
            User = Person,
            Task = current.Number == 1 ? question.Task : QuestionTask.Ask,
            Language = question.Language,
            Turns = Turns(question, current),
        };
    }

    /// <summary>The same request under a new id, which is stored first.</summary>
    public static async Task<AskRequest> RenewAsync(IDbContextFactory<EduVisionDb> databases, Guid answerId, CancellationToken cancellationToken)
    {
        await using (var db = await databases.CreateDbContextAsync(cancellationToken))
            await db.Answers.Where(a => a.Id == answerId).ExecuteUpdateAsync(a => a.SetProperty(x => x.RequestId, Guid.NewGuid()), cancellationToken);
        return await RequestAsync(databases, answerId, cancellationToken);
    }

    private static List<Turn> Turns(Question question, Exchange current)
    {
        var turns = new List<Turn>();
        foreach (var exchange in question.Exchanges.Where(e => e.Number < current.Number).OrderBy(e => e.Number))
        {
            // Roles alternate: a turn that never got an answer is left out. Reasoning is not fed back.
            if (exchange.Answers.OrderBy(a => a.Attempt).LastOrDefault(a => a.Text.Length > 0) is not { } answer) continue;
            turns.Add(UserTurn(exchange));
            turns.Add(new Turn(TurnRole.Assistant, answer.Text));
        }
        turns.Add(UserTurn(current));
        return turns;
    }

    private static Turn UserTurn(Exchange exchange) =>
        new(TurnRole.User, exchange.Text, [.. exchange.Photos.OrderBy(p => p.Number).Select(p => p.Sha256)]);
}
