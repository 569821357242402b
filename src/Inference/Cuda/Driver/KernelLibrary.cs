using EduVision.Inference.Runners;
using EduVision.Model.Configuration;

namespace EduVision.Inference.Cuda.Driver;

/// <summary>The kernels on the current GPU, compiled for one model's sizes.</summary>
internal sealed class KernelLibrary : IDisposable
{
    // The default one, which waits for ours and ours for it.
    private const nint TorchStream = 0;

    private readonly List<nint> modules = [];
    private readonly Dictionary<string, nint> functions = [];

    /// <summary>Compiles or finds them and loads them into the current context.</summary>
    /// <param name="compiler">The compiler.</param>
    /// <param name="chip">The GPU.</param>
    /// <param name="config">The model's sizes.</param>
    /// <param name="blockSize">Tokens a KV block.</param>
    /// <param name="layers">How the text layers' matrices are held.</param>
    /// <param name="depth">Tiles of weights that a warp of the narrow product has on their way; null for what is best.</param>
    public KernelLibrary(KernelCompiler compiler, Chip chip, TextConfig config, int blockSize, WeightType layers, int? depth = null)
    {
        (Chip, Layers) = (chip, layers);
        var constants = ConstantsOf(config, blockSize, chip, layers, depth);
        foreach (var file in KernelCompiler.FilesFor(chip, layers)) modules.Add(CudaDriver.Load(compiler.Compile(file, chip, constants)));
    }

    /// <summary>The GPU.</summary>
    public Chip Chip { get; }

    /// <summary>How the text layers' matrices are held.</summary>
    public WeightType Layers { get; }

    /// <summary>Shared memory of the wide product: the columns of two or three tiles, of 128 rows and 128 tokens.</summary>
    public int WideBytes => StagesOf(Chip, Layers) * StageBytes(Layers);

    /// <summary>How chunks are attended to.</summary>
    public FlashShape Flash => FlashShape.Of(Chip);

    /// <summary>The sizes that kernels know while they are compiled.</summary>
    public static IReadOnlyList<(string Name, int Value)> ConstantsOf(TextConfig config, int blockSize, Chip chip, WeightType layers, int? depth = null) =>
    [
        ("HEADS", config.Heads), ("KV_HEADS", config.KvHeads), ("HEAD_DIM", config.HeadDim), ("LAYERS", config.Layers), ("HIDDEN", config.HiddenSize), ("INTERMEDIATE", config.IntermediateSize),
        ("BLOCK_SIZE", blockSize), ("STAGES", StagesOf(chip, layers)), ("DEPTH", depth ?? (layers == WeightType.Fp8 ? 2 : 3)), ("FLASH_WARPS", FlashShape.Of(chip).Warps), ("FLASH_TILES", FlashShape.Of(chip).Tiles),
        ("WEIGHT_BYTES", BytesOf(layers)), ("RING_1", CudaStep.RingOf(config, 1, chip)), ("RING_8", CudaStep.RingOf(config, CudaStep.MostTokens, chip)),
        ("FP8_CONVERTS", chip.ConvertsFp8 ? 1 : 0), ("BULK_COPIES", chip.HasBulkCopies ? 1 : 0),
    ];

    private static int StagesOf(Chip chip, WeightType layers) => Math.Min(3, chip.SharedBytes / StageBytes(layers));

    // As in wide.cu: of 128 rows a tile's columns, and of 128 tokens those columns in halves.
    private static int StageBytes(WeightType layers) => 128 * (128 + (256 / BytesOf(layers)));

    private static int BytesOf(WeightType layers) => layers == WeightType.Fp8 ? 1 : sizeof(ushort);

    /// <summary>The stream that kernels run on.</summary>
    public nint Stream { get; } = CudaDriver.CreateStream();

    /// <summary>Puts a kernel on the stream.</summary>
    public void Launch(string name, Grid grid, int threads, int sharedBytes, params ReadOnlySpan<KernelArgument> arguments) =>
        CudaDriver.Launch(FunctionOf(name, sharedBytes), grid, threads, sharedBytes, Stream, Chip.Overlaps, arguments, name);

    /// <summary>Puts a kernel on the stream of torch's operations, in order with them.</summary>
    public void LaunchForTorch(string name, Grid grid, int threads, params ReadOnlySpan<KernelArgument> arguments) =>
        CudaDriver.Launch(FunctionOf(name, 0), grid, threads, 0, TorchStream, overlaps: false, arguments, name);

    /// <summary>Puts a kernel on the stream whose one argument is a structure.</summary>
    public void Launch<T>(string name, Grid grid, int threads, int sharedBytes, in T argument) where T : unmanaged =>
        CudaDriver.Launch(FunctionOf(name, sharedBytes), grid, threads, sharedBytes, Stream, Chip.Overlaps, argument, name);

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
