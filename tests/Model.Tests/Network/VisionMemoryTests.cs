using EduVision.Model.Imaging;
using EduVision.Model.Network;
using EduVision.Model.Weights;
using static TorchSharp.torch;

namespace EduVision.Model.Tests.Network;

/// <summary>Large images band by band, matrices in FP8: the same results, and the memory that is planned for.</summary>
public sealed class VisionMemoryTests
{
    private static readonly ImageGrid[][] Passes = [[new(1, 64, 72)], [new(1, 4, 6), new(1, 70, 60)], [new(2, 48, 48)], [new(1, 8, 8), new(1, 4, 16)], [new(1, 8, 8), new(1, 4, 6)]];

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void An_image_in_bands_gives_what_it_gives_whole(int pass)
    {
        using var scope = NewDisposeScope();
        using var tower = new VisionTower(TinyModel.Config().Vision, new TinyModel.Weights(4));
        var patches = randn([Passes[pass].Sum(grid => grid.Patches), 96]);
        // With gradients all patches are one band.
        var whole = tower.Forward(patches, Passes[pass]);
        using var off = no_grad();
        var banded = tower.Forward(patches, Passes[pass]);
        foreach (var (expected, actual) in All(whole).Zip(All(banded))) Assert.True(actual.allclose(expected, 1e-4, 1e-5));
    }

    [Theory]
    [InlineData(4, 6)]
    [InlineData(68, 64)]
    public void An_image_in_parts_with_others_between_them_gives_the_same_bits(int rows, int columns)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var config = TinyModel.Config().Vision;
        using var tower = new VisionTower(config, new TinyModel.Weights(4));
        var image = PatchedImage.Noise(config, new ImageGrid(1, rows, columns), new Random(3));
        var whole = tower.Forward(image.ToTensor(), [image.Grid]);
        var before = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        var (first, second) = (tower.Begin(image), tower.Begin(image));
        // What is left in the middle leaves nothing behind either.
        var third = tower.Begin(image);
        List<VisionStage> stages = [];
        double work = 0;
        while (!first.IsDone)
        {
            stages.Add(first.Stage);
            work += first.Work;
            first.Advance();
            if (stages.Count % 2 == 0) second.Advance();
            if (stages.Count % 3 == 0) third.Advance();
        }
        while (!second.IsDone) second.Advance();
        foreach (var pass in new[] { first, second })
        {
            using var comparison = NewDisposeScope();
            using var output = pass.TakeOutput();
            foreach (var (expected, actual) in All(whole).Zip(All(output))) Assert.True(expected.equal(actual).all().item<bool>());
        }
        Assert.False(third.IsDone);
        foreach (var pass in new[] { first, second, third }) pass.Dispose();
        Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.Equal([VisionStage.Upload, VisionStage.Embedding, VisionStage.Blocks, VisionStage.Merging], stages.Distinct());
        // The pixels' bytes; projections, attention to all patches, what follows it; the embedding; two taps and the last merger.
        double patches = image.Grid.Patches, width = config.HiddenSize, joined = 4 * width;
        var block = patches * ((4 * width * width) + (2 * patches * width) + (2 * width * config.IntermediateSize));
        Assert.Equal(((image.Pixels.Length * 32_768.0) + (config.Depth * block) + (patches * width * config.PatchWidth) + (3 * patches / 4 * joined * (joined + config.OutHiddenSize))) / 1e9, work, 1e-9);
    }

    [Fact]
    public void Bands_leave_nothing_behind_and_the_pixels_as_they_were()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var tower = new VisionTower(TinyModel.Config().Vision, new Fp8Weights(new TinyModel.Weights(4)));
        var patches = randn([Passes[0][0].Patches, 96]);
        var (copy, before) = (patches.clone(), TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        tower.Forward(patches, Passes[0]).Dispose();
        Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.True(patches.equal(copy).all().item<bool>());
    }

    [Fact]
    public void A_tower_in_FP8_computes_with_the_rounded_matrices()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var config = TinyModel.Config().Vision;
        using var packed = new VisionTower(config, new Fp8Weights(new TinyModel.Weights(4)));
        using var rounded = new VisionTower(config, new Rounded(new TinyModel.Weights(4)));
        using var exact = new VisionTower(config, new TinyModel.Weights(4));
        var patches = randn([24, 96]);
        foreach (var (one, other, plain) in All(packed.Forward(patches, [new(1, 4, 6)])).Zip(All(rounded.Forward(patches, [new(1, 4, 6)])), All(exact.Forward(patches, [new(1, 4, 6)]))))
        {
            Assert.True(one.equal(other).all().item<bool>());
            var error = ((one - plain).norm() / plain.norm()).item<float>();
            Assert.InRange(error, 1e-4, 0.08);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Planned_weights_are_those_that_a_tower_takes(bool fp8)
    {
        var config = TinyModel.Config().Vision;
        var counted = new Counted(fp8);
        new VisionTower(config, counted).Dispose();
        Assert.Equal(counted.Bytes, new VisionMemory(config, sizeof(float), fp8).Weights);
        using var off = no_grad();
        using var tower = new VisionTower(config, new TinyModel.Weights(4));
        using var output = tower.Forward(randn([24, 96]), [new(1, 4, 6)]);
        Assert.Equal(All(output).Sum(tensor => tensor.NumberOfElements * sizeof(float)), new VisionMemory(config, sizeof(float), fp8).Output(6));
    }

    private static IEnumerable<Tensor> All(VisionOutput output) => output.DeepStack.Prepend(output.Embeddings);

    private sealed class Rounded(IWeightSource source) : IWeightSource
    {
        public Tensor Take(string name, params long[] shape) => source.Take(name, shape);

        public Tensor TakeStacked(IReadOnlyList<string> names, IReadOnlyList<long> rows, long columns) => source.TakeStacked(names, rows, columns);

        public WeightMatrix TakeMatrix(string name, long rows, long columns)
        {
            using var scope = NewDisposeScope();
            var (raw, scales) = Fp8Block.Quantise(source.Take(name, rows, columns), 1, (int)columns);
            return new PlainMatrix(Fp8Block.Dequantise(raw, scales, 1, (int)columns).DetachFromDisposeScope());
        }
    }

    private sealed class Counted(bool fp8) : IWeightSource
    {
        public long Bytes { get; private set; }

        public Tensor Take(string name, params long[] shape)
        {
            Bytes += shape.Aggregate(1L, (product, side) => product * side) * sizeof(float);
            return zeros(shape);
        }

        public Tensor TakeStacked(IReadOnlyList<string> names, IReadOnlyList<long> rows, long columns) => Take(names[0], rows.Sum(), columns);

        public WeightMatrix TakeMatrix(string name, long rows, long columns)
        {
            if (!fp8) return new PlainMatrix(Take(name, rows, columns));
            Bytes += Fp8RowMatrix.BytesOf(rows, columns);
            return Fp8RowMatrix.Of(zeros(rows, columns));
        }
    }
}
