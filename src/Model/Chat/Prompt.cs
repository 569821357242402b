using EduVision.Model.Imaging;
using static TorchSharp.torch;

namespace EduVision.Model.Chat;

/// <summary>Where an image's tokens lie in a prompt.</summary>
/// <param name="Grid">Its patches, before merging.</param>
/// <param name="Start">Index of its first image token.</param>
/// <param name="Length">Number of its image tokens.</param>
public readonly record struct ImageSpan(ImageGrid Grid, int Start, int Length);

/// <summary>A conversation as the text model takes it, up to where it goes on.</summary>
public sealed class Prompt
{
    /// <summary>A prompt put together by hand; <see cref="PromptBuilder"/> makes one of a conversation.</summary>
    /// <param name="inputIds">Token ids.</param>
    /// <param name="images">The images among them, in order.</param>
    /// <param name="mergeSize">Patches on the side of the block that becomes one token.</param>
    public Prompt(int[] inputIds, IReadOnlyList<ImageSpan> images, int mergeSize)
    {
        InputIds = inputIds;
        Images = images;
        (Positions, NextPosition) = RotaryPositions.Of(inputIds.Length, images, mergeSize);
    }

    /// <summary>Token ids.</summary>
#pragma warning disable CA1819 // Handed to the engine as they are.
    public int[] InputIds { get; }

    /// <summary>[3, tokens], row after row: position in time, row and column of each token; for text all three are one number.</summary>
    public int[] Positions { get; }
#pragma warning restore CA1819

    /// <summary>The images, in order.</summary>
    public IReadOnlyList<ImageSpan> Images { get; }

    /// <summary>Tokens.</summary>
    public int Length => InputIds.Length;

    /// <summary>The position of the first generated token; the one after has the next, and so on. Less than <see cref="Length"/> behind an image.</summary>
    public int NextPosition { get; }

    /// <summary><see cref="Positions"/> as a tensor.</summary>
    /// <returns>[3, tokens] int64 on the CPU; the caller owns it.</returns>
    public Tensor PositionTensor() => tensor(Array.ConvertAll(Positions, position => (long)position), [3, Length]);

    /// <summary><see cref="InputIds"/> as a tensor.</summary>
    /// <returns>[tokens] int64 on the CPU; the caller owns it.</returns>
    public Tensor IdTensor() => tensor(Array.ConvertAll(InputIds, id => (long)id));
}
