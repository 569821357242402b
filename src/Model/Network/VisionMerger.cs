using EduVision.Model.Configuration;
using EduVision.Model.Weights;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace EduVision.Model.Network;

/// <summary>Joins the patches of a merge block into one token of the text model's width.</summary>
internal sealed class VisionMerger : IDisposable
{
    private readonly long width;
    private readonly bool normAfterShuffle;
    private readonly int mergedPatches;
    private readonly Tensor normWeight, normBias, fc1Bias, fc2Bias;
    private readonly WeightMatrix fc1Weight, fc2Weight;

    /// <param name="config">Sizes.</param>
    /// <param name="weights">Where the parameters come from.</param>
    /// <param name="name">Name of the module in a checkpoint.</param>
    /// <param name="normAfterShuffle">The DeepStack mergers normalise the joined patches, the last merger each patch.</param>
    public VisionMerger(VisionConfig config, IWeightSource weights, string name, bool normAfterShuffle)
    {
        mergedPatches = config.MergeSize * config.MergeSize;
        width = (long)config.HiddenSize * mergedPatches;
        this.normAfterShuffle = normAfterShuffle;
        var normWidth = normAfterShuffle ? width : config.HiddenSize;
        normWeight = weights.Take($"{name}.norm.weight", normWidth);
        normBias = weights.Take($"{name}.norm.bias", normWidth);
        fc1Weight = weights.TakeMatrix($"{name}.linear_fc1.weight", width, width);
        fc1Bias = weights.Take($"{name}.linear_fc1.bias", width);
        fc2Weight = weights.TakeMatrix($"{name}.linear_fc2.weight", config.OutHiddenSize, width);
        fc2Bias = weights.Take($"{name}.linear_fc2.bias", config.OutHiddenSize);
    }

    /// <param name="patches">[patches, visionHidden], merge blocks together.</param>
    /// <returns>[tokens, textHidden].</returns>
    public Tensor Forward(Tensor patches)
    {
        using var scope = NewDisposeScope();
        var (first, second, tokens) = (fc1Weight.Values, fc2Weight.Values, patches.shape[0] / mergedPatches);
        return Bands.Map(tokens, Math.Max(1, VisionTower.BandPatches / mergedPatches), (start, count) =>
        {
            var part = patches.narrow(0, start * mergedPatches, count * mergedPatches);
            var input = normAfterShuffle ? part.view(-1, width) : part;
            var normal = layer_norm(input, normWeight.shape, normWeight, normBias, VisionTower.NormEps).view(-1, width);
            return linear(VisionTower.ActivateExactly(linear(normal, first, fc1Bias)), second, fc2Bias);
        }).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        foreach (var part in new IDisposable[] { normWeight, normBias, fc1Weight, fc1Bias, fc2Weight, fc2Bias })
        {
            part.Dispose();
        }
    }
}
