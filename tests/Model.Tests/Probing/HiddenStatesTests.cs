using EduVision.Model.Configuration;
using EduVision.Model.Imaging;
using EduVision.Model.Network;
using EduVision.Model.Probing;
using EduVision.Model.Tests.Network;
using EduVision.Model.Tests.Parity;
using EduVision.Model.Weights;
using static TorchSharp.torch;

namespace EduVision.Model.Tests.Probing;

/// <summary>What is written of the layers is what the layers hand on.</summary>
public sealed class HiddenStatesTests
{
    [Theory]
    [InlineData("one")]
    [InlineData("two")]
    [InlineData("text")]
    public void The_last_one_normalised_and_multiplied_by_the_head_gives_the_logits(string name)
    {
        using var scope = NewDisposeScope();
        using var fixture = ReferenceFixture.OpenOwn();
        using var probe = Probe.Load(fixture.Path, CPU, ScalarType.Float32);
        using var result = probe.Run(fixture.Messages(name), greedy: 1, layers: true);
        var config = ModelConfig.Load(fixture.Path);
        using var checkpoint = Checkpoint.Open(fixture.Path);
        var weights = new CheckpointWeights(checkpoint, config, CPU, ScalarType.Float32);
        var (width, states) = (config.Text.HiddenSize, result.HiddenStates!);

        Assert.Equal([config.Text.Layers, result.InputIds.shape[0], width], states.shape);
        var normal = Normalise(states[-1], weights.Take("model.language_model.norm.weight", width), config.Text.RmsNormEps);
        AssertClose(result.Logits!, normal.matmul(weights.Take("lm_head.weight", config.Text.VocabSize, width).t()));
    }

    [Fact]
    public void Each_is_what_the_next_layer_gets_with_what_DeepStack_adds()
    {
        using var scope = NewDisposeScope();
        using var gradients = no_grad();
        var config = TinyModel.Config();
        var weights = new TinyModel.Weights(9);
        using var model = new Qwen3VL(config, weights);
        using var images = model.Vision.Forward(randn(16, 96), [new ImageGrid(1, 4, 4)]);
        using var input = model.Prepare(tensor([3L, 50, 50, 50, 50, 4]), images);
        using var rotary = model.Text.Rotary(tensor([0L, 1, 2, 3, 4, 5]).expand(3, -1));
        var spy = new Spy(new PackedCausalAttention(1, 6));
        List<Tensor> seen = [];
        model.Text.Forward(input.Hidden, rotary, spy, input.DeepStack, (_, state) => seen.Add(ProbeResult.Keep(state)));

        Assert.Equal(config.Text.Layers, seen.Count);
        for (var layer = 1; layer < config.Text.Layers; layer++)
        {
            var name = $"model.language_model.layers.{layer}";
            var normal = Normalise(seen[layer - 1], weights.Taken[$"{name}.input_layernorm.weight"], config.Text.RmsNormEps);
            var value = weights.Draw($"{name}.self_attn.v_proj.weight", config.Text.KvHeads * config.Text.HeadDim, config.Text.HiddenSize);
            AssertClose(spy.Values[layer], normal.matmul(value.t()).view(6, config.Text.KvHeads, config.Text.HeadDim));
        }

        foreach (var kept in seen.Concat(spy.Values))
        {
            kept.Dispose();
        }
    }

    [Fact]
    public void They_are_written_under_their_name_and_only_if_they_are_wanted()
    {
        using var folder = new TemporaryFolder();
        using var fixture = ReferenceFixture.OpenOwn();
        using var probe = Probe.Load(fixture.Path, CPU, ScalarType.Float32);
        foreach (var layers in new[] { true, false })
        {
            using var result = probe.Run(fixture.Messages("text"), greedy: 1, layers);
            result.Save(folder.File("probe.safetensors"));
            using var file = SafetensorsFile.Open(folder.File("probe.safetensors"));
            Assert.Equal(layers, file.Tensors.ContainsKey("hidden_states"));
            Assert.True(file.Tensors.ContainsKey("logits") && file.Tensors.ContainsKey("input_ids"));
        }
    }

    private static Tensor Normalise(Tensor x, Tensor weight, double epsilon) => x.mul(x.square().mean([-1], keepdim: true).add(epsilon).rsqrt()).mul(weight);

    private static void AssertClose(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.InRange((expected - actual).abs().max().item<float>(), 0, 1e-4f);
    }

    /// <summary>Keeps the values that each layer computed from what it got.</summary>
    private sealed class Spy(IAttention attention) : IAttention
    {
        public List<Tensor> Values { get; } = [];

        public Tensor Attend(int layer, Tensor query, Tensor key, Tensor value)
        {
            Values.Add(value.clone().DetachFromDisposeScope());
            return attention.Attend(layer, query, key, value);
        }
    }
}
