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
    /// <param name="depth">Blocks of weights that a warp of the narrow product has on their way.</param>
    public KernelLibrary(KernelCompiler compiler, string architecture, TextConfig config, int blockSize, int depth = DefaultDepth)
    {
        // From Hopper on.
        overlaps = architecture is not ("sm_80" or "sm_86" or "sm_87" or "sm_89");
        Stages = StagesOf(architecture);
        HasWarpGroups = WarpGroups.AreOn(architecture);
        Processors = CudaDriver.Processors();
        var constants = ConstantsOf(config, blockSize, Stages, depth);
        foreach (var file in KernelCompiler.FilesFor(architecture)) modules.Add(CudaDriver.Load(compiler.Compile(file, architecture, constants)));
    }

    /// <summary>Blocks of columns that the wide product keeps in shared memory, 48 KiB each.</summary>
    public int Stages { get; }

    /// <summary>Whether <see cref="WarpGroups"/> can be used.</summary>
    public bool HasWarpGroups { get; }

    /// <summary>The chip's multiprocessors.</summary>
    public int Processors { get; }

    /// <summary>As many as the chip's shared memory holds: Ampere's and Ada's small chips have 99 KiB for a block, the others at least 163.</summary>
    public static int StagesOf(string architecture) => architecture is "sm_86" or "sm_89" or "sm_120a" ? 2 : 3;

    /// <summary>The sizes that kernels know while they are compiled.</summary>
    public static IReadOnlyList<(string Name, int Value)> ConstantsOf(TextConfig config, int blockSize, int stages, int depth = DefaultDepth) =>
        [("HEADS", config.Heads), ("KV_HEADS", config.KvHeads), ("HEAD_DIM", config.HeadDim), ("BLOCK_SIZE", blockSize), ("STAGES", stages), ("DEPTH", depth)];

    /// <summary>The stream that kernels run on.</summary>
    public nint Stream { get; } = CudaDriver.CreateStream();

    /// <summary>Puts a kernel on the stream.</summary>
    public void Launch(string name, Grid grid, int threads, int sharedBytes, params ReadOnlySpan<KernelArgument> arguments)
    {
        if (!functions.TryGetValue(name, out var function))
        {
            functions[name] = function = Find(name);
            CudaDriver.AllowSharedMemory(function, sharedBytes, name);
        }
        CudaDriver.Launch(function, grid, threads, sharedBytes, Stream, overlaps, arguments, name);
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
