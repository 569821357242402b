using EduVision.Inference.Cuda.Driver;
using EduVision.Inference.Runners;

namespace EduVision.Inference.Cuda;

/// <summary>Products for more than a few tokens by Hopper's groups of warps (<c>slab.cu</c>, <c>split.cu</c>, <c>prefill.cu</c>): the same bits as <c>linear.cu</c> and <c>wide.cu</c>, faster.</summary>
internal static class WarpGroups
{
    // As in slab.cu and prefill.cu; shared memory as the two kernels lay it out, behind 128 bytes of barriers.
    private const int Threads = 256, Slab = 128, Group = 8, TileTokens = 128, Segments = 4;
    private const int SplitBytes = 128 + (7 * (16 << 10)), SmallSplitBytes = 128 + (3 * (16 << 10)) + (3 * (8 << 10)), PrefillBytes = 128 + (4 * (32 << 10)) + (64 << 10);

    // Up to here a step's activations lie one token behind the other, as linear.cu reads them.
    private const int FewTokens = 16;

    // Blocks of other rows that fetch activations for each other, of the kernel for many tokens: 1 or 2, for which it has instances.
    private const int Cluster = 2;

    /// <summary>Groups of eight tokens that the activations of such a step lie in, as <c>x_at</c> of <c>layout.cu</c> wants it; 0 where they lie one token behind the other.</summary>
    public static int GroupsFor(KernelLibrary kernels, int tokens) => kernels.Chip.HasWarpGroups && tokens > FewTokens ? GroupsOf(tokens) : 0;

    /// <summary>Tokens that buffers of activations need room for.</summary>
    public static int Room(int tokens) => GroupsOf(tokens) * Group;

    /// <summary>One product of a step that <see cref="GroupsFor"/> finds groups for.</summary>
    /// <param name="kernels">The kernels.</param>
    /// <param name="kind"><c>store</c>, <c>add</c> or <c>gated</c>.</param>
    /// <param name="matrix">The weights.</param>
    /// <param name="from">Activations in tiles.</param>
    /// <param name="to">Outputs; activations in tiles for <c>gated</c>.</param>
    /// <param name="tokens">How many.</param>
    /// <param name="inTiles">Whether by the kernel for many tokens; null leaves it to the size.</param>
    /// <param name="cluster">Blocks of other rows that fetch activations for each other, of the kernel for many tokens: 1 or 2.</param>
    public static void Launch(KernelLibrary kernels, string kind, TiledMatrix matrix, nint from, nint to, int tokens, bool? inTiles = null, int cluster = Cluster)
    {
        var outputs = kind == "gated" ? matrix.Rows / 2 : matrix.Rows;
        int slabs = matrix.Rows / Slab, tiles = slabs * Parts(tokens, TileTokens);
        if (inTiles ?? (tokens > TileTokens && tiles >= kernels.Chip.Processors * 3 / 4))
        {
            var clusters = Parts(slabs, cluster) * Parts(tokens, TileTokens);
            var grid = new Grid(Math.Min(clusters, kernels.Chip.Processors / cluster) * cluster);
            kernels.Launch($"prefill_{kind}_{cluster}", grid, Threads, PrefillBytes, matrix.Weights, matrix.Scales, from, to, outputs, matrix.Columns, tokens);
            return;
        }
        var (together, shared) = tokens > 32 ? (8, SplitBytes) : (4, kernels.Layers == WeightType.Fp8 ? SmallSplitBytes : SplitBytes);
        kernels.Launch($"split_{kind}_{together}", new Grid(slabs * Segments, Parts(tokens, together * Group)), Threads, shared, matrix.Weights, matrix.Scales, from, to, outputs, matrix.Columns, tokens);
    }

    private static int GroupsOf(int tokens) => Parts(tokens, Group);

    private static int Parts(int count, int size) => (count + size - 1) / size;
}
