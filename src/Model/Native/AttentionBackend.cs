using System.Runtime.InteropServices;

namespace EduVision.Model.Native;

/// <summary>Which attention kernels torch picks.</summary>
internal static partial class AttentionBackend
{
    /// <summary>
    /// Puts cuDNN's attention behind the flash kernels. cuDNN builds a plan for every new shape, a tenth of a second each,
    /// and almost every training batch, and every step of an answer, has a shape of its own. To be called before torch is loaded;
    /// torch reads the process's environment, which .NET's own setter does not reach.
    /// </summary>
    public static void AvoidPlansPerShape()
    {
        if (OperatingSystem.IsLinux()) _ = SetEnvironment("TORCH_CUDNN_SDPA_DEPRIORITIZED", "1", overwrite: 0);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);
}
