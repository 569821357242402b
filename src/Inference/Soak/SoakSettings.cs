using EduVision.Inference.Hosting;
using EduVision.Inference.Runners;
using EduVision.Model.Configuration;

namespace EduVision.Inference.Soak;

/// <summary>What a soak does.</summary>
internal sealed record SoakSettings
{
    /// <summary>How the engine is set up.</summary>
    public required InferenceOptions Engine { get; init; }

    /// <summary>Where it runs and in how much memory.</summary>
    public Placement Placement { get => field ?? Placement.Unplanned(Engine, "cpu"); init; }

    /// <summary>The model's sizes.</summary>
    public required ModelConfig Model { get; init; }

    /// <summary>Loads its runner.</summary>
    public required Func<ModelRunner> Load { get; init; }

    /// <summary>Simulated users; each asks again when it has its answers.</summary>
    public int Users { get; init; } = 64;

    /// <summary>How long they go on asking.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Where the random numbers begin. Which requests meet in a step depends on the machine's pace too.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Finished requests that are asked again at the end, each alone.</summary>
    public int Replays { get; init; } = 32;

    /// <summary>Memory that the process, or the GPU, may have grown by since the warm-up.</summary>
    public long GrowthBytes { get; init; } = 64L << 20;

    /// <summary>What the process has in memory.</summary>
    public Func<long> ReadMemory { get; init; } = MemoryTrend.ProcessBytes;

    /// <summary>How long nobody may get a token while somebody waits for one.</summary>
    public TimeSpan StallLimit { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Most requests that a user has at once.</summary>
    public const int Burst = 4;

    /// <summary>Most tokens of a prompt.</summary>
    public int MaxPrompt => Math.Min(4096, Context / 4);

    /// <summary>Most tokens of an answer.</summary>
    public int MaxOutput => Math.Min(512, Context / 8);

    /// <summary>
    /// Tokens that others may be served while a user gets none. Turns go by tokens served: after a burst of the largest requests a user
    /// may have to wait until everybody else has had as much. Twice that is no turn any more.
    /// </summary>
    public long Patience => 2L * Users * Burst * (MaxPrompt + MaxOutput);

    private int Context => Math.Min(Placement.KvTokens, Model.Text.MaxPositions);
}
