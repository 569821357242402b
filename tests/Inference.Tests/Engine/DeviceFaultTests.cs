using EduVision.Inference.Cuda.Driver;
using EduVision.Inference.Runners;
using EduVision.Inference.Tests.Fakes;

namespace EduVision.Inference.Tests.Engine;

/// <summary>What torch and the driver say, told apart.</summary>
public sealed class DeviceFaultTests
{
    [Theory]
    [InlineData("CUDA out of memory. Tried to allocate 1.95 GiB. GPU 0 has a total capacity of 79.11 GiB of which 512 MiB is free.", FaultKind.OutOfMemory)]
    [InlineData("CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported at some other API call.", FaultKind.OutOfMemory)]
    [InlineData("[enforce fail at alloc_cpu.cpp:119] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 8000000000 bytes.", FaultKind.OutOfMemory)]
    [InlineData("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`", FaultKind.OutOfMemory)]
    [InlineData("CUDA error: an illegal memory access was encountered", FaultKind.DeviceLost)]
    [InlineData("CUDA error: device-side assert triggered", FaultKind.DeviceLost)]
    [InlineData("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasGemmEx`", FaultKind.DeviceLost)]
    [InlineData("CUDA driver error: unknown error", FaultKind.DeviceLost)]
    [InlineData("The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 0", FaultKind.Other)]
    public void Torch(string message, FaultKind kind) => Assert.Equal(kind, DeviceFault.Of(new TorchException(message)));

    [Theory]
    [InlineData(2, FaultKind.OutOfMemory)]
    [InlineData(700, FaultKind.DeviceLost)]
    [InlineData(719, FaultKind.DeviceLost)]
    [InlineData(214, FaultKind.DeviceLost)]
    public void Driver(int code, FaultKind kind) => Assert.Equal(kind, DeviceFault.Of(new CudaException("cuStreamSynchronize", code, "CUDA_ERROR")));

    [Fact]
    public void Everything_else_is_a_fault_of_one_request()
    {
        Assert.Equal(FaultKind.Other, DeviceFault.Of(new InvalidOperationException("CUDA error: not from torch")));
        Assert.Equal(FaultKind.OutOfMemory, DeviceFault.Of(new InsufficientMemoryException()));
    }
}
