using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace EduVision.Model.Native;

/// <summary>
/// Lets TorchSharp start on Linux systems whose C++ runtime is older than the one it was built with (Debian 12, Ubuntu 22.04),
/// with the attention kernels that suit us.
/// </summary>
/// <remarks>
/// TorchSharp 0.107.0 refuses to load without version GLIBCXX_3.4.32 of libstdc++ (GCC 13), of which it uses nothing but a marker
/// that is never called. Where loading fails, a copy that only wishes for that version is loaded in its place.
/// </remarks>
public static class TorchLibrary
{
    private const string Wrapper = "LibTorchSharp";
    private const string NewestRuntime = "GLIBCXX_3.4.32";
    private static int prepared;

    /// <summary>To be called before the first use of torch; later calls do nothing.</summary>
    public static void Prepare()
    {
        if (OperatingSystem.IsLinux() && Interlocked.Exchange(ref prepared, 1) == 0)
        {
            AttentionBackend.AvoidPlansPerShape();
            AssemblyLoadContext.Default.ResolvingUnmanagedDll += LoadCopy;
        }
    }

    /// <summary>Runs only where the ordinary way has failed.</summary>
    private static nint LoadCopy(Assembly assembly, string name)
    {
        if (name != Wrapper || FolderOf($"lib{Wrapper}.so") is not { } folder)
        {
            return 0;
        }

        var library = File.ReadAllBytes(Path.Combine(folder, $"lib{Wrapper}.so"));
        if (!ElfVersions.MakeOptional(library, NewestRuntime) || !LoadTorch(folder))
        {
            return 0;
        }

        // The copy finds libtorch, loaded above, by its name; once mapped it needs no file.
        var copy = Path.Combine(Path.GetTempPath(), $"{Wrapper}-{Guid.NewGuid():N}.so");
        try
        {
            File.WriteAllBytes(copy, library);
            return NativeLibrary.TryLoad(copy, out var handle) ? handle : 0;
        }
        finally
        {
            File.Delete(copy);
        }
    }

    // Beside the wrapper, or, where it was published without one, what is loaded already or on the library path.
    private static bool LoadTorch(string folder)
    {
        const string torch = "libtorch.so";
        var beside = Path.Combine(folder, torch);
        return NativeLibrary.TryLoad(File.Exists(beside) ? beside : torch, out _);
    }

    private static string? FolderOf(string file) =>
        ((AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
            .Append(AppContext.BaseDirectory)
            .FirstOrDefault(folder => File.Exists(Path.Combine(folder, file)));
}
