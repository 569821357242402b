using EduVision.Inference.Runners.Sampling;
using EduVision.Inference.Scheduling;
using EduVision.Shared;

namespace EduVision.Inference.Tests.Fakes;

/// <summary>Notes what the scheduler tells a sequence, and ends it after some tokens.</summary>
internal sealed class Recorder(int maxTokens) : ISequenceOutput
{
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
        return Tokens.Count >= maxTokens ? Verdict.Over(FinishReason.Length) : new Verdict(null, [token.Id]);
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
