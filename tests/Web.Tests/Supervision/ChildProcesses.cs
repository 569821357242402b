using System.Diagnostics;
using System.Globalization;

namespace EduVision.Web.Tests.Supervision;

/// <summary>Finds the processes that a process started, on Linux.</summary>
internal static class ChildProcesses
{
    /// <summary>Those that run now. Fields of <c>/proc/PID/stat</c>: pid, (name), state, parent.</summary>
    public static IEnumerable<Process> Of(Process parent)
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id) || !TryReadParent(folder, out var parentId) || parentId != parent.Id) continue;
            yield return Process.GetProcessById(id);
        }
    }

    private static bool TryReadParent(string folder, out int parent)
    {
        parent = 0;
        try
        {
            var text = File.ReadAllText(Path.Combine(folder, "stat"));
            return int.TryParse(text[(text.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture, out parent);
        }
        catch (IOException)
        {
            return false; // it ended while we looked
        }
    }
}
