using EduVision.Model.Network;
using static TorchSharp.torch;

namespace EduVision.Model.Tests.Network;

public sealed class HeadTests
{
    [Theory]
    [InlineData(true, "model.language_model.embed_tokens.weight")]
    [InlineData(false, "lm_head.weight")]
    public void The_head_is_the_embedding_matrix_if_tied_and_a_matrix_of_its_own_if_not(bool tied, string matrix)
    {
        using var scope = NewDisposeScope();
        var weights = new TinyModel.Weights(5);
        using var model = new Qwen3VL(TinyModel.Config(tied), weights);
        var rows = ones(2, model.Config.Text.HiddenSize);

        Assert.Equal(!tied, weights.Taken.ContainsKey("lm_head.weight"));
        Assert.Equal(0, (model.Text.Logits(rows) - rows.matmul(weights.Taken[matrix].t())).abs().max().item<float>(), 1e-5);
    }
}
