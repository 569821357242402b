namespace EduVision.Model.Imaging;

/// <summary>What is refused before a pixel is decoded.</summary>
public sealed record ImageLimits
{
    /// <summary>Largest file, in bytes.</summary>
    public long MaxBytes { get; init; } = 50L << 20;

    /// <summary>Most pixels, as the file's header states them: a small file may claim a huge picture.</summary>
    public long MaxPixels { get; init; } = 100_000_000;
}
