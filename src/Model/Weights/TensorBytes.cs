using static TorchSharp.torch;

namespace EduVision.Model.Weights;

/// <summary>A CPU tensor's memory, in pieces that a span can hold: the largest matrices exceed 2 GiB.</summary>
internal static unsafe class TensorBytes
{
    private const long PieceElements = 1L << 27;

    /// <summary>Overwrites a contiguous CPU tensor with as many bytes as it holds.</summary>
    public static void Fill(Tensor tensor, byte* source)
    {
        var size = tensor.element_size();
        ForEachPiece(tensor, (piece, start) => new ReadOnlySpan<byte>(source + (start * size), piece.bytes.Length).CopyTo(piece.bytes));
    }

    /// <summary>Writes a contiguous CPU tensor's bytes to a stream.</summary>
    public static void Write(Tensor tensor, Stream stream) =>
        ForEachPiece(tensor, (piece, _) => stream.Write(piece.bytes));

    private static void ForEachPiece(Tensor tensor, Action<Tensor, long> action)
    {
        var count = tensor.numel();
        if (count == 0)
        {
            return;
        }

        using var flat = tensor.view(-1);
        for (long start = 0; start < count; start += PieceElements)
        {
            using var piece = flat.narrow(0, start, Math.Min(PieceElements, count - start));
            action(piece, start);
        }
    }
}
