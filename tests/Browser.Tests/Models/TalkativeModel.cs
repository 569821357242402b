namespace EduVision.Browser.Tests.Models;

/// <summary>The fixture of random weights, made never to end by itself: an answer that lasts until it is stopped.</summary>
internal static class TalkativeModel
{
    private const int Context = 32_768;

    /// <summary>Makes one in a folder of its own; null if the fixture is not there.</summary>
    public static string? Make()
    {
        if (Places.RandomModel is not { } fixture) return null;
        var copy = new ModelCopy(fixture);
        int[] ends = [];
        copy.Change("generation_config.json", config =>
        {
            ends = [.. config["eos_token_id"]!.AsArray().Select(id => (int)id!)];
            // Variety among the likeliest twenty: no loop, which the engine would end.
            config["temperature"] = 2.0;
            config["top_k"] = 20;
        });
        copy.Change("config.json", config => config["text_config"]!["max_position_embeddings"] = Context);
        // A row of zeros gives a logit of zero, the middle of 512 random ones: never among the twenty likeliest.
        copy.Zero("lm_head.weight", ends);
        return copy.Folder;
    }
}
