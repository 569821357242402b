using EduVision.Training.Learning;

namespace EduVision.Training.Tests.Learning;

public sealed class LearningRateScheduleTests
{
    private static readonly LearningRateSchedule Schedule = new(Peak: 1, Warmup: 0.1, Decay: 0.4, Floor: 0.05);

    [Theory]
    [InlineData(0.05, 0.5)]
    [InlineData(0.1, 1)]
    [InlineData(0.6, 1)]
    [InlineData(0.8, 0.525)]
    [InlineData(1.0, 0.05)]
    [InlineData(1.5, 0.05)]
    public void Rises_stays_and_falls(double progress, double expected) => Assert.Equal(expected, Schedule.At(progress), 9);

    [Fact]
    public void Without_a_fall_a_run_ends_at_the_plateau_for_another_to_go_on_from() => Assert.Equal(1, (Schedule with { Decay = 0 }).At(1), 9);

    [Fact]
    public void The_first_step_already_moves() => Assert.True(Schedule.At(0) > 0);
}
