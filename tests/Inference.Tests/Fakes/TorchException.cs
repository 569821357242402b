using System.Runtime.InteropServices;

namespace EduVision.Inference.Tests.Fakes;

/// <summary>What TorchSharp throws: an <see cref="ExternalException"/>, which is the runtime's to make, with torch's own words.</summary>
internal sealed class TorchException(string message) : ExternalException(message)
{
    public static TorchException OutOfMemory() => new("CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 79.11 GiB of which 0 bytes is free.");
}
