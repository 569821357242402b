using EduVision.Shared;
using EduVision.Web.Uploads;

namespace EduVision.Web.Questions;

/// <summary>A question that is being written.</summary>
/// <param name="tray">Its photos.</param>
public sealed class QuestionDraft(PhotoTray tray)
{
    /// <summary>The photos.</summary>
    public PhotoTray Tray { get; } = tray;

    /// <summary>What to do with them.</summary>
    public QuestionTask Task { get; set; } = QuestionTask.Solve;

    /// <summary>The person's words.</summary>
    public string Text { get; set; } = "";

    /// <summary>True while it is being sent.</summary>
    public bool IsSending { get; private set; }

    /// <summary>What is missing before it can be sent: a key of the texts, or null.</summary>
    public string? Missing =>
        Tray.Stored.Count == 0 && !Tray.IsBusy ? "Ask.NeedsPhoto"
        : Tray.IsBusy ? "Ask.NeedsUpload"
        : Task == QuestionTask.Ask && string.IsNullOrWhiteSpace(Text) ? "Ask.NeedsText"
        : null;

    /// <summary>Sends it.</summary>
    /// <returns>The question's id, or null if something is missing or it is already on its way.</returns>
    public async Task<Guid?> SendAsync(QuestionBook book, string language)
    {
        if (Missing is not null || IsSending) return null;
        IsSending = true;
        try
        {
            return await book.AskAsync(Task, language, Text, Tray.Stored);
        }
        finally
        {
            IsSending = false;
        }
    }
}
