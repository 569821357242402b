using System.Text.Json.Serialization;

namespace EduVision.Shared;

/// <summary>
/// One entry of a request's event log. Sequence numbers start at 1 and have no gaps; a client that lost its
/// connection asks again after the last number it has.
/// </summary>
/// <param name="Sequence">Position in the request's log, from 1.</param>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(Queued), "queued")]
[JsonDerivedType(typeof(Started), "started")]
[JsonDerivedType(typeof(Prefilled), "prefilled")]
[JsonDerivedType(typeof(Reasoning), "reasoning")]
[JsonDerivedType(typeof(Answer), "answer")]
[JsonDerivedType(typeof(Completed), "completed")]
[JsonDerivedType(typeof(Failed), "failed")]
public abstract record AnswerEvent(long Sequence)
{
    /// <summary>True for the two events that end a log: <see cref="Completed"/> and <see cref="Failed"/>.</summary>
    [JsonIgnore]
    public bool IsLast => this is Completed or Failed;
}

/// <summary>The request waits.</summary>
/// <param name="Sequence">Position in the log.</param>
/// <param name="Position">How many requests are served before this one, plus one.</param>
/// <param name="EtaSeconds">Expected wait until the first token, from measured rates; null while nothing was measured yet.</param>
public sealed record Queued(long Sequence, int Position, double? EtaSeconds) : AnswerEvent(Sequence);

/// <summary>The engine took the request up. Appears again if it had to be preempted and recomputed.</summary>
public sealed record Started(long Sequence) : AnswerEvent(Sequence);

/// <summary>The prompt, images included, is in the KV cache.</summary>
/// <param name="Sequence">Position in the log.</param>
/// <param name="Tokens">Prompt tokens, image tokens included.</param>
/// <param name="CachedTokens">How many of them the prefix cache already held.</param>
public sealed record Prefilled(long Sequence, int Tokens, int CachedTokens) : AnswerEvent(Sequence);

/// <summary>A piece of the reasoning, whole Unicode characters.</summary>
public sealed record Reasoning(long Sequence, string Delta) : AnswerEvent(Sequence);

/// <summary>A piece of the answer, whole Unicode characters.</summary>
/// <param name="Sequence">Position in the log.</param>
/// <param name="Delta">The text.</param>
/// <param name="Tokens">The tokens behind it, if the request asked for log-probabilities.</param>
public sealed record Answer(long Sequence, string Delta, IReadOnlyList<TokenDetail>? Tokens = null) : AnswerEvent(Sequence);

/// <summary>A token of the answer with how sure the model was.</summary>
/// <param name="Text">The token's text; may be part of a character, then with U+FFFD.</param>
/// <param name="LogProbability">Natural logarithm of its probability, before temperature and truncation.</param>
/// <param name="Alternatives">The most likely tokens at this place, likeliest first.</param>
public sealed record TokenDetail(string Text, float LogProbability, IReadOnlyList<TokenAlternative> Alternatives);

/// <summary>A token that could have stood there.</summary>
public sealed record TokenAlternative(string Text, float LogProbability);

/// <summary>The end of a good run.</summary>
public sealed record Completed(long Sequence, Usage Usage, FinishReason FinishReason, Timings Timings) : AnswerEvent(Sequence);

/// <summary>The end of a run that went wrong, or was refused.</summary>
/// <param name="Sequence">Position in the log.</param>
/// <param name="Code">One of <see cref="FailureCode"/>: what a client translates.</param>
/// <param name="Message">A plain English sentence that says what to do.</param>
/// <param name="Parameters">Values for a translated sentence, such as <c>limit</c> and <c>actual</c>.</param>
public sealed record Failed(long Sequence, string Code, string Message, IReadOnlyDictionary<string, string>? Parameters = null)
    : AnswerEvent(Sequence);

/// <summary>Tokens of a request.</summary>
public sealed record Usage(int PromptTokens, int CachedTokens, int ReasoningTokens, int AnswerTokens);

/// <summary>Where the time of a request went, in seconds.</summary>
/// <param name="QueuedSeconds">From arrival to the engine taking it up.</param>
/// <param name="FirstTokenSeconds">From arrival to the first token.</param>
/// <param name="ReasoningSeconds">From the first token to the end of the reasoning.</param>
/// <param name="TotalSeconds">From arrival to the last token.</param>
/// <param name="TokensPerSecond">Output tokens a second, after the first.</param>
public sealed record Timings(double QueuedSeconds, double FirstTokenSeconds, double ReasoningSeconds, double TotalSeconds, double TokensPerSecond);

/// <summary>Why a generation ended.</summary>
public enum FinishReason
{
    /// <summary>The model ended its answer.</summary>
    Stop,

    /// <summary>The token limit was reached.</summary>
    Length,

    /// <summary>The model repeated the same span over and over.</summary>
    Loop,

    /// <summary>Somebody cancelled it.</summary>
    Cancelled,
}
