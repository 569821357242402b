namespace EduVision.Shared;

/// <summary>How patient an <see cref="InferenceClient"/> is.</summary>
public sealed record InferenceClientOptions
{
    /// <summary>How long a stream goes on trying to reach a silent service before it ends with <see cref="FailureCode.Unreachable"/>.</summary>
    public TimeSpan GiveUpAfter { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The first pause between two tries; doubles up to <see cref="LongestPause"/>.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest pause between two tries.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>A connection that says nothing for this long (the service sends a heartbeat) is dead.</summary>
    public TimeSpan SilenceLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long one plain HTTP call other than an upload may take.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(10);
}
