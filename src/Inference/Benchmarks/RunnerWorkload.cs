using EduVision.Inference.Cuda;
using EduVision.Inference.Runners;
using EduVision.Model.Configuration;
using EduVision.Model.Imaging;

namespace EduVision.Inference.Benchmarks;

/// <summary>What is measured of a runner.</summary>
internal sealed record RunnerWorkload
{
    /// <summary>Decodes that are not counted, before those that are.</summary>
    public const int WarmUpSteps = 8;

    /// <summary>A name of <see cref="KnownModels"/>.</summary>
    public required string Model { get; init; }

    /// <summary>How the weights of its text layers are held.</summary>
    public WeightType Dtype { get; init; } = WeightType.Fp8;

    /// <summary>Pixels of each prompt's photo.</summary>
    public int ImageWidth { get; init; } = 1024;

    /// <summary>Pixels.</summary>
    public int ImageHeight { get; init; } = 1024;

    /// <summary>Text tokens of each prompt.</summary>
    public int PromptTokens { get; init; } = 256;

    /// <summary>Tokens decoded for each; fewer where the keys and values of a batch would not fit otherwise.</summary>
    public int NewTokens { get; init; } = 512;

    /// <summary>Sequences decoded together, a row each.</summary>
    public IReadOnlyList<int> Batches { get; init; } = [];

    /// <summary>Text tokens of one sequence whose prefill is measured by itself; null for none.</summary>
    public int? Prefill { get; init; }

    /// <summary>Sequences that decode while a photo is encoded and prefilled beside them; null for none.</summary>
    public int? Beside { get; init; }

    /// <summary>Tokens of the past of one sequence that decodes by itself; null for none.</summary>
    public int? Context { get; init; }

    /// <summary>Most tokens of a step of the scheduler, for <see cref="Beside"/>.</summary>
    public int SchedulerTokens { get; init; } = MemoryPlan.RoomyStepTokens;

    /// <summary>Runs of each measurement; medians are reported.</summary>
    public int Repeat { get; init; } = 1;

    /// <summary>The photo's patches.</summary>
    public ImageGrid Grid(VisionConfig vision)
    {
        var side = vision.PatchSize * vision.MergeSize;
        return new ImageGrid(1, ImageHeight / side * vision.MergeSize, ImageWidth / side * vision.MergeSize);
    }
}
