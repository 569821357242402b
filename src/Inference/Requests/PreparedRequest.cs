using EduVision.Inference.Runners;
using EduVision.Inference.Runners.Sampling;

namespace EduVision.Inference.Requests;

/// <summary>A request that was checked and can run.</summary>
public sealed record PreparedRequest(string User, Prompt Prompt, SamplingParameters Sampling, GenerationLimits Limits);
