// Products for some tokens on Hopper, too few to fill the chip with tiles: memory sets the pace.
//
// Four blocks of a cluster have 128 rows of W and 8 * TILES tokens, each of them one segment of the columns; at the end they add each
// other's sums. A lane copies its own words of W aside into shared memory, where only it reads them: no barrier, and the first are on
// their way before the kernel that makes x has ended. Tiles of x come as bytes counted by barriers, fetched by one thread.
//
// A group of warps computes, or adds, or waits: what keeps the tensor cores busy is that there are several. Two blocks a processor of
// 112 KiB and at most 128 registers; for few tokens, of whose weights there is a byte each, three of 72 KiB.

template <int TILES> struct Rings {
    static constexpr int W_STAGES = WEIGHT_BYTES == 1 ? 3 : TILES == 8 ? 4 : 5, X_STAGES = WEIGHT_BYTES == 1 ? (TILES == 8 ? 4 : 3) : (TILES == 8 ? 3 : 4);
    static constexpr int X_BYTES = TILES * TILE_OF_X;
};

template <int TILES, int EPILOGUE>
DEVICE void split(const u8 *weights, const float *scales, const u16 *x, void *out, int rows, int columns, int tokens) {
    constexpr int W_STAGES = Rings<TILES>::W_STAGES, X_STAGES = Rings<TILES>::X_STAGES, X_BYTES = Rings<TILES>::X_BYTES, AHEAD = X_STAGES - 1;
    extern __shared__ quad pieces[];
    u64 *full = (u64 *)pieces, *empty = full + X_STAGES;
    u8 *w_ring = (u8 *)(pieces + 8), *x_ring = w_ring + W_STAGES * SLAB_TILES * TILE_BYTES;
    const int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, blocks = columns >> 7, per = segment_blocks(blocks);
    const int rank = blockIdx.x % SEGMENTS, slab = blockIdx.x / SEGMENTS, first = rank * per, count = min(per, blocks - first);
    const int groups = groups_of(tokens), group0 = blockIdx.y * TILES, tiles = min(TILES, groups - group0);
    const u8 *from = weights + ((size_t)(slab * SLAB_TILES + warp) * blocks + first) * BLOCK_BYTES + lane * 16;
    u8 *mine = w_ring + warp * TILE_BYTES + lane * 16;
    auto fetch_w = [&](int tile) {
#pragma unroll
        for (int piece = 0; piece < 4; piece++)
            if (tile < count * WEIGHT_BYTES) copy_aside(mine + tile % W_STAGES * SLAB_TILES * TILE_BYTES + piece * 512, from + (size_t)tile * TILE_BYTES + piece * 512, true);
        copies_end();
    };
    auto fetch_x = [&](int block) {
        if (threadIdx.x == 0 && block < count) {
            const int stage = block % X_STAGES;
            if (block >= X_STAGES) barrier_wait(empty + stage, block / X_STAGES - 1 & 1);
            fetch_tiles<1>(x_ring + stage * X_BYTES, (const u8 *)x + ((size_t)(first + block) * groups + group0) * TILE_OF_X, tiles, 0, 1, full + stage);
        }
        __syncwarp();
    };
    let_next_begin();
#pragma unroll
    for (int tile = 0; tile < W_STAGES - 1; tile++) fetch_w(tile);
    if (threadIdx.x == 0) {
        for (int stage = 0; stage < X_STAGES; stage++) barrier_begin(full + stage, 1), barrier_begin(empty + stage, SLAB_TILES);
        barriers_begun();
    }
    __syncthreads();
    wait_for_last();
#pragma unroll
    for (int block = 0; block < AHEAD; block++) fetch_x(block);
    Scales<EPILOGUE> scale(scales, slab, rows, blocks, first);
    float part[TILES][4] = {}, segment[TILES][4] = {};
    for (int block = 0; block < count; block++) {
        const int stage = block % X_STAGES;
        copies_wait<W_STAGES - 1 - WEIGHT_BYTES>();
        quad w[WEIGHT_BYTES][4];
#pragma unroll
        for (int i = 0; i < WEIGHT_BYTES; i++)
#pragma unroll
            for (int piece = 0; piece < 4; piece++) w[i][piece] = load_quad(mine + (block * WEIGHT_BYTES + i) % W_STAGES * SLAB_TILES * TILE_BYTES + piece * 512);
        barrier_wait(full + stage, block / X_STAGES & 1);
        begin_block(part, w, right_side(x_ring + stage * X_BYTES));
#pragma unroll
        for (int i = 0; i < WEIGHT_BYTES; i++) fetch_w(block * WEIGHT_BYTES + i + W_STAGES - 1);
        fetch_x(block + AHEAD);
        products_end(part);
        if (lane == 0) barrier_arrive(empty + stage);
        add_block(segment, part, scale);
    }

    // Tokens' sums lie 132 places apart, so that no two lanes meet in a bank. Each block finishes a quarter of the tokens.
    constexpr int APART = SLAB + 4, QUADS = EPILOGUE == GATED ? SLAB / 8 : SLAB / 4;
    float *sums = (float *)x_ring;
    const int row = lane >> 2, quarter = lane & 3;
    __syncthreads();
#pragma unroll
    for (int t = 0; t < TILES; t++)
#pragma unroll
        for (int i = 0; i < 4; i++) sums[(t * 8 + quarter * 2 + (i & 1)) * APART + warp * 16 + row + (i >> 1) * 8] = segment[t][i];
    cluster_meets();
    for (int i = threadIdx.x; i < TILES * 2 * QUADS; i += SLAB_THREADS) {
        const int at = rank * TILES * 2 + i / QUADS, token = group0 * 8 + at, four = i % QUADS;
        if (token >= tokens) break;
        // All are on their way before the first is added.
        auto total = [&](int row) {
            quad of[SEGMENTS];
#pragma unroll
            for (int s = 0; s < SEGMENTS; s++) of[s] = load_from(s * per < blocks ? s : 0, sums + at * APART + row);
#pragma unroll
            for (int s = 1; s < SEGMENTS; s++)
                if (s * per < blocks) of[0] = add(of[0], of[s]);
            return of[0];
        };
        if (EPILOGUE == GATED) {
            const quad value = total(four / 2 * 16 + four % 2 * 4), up = total(four / 2 * 16 + four % 2 * 4 + 8);
            u16 *to = (u16 *)out + x_at(token, slab * (SLAB / 2) + four * 4, rows, groups);
            *(u32 *)to = pack_half(gate(__uint_as_float(value.x), __uint_as_float(up.x)), gate(__uint_as_float(value.z), __uint_as_float(up.z)));
            *(u32 *)(to + 64) = pack_half(gate(__uint_as_float(value.y), __uint_as_float(up.y)), gate(__uint_as_float(value.w), __uint_as_float(up.w)));
        } else {
            quad *to = (quad *)((float *)out + (size_t)token * rows + slab * SLAB + four * 4);
            const quad value = total(four * 4);
            *to = EPILOGUE == ADD ? add(*to, value) : value;
        }
    }
    // Nobody goes while another reads its sums.
    cluster_gathers();
}

#define SPLIT(NAME, TILES, EPILOGUE)                                                                                                   \
    extern "C" __global__ void __cluster_dims__(SEGMENTS, 1, 1) __launch_bounds__(SLAB_THREADS, TILES == 8 || WEIGHT_BYTES == 2 ? 2 : 3) \
    NAME(const u8 *weights, const float *scales, const u16 *x, void *out, int rows, int columns, int tokens) {                         \
        split<TILES, EPILOGUE>(weights, scales, x, out, rows, columns, tokens);                                                        \
    }
#define SPLITS(TILES)                                                                                                                  \
    SPLIT(split_store_##TILES, TILES, STORE)                                                                                           \
    SPLIT(split_add_##TILES, TILES, ADD)                                                                                               \
    SPLIT(split_gated_##TILES, TILES, GATED)
SPLITS(4)
SPLITS(8)
