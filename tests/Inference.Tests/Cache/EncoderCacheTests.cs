using EduVision.Inference.Cache;
using EduVision.Inference.Runners;

namespace EduVision.Inference.Tests.Cache;

public sealed class EncoderCacheTests
{
    [Fact]
    public void After_a_shortage_there_is_none_as_soon_as_less_is_needed_than_then()
    {
        using var cache = new EncoderCache(10_000);
        cache.AddPinned("a", new Image());
        Assert.False(cache.IsShort);
        cache.NoteShortage();
        Assert.True(cache.IsShort);
        cache.AddPinned("b", new Image());
        cache.Unpin("a");
        Assert.True(cache.IsShort);
        cache.Unpin("b");
        Assert.False(cache.IsShort);
        // It is over: as much as then may fit by now.
        Assert.True(cache.TryPin("a", out _));
        Assert.False(cache.IsShort);
        Assert.Equal((1000, 2000), (cache.PinnedBytes, cache.Bytes));
    }

    [Fact]
    public void Room_is_made_of_what_nobody_needs_the_one_unused_longest_first()
    {
        using var cache = new EncoderCache(3000);
        foreach (var name in (string[])["a", "b", "c"]) cache.AddPinned(name, new Image());
        cache.Unpin("b");
        cache.Unpin("a");
        cache.Expect("d", 1000);
        Assert.Equal((true, false, true), (cache.Contains("a"), cache.Contains("b"), cache.Contains("c")));
        cache.ExpectNothing();
        cache.Expect("d", 3000);
        Assert.Equal((false, true), (cache.Contains("a"), cache.Contains("c")));
        cache.CheckIntegrity(["c"]);
        cache.DropUnused();
        Assert.Equal(1000, cache.Bytes);
    }

    [Fact]
    public void The_image_that_is_being_encoded_has_its_room_kept()
    {
        using var cache = new EncoderCache(3000);
        cache.AddPinned("a", new Image());
        cache.AddPinned("b", new Image());
        cache.Expect("c", 2000);
        Assert.Equal((2000L, 4000L), (cache.PinnedBytes, cache.NeededBytes));
        Assert.Equal((true, true, false), (cache.IsNeeded("a"), cache.IsNeeded("c"), cache.IsPinned("c")));
        Assert.Throws<InvalidOperationException>(() => cache.Expect("d", 1));
        // Needed no more, it may stay in what the other leaves: nothing.
        cache.Unpin("a");
        Assert.Equal((false, true), (cache.Contains("a"), cache.Contains("b")));
        cache.ExpectNothing();
        Assert.Equal((1000L, false), (cache.NeededBytes, cache.IsNeeded("c")));
        cache.Expect("c", 1000);
        cache.AddPinned("c", new Image());
        Assert.Equal(2000, cache.NeededBytes);
        cache.CheckIntegrity(["b", "c"]);
    }

    [Fact]
    public void An_image_that_is_distrusted_goes_at_once_or_when_nobody_needs_it()
    {
        using var cache = new EncoderCache(3000);
        cache.AddPinned("a", new Image());
        cache.AddPinned("b", new Image());
        cache.Unpin("a");
        cache.Distrust("a");
        cache.Distrust("b");
        cache.Distrust("never there");
        Assert.Equal((false, true), (cache.Contains("a"), cache.Contains("b")));
        cache.Unpin("b");
        Assert.Equal((0, 0L, 0L), (cache.Count, cache.Bytes, cache.PinnedBytes));
        cache.CheckIntegrity([]);
    }

    private sealed class Image : EncodedImage
    {
        public override long Bytes => 1000;

        public override void Dispose()
        {
        }
    }
}
