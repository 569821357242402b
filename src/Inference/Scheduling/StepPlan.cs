using EduVision.Inference.Runners;

namespace EduVision.Inference.Scheduling;

/// <summary>What the engine does next: first encode the images, then run the chunks.</summary>
public sealed class StepPlan
{
    private readonly List<(Sequence Sequence, SequenceChunk Chunk)> chunks = [];

    /// <summary>The chunks, each with its sequence.</summary>
    public IReadOnlyList<(Sequence Sequence, SequenceChunk Chunk)> Chunks => chunks;

    /// <summary>Images that a chunk touches and nobody has encoded for its sequence yet.</summary>
    public IEnumerable<(Sequence Sequence, PromptImage Image)> ImagesToEncode =>
        from entry in chunks
        from image in entry.Chunk.TouchedImages
        where !entry.Sequence.Images.ContainsKey(image)
        select (entry.Sequence, image);

    /// <summary>Tokens of all chunks.</summary>
    public int Tokens => chunks.Sum(entry => entry.Chunk.Count);

    /// <summary>Those of sequences whose prompt is in the cache.</summary>
    public int Decodes => chunks.Where(entry => entry.Sequence.IsDecoding).Sum(entry => entry.Chunk.Count);

    /// <summary>The others that can be computed before an image is encoded.</summary>
    internal int PromptTokensBeforeImages => chunks.Where(entry => !entry.Sequence.IsDecoding).Sum(entry =>
        Math.Min(entry.Chunk.End, entry.Chunk.TouchedImages.Where(image => !entry.Sequence.Images.ContainsKey(image)).Select(image => Math.Max(image.Offset, entry.Chunk.Start)).DefaultIfEmpty(int.MaxValue).Min()) - entry.Chunk.Start);

    internal void Add(Sequence sequence, int count)
    {
        if (sequence.InFlight || count < 1) throw new InvalidOperationException("A sequence has one chunk in a step, of one token at least.");
        chunks.Add((sequence, sequence.Chunk(count)));
        sequence.InFlight = true;
    }

    /// <summary>True if a chunk of the sequence touches the image.</summary>
    public bool Touches(Sequence sequence, PromptImage image) => chunks.Any(entry => entry.Sequence == sequence && entry.Chunk.TouchedImages.Contains(image));

    /// <summary>Leaves out what a sequence has in the plan from an image on, and the sequence itself if that is all.</summary>
    internal void EndBefore(Sequence sequence, PromptImage image)
    {
        if (!Touches(sequence, image)) return;
        var chunk = chunks.First(entry => entry.Sequence == sequence).Chunk;
        Drop(sequence);
        if (image.Offset > chunk.Start) Add(sequence, image.Offset - chunk.Start);
    }

    /// <summary>Takes a sequence out of the plan.</summary>
    /// <returns>The tokens that it had there.</returns>
    internal int Drop(Sequence sequence)
    {
        var index = chunks.FindIndex(entry => entry.Sequence == sequence);
        if (index < 0) return 0;
        var count = chunks[index].Chunk.Count;
        chunks.RemoveAt(index);
        sequence.InFlight = false;
        return count;
    }
}
