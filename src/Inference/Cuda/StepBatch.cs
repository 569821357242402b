using EduVision.Inference.Runners;
using EduVision.Inference.Runners.Torch;
using EduVision.Model.Network;

namespace EduVision.Inference.Cuda;

/// <summary>The tokens of a step as the kernels want them: flat arrays, one behind the other, and the image rows among them.</summary>
internal sealed class StepBatch : IDisposable
{
    private const int TileNumbers = 3;
    private readonly List<int> numbers = [];
    private readonly Dictionary<string, int> offsets = [];
    private readonly List<(int First, int Count, int Sequence)> decodes = [], tiles = [];

    /// <summary>Lays out a step.</summary>
    /// <param name="chunks">What is to be computed.</param>
    /// <param name="blockSize">Tokens a KV block.</param>
    /// <param name="tileTokens">Most tokens of a chunk that are attended to together.</param>
    /// <param name="scratch">A KV block that belongs to nobody, for the tokens that fill a step of decodes up to the size of a graph.</param>
    public StepBatch(IReadOnlyList<SequenceChunk> chunks, int blockSize, int tileTokens, int scratch)
    {
        var real = chunks.Sum(chunk => chunk.Count);
        IsDecode = chunks.All(chunk => chunk is { Count: 1, Sample: not null } && !chunk.TouchedImages.Any()) && real <= LargestGraph;
        Tokens = IsDecode ? (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)real) : real;
        var blocks = chunks.Max(chunk => (chunk.End + blockSize - 1) / blockSize);
        TableWidth = IsDecode ? Math.Max(SmallestTable, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)blocks)) : blocks;
        Spans = ((IsDecode ? TableWidth * blockSize : chunks.Max(chunk => chunk.End)) + CudaAttention.Span - 1) / CudaAttention.Span;

        var (ids, positions, slots, places) = (new int[Tokens], new int[3 * Tokens], new int[Tokens], new int[Tokens]);
        var tables = new int[(chunks.Count + Tokens - real) * TableWidth];
        List<int> sampled = [], imageRows = [];
        List<VisionOutput> images = [];
        var row = 0;
        for (var sequence = 0; sequence < chunks.Count; sequence++)
        {
            var chunk = chunks[sequence];
            var first = row;
            for (var i = 0; i < (chunk.End + blockSize - 1) / blockSize; i++) tables[(sequence * TableWidth) + i] = chunk.Blocks[i];
            for (var i = chunk.Start; i < chunk.End; i++, row++)
            {
                (ids[row], places[row]) = (chunk.Tokens[i], i);
                slots[row] = (chunk.Blocks[i / blockSize] * blockSize) + (i % blockSize);
                (positions[row], positions[Tokens + row], positions[(2 * Tokens) + row]) = chunk.Prompt.Positions.At(i);
            }
            if (chunk.Count == 1) decodes.Add((first, 1, sequence));
            else
                for (var i = 0; i < chunk.Count; i += tileTokens) tiles.Add((first + i, Math.Min(tileTokens, chunk.Count - i), sequence));
            if (chunk.Sample is not null) sampled.Add(row - 1);
            // By the prompt's own spans, not by token id: a model may well write an image token.
            foreach (var image in chunk.TouchedImages)
            {
                int from = Math.Max(image.Offset, chunk.Start), until = Math.Min(image.End, chunk.End);
                images.Add(((TorchEncodedImage)chunk.Images[image]).Output.Narrow(from - image.Offset, until - from));
                for (var i = from; i < until; i++)
                {
                    var place = imageRows.Count / 2;
                    ids[first + i - chunk.Start] = -1 - place;
                    imageRows.AddRange([first + i - chunk.Start, place]);
                }
            }
        }
        for (; row < Tokens; row++)
        {
            slots[row] = scratch * blockSize;
            tables[row * TableWidth] = scratch;
            decodes.Add((row, 1, row));
            sampled.Add(row);
        }
        (Sampled, ImageTokens) = (sampled.Count, imageRows.Count / 2);
        if (images.Count > 0) Images = VisionOutput.Concatenate(images).DetachFromDisposeScope();

        Put(nameof(ids), ids);
        Put(nameof(positions), positions);
        Put(nameof(slots), slots);
        Put(nameof(places), places);
        // The longest past first: what is left at the end is short.
        tiles.Sort((a, b) => (places[b.First], a.First).CompareTo((places[a.First], b.First)));
        Put(nameof(decodes), NumbersOf(decodes));
        Put(nameof(tiles), NumbersOf(tiles));
        Put(nameof(sampled), sampled);
        Put(nameof(tables), tables);
        Put(nameof(imageRows), imageRows);
    }

    /// <summary>Most decodes of one graph.</summary>
    public const int LargestGraph = 128;

    /// <summary>Blocks of the shortest table of a step of decodes: up to here one graph serves all lengths.</summary>
    public const int SmallestTable = 64;

    /// <summary>All arrays; where each begins depends on the sizes of the step alone.</summary>
    public IReadOnlyList<int> Numbers => numbers;

    /// <summary>True for a step of decodes only: its tokens are filled up to a power of two, and its launches are always the same.</summary>
    public bool IsDecode { get; }

    public int Tokens { get; }

    /// <summary>Blocks a sequence's table has room for.</summary>
    public int TableWidth { get; }

    /// <summary>Spans of attention that the longest sequence may have.</summary>
    public int Spans { get; }

    /// <summary>Rows whose logits are computed: those asked for, in the order of their chunks, then what fills the step up.</summary>
    public int Sampled { get; }

    public int ImageTokens { get; }

    /// <summary>Rows of the step's image tokens, in their order; null when there are none.</summary>
    public VisionOutput? Images { get; }

    /// <summary>Tokens that come alone: row, 1, whose; in the order of their rows.</summary>
    public IReadOnlyList<(int First, int Count, int Sequence)> Decodes => decodes;

    /// <summary>Tokens of the other chunks that are attended to together: first row, how many, whose; the longest past first.</summary>
    public IReadOnlyList<(int First, int Count, int Sequence)> Tiles => tiles;

    /// <summary>Where the arrays are on the GPU.</summary>
    public nint Address { get; set; }

    public nint Ids => At("ids");

    /// <summary>[3, tokens]: time, row, column.</summary>
    public nint Positions => At("positions");

    public nint Slots => At("slots");

    public nint Places => At("places");

    public nint Tables => At("tables");

    public nint SampledRows => At("sampled");

    /// <summary>Pairs (token, row of <see cref="Images"/>).</summary>
    public nint ImageRows => At("imageRows");

    /// <summary>The entries of <see cref="Decodes"/> from that one on.</summary>
    public nint DecodesFrom(int index) => At(nameof(decodes)) + (index * TileNumbers * sizeof(int));

    /// <summary>The entries of <see cref="Tiles"/> from that one on.</summary>
    public nint TilesFrom(int index) => At(nameof(tiles)) + (index * TileNumbers * sizeof(int));

    /// <inheritdoc/>
    public void Dispose() => Images?.Dispose();

    private static IEnumerable<int> NumbersOf(IEnumerable<(int First, int Count, int Sequence)> tiles) => tiles.SelectMany(tile => (int[])[tile.First, tile.Count, tile.Sequence]);

    private nint At(string name) => Address + (offsets[name] * sizeof(int));

    private void Put(string name, IEnumerable<int> values)
    {
        offsets[name] = numbers.Count;
        numbers.AddRange(values);
    }
}
