using System.Text.Json.Nodes;
using EduVision.Model.Configuration;
using EduVision.Model.Tests.Network;

namespace EduVision.Model.Tests.Configuration;

public sealed class ModelConfigTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_saved_configuration_is_loaded_as_it_was()
    {
        var saved = TinyModel.Config(tied: true, new Fp8Quantization(128, 64, ["lm_head", "model.visual"]));
        saved.Save(folder.Path);
        var loaded = ModelConfig.Load(folder.Path);
        Assert.Equivalent(saved, loaded, strict: true);
    }

    [Fact]
    public void Both_spellings_of_the_rotary_settings_are_read()
    {
        var expected = TinyModel.Config().Text.Rope;
        Assert.Equal(expected, Edited(text => text.Remove("rope_parameters")).Text.Rope);
        Assert.Equal(expected, Edited(text =>
        {
            text.Remove("rope_scaling");
            text.Remove("rope_theta");
        }).Text.Rope);
    }

    [Fact]
    public void Spellings_that_disagree_are_refused() =>
        Refused(text => text["rope_theta"] = 1234, "`text_config.rope_parameters`", "`text_config.rope_scaling`");

    [Fact]
    public void No_rotary_settings_at_all_are_refused() =>
        Refused(
            text =>
            {
                text.Remove("rope_scaling");
                text.Remove("rope_parameters");
            },
            "`text_config.rope_parameters` is missing");

    [Theory]
    [InlineData("hidden_size")]
    [InlineData("num_hidden_layers")]
    [InlineData("vocab_size")]
    [InlineData("num_key_value_heads")]
    public void A_missing_field_is_named(string field) => Refused(text => text.Remove(field), $"`text_config.{field}` is missing");

    [Fact]
    public void A_null_field_counts_as_missing() => Refused(text => text["hidden_size"] = null, "`text_config.hidden_size` is missing");

    [Theory]
    [InlineData("num_key_value_heads", 3, "multiple of num_key_value_heads (3)")]
    [InlineData("head_dim", 20, "expected head_dim / 2 (10)")]
    [InlineData("hidden_size", 48, "expected text_config.hidden_size (48)")]
    [InlineData("num_hidden_layers", 1, "expected at most num_hidden_layers (1)")]
    [InlineData("vocab_size", 50, "`image_token_id` is 50")]
    [InlineData("intermediate_size", -1, "`text_config.intermediate_size` is -1")]
    public void Contradictions_are_named(string field, int value, string message) => Refused(text => text[field] = value, message);

    [Fact]
    public void A_tie_may_be_said_in_the_text_configuration_only()
    {
        var root = Root();
        root.Remove("tie_word_embeddings");
        root["text_config"]!["tie_word_embeddings"] = true;
        Assert.True(Load(root).TieWordEmbeddings);
    }

    [Theory]
    [InlineData("rms_norm_eps", -1.0, "`text_config.rms_norm_eps` is -1")]
    [InlineData("vocab_size", 1e12, "`text_config.vocab_size` is 1000000000000, expected an integer of at most 2147483647")]
    [InlineData("hidden_size", 1.5, "`text_config.hidden_size` is 1.5")]
    public void Numbers_that_cannot_be_are_named(string field, double value, string message) => Refused(text => text[field] = value == Math.Floor(value) ? JsonValue.Create((long)value) : JsonValue.Create(value), message);

    [Fact]
    public void Rotary_settings_that_cannot_be_are_named()
    {
        Refused(
            text =>
            {
                text.Remove("rope_scaling");
                text["rope_parameters"]!["rope_theta"] = 0;
            },
            "`rope_theta` is 0");
        Refused(
            text =>
            {
                text.Remove("rope_scaling");
                text["rope_parameters"]!["mrope_section"] = new JsonArray(10, -1, -1);
            },
            "[10, -1, -1], expected three positive integers");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_tie_is_read_as_it_is_said(bool tied)
    {
        var root = Root();
        root["tie_word_embeddings"] = tied;
        root["text_config"]!["tie_word_embeddings"] = !tied;
        Assert.Equal(tied, Load(root).TieWordEmbeddings);
    }

    [Theory]
    [InlineData("quant_method", "awq")]
    [InlineData("fmt", "e5m2")]
    public void Another_quantisation_is_refused(string field, string value)
    {
        TinyModel.Config(quantization: new Fp8Quantization(128, 128, [])).Save(folder.Path);
        var root = JsonNode.Parse(File.ReadAllText(folder.File("config.json")))!.AsObject();
        root["quantization_config"]![field] = value;
        Assert.Contains($"`quantization_config.{field}` is \"{value}\"", Assert.Throws<ModelFileException>(() => Load(root)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_or_broken_file_names_itself()
    {
        var path = folder.File("config.json");
        Assert.Equal(path, Assert.Throws<ModelFileException>(() => ModelConfig.Load(folder.Path)).File);
        File.WriteAllText(path, "{");
        Assert.Contains("not valid JSON", Assert.Throws<ModelFileException>(() => ModelConfig.Load(folder.Path)).Message, StringComparison.Ordinal);
    }

    private JsonObject Root()
    {
        TinyModel.Config().Save(folder.Path);
        return JsonNode.Parse(File.ReadAllText(folder.File("config.json")))!.AsObject();
    }

    private ModelConfig Edited(Action<JsonObject> edit)
    {
        var root = Root();
        edit(root["text_config"]!.AsObject());
        return Load(root);
    }

    private ModelConfig Load(JsonObject root)
    {
        File.WriteAllText(folder.File("config.json"), root.ToJsonString());
        return ModelConfig.Load(folder.Path);
    }

    private void Refused(Action<JsonObject> edit, params string[] message)
    {
        var exception = Assert.Throws<ModelFileException>(() => Edited(edit));
        Assert.All([folder.File("config.json"), .. message], part => Assert.Contains(part, exception.Message, StringComparison.Ordinal));
    }
}
