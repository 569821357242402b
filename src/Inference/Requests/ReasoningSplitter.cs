using EduVision.Model.Tokenization;

namespace EduVision.Inference.Requests;

/// <summary>
/// Parts a stream of token ids into reasoning and answer by the ids of <c>&lt;think&gt;</c> and <c>&lt;/think&gt;</c>, never by
/// their text: a model may write about the tags. White space around the reasoning is the template's and is dropped.
/// </summary>
public sealed class ReasoningSplitter
{
    private readonly TokenDetokenizer detokenizer;
    private readonly int? open;
    private readonly int? close;
    private string held = "";
    private bool atStart = true;

    /// <summary>A splitter for one output.</summary>
    /// <param name="tokenizer">The model's; without the two tags everything is answer.</param>
    /// <param name="startsInReasoning">True if the prompt ends with <c>&lt;think&gt;</c>.</param>
    public ReasoningSplitter(Tokenizer tokenizer, bool startsInReasoning)
    {
        detokenizer = new TokenDetokenizer(tokenizer);
        open = tokenizer.TryIdOf("<think>", out var id) ? id : null;
        close = tokenizer.TryIdOf("</think>", out id) ? id : null;
        InReasoning = startsInReasoning && close is not null;
    }

    /// <summary>True while what comes is reasoning.</summary>
    public bool InReasoning { get; private set; }

    /// <summary>Takes a token.</summary>
    /// <returns>The text that is certain now, often none, and which part it belongs to.</returns>
    public (bool IsReasoning, string Text) Push(int id)
    {
        var wasReasoning = InReasoning;
        if (id == close && InReasoning || id == open && !InReasoning && atStart)
        {
            var rest = Shape(detokenizer.Flush());
            InReasoning = !InReasoning;
            (held, atStart) = ("", true);
            return (wasReasoning, rest);
        }
        if (id == close || id == open) return (wasReasoning, "");
        return (wasReasoning, Shape(detokenizer.Push(id)));
    }

    /// <summary>What is left at the end.</summary>
    public (bool IsReasoning, string Text) Flush() => (InReasoning, Shape(detokenizer.Flush()));

    private string Shape(string piece)
    {
        if (atStart) piece = piece.TrimStart();
        if (piece.Length == 0) return "";
        atStart = false;
        if (!InReasoning) return piece;
        // White space at the end is held back until it proves to be inside.
        piece = held + piece;
        var certain = piece.TrimEnd();
        held = piece[certain.Length..];
        return certain;
    }
}
