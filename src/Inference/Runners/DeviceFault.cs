using System.Runtime.InteropServices;
using EduVision.Inference.Cuda.Driver;

namespace EduVision.Inference.Runners;

/// <summary>What an exception of a runner means for those whose requests it computes.</summary>
public enum FaultKind
{
    /// <summary>Something about a request or in our code; others are not touched.</summary>
    Other,

    /// <summary>The device's memory did not suffice; with less to do at once it may.</summary>
    OutOfMemory,

    /// <summary>The device answers this process no more: nothing that it held can be used, and only a new process gets it back.</summary>
    DeviceLost,
}

/// <summary>Tells the faults of a device by their exceptions.</summary>
public static class DeviceFault
{
    private const int OutOfMemoryCode = 2;

    // What torch writes of an error of CUDA or of its libraries. After one of these every later call fails as well.
    private static readonly string[] Lost = ["CUDA error", "CUDA driver error", "CUBLAS_STATUS", "CUDNN_STATUS", "device-side assert"];

    /// <summary>The kind of a fault.</summary>
    public static FaultKind Of(Exception exception) => exception switch
    {
        CudaException { Code: OutOfMemoryCode } => FaultKind.OutOfMemory,
        CudaException => FaultKind.DeviceLost,
        // TorchSharp knows no kinds: what torch says is all there is.
        ExternalException when Says(exception, "out of memory") || Says(exception, "can't allocate memory") || Says(exception, "STATUS_ALLOC_FAILED") => FaultKind.OutOfMemory,
        ExternalException when Lost.Any(text => Says(exception, text)) => FaultKind.DeviceLost,
        OutOfMemoryException => FaultKind.OutOfMemory,
        _ => FaultKind.Other,
    };

    private static bool Says(Exception exception, string text) => exception.Message.Contains(text, StringComparison.OrdinalIgnoreCase);
}
