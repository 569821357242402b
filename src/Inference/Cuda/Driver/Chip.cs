namespace EduVision.Inference.Cuda.Driver;

/// <summary>What kernels have to know of a GPU.</summary>
/// <param name="Architecture">Its name to the compiler, such as <c>sm_90a</c>; later chips' own instructions need the <c>a</c>.</param>
/// <param name="Processors">Its multiprocessors.</param>
internal sealed record Chip(string Architecture, int Processors)
{
    /// <summary>The chip of a compute capability.</summary>
    public static Chip Of(int major, int minor, int processors) => new(major >= 9 ? $"sm_{major}{minor}a" : $"sm_{major}{minor}", processors);

    /// <summary>Shared memory that a block of threads can have.</summary>
    public int SharedBytes => Architecture switch
    {
        "sm_86" or "sm_89" or "sm_120a" => 99 << 10,
        "sm_80" or "sm_87" => 163 << 10,
        _ => 227 << 10,
    };

    /// <summary>Whether a kernel can begin while the one before it ends: Hopper and later.</summary>
    public bool Overlaps => HasBulkCopies;

    /// <summary>Whether one thread can ask for a whole piece of memory: Hopper and later.</summary>
    public bool HasBulkCopies => !IsAmpere && Architecture != "sm_89";

    /// <summary>Whether four warps can multiply together, as Hopper alone does it.</summary>
    public bool HasWarpGroups => Architecture == "sm_90a";

    /// <summary>Whether it makes halves of FP8 by itself: Ada and later.</summary>
    public bool ConvertsFp8 => !IsAmpere;

    private bool IsAmpere => Architecture is "sm_80" or "sm_86" or "sm_87";
}
