// Products for many tokens on Hopper: tensor cores set the pace.
//
// A block of threads stays and takes tile after tile: 128 rows of W and 128 tokens, 64 rows a group of warps. W goes from memory to
// the registers of the lane that needs it, a block of columns ahead; x through shared memory, of which products of four warps read
// 64 of the 128 bytes a cycle that it gives: W there too would take the rest. BLOCKS blocks, a cluster, have the same tokens and other
// rows, and each fetches its part of x for all. One thread fetches: a stage is filled again two blocks of columns after it was read, so
// that groups of warps and blocks of the cluster may be that far apart, and one group's products fill the time of the other's sums.
//
// Registers: 64 for the products of a block of columns, 64 for a segment's sum, 16 for FP8 or 32 for halves of W to come, up to 32 for W
// as halves. The total of the segments, touched four times, lies in shared memory: 64 KiB beside four stages of 32.
//
// Tiles of BAND times 128 tokens are taken through all rows before the next tokens: what runs at a time has both sides in the L2 cache.

#define BAND 8

// Halves by an operation that changes nothing, as the compiler cannot know. Loaded straight into the registers that products read, they
// would let it wait for each product by itself: products on their way may still read what is loaded for the next ones.
DEVICE quad computed(const quad &v, u32 zero) { return WEIGHT_BYTES == 1 ? v : quad{v.x ^ zero, v.y ^ zero, v.z ^ zero, v.w ^ zero}; }

