using static TorchSharp.torch;

namespace EduVision.Model.Network;

/// <summary>What the vision tower makes of images; it owns its tensors.</summary>
/// <param name="Embeddings">[imageTokens, textHidden]: stand in for the embeddings of image tokens.</param>
/// <param name="DeepStack">[imageTokens, textHidden] each: for the first text layers.</param>
public sealed record VisionOutput(Tensor Embeddings, IReadOnlyList<Tensor> DeepStack) : IDisposable
{
    /// <summary>Merged tokens of all images together.</summary>
    public long Tokens => Embeddings.shape[0];

    /// <summary>A run of tokens: one image of several, or the part that a prefill chunk covers. Views that keep the memory alive.</summary>
    public VisionOutput Narrow(long start, long length) =>
        new(Embeddings.narrow(0, start, length), [.. DeepStack.Select(feature => feature.narrow(0, start, length))]);

    /// <summary>Images one after another.</summary>
    public static VisionOutput Concatenate(IReadOnlyList<VisionOutput> outputs) => new(
        cat([.. outputs.Select(output => output.Embeddings)]),
        [.. Enumerable.Range(0, outputs[0].DeepStack.Count).Select(layer => cat([.. outputs.Select(output => output.DeepStack[layer])]))]);

    /// <summary>Hands the tensors to whoever opened the scope around the current one.</summary>
    public VisionOutput MoveToOuterDisposeScope()
    {
        Embeddings.MoveToOuterDisposeScope();
        foreach (var feature in DeepStack)
        {
            feature.MoveToOuterDisposeScope();
        }

        return this;
    }

    /// <summary>Takes the tensors out of every scope: only <see cref="Dispose"/> frees them.</summary>
    public VisionOutput DetachFromDisposeScope()
    {
        Embeddings.DetachFromDisposeScope();
        foreach (var feature in DeepStack)
        {
            feature.DetachFromDisposeScope();
        }

        return this;
    }

    public void Dispose()
    {
        Embeddings.Dispose();
        foreach (var feature in DeepStack)
        {
            feature.Dispose();
        }
    }
}
