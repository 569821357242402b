using EduVision.Model.Chat;
using EduVision.Model.Imaging;
using EduVision.Training.Problems;

namespace EduVision.Training.Data;

/// <summary>A problem as token ids: the prompt, image placeholders included, then what the model shall write.</summary>
/// <param name="Problem">What it was made from.</param>
/// <param name="Ids">All ids.</param>
/// <param name="Positions">Rotary positions [3 * n], rows t, h, w.</param>
/// <param name="PromptLength">How many of the ids are given.</param>
public sealed record Example(Problem Problem, int[] Ids, int[] Positions, int PromptLength)
{
    /// <summary>The example of a problem whose photo has that grid.</summary>
    public static Example Of(Problem problem, ImageGrid grid, ChatProcessor processor)
    {
        var prompt = processor.Prompts.Build([new ChatMessage(ChatRole.User, [new ImagePart(grid), new TextPart(problem.Prompt)])]);
        // The completion's only special tokens are ours: </think> and the end of the turn.
        int[] completion = [.. processor.Tokenizer.Encode(problem.Completion, allowSpecial: true), processor.TurnEndId];
        var length = prompt.Length + completion.Length;
        var positions = new int[3 * length];
        for (var row = 0; row < 3; row++)
        {
            Array.Copy(prompt.Positions, row * prompt.Length, positions, row * length, prompt.Length);
            for (var i = 0; i < completion.Length; i++) positions[row * length + prompt.Length + i] = prompt.NextPosition + i;
        }
        return new Example(problem, [.. prompt.InputIds, .. completion], positions, prompt.Length);
    }
}
