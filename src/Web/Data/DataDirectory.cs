using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace EduVision.Web.Data;

/// <summary>Where questions, answers and photos are kept: section <c>Data</c>.</summary>
public sealed class DataOptions
{
    /// <summary>The folder, made if it is not there; relative to the content root.</summary>
    [Required]
    public string Directory { get; init; } = "data";

    /// <summary>How long a deleted question can be brought back before it is swept.</summary>
    [Range(typeof(TimeSpan), "00:00:10", "30.00:00:00")]
    public TimeSpan KeepDeleted { get; init; } = TimeSpan.FromHours(1);
}

/// <summary>Paths inside the data folder.</summary>
public sealed class DataDirectory
{
    /// <summary>Makes the folder and checks that it can be written.</summary>
    /// <exception cref="InvalidOperationException">It cannot be written; the message names it.</exception>
    public DataDirectory(IOptions<DataOptions> options, IWebHostEnvironment environment)
    {
        Root = Path.GetFullPath(options.Value.Directory, environment.ContentRootPath);
        try
        {
            Directory.CreateDirectory(Photos);
            Directory.CreateDirectory(Incoming);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidOperationException($"The data folder {Root} cannot be written ({e.Message}). Set Data:Directory to a folder that can.", e);
        }
    }

    /// <summary>The folder itself.</summary>
    public string Root { get; }

    /// <summary>The SQLite file.</summary>
    public string Database => Path.Combine(Root, "eduvision.db");

    /// <summary>Stored photos, by hash.</summary>
    public string Photos => Path.Combine(Root, "photos");

    /// <summary>Uploads in progress.</summary>
    public string Incoming => Path.Combine(Root, "incoming");

    /// <summary>Keys that protect cookies and forms.</summary>
    public string Keys => Path.Combine(Root, "keys");
}
