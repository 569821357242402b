using System.Runtime.InteropServices;
using System.Text;

namespace EduVision.Inference.Cuda.Driver;

/// <summary>NVIDIA's run-time compiler: CUDA C++ to machine code for the GPU that is there. It comes with every PyTorch for CUDA and every CUDA toolkit.</summary>
internal sealed unsafe class Nvrtc
{
    private static readonly string[] Names = OperatingSystem.IsWindows()
        ? ["nvrtc64_130_0.dll", "nvrtc64_120_0.dll"]
        : ["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"];

    private readonly nint library;

    private Nvrtc(nint library)
    {
        this.library = library;
        int major, minor;
        _ = ((delegate* unmanaged[Cdecl]<int*, int*, int>)Export("nvrtcVersion"))(&major, &minor);
        Version = $"{major}.{minor}";
    }

    /// <summary>Such as 13.0.</summary>
    public string Version { get; }

    /// <summary>Finds the compiler: <c>NVRTC_LIBRARY</c>, the library path, beside an installed PyTorch.</summary>
    /// <param name="torchLibrary">The <c>torch/lib</c> of an installed PyTorch, if one is used.</param>
    /// <returns>Null where there is none.</returns>
    public static Nvrtc? Find(string? torchLibrary)
    {
        IEnumerable<string> candidates = Names;
        if (Environment.GetEnvironmentVariable("NVRTC_LIBRARY") is { Length: > 0 } named) candidates = candidates.Prepend(named);
        if (torchLibrary is not null)
        {
            // Wheels keep CUDA's libraries in folders of their own beside torch.
            var wheels = Path.GetFullPath(Path.Combine(torchLibrary, "..", "..", "nvidia"));
            if (Directory.Exists(wheels))
                candidates = candidates.Concat(Directory.EnumerateFiles(wheels, "*nvrtc*", SearchOption.AllDirectories).Where(file => !file.Contains("builtins", StringComparison.Ordinal)).Order());
        }
        foreach (var candidate in candidates)
            if (NativeLibrary.TryLoad(candidate, out var handle)) return new Nvrtc(handle);
        return null;
    }

    /// <summary>Compiles a source.</summary>
    /// <returns>Machine code (cubin).</returns>
    /// <exception cref="CudaException">The source has errors; the message is the compiler's log.</exception>
    public byte[] Compile(string source, string name, IReadOnlyList<string> options)
    {
        nint program = 0;
        var pointers = options.Select(Marshal.StringToCoTaskMemUTF8).ToArray();
        try
        {
            fixed (byte* text = Encoding.UTF8.GetBytes(source + '\0'))
            fixed (byte* title = Encoding.UTF8.GetBytes(name + '\0'))
                Check(((delegate* unmanaged[Cdecl]<nint*, byte*, byte*, int, void*, void*, int>)Export("nvrtcCreateProgram"))(&program, text, title, 0, null, null), "nvrtcCreateProgram", "");
            int result;
            fixed (nint* list = pointers) result = ((delegate* unmanaged[Cdecl]<nint, int, nint*, int>)Export("nvrtcCompileProgram"))(program, pointers.Length, list);
            if (result != 0) Check(result, $"compiling {name}", Encoding.UTF8.GetString(Read(program, "nvrtcGetProgramLog")).Trim('\0', '\n'));
            return Read(program, "nvrtcGetCUBIN");
        }
        finally
        {
            if (program != 0) _ = ((delegate* unmanaged[Cdecl]<nint*, int>)Export("nvrtcDestroyProgram"))(&program);
            foreach (var pointer in pointers) Marshal.FreeCoTaskMem(pointer);
        }
    }

    private byte[] Read(nint program, string what)
    {
        nuint size = 0;
        Check(((delegate* unmanaged[Cdecl]<nint, nuint*, int>)Export($"{what}Size"))(program, &size), $"{what}Size", "");
        var bytes = new byte[size];
        fixed (byte* to = bytes) Check(((delegate* unmanaged[Cdecl]<nint, byte*, int>)Export(what))(program, to), what, "");
        return bytes;
    }

    private nint Export(string name) => NativeLibrary.GetExport(library, name);

    private static void Check(int result, string what, string log)
    {
        if (result != 0) throw new CudaException(what, result, log.Length > 0 ? log : "the compiler gives no reason");
    }
}