template <int BLOCKS, int EPILOGUE>
DEVICE void prefill(const u8 *weights, const float *scales, const u16 *x, void *out, int rows, int columns, int tokens) {
    constexpr int TILES = 16, STAGES_OF_X = 4, AHEAD = 2, X_BYTES = TILES * TILE_OF_X;
    extern __shared__ quad pieces[];
    u64 *full = (u64 *)pieces, *empty = full + STAGES_OF_X;
    u8 *x_ring = (u8 *)(pieces + 8);
    quad *totals = (quad *)(x_ring + STAGES_OF_X * X_BYTES) + threadIdx.x;
    const int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, row = lane >> 2, quarter = lane & 3, rank = blockIdx.x % BLOCKS;
    const int blocks = columns >> 7, per = segment_blocks(blocks), groups = groups_of(tokens), slabs = rows / (outputs_of<EPILOGUE>() * SLAB_TILES);
    const int down = (slabs + BLOCKS - 1) / BLOCKS, across = (groups + TILES - 1) / TILES, all = down * across, step = gridDim.x / BLOCKS;
    auto group_at = [&](int work) {
        const int band = work / (BAND * down), within = work % (BAND * down);
        return (band * BAND + within % min(BAND, across - band * BAND)) * TILES;
    };
    auto slab_at = [&](int work) {
        const int band = work / (BAND * down), within = work % (BAND * down);
        return within / min(BAND, across - band * BAND) * BLOCKS + rank;
    };
    // Where there is no such slab, the last one is computed again, and not written.
    auto w_at = [&](int work) { return weights + (size_t)(min(slab_at(work), slabs - 1) * SLAB_TILES + warp) * blocks * BLOCK_BYTES + lane * 16; };

    int next_work = blockIdx.x / BLOCKS, next_group = group_at(min(next_work, all - 1)), next_block = 0, next = 0;
    auto fetch_x = [&] {
        if (threadIdx.x == 0 && next_work < all) {
            const int stage = next % STAGES_OF_X, count = min(TILES, groups - next_group);
            if (next >= STAGES_OF_X) barrier_wait(empty + stage, next / STAGES_OF_X - 1 & 1);
            fetch_tiles<BLOCKS>(x_ring + stage * X_BYTES, (const u8 *)x + ((size_t)next_block * groups + next_group) * TILE_OF_X, count, rank, (1 << BLOCKS) - 1, full + stage);
            next++;
            if (++next_block == blocks) next_block = 0, next_work += step, next_group = group_at(min(next_work, all - 1));
        }
        __syncwarp();
    };
    const u32 zero = tokens < 0;
    quad next_w[WEIGHT_BYTES][4];
    auto fetch_w = [&](const u8 *from) {
#pragma unroll
        for (int i = 0; i < 4 * WEIGHT_BYTES; i++) next_w[i >> 2][i & 3] = load_once(from + i * 512);
    };
    let_next_begin();
    if (threadIdx.x == 0) {
        for (int stage = 0; stage < STAGES_OF_X; stage++) barrier_begin(full + stage, 1), barrier_begin(empty + stage, SLAB_TILES * BLOCKS);
        barriers_begun();
    }
    if (BLOCKS > 1) cluster_gathers();
    else __syncthreads();
    if (next_work < all) fetch_w(w_at(next_work));
    wait_for_last();
#pragma unroll
    for (int i = 0; i < AHEAD; i++) fetch_x();
    float part[TILES][4] = {};
    int at = 0;
    for (int work = blockIdx.x / BLOCKS; work < all; work += step) {
        const int slab = min(slab_at(work), slabs - 1), token0 = group_at(work) * 8;
        Scales<EPILOGUE> scale(scales, slab, rows, blocks, 0);
        const u8 *from = w_at(work) + BLOCK_BYTES, *const after = w_at(min(work + step, all - 1));
        float segment[TILES][4];
        for (int first = 0; first < blocks; first += per) {
#pragma unroll
            for (int t = 0; t < TILES; t++) spread(segment[t], quad{0, 0, 0, 0});
            const int last = min(first + per, blocks);
            for (int block = first; block < last; block++, at++, from += BLOCK_BYTES) {
                const int stage = at % STAGES_OF_X;
                barrier_wait(full + stage, at / STAGES_OF_X & 1);
                quad w[WEIGHT_BYTES][4];
#pragma unroll
                for (int i = 0; i < 4 * WEIGHT_BYTES; i++) w[i >> 2][i & 3] = computed(next_w[i >> 2][i & 3], zero);
                begin_block(part, w, right_side(x_ring + stage * X_BYTES));
                fetch_w(block + 1 < blocks ? from : after);
                fetch_x();
                products_end(part);
                if (lane < BLOCKS) {
                    if (BLOCKS > 1) barrier_arrive(empty + stage, lane);
                    else barrier_arrive(empty + stage);
                }
                add_block(segment, part, scale);
            }
            if (first > 0)
#pragma unroll
                for (int t = 0; t < TILES; t++) spread(segment[t], add(totals[t * SLAB_THREADS], quad_of(segment[t])));
            if (last < blocks)
#pragma unroll
                for (int t = 0; t < TILES; t++) totals[t * SLAB_THREADS] = quad_of(segment[t]);
        }
        if (slab_at(work) < slabs) write<EPILOGUE>(segment, out, slab * SLAB_TILES + warp, token0, row, quarter, rows, tokens, groups);
    }
    // Nobody goes while another may still write to its shared memory.
    if (BLOCKS > 1) cluster_gathers();
}

#define PREFILL(NAME, BLOCKS, EPILOGUE)                                                                                                \
    extern "C" __global__ void __cluster_dims__(BLOCKS, 1, 1) __launch_bounds__(SLAB_THREADS, 1)                                       \
    NAME(const u8 *weights, const float *scales, const u16 *x, void *out, int rows, int columns, int tokens) {                         \
        prefill<BLOCKS, EPILOGUE>(weights, scales, x, out, rows, columns, tokens);                                                     \
    }
#define PREFILLS(BLOCKS)                                                                                                               \
    PREFILL(prefill_store_##BLOCKS, BLOCKS, STORE)                                                                                     \
    PREFILL(prefill_add_##BLOCKS, BLOCKS, ADD)                                                                                         \
    PREFILL(prefill_gated_##BLOCKS, BLOCKS, GATED)
PREFILLS(1)
PREFILLS(2)
