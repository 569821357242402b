using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace EduVision.Inference.Cache;

/// <summary>
/// The name of a full KV block: everything its keys and values depend on, which is its tokens, the images among them and
/// all blocks before it. Equal keys mean equal contents.
/// </summary>
public readonly record struct BlockKey(UInt128 High, UInt128 Low)
{
    /// <summary>The key before the first block.</summary>
    public static BlockKey Root => default;

    /// <summary>The key of the block that follows this one.</summary>
    /// <param name="tokens">The block's token ids.</param>
    /// <param name="imageKeys">
    /// For each image with a token in the block: its identity (content hash, grid and processor settings, never the bytes
    /// alone) and the place of its first token in this block. Placeholder ids alone would make all images equal.
    /// </param>
    public BlockKey Next(ReadOnlySpan<int> tokens, IEnumerable<(string Identity, int Offset)> imageKeys)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> number = stackalloc byte[32];
        BinaryPrimitives.WriteUInt128LittleEndian(number, High);
        BinaryPrimitives.WriteUInt128LittleEndian(number[16..], Low);
        hash.AppendData(number);
        hash.AppendData(MemoryMarshal.AsBytes(tokens));
        foreach (var (identity, offset) in imageKeys)
        {
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes(identity));
            BinaryPrimitives.WriteInt32LittleEndian(number, offset);
            hash.AppendData(number[..4]);
        }
        hash.GetHashAndReset(number);
        return new BlockKey(BinaryPrimitives.ReadUInt128LittleEndian(number), BinaryPrimitives.ReadUInt128LittleEndian(number[16..]));
    }
}
