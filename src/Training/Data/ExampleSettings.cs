using EduVision.Model.Imaging;
using EduVision.Training.Problems;

namespace EduVision.Training.Data;

/// <summary>What the examples of a run are.</summary>
public sealed record ExampleSettings
{
    /// <summary>Same seed, same data.</summary>
    public required int Seed { get; init; }

    /// <summary>Which problems, how often.</summary>
    public required ProblemMix Mix { get; init; }

    /// <summary>Image and text tokens a batch holds, about.</summary>
    public int TokensPerBatch { get; init; } = 65_536;

    /// <summary>Longest example, in tokens; longer ones are drawn again.</summary>
    public int LongestText { get; init; } = 640;

    /// <summary>Only ink that training never sees.</summary>
    public bool HeldOut { get; init; }

    /// <summary>How many photos of that grid make a batch.</summary>
    public int BatchSizeFor(ImageGrid grid)
    {
        const int usualText = 110;
        const int merge = 2;
        return Math.Max(4, TokensPerBatch / (grid.Tokens(merge) + usualText) / 4 * 4);
    }
}
