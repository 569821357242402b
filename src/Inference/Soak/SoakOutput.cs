using EduVision.Inference.Runners.Sampling;
using EduVision.Inference.Scheduling;
using EduVision.Shared;

namespace EduVision.Inference.Soak;

/// <summary>Takes one request's tokens, and looks whether what the engine says to it makes sense.</summary>
internal sealed class SoakOutput(string user, SoakRequest request, int vocabulary, ServiceLedger ledger, SoakFindings findings, int changeOfMindAfter = int.MaxValue) : ISequenceOutput
{
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource changesMind = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<int> tokens = [];
    private bool started, prefilled;

    /// <summary>Ends when the request has.</summary>
    public Task Ended => ended.Task;

    /// <summary>Ends when the user has seen enough.</summary>
    public Task ChangesMind => changesMind.Task;

    /// <summary>How it ended; null if it failed or goes on.</summary>
    public FinishReason? Reason { get; private set; }

    /// <summary>Prompt tokens that the prefix cache held.</summary>
    public int CachedTokens { get; private set; }

    /// <summary>The answer, forced tokens included; to be read when it has ended.</summary>
    public IReadOnlyList<int> Tokens => tokens;

    /// <inheritdoc/>
    public void Queued(int position, double? etaSeconds) => Expect(!Ended.IsCompleted && position > 0, $"Queued at {position}");

    /// <inheritdoc/>
    public void Started()
    {
        Expect(!Ended.IsCompleted, "Started after its end");
        started = true;
    }

    /// <inheritdoc/>
    public void Prefilled(int cachedTokens)
    {
        Expect(started && !prefilled && !Ended.IsCompleted, "Prefilled out of turn");
        Expect(cachedTokens >= 0 && cachedTokens < request.Prompt.Ids.Count, $"{cachedTokens} of {request.Prompt.Ids.Count} prompt tokens cached");
        prefilled = true;
        CachedTokens = cachedTokens;
        ledger.Served(user, request.Prompt.Ids.Count - cachedTokens);
    }

    /// <inheritdoc/>
    public Verdict Accept(SampledToken token)
    {
        Expect(prefilled && !Ended.IsCompleted, "A token out of turn");
        Expect(token.Id >= 0 && token.Id < vocabulary, $"Token {token.Id} of {vocabulary}");
        Expect(float.IsFinite(token.LogProbability) && token.LogProbability < 1e-3f, $"A log-probability of {token.LogProbability}");
        ledger.Served(user, 1);
        tokens.Add(token.Id);
        if (tokens.Count >= changeOfMindAfter) changesMind.TrySetResult();
        if (request.EndsWith(token.Id)) return Verdict.Over(FinishReason.Stop);
        if (tokens.Count >= request.MaxTokens) return Verdict.Over(FinishReason.Length);
        if (tokens.Count != request.ForceAfter) return new Verdict(null, [token.Id]);
        tokens.AddRange(SoakRequest.Forced);
        return new Verdict(null, [token.Id, .. SoakRequest.Forced]);
    }

    /// <inheritdoc/>
    public void Finish(FinishReason reason) => End(() => Reason = reason);

    /// <inheritdoc/>
    public void Fail(string code, string message) => End(() => findings.Add("A request failed", $"{code}: {message}"));

    private void End(Action note)
    {
        if (Ended.IsCompleted)
        {
            findings.Add("A request was told something wrong", "It ended twice");
            return;
        }
        note();
        ledger.Ended(user);
        ended.TrySetResult();
    }

    private void Expect(bool holds, string otherwise)
    {
        if (!holds) findings.Add("A request was told something wrong", otherwise);
    }
}
