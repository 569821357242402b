namespace EduVision.Model.Tests.Parity;

/// <summary>Files of this repository that tests read where they lie.</summary>
internal static class RepositoryFiles
{
    /// <summary>A file or folder of <c>tests/Model.Tests/Fixtures</c>.</summary>
    public static string Fixture(string relative) => Find(Path.Combine("tests", "Model.Tests", "Fixtures", relative));

    /// <summary>A file or folder of the repository; not to be there is a failure.</summary>
    public static string Find(string relative)
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, relative);
            if (Path.Exists(candidate))
            {
                return candidate;
            }
        }

        throw new FileNotFoundException($"{relative} is not above {AppContext.BaseDirectory}; the repository has it committed.");
    }
}
