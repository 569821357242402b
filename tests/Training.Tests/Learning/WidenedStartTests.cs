using EduVision.Model.Configuration;
using EduVision.Model.Network;
using EduVision.Model.Weights;
using EduVision.Training.Commands;
using EduVision.Training.Learning;
using static TorchSharp.torch;

namespace EduVision.Training.Tests.Learning;

[Collection(OverfittedCollection.Name)]
public sealed class WidenedStartTests(OverfittedModel trained)
{
    private const int Wide = 96;

    [Fact]
    public void A_wider_model_computes_what_the_narrow_one_did()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var narrow = Qwen3VL.Load(trained.Folder, CPU, float32);
        var before = LanguageModelLoss.Logits(narrow, trained.Batch, CPU, float32);
        var after = Logits(noise: 0);
        Assert.True((before - after).abs().max().item<float>() < 1e-4f * before.abs().max().item<float>());
    }

    [Fact]
    public void Noise_gives_the_new_channels_something_to_learn_from_and_hardly_moves_the_answer()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var before = LanguageModelLoss.Logits(trained.Model, trained.Batch, CPU, float32);
        var after = Logits(noise: 0.1);
        Assert.False(before.allclose(after, rtol: 0, atol: 1e-6));
        Assert.True(before.argmax(1).eq(after.argmax(1)).all().item<bool>());
    }

    [Fact]
    public void The_command_writes_a_folder_that_answers_the_same()
    {
        var output = trained.Nano.At("wide");
        Assert.Equal(0, WidenCommand.Create().Parse(["--from", trained.Folder, "--out", output, "--hidden", $"{Wide}"]).Invoke());
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var model = Qwen3VL.Load(output, CPU, float32);
        Assert.Equal(Wide, model.Config.Text.HiddenSize);
        var before = LanguageModelLoss.Logits(trained.Model, trained.Batch, CPU, float32).argmax(1);
        Assert.True(before.eq(LanguageModelLoss.Logits(model, trained.Batch, CPU, float32).argmax(1)).all().item<bool>());
    }

    [Fact]
    public void Narrower_is_refused() =>
        Assert.Equal(1, WidenCommand.Create().Parse(["--from", trained.Folder, "--out", trained.Nano.At("none"), "--hidden", "32"]).Invoke());

    private Tensor Logits(double noise)
    {
        using var checkpoint = Checkpoint.Open(trained.Folder);
        var config = ModelConfig.Load(trained.Folder);
        using var start = new WidenedStart(new CheckpointWeights(checkpoint, config, CPU, float32), config.Text.HiddenSize, Wide, noise, seed: 1);
        using var weights = new TrainableWeights(CPU, float32, start);
        using var model = new Qwen3VL(WidenedStart.Widen(config, Wide), weights);
        return LanguageModelLoss.Logits(model, trained.Batch, CPU, float32);
    }
}
