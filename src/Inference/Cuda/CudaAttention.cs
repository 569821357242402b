using EduVision.Inference.Cuda.Driver;
using EduVision.Model.Configuration;
using static TorchSharp.torch;

namespace EduVision.Inference.Cuda;

/// <summary>
/// Attention of a step's tokens over the paged cache: chunks in one pass (<c>flash.cu</c>); decodes, and chunks too small for that to occupy
/// the chip, span by span, put together afterwards (<c>attention.cu</c>). The bits are the same.
/// </summary>
/// <param name="config">Sizes.</param>
/// <param name="kernels">The kernels compiled for these sizes.</param>
/// <param name="queries">[tokens, heads * head size], float16: what is asked.</param>
/// <param name="x">Float16: where the answers go, as the next product reads them.</param>
/// <param name="sums">Float32: room for what is found in spans; what does not fit is attended to in several launches.</param>
/// <param name="marks">Float32: room for the maximum and the sum of weights of each of those.</param>
internal sealed class CudaAttention(TextConfig config, KernelLibrary kernels, Tensor queries, Tensor x, Tensor sums, Tensor marks)
{
    /// <summary>Positions that are put together before they meet others; as in <c>heads.cu</c>.</summary>
    public const int Span = 256;

    /// <summary>Rows of a tile of a tensor core's.</summary>
    public const int TileRows = 16;

    // A past of so few spans is not worth two launches.
    private const int FewSpans = 2;

    private const int SpanThreads = 128, JoinedHeads = 4;

    /// <summary>Tokens of a chunk that a block of threads takes.</summary>
    public int TileTokens => kernels.Flash.TokensOf(config);

    /// <summary>Puts a step's attention on the stream.</summary>
    /// <param name="batch">The step.</param>
    /// <param name="keys">The layer's keys.</param>
    /// <param name="values">The layer's values.</param>
    public void Attend(StepBatch batch, nint keys, nint values)
    {
        var decodes = batch.Decodes.Count;
        BySpans(batch, decodes, 1, batch.DecodesFrom, (tiles, count) => kernels.Launch(
            "attend_one", new Grid(count, config.KvHeads, batch.Spans), SpanThreads, 0,
            queries.Address(), keys, values, batch.Tables, tiles, batch.Places, sums.Address(), marks.Address(), batch.TableWidth, batch.Spans));

        var (chunks, flash) = (batch.Tiles.Count, kernels.Flash);
        if (chunks == 0) return;
        if (batch.Spans > FewSpans && chunks * config.KvHeads * 2 <= kernels.Chip.Processors && Room(batch, TileTokens) > 0)
            BySpans(batch, chunks, TileTokens, batch.TilesFrom, (tiles, count) => kernels.Launch(
                "attend_spans", new Grid(config.KvHeads, count, batch.Spans), flash.Threads, flash.SharedBytesOf(config, hasWhole: false),
                queries.Address(), keys, values, batch.Tables, tiles, batch.Places, sums.Address(), marks.Address(), batch.TableWidth, batch.Spans));
        else
            kernels.Launch(
                "attend_chunks", new Grid(config.KvHeads, chunks), flash.Threads, flash.SharedBytesOf(config, hasWhole: true),
                queries.Address(), keys, values, batch.Tables, batch.TilesFrom(0), batch.Places, x.Address(), batch.TableWidth, WarpGroups.GroupsFor(kernels, batch.Tokens));
    }

    // As many tiles at a time as there is room for.
    private void BySpans(StepBatch batch, int tiles, int tileTokens, Func<int, nint> from, Action<nint, int> attend)
    {
        for (var tile = 0; tile < tiles;)
        {
            var count = (int)Math.Min(Math.Max(1, Room(batch, tileTokens)), tiles - tile);
            attend(from(tile), count);
            kernels.Launch(
                "join", new Grid(count, (config.Heads + JoinedHeads - 1) / JoinedHeads, tileTokens), SpanThreads, 0,
                sums.Address(), marks.Address(), from(tile), batch.Places, x.Address(), batch.Spans, WarpGroups.GroupsFor(kernels, batch.Tokens));
            tile += count;
        }
    }

    // Tiles of so many tokens.
    private long Room(StepBatch batch, int tileTokens) => sums.NumberOfElements / ((long)tileTokens * config.Heads * batch.Spans * config.HeadDim);
}
