using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace EduVision.Inference.Runners.Torch;

/// <summary>The address of a CPU tensor's first element, views included. The tensor must outlive its use.</summary>
internal static unsafe partial class TensorMemory
{
    public static float* Floats(Tensor tensor)
    {
        if (tensor.device_type != TorchSharp.DeviceType.CPU || tensor.dtype != ScalarType.Float32)
            throw new ArgumentException($"A float32 tensor on the CPU is needed, not {tensor.dtype} on {tensor.device}.", nameof(tensor));
        var address = (float*)THSTensor_data(tensor.Handle);
        GC.KeepAlive(tensor);
        return address;
    }

    /// <summary>A row of a CPU matrix. The tensor must outlive its use.</summary>
    public static ReadOnlySpan<float> Row(Tensor matrix, int row, int width) => new(Floats(matrix) + ((long)row * width), width);

    [LibraryImport("LibTorchSharp")]
    private static partial nint THSTensor_data(nint handle);
}
