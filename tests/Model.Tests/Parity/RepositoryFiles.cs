namespace EduVision.Model.Tests.Parity;

/// <summary>Files of this repository that tests read where they lie.</summary>
internal static class RepositoryFiles
{
    /// <summary>A file or folder of <c>tests/Model.Tests/Fixtures</c>.</summary>
    public static string Fixture(string relative) =>
        Find(relative) ?? throw new FileNotFoundException($"tests/Model.Tests/Fixtures/{relative} is not above {AppContext.BaseDirectory}.");

    /// <summary>As <see cref="Fixture"/>, null if it is not there.</summary>
    public static string? Find(string relative)
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, "tests", "Model.Tests", "Fixtures", relative);
            if (Path.Exists(candidate))
            {
                return candidate;
            }
        }

        return null;
    }
}
