using EduVision.Inference.Runners;
using EduVision.Inference.Runners.Sampling;

namespace EduVision.Inference.Soak;

/// <summary>What a simulated user asks, and all that its answer depends on: asked again, it has to be answered the same.</summary>
/// <param name="Prompt">Random tokens, maybe with photos.</param>
/// <param name="Sampling">How.</param>
/// <param name="MaxTokens">Where the answer ends at the latest.</param>
/// <param name="Stops">Whether some tokens end it earlier, as a model's own end token does.</param>
/// <param name="ForceAfter">After how many tokens a few are forced, as the end of a reasoning is; null for never.</param>
internal sealed record SoakRequest(Prompt Prompt, SamplingParameters Sampling, int MaxTokens, bool Stops, int? ForceAfter)
{
    /// <summary>What is forced.</summary>
    public static readonly IReadOnlyList<int> Forced = [11, 12, 13];

    /// <summary>Whether a token ends the answer.</summary>
    public bool EndsWith(int token) => Stops && token % 101 == 100;
}

/// <summary>When a user loses patience: after so many tokens, or after so long, whichever comes first.</summary>
internal readonly record struct ChangeOfMind(int Tokens, TimeSpan Delay);
