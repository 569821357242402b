using EduVision.Inference.Hosting;
using EduVision.Inference.Tests.Fakes;
using EduVision.Model.Weights;

namespace EduVision.Inference.Tests.Bundled;

/// <summary>The model that comes with the repository, as a checkpoint folder.</summary>
public sealed class BundledModelTests
{
    private const long Budget = 16 << 20;
    private static readonly string Folder = Repository.Find("models/nano");

    [Fact]
    public void It_has_every_file_of_a_published_checkpoint_its_card_and_nothing_else()
    {
        string[] expected = ["README.md", "chat_template.jinja", "config.json", "generation_config.json", "model.safetensors", "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json"];
        Assert.Equal(expected, Directory.GetFileSystemEntries(Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_whole_folder_is_within_16_MiB() =>
        Assert.InRange(new DirectoryInfo(Folder).GetFiles().Sum(file => file.Length), 1, Budget);

    [Fact]
    public void It_is_found_without_being_named()
    {
        // Upwards from the program, as a fresh clone has it.
        Assert.Equal(Path.GetFullPath(Folder), Path.GetFullPath(ModelLocator.Find(null)));
    }

    [Fact]
    public void Its_text_layers_are_fp8_and_its_configuration_says_so()
    {
        var model = new ServedModel(Folder);
        Assert.NotNull(model.Config.Quantization);
        using var checkpoint = Checkpoint.Open(Folder);
        var linears = checkpoint.Names.Where(name => name.StartsWith("model.language_model.layers.", StringComparison.Ordinal) && name.EndsWith("_proj.weight", StringComparison.Ordinal)).ToList();
        Assert.Equal(7 * model.Config.Text.Layers, linears.Count);
        Assert.All(linears, name => Assert.Equal(StoredType.F8E4M3, checkpoint.Describe(name).Type));
    }
}
