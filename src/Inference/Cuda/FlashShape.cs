using EduVision.Inference.Cuda.Driver;
using EduVision.Model.Configuration;

namespace EduVision.Inference.Cuda;

/// <summary>How large a tile a block of threads of <c>flash.cu</c> takes: what a chip's shared memory and registers have room for.</summary>
/// <param name="Warps">Warps of a block.</param>
/// <param name="Tiles">Tiles of <see cref="CudaAttention.TileRows"/> rows of each warp; two read keys and values half as often as one.</param>
internal readonly record struct FlashShape(int Warps, int Tiles)
{
    // As in heads.cu.
    private const int Part = 64;

    /// <summary>For heads of at most 128 columns.</summary>
    public static FlashShape Of(Chip chip) => (chip.SharedBytes >> 10) switch
    {
        >= 224 => new(8, 2),
        >= 128 => new(8, 1),
        _ => new(4, 1),
    };

    /// <summary>Threads of a block.</summary>
    public int Threads => 32 * Warps;

    /// <summary>Tokens of a block's tile.</summary>
    public int TokensOf(TextConfig config) => Warps * Tiles * (CudaAttention.TileRows / (config.Heads / config.KvHeads));

    /// <summary>Shared memory for keys and values of a part and for the queries; and, as float32, for all that is seen, where a block takes more than a span.</summary>
    public int SharedBytesOf(TextConfig config, bool hasWhole) =>
        config.HeadDim * ((2 * Part * sizeof(ushort)) + (Warps * Tiles * CudaAttention.TileRows * (sizeof(ushort) + (hasWhole ? sizeof(float) : 0))));
}
