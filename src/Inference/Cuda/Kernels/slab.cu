// What the products by warp groups share. Put before split.cu and prefill.cu, behind warpgroup.cu.
//
// A block of threads has 128 rows of W: two groups of four warps, a row of tiles of W a warp. A lane's words of W become its part of the
// left side as in weights.cu; the right side, x, is read from shared memory, where its tiles lie as in memory (layout.cu, x_at): nothing
// but whole tiles is ever copied. The sixteen columns of a step, and so the order of an output, are those of weights.cu's left_side.

#define SLAB 128
#define SLAB_TILES 8
#define SLAB_THREADS 256

DEVICE int groups_of(int tokens) { return (tokens + 7) >> 3; }

// Bytes of the tiles that a block of 128 columns has of sixteen rows.
#define BLOCK_BYTES (WEIGHT_BYTES * TILE_BYTES)

// Begins the products of a block of 128 columns, in two halves: the second half's words are widened while the first one is computed.
template <int TILES> DEVICE void begin_block(float (&part)[TILES][4], const quad (&w)[WEIGHT_BYTES][4], u64 x) {
#pragma unroll
    for (int first = 0; first < 8; first += 4) {
        quad a[4];
#pragma unroll
        for (int i = 0; i < 4; i++) a[i] = left_side<WEIGHT_BYTES>(w[(first + i) / steps_of<WEIGHT_BYTES>()], (first + i) % steps_of<WEIGHT_BYTES>());
        products_begin();
#pragma unroll
        for (int i = 0; i < 4; i++) multiply_together(part, a[i].x, a[i].y, a[i].z, a[i].w, x + (first + i) * STEP, first + i > 0);
    }
    products_begun();
}

// This block's part of the tiles that BLOCKS blocks of a cluster share, the INDEXth of them, to all that RANKS has bits for. The barrier
// of each counts all tiles.
template <int BLOCKS> DEVICE void fetch_tiles(u8 *to, const u8 *from, int tiles, int index, int ranks, u64 *barrier) {
    barrier_expect(barrier, tiles * TILE_OF_X);
    if (BLOCKS == 1) return copy_bytes(to, from, tiles * TILE_OF_X, barrier);
    const int first = tiles * index / BLOCKS, mine = tiles * (index + 1) / BLOCKS - first;
    if (mine > 0) copy_bytes_to_all(to + first * TILE_OF_X, from + first * TILE_OF_X, mine * TILE_OF_X, barrier, ranks);
}

// The scales of a slab's blocks of columns from `first` on, taken one after the other: of a lane's upper row and of its lower one. The
// lanes of a warp have those of 32 blocks, and ask for the next ones meanwhile: loaded one by one they would be waited for behind W.
template <int EPILOGUE> struct Scales {
    const float *of[2];
    float now[2], next[2];
    int taken = 0, first, blocks;
    DEVICE Scales(const float *scales, int slab, int rows, int blocks, int first) : first(first), blocks(blocks) {
#pragma unroll
        for (int half = 0; half < 2; half++) of[half] = scales + (size_t)scale_row<EPILOGUE>(slab * SLAB_TILES, half, rows) * blocks;
        fetch(first);
    }
    DEVICE void fetch(int from) {
#pragma unroll
        for (int half = 0; half < (EPILOGUE == GATED ? 2 : 1); half++) next[half] = of[half][min(from + (int)(threadIdx.x & 31), blocks - 1)];
    }
    DEVICE void take(float &upper, float &lower) {
        const int lane = taken & 31;
        if (lane == 0) {
            now[0] = next[0], now[1] = next[1];
            fetch(first + taken + 32);
        }
        taken++;
        upper = __shfl_sync(0xffffffffu, now[0], lane);
        lower = EPILOGUE == GATED ? __shfl_sync(0xffffffffu, now[1], lane) : upper;
    }
};

template <int TILES, int EPILOGUE> DEVICE void add_block(float (&segment)[TILES][4], const float (&part)[TILES][4], Scales<EPILOGUE> &scale) {
    float upper, lower;
    scale.take(upper, lower);
#pragma unroll
    for (int t = 0; t < TILES; t++)
#pragma unroll
        for (int i = 0; i < 4; i++) segment[t][i] = fmaf(i < 2 ? upper : lower, part[t][i], segment[t][i]);
}

// Four sums at once.
DEVICE u32 add(u32 a, u32 b) { return __float_as_uint(sum(__uint_as_float(a), __uint_as_float(b))); }
DEVICE quad add(const quad &a, const quad &b) { return quad{add(a.x, b.x), add(a.y, b.y), add(a.z, b.z), add(a.w, b.w)}; }
DEVICE quad quad_of(const float (&v)[4]) { return quad{__float_as_uint(v[0]), __float_as_uint(v[1]), __float_as_uint(v[2]), __float_as_uint(v[3])}; }
DEVICE void spread(float (&to)[4], const quad &v) { to[0] = __uint_as_float(v.x), to[1] = __uint_as_float(v.y), to[2] = __uint_as_float(v.z), to[3] = __uint_as_float(v.w); }

// A warp's outputs from its registers: of tile `tile` of W and 8 * TILES tokens. Eight rows of a token make a sector of memory.
template <int EPILOGUE, int TILES>
DEVICE void write(const float (&value)[TILES][4], void *out, int tile, int token0, int row, int quarter, int rows, int tokens, int groups) {
    if (EPILOGUE == GATED) {
        // Two lanes have a row and the one after the next, which lie beside each other, of two tokens: each writes both for one.
        const int second = row >> 1 & 1;
#pragma unroll
        for (int t = 0; t < TILES; t++) {
            const float a = gate(value[t][0], value[t][2]), b = gate(value[t][1], value[t][3]);
            const float other = __shfl_xor_sync(0xffffffffu, second ? a : b, 8);
            const int token = token0 + t * 8 + quarter * 2 + second;
            if (token < tokens) *(u32 *)((u16 *)out + x_at(token, tile * 8 + (row & ~2), rows, groups)) = second ? pack_half(other, b) : pack_half(a, other);
        }
        return;
    }
    float *to = (float *)out + (size_t)(token0 + quarter * 2) * rows + tile * 16 + row;
    // What is there is read for 32 tokens before any of it is written.
    constexpr int TOGETHER = 4;
#pragma unroll
    for (int first = 0; first < TILES; first += TOGETHER) {
        float there[TOGETHER][4] = {};
        auto each = [&](auto action) {
#pragma unroll
            for (int t = 0; t < TOGETHER; t++)
#pragma unroll
                for (int i = 0; i < 4; i++)
                    if (token0 + (first + t) * 8 + quarter * 2 + (i & 1) < tokens) action(t, i, to + (size_t)((first + t) * 8 + (i & 1)) * rows + (i >> 1) * 8);
        };
        if (EPILOGUE == ADD) each([&](int t, int i, float *at) { there[t][i] = *at; });
        each([&](int t, int i, float *at) { *at = EPILOGUE == ADD ? there[t][i] + value[first + t][i] : value[first + t][i]; });
    }
}
