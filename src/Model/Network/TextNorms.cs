using EduVision.Model.Configuration;
using static TorchSharp.torch;

namespace EduVision.Model.Network;

/// <summary>The two widths that a text model normalises, shared by its layers.</summary>
internal sealed class TextNorms(TextConfig config, Device device) : IDisposable
{
    /// <summary>Over the hidden states.</summary>
    public RmsNorm Hidden { get; } = new(config.HiddenSize, config.RmsNormEps, device);

    /// <summary>Over one head's queries or keys.</summary>
    public RmsNorm Head { get; } = new(config.HeadDim, config.RmsNormEps, device);

    public void Dispose()
    {
        Hidden.Dispose();
        Head.Dispose();
    }
}
