namespace EduVision.Inference.Hosting;

/// <summary>Finds the checkpoint folder to serve.</summary>
internal static class ModelLocator
{
    private const string Bundled = "models/nano";

    /// <summary>The folder asked for, or the bundled model's, looked for upwards from the working directory and from the program.</summary>
    /// <exception cref="DirectoryNotFoundException">There is none; the message says what to do.</exception>
    public static string Find(string? wanted)
    {
        if (wanted is not null)
            return File.Exists(Path.Combine(wanted, "config.json"))
                ? wanted
                : throw new DirectoryNotFoundException($"There is no checkpoint in '{Path.GetFullPath(wanted)}': config.json is missing. Give the folder of a Qwen3-VL model with --model.");
        foreach (var start in new[] { Directory.GetCurrentDirectory(), AppContext.BaseDirectory })
            for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
                if (File.Exists(Path.Combine(folder.FullName, Bundled, "config.json"))) return Path.Combine(folder.FullName, Bundled);
        throw new DirectoryNotFoundException($"There is no {Bundled} in this folder or above it. Give the folder of a Qwen3-VL model with --model.");
    }
}
