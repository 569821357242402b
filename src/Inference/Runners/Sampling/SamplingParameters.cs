namespace EduVision.Inference.Runners.Sampling;

/// <summary>How to choose tokens. Applied in this order: presence penalty, temperature, top-k, top-p, min-p.</summary>
public sealed record SamplingParameters
{
    /// <summary>0 takes the likeliest token, exactly.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Only the likeliest tokens, as many; 0 for all.</summary>
    public int TopK { get; init; }

    /// <summary>The smallest set of likeliest tokens with at least this probability; 1 for all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Only tokens at least this fraction as likely as the likeliest; 0 for all.</summary>
    public double MinP { get; init; }

    /// <summary>Taken from the logit of every token that the output holds already.</summary>
    public double PresencePenalty { get; init; }

    /// <summary>Where the random numbers begin.</summary>
    public ulong Seed { get; init; }

    /// <summary>How many alternatives to report with the chosen token's log-probability; 0 reports neither.</summary>
    public int TopLogProbs { get; init; }
}

/// <summary>One choice to make.</summary>
/// <param name="Parameters">How.</param>
/// <param name="Step">Output tokens so far: the place in the sequence's own stream of random numbers, whoever shares the batch.</param>
/// <param name="Seen">Ids the output holds, for the presence penalty.</param>
public readonly record struct SampleRequest(SamplingParameters Parameters, int Step, IReadOnlySet<int> Seen);

/// <summary>A chosen token.</summary>
/// <param name="Id">Its id.</param>
/// <param name="LogProbability">Natural logarithm of its probability before penalty, temperature and truncation; 0 if not asked for.</param>
/// <param name="Alternatives">The likeliest tokens there, likeliest first.</param>
public sealed record SampledToken(int Id, float LogProbability, IReadOnlyList<TokenScore> Alternatives)
{
    /// <summary>A token without scores.</summary>
    public SampledToken(int id) : this(id, 0, []) { }
}

/// <summary>A token and its log-probability.</summary>
public readonly record struct TokenScore(int Id, float LogProbability);
