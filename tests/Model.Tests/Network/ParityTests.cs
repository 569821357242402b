using EduVision.Model.Imaging;
using EduVision.Model.Network;
using EduVision.Model.Tests.Parity;
using static TorchSharp.torch;

namespace EduVision.Model.Tests.Network;

/// <summary>The network alone against the reference implementation, in float32: the reference's ids, positions and pixels go in.</summary>
public sealed class ParityTests
{
    private const double LogitTolerance = 1e-3;

    [Theory]
    [InlineData("one")]
    [InlineData("tiny")]
    [InlineData("text")]
    public void Logits_and_greedy_tokens_are_the_references(string name)
    {
        using var golden = ReferenceFixture.OpenSharedOrSkip();
        using var gradients = no_grad();
        using var scope = NewDisposeScope();
        using var model = Qwen3VL.Load(golden.Path, CPU, ScalarType.Float32);
        var ids = golden.Load($"{name}.input_ids");
        var images = Images(model, golden, name);
        var positions = golden.Has($"{name}.position_ids")
            ? golden.Load($"{name}.position_ids")
            : arange(ids.shape[0]).expand(3, -1);

        using var cache = new KvCacheAttention(model.Config.Text, (int)ids.shape[0] + 32, CPU, ScalarType.Float32);
        using var input = model.Prepare(ids, images);
        var logits = model.Text.Logits(model.Text.Forward(input.Hidden, model.Text.Rotary(positions), cache, input.DeepStack));

        var expected = golden.Load($"{name}.logits");
        var actual = logits.narrow(0, logits.shape[0] - expected.shape[0], expected.shape[0]);
        Assert.InRange((actual - expected).abs().max().item<float>(), 0, LogitTolerance);
        Assert.Equal(golden.Load($"{name}.greedy").data<long>().ToArray(), Greedy(model, cache, logits[-1], positions.max().item<long>() + 1, 24));
    }

    [Theory]
    [InlineData("one")]
    [InlineData("tiny")]
    public void Image_embeddings_are_the_references(string name)
    {
        using var golden = ReferenceFixture.OpenSharedOrSkip();
        using var gradients = no_grad();
        using var scope = NewDisposeScope();
        using var model = Qwen3VL.Load(golden.Path, CPU, ScalarType.Float32);
        var means = Images(model, golden, name)!.Embeddings.mean([-1]);
        Assert.InRange((means - golden.Load($"{name}.image_embeds_mean")).abs().max().item<float>(), 0, 1e-5);
    }

    private static VisionOutput? Images(Qwen3VL model, ReferenceFixture golden, string name)
    {
        if (!golden.Has($"{name}.pixel_values"))
        {
            return null;
        }

        var grids = golden.Load($"{name}.image_grid_thw").data<long>().ToArray().Chunk(3).Select(grid => new ImageGrid((int)grid[0], (int)grid[1], (int)grid[2])).ToList();
        return model.Vision.Forward(golden.Load($"{name}.pixel_values"), grids);
    }

    private static long[] Greedy(Qwen3VL model, KvCacheAttention cache, Tensor logits, long position, int count)
    {
        var tokens = new long[count];
        for (var i = 0; i < count; i++)
        {
            using var scope = NewDisposeScope();
            tokens[i] = logits.argmax().item<long>();
            using var input = model.Prepare(tensor([tokens[i]]), null);
            var hidden = model.Text.Forward(input.Hidden, model.Text.Rotary(full([3, 1], position + i, ScalarType.Int64)), cache);
            logits = model.Text.Logits(hidden)[0].MoveToOuterDisposeScope();
        }

        return tokens;
    }
}
