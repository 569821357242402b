using EduVision.Inference.Runners.Sampling;
using EduVision.Inference.Scheduling;
using EduVision.Shared;

namespace EduVision.Inference.Tests.Fakes;

/// <summary>Notes what the scheduler tells a sequence, forces a few tokens after some, and ends it after some more.</summary>
internal sealed class Recorder(int maxTokens, int forceAfter = 0) : ISequenceOutput
{
    private static readonly int[] Forced = [2001, 2002, 2003];

    public List<int> Tokens { get; } = [];
    public List<int> Positions { get; } = [];
    public List<double?> Etas { get; } = [];
    public int Starts { get; private set; }
    public int? Cached { get; private set; }
    public FinishReason? Finished { get; private set; }
    public string? Failure { get; private set; }
    public bool HasEnded => Finished is not null || Failure is not null;

    public void Queued(int position, double? etaSeconds)
    {
        Positions.Add(position);
        Etas.Add(etaSeconds);
    }

    public void Started() => Starts++;

    public void Prefilled(int cachedTokens) => Cached = cachedTokens;

    public Verdict Accept(SampledToken token)
    {
        Assert.False(HasEnded);
        Tokens.Add(token.Id);
        if (Tokens.Count >= maxTokens) return Verdict.Over(FinishReason.Length);
        if (Tokens.Count != forceAfter) return new Verdict(null, [token.Id]);
        Tokens.AddRange(Forced);
        return new Verdict(null, [token.Id, .. Forced]);
    }

    public bool HasForced => Tokens.Contains(Forced[^1]);

    /// <summary>What it should hold, as far as it got: the model's tokens and the forced ones; all of them if it ended by itself.</summary>
    public List<int> Expected(IReadOnlyList<int> prompt)
    {
        List<int> made = [];
        while (Finished == FinishReason.Length ? made.Count < maxTokens || made[^1] == Forced[^1] : made.Count < Tokens.Count)
        {
            made.Add(Bench.Next([.. prompt, .. made]));
            if (made.Count == forceAfter && made.Count < maxTokens) made.AddRange(Forced);
        }
        return made;
    }

    public void Finish(FinishReason reason)
    {
        Assert.False(HasEnded);
        Finished = reason;
    }

    public void Fail(string code, string message)
    {
        Assert.False(HasEnded);
        Failure = code;
    }
}
