namespace EduVision.Inference.Runners;

/// <summary>How weights are held that a checkpoint stores in BF16.</summary>
public enum WeightType
{
    /// <summary>As they are.</summary>
    Bf16,

    /// <summary>In eight bits (E4M3) with scales: half the memory, a little less exact.</summary>
    Fp8,
}
