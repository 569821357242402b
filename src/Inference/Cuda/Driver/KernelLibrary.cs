using EduVision.Model.Configuration;

namespace EduVision.Inference.Cuda.Driver;

/// <summary>The kernels on the current GPU, compiled for one model's sizes.</summary>
internal sealed class KernelLibrary : IDisposable
{
    private const int DefaultDepth = 2;
    private readonly List<nint> modules = [];
    private readonly bool overlaps;
    private readonly Dictionary<string, nint> functions = [];

    /// <summary>Compiles or finds them and loads them into the current context.</summary>
    /// <param name="compiler">The compiler.</param>
    /// <param name="architecture">The chip.</param>
    /// <param name="config">The model's sizes.</param>
    /// <param name="blockSize">Tokens a KV block.</param>
    /// <param name="depth">Tiles of weights that a warp of the narrow product has on their way.</param>
    public KernelLibrary(KernelCompiler compiler, string architecture, TextConfig config, int blockSize, int depth = DefaultDepth)
    {
        Architecture = architecture;
        // From Hopper on.
        overlaps = architecture is not ("sm_80" or "sm_86" or "sm_87" or "sm_89");
        var constants = ConstantsOf(config, blockSize, architecture, depth);
        foreach (var file in KernelCompiler.Files) modules.Add(CudaDriver.Load(compiler.Compile(file, architecture, constants)));
    }

    /// <summary>The chip's name to the compiler.</summary>
    public string Architecture { get; }

    /// <summary>Blocks of columns that the wide product keeps in shared memory, 48 KiB each.</summary>
    public int Stages => StagesOf(Architecture);

    /// <summary>Shared memory that a block of threads can have.</summary>
    public static int SharedBytesOf(string architecture) => architecture switch
    {
        "sm_86" or "sm_89" or "sm_120a" => 99 << 10,
        "sm_80" or "sm_87" => 163 << 10,
        _ => 227 << 10,
    };

    /// <summary>The sizes that kernels know while they are compiled.</summary>
    public static IReadOnlyList<(string Name, int Value)> ConstantsOf(TextConfig config, int blockSize, string architecture, int depth = DefaultDepth) =>
    [
        ("HEADS", config.Heads), ("KV_HEADS", config.KvHeads), ("HEAD_DIM", config.HeadDim), ("LAYERS", config.Layers), ("HIDDEN", config.HiddenSize), ("INTERMEDIATE", config.IntermediateSize),
        ("BLOCK_SIZE", blockSize), ("STAGES", StagesOf(architecture)), ("DEPTH", depth),
        ("RING_1", CudaStep.RingOf(config, 1, SharedBytesOf(architecture))), ("RING_8", CudaStep.RingOf(config, CudaStep.MostTokens, SharedBytesOf(architecture))),
    ];

    private static int StagesOf(string architecture) => SharedBytesOf(architecture) / (48 << 10) < 3 ? 2 : 3;

    /// <summary>The stream that kernels run on.</summary>
    public nint Stream { get; } = CudaDriver.CreateStream();

    /// <summary>Puts a kernel on the stream.</summary>
    public void Launch(string name, Grid grid, int threads, int sharedBytes, params ReadOnlySpan<KernelArgument> arguments) =>
        CudaDriver.Launch(FunctionOf(name, sharedBytes), grid, threads, sharedBytes, Stream, overlaps, arguments, name);

    /// <summary>Puts a kernel on the stream whose one argument is a structure.</summary>
    public void Launch<T>(string name, Grid grid, int threads, int sharedBytes, in T argument) where T : unmanaged =>
        CudaDriver.Launch(FunctionOf(name, sharedBytes), grid, threads, sharedBytes, Stream, overlaps, argument, name);

    private nint FunctionOf(string name, int sharedBytes)
    {
        if (functions.TryGetValue(name, out var function)) return function;
        functions[name] = function = Find(name);
        CudaDriver.AllowSharedMemory(function, sharedBytes, name);
        return function;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var module in modules) CudaDriver.Unload(module);
        modules.Clear();
        CudaDriver.DestroyStream(Stream);
    }

    private nint Find(string name)
    {
        CudaException? missing = null;
        foreach (var module in modules)
        {
            try
            {
                return CudaDriver.FunctionOf(module, name);
            }
            catch (CudaException exception)
            {
                missing = exception;
            }
        }
        throw missing!;
    }
}
