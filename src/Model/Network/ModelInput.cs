using static TorchSharp.torch;

namespace EduVision.Model.Network;

/// <summary>Tokens ready for the text model.</summary>
/// <param name="Hidden">[tokens, hidden]: embeddings, images' in place of their tokens.</param>
/// <param name="DeepStack">What the first layers add; null without images.</param>
public sealed record ModelInput(Tensor Hidden, DeepStackInjection? DeepStack) : IDisposable
{
    public void Dispose()
    {
        Hidden.Dispose();
        DeepStack?.Dispose();
    }
}
