using System.Runtime.InteropServices;
using EduVision.Inference.Cuda.Driver;
using EduVision.Inference.Runners.Sampling;
using EduVision.Model.Configuration;
using EduVision.Model.Network;
using static TorchSharp.torch;

namespace EduVision.Inference.Cuda;

/// <summary>
/// The text decoder in our kernels: the layers of a step, over the paged KV cache that it owns. A step of decodes is one graph,
/// captured when its size is met first.
/// </summary>
internal sealed class CudaText : IDisposable
{
    private const int Top = TextBuffers.Top, Slices = TextBuffers.Slices, Found = TextBuffers.Found;
    private const int Wide = 128;

    // Up to here reading the weights once for each group of 32 tokens costs less than tiles that fill few of the chip's processors.
    private const int FewTokens = 64;
    private const int MostTiles = 4, MostHeadTiles = 8;

    private readonly TextConfig config;
    private readonly CudaWeights weights;
    private readonly KernelLibrary kernels;
    private readonly Device device;
    private readonly Tensor frequencies, axes, keys, values, hidden, x, gated, qkv, queries, sums, marks, rows, halfRows, logits, sliceIds, sliceValues, sliceMarks, picked;
    private readonly List<Tensor> kept = [];
    private readonly PinnedMemory<int> numbers = new();
    private readonly PinnedMemory<float> found = new(), whole = new();
    private readonly Dictionary<(int Tokens, int TableWidth), nint> graphs = [];
    private readonly CudaStep step;
    private readonly CudaAttention attention;
    private readonly long cacheBytes;
    private readonly float epsilon;
    private Tensor numbersOnDevice;

    /// <summary>A decoder.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="weights">Its weights.</param>
    /// <param name="kernels">The kernels compiled for these sizes.</param>
    /// <param name="buffers">The KV cache and the room for steps.</param>
    /// <param name="device">The GPU.</param>
    public CudaText(TextConfig config, CudaWeights weights, KernelLibrary kernels, TextBuffers buffers, Device device)
    {
        (this.config, this.weights, this.kernels, this.device) = (config, weights, kernels, device);
        MaxTokens = buffers.MaxTokens;
        epsilon = (float)config.RmsNormEps;
        using var scope = NewDisposeScope();
        Tensor Keep(Tensor made)
        {
            kept.Add(made);
            return made;
        }
        Tensor New(BufferSize size) => Keep(size.Allocate(device));
        frequencies = Keep(Frequencies.Inverse(config.Rope.Theta, config.HeadDim).to(device).DetachFromDisposeScope());
        axes = Keep(tensor([.. Enumerable.Range(0, config.HeadDim / 2).Select(config.Rope.AxisOf)], ScalarType.Int32).to(device).DetachFromDisposeScope());
        Scratch = buffers.Layout.Blocks;
        keys = New(buffers.Keys);
        values = New(buffers.Values);
        // Zeros: what is masked is multiplied by nothing, and a NaN times nothing is a NaN.
        keys.zero_();
        values.zero_();
        cacheBytes = buffers.Keys.Bytes / config.Layers;
        hidden = New(buffers.Hidden);
        x = New(buffers.X);
        gated = New(buffers.Gated);
        qkv = New(buffers.Qkv);
        queries = New(buffers.Queries);
        sums = New(buffers.Sums);
        marks = New(buffers.Marks);
        rows = New(buffers.Rows);
        halfRows = New(buffers.HalfRows);
        logits = New(buffers.Logits);
        sliceIds = New(buffers.SliceIds);
        sliceValues = New(buffers.SliceValues);
        sliceMarks = New(buffers.SliceMarks);
        picked = New(buffers.Picked);
        numbersOnDevice = buffers.Numbers.Allocate(device);
        attention = new CudaAttention(config, kernels, queries, x, sums, marks);
        step = new CudaStep(config, kernels, device);
    }

    /// <summary>GPU memory of all that it keeps, as counted by its tensors.</summary>
    public long Bytes => kept.Append(numbersOnDevice).Sum(tensor => tensor.NumberOfElements * tensor.ElementSize);

    /// <summary>Tokens of a chunk that are attended to together.</summary>
    public int TileTokens => attention.TileTokens;

