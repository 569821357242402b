using System.Globalization;
using EduVision.Model.Configuration;

namespace EduVision.Model.Imaging;

/// <summary>A checkpoint's <c>preprocessor_config.json</c>.</summary>
public sealed record ImageProcessorConfig
{
    internal const string FileName = "preprocessor_config.json";

    /// <summary>Pixels on a patch's side.</summary>
    public int PatchSize { get; init; } = 16;

    /// <summary>Frames in a patch; a still image is repeated.</summary>
    public int TemporalPatchSize { get; init; } = 2;

    /// <summary>Patches on the side of the block that becomes one token.</summary>
    public int MergeSize { get; init; } = 2;

    /// <summary>Smallest area after resizing (<c>shortest_edge</c>, which is an area in spite of its name).</summary>
    public required long MinPixels { get; init; }

    /// <summary>Largest area after resizing (<c>longest_edge</c>).</summary>
    public required long MaxPixels { get; init; }

    /// <summary>Subtracted from each channel in [0, 1].</summary>
    public IReadOnlyList<double> Mean { get; init; } = [0.5, 0.5, 0.5];

    /// <summary>What each channel is divided by then.</summary>
    public IReadOnlyList<double> Std { get; init; } = [0.5, 0.5, 0.5];

    /// <summary>Values in a patch: channels, frames, rows, columns.</summary>
    public int PatchWidth => 3 * TemporalPatchSize * PatchSize * PatchSize;

    /// <summary>All that decides what an image becomes, for cache keys.</summary>
    public string Fingerprint => string.Create(CultureInfo.InvariantCulture,
        $"{PatchSize}/{TemporalPatchSize}/{MergeSize}/{MinPixels}-{MaxPixels}/{string.Join(',', Mean)}/{string.Join(',', Std)}");

    /// <summary>The same for images of so many merged tokens at most; larger ones are brought to that size.</summary>
    /// <param name="tokens">Null for no limit but the checkpoint's own; never below its smallest area.</param>
    public ImageProcessorConfig Limited(long? tokens) => tokens is { } most
        ? this with { MaxPixels = Math.Clamp(most * PatchSize * MergeSize * PatchSize * MergeSize, MinPixels, MaxPixels) }
        : this;

    /// <summary>Reads and checks the file of a checkpoint folder.</summary>
    /// <exception cref="ModelFileException">It is missing, damaged, or asks for what this implementation does not do.</exception>
    public static ImageProcessorConfig Load(string directory)
    {
        var root = JsonFields.Read(Path.Combine(directory, FileName));
        foreach (string step in (string[])["do_resize", "do_rescale", "do_normalize"])
        {
            Require(root, root.Flag(step) != false, step, "true");
        }

        const int bicubic = 3;
        Require(root, (root.Integer("resample") ?? bicubic) == bicubic, "resample", "3 (bicubic)");
        Require(root, root.Number("rescale_factor") is null or (> 0.0039215 and < 0.0039216), "rescale_factor", "1/255");
        JsonFields? size = root.Object("size");
        var config = new ImageProcessorConfig
        {
            PatchSize = root.Positive("patch_size", 16),
            TemporalPatchSize = root.Positive("temporal_patch_size", 2),
            MergeSize = root.Positive("merge_size", 2),
            MinPixels = size?.Integer("shortest_edge") ?? root.Positive("min_pixels"),
            MaxPixels = size?.Integer("longest_edge") ?? root.Positive("max_pixels"),
            Mean = root.Numbers("image_mean") ?? [0.5, 0.5, 0.5],
            Std = root.Numbers("image_std") ?? [0.5, 0.5, 0.5],
        };
        Require(root, config.MinPixels > 0 && config.MinPixels <= config.MaxPixels, "size", "a shortest_edge above 0 and not above longest_edge");
        Require(root, config.Mean.Count == 3, "image_mean", "three numbers");
        Require(root, config.Std.Count == 3 && config.Std.All(value => value > 0), "image_std", "three numbers above 0");
        return config;
    }

    private static void Require(JsonFields root, bool condition, string field, string expected)
    {
        if (!condition)
        {
            throw new ModelFileException(root.File, $"`{field}` is not supported as it is, expected {expected}.");
        }
    }
}
