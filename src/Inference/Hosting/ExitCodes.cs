using System.Runtime.InteropServices;

namespace EduVision.Inference.Hosting;

/// <summary>What the process ends with, beside 0 for an end in order and 2 for a start that was refused.</summary>
public static partial class ExitCodes
{
    /// <summary>The engine met a fault of its own; a fresh process is likely to do better.</summary>
    public const int EngineFault = 70;

    /// <summary>The device was lost; a fresh process gets it back, if it is not broken.</summary>
    public const int DeviceLost = 75;

    /// <summary>
    /// Ends the process at once. What libraries do at an end in order touches the device, which on a lost one may hang, or abort with
    /// another code than the one that was meant.
    /// </summary>
    public static void EndWith(int code)
    {
        if (OperatingSystem.IsWindows()) Environment.Exit(code);
        Exit(code);
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void Exit(int code);
}
