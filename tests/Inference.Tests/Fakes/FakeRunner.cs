using EduVision.Inference.Runners;
using EduVision.Inference.Runners.Sampling;
using EduVision.Model.Imaging;
using EduVision.Model.Network;

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

    public int MostImages { get; private set; }

    public Action<IReadOnlyList<SequenceChunk>>? BeforeStep { get; set; }

    /// <summary>Tokens of a step for which the device has memory.</summary>
    public int StepRoom { get; set; } = int.MaxValue;

    /// <summary>Images for which it has memory.</summary>
    public int ImageRoom { get; set; } = int.MaxValue;

    /// <summary>Steps and images for which memory ran out.</summary>
    public int Shortages { get; private set; }

    public long? Used { get; set; }

    /// <summary>Called before each part of an image.</summary>
    public Action? BeforeEncode { get; set; }

    /// <summary>Parts of an image, a milliard multiplications each.</summary>
    public int ImageParts { get; set; } = 3;

    /// <summary>Called with each step's chunks and, for a part of an image, with null: where time passes.</summary>
    public Action<IReadOnlyList<SequenceChunk>?>? Worked { get; set; }

    /// <summary>Parts computed.</summary>
    public int Parts { get; private set; }

    /// <summary>Images that are being encoded.</summary>
    public int Encodings { get; private set; }

    /// <summary>Images of which a part was computed and no end came.</summary>
    public int Abandoned { get; private set; }

    public Func<SequenceChunk, string?>? Fault { get; set; }

    /// <summary>What a step returns instead of its results.</summary>
    public Func<IReadOnlyList<SequenceChunk>, IReadOnlyList<ChunkResult>>? Results { get; set; }

    public override long BytesOf(ImageGrid grid) => FakeImage.Size;

    public int EncoderFaults { get; private set; }

    public int Released { get; private set; }

    public override long? UsedBytes() => Used;

    public override void ReleaseUnused() => Released++;

    public override ImageEncoding Begin(ImageSource image)
    {
        image.Take();
        return new FakeEncoding(this);
    }

    public override IReadOnlyList<ChunkResult> Step(IReadOnlyList<SequenceChunk> chunks)
    {
        BeforeStep?.Invoke(chunks);
        if (chunks.Sum(chunk => chunk.Count) > StepRoom) throw OutOfMemory();
        Steps++;
        LargestStep = Math.Max(LargestStep, chunks.Sum(chunk => chunk.Count));
        foreach (var chunk in chunks) Write(chunk);
        Worked?.Invoke(chunks);
        return Results is { } results ? results(chunks) : [.. chunks.Select(Result)];
    }

    /// <summary>Memory runs out.</summary>
    public TorchException OutOfMemory()
    {
        Shortages++;
        return TorchException.OutOfMemory();
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
        if (Fault?.Invoke(chunk) is { } fault) return fault == ChunkResult.NoNumbers.Fault ? ChunkResult.NoNumbers : new ChunkResult(null, fault);
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

    private sealed class FakeEncoding : ImageEncoding
    {
        private readonly FakeRunner owner;
        private bool isDone, disposed;

        public FakeEncoding(FakeRunner owner)
        {
            this.owner = owner;
            if (++owner.Encodings > 1) throw new InvalidOperationException("Two images are encoded at once: there is memory for one.");
        }

        public override double Done => done;

        public override VisionStage Stage => done == 0 ? VisionStage.Upload : done + 1 < owner.ImageParts ? VisionStage.Blocks : VisionStage.Merging;

        private int done;

        public override EncodedImage? Advance(double work)
        {
            if (isDone || disposed) throw new InvalidOperationException("An encoding went on after its end.");
            var until = done + Math.Max(work, 1);
            for (; done + 1 <= until && done < owner.ImageParts; done++) Part();
            if (done < owner.ImageParts) return null;
            isDone = true;
            owner.Encoded++;
            owner.LiveImages++;
            owner.MostImages = Math.Max(owner.MostImages, owner.LiveImages);
            return new FakeImage(owner);
        }

        private void Part()
        {
            try
            {
                owner.BeforeEncode?.Invoke();
            }
            catch (Exception)
            {
                owner.EncoderFaults++;
                throw;
            }
            if (owner.LiveImages >= owner.ImageRoom) throw owner.OutOfMemory();
            owner.Parts++;
            owner.Worked?.Invoke(null);
        }

        public override void Dispose()
        {
            if (disposed) throw new InvalidOperationException("An encoding was disposed twice.");
            disposed = true;
            owner.Encodings--;
            if (!isDone && done > 0) owner.Abandoned++;
        }
    }

    private sealed class FakeImage(FakeRunner owner) : EncodedImage
    {
        public bool Disposed { get; private set; }

        public const long Size = 1000;

        public override long Bytes => Size;

        public override void Dispose()
        {
            if (Disposed) throw new InvalidOperationException("An encoded image was disposed twice.");
            Disposed = true;
            owner.LiveImages--;
        }
    }
}
