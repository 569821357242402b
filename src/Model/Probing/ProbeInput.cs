using EduVision.Model.Chat;
using EduVision.Model.Imaging;
using static TorchSharp.torch;

namespace EduVision.Model.Probing;

/// <summary>A conversation on its way into a model: what every probe begins with.</summary>
/// <param name="Prompt">Its tokens and positions.</param>
/// <param name="Images">Its images, in order.</param>
public sealed record ProbeInput(Prompt Prompt, IReadOnlyList<PatchedImage> Images)
{
    /// <summary>Reads the conversation of a file.</summary>
    /// <param name="processor">The checkpoint's.</param>
    /// <param name="messagesPath">See <see cref="MessagesFile"/>.</param>
    /// <exception cref="ImageException">An image is refused.</exception>
    /// <exception cref="FormatException">The file is no conversation.</exception>
    public static ProbeInput Read(ChatProcessor processor, string messagesPath)
    {
        var images = new List<PatchedImage>();
        IReadOnlyList<ChatMessage> messages = MessagesFile.Read(messagesPath, path =>
        {
            // The full decode: a JPEG shrunk while decoding has other pixels than the reference's.
            images.Add(processor.Images.Process(File.ReadAllBytes(path), new ImageLimits(), fast: false));
            return images[^1].Grid;
        });
        return new ProbeInput(processor.Prompts.Build(messages), images);
    }

    /// <summary>[images, 3] int64: time, rows, columns of each image's patches. The caller owns it.</summary>
    public Tensor GridTensor() => tensor(Images.SelectMany(image => (long[])[image.Grid.T, image.Grid.H, image.Grid.W]).ToArray(), [Images.Count, 3]);

    /// <summary>[patches of all images, patch width] float32. The caller owns it.</summary>
    /// <param name="patchWidth">Values of a patch.</param>
    public Tensor PixelTensor(int patchWidth)
    {
        using var scope = NewDisposeScope();
        return (Images.Count == 0 ? zeros([0, patchWidth]) : cat([.. Images.Select(image => image.ToTensor())])).MoveToOuterDisposeScope();
    }
}
