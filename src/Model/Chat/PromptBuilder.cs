using System.Text;
using EduVision.Model.Tokenization;

namespace EduVision.Model.Chat;

/// <summary>Turns conversations into prompts. Safe for several threads.</summary>
/// <param name="tokenizer">The checkpoint's vocabulary.</param>
/// <param name="template">The checkpoint's chat template.</param>
/// <param name="mergeSize">Patches on the side of the block that becomes one token.</param>
public sealed class PromptBuilder(Tokenizer tokenizer, ChatTemplate template, int mergeSize)
{
    private readonly int imageToken = tokenizer.IdOf(ChatTemplate.ImagePad);

    /// <summary>The prompt of a conversation, ending where the model's turn begins.</summary>
    /// <exception cref="ArgumentException">The last message is not the user's, or a system prompt or an image is out of place.</exception>
    public Prompt Build(IReadOnlyList<ChatMessage> messages)
    {
        var ids = new List<int>();
        var images = new List<ImageSpan>();
        // Text between two special tokens is encoded in one go, the template's and the person's together: pieces and merges
        // cross the seam in the reference.
        var text = new StringBuilder();
        foreach (PromptPiece piece in template.Render(messages))
        {
            if (piece.Text is not null)
            {
                text.Append(piece.Text);
                continue;
            }

            Flush(text, ids);
            if (piece.Image is { } grid)
            {
                int tokens = grid.Tokens(mergeSize);
                images.Add(new ImageSpan(grid, ids.Count, tokens));
                ids.AddRange(Enumerable.Repeat(imageToken, tokens));
            }
            else
            {
                ids.Add(tokenizer.IdOf(piece.Token!));
            }
        }

        Flush(text, ids);
        return new Prompt([.. ids], images, mergeSize);
    }

    private void Flush(StringBuilder text, List<int> ids)
    {
        tokenizer.Encode(text.ToString(), allowSpecial: false, ids);
        text.Clear();
    }
}
