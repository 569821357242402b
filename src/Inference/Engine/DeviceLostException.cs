using EduVision.Inference.Scheduling;

namespace EduVision.Inference.Engine;

/// <summary>The device answers this process no more: see <see cref="Runners.FaultKind.DeviceLost"/>.</summary>
/// <param name="cause">What the runner said.</param>
/// <param name="concerned">Whose tokens or images it computed then.</param>
internal sealed class DeviceLostException(Exception cause, IReadOnlyCollection<Sequence> concerned) : Exception($"The device was lost. {cause.Message}", cause)
{
    /// <summary>The sequences that may be to blame.</summary>
    public IReadOnlyCollection<Sequence> Concerned => concerned;
}
