using EduVision.Inference.Cuda.Driver;

namespace EduVision.Inference.Cuda;

/// <summary>A GPU's memory as this process found it, in bytes.</summary>
/// <param name="Name">The card, for people.</param>
/// <param name="Total">All of it.</param>
/// <param name="Free">What was free before this process had a context there.</param>
/// <param name="Context">What the context took.</param>
internal sealed record CardMemory(string Name, long Total, long Free, long Context)
{
    /// <summary>What a context takes where it cannot be measured: about half a GiB from Ampere to Hopper.</summary>
    public const long UsualContext = 512L << 20;

    // A context that was there before shows as none; more than this is somebody else's memory that came meanwhile.
    private const long LeastContext = 64L << 20, MostContext = 2L << 30;

    /// <summary>Looks, and leaves a context on the GPU, current to the calling thread.</summary>
    /// <exception cref="CudaException">There is no driver or no such GPU.</exception>
    public static CardMemory Look(int ordinal)
    {
        var (name, busId) = CudaDriver.Identify(ordinal);
        var before = Nvml.FreeBytes(busId);
        CudaDriver.Use(ordinal);
        var (free, total) = CudaDriver.Memory();
        var context = before - free;
        return context is >= LeastContext and <= MostContext
            ? new CardMemory(name, total, before!.Value, context.Value)
            : new CardMemory(name, total, Math.Min(free + UsualContext, total), UsualContext);
    }

    /// <summary>What this process holds, if nobody else's memory has changed since. The GPU's context has to be current.</summary>
    /// <exception cref="CudaException">The GPU does not answer.</exception>
    public long Used() => Math.Max(0, Free - CudaDriver.Memory().Free);
}
