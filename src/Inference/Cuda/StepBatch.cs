using EduVision.Inference.Runners;
using EduVision.Inference.Runners.Torch;
using EduVision.Model.Network;
using static TorchSharp.torch;

namespace EduVision.Inference.Cuda;

/// <summary>The tokens of a step as the kernels want them: flat arrays, in one tensor on the GPU, and the image rows among them.</summary>
internal sealed class StepBatch : IDisposable
{
    private readonly int[] numbers;
    private readonly Dictionary<string, int> offsets = [];
    private readonly List<(int First, int Count, int Sequence)> tiles = [];
    private readonly Tensor onDevice;
    private readonly nint address;

    /// <summary>Lays out a step.</summary>
    public StepBatch(IReadOnlyList<SequenceChunk> chunks, int blockSize, int tileTokens, Device device)
    {
        // A decode fills less than a tile; a prompt reads its past half as often with two tiles at once.
        TilesTogether = chunks.Any(chunk => chunk.Count > tileTokens) ? 2 : 1;
        Tokens = chunks.Sum(chunk => chunk.Count);
        TableWidth = chunks.Max(chunk => (chunk.End + blockSize - 1) / blockSize);
        var (ids, positions, slots, places) = (new int[Tokens], new int[3 * Tokens], new int[Tokens], new int[Tokens]);
        var tables = new int[chunks.Count * TableWidth];
        List<int> sampled = [], imageRows = [];
        List<VisionOutput> images = [];
        int row = 0, imageRow = 0;
        for (var sequence = 0; sequence < chunks.Count; sequence++)
        {
            var chunk = chunks[sequence];
            var first = row;
            for (var i = 0; i < (chunk.End + blockSize - 1) / blockSize; i++) tables[sequence * TableWidth + i] = chunk.Blocks[i];
            for (var i = chunk.Start; i < chunk.End; i++, row++)
            {
                (ids[row], places[row]) = (chunk.Tokens[i], i);
                slots[row] = chunk.Blocks[i / blockSize] * blockSize + i % blockSize;
                (positions[row], positions[Tokens + row], positions[(2 * Tokens) + row]) = chunk.Prompt.Positions.At(i);
            }
            for (var i = 0; i < chunk.Count; i += tileTokens * TilesTogether) tiles.Add((first + i, Math.Min(tileTokens * TilesTogether, chunk.Count - i), sequence));
            if (chunk.Sample is not null) sampled.Add(row - 1);
            // By the prompt's own spans, not by token id: a model may well write an image token.
            foreach (var image in chunk.TouchedImages)
            {
                int from = Math.Max(image.Offset, chunk.Start), until = Math.Min(image.End, chunk.End);
                images.Add(((TorchEncodedImage)chunk.Images[image]).Output.Narrow(from - image.Offset, until - from));
                for (var i = from; i < until; i++, imageRow++)
                {
                    ids[first + i - chunk.Start] = -1 - imageRow;
                    imageRows.AddRange([first + i - chunk.Start, imageRow]);
                }
            }
        }
        (Sampled, ImageTokens, Deepest) = (sampled.Count, imageRow, places.Max());
        if (images.Count > 0) Images = VisionOutput.Concatenate(images).DetachFromDisposeScope();

        List<int> all = [];
        foreach (var (name, part) in new (string, IReadOnlyList<int>)[]
                 { (nameof(ids), ids), (nameof(positions), positions), (nameof(slots), slots), (nameof(places), places), (nameof(tables), tables), (nameof(tiles), [.. tiles.SelectMany(tile => (int[])[tile.First, tile.Count, tile.Sequence])]), (nameof(sampled), sampled), (nameof(imageRows), imageRows) })
        {
            offsets[name] = all.Count;
            all.AddRange(part);
        }
        numbers = [.. all];
        using var scope = NewDisposeScope();
        onDevice = tensor(numbers, ScalarType.Int32).to(device).DetachFromDisposeScope();
        address = onDevice.Address();
    }

    public int Tokens { get; }

    /// <summary>Tokens that are attended to together: first row, how many, whose; in the order of their rows.</summary>
    public IReadOnlyList<(int First, int Count, int Sequence)> Tiles => tiles;

    /// <summary>How many tiles of 16 rows an entry of <see cref="Tiles"/> takes.</summary>
    public int TilesTogether { get; }

    /// <summary>Blocks a sequence's table has room for.</summary>
    public int TableWidth { get; }

    /// <summary>How many chunks ask for a token.</summary>
    public int Sampled { get; }

    public int ImageTokens { get; }

    /// <summary>The largest place of a token in its sequence.</summary>
    public int Deepest { get; }

    /// <summary>Rows of the step's image tokens, in their order; null when there are none.</summary>
    public VisionOutput? Images { get; }

    public nint Ids => At("ids");

    /// <summary>[3, tokens]: time, row, column.</summary>
    public nint Positions => At("positions");

    public nint Slots => At("slots");

    public nint Places => At("places");

    public nint Tables => At("tables");

    /// <summary>The entries of <see cref="Tiles"/> from that one on.</summary>
    public nint TilesFrom(int index) => At("tiles") + (index * 3 * sizeof(int));

    public nint SampledRows => At("sampled");

    /// <summary>Pairs (token, row of <see cref="Images"/>).</summary>
    public nint ImageRows => At("imageRows");

    /// <inheritdoc/>
    public void Dispose()
    {
        onDevice.Dispose();
        Images?.Dispose();
    }

    private nint At(string name) => address + (offsets[name] * sizeof(int));
}
