using System.Text.Json.Nodes;
using EduVision.Model.Chat;
using EduVision.Model.Network;
using EduVision.Model.Tests.Parity;
using EduVision.Model.Weights;
using static TorchSharp.torch;

namespace EduVision.Model.Tests.Folders;

/// <summary>A copy of the repository's FP8 checkpoint folder, to be damaged; gone after the test.</summary>
internal sealed class ModelFolder : IDisposable
{
    public const string FirstShard = "model-00001-of-00002.safetensors";
    public const string SecondShard = "model-00002-of-00002.safetensors";

    private readonly TemporaryFolder copy = new();

    public ModelFolder()
    {
        foreach (var file in Directory.GetFiles(RepositoryFiles.Fixture("tiny-fp8")))
        {
            System.IO.File.Copy(file, File(Path.GetFileName(file)));
        }
    }

    public string File(string name) => copy.File(name);

    public void Delete(string name) => System.IO.File.Delete(File(name));

    public void Write(string name, string content) => System.IO.File.WriteAllText(File(name), content);

    /// <summary>Changes a file's bytes.</summary>
    public void Edit(string name, Func<byte[], byte[]> edit) => System.IO.File.WriteAllBytes(File(name), edit(System.IO.File.ReadAllBytes(File(name))));

    /// <summary>Changes a JSON file.</summary>
    public void Edit(string name, Action<JsonNode> edit)
    {
        var root = JsonNode.Parse(System.IO.File.ReadAllText(File(name)))!;
        edit(root);
        Write(name, root.ToJsonString());
    }

    /// <summary>Replaces one tensor of the first shard by what <paramref name="edit"/> makes of it; null takes it out.</summary>
    public void EditTensor(string name, Func<TensorToWrite, TensorToWrite?> edit)
    {
        using var scope = NewDisposeScope();
        List<TensorToWrite?> tensors;
        using (var shard = SafetensorsFile.Open(File(FirstShard)))
        {
            Assert.Contains(name, shard.Tensors.Keys);
            tensors = [.. shard.Tensors.Values.Select(stored => TensorToWrite.Of(stored.Name, shard.Load(stored.Name), stored.Type))
                .Select(tensor => tensor.Name == name ? edit(tensor) : tensor)];
        }

        SafetensorsWriter.Write(File(FirstShard), tensors.OfType<TensorToWrite>());
    }

    /// <summary>Turns <c>tokenizer.json</c> into <c>vocab.json</c>, <c>merges.txt</c> and <c>tokenizer_config.json</c>; other merges if given.</summary>
    public void SplitTokenizer(string? merges = null)
    {
        var root = JsonNode.Parse(System.IO.File.ReadAllText(File("tokenizer.json")))!;
        Write("vocab.json", root["model"]!["vocab"]!.ToJsonString());
        Write("merges.txt", merges ?? "#version: 0.2\n" + string.Concat(root["model"]!["merges"]!.AsArray().Select(merge => $"{merge![0]} {merge[1]}\n")));
        var added = root["added_tokens"]!.AsArray().Select(token => KeyValuePair.Create(token!["id"]!.ToString(), (JsonNode?)token.DeepClone()));
        Write("tokenizer_config.json", new JsonObject { ["added_tokens_decoder"] = new JsonObject(added) }.ToJsonString());
        Delete("tokenizer.json");
    }

    /// <summary>Reads everything that a service reads of a checkpoint.</summary>
    public void Load()
    {
        ChatProcessor.Load(copy.Path);
        using var model = Qwen3VL.Load(copy.Path, CPU, ScalarType.Float32);
    }

    public void Dispose() => copy.Dispose();
}
