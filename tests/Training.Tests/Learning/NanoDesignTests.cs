using EduVision.Model.Configuration;
using EduVision.Model.Network;
using EduVision.Model.Tokenization;
using EduVision.Model.Weights;
using EduVision.Training.Checkpoints;
using EduVision.Training.Learning;
using EduVision.Training.Tests.Vocabulary;
using static TorchSharp.torch;

namespace EduVision.Training.Tests.Learning;

public sealed class NanoDesignTests(NanoTokenizer nano) : IClassFixture<NanoTokenizer>
{
    private const long Budget = 16 << 20;

    [Fact]
    public void The_exported_folder_fits_its_budget_and_hardly_wastes_any()
    {
        var config = NanoDesign.For(nano.Tokenizer);
        using var fresh = new FreshWeights(1);
        using var weights = new TrainableWeights(CPU, float32, fresh);
        using var model = new Qwen3VL(config, weights);
        var folder = Path.Combine(nano.Folder, "exported");
        ModelExporter.Save(folder, config, weights, nano.Folder, fp8: true);
        Assert.InRange(new DirectoryInfo(folder).GetFiles().Sum(file => file.Length), Budget * 9 / 10, Budget);
        Assert.Equal(config.Text, ModelConfig.Load(folder).Text);
        Assert.Equal(nano.Tokenizer.VocabularySize, Tokenizer.Load(folder).VocabularySize);
    }

    [Fact]
    public void Every_fp8_matrix_is_cut_into_whole_blocks()
    {
        using var fresh = new FreshWeights(1);
        using var weights = new TrainableWeights(CPU, float32, fresh);
        using var model = new Qwen3VL(NanoDesign.For(nano.Tokenizer), weights);
        Assert.All(weights.Parameters.Where(parameter => parameter.IsFp8Matrix), parameter =>
            Assert.All(parameter.Names, name => Assert.True(Array.TrueForAll(name.Shape, side => side % Fp8Block.Side == 0), name.Name)));
    }

    [Fact]
    public void Heads_and_rotary_sections_agree_with_the_widths()
    {
        var config = NanoDesign.For(nano.Tokenizer);
        Assert.True(config.Text.VocabSize >= nano.Tokenizer.VocabularySize);
        Assert.Equal(config.Text.HiddenSize, config.Vision.OutHiddenSize);
        Assert.Equal(0, config.Text.Heads % config.Text.KvHeads);
        Assert.Equal(0, config.Vision.HiddenSize % config.Vision.Heads);
        Assert.Equal(0, NanoDesign.MaxPixels % (32 * 32));
    }
}
