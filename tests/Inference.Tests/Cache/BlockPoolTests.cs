using EduVision.Inference.Cache;

namespace EduVision.Inference.Tests.Cache;

public sealed class BlockPoolTests
{
    private static BlockKey Key(int number) => BlockKey.Root.Next([number], []);

    [Fact]
    public void A_released_block_can_be_found_until_its_memory_is_needed_and_the_oldest_goes_first()
    {
        var pool = new BlockPool(3, 4);
        for (var i = 0; i < 3; i++)
        {
            Assert.True(pool.TryTake(out var block));
            pool.Publish(block, Key(i));
            pool.Release(block);
        }
        Assert.True(pool.TryFind(Key(1), out var kept));
        pool.Share(kept);
        pool.Release(kept);
        Assert.True(pool.TryTake(out _));
        Assert.True(pool.TryTake(out _));
        Assert.False(pool.TryFind(Key(0), out _));
        Assert.False(pool.TryFind(Key(2), out _));
        Assert.True(pool.TryFind(Key(1), out _));
    }

    [Fact]
    public void What_was_forgotten_is_not_found_again_and_can_be_published_anew()
    {
        var pool = new BlockPool(2, 4);
        Assert.True(pool.TryTake(out var held));
        pool.Publish(held, Key(1));
        Assert.True(pool.TryTake(out var released));
        pool.Publish(released, Key(2));
        pool.Release(released);
        pool.ForgetAll();
        Assert.False(pool.TryFind(Key(1), out _) || pool.TryFind(Key(2), out _));
        pool.CheckIntegrity([[held]]);
        pool.Publish(held, Key(3));
        Assert.True(pool.TryFind(Key(3), out _));
        pool.CheckIntegrity([[held]]);
    }

    [Fact]
    public void Releasing_too_often_and_books_that_differ_are_found()
    {
        var pool = new BlockPool(2, 4);
        Assert.True(pool.TryTake(out var block));
        pool.CheckIntegrity([[block]]);
        Assert.Throws<InvalidOperationException>(() => pool.CheckIntegrity([]));
        Assert.Throws<InvalidOperationException>(() => pool.CheckIntegrity([[block], [block]]));
        pool.Release(block);
        Assert.Throws<InvalidOperationException>(() => pool.Release(block));
    }

    [Fact]
    public void A_key_tells_apart_tokens_predecessors_and_images()
    {
        BlockKey[] keys =
        [
            Key(1), Key(2), Key(1).Next([1], []), Key(2).Next([1], []),
            BlockKey.Root.Next([1], [("a", 0)]), BlockKey.Root.Next([1], [("b", 0)]), BlockKey.Root.Next([1], [("a", -4)]),
        ];
        Assert.Equal(keys.Length, keys.Distinct().Count());
        Assert.Equal(Key(1).Next([5], [("a", 0)]), Key(1).Next([5], [("a", 0)]));
    }
}
