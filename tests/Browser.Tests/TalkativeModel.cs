using System.Buffers.Binary;
using System.Text.Json.Nodes;

namespace EduVision.Browser.Tests;

/// <summary>The fixture of random weights, made never to end by itself: an answer that lasts until it is stopped.</summary>
internal static class TalkativeModel
{
    private const string Head = "lm_head.weight";
    private const int Context = 32_768;

    /// <summary>Makes one in a folder of its own; null if the fixture is not there.</summary>
    public static string? Make()
    {
        if (Places.RandomModel is not { } fixture) return null;
        var folder = Directory.CreateTempSubdirectory("eduvision-model-").FullName;
        foreach (var file in Directory.EnumerateFiles(fixture)) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));

        int[] ends = [];
        Change(Path.Combine(folder, "generation_config.json"), config =>
        {
            ends = [.. config["eos_token_id"]!.AsArray().Select(id => (int)id!)];
            // Variety among the likeliest twenty: no loop, which the engine would end.
            config["temperature"] = 2.0;
            config["top_k"] = 20;
        });
        Change(Path.Combine(folder, "config.json"), config => config["text_config"]!["max_position_embeddings"] = Context);
        var shard = (string)JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "model.safetensors.index.json")))!["weight_map"]![Head]!;
        Silence(Path.Combine(folder, shard), ends);
        return folder;
    }

    // A row of zeros gives a logit of zero, the middle of 512 random ones: never among the twenty likeliest.
    // safetensors: the header's length in 8 bytes, the header as JSON, then the tensors.
    private static void Silence(string shard, int[] tokens)
    {
        var bytes = File.ReadAllBytes(shard);
        var header = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        var head = JsonNode.Parse(bytes.AsSpan(8, header))![Head]!;
        var row = (int)head["shape"]![1]! * sizeof(ushort);
        foreach (var token in tokens) bytes.AsSpan(8 + header + (int)head["data_offsets"]![0]! + (token * row), row).Clear();
        File.WriteAllBytes(shard, bytes);
    }

    private static void Change(string path, Action<JsonNode> change)
    {
        var json = JsonNode.Parse(File.ReadAllText(path))!;
        change(json);
        File.WriteAllText(path, json.ToJsonString());
    }
}
