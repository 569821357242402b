using static TorchSharp.torch;

namespace EduVision.Inference.Tests.Fakes;

/// <summary>The GPU of this machine, where there is one.</summary>
internal static class Gpu
{
    public static bool IsThere => cuda.is_available();

    /// <summary>Skips the test that calls it where no GPU can be used.</summary>
    public static void Require() => Assert.SkipUnless(IsThere, "There is no GPU here, or this libtorch knows none.");
}
