namespace EduVision.Training.Learning;

/// <summary>Linear warm-up, a plateau, and a linear fall to a floor: a run can be prolonged at the plateau without redoing it.</summary>
/// <param name="Peak">The plateau.</param>
/// <param name="Warmup">Share of the run, in [0, 1].</param>
/// <param name="Decay">Share of the run in which the rate falls, in [0, 1]; 0 ends at the plateau.</param>
/// <param name="Floor">The last rate, as a share of the peak.</param>
public sealed record LearningRateSchedule(double Peak, double Warmup = 0.02, double Decay = 0.4, double Floor = 0.02)
{
    /// <summary>The rate at <paramref name="progress"/>, the share of the run that is done.</summary>
    public double At(double progress)
    {
        if (progress < Warmup) return Peak * Math.Max(progress / Warmup, 1e-3);
        var left = Decay > 0 ? (1 - progress) / Decay : 1;
        return left >= 1 ? Peak : Peak * (Floor + (1 - Floor) * Math.Max(left, 0));
    }
}
