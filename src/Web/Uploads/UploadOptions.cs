using System.ComponentModel.DataAnnotations;

namespace EduVision.Web.Uploads;

/// <summary>What may be uploaded: section <c>Uploads</c>.</summary>
public sealed class UploadOptions
{
    /// <summary>Most bytes of one photo as it is sent.</summary>
    [Range(1024, 1L << 30)]
    public long MaxBytes { get; init; } = 40L << 20;

    /// <summary>Most pixels of one photo, read from its header before anything is decoded.</summary>
    [Range(1024, 1L << 30)]
    public long MaxPixels { get; init; } = 64_000_000;

    /// <summary>Shortest side in pixels that can hold writing.</summary>
    [Range(1, 4096)]
    public int MinSide { get; init; } = 16;

    /// <summary>Longest side over shortest side; the model's own limit is 200.</summary>
    [Range(1, 200)]
    public int MaxAspect { get; init; } = 100;

    /// <summary>Most photos of one turn.</summary>
    [Range(1, 64)]
    public int MaxPhotos { get; init; } = 8;

    /// <summary>Longest side of a thumbnail in pixels.</summary>
    [Range(64, 1024)]
    public int ThumbnailSide { get; init; } = 480;

    /// <summary>How long a photo that no question uses is kept.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "30.00:00:00")]
    public TimeSpan KeepUnused { get; init; } = TimeSpan.FromDays(1);
}
