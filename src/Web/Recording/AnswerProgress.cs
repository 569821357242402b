using EduVision.Shared;
using EduVision.Web.Questions;

namespace EduVision.Web.Recording;

/// <summary>Everything about an answer but its text, at one moment.</summary>
public sealed record AnswerProgress
{
    /// <summary>Where it stands.</summary>
    public required AnswerState State { get; init; }

    /// <summary>Number of the last event applied.</summary>
    public long Sequence { get; init; }

    /// <summary>Place in the queue from 1; null while not known or no longer waiting.</summary>
    public int? Position { get; init; }

    /// <summary>Expected seconds to the first token; null while not known.</summary>
    public double? EtaSeconds { get; init; }

    /// <summary>Prompt tokens, once they are in the cache.</summary>
    public int? PromptTokens { get; init; }

    /// <summary>How often the text so far was thrown away and asked for again.</summary>
    public int AskedAgain { get; init; }

    /// <summary>True when the person asked to stop and the end has not come yet.</summary>
    public bool Stopping { get; init; }

    /// <summary>When it was asked, UTC.</summary>
    public required DateTime Asked { get; init; }

    /// <summary>When the first token came, UTC.</summary>
    public DateTime? FirstToken { get; init; }

    /// <summary>When the answer proper began, UTC.</summary>
    public DateTime? ReasoningEnded { get; init; }

    /// <summary>When it ended, UTC.</summary>
    public DateTime? Ended { get; init; }

    /// <summary>The end, if it was a good one.</summary>
    public Completed? Completed { get; init; }

    /// <summary>The end, if it was a failure.</summary>
    public Failed? Failed { get; init; }

    /// <summary>True while it has only waited.</summary>
    public bool HasNotBegun => State == AnswerState.Waiting && PromptTokens is null && FirstToken is null;

    /// <summary>True once nothing more will come.</summary>
    public bool HasEnded => State is AnswerState.Done or AnswerState.Stopped or AnswerState.Failed;

    /// <summary>The progress that a stored row describes.</summary>
    public static AnswerProgress Of(StoredAnswer row) => new()
    {
        State = row.State,
        Sequence = row.Sequence,
        AskedAgain = row.AskedAgain,
        Asked = row.Asked,
        FirstToken = row.FirstToken,
        ReasoningEnded = row.ReasoningEnded,
        Ended = row.Ended,
        Completed = row is { FinishReason: { } reason, Usage: { } usage, Timings: { } timings } ? new Completed(row.Sequence, usage, reason, timings) : null,
        Failed = row.FailureCode is { } code ? new Failed(row.Sequence, code, row.FailureMessage ?? "", row.FailureParameters) : null,
    };
}
