namespace EduVision.Web.Questions;

/// <summary>Tells every open page that something about a question changed, whichever tab did it.</summary>
public sealed class QuestionChanges
{
    /// <summary>Raised with the question's id, on any thread.</summary>
    public event Action<Guid>? Changed;

    /// <summary>Raises it.</summary>
    public void Announce(Guid questionId) => Changed?.Invoke(questionId);
}
