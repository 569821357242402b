namespace EduVision.Model.Tokenization;

/// <summary>Keeps the most recently used token lists of short pieces; safe for several threads.</summary>
internal sealed class LruCache(int capacity)
{
    private readonly Lock gate = new();
    private readonly LinkedList<(string Piece, int[] Ids)> byUse = new();
    private readonly Dictionary<string, LinkedListNode<(string Piece, int[] Ids)>> nodes = new(StringComparer.Ordinal);

    public bool TryGet(ReadOnlySpan<char> piece, out int[] ids)
    {
        lock (gate)
        {
            if (!nodes.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(piece, out LinkedListNode<(string Piece, int[] Ids)>? node))
            {
                ids = [];
                return false;
            }

            byUse.Remove(node);
            byUse.AddFirst(node);
            ids = node.Value.Ids;
            return true;
        }
    }

    public void Add(string piece, int[] ids)
    {
        lock (gate)
        {
            if (nodes.ContainsKey(piece))
            {
                return;
            }

            if (nodes.Count == capacity)
            {
                nodes.Remove(byUse.Last!.Value.Piece);
                byUse.RemoveLast();
            }

            nodes.Add(piece, byUse.AddFirst((piece, ids)));
        }
    }
}
