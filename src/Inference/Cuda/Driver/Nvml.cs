using System.Runtime.InteropServices;
using System.Text;

namespace EduVision.Inference.Cuda.Driver;

/// <summary>NVIDIA's management library, which comes with the driver: it knows a GPU's free memory before this process has a context there.</summary>
internal static unsafe class Nvml
{
    private static readonly string File = OperatingSystem.IsWindows() ? "nvml.dll" : "libnvidia-ml.so.1";

    /// <summary>Free memory of a GPU in bytes.</summary>
    /// <param name="busId">Its PCI address, such as <c>0000:1B:00.0</c>.</param>
    /// <returns>Null where the library or the GPU does not say.</returns>
    public static long? FreeBytes(string busId)
    {
        if (!NativeLibrary.TryLoad(File, out var library)) return null;
        try
        {
            if (!TryFind(library, "nvmlInit_v2", out var init) || !TryFind(library, "nvmlDeviceGetHandleByPciBusId_v2", out var find)
                || !TryFind(library, "nvmlDeviceGetMemoryInfo", out var look) || !TryFind(library, "nvmlShutdown", out var end)) return null;
            if (((delegate* unmanaged[Cdecl]<int>)init)() != 0) return null;
            try
            {
                nint device;
                Memory memory;
                fixed (byte* id = Encoding.ASCII.GetBytes(busId + '\0'))
                    if (((delegate* unmanaged[Cdecl]<byte*, nint*, int>)find)(id, &device) != 0) return null;
                return ((delegate* unmanaged[Cdecl]<nint, Memory*, int>)look)(device, &memory) == 0 ? (long)memory.Free : null;
            }
            finally
            {
                _ = ((delegate* unmanaged[Cdecl]<int>)end)();
            }
        }
        finally
        {
            NativeLibrary.Free(library);
        }
    }

    private static bool TryFind(nint library, string name, out nint address) => NativeLibrary.TryGetExport(library, name, out address);

    // nvmlMemory_t.
    [StructLayout(LayoutKind.Sequential)]
    private struct Memory
    {
        public ulong Total, Free, Used;
    }
}
