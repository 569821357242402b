namespace EduVision.Model.Configuration;

/// <summary>A file of a model folder is missing, damaged, or says something the model cannot follow.</summary>
public sealed class ModelFileException : Exception
{
    /// <param name="file">Path of the file at fault.</param>
    /// <param name="what">The field or tensor, what was found, and what was expected.</param>
    /// <param name="inner">The failure underneath, if there was one.</param>
    public ModelFileException(string file, string what, Exception? inner = null)
        : base($"{file}: {what}", inner)
    {
        File = file;
    }

    /// <summary>Path of the file at fault.</summary>
    public string File { get; }
}
