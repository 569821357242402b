namespace EduVision.Model.Configuration;

/// <summary>Opens the files of a model folder; one that is missing or cannot be read names itself.</summary>
internal static class ModelFile
{
    /// <summary>All bytes of a file.</summary>
    /// <exception cref="ModelFileException">It is missing or cannot be read.</exception>
    public static byte[] Read(string path) => Guarded(path, () => File.ReadAllBytes(path));

    /// <summary>A file to read from; the caller owns it.</summary>
    /// <exception cref="ModelFileException">It is missing or cannot be read.</exception>
    public static FileStream Open(string path) => Guarded(path, () => File.OpenRead(path));

    private static T Guarded<T>(string path, Func<T> open)
    {
        if (!File.Exists(path))
        {
            throw new ModelFileException(path, "the file is missing; a model folder holds it beside its other files.");
        }

        try
        {
            return open();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ModelFileException(path, $"the file cannot be read: {exception.Message}", exception);
        }
    }
}
