using System.Text.Json.Nodes;
using EduVision.Model.Configuration;
using EduVision.Model.Weights;
using static TorchSharp.torch;

namespace EduVision.Model.Tests.Folders;

/// <summary>A whole checkpoint folder with one thing wrong: loading it names the file, the field or tensor, and the mismatch.</summary>
public sealed class DamagedFolderTests
{
    private const string Config = "config.json", Tokenizer = "tokenizer.json", Index = Checkpoint.IndexFile;
    private const string Matrix = "model.language_model.layers.0.mlp.up_proj.weight", Scales = Matrix + CheckpointWeights.ScaleSuffix;
    private const int Absurd = 2_000_000_000;

    private static readonly Dictionary<string, (string[] Message, Action<ModelFolder> Damage)> Cases = new()
    {
        ["a shard cut short"] = ([ModelFolder.SecondShard, "cut short"], folder => folder.Edit(ModelFolder.SecondShard, bytes => bytes[..^10])),
        ["an empty shard"] = ([ModelFolder.FirstShard, "0 bytes"], folder => folder.Edit(ModelFolder.FirstShard, _ => [])),
        ["a header that lies about its length"] = ([ModelFolder.FirstShard, "9223372036854775808 bytes"], folder => folder.Edit(ModelFolder.FirstShard, bytes => [.. BitConverter.GetBytes(1UL << 63), .. bytes[8..]])),
        ["a pointer in place of a large file"] = ([ModelFolder.FirstShard, "not a safetensors file"], folder => folder.Write(ModelFolder.FirstShard, "version https://git-lfs.github.com/spec/v1\n")),
        ["a missing shard"] = ([ModelFolder.SecondShard, "missing"], folder => folder.Delete(ModelFolder.SecondShard)),
        ["a shard outside the folder"] = ([Index, "`lm_head.weight`", "\"../x.safetensors\""], folder => folder.Edit(Index, root => root["weight_map"]!["lm_head.weight"] = "../x.safetensors")),
        ["a shard with an absolute path"] = ([Index, "`lm_head.weight`", "beside the index"], folder => folder.Edit(Index, root => root["weight_map"]!["lm_head.weight"] = folder.File(ModelFolder.FirstShard))),
        ["a tensor missing"] = ([ModelFolder.FirstShard, $"`{Matrix}` is missing"], folder => folder.EditTensor(Matrix, _ => null)),
        ["a tensor missing from the index"] = ([Index, $"`{Matrix}` is missing"], folder => folder.Edit(Index, root => root["weight_map"]!.AsObject().Remove(Matrix))),
        ["a tensor of another shape"] = ([ModelFolder.FirstShard, $"`{Matrix}` is [2, 2], expected [168, 144]"], folder => folder.EditTensor(Matrix, _ => TensorToWrite.Of(Matrix, ones(2, 2)))),
        ["a tensor of another type"] = ([ModelFolder.FirstShard, $"`{Matrix}` is I32"], folder => folder.EditTensor(Matrix, old => TensorToWrite.Of(Matrix, old.Read().to(ScalarType.Int32)))),
        ["scales missing"] = ([Index, $"`{Scales}` is missing"], folder => folder.Edit(Index, root => root["weight_map"]!.AsObject().Remove(Scales))),
        ["scales of another shape"] = ([ModelFolder.FirstShard, $"`{Scales}` is [1], expected [2, 2]"], folder => folder.EditTensor(Scales, _ => TensorToWrite.Of(Scales, ones(1)))),
        ["scales of another type"] = ([ModelFolder.FirstShard, $"`{Scales}` is I32, expected F32"], folder => folder.EditTensor(Scales, _ => TensorToWrite.Of(Scales, ones([2, 2], ScalarType.Int32)))),
        ["a scale that is no number"] = ([ModelFolder.FirstShard, $"`{Scales}`", "no finite number"], folder => folder.EditTensor(Scales, _ => TensorToWrite.Of(Scales, full([2, 2], float.NaN)))),
        ["FP8 without its configuration"] = ([ModelFolder.FirstShard, "is FP8", "no quantization_config"], folder => folder.Edit(Config, root => root.AsObject().Remove("quantization_config"))),
        ["other FP8 blocks"] = ([ModelFolder.FirstShard, "_scale_inv` is [2, 2], expected [3, 3]"], folder => folder.Edit(Config, root => root["quantization_config"]!["weight_block_size"] = new JsonArray(64, 64))),

        ["another architecture"] = ([Config, "`architectures` is [LlamaForCausalLM]"], folder => folder.Edit(Config, root => root["architectures"] = new JsonArray("LlamaForCausalLM"))),
        ["another model type"] = ([Config, "`model_type` is \"llama\""], folder => folder.Edit(Config, root => root["model_type"] = "llama")),
        ["absurdly many heads"] = ([ModelFolder.FirstShard, "q_proj.weight` is [192, 144], expected [64000000000, 144]"], folder => folder.Edit(Config, root => root["text_config"]!["num_attention_heads"] = Absurd)),
        ["an absurd width within"] = ([ModelFolder.FirstShard, $"gate_proj.weight` is [168, 144], expected [{Absurd}, 144]"], folder => folder.Edit(Config, root => root["text_config"]!["intermediate_size"] = Absurd)),
        ["an absurd vocabulary"] = ([".safetensors", $"`model.language_model.embed_tokens.weight` is [512, 144], expected [{Absurd}, 144]"], folder => folder.Edit(Config, root => root["text_config"]!["vocab_size"] = Absurd)),
        ["absurdly many layers"] = ([Index, "layers.3.", "is missing"], folder => folder.Edit(Config, root => root["text_config"]!["num_hidden_layers"] = Absurd)),
        ["absurdly many blocks"] = ([Index, "blocks.3.", "is missing"], folder => folder.Edit(Config, root => root["vision_config"]!["depth"] = Absurd)),
        ["another image token"] = ([Config, "<|image_pad|> is 5 here"], folder => folder.Edit(Config, root => root["image_token_id"] = 5)),
        ["another video token"] = ([Config, "<|video_pad|> is 5 here"], folder => folder.Edit(Config, root => root["video_token_id"] = 5)),
        ["a vocabulary larger than the model"] = ([Tokenizer, "the model only 490"], folder => folder.Edit(Config, root => root["text_config"]!["vocab_size"] = 490)),

        ["a tokenizer cut short"] = ([Tokenizer, "not valid JSON"], folder => folder.Edit(Tokenizer, bytes => bytes[..(bytes.Length / 2)])),
        ["a tokenizer without the image token"] = ([Tokenizer, "<|image_pad|>"], folder => RemoveAdded(folder, "<|image_pad|>")),
        ["a thinking model without its token"] = ([Tokenizer, "</think>"], folder => RemoveAdded(folder, "</think>")),
        ["no tokenizer"] = (["neither tokenizer.json nor vocab.json"], folder => folder.Delete(Tokenizer)),
        ["a merge of one token"] = (["merges.txt", "line 1 is \"lonely\""], folder => folder.SplitTokenizer(merges: "lonely\n")),
        ["a template of another family"] = (["chat_template.jinja", "not one of Qwen3-VL"], folder => folder.Write("chat_template.jinja", "[INST]")),
        ["other patches in the image settings"] = (["preprocessor_config.json", "patch"], folder => folder.Edit("preprocessor_config.json", root => root["patch_size"] = 14)),
        ["no image settings"] = (["preprocessor_config.json", "missing"], folder => folder.Delete("preprocessor_config.json")),
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_file_and_the_mismatch_are_named(string name)
    {
        var (message, damage) = Cases[name];
        using var folder = new ModelFolder();
        damage(folder);
        var exception = Assert.Throws<ModelFileException>(folder.Load);
        Assert.All(message, part => Assert.Contains(part, exception.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void A_folder_with_vocab_and_merges_in_place_of_the_tokenizer_loads()
    {
        using var folder = new ModelFolder();
        folder.SplitTokenizer();
        folder.Load();
    }

    [Fact]
    public void A_file_that_cannot_be_read_is_named()
    {
        using var folder = new ModelFolder();
        using var held = new FileStream(folder.File(Config), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Assert.Contains("config.json: the file cannot be read", Assert.Throws<ModelFileException>(folder.Load).Message, StringComparison.Ordinal);
    }

    private static void RemoveAdded(ModelFolder folder, string content) => folder.Edit(Tokenizer, root =>
    {
        var added = root["added_tokens"]!.AsArray();
        added.Remove(added.Single(token => token!["content"]!.GetValue<string>() == content));
    });
}
