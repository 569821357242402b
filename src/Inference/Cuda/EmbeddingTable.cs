using static TorchSharp.torch;

namespace EduVision.Inference.Cuda;

/// <summary>
/// The input embeddings, on the GPU or in this machine's memory. A kernel reads either by its address: memory that was allocated through
/// the driver has one address for all, and of a table in this machine's memory only the rows of a step's tokens cross the bus, some
/// kilobytes each.
/// </summary>
internal sealed unsafe class EmbeddingTable : IDisposable
{
    private readonly PinnedMemory<byte> host = new();
    private readonly Tensor? device;

    private EmbeddingTable(Tensor? device) => this.device = device;

    /// <summary>A table on the GPU; owns the tensor.</summary>
    /// <param name="table">[vocabulary, hidden], BF16.</param>
    public static EmbeddingTable OnDevice(Tensor table) => new(table);

    /// <summary>A table in this machine's memory.</summary>
    /// <param name="table">[vocabulary, hidden], BF16, wherever; disposed of.</param>
    public static EmbeddingTable OnHost(Tensor table)
    {
        var made = new EmbeddingTable(null);
        using var scope = NewDisposeScope();
        using (table)
        {
            var values = table.cpu().contiguous();
            var bytes = values.NumberOfElements * values.ElementSize;
            made.host.Reserve(bytes);
            Buffer.MemoryCopy((void*)values.HostAddress(), (void*)made.host.Address, bytes, bytes);
        }
        return made;
    }

    /// <summary>Where the table is, to a kernel.</summary>
    public nint Address() => device?.Address() ?? host.Address;

    /// <summary>GPU memory that it takes.</summary>
    public long DeviceBytes => device is null ? 0 : device.NumberOfElements * device.ElementSize;

    /// <inheritdoc/>
    public void Dispose()
    {
        device?.Dispose();
        host.Dispose();
    }
}
