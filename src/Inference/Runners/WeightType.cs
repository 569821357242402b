namespace EduVision.Inference.Runners;

/// <summary>How weights are held.</summary>
public enum WeightType
{
    /// <summary>In sixteen bits.</summary>
    Bf16,

    /// <summary>In eight bits (E4M3) with scales: half the memory; where a checkpoint stores BF16, a little less exact.</summary>
    Fp8,
}
