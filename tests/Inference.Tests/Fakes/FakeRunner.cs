using EduVision.Inference.Runners;
using EduVision.Inference.Runners.Sampling;

namespace EduVision.Inference.Tests.Fakes;

/// <summary>
/// A runner with a real paged memory and no model: every slot remembers which token at which position was written to it,
/// and each step reads the whole past back through the block table. A block that was shared, freed or overwritten
/// wrongly is found at once. What comes next is what <paramref name="next"/> says of the tokens so far.
/// </summary>
internal sealed class FakeRunner(int blocks, int blockSize, Func<IReadOnlyList<int>, int> next) : ModelRunner
{
    private readonly (int Token, int Position, string? Image)[] memory = new (int, int, string?)[blocks * blockSize];

    public override string Device => "fake";

    public override bool IsBatchInvariant => true;

    public int Steps { get; private set; }

    public int LargestStep { get; private set; }

    public int Encoded { get; private set; }

    public int LiveImages { get; private set; }

    public Action<IReadOnlyList<SequenceChunk>>? BeforeStep { get; set; }

    public Action? BeforeEncode { get; set; }

    public Func<SequenceChunk, string?>? Fault { get; set; }

    public override EncodedImage Encode(ImageSource image)
    {
        BeforeEncode?.Invoke();
        image.Take();
        Encoded++;
        LiveImages++;
        return new FakeImage(this);
    }

    public override IReadOnlyList<ChunkResult> Step(IReadOnlyList<SequenceChunk> chunks)
    {
        BeforeStep?.Invoke(chunks);
        Steps++;
        LargestStep = Math.Max(LargestStep, chunks.Sum(chunk => chunk.Count));
        foreach (var chunk in chunks) Write(chunk);
        return [.. chunks.Select(Result)];
    }

    private void Write(SequenceChunk chunk)
    {
        foreach (var image in chunk.TouchedImages)
            if (((FakeImage)chunk.Images[image]).Disposed) throw new InvalidOperationException("An encoded image was used after its end.");
        for (var position = chunk.Start; position < chunk.End; position++)
            memory[Slot(chunk, position)] = (chunk.Tokens[position], position, ImageAt(chunk, position));
    }

    private ChunkResult Result(SequenceChunk chunk)
    {
        for (var position = 0; position < chunk.End; position++)
        {
            var expected = (chunk.Tokens[position], position, ImageAt(chunk, position));
            if (memory[Slot(chunk, position)] != expected)
                throw new InvalidOperationException($"The cache holds {memory[Slot(chunk, position)]} where {expected} was computed.");
        }
        if (Fault?.Invoke(chunk) is { } fault) return new ChunkResult(null, fault);
        return chunk.Sample is { } sample ? new ChunkResult(Choose(chunk, sample)) : default;
    }

    private SampledToken Choose(SequenceChunk chunk, SampleRequest sample)
    {
        var id = next([.. chunk.Tokens.Take(chunk.End)]);
        return sample.Parameters.TopLogProbs == 0 ? new SampledToken(id) : new SampledToken(id, -0.1f, [new TokenScore(id, -0.1f), new TokenScore(id + 1, -2.5f)]);
    }

    private int Slot(SequenceChunk chunk, int position) => (chunk.Blocks[position / blockSize] * blockSize) + (position % blockSize);

    private static string? ImageAt(SequenceChunk chunk, int position) =>
        chunk.Prompt.Images.FirstOrDefault(image => image.Offset <= position && position < image.End)?.Identity;

    public override void Dispose()
    {
    }

    private sealed class FakeImage(FakeRunner owner) : EncodedImage
    {
        public bool Disposed { get; private set; }

        public override long Bytes => 1000;

        public override void Dispose()
        {
            if (Disposed) throw new InvalidOperationException("An encoded image was disposed twice.");
            Disposed = true;
            owner.LiveImages--;
        }
    }
}
