namespace EduVision.Inference.Tests.Fakes;

/// <summary>What the repository has committed.</summary>
internal static class Repository
{
    /// <summary>A file or folder of it; not to be there is a failure.</summary>
    public static string Find(string relative)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (Path.Exists(Path.Combine(folder.FullName, relative))) return Path.Combine(folder.FullName, relative);
        throw new FileNotFoundException($"{relative} is not above {AppContext.BaseDirectory}; the repository has it committed.");
    }
}
