using EduVision.Inference.Runners.Sampling;
using EduVision.Shared;

namespace EduVision.Inference.Runners;

/// <summary>A run of one sequence's tokens to compute in a step: a piece of its prompt, or the token it decoded last.</summary>
public sealed class SequenceChunk
{
    /// <summary>The prompt the sequence began with: images and rotary positions.</summary>
    public required Prompt Prompt { get; init; }

    /// <summary>All tokens of the sequence so far, prompt first.</summary>
    public required IReadOnlyList<int> Tokens { get; init; }

    /// <summary>Index in <see cref="Tokens"/> of the first token to compute; everything before it is in the KV cache.</summary>
    public required int Start { get; init; }

    /// <summary>Tokens to compute.</summary>
    public required int Count { get; init; }

    /// <summary>KV blocks of the sequence; token i lives in block i / blockSize at place i % blockSize.</summary>
    public required IReadOnlyList<int> Blocks { get; init; }

    /// <summary>The encoded images by the image of the prompt; holds all that the chunk touches.</summary>
    public required IReadOnlyDictionary<PromptImage, EncodedImage> Images { get; init; }

    /// <summary>How to choose the token behind the chunk, or null if the prompt goes on.</summary>
    public SampleRequest? Sample { get; init; }

    /// <summary>A part of it; what lies before it has been computed.</summary>
    /// <param name="start">As <see cref="Start"/>.</param>
    /// <param name="count">Tokens of it.</param>
    public SequenceChunk Part(int start, int count) => new()
    {
        Prompt = Prompt, Tokens = Tokens, Start = start, Count = count, Blocks = Blocks, Images = Images, Sample = start + count == End ? Sample : null,
    };

    /// <summary>Index behind the last token to compute.</summary>
    public int End => Start + Count;

    /// <summary>The prompt's images that have tokens in the chunk.</summary>
    public IEnumerable<PromptImage> TouchedImages => Prompt.Images.Where(image => image.Offset < End && image.End > Start);
}

/// <summary>What came of one chunk.</summary>
/// <param name="Token">The sampled token, if one was asked for.</param>
/// <param name="Fault">Why the result is void, such as logits that are no numbers, in a sentence that says what to do; null if all is well.</param>
/// <param name="Code">The fault's <see cref="FailureCode"/>; null is <see cref="FailureCode.EngineFault"/>.</param>
public readonly record struct ChunkResult(SampledToken? Token, string? Fault = null, string? Code = null)
{
    /// <summary>The device's memory does not suffice even for a token of it.</summary>
    public static ChunkResult OutOfMemory { get; } = new(
        null, "The device's memory did not suffice for this request. Ask with fewer or smaller images, or when less is going on.", FailureCode.OutOfMemory);

    /// <summary>The logits held something that is no number.</summary>
    public static ChunkResult NoNumbers { get; } = new(null, "The model computed values that are no numbers. Ask again; if it happens again, the model's files may be damaged.", FailureCode.NoNumbers);
}
