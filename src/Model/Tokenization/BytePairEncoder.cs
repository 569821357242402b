using System.Text;

namespace EduVision.Model.Tokenization;

/// <summary>
/// Byte-pair encoding of one piece: starts from single bytes and joins, again and again, the pair of neighbours whose merge was
/// learnt first, the leftmost of equals. A heap of candidates keeps it at n log n for a piece of any length.
/// </summary>
internal sealed class BytePairEncoder
{
    private const int LongestCached = 48;

    private readonly int[] idOfByte;
    private readonly Dictionary<long, (int Rank, int Id)> merges;
    private readonly Dictionary<string, int>? wholePieces;
    private readonly LruCache cache = new(capacity: 20_000);

    /// <param name="idOfByte">The token of each single byte.</param>
    /// <param name="merges">Rank and result by pair, see <see cref="Pair"/>.</param>
    /// <param name="wholePieces">If given, a piece that is a token itself is not built from merges (<c>ignore_merges</c>).</param>
    public BytePairEncoder(int[] idOfByte, Dictionary<long, (int Rank, int Id)> merges, Dictionary<string, int>? wholePieces)
    {
        this.idOfByte = idOfByte;
        this.merges = merges;
        this.wholePieces = wholePieces;
    }

    public static long Pair(int left, int right) => ((long)left << 32) | (uint)right;

    public void Encode(ReadOnlySpan<char> piece, List<int> output)
    {
        if (cache.TryGet(piece, out int[] known))
        {
            output.AddRange(known);
            return;
        }

        var bytes = new byte[Encoding.UTF8.GetByteCount(piece)];
        Encoding.UTF8.GetBytes(piece, bytes);
        int[] ids = wholePieces is not null && wholePieces.TryGetValue(ByteLevel.Encode(bytes), out int whole) ? [whole] : Merge(bytes);
        output.AddRange(ids);
        if (piece.Length <= LongestCached)
        {
            cache.Add(piece.ToString(), ids);
        }
    }

    private int[] Merge(ReadOnlySpan<byte> bytes)
    {
        int count = bytes.Length;
        var symbols = new int[count];
        var previous = new int[count];
        var next = new int[count];
        for (int i = 0; i < count; i++)
        {
            symbols[i] = idOfByte[bytes[i]];
            previous[i] = i - 1;
            next[i] = i + 1 < count ? i + 1 : -1;
        }

        var candidates = new PriorityQueue<(int Position, long Pair), (int Rank, int Position)>(count);
        for (int i = 0; i + 1 < count; i++)
        {
            Consider(i);
        }

        int alive = count;
        while (candidates.TryDequeue(out (int Position, long Pair) candidate, out _))
        {
            int left = candidate.Position;
            int right = symbols[left] < 0 ? -1 : next[left];
            if (right < 0 || Pair(symbols[left], symbols[right]) != candidate.Pair)
            {
                continue;
            }

            symbols[left] = merges[candidate.Pair].Id;
            symbols[right] = -1;
            next[left] = next[right];
            alive--;
            if (next[right] >= 0)
            {
                previous[next[right]] = left;
                Consider(left);
            }

            if (previous[left] >= 0)
            {
                Consider(previous[left]);
            }
        }

        var ids = new int[alive];
        for (int i = 0, at = 0; at < alive; i = next[i])
        {
            ids[at++] = symbols[i];
        }

        return ids;

        void Consider(int position)
        {
            long pair = Pair(symbols[position], symbols[next[position]]);
            if (merges.TryGetValue(pair, out (int Rank, int Id) merge))
            {
                candidates.Enqueue((position, pair), (merge.Rank, position));
            }
        }
    }
}
