using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace EduVision.Inference.Runners.Torch;

/// <summary>GPU memory that torch keeps when tensors are freed, for those to come.</summary>
internal static class TorchReserve
{
    // More than any device has, and far from where sizes overflow.
    private const long TooMuch = 1L << 50;

    /// <summary>
    /// Gives it back to the device. Torch's own call for it is not in TorchSharp; but before it says that there is not enough memory, torch
    /// gives back all that it does not use.
    /// </summary>
    public static void Release(Device device)
    {
        if (device.type != TorchSharp.DeviceType.CUDA) return;
        try
        {
            empty([TooMuch], ScalarType.Byte, device).Dispose();
        }
        catch (ExternalException exception) when (DeviceFault.Of(exception) == FaultKind.OutOfMemory)
        {
            // As wanted.
        }
    }
}
