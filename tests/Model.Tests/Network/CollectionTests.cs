using EduVision.Model.Network;
using static TorchSharp.torch;

namespace EduVision.Model.Tests.Network;

/// <summary>
/// What the garbage collector frees while native code still reads it is a number that torch makes of a stranger's memory: seldom, and
/// never twice in the same place. A collection at every moment finds it.
/// </summary>
public sealed class CollectionTests
{
    [Fact]
    public void A_pass_gives_the_same_whenever_garbage_is_collected()
    {
        using var scope = NewDisposeScope();
        using var gradients = no_grad();
        using var model = new Qwen3VL(TinyModel.Config(), new TinyModel.Weights(7));
        var (ids, positions) = (tensor([1L, 2, 3]), tensor([0L, 1, 2]).expand(3, -1));
        var expected = Pass(model, ids, positions);
        var over = false;
        var collector = new Thread(() =>
        {
            while (!Volatile.Read(ref over))
            {
                GC.Collect(0);
                GC.WaitForPendingFinalizers();
            }
        });
        collector.Start();
        try
        {
            for (var pass = 0; pass < 300; pass++)
            {
                using var one = NewDisposeScope();
                Assert.True(expected.equal(Pass(model, ids, positions)).all().item<bool>());
            }
        }
        finally
        {
            Volatile.Write(ref over, true);
            collector.Join();
        }
    }

    private static Tensor Pass(Qwen3VL model, Tensor ids, Tensor positions)
    {
        using var cache = new KvCacheAttention(model.Config.Text, 4, CPU, ScalarType.Float32);
        using var input = model.Prepare(ids, null);
        using var rotary = model.Text.Rotary(positions);
        return model.Text.Forward(input.Hidden, rotary, cache);
    }
}