    /// <summary>The KV block that belongs to nobody.</summary>
    public int Scratch { get; }

    /// <summary>Most tokens of a step.</summary>
    public int MaxTokens { get; }

    /// <summary>
    /// Called behind each layer, DeepStack included, with its number and the hidden states: [tokens, hidden], float32, changed by the next
    /// layer. For steps that are no graph only: it may use torch.
    /// </summary>
    public Action<int, Tensor>? Seen { get; set; }

    /// <summary>Computes a step and waits for it. <see cref="Choose"/> then says what came of each sampled row.</summary>
    public void Forward(StepBatch batch)
    {
        if (batch.Sampled > logits.shape[0]) throw new ArgumentException($"A step of {batch.Sampled} sequences; there is room for {logits.shape[0]}.", nameof(batch));
        Upload(batch);
        if (batch.IsDecode && step.Takes(batch.Tokens)) ComputeAtOnce(batch);
        else if (batch.IsDecode) CudaDriver.LaunchGraph(GraphOf(batch), kernels.Stream);
        else Compute(batch);
        var count = batch.Sampled * Found;
        found.Take(count);
        if (count > 0) CudaDriver.CopyToHost(found.Address, picked.Address(), (long)count * sizeof(float), kernels.Stream);
        // A fault of a kernel shows here.
        CudaDriver.Wait(kernels.Stream);
    }

    /// <summary>Random keys and values everywhere, as if much had been computed: to measure what a long past costs.</summary>
    public void FillCache()
    {
        keys.normal_();
        values.normal_();
    }

    /// <summary>Chooses behind a sampled row of the last step: from its largest logits, or from all where they are not enough.</summary>
    /// <param name="row">Which of the rows that were asked for.</param>
    /// <param name="request">How.</param>
    /// <param name="sampler">For what needs all.</param>
    /// <returns>Null if the row holds what is no number.</returns>
    public SampledToken? Choose(int row, SampleRequest request, Sampler sampler)
    {
        var mine = found.Take((row + 1) * Found).Slice(row * Found, Found);
        if (!float.IsFinite(mine[2 * Top])) return null;
        if (Sampler.NeedsOnly(Math.Min(Top, config.VocabSize), request))
            return Sampler.Choose(MemoryMarshal.Cast<float, int>(mine[..Top]), mine.Slice(Top, Top), mine[(2 * Top) + 1], request);
        var all = whole.Take(config.VocabSize);
        CudaDriver.CopyToHost(whole.Address, logits.Address() + (nint)((long)row * config.VocabSize * sizeof(float)), (long)config.VocabSize * sizeof(float), kernels.Stream);
        CudaDriver.Wait(kernels.Stream);
        return sampler.Choose(all, request);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ForgetGraphs();
        foreach (var tensor in kept.Append(numbersOnDevice)) tensor.Dispose();
        step.Dispose();
        numbers.Dispose();
        found.Dispose();
        whole.Dispose();
    }

    private void Upload(StepBatch batch)
    {
        var count = batch.Numbers.Count;
        if (count > numbersOnDevice.shape[0])
        {
            // The new one first: there may be no memory for it.
            var larger = empty([System.Numerics.BitOperations.RoundUpToPowerOf2((uint)count)], ScalarType.Int32, device).DetachFromDisposeScope();
            ForgetGraphs();
            numbersOnDevice.Dispose();
            numbersOnDevice = larger;
        }
        var staged = numbers.Take(count);
        for (var i = 0; i < count; i++) staged[i] = batch.Numbers[i];
        batch.Address = numbersOnDevice.Address();
        CudaDriver.CopyToDevice(batch.Address, numbers.Address, (long)count * sizeof(int), kernels.Stream);
    }

    private nint GraphOf(StepBatch batch)
    {
        var key = (batch.Tokens, batch.TableWidth);
        if (!graphs.TryGetValue(key, out var graph))
        {
            // Once for real: kernels are found and set up before anything is captured. Computing a token again is harmless.
            Compute(batch);
            graphs[key] = graph = CudaDriver.Capture(kernels.Stream, () => Compute(batch));
        }
        return graph;
    }

