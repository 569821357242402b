using System.Text.Json.Nodes;

namespace EduVision.Browser.Tests;

/// <summary>The fixture of random weights without its end tokens and with a longer context: an answer that lasts until it is stopped.</summary>
internal static class TalkativeModel
{
    private const int Never = 1_000_000; // no token has this number
    private const int Context = 32_768;

    /// <summary>Makes one in a folder of its own; null if the fixture is not there.</summary>
    public static string? Make()
    {
        if (Places.RandomModel is not { } fixture) return null;
        var folder = Directory.CreateTempSubdirectory("eduvision-model-").FullName;
        foreach (var file in Directory.EnumerateFiles(fixture)) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        Change(Path.Combine(folder, "generation_config.json"), config =>
        {
            config["eos_token_id"] = Never;
            // Every token is about as likely as any other, so that it does not fall into a loop, which the engine would end.
            config["temperature"] = 2.0;
            config["top_k"] = 0;
            config["top_p"] = 1.0;
        });
        Change(Path.Combine(folder, "config.json"), config =>
        {
            var text = config["text_config"]!;
            text["eos_token_id"] = Never;
            text["max_position_embeddings"] = Context;
        });
        return folder;
    }

    private static void Change(string path, Action<JsonNode> change)
    {
        var json = JsonNode.Parse(File.ReadAllText(path))!;
        change(json);
        File.WriteAllText(path, json.ToJsonString());
    }
}
