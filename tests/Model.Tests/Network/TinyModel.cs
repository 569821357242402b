using EduVision.Model.Configuration;
using EduVision.Model.Weights;
using static TorchSharp.torch;

namespace EduVision.Model.Tests.Network;

/// <summary>A configuration small enough for a unit test, with ragged FP8 blocks, and random parameters for it.</summary>
internal static class TinyModel
{
    public static ModelConfig Config(bool tied = false, Fp8Quantization? quantization = null) => new()
    {
        Text = new TextConfig
        {
            VocabSize = 60,
            HiddenSize = 40,
            IntermediateSize = 72,
            Layers = 3,
            Heads = 4,
            KvHeads = 2,
            HeadDim = 16,
            Rope = new RopeSettings(10_000, 3, 3, 2),
            MaxPositions = 512,
        },
        Vision = new VisionConfig
        {
            Depth = 3,
            HiddenSize = 32,
            IntermediateSize = 48,
            Heads = 2,
            OutHiddenSize = 40,
            PositionEmbeddings = 16,
            DeepStackLayers = [0, 2],
            PatchSize = 4,
        },
        ImageTokenId = 50,
        VideoTokenId = 51,
        VisionStartTokenId = 52,
        VisionEndTokenId = 53,
        TieWordEmbeddings = tied,
        Quantization = quantization,
    };

    /// <summary>Parameters drawn from a seed; the same names give the same values, stacked or not.</summary>
    public sealed class Weights(int seed, bool gradients = false) : IWeightSource
    {
        public Dictionary<string, Tensor> Taken { get; } = [];

        public Tensor Take(string name, params long[] shape) => Keep(name, Draw(name, shape));

        public Tensor TakeStacked(IReadOnlyList<string> names, IReadOnlyList<long> rows, long columns) =>
            Keep(string.Join('|', names), cat([.. names.Zip(rows, (name, count) => Draw(name, [count, columns]))]));

        public Tensor Draw(string name, params long[] shape)
        {
            using var generator = new Generator((ulong)(seed + name.Sum(letter => (int)letter) + (31 * name.Length)));
            var noise = randn(shape, generator: generator);
            return name.Contains("norm", StringComparison.Ordinal) && name.EndsWith(".weight", StringComparison.Ordinal) ? noise.mul(0.1).add(1) : noise.mul(0.1);
        }

        private Tensor Keep(string name, Tensor value) => Taken[name] = value.requires_grad_(gradients).DetachFromDisposeScope();
    }
}
