namespace EduVision.Shared;

/// <summary>What a person wants done with the photos of a question.</summary>
public enum QuestionTask
{
    /// <summary>Solve the mathematics in the photo and show the steps.</summary>
    Solve,

    /// <summary>Write down what the photo says: mathematics as LaTeX, text as text.</summary>
    Transcribe,

    /// <summary>A free question about the photos; <see cref="Turn.Text"/> carries it.</summary>
    Ask,
}
