using EduVision.Shared;

namespace EduVision.Web.Questions;

/// <summary>One answer, as far as it was received.</summary>
public sealed class StoredAnswer
{
    /// <summary>Key.</summary>
    public Guid Id { get; init; }

    /// <summary>The id of the request in the inference service; a new one when it is asked again.</summary>
    public Guid RequestId { get; set; }

    /// <summary>The turn it answers.</summary>
    public Guid ExchangeId { get; init; }

    /// <summary>1 for the first answer of a turn, then one more for each regeneration.</summary>
    public int Attempt { get; init; }

    /// <summary>Where it stands.</summary>
    public AnswerState State { get; set; }

    /// <summary>Number of the last event of the request's log that is in this row.</summary>
    public long Sequence { get; set; }

    /// <summary>The reasoning received so far.</summary>
    public string Reasoning { get; set; } = "";

    /// <summary>The answer received so far, Markdown.</summary>
    public string Text { get; set; } = "";

    /// <summary>How often a restart of the service made Web ask it again; at most once by itself.</summary>
    public int AskedAgain { get; set; }

    /// <summary>When it was asked, UTC.</summary>
    public DateTime Asked { get; init; }

    /// <summary>When the first token came, UTC.</summary>
    public DateTime? FirstToken { get; set; }

    /// <summary>When the answer proper began, UTC.</summary>
    public DateTime? ReasoningEnded { get; set; }

    /// <summary>When it ended, UTC.</summary>
    public DateTime? Ended { get; set; }

    /// <summary>Why the generation ended, once it did.</summary>
    public FinishReason? FinishReason { get; set; }

    /// <summary>One of <see cref="FailureCode"/> or <see cref="InterruptedCode"/> if <see cref="State"/> is failed.</summary>
    public string? FailureCode { get; set; }

    /// <summary>The service's own sentence.</summary>
    public string? FailureMessage { get; set; }

    /// <summary>Values for a translated sentence.</summary>
    public Dictionary<string, string> FailureParameters { get; set; } = [];

    /// <summary>Tokens, once known.</summary>
    public Usage? Usage { get; set; }

    /// <summary>Where the time went, once known.</summary>
    public Timings? Timings { get; set; }

    /// <summary>The model's name.</summary>
    public string? Model { get; set; }

    /// <summary>Cut off by restarts more than once: nobody asks again by themselves.</summary>
    public const string InterruptedCode = "interrupted";
}

/// <summary>Where an answer stands. Stored as a number: append only.</summary>
public enum AnswerState
{
    /// <summary>Not yet taken up by the engine.</summary>
    Waiting = 0,

    /// <summary>The engine works on it.</summary>
    Running = 1,

    /// <summary>Ended by the model or a limit.</summary>
    Done = 2,

    /// <summary>Stopped by the person.</summary>
    Stopped = 3,

    /// <summary>Refused or failed.</summary>
    Failed = 4,
}
