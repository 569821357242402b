using System.Text.Json.Serialization;

namespace EduVision.Shared;

/// <summary>One request to the inference service: a conversation whose last turn is the user's.</summary>
public sealed record AskRequest
{
    /// <summary>Chosen by the client. Asking twice with the same id joins the request that is already there.</summary>
    public required Guid Id { get; init; }

    /// <summary>Whose turn it is in the queue: requests of one user share that user's fair share.</summary>
    public required string User { get; init; }

    /// <summary>What to do with the last turn's images.</summary>
    public required QuestionTask Task { get; init; }

    /// <summary>The language of the instructions and of the answer: <c>zh</c> or <c>en</c>.</summary>
    public required string Language { get; init; }

    /// <summary>The conversation, oldest first; the last turn is the user's.</summary>
    public required IReadOnlyList<Turn> Turns { get; init; }

    /// <summary>A system prompt, or null for none.</summary>
    public string? System { get; init; }

    /// <summary>How to generate; what is null comes from the model's own <c>generation_config.json</c>.</summary>
    public GenerationOptions Options { get; init; } = new();
}

/// <summary>One turn of a conversation.</summary>
/// <param name="Role">Who speaks.</param>
/// <param name="Text">What was said; for an assistant the answer only, never its reasoning.</param>
/// <param name="Images">Lower-case hex SHA-256 of images stored with <c>PUT /images/{sha256}</c>, in order, placed before the text.</param>
[method: JsonConstructor]
public sealed record Turn(TurnRole Role, string Text, IReadOnlyList<string> Images)
{
    /// <summary>A turn without images.</summary>
    public Turn(TurnRole role, string text) : this(role, text, []) { }
}

/// <summary>Who speaks in a turn.</summary>
public enum TurnRole
{
    /// <summary>The person who asks.</summary>
    User,

    /// <summary>The model.</summary>
    Assistant,
}

/// <summary>Sampling and length of one generation. Null means: the model's or the service's default.</summary>
public sealed record GenerationOptions
{
    /// <summary>Most output tokens, reasoning included.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Most reasoning tokens; at the cap the engine closes the reasoning and lets the model answer. 0 is no reasoning at all.</summary>
    public int? ThinkingBudget { get; init; }

    /// <summary>0 is greedy.</summary>
    public double? Temperature { get; init; }

    /// <summary>Nucleus: smallest set of tokens with at least this probability; in (0, 1].</summary>
    public double? TopP { get; init; }

    /// <summary>Only this many most likely tokens; 0 is no limit.</summary>
    public int? TopK { get; init; }

    /// <summary>Only tokens at least this fraction as likely as the likeliest; in [0, 1].</summary>
    public double? MinP { get; init; }

    /// <summary>Subtracted from the logit of every token already in the output; in [-2, 2].</summary>
    public double? PresencePenalty { get; init; }

    /// <summary>Same seed, same request, same model: same output.</summary>
    public long? Seed { get; init; }

    /// <summary>How many alternatives with their log-probabilities to report for each answer token; 0 for none, at most 20.</summary>
    public int TopLogProbs { get; init; }

    /// <summary>Goes on to <see cref="MaxTokens"/> whatever the model says: only for measuring speed.</summary>
    public bool IgnoreEnd { get; init; }
}
