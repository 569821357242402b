using EduVision.Model.Imaging;
using EduVision.Model.Network;
using static TorchSharp.torch;

namespace EduVision.Model.Tests.Network;

public sealed class GradientTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Every_parameter_receives_a_gradient(bool tied)
    {
        using var scope = NewDisposeScope();
        var weights = new TinyModel.Weights(2, gradients: true);
        using var model = new Qwen3VL(TinyModel.Config(tied), weights);
        Loss(model).backward();

        Assert.Equal(tied, !weights.Taken.ContainsKey("lm_head.weight"));
        Assert.All(weights.Taken, parameter =>
        {
            Assert.NotNull(parameter.Value.grad);
            Assert.True(parameter.Value.grad.isfinite().all().item<bool>(), $"{parameter.Key}: not finite");
            Assert.True(parameter.Value.grad.abs().sum().item<float>() > 0, $"{parameter.Key}: zero");
        });
    }

    [Fact]
    public void Gradients_are_the_slopes_of_the_loss()
    {
        using var scope = NewDisposeScope();
        var weights = new TinyModel.Weights(3, gradients: true);
        using var model = new Qwen3VL(TinyModel.Config(), weights);
        Loss(model).backward();
        using var off = no_grad();
        foreach (var name in new[] { "model.visual.pos_embed.weight", "model.visual.deepstack_merger_list.1.linear_fc1.weight", "model.language_model.layers.0.self_attn.q_norm.weight", "model.language_model.layers.2.mlp.gate_proj.weight|model.language_model.layers.2.mlp.up_proj.weight" })
        {
            // Along the gradient itself the slope is its length, the largest there is: float32 can measure it.
            var parameter = weights.Taken[name];
            var gradient = parameter.grad!;
            var length = gradient.norm().item<float>();
            var step = gradient / length * 1e-2;
            parameter.add_(step);
            var above = Loss(model).item<float>();
            parameter.sub_(step * 2);
            var below = Loss(model).item<float>();
            parameter.add_(step);
            Assert.Equal(length, (above - below) / 2e-2, 0.03 * length);
        }
    }

    private static Tensor Loss(Qwen3VL model)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        var images = model.Vision.Forward(randn([32, 96], generator: generator), [new ImageGrid(1, 4, 4), new ImageGrid(1, 4, 4)]);
        long[] ids = [1, 50, 50, 50, 50, 7, 8, 9, 50, 50, 50, 50, 11, 12];
        var input = model.Prepare(tensor(ids), images);
        var hidden = model.Text.Forward(input.Hidden, model.Text.Rotary(arange(7).expand(3, -1).repeat(1, 2)), new PackedCausalAttention(2, 7), input.DeepStack);
        var targets = tensor([.. ids.Select(id => (id * 7) % 60)]);
        return nn.functional.cross_entropy(model.Text.Logits(hidden), targets).MoveToOuterDisposeScope();
    }
}
