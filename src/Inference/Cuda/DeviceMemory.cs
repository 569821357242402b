using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace EduVision.Inference.Cuda;

/// <summary>Addresses of torch's tensors, for kernels and for copies.</summary>
internal static partial class DeviceMemory
{
    /// <summary>The address of a contiguous GPU tensor's first element. The tensor must outlive its use.</summary>
    public static nint Address(this Tensor tensor)
    {
        if (tensor.device_type != TorchSharp.DeviceType.CUDA || !tensor.is_contiguous())
            throw new ArgumentException($"A contiguous tensor on a GPU is needed, not {tensor.dtype} on {tensor.device}.", nameof(tensor));
        var address = THSTensor_data(tensor.Handle);
        GC.KeepAlive(tensor);
        return address;
    }

    /// <summary>The address of a contiguous CPU tensor's first element. The tensor must outlive its use.</summary>
    public static nint HostAddress(this Tensor tensor)
    {
        if (tensor.device_type != TorchSharp.DeviceType.CPU || !tensor.is_contiguous())
            throw new ArgumentException($"A contiguous tensor on the CPU is needed, not {tensor.dtype} on {tensor.device}.", nameof(tensor));
        var address = THSTensor_data(tensor.Handle);
        GC.KeepAlive(tensor);
        return address;
    }

    [LibraryImport("LibTorchSharp")]
    private static partial nint THSTensor_data(nint handle);
}
