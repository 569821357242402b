using EduVision.Inference.Runners;
using EduVision.Shared;

namespace EduVision.Inference.Engine;

/// <summary>What the device's memory was planned for and what is measured: now and at most. Read from any thread.</summary>
/// <param name="placement">The plan.</param>
internal sealed class DeviceMemoryWatch(Placement placement)
{
    // Only what is new is interesting: a step of decodes takes no memory.
    private const int QuietSteps = 256;

    // What others took of the card looks like our own: giving back does not help then, and is not to be tried at every step.
    private const long WorthAnotherTry = 64L << 20;

    private long used = -1, peak, kept;
    private int quiet;

    /// <summary>The numbers; null while nothing was measured, or where nothing is.</summary>
    public MemoryStatus? Current => Interlocked.Read(ref used) is >= 0 and var now
        ? new MemoryStatus(placement.Memory?.Request.Budget, placement.Memory?.Total, now, Interlocked.Read(ref peak))
        : null;

    /// <summary>Looks after a step, or not if it was one of many that change nothing.</summary>
    /// <param name="runner">The runner; called on its own thread.</param>
    /// <param name="isQuiet">True for a step that only decoded.</param>
    public void Look(ModelRunner runner, bool isQuiet)
    {
        if (isQuiet && ++quiet < QuietSteps) return;
        quiet = 0;
        if (runner.UsedBytes() is not { } bytes) return;
        Note(bytes);
        if (!(bytes > placement.Memory?.Request.Budget) || bytes < kept + WorthAnotherTry) return;
        // What torch keeps for later is not worth more than the promise.
        runner.ReleaseUnused();
        kept = runner.UsedBytes() ?? bytes;
        Note(kept);
    }

    private void Note(long bytes)
    {
        Interlocked.Exchange(ref used, bytes);
        if (bytes > Interlocked.Read(ref peak)) Interlocked.Exchange(ref peak, bytes);
    }
}
