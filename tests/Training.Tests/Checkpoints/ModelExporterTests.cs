using EduVision.Model.Chat;
using EduVision.Model.Configuration;
using EduVision.Model.Network;
using EduVision.Model.Weights;
using EduVision.Training.Checkpoints;
using EduVision.Training.Learning;
using EduVision.Training.Tests.Learning;
using static TorchSharp.torch;

namespace EduVision.Training.Tests.Checkpoints;

[Collection(OverfittedCollection.Name)]
public sealed class ModelExporterTests(OverfittedModel trained)
{
    [Fact]
    public void The_folder_has_every_file_of_a_published_checkpoint_and_loads()
    {
        string[] expected = ["chat_template.jinja", "config.json", "generation_config.json", "model.safetensors", "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json"];
        Assert.Equal(expected, Directory.GetFiles(trained.Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(trained.Nano.Processor.Tokenizer.VocabularySize, ChatProcessor.Load(trained.Folder).Tokenizer.VocabularySize);
        Assert.Equal([trained.Nano.Processor.TurnEndId], GenerationDefaults.Load(trained.Folder).EosTokenIds);
        using var scope = NewDisposeScope();
        using var model = Qwen3VL.Load(trained.Folder, CPU, float32);
        Assert.Equal(trained.Nano.Config.Text.Layers, model.Config.Text.Layers);
    }

    [Fact]
    public void Text_layers_and_mergers_are_stored_in_fp8_and_everything_else_in_bf16()
    {
        using var checkpoint = Checkpoint.Open(trained.Folder);
        foreach (var parameter in trained.Weights.Parameters)
        {
            foreach (var name in parameter.Names)
            {
                Assert.Equal(parameter.IsFp8Matrix ? StoredType.F8E4M3 : StoredType.BF16, checkpoint.Describe(name.Name).Type);
                Assert.Equal(name.Shape, checkpoint.Describe(name.Name).Shape);
                Assert.Equal(parameter.IsFp8Matrix, checkpoint.Contains(name.Name + CheckpointWeights.ScaleSuffix));
            }
        }
        Assert.Contains(trained.Weights.Parameters, parameter => parameter.IsFp8Matrix);
        // Other implementations go by the configuration's list: it has to say the same.
        var kept = ModelConfig.Load(trained.Folder).Quantization!.ModulesToNotConvert;
        Assert.All(trained.Weights.Parameters.Where(parameter => parameter.Master.dim() == 2), parameter =>
            Assert.All(parameter.Names, name => Assert.Equal(parameter.IsFp8Matrix, !kept.Any(module => name.Name.StartsWith(module, StringComparison.Ordinal)))));
    }

    [Fact]
    public void Stored_values_are_the_masters_rounded_as_training_rounds_them()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var checkpoint = Checkpoint.Open(trained.Folder);
        var stored = new CheckpointWeights(checkpoint, ModelConfig.Load(trained.Folder), CPU, float32);
        foreach (var parameter in trained.Weights.Parameters)
        {
            foreach (var (name, master) in parameter.Split())
            {
                var expected = parameter.IsFp8Matrix ? Fp8Rounding.Round(master) : master.to(bfloat16).to(float32);
                using var actual = stored.Take(name, master.shape);
                Assert.True(actual.allclose(expected, rtol: 1e-6, atol: 1e-8), name);
                if (parameter.IsFp8Matrix) Assert.False(actual.allclose(master, rtol: 1e-6, atol: 1e-8), $"{name} was not rounded");
            }
        }
    }

    [Fact]
    public void A_warm_start_has_the_weights_that_training_ended_with()
    {
        using var scope = NewDisposeScope();
        using var checkpoint = Checkpoint.Open(trained.Folder);
        using var weights = new TrainableWeights(CPU, float32, new CheckpointStart(new CheckpointWeights(checkpoint, ModelConfig.Load(trained.Folder), CPU, float32)));
        using var model = new Qwen3VL(trained.Nano.Config, weights);
        foreach (var (before, after) in trained.Weights.Parameters.Zip(weights.Parameters))
        {
            Assert.Equal(before.Names.Select(name => name.Name), after.Names.Select(name => name.Name));
            var expected = before.IsFp8Matrix ? before.Compute.detach() : before.Master.to(bfloat16).to(float32);
            Assert.True(after.Master.allclose(expected, rtol: 1e-6, atol: 1e-8), before.Names[0].Name);
            Assert.True(after.Compute.requires_grad, before.Names[0].Name);
        }
        Assert.Equal((4, 4), Assert.Single(Validation.Run(model, [trained.Batch], CPU, float32)).Value);
    }

    [Fact]
    public void Without_fp8_all_is_bf16_and_the_configuration_says_so()
    {
        var folder = trained.Nano.At("bf16");
        ModelExporter.Save(folder, trained.Nano.Config, trained.Weights, trained.Nano.Vocabulary, fp8: false);
        using var checkpoint = Checkpoint.Open(folder);
        Assert.Null(ModelConfig.Load(folder).Quantization);
        Assert.All(checkpoint.Names, name => Assert.Equal(StoredType.BF16, checkpoint.Describe(name).Type));
    }
}
