using EduVision.Inference.Runners;
using EduVision.Inference.Runners.Sampling;
using EduVision.Model.Chat;
using EduVision.Model.Probing;
using static TorchSharp.torch;
using Prompt = EduVision.Inference.Runners.Prompt;

namespace EduVision.Inference.Cuda;

/// <summary>What <see cref="Probe"/> does, by our kernels: one conversation through a checkpoint in one step, and what is seen on the way.</summary>
internal static class CudaProbe
{
    private const int BlockSize = 16;
    private static readonly SampleRequest Likeliest = new(new SamplingParameters { Temperature = 0 }, 0, new HashSet<int>());

    /// <summary>Runs the conversation of a file.</summary>
    /// <param name="directory">A published checkpoint, FP8 or BF16.</param>
    /// <param name="messagesPath">See <see cref="MessagesFile"/>.</param>
    /// <param name="greedy">How many tokens to generate, the likeliest each time.</param>
    /// <param name="layers">Whether the hidden states behind every layer are wanted too.</param>
    /// <param name="torchLibrary">The <c>torch/lib</c> of an installed PyTorch, if one is used.</param>
    /// <returns>Without logits: the kernels compute those of the last token only. The caller owns it.</returns>
    public static ProbeResult Run(string directory, string messagesPath, int greedy, bool layers, string? torchLibrary)
    {
        var processor = ChatProcessor.Load(directory);
        var input = ProbeInput.Read(processor, messagesPath);
        var length = input.Prompt.Length;
        var blocks = (length + greedy + BlockSize - 1) / BlockSize;
        using var runner = CudaRunner.Load(directory, 0, blocks, BlockSize, length, 1, torchLibrary);
        using var scope = NewDisposeScope();
        List<Tensor> seen = [];
        long[] generated = [.. Generate(runner, input, greedy, [.. Enumerable.Range(0, blocks)], layers ? (_, state) => seen.Add(ProbeResult.Keep(state)) : null)];
        return new ProbeResult
        {
            InputIds = input.Prompt.IdTensor().MoveToOuterDisposeScope(),
            ImageGrids = input.GridTensor().MoveToOuterDisposeScope(),
            PixelValues = input.PixelTensor(processor.Images.Config.PatchWidth).MoveToOuterDisposeScope(),
            PositionIds = input.Prompt.PositionTensor().MoveToOuterDisposeScope(),
            Greedy = tensor(generated).MoveToOuterDisposeScope(),
            HiddenStates = layers ? ProbeResult.Stack(seen).MoveToOuterDisposeScope() : null,
        };
    }

    private static List<long> Generate(CudaRunner runner, ProbeInput input, int greedy, int[] blocks, Action<int, Tensor>? seen)
    {
        var prompt = new Prompt
        {
            Ids = input.Prompt.InputIds,
            Positions = RotaryPositions.Of(input.Prompt),
            Images = [.. input.Prompt.Images.Zip(input.Images, (span, image) => new PromptImage(
                $"image at {span.Start}", span.Start, span.Length, new ImageSource(span.Grid, () => image)))],
        };
        var images = prompt.Images.ToDictionary(image => image, image => runner.Encode(image.Source));
        List<int> tokens = [.. prompt.Ids];
        SequenceChunk Chunk(int start) => new() { Prompt = prompt, Tokens = tokens, Start = start, Count = tokens.Count - start, Blocks = blocks, Images = images, Sample = Likeliest };
        var result = (seen is null ? runner.Step([Chunk(0)]) : runner.Step([Chunk(0)], seen))[0];
        foreach (var image in images.Values) image.Dispose();
        List<long> made = [];
        while (made.Count < greedy)
        {
            var token = result.Token ?? throw new InvalidOperationException(result.Fault);
            made.Add(token.Id);
            tokens.Add(token.Id);
            if (made.Count < greedy) result = runner.Step([Chunk(tokens.Count - 1)])[0];
        }
        return made;
    }
}