    private void ForgetGraphs()
    {
        foreach (var graph in graphs.Values) CudaDriver.DestroyGraph(graph);
        graphs.Clear();
    }

    private void Compute(StepBatch batch)
    {
        using var images = batch.Images?.Embeddings.contiguous();
        kernels.Launch("embed", new Grid(batch.Tokens), 256, 0, batch.Ids, weights.Embeddings.Address(), images?.Address() ?? 0, hidden.Address(), config.HiddenSize);
        for (var layer = 0; layer < config.Layers; layer++)
        {
            if (layer > 0) Show(batch, layer - 1);
            Layer(batch, layer);
            if (batch.Images is not { } pictures || layer >= pictures.DeepStack.Count) continue;
            using var features = pictures.DeepStack[layer].contiguous();
            kernels.Launch("add_rows", new Grid(batch.ImageTokens), 256, 0, batch.ImageRows, features.Address(), hidden.Address(), config.HiddenSize);
        }
        Show(batch, config.Layers - 1);
        if (batch.Sampled > 0) Logits(batch);
    }

    private void ComputeAtOnce(StepBatch batch)
    {
        step.Launch(new StepArguments
        {
            QkvWeights = weights.Qkv[0].Weights, OutputWeights = weights.Output[0].Weights, GateUpWeights = weights.GateUp[0].Weights, DownWeights = weights.Down[0].Weights,
            QkvScales = weights.Qkv[0].Scales, OutputScales = weights.Output[0].Scales, GateUpScales = weights.GateUp[0].Scales, DownScales = weights.Down[0].Scales,
            InputNorms = weights.InputNorms.Address(), QueryNorms = weights.QueryNorms.Address(), KeyNorms = weights.KeyNorms.Address(), PostNorms = weights.PostNorms.Address(),
            Embeddings = weights.Embeddings.Address(), Frequencies = frequencies.Address(), Axes = axes.Address(),
            Ids = batch.Ids, Positions = batch.Positions, Slots = batch.Slots, Places = batch.Places, Tables = batch.Tables,
            Keys = keys.Address(), Values = values.Address(), X = x.Address(), Gated = gated.Address(), Hidden = hidden.Address(), Qkv = qkv.Address(), Sums = sums.Address(), Marks = marks.Address(),
            LayerCache = cacheBytes / sizeof(ushort), Tokens = batch.Tokens, TableWidth = batch.TableWidth, Spans = batch.Spans, Epsilon = epsilon,
        });
        Logits(batch);
    }

    private void Show(StepBatch batch, int layer)
    {
        if (Seen is null) return;
        using var states = hidden.narrow(0, 0, batch.Tokens);
        Seen(layer, states);
    }

    private void Layer(StepBatch batch, int index)
    {
        nint layerKeys = keys.Address() + (nint)(index * cacheBytes), layerValues = values.Address() + (nint)(index * cacheBytes);
        Norm(weights.InputNorms, index, batch.Tokens);
        Linear("store", weights.Qkv[index], x, qkv, batch.Tokens);
        kernels.Launch(
            "heads", new Grid(batch.Tokens, config.Heads + (2 * config.KvHeads)), config.HeadDim / 2, 0,
            qkv.Address(), RowOf(weights.QueryNorms, index), RowOf(weights.KeyNorms, index), batch.Positions, frequencies.Address(), axes.Address(),
            batch.Slots, queries.Address(), layerKeys, layerValues, batch.Tokens, epsilon);
        attention.Attend(batch, layerKeys, layerValues);
        Linear("add", weights.Output[index], x, hidden, batch.Tokens);
        Norm(weights.PostNorms, index, batch.Tokens);
        Linear("gated", weights.GateUp[index], x, gated, batch.Tokens);
        Linear("add", weights.Down[index], gated, hidden, batch.Tokens);
    }

