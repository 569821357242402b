namespace EduVision.Inference.Runners;

/// <summary>A conversation as the model reads it.</summary>
public sealed class Prompt
{
    /// <summary>Token ids, with one placeholder for each image token.</summary>
    public required IReadOnlyList<int> Ids { get; init; }

    /// <summary>The images among them, by offset.</summary>
    public IReadOnlyList<PromptImage> Images { get; init; } = [];

    /// <summary>Rotary positions (time, height, width) of the ids; where the rows end, they are counted on.</summary>
    public required RotaryPositions Positions { get; init; }

    /// <summary>True if the template opened the reasoning, so that the output begins inside it.</summary>
    public bool StartsInReasoning { get; init; }
}

/// <summary>An image in a prompt.</summary>
/// <param name="Identity">Content hash, grid and processor settings in one string: what caches go by.</param>
/// <param name="Offset">Index of its first placeholder token.</param>
/// <param name="Tokens">How many placeholders it has.</param>
/// <param name="Source">Its pixels.</param>
public sealed record PromptImage(string Identity, int Offset, int Tokens, ImageSource Source)
{
    /// <summary>Index behind its last placeholder.</summary>
    public int End => Offset + Tokens;
}

/// <summary>Interleaved MRoPE positions of a sequence: given for its prompt, counted on for its output.</summary>
/// <param name="Time">Position in time of each prompt token.</param>
/// <param name="Height">Row of each prompt token.</param>
/// <param name="Width">Column of each prompt token.</param>
public sealed record RotaryPositions(IReadOnlyList<int> Time, IReadOnlyList<int> Height, IReadOnlyList<int> Width)
{
    private readonly int next = Time.Count == 0 ? 0 : Math.Max(Time.Max(), Math.Max(Height.Max(), Width.Max())) + 1;

    /// <summary>Positions of text alone.</summary>
    public static RotaryPositions Plain(int tokens)
    {
        int[] count = [.. Enumerable.Range(0, tokens)];
        return new RotaryPositions(count, count, count);
    }

    /// <summary>Positions of a prompt with images.</summary>
    public static RotaryPositions Of(Model.Chat.Prompt prompt) =>
        new(prompt.Positions[..prompt.Length], prompt.Positions[prompt.Length..(2 * prompt.Length)], prompt.Positions[(2 * prompt.Length)..]);

    /// <summary>Time, height and width of the token at <paramref name="index"/>, in the prompt or behind it.</summary>
    public (int Time, int Height, int Width) At(int index)
    {
        if (index < Time.Count) return (Time[index], Height[index], Width[index]);
        var position = next + index - Time.Count;
        return (position, position, position);
    }
}
