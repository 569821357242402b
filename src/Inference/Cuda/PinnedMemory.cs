using EduVision.Inference.Cuda.Driver;

namespace EduVision.Inference.Cuda;

/// <summary>Memory of this machine that the GPU copies from and to by itself; grows, and then holds nothing of before.</summary>
/// <typeparam name="T">A plain type.</typeparam>
internal sealed unsafe class PinnedMemory<T> : IDisposable where T : unmanaged
{
    private long capacity;

    /// <summary>Where it is.</summary>
    public nint Address { get; private set; }

    /// <summary>Room for that many.</summary>
    public Span<T> Take(int count)
    {
        if (count > capacity) Reserve(Math.Max(count, 1024));
        return new Span<T>((T*)Address, count);
    }

    /// <summary>Room for that many and no more, even more than a span can hold.</summary>
    public void Reserve(long count)
    {
        Dispose();
        Address = CudaDriver.AllocatePinned(count * sizeof(T));
        capacity = count;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Address != 0) CudaDriver.FreePinned(Address);
        (Address, capacity) = (0, 0);
    }
}
