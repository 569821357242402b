namespace EduVision.Training.Rendering;

/// <summary>A box around a line's ink, 0 to 1000 of the picture's width and height (Qwen's grounding format).</summary>
public readonly record struct LineBox(int Left, int Top, int Right, int Bottom);

/// <summary>A finished photo.</summary>
/// <param name="Rgb">[height, width, 3], row by row.</param>
/// <param name="Boxes">One for each line or column of the request, in its order; none for unreadable photos.</param>
public sealed record Photo(int Width, int Height, byte[] Rgb, IReadOnlyList<LineBox> Boxes);
