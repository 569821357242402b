namespace EduVision.Inference.Requests;

/// <summary>Where one generation ends, whatever the model wants.</summary>
public sealed record GenerationLimits
{
    /// <summary>Most output tokens, reasoning included.</summary>
    public required int MaxTokens { get; init; }

    /// <summary>Most reasoning tokens, or null for no cap of its own.</summary>
    public int? ThinkingBudget { get; init; }

    /// <summary>What closes the reasoning at its cap: the template's own end of it.</summary>
    public IReadOnlyList<int> CloseReasoning { get; init; } = [];

    /// <summary>Tokens that end the output.</summary>
    public required IReadOnlySet<int> EndTokens { get; init; }

    /// <summary>Tokens of one repeated span that end the reasoning; <see cref="int.MaxValue"/> looks for no loops. See <see cref="LoopDetector"/>.</summary>
    public int LoopTokens { get; init; } = 256;

    /// <summary>True if the answer's tokens are reported with their log-probabilities.</summary>
    public bool ReportTokens { get; init; }
}
