using System.Reflection;
using System.Runtime.InteropServices;

namespace EduVision.Inference.Cuda.Driver;

/// <summary>What we use of CUDA's driver API (<c>libcuda.so.1</c>, <c>nvcuda.dll</c>): it comes with the GPU's driver, no toolkit is needed.</summary>
internal static unsafe partial class CudaDriver
{
    private const string Library = "cuda-driver";

    static CudaDriver() => NativeLibrary.SetDllImportResolver(typeof(CudaDriver).Assembly, Resolve);

    /// <summary>A GPU, and its driver's version.</summary>
    /// <exception cref="CudaException">There is no driver or no such GPU.</exception>
    public static (Chip Chip, int Driver) Describe(int ordinal)
    {
        Check(cuInit(0), nameof(cuInit));
        Check(cuDeviceGet(out var device, ordinal), nameof(cuDeviceGet));
        Check(cuDeviceGetAttribute(out var major, 75, device), nameof(cuDeviceGetAttribute));
        Check(cuDeviceGetAttribute(out var minor, 76, device), nameof(cuDeviceGetAttribute));
        Check(cuDeviceGetAttribute(out var processors, 16, device), nameof(cuDeviceGetAttribute));
        Check(cuDriverGetVersion(out var driver), nameof(cuDriverGetVersion));
        return (Chip.Of(major, minor, processors), driver);
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

    // Ordered against torch's stream, the legacy default one: neither begins before what the other began earlier has ended.
    internal static nint CreateStream()
    {
        Check(cuStreamCreate(out var stream, 0), nameof(cuStreamCreate));
        return stream;
    }

    internal static void DestroyStream(nint stream) => Check(cuStreamDestroy_v2(stream), nameof(cuStreamDestroy_v2));

    internal static void Wait(nint stream) => Check(cuStreamSynchronize(stream), nameof(cuStreamSynchronize));

    /// <summary>What <paramref name="launch"/> puts on the stream, as a graph that can be launched at once, again and again.</summary>
    internal static nint Capture(nint stream, Action launch)
    {
        const int relaxed = 2;
        Check(cuStreamBeginCapture_v2(stream, relaxed), nameof(cuStreamBeginCapture_v2));
        nint graph;
        try
        {
            launch();
        }
        finally
        {
            Check(cuStreamEndCapture(stream, out graph), nameof(cuStreamEndCapture));
        }
        Check(cuGraphInstantiateWithFlags(out var executable, graph, 0), nameof(cuGraphInstantiateWithFlags));
        Check(cuGraphDestroy(graph), nameof(cuGraphDestroy));
        return executable;
    }

    internal static void LaunchGraph(nint executable, nint stream) => Check(cuGraphLaunch(executable, stream), nameof(cuGraphLaunch));

    internal static void DestroyGraph(nint executable) => Check(cuGraphExecDestroy(executable), nameof(cuGraphExecDestroy));

    /// <summary>Memory of the GPU that is in use, by whomever.</summary>
    internal static long UsedBytes()
    {
        var (free, total) = Memory();
        return total - free;
    }

    /// <summary>Free and all memory of the GPU whose context is current.</summary>
    internal static (long Free, long Total) Memory()
    {
        Check(cuMemGetInfo_v2(out var free, out var total), nameof(cuMemGetInfo_v2));
        return ((long)free, (long)total);
    }

    /// <summary>A GPU's name for people and its PCI address; needs no context.</summary>
    internal static (string Name, string BusId) Identify(int ordinal)
    {
        const int length = 128;
        var text = stackalloc byte[length];
        Check(cuInit(0), nameof(cuInit));
        Check(cuDeviceGet(out var device, ordinal), nameof(cuDeviceGet));
        Check(cuDeviceGetName(text, length, device), nameof(cuDeviceGetName));
        var name = Marshal.PtrToStringUTF8((nint)text)!;
        Check(cuDeviceGetPCIBusId(text, length, device), nameof(cuDeviceGetPCIBusId));
        return (name, Marshal.PtrToStringUTF8((nint)text)!);
    }

    /// <summary>All memory of the GPU.</summary>
    internal static long TotalBytes()
    {
        Check(cuMemGetInfo_v2(out _, out var total), nameof(cuMemGetInfo_v2));
        return (long)total;
    }

    internal static nint AllocatePinned(long bytes)
    {
        Check(cuMemHostAlloc(out var address, (nuint)bytes, 0), nameof(cuMemHostAlloc));
        return address;
    }

    internal static void FreePinned(nint address) => Check(cuMemFreeHost(address), nameof(cuMemFreeHost));

    internal static void CopyToDevice(nint device, nint host, long bytes, nint stream) => Check(cuMemcpyHtoDAsync_v2(device, host, (nuint)bytes, stream), nameof(cuMemcpyHtoDAsync_v2));

    internal static void CopyToHost(nint host, nint device, long bytes, nint stream) => Check(cuMemcpyDtoHAsync_v2(host, device, (nuint)bytes, stream), nameof(cuMemcpyDtoHAsync_v2));

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

    /// <param name="overlaps">Whether it may begin while the kernel before it ends; see <c>prelude.cu</c>.</param>
    internal static void Launch(nint function, Grid grid, int threads, int sharedBytes, nint stream, bool overlaps, ReadOnlySpan<KernelArgument> arguments, string name)
    {
        var pointers = stackalloc void*[arguments.Length];
        fixed (KernelArgument* values = arguments)
        {
            for (var i = 0; i < arguments.Length; i++) pointers[i] = values + i;
            Launch(function, grid, threads, sharedBytes, stream, overlaps, pointers, name);
        }
    }

    /// <summary>The same, with a structure as the one argument.</summary>
    internal static void Launch<T>(nint function, Grid grid, int threads, int sharedBytes, nint stream, bool overlaps, in T argument, string name) where T : unmanaged
    {
        fixed (T* value = &argument)
        {
            void* pointer = value;
            Launch(function, grid, threads, sharedBytes, stream, overlaps, &pointer, name);
        }
    }

    private static void Launch(nint function, Grid grid, int threads, int sharedBytes, nint stream, bool overlaps, void** arguments, string name)
    {
        var attribute = new LaunchAttribute { Id = LaunchAttribute.ProgrammaticStreamSerialization, Value = 1 };
        var launch = new LaunchConfiguration
        {
            GridX = (uint)grid.X, GridY = (uint)grid.Y, GridZ = (uint)grid.Z, BlockX = (uint)threads, BlockY = 1, BlockZ = 1,
            SharedBytes = (uint)sharedBytes, Stream = stream, Attributes = &attribute, AttributeCount = overlaps ? 1u : 0u,
        };
        Check(cuLaunchKernelEx(&launch, function, arguments, null), name);
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
    private static partial int cuDeviceGetName(byte* name, int length, int device);

    [LibraryImport(Library)]
    private static partial int cuDeviceGetPCIBusId(byte* id, int length, int device);

    [LibraryImport(Library)]
    private static partial int cuDevicePrimaryCtxRetain(out nint context, int device);

    [LibraryImport(Library)]
    private static partial int cuCtxSetCurrent(nint context);

    [LibraryImport(Library)]
    private static partial int cuCtxSynchronize();

    [LibraryImport(Library)]
    private static partial int cuStreamCreate(out nint stream, uint flags);

    [LibraryImport(Library)]
    private static partial int cuStreamDestroy_v2(nint stream);

    [LibraryImport(Library)]
    private static partial int cuStreamSynchronize(nint stream);

    [LibraryImport(Library)]
    private static partial int cuStreamBeginCapture_v2(nint stream, int mode);

    [LibraryImport(Library)]
    private static partial int cuStreamEndCapture(nint stream, out nint graph);

    [LibraryImport(Library)]
    private static partial int cuGraphInstantiateWithFlags(out nint executable, nint graph, ulong flags);

    [LibraryImport(Library)]
    private static partial int cuGraphDestroy(nint graph);

    [LibraryImport(Library)]
    private static partial int cuGraphLaunch(nint executable, nint stream);

    [LibraryImport(Library)]
    private static partial int cuGraphExecDestroy(nint executable);

    [LibraryImport(Library)]
    private static partial int cuMemGetInfo_v2(out nuint free, out nuint total);

    [LibraryImport(Library)]
    private static partial int cuMemHostAlloc(out nint address, nuint bytes, uint flags);

    [LibraryImport(Library)]
    private static partial int cuMemFreeHost(nint address);

    [LibraryImport(Library)]
    private static partial int cuMemcpyHtoDAsync_v2(nint device, nint host, nuint bytes, nint stream);

    [LibraryImport(Library)]
    private static partial int cuMemcpyDtoHAsync_v2(nint host, nint device, nuint bytes, nint stream);

    [LibraryImport(Library)]
    private static partial int cuModuleLoadData(out nint module, byte* image);

    [LibraryImport(Library)]
    private static partial int cuModuleUnload(nint module);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int cuModuleGetFunction(out nint function, nint module, string name);

    [LibraryImport(Library)]
    private static partial int cuFuncSetAttribute(nint function, int attribute, int value);

    [LibraryImport(Library)]
    private static partial int cuLaunchKernelEx(LaunchConfiguration* launch, nint function, void** arguments, void** extra);

    [LibraryImport(Library)]
    private static partial int cuGetErrorName(int error, out byte* name);
}

/// <summary>CUlaunchConfig.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LaunchConfiguration
{
    public uint GridX, GridY, GridZ, BlockX, BlockY, BlockZ, SharedBytes;
    public nint Stream;
    public LaunchAttribute* Attributes;
    public uint AttributeCount;
}

/// <summary>CUlaunchAttribute: an id, and a value of 64 bytes of which we set the first four.</summary>
[StructLayout(LayoutKind.Explicit, Size = 72)]
internal struct LaunchAttribute
{
    public const int ProgrammaticStreamSerialization = 6;

    [FieldOffset(0)]
    public int Id;

    [FieldOffset(8)]
    public int Value;
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
