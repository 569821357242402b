using EduVision.Model.Configuration;

namespace EduVision.Model.Tests.Configuration;

public sealed class GenerationDefaultsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_published_file_is_read()
    {
        var defaults = Load("""{"eos_token_id": [151645, 151643], "pad_token_id": 151643, "do_sample": true, "temperature": 0.6, "top_p": 0.95, "top_k": 20}""");
        Assert.Equal([151645, 151643], defaults.EosTokenIds);
        Assert.Equal(151643, defaults.PadTokenId);
        Assert.True(defaults.DoSample);
        Assert.Equal((0.6, 0.95, 20), (defaults.Temperature, defaults.TopP, defaults.TopK));
    }

    [Fact]
    public void One_end_token_and_nothing_else_has_the_references_defaults()
    {
        var defaults = Load("""{"eos_token_id": 7}""");
        Assert.Equal([7], defaults.EosTokenIds);
        Assert.False(defaults.DoSample);
        Assert.Equal((1.0, 1.0, 50, 1.0), (defaults.Temperature, defaults.TopP, defaults.TopK, defaults.RepetitionPenalty));
    }

    [Theory]
    [InlineData("""{}""", "eos_token_id")]
    [InlineData("""{"eos_token_id": []}""", "eos_token_id")]
    [InlineData("""{"eos_token_id": ["a"]}""", "eos_token_id")]
    [InlineData("""{"eos_token_id": 1, "temperature": -1}""", "temperature")]
    [InlineData("""{"eos_token_id": 1, "top_p": 1.5}""", "top_p")]
    [InlineData("""{"eos_token_id": 1, "top_k": "many"}""", "top_k")]
    public void Wrong_values_are_named(string json, string field)
    {
        var exception = Assert.Throws<ModelFileException>(() => Load(json));
        Assert.Contains($"`{field}`", exception.Message, StringComparison.Ordinal);
        Assert.Equal(folder.File("generation_config.json"), exception.File);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void What_is_saved_is_loaded(int ends)
    {
        var saved = new GenerationDefaults { EosTokenIds = [.. Enumerable.Range(5, ends)], DoSample = true, Temperature = 0.7, TopP = 0.9, TopK = 0, MaxNewTokens = 100 };
        saved.Save(folder.Path);
        Assert.Equivalent(saved, GenerationDefaults.Load(folder.Path), strict: true);
    }

    private GenerationDefaults Load(string json)
    {
        File.WriteAllText(folder.File("generation_config.json"), json);
        return GenerationDefaults.Load(folder.Path);
    }
}
