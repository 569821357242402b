namespace EduVision.Training.Problems;

/// <summary>What is asked about the photo.</summary>
public enum ProblemTask
{
    /// <summary>Work it out, with steps.</summary>
    Solve,

    /// <summary>Write down what it says.</summary>
    Transcribe,
}

/// <summary>What the photo holds.</summary>
public enum ProblemKind
{
    /// <summary>A line of arithmetic on integers and fractions.</summary>
    Arithmetic,

    /// <summary>A linear equation in x.</summary>
    Equation,

    /// <summary>Mathematics that is read, not solved.</summary>
    MathLine,

    /// <summary>Chinese characters in columns.</summary>
    Columns,

    /// <summary>Nothing legible.</summary>
    Unreadable,
}

/// <summary>One training or test sample on its text side: the picture to draw, the question, and what a right answer says.</summary>
/// <param name="Kind">What the photo holds.</param>
/// <param name="Task">What is asked.</param>
/// <param name="Language"><c>zh</c> or <c>en</c>: of the prompt, the reasoning and a refusal.</param>
/// <param name="Picture">What to draw.</param>
/// <param name="Prompt">The user's words.</param>
/// <param name="Reasoning">What was read and numbered steps, every equality in it true; empty for a transcription that was asked for.</param>
/// <param name="Answer">What follows <c>&lt;/think&gt;</c>.</param>
/// <param name="Expected">What scoring compares with: the canonical value (<c>33</c>, <c>\frac{3}{2}</c>, <c>x=-4</c>), the LaTeX without dollar signs, the columns joined by newlines, or the refusal.</param>
public sealed record Problem(
    ProblemKind Kind, ProblemTask Task, string Language, Picture Picture, string Prompt, string Reasoning, string Answer, string Expected)
{
    /// <summary>What the model has to write after the template's <c>&lt;think&gt;\n</c>, up to (not with) <c>&lt;|im_end|&gt;</c>.</summary>
    public string Completion => (Reasoning.Length == 0 ? "" : Reasoning + "\n") + "</think>\n\n" + Answer;
}
