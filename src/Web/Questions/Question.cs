using EduVision.Shared;

namespace EduVision.Web.Questions;

/// <summary>What a person asked about some photos, with every turn that followed.</summary>
public sealed class Question
{
    /// <summary>The id in the page's address.</summary>
    public Guid Id { get; init; }

    /// <summary>Shown in the history; written by the person, or null until then.</summary>
    public string? Title { get; set; }

    /// <summary>What is done with the photos of the first turn.</summary>
    public QuestionTask Task { get; init; }

    /// <summary>The language the model is asked to use: <c>zh</c> or <c>en</c>.</summary>
    public required string Language { get; init; }

    /// <summary>When it was asked, UTC.</summary>
    public DateTime Created { get; init; }

    /// <summary>When something last happened to it, UTC; the history's order.</summary>
    public DateTime Updated { get; set; }

    /// <summary>When it was deleted, UTC; it can be brought back until it is swept. Null while it is kept.</summary>
    public DateTime? Deleted { get; set; }

    /// <summary>The turns, oldest first by <see cref="Exchange.Number"/>.</summary>
    public List<Exchange> Exchanges { get; init; } = [];
}

/// <summary>One turn of a conversation: what the person sent, and the answers it got.</summary>
public sealed class Exchange
{
    /// <summary>Key.</summary>
    public Guid Id { get; init; }

    /// <summary>The question it belongs to.</summary>
    public Guid QuestionId { get; init; }

    /// <summary>Position in the conversation, from 1.</summary>
    public int Number { get; init; }

    /// <summary>The person's own words; may be empty when the task says it all.</summary>
    public required string Text { get; init; }

    /// <summary>When it was sent, UTC.</summary>
    public DateTime Asked { get; init; }

    /// <summary>Its photos, in order.</summary>
    public List<ExchangePhoto> Photos { get; init; } = [];

    /// <summary>Its answers, oldest first by <see cref="StoredAnswer.Attempt"/>; the last is the one that counts.</summary>
    public List<StoredAnswer> Answers { get; init; } = [];
}

/// <summary>A photo of a turn.</summary>
public sealed class ExchangePhoto
{
    /// <summary>The turn.</summary>
    public Guid ExchangeId { get; init; }

    /// <summary>Position among the turn's photos, from 1.</summary>
    public int Number { get; init; }

    /// <summary>Lower-case hex SHA-256 of the stored bytes.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Pixels, upright.</summary>
    public int Width { get; init; }

    /// <summary>Pixels, upright.</summary>
    public int Height { get; init; }
}
