using EduVision.Model.Imaging;
using EduVision.Model.Network;
using static TorchSharp.torch;

namespace EduVision.Inference.Runners.Torch;

/// <summary>An image in a vision tower of torch's operations.</summary>
internal sealed class TorchImageEncoding : ImageEncoding
{
    private readonly VisionPass pass;
    private readonly Action? prepare;
    private double done;

    /// <summary>Nothing is computed yet.</summary>
    /// <param name="tower">The tower.</param>
    /// <param name="image">The image.</param>
    /// <param name="prepare">Called whenever it goes on.</param>
    public TorchImageEncoding(VisionTower tower, PatchedImage image, Action? prepare = null)
    {
        this.prepare = prepare;
        using var mode = inference_mode();
        pass = tower.Begin(image);
    }

    /// <inheritdoc/>
    public override double Done => done;

    /// <inheritdoc/>
    public override VisionStage Stage => pass.Stage;

    /// <inheritdoc/>
    public override EncodedImage? Advance(double work)
    {
        prepare?.Invoke();
        using var mode = inference_mode();
        var until = done + work;
        do
        {
            var part = pass.Work;
            pass.Advance();
            done += part;
        }
        while (!pass.IsDone && done + pass.Work <= until);
        return pass.IsDone ? new TorchEncodedImage(pass.TakeOutput()) : null;
    }

    /// <inheritdoc/>
    public override void Dispose() => pass.Dispose();
}
