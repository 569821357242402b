using EduVision.Inference.Runners.Sampling;
using EduVision.Shared;

namespace EduVision.Inference.Scheduling;

/// <summary>Where a sequence tells what becomes of it. Called by the engine; must not wait.</summary>
public interface ISequenceOutput
{
    /// <summary>It waits at this place; <paramref name="etaSeconds"/> is null while nothing was measured.</summary>
    void Queued(int position, double? etaSeconds);

    /// <summary>It runs; again after a preemption.</summary>
    void Started();

    /// <summary>Its prompt is in the cache; <paramref name="cachedTokens"/> of it were before.</summary>
    void Prefilled(int cachedTokens);

    /// <summary>Takes the next token and says how it goes on.</summary>
    Verdict Accept(SampledToken token);

    /// <summary>It is over.</summary>
    void Finish(FinishReason reason);

    /// <summary>It went wrong; one of <see cref="FailureCode"/>.</summary>
    void Fail(string code, string message);
}

/// <summary>How a sequence goes on after a token.</summary>
/// <param name="End">Why it ends here, or null to go on.</param>
/// <param name="Append">Tokens to append, the accepted one first, forced ones behind it.</param>
public readonly record struct Verdict(FinishReason? End, IReadOnlyList<int> Append)
{
    /// <summary>It ends here.</summary>
    public static Verdict Over(FinishReason reason) => new(reason, []);
}
