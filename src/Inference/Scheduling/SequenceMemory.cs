using EduVision.Inference.Cache;
using EduVision.Inference.Runners;

namespace EduVision.Inference.Scheduling;

/// <summary>What sequences hold of the block pool and of the encoder cache: takes it, shares it, gives it back.</summary>
/// <param name="pool">KV blocks.</param>
/// <param name="encoded">Encoded images.</param>
/// <param name="bytesOf">Device memory that an image will hold once it is encoded.</param>
public sealed class SequenceMemory(BlockPool pool, EncoderCache encoded, Func<PromptImage, long> bytesOf)
{
    /// <summary>True if the pool has the blocks a waiting sequence needs to start: all of its tokens and one to decode into.</summary>
    public bool HasRoom(Sequence sequence)
    {
        var cached = FindCached(sequence);
        // A cached block that nobody holds counts as free until it is taken.
        return pool.Free >= pool.BlocksFor(sequence.Tokens.Count + 1) - cached.Count(pool.IsHeld);
    }

    /// <summary>Gives a sequence with <see cref="HasRoom"/> its blocks, those of the prefix cache first.</summary>
    public void Start(Sequence sequence)
    {
        var cached = FindCached(sequence);
        foreach (var block in cached)
        {
            pool.Share(block);
            sequence.Blocks.Add(block);
        }
        sequence.Computed = cached.Count * pool.BlockSize;
        if (!TryGrow(sequence, sequence.Tokens.Count)) throw new InvalidOperationException("The KV cache has fewer free blocks than it says.");
    }

    /// <summary>Takes blocks for the first <paramref name="tokens"/> tokens; keeps what it got if there are too few.</summary>
    public bool TryGrow(Sequence sequence, int tokens)
    {
        while (sequence.Blocks.Count < pool.BlocksFor(tokens))
        {
            if (!pool.TryTake(out var block)) return false;
            sequence.Blocks.Add(block);
        }
        return true;
    }

    /// <summary>Notes that tokens up to <paramref name="computed"/> are in the cache: full blocks can be found from now on, images behind are not needed.</summary>
    public void Advance(Sequence sequence, int computed)
    {
        for (var block = sequence.Computed / pool.BlockSize; (block + 1) * pool.BlockSize <= computed; block++)
            pool.Publish(sequence.Blocks[block], sequence.KeyOf(block, pool.BlockSize));
        sequence.Computed = computed;
        foreach (var image in sequence.Images.Keys.Where(image => image.End <= computed).ToList()) Unpin(sequence, image);
    }

    /// <summary>Takes everything from a sequence. The beginning of a prompt is what others will want, so it is reused last.</summary>
    public void Free(Sequence sequence)
    {
        for (var i = sequence.Blocks.Count - 1; i >= 0; i--) pool.Release(sequence.Blocks[i]);
        sequence.Blocks.Clear();
        sequence.Computed = 0;
        foreach (var image in sequence.Images.Keys.ToList()) Unpin(sequence, image);
    }

    /// <summary>Makes sure that nobody finds what a sequence that went wrong has computed, in the cache or of its images.</summary>
    public void Distrust(Sequence sequence)
    {
        foreach (var block in sequence.Blocks) pool.Forget(block);
        foreach (var image in sequence.Prompt.Images) encoded.Distrust(image.Identity);
    }

    /// <summary>
    /// How many of a sequence's next tokens can be computed now: those before the first image that would have to be held and has no room
    /// beside the images that are needed meanwhile. One image always has room, so who holds one goes on, and gives it back.
    /// </summary>
    /// <param name="sequence">A running sequence.</param>
    /// <param name="count">How many are wished for.</param>
    /// <param name="plan">What is planned already.</param>
    public int Encodable(Sequence sequence, int count, StepPlan plan)
    {
        var touched = sequence.Prompt.Images.Where(image => image.Offset < sequence.Computed + count && image.End > sequence.Computed).ToList();
        if (touched.Count == 0) return count;
        var planned = plan.Chunks.Where(entry => entry.Sequence != sequence).SelectMany(entry => entry.Chunk.TouchedImages)
            .Where(image => !encoded.IsNeeded(image.Identity)).DistinctBy(image => image.Identity).ToDictionary(image => image.Identity, bytesOf);
        foreach (var image in touched)
        {
            if (encoded.IsNeeded(image.Identity) || planned.ContainsKey(image.Identity)) continue;
            var (needed, bytes) = (encoded.NeededBytes + planned.Values.Sum(), bytesOf(image));
            if (needed > 0 && (encoded.IsShort || needed + bytes > encoded.Capacity)) return Math.Max(0, image.Offset - sequence.Computed);
            planned.Add(image.Identity, bytes);
        }
        return count;
    }

    /// <summary>This image is being encoded from now on: lets images go that nobody needs, so that it has room beside the others.</summary>
    public void Expect(PromptImage image) => encoded.Expect(image.Identity, bytesOf(image));

    /// <summary>No image is being encoded any more.</summary>
    public void ExpectNothing() => encoded.ExpectNothing();

    /// <summary>Lets go of all images that nobody needs just now.</summary>
    public void DropUnusedImages() => encoded.DropUnused();

    /// <summary>The device's memory ran out for an image.</summary>
    /// <returns>False if no other is held: then waiting does not help.</returns>
    public bool CanWaitForRoom()
    {
        if (encoded.PinnedBytes == 0) return false;
        encoded.NoteShortage();
        return true;
    }

    /// <summary>The images of a waiting sequence whose pixels it will need.</summary>
    public IEnumerable<PromptImage> ImagesToLoad(Sequence sequence)
    {
        if (sequence.Prompt.Images.Count == 0) return [];
        var cached = FindCached(sequence).Count * pool.BlockSize;
        return sequence.Prompt.Images.Where(image => image.End > cached && !encoded.Contains(image.Identity));
    }

    /// <summary>Pins an image for a sequence if it was encoded before.</summary>
    public bool TryUseEncoded(Sequence sequence, PromptImage image)
    {
        if (!encoded.TryPin(image.Identity, out var found)) return false;
        sequence.Images.Add(image, found);
        return true;
    }

    /// <summary>Takes over a freshly encoded image, pinned for a sequence.</summary>
    public void AddEncoded(Sequence sequence, PromptImage image, EncodedImage fresh)
    {
        encoded.AddPinned(image.Identity, fresh);
        sequence.Images.Add(image, fresh);
    }

    /// <summary>Checks that every block and every pinned image belongs to exactly these sequences.</summary>
    /// <exception cref="InvalidOperationException">Something leaked.</exception>
    public void CheckIntegrity(IReadOnlyCollection<Sequence> holders)
    {
        pool.CheckIntegrity(holders.Select(sequence => sequence.Blocks));
        encoded.CheckIntegrity(holders.SelectMany(sequence => sequence.Images.Keys.Select(image => image.Identity)));
        if (holders.Any(sequence => sequence.Blocks.Count < pool.BlocksFor(sequence.Computed)))
            throw new InvalidOperationException("A sequence has fewer blocks than computed tokens.");
    }

    private List<int> FindCached(Sequence sequence)
    {
        List<int> found = [];
        // The last token is always computed: its logits are wanted.
        for (var block = 0; (block + 1) * pool.BlockSize < sequence.Tokens.Count; block++)
        {
            if (!pool.TryFind(sequence.KeyOf(block, pool.BlockSize), out var cached)) break;
            found.Add(cached);
        }
        return found;
    }

    private void Unpin(Sequence sequence, PromptImage image)
    {
        sequence.Images.Remove(image);
        encoded.Unpin(image.Identity);
    }
}
