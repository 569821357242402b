using EduVision.Model.Configuration;
using EduVision.Model.Imaging;
using EduVision.Model.Network;
using EduVision.Model.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace EduVision.Model.Tests.Network;

public sealed class OwnershipTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_model_that_was_loaded_used_and_disposed_leaves_no_tensor_behind(bool tied)
    {
        using var folder = new TemporaryFolder();
        Save(TinyModel.Config(tied), folder);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (var scope = NewDisposeScope())
        {
            using var model = Qwen3VL.Load(folder.Path, CPU, ScalarType.Float32);
            using var cache = new KvCacheAttention(model.Config.Text, 8, CPU, ScalarType.Float32);
            var resident = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            for (var turn = 0; turn < 2; turn++)
            {
                using var images = model.Vision.Forward(ones(16, 96), [new ImageGrid(1, 4, 4)]);
                using var input = model.Prepare(tensor([50L, 50, 50, 50]), images);
                using var rotary = model.Text.Rotary(arange(4).expand(3, -1));
                using var hidden = model.Text.Forward(input.Hidden, rotary, cache, input.DeepStack);
            }

            scope.DisposeEverything();
            Assert.Equal(resident, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void A_model_outlives_the_scope_it_was_loaded_in()
    {
        using var folder = new TemporaryFolder();
        Save(TinyModel.Config(), folder);
        Qwen3VL model;
        using (NewDisposeScope())
        {
            model = Qwen3VL.Load(folder.Path, CPU, ScalarType.BFloat16);
        }

        using var scope = NewDisposeScope();
        using (model)
        {
            Assert.Equal(ScalarType.BFloat16, model.Text.Embed(tensor([1L])).dtype);
            Assert.Equal(ScalarType.BFloat16, model.Vision.Forward(ones(16, 96), [new ImageGrid(1, 4, 4)]).Embeddings.dtype);
        }
    }

    private static void Save(ModelConfig config, TemporaryFolder folder)
    {
        using var scope = NewDisposeScope();
        var recorder = new Recorder();
        new Qwen3VL(config, recorder).Dispose();
        config.Save(folder.Path);
        SafetensorsWriter.Write(folder.File("model.safetensors"), recorder.Written);
    }

    /// <summary>Every tensor that a configuration asks for, unstacked.</summary>
    private sealed class Recorder : IWeightSource
    {
        private readonly TinyModel.Weights weights = new(6);

        public List<TensorToWrite> Written { get; } = [];

        public Tensor Take(string name, params long[] shape)
        {
            var value = this.weights.Draw(name, shape);
            Written.Add(TensorToWrite.Of(name, value));
            return value.alias();
        }

        public Tensor TakeStacked(IReadOnlyList<string> names, IReadOnlyList<long> rows, long columns) =>
            cat([.. names.Zip(rows, (name, count) => Take(name, count, columns))]);
    }
}
