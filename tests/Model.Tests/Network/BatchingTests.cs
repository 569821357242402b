using EduVision.Model.Imaging;
using EduVision.Model.Network;
using static TorchSharp.torch;

namespace EduVision.Model.Tests.Network;

/// <summary>However tokens and images are grouped into passes, the result is the same.</summary>
public sealed class BatchingTests : IDisposable
{
    private const double Tolerance = 2e-5;

    private readonly Qwen3VL model = new(TinyModel.Config(), new TinyModel.Weights(1));

    public void Dispose() => model.Dispose();

    [Fact]
    public void Packed_sequences_give_what_each_gives_alone()
    {
        using var scope = NewDisposeScope();
        long[][] sequences = [[3, 14, 15, 9, 2, 6], [5, 3, 5, 8, 9, 7]];
        var packed = Whole(tensor([.. sequences.SelectMany(ids => ids)]), arange(6).expand(3, -1).repeat(1, 2), new PackedCausalAttention(2, 6));
        for (var i = 0; i < 2; i++)
        {
            AssertClose(Whole(tensor(sequences[i]), arange(6).expand(3, -1), new PackedCausalAttention(1, 6)), packed.narrow(0, 6 * i, 6));
        }
    }

    [Fact]
    public void Padding_on_the_right_changes_nothing_before_it()
    {
        using var scope = NewDisposeScope();
        var alone = Whole(tensor([3L, 14, 15, 9]), arange(4).expand(3, -1), new PackedCausalAttention(1, 4));
        var padded = Whole(tensor([3L, 14, 15, 9, 0, 0]), arange(6).expand(3, -1), new PackedCausalAttention(1, 6));
        AssertClose(alone, padded.narrow(0, 0, 4));
    }

    [Fact]
    public void Chunked_prefill_and_decode_give_what_one_pass_gives()
    {
        using var scope = NewDisposeScope();
        var (ids, positions, images) = ImageSequence();
        var whole = model.Prepare(ids, images);
        var expected = model.Text.Forward(whole.Hidden, model.Text.Rotary(positions), new PackedCausalAttention(1, ids.shape[0]), whole.DeepStack);

        using var cache = new KvCacheAttention(model.Config.Text, 16, CPU, ScalarType.Float32);
        var parts = new List<Tensor>();
        var imageTokens = 0L;
        foreach (var (start, length) in new[] { (0, 4), (4, 3), (7, 1), (8, 1), (9, 1) })
        {
            var chunk = ids.narrow(0, start, length);
            var here = chunk.eq(model.Config.ImageTokenId).sum().item<long>();
            var input = model.Prepare(chunk, here == 0 ? null : images.Narrow(imageTokens, here));
            imageTokens += here;
            parts.Add(model.Text.Forward(input.Hidden, model.Text.Rotary(positions.narrow(1, start, length)), cache, input.DeepStack));
        }

        Assert.Equal(ids.shape[0], cache.Length);
        AssertClose(expected, cat([.. parts]));
    }

    [Theory]
    [InlineData(4, 6, 4, 6)] // one length, one product
    [InlineData(4, 6, 6, 4)] // one length, two shapes
    [InlineData(4, 6, 2, 2)] // two lengths
    public void Images_encoded_together_are_the_images_encoded_alone(int h1, int w1, int h2, int w2)
    {
        using var scope = NewDisposeScope();
        ImageGrid[] grids = [new(1, h1, w1), new(1, h2, w2)];
        var patches = Patches(grids.Sum(grid => grid.Patches));
        var together = model.Vision.Forward(patches, grids);
        var first = model.Vision.Forward(patches.narrow(0, 0, grids[0].Patches), [grids[0]]);
        var second = model.Vision.Forward(patches.narrow(0, grids[0].Patches, grids[1].Patches), [grids[1]]);
        var joined = VisionOutput.Concatenate([first, second]);
        AssertClose(joined.Embeddings, together.Embeddings);
        Assert.Equal(2, together.DeepStack.Count);
        foreach (var (expected, actual) in joined.DeepStack.Zip(together.DeepStack))
        {
            AssertClose(expected, actual);
        }
    }

    [Fact]
    public void Ids_with_another_number_of_image_tokens_are_refused()
    {
        using var scope = NewDisposeScope();
        var images = model.Vision.Forward(Patches(16), [new ImageGrid(1, 4, 4)]);
        var exception = Assert.Throws<ArgumentException>(() => model.Prepare(tensor([1L, 50, 50, 2]), images));
        Assert.Contains("2 image tokens, the images make 4", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Patches_that_are_not_the_grids_are_refused()
    {
        using var scope = NewDisposeScope();
        Assert.Contains("[16, 96]", Assert.Throws<ArgumentException>(() => model.Vision.Forward(Patches(12), [new ImageGrid(1, 4, 4)])).Message, StringComparison.Ordinal);
        Assert.Contains("merge blocks", Assert.Throws<ArgumentException>(() => model.Vision.Forward(Patches(12), [new ImageGrid(1, 4, 3)])).Message, StringComparison.Ordinal);
        Assert.Contains("[24, 48]", Assert.Throws<ArgumentException>(() => model.Vision.Begin(PatchedImage.Noise(model.Config.Vision, new ImageGrid(1, 2, 6), new Random(1)) with { Grid = new ImageGrid(1, 6, 4) })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_full_cache_says_so()
    {
        using var scope = NewDisposeScope();
        using var cache = new KvCacheAttention(model.Config.Text, 3, CPU, ScalarType.Float32);
        Assert.Throws<InvalidOperationException>(() => Whole(tensor([1L, 2, 3, 4]), arange(4).expand(3, -1), cache));
    }

    private static Tensor Patches(long count)
    {
        using var generator = new Generator(7);
        return randn([count, 96], generator: generator);
    }

    private (Tensor Ids, Tensor Positions, VisionOutput Images) ImageSequence()
    {
        var images = model.Vision.Forward(Patches(16), [new ImageGrid(1, 4, 4)]);
        var ids = tensor([1L, 52, 50, 50, 50, 50, 53, 2, 3, 4]);
        long[] positions = [0, 1, 2, 2, 2, 2, 4, 5, 6, 7, 0, 1, 2, 2, 3, 3, 4, 5, 6, 7, 0, 1, 2, 3, 2, 3, 4, 5, 6, 7];
        return (ids, tensor(positions, [3, 10]), images);
    }

    private Tensor Whole(Tensor ids, Tensor positions, IAttention attention)
    {
        var input = model.Prepare(ids, null);
        return model.Text.Logits(model.Text.Forward(input.Hidden, model.Text.Rotary(positions), attention));
    }

    private static void AssertClose(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.InRange((expected - actual).abs().max().item<float>(), 0, Tolerance);
    }
}
