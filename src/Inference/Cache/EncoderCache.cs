using EduVision.Inference.Runners;

namespace EduVision.Inference.Cache;

/// <summary>
/// Encoded images by identity, up to a number of bytes. An image that a sequence still needs is pinned; the others go,
/// the one unused longest first. Owns what it holds.
/// </summary>
public sealed class EncoderCache(long capacityBytes) : IDisposable
{
    private readonly Dictionary<string, Entry> entries = [];
    private readonly LinkedList<string> unused = [];
    private long? shortage;
    private (string Identity, long Bytes)? expected;

    /// <summary>Bytes that may be held.</summary>
    public long Capacity => capacityBytes;

    /// <summary>Bytes held, pinned ones included; pinned ones alone may exceed the capacity for as long as they are needed.</summary>
    public long Bytes { get; private set; }

    /// <summary>Bytes of images that a sequence needs.</summary>
    public long PinnedBytes { get; private set; }

    /// <summary>Bytes of those, and of the image that is being encoded.</summary>
    public long NeededBytes => PinnedBytes + (expected?.Bytes ?? 0);

    /// <summary>True if the device's memory ran out while as much was needed as now, or less: no further image before some of them go.</summary>
    public bool IsShort => PinnedBytes >= shortage;

    /// <summary>Images held.</summary>
    public int Count => entries.Count;

    /// <summary>Images asked for since the start.</summary>
    public long Lookups { get; private set; }

    /// <summary>Images of those that were there.</summary>
    public long Hits { get; private set; }

    /// <summary>True if the image is there.</summary>
    public bool Contains(string identity) => entries.ContainsKey(identity);

    /// <summary>True if a sequence needs the image already.</summary>
    public bool IsPinned(string identity) => entries.TryGetValue(identity, out var entry) && entry.Pins > 0;

    /// <summary>True if the image has its room: a sequence needs it already, or it is being encoded.</summary>
    public bool IsNeeded(string identity) => IsPinned(identity) || expected?.Identity == identity;

    /// <summary>Keeps room for the image that is being encoded, until <see cref="AddPinned"/> or <see cref="ExpectNothing"/>; what nobody needs makes way.</summary>
    public void Expect(string identity, long bytes)
    {
        if (expected is { } other) throw new InvalidOperationException($"Image {identity} is begun while {other.Identity} is being encoded.");
        expected = (identity, bytes);
        Trim(capacityBytes - bytes);
    }

    /// <summary>The image that was being encoded does not come.</summary>
    public void ExpectNothing() => expected = null;

    /// <summary>The image, pinned until <see cref="Unpin"/>.</summary>
    public bool TryPin(string identity, out EncodedImage image)
    {
        image = null!;
        Lookups++;
        if (!entries.TryGetValue(identity, out var entry)) return false;
        Hits++;
        if (entry.Pins++ == 0)
        {
            unused.Remove(entry.Node);
            PinnedBytes += entry.Image.Bytes;
        }
        image = entry.Image;
        return true;
    }

    /// <summary>Takes over a freshly encoded image, pinned once.</summary>
    public void AddPinned(string identity, EncodedImage image)
    {
        expected = null;
        entries.Add(identity, new Entry(image, new LinkedListNode<string>(identity)) { Pins = 1 });
        Bytes += image.Bytes;
        PinnedBytes += image.Bytes;
        Trim(capacityBytes);
    }

    /// <summary>One sequence needs the image no more.</summary>
    public void Unpin(string identity)
    {
        var entry = entries[identity];
        if (entry.Pins == 0) throw new InvalidOperationException($"Encoded image {identity} was unpinned more often than pinned.");
        if (--entry.Pins == 0)
        {
            PinnedBytes -= entry.Image.Bytes;
            if (PinnedBytes < shortage) shortage = null;
            if (entry.IsDistrusted) Remove(identity);
            else unused.AddLast(entry.Node);
        }
        Trim(capacityBytes - (expected?.Bytes ?? 0));
    }

    /// <summary>Lets go of all images that nobody needs.</summary>
    public void DropUnused() => Trim(0);

    /// <summary>Notes that the device's memory ran out; see <see cref="IsShort"/>.</summary>
    public void NoteShortage() => shortage = PinnedBytes;

    /// <summary>Lets go of an image that may be wrong, as soon as nobody needs it.</summary>
    public void Distrust(string identity)
    {
        if (!entries.TryGetValue(identity, out var entry)) return;
        entry.IsDistrusted = true;
        if (entry.Pins > 0) return;
        unused.Remove(entry.Node);
        Remove(identity);
    }

    /// <summary>Checks that the pins are those of <paramref name="pinned"/> and the bytes add up.</summary>
    /// <exception cref="InvalidOperationException">It is not so.</exception>
    public void CheckIntegrity(IEnumerable<string> pinned)
    {
        var expected = pinned.CountBy(identity => identity).ToDictionary();
        foreach (var (identity, entry) in entries)
            if (entry.Pins != expected.GetValueOrDefault(identity))
                throw new InvalidOperationException($"Encoded image {identity} counts {entry.Pins} pins, but {expected.GetValueOrDefault(identity)} sequences need it.");
        if (expected.Keys.FirstOrDefault(identity => !entries.ContainsKey(identity)) is { } missing)
            throw new InvalidOperationException($"Encoded image {missing} is needed and gone.");
        if (PinnedBytes != entries.Values.Where(entry => entry.Pins > 0).Sum(entry => entry.Image.Bytes)) throw new InvalidOperationException("The encoder cache's pinned bytes do not add up.");
        if (Bytes != entries.Values.Sum(entry => entry.Image.Bytes)) throw new InvalidOperationException("The encoder cache's bytes do not add up.");
    }

    private void Trim(long limit)
    {
        while (Bytes > limit && unused.First is { } oldest)
        {
            unused.Remove(oldest);
            Remove(oldest.Value);
        }
    }

    private void Remove(string identity)
    {
        entries.Remove(identity, out var entry);
        Bytes -= entry!.Image.Bytes;
        entry.Image.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var entry in entries.Values) entry.Image.Dispose();
        entries.Clear();
        unused.Clear();
        (Bytes, PinnedBytes) = (0, 0);
    }

    private sealed class Entry(EncodedImage image, LinkedListNode<string> node)
    {
        public EncodedImage Image => image;
        public LinkedListNode<string> Node => node;
        public int Pins { get; set; }
        public bool IsDistrusted { get; set; }
    }
}
