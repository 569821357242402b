namespace EduVision.Model.Tests.Network;

/// <summary>
/// A small published-style checkpoint and what the reference implementation makes of it: from the folder or archive named by
/// EDUVISION_PARITY, or <c>shared/parity</c> beside the repository.
/// </summary>
public sealed class ParityFolder : IDisposable
{
    private readonly string? _unpacked;

    public ParityFolder()
    {
        var source = Environment.GetEnvironmentVariable("EDUVISION_PARITY") ?? Beside();
        if (source is null)
        {
            Missing = "no parity data: set EDUVISION_PARITY to parity-bf16.tar.xz or to the folder unpacked from it";
            return;
        }

        var folder = Directory.Exists(source) ? source : null;
        var archive = folder is null ? source : System.IO.Path.Combine(folder, "parity-bf16.tar.xz");
        if (folder is not null && Golden(folder) is { } path)
        {
            Path = path;
            return;
        }

        _unpacked = Directory.CreateTempSubdirectory("eduvision-parity-").FullName;
        using var tar = System.Diagnostics.Process.Start("tar", ["-xf", archive, "-C", _unpacked]);
        tar.WaitForExit();
        Path = Golden(_unpacked);
        Missing = Path is null ? $"{archive} could not be unpacked" : null;
    }

    public string? Path { get; }

    /// <summary>Why there is nothing to test against.</summary>
    public string? Missing { get; }

    public void Dispose()
    {
        if (_unpacked is not null)
        {
            Directory.Delete(_unpacked, recursive: true);
        }
    }

    private static string? Golden(string folder) => Directory.EnumerateFiles(folder, "golden.safetensors", SearchOption.AllDirectories).Select(System.IO.Path.GetDirectoryName).FirstOrDefault();

    private static string? Beside()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            var candidate = System.IO.Path.Combine(at.FullName, "shared", "parity");
            if (Directory.Exists(candidate))
            {
                return candidate;
            }
        }

        return null;
    }
}
