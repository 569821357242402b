using System.Diagnostics;

namespace EduVision.Model.Tests.Parity;

/// <summary>
/// Reference material too large to commit: a folder <c>shared</c> beside the repository (or beside one of its parents).
/// Tests that need it skip without it.
/// </summary>
internal static class SharedFiles
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, string> Unpacked = [];

    /// <summary>The path of a file in <c>shared</c>, or null.</summary>
    public static string? Find(string relative)
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, "shared", relative);
            if (File.Exists(candidate))
            {
                return candidate;
            }
        }

        return null;
    }

    /// <summary>The folder an archive was unpacked to, once a run; deleted when the run ends.</summary>
    public static string Unpack(string archive)
    {
        lock (Gate)
        {
            if (!Unpacked.TryGetValue(archive, out string? folder))
            {
                folder = Directory.CreateTempSubdirectory("eduvision-shared-").FullName;
                AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
                using Process tar = Process.Start("tar", ["-xf", archive, "-C", folder]);
                tar.WaitForExit();
                Assert.True(tar.ExitCode == 0, $"tar could not unpack {archive}: exit code {tar.ExitCode}.");
                Unpacked.Add(archive, folder);
            }

            return folder;
        }
    }
}
