using EduVision.Model.Configuration;
using EduVision.Model.Weights;

namespace EduVision.Model.Network;

/// <summary>What a vision tower that runs (not one that learns) takes of a device's memory, in bytes, by its sizes alone.</summary>
/// <param name="config">Sizes.</param>
/// <param name="elementBytes">Of the compute type: 2 or 4.</param>
/// <param name="fp8">True if matrices are held in FP8: see <see cref="Fp8Weights"/>.</param>
public sealed class VisionMemory(VisionConfig config, int elementBytes, bool fp8)
{
    private readonly long width = config.HiddenSize, inner = config.IntermediateSize, joined = (long)config.HiddenSize * config.MergeSize * config.MergeSize;

    /// <summary>All weights.</summary>
    public long Weights
    {
        get
        {
            var block = (elementBytes * ((9 * width) + inner)) + Matrix(3 * width, width) + Matrix(width, width) + Matrix(inner, width) + Matrix(width, inner);
            var merger = (elementBytes * (joined + config.OutHiddenSize)) + Matrix(joined, joined) + Matrix(config.OutHiddenSize, joined);
            var norms = elementBytes * 2 * (width + (config.DeepStackLayers.Count * joined));
            var patches = elementBytes * width * (config.PatchWidth + 1 + config.PositionEmbeddings);
            return patches + (config.Depth * block) + ((1 + config.DeepStackLayers.Count) * merger) + norms;
        }
    }

    /// <summary>What the text model gets of an image: its embeddings and the DeepStack features.</summary>
    /// <param name="tokens">Merged tokens of the image.</param>
    public long Output(long tokens) => tokens * config.OutHiddenSize * elementBytes * (1 + config.DeepStackLayers.Count);

    /// <summary>The same of an image by its grid.</summary>
    public long OutputOf(Imaging.ImageGrid grid) => Output(grid.Tokens(config.MergeSize));

    /// <summary>The most that is there at once while an image is encoded, between two parts of it too, beside <see cref="Weights"/> and <see cref="Output"/>.</summary>
    /// <param name="patches">Patches of the image.</param>
    public long Workspace(long patches)
    {
        const int floatBytes = sizeof(float);
        var states = patches * width * elementBytes;
        var rows = Math.Min(patches, VisionTower.BandPatches);
        var band = rows * width;
        var rotary = 2 * patches * config.HeadDim * floatBytes;
        // The bytes of all pixels; of a band their places in the table, what is found there, and that repeated for each frame.
        var pixels = config.PatchWidth / config.TemporalPatchSize;
        var patch = (patches * pixels) + (rows * ((pixels * (sizeof(int) + elementBytes)) + (config.PatchWidth * elementBytes)));
        // Positions: their sum, a corner of it, and of each corner an index and a share.
        var embed = (3 * states) + (4 * patches * (sizeof(long) + floatBytes + elementBytes)) + patch;
        // Queries, keys and values of all patches; of a band the norm, the product and its rotation in float32.
        var attend = (4 * states) + (band * ((6 * elementBytes) + (2 * floatBytes))) + Widened((3 * width, width), (width, width));
        var mix = states + (2 * band * elementBytes) + (rows * inner * elementBytes) + Widened((inner, width), (width, inner));
        var merge = states + (4 * band * elementBytes) + Widened((joined, joined), (config.OutHiddenSize, joined));
        return rotary + Math.Max(Math.Max(embed, attend), Math.Max(mix, merge));
    }

    private long Matrix(long rows, long columns) => fp8 ? Fp8RowMatrix.BytesOf(rows, columns) : rows * columns * elementBytes;

    private long Widened(params (long Rows, long Columns)[] together) =>
        fp8 ? together.Sum(matrix => matrix.Rows * matrix.Columns * elementBytes) + Fp8RowMatrix.WorkspaceBytes : 0;
}
