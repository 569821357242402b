using EduVision.Model.Configuration;
using EduVision.Model.Weights;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace EduVision.Model.Network;

/// <summary>Joins the patches of a merge block into one token of the text model's width.</summary>
internal sealed class VisionMerger : IDisposable
{
    private readonly long _width;
    private readonly bool _normAfterShuffle;
    private readonly Tensor _normWeight, _normBias, _fc1Weight, _fc1Bias, _fc2Weight, _fc2Bias;

    /// <param name="config">Sizes.</param>
    /// <param name="weights">Where the parameters come from.</param>
    /// <param name="name">Name of the module in a checkpoint.</param>
    /// <param name="normAfterShuffle">The DeepStack mergers normalise the joined patches, the last merger each patch.</param>
    public VisionMerger(VisionConfig config, IWeightSource weights, string name, bool normAfterShuffle)
    {
        _width = (long)config.HiddenSize * config.MergeSize * config.MergeSize;
        _normAfterShuffle = normAfterShuffle;
        var normWidth = normAfterShuffle ? _width : config.HiddenSize;
        _normWeight = weights.Take($"{name}.norm.weight", normWidth);
        _normBias = weights.Take($"{name}.norm.bias", normWidth);
        _fc1Weight = weights.Take($"{name}.linear_fc1.weight", _width, _width);
        _fc1Bias = weights.Take($"{name}.linear_fc1.bias", _width);
        _fc2Weight = weights.Take($"{name}.linear_fc2.weight", config.OutHiddenSize, _width);
        _fc2Bias = weights.Take($"{name}.linear_fc2.bias", config.OutHiddenSize);
    }

    /// <param name="patches">[patches, visionHidden], merge blocks together.</param>
    /// <returns>[tokens, textHidden].</returns>
    public Tensor Forward(Tensor patches)
    {
        using var scope = NewDisposeScope();
        var input = _normAfterShuffle ? patches.view(-1, _width) : patches;
        var normal = layer_norm(input, _normWeight.shape, _normWeight, _normBias, VisionTower.NormEps).view(-1, _width);
        return linear(gelu(linear(normal, _fc1Weight, _fc1Bias)), _fc2Weight, _fc2Bias).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        foreach (var tensor in new[] { _normWeight, _normBias, _fc1Weight, _fc1Bias, _fc2Weight, _fc2Bias })
        {
            tensor.Dispose();
        }
    }
}
