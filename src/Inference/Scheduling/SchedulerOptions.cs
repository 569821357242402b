namespace EduVision.Inference.Scheduling;

/// <summary>What the scheduler may use.</summary>
public sealed record SchedulerOptions
{
    /// <summary>Tokens computed in a step, prefill chunks and decodes together.</summary>
    public int StepTokens { get; init; } = 512;

    /// <summary>How many times as long as without them a step of decodes may take for the prompt tokens and images beside them.</summary>
    public double Slowdown { get; init; } = 1.6;

    /// <summary>Prompt tokens that a step may have beside decodes however long they take, so that every prompt goes on.</summary>
    public int LeastPromptTokens { get; init; } = 64;

    /// <summary>Most sequences decoded together; at most <see cref="StepTokens"/>.</summary>
    public int MaxRunning { get; init; } = 32;

    /// <summary>Most requests that wait.</summary>
    public int QueueLimit { get; init; } = 256;

    /// <summary>Most requests of one user, waiting and running.</summary>
    public int PerUserLimit { get; init; } = 64;

    /// <summary>How many waiting requests have their images decoded ahead.</summary>
    public int PrefetchDepth { get; init; } = 3;
}
