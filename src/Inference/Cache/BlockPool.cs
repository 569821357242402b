namespace EduVision.Inference.Cache;

/// <summary>
/// The KV cache's blocks: who holds which, and which full ones can be found again by their <see cref="BlockKey"/> (the
/// prefix cache). A block nobody holds stays findable until its memory is needed; the one unused longest goes first.
/// </summary>
public sealed class BlockPool
{
    private readonly int[] holders;
    private readonly BlockKey?[] keys;
    private readonly Dictionary<BlockKey, int> byKey = [];
    private readonly LinkedList<int> free = [];
    private readonly LinkedListNode<int>[] nodes;

    /// <summary>A pool of blocks 0 to <paramref name="blocks"/> - 1, all free.</summary>
    public BlockPool(int blocks, int blockSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(blocks);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(blockSize);
        BlockSize = blockSize;
        holders = new int[blocks];
        keys = new BlockKey?[blocks];
        nodes = [.. Enumerable.Range(0, blocks).Select(block => free.AddLast(block))];
    }

    /// <summary>Tokens a block.</summary>
    public int BlockSize { get; }

    /// <summary>All blocks.</summary>
    public int Total => holders.Length;

    /// <summary>Blocks nobody holds, findable or not.</summary>
    public int Free => free.Count;

    /// <summary>Blocks somebody holds.</summary>
    public int Used => Total - Free;

    /// <summary>Blocks for that many tokens.</summary>
    public int BlocksFor(int tokens) => (tokens + BlockSize - 1) / BlockSize;

    /// <summary>Takes a block whose contents are void.</summary>
    /// <returns>False if none is free.</returns>
    public bool TryTake(out int block)
    {
        block = -1;
        if (free.First is not { } first) return false;
        block = first.Value;
        free.Remove(first);
        Forget(block);
        holders[block] = 1;
        return true;
    }

    /// <summary>The block with that key, not held by the caller yet.</summary>
    public bool TryFind(BlockKey key, out int block) => byKey.TryGetValue(key, out block);

    /// <summary>True if somebody holds the block.</summary>
    public bool IsHeld(int block) => holders[block] > 0;

    /// <summary>Holds a block that <see cref="TryFind"/> gave.</summary>
    public void Share(int block)
    {
        if (holders[block]++ == 0) free.Remove(nodes[block]);
    }

    /// <summary>Makes a full block findable. If another has the same contents already, that one stays the findable one.</summary>
    public void Publish(int block, BlockKey key)
    {
        if (keys[block] is not null || !byKey.TryAdd(key, block)) return;
        keys[block] = key;
    }

    /// <summary>Makes a block unfindable, as when a fault may have left wrong values in it.</summary>
    public void Forget(int block)
    {
        if (keys[block] is not { } key) return;
        byKey.Remove(key);
        keys[block] = null;
    }

    /// <summary>Makes every block unfindable: what comes next is computed anew.</summary>
    public void ForgetAll()
    {
        byKey.Clear();
        Array.Clear(keys);
    }

    /// <summary>Lets go of a block. Unfindable ones are reused first, findable ones as late as possible.</summary>
    public void Release(int block)
    {
        if (holders[block] == 0) throw new InvalidOperationException($"KV block {block} was released more often than taken.");
        if (--holders[block] > 0) return;
        if (keys[block] is null) free.AddFirst(nodes[block]);
        else free.AddLast(nodes[block]);
    }

    /// <summary>Checks that every block is free or held, as often as <paramref name="tables"/> (the block tables of all sequences) say.</summary>
    /// <exception cref="InvalidOperationException">It is not so; the message names the block.</exception>
    public void CheckIntegrity(IEnumerable<IReadOnlyList<int>> tables)
    {
        var expected = new int[Total];
        foreach (var table in tables)
            foreach (var block in table) expected[block]++;
        var isFree = new bool[Total];
        foreach (var block in free)
        {
            if (isFree[block]) throw new InvalidOperationException($"KV block {block} is free twice.");
            isFree[block] = true;
        }
        for (var block = 0; block < Total; block++)
        {
            if (expected[block] != holders[block])
                throw new InvalidOperationException($"KV block {block} counts {holders[block]} holders, but {expected[block]} sequences hold it.");
            if (isFree[block] == holders[block] > 0)
                throw new InvalidOperationException($"KV block {block} with {holders[block]} holders is {(isFree[block] ? "" : "not ")}free.");
            if (keys[block] is { } key && byKey.GetValueOrDefault(key, -1) != block)
                throw new InvalidOperationException($"KV block {block} has a key that leads elsewhere.");
        }
        if (byKey.Count != keys.Count(key => key is not null)) throw new InvalidOperationException("A prefix key leads to a block that has another.");
    }
}
