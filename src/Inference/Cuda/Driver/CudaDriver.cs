using System.Reflection;
using System.Runtime.InteropServices;

namespace EduVision.Inference.Cuda.Driver;

/// <summary>What we use of CUDA's driver API (<c>libcuda.so.1</c>, <c>nvcuda.dll</c>): it comes with the GPU's driver, no toolkit is needed.</summary>
internal static unsafe partial class CudaDriver
{
    private const string Library = "cuda-driver";

    static CudaDriver() => NativeLibrary.SetDllImportResolver(typeof(CudaDriver).Assembly, Resolve);

    /// <summary>Compute capability, such as (9, 0), of a GPU, and the driver's version.</summary>
    /// <exception cref="CudaException">There is no driver or no such GPU.</exception>
    public static (int Major, int Minor, int Driver) Describe(int ordinal)
    {
        Check(cuInit(0), nameof(cuInit));
        Check(cuDeviceGet(out var device, ordinal), nameof(cuDeviceGet));
        Check(cuDeviceGetAttribute(out var major, 75, device), nameof(cuDeviceGetAttribute));
        Check(cuDeviceGetAttribute(out var minor, 76, device), nameof(cuDeviceGetAttribute));
        Check(cuDriverGetVersion(out var driver), nameof(cuDriverGetVersion));
        return (major, minor, driver);
    }

    /// <summary>Makes the GPU's primary context, which torch uses too, the calling thread's.</summary>
    public static void Use(int ordinal)
    {
        Check(cuInit(0), nameof(cuInit));
        Check(cuDeviceGet(out var device, ordinal), nameof(cuDeviceGet));
        Check(cuDevicePrimaryCtxRetain(out var context, device), nameof(cuDevicePrimaryCtxRetain));
        Check(cuCtxSetCurrent(context), nameof(cuCtxSetCurrent));
    }

    /// <summary>Waits for all work of the context; an error of a kernel that ran since shows here.</summary>
    public static void Synchronize() => Check(cuCtxSynchronize(), nameof(cuCtxSynchronize));

    internal static nint Load(ReadOnlySpan<byte> cubin)
    {
        fixed (byte* image = cubin)
        {
            Check(cuModuleLoadData(out var module, image), nameof(cuModuleLoadData));
            return module;
        }
    }

    internal static void Unload(nint module) => Check(cuModuleUnload(module), nameof(cuModuleUnload));

    internal static nint FunctionOf(nint module, string name)
    {
        Check(cuModuleGetFunction(out var function, module, name), $"{nameof(cuModuleGetFunction)} {name}");
        return function;
    }

    /// <summary>More than 48 KiB of shared memory a block has to be asked for once.</summary>
    internal static void AllowSharedMemory(nint function, int bytes, string name)
    {
        if (bytes > 48 << 10) Check(cuFuncSetAttribute(function, 8, bytes), $"{name} with {bytes} bytes of shared memory");
    }

    internal static void Launch(nint function, Grid grid, int threads, int sharedBytes, nint stream, ReadOnlySpan<KernelArgument> arguments, string name)
    {
        var pointers = stackalloc void*[arguments.Length];
        fixed (KernelArgument* values = arguments)
        {
            for (var i = 0; i < arguments.Length; i++) pointers[i] = values + i;
            Check(cuLaunchKernel(function, (uint)grid.X, (uint)grid.Y, (uint)grid.Z, (uint)threads, 1, 1, (uint)sharedBytes, stream, pointers, null), name);
        }
    }

    private static void Check(int result, string what)
    {
        if (result == 0) return;
        _ = cuGetErrorName(result, out var name);
        throw new CudaException(what, result, name is null ? "?" : Marshal.PtrToStringUTF8((nint)name) ?? "?");
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != Library) return 0;
        var file = OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1";
        return NativeLibrary.TryLoad(file, out var handle) ? handle : throw new CudaException($"loading {file}", 0, "no NVIDIA driver is installed");
    }

    [LibraryImport(Library)]
    private static partial int cuInit(uint flags);

    [LibraryImport(Library)]
    private static partial int cuDriverGetVersion(out int version);

    [LibraryImport(Library)]
    private static partial int cuDeviceGet(out int device, int ordinal);

    [LibraryImport(Library)]
    private static partial int cuDeviceGetAttribute(out int value, int attribute, int device);

    [LibraryImport(Library)]
    private static partial int cuDevicePrimaryCtxRetain(out nint context, int device);

    [LibraryImport(Library)]
    private static partial int cuCtxSetCurrent(nint context);

    [LibraryImport(Library)]
    private static partial int cuCtxSynchronize();

    [LibraryImport(Library)]
    private static partial int cuModuleLoadData(out nint module, byte* image);

    [LibraryImport(Library)]
    private static partial int cuModuleUnload(nint module);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int cuModuleGetFunction(out nint function, nint module, string name);

    [LibraryImport(Library)]
    private static partial int cuFuncSetAttribute(nint function, int attribute, int value);

    [LibraryImport(Library)]
    private static partial int cuLaunchKernel(
        nint function, uint gridX, uint gridY, uint gridZ, uint blockX, uint blockY, uint blockZ, uint sharedBytes, nint stream, void** arguments, void** extra);

    [LibraryImport(Library)]
    private static partial int cuGetErrorName(int error, out byte* name);
}

/// <summary>Blocks of a launch.</summary>
internal readonly record struct Grid(int X, int Y = 1, int Z = 1);

/// <summary>One argument of a kernel: a pointer, an int or a float, in the low bytes of eight.</summary>
internal readonly struct KernelArgument
{
    private readonly ulong bits;

    private KernelArgument(ulong bits) => this.bits = bits;

    public static implicit operator KernelArgument(nint pointer) => new((ulong)pointer);

    public static implicit operator KernelArgument(int number) => new((uint)number);

    public static implicit operator KernelArgument(float number) => new(BitConverter.SingleToUInt32Bits(number));
}

/// <summary>A call to the GPU's driver or compiler failed.</summary>
public sealed class CudaException : Exception
{
    internal CudaException(string what, int code, string reason) : base($"CUDA: {what} failed: {reason}{(code == 0 ? "" : $" ({code})")}.") => Code = code;

    /// <summary>The driver's error number; 0 where there was none.</summary>
    public int Code { get; }
}