    private void Logits(StepBatch batch)
    {
        kernels.Launch("rms_norm_rows", new Grid(batch.Sampled), 256, 0, batch.SampledRows, hidden.Address(), weights.Norm.Address(), rows.Address(), config.HiddenSize, epsilon);
        if (weights.Fp8Head is { } head) MultiplyFp8Head(head[0], batch.Sampled);
        else
        {
            var tiles = TilesFor(batch.Sampled, MostHeadTiles);
            const int headColumns = 128;
            var headRows = tiles == MostHeadTiles ? 256 : 128;
            kernels.Launch(
                $"head_{tiles}", new Grid((config.VocabSize + headRows - 1) / headRows, Groups(batch.Sampled, tiles)), 256, 8 * tiles * headColumns * sizeof(float),
                weights.Head.Address(), rows.Address(), logits.Address(), config.VocabSize, config.HiddenSize, batch.Sampled);
        }
        kernels.Launch("pick_slices", new Grid(Slices, batch.Sampled), 1024, 0, logits.Address(), sliceIds.Address(), sliceValues.Address(), sliceMarks.Address(), config.VocabSize);
        kernels.Launch("pick_rows", new Grid(batch.Sampled), 512, 0, sliceIds.Address(), sliceValues.Address(), sliceMarks.Address(), picked.Address());
    }

    private void MultiplyFp8Head(TiledMatrix head, int sampled)
    {
        kernels.Launch("halve_rows", new Grid(sampled), 256, 0, rows.Address(), halfRows.Address(), config.HiddenSize);
        var tiles = TilesFor(sampled);
        kernels.Launch(
            $"fp8_head_{tiles}", new Grid(head.Rows / (2 * WeightTiles.Rows), Groups(sampled, tiles)), 256, 0,
            head.Weights, head.Scales, halfRows.Address(), logits.Address(), head.Rows, head.Columns, sampled);
    }

    private void Norm(Tensor norms, int layer, int tokens) =>
        kernels.Launch("rms_norm", new Grid(tokens), 256, 0, hidden.Address(), RowOf(norms, layer), x.Address(), config.HiddenSize, epsilon, WarpGroups.GroupsFor(kernels, tokens));

    private static nint RowOf(Tensor norms, int layer) => norms.Address() + (nint)(layer * norms.shape[1] * sizeof(ushort));

    private void Linear(string kind, TiledMatrix matrix, Tensor from, Tensor to, int tokens) => Linear(kernels, kind, matrix, from, to, tokens);

    /// <summary>One product; which kernel computes it changes nothing of the result.</summary>
    /// <param name="kernels">The kernels.</param>
    /// <param name="kind"><c>store</c>, <c>add</c> (to what is there) or <c>gated</c> (SwiGLU of the matrix's two halves, which are paired).</param>
    /// <param name="matrix">The weights.</param>
    /// <param name="from">[tokens, columns], float16, where <c>x_at</c> of the kernels' layout puts them.</param>
    /// <param name="to">[tokens, rows], float32; [tokens, rows / 2], float16 in such places, for <c>gated</c>.</param>
    /// <param name="tokens">How many.</param>
    internal static void Linear(KernelLibrary kernels, string kind, TiledMatrix matrix, Tensor from, Tensor to, int tokens)
    {
        if (WarpGroups.GroupsFor(kernels, tokens) > 0)
        {
            WarpGroups.Launch(kernels, kind, matrix, from.Address(), to.Address(), tokens);
            return;
        }
        var outputs = kind == "gated" ? matrix.Rows / 2 : matrix.Rows;
        var tiles = TilesFor(tokens);
        var (name, grid, shared) = tokens > FewTokens
            ? ($"wide_{kind}", new Grid(matrix.Rows / Wide, (tokens + Wide - 1) / Wide), kernels.WideBytes)
            : ($"linear_{kind}_{tiles}", new Grid(matrix.Rows / (2 * WeightTiles.Rows), Groups(tokens, tiles)), 0);
        kernels.Launch(name, grid, 256, shared, matrix.Weights, matrix.Scales, from.Address(), to.Address(), outputs, matrix.Columns, tokens);
    }

    // Eight tokens a tile; how many tiles a block has changes nothing of what it computes.
    private static int TilesFor(int tokens, int most = MostTiles) => tokens <= 8 ? 1 : tokens <= 16 ? 2 : tokens <= 32 ? MostTiles : most;

    private static int Groups(int tokens, int tiles) => (tokens + (8 * tiles) - 1) / (8 * tiles);
}
