// y = x W^T with W in FP8 (E4M3, one scale for each 128x128 block), widened in registers.
//
// Two kernels: `linear` for few tokens, where the weights are read past the caches as fast as memory gives them, and `wide` for many,
// where tiles of both sides go through shared memory. Both compute an output the same way, bit by bit: the products of a block of 128
// columns in one chain of tensor core operations, then its scale, then the blocks added in their order. Which of a block's columns
// meet in which place is free, as weights and activations agree on it: sixteen bytes in a row of W and the same 16 columns of x.
//
// Scales come multiplied by 256: an E4M3 byte shifted into a half's places is its value / 256.

#define STORE 0
#define ADD 1
#define GATED 2

DEVICE u32 fp8_pair(u32 shifted) { return (shifted & 0x80008000u) | ((shifted >> 1) & 0x3f803f80u); }

// The sixteen columns of four lanes and 8 tokens: four operations of a 16-row tile.
DEVICE void multiply(float (&part)[4], u32 upper, u32 lower, u32 even, u32 odd) {
    mma_half(part, fp8_pair(upper << 8), fp8_pair(lower << 8), fp8_pair(upper), fp8_pair(lower), even, odd);
}

template <int EPILOGUE>
DEVICE void finish(void *out, float value, float up, int token, int row, int rows) {
    const size_t at = (size_t)token * rows + row;
    if (EPILOGUE == STORE) ((float *)out)[at] = value;
    if (EPILOGUE == ADD) ((float *)out)[at] += value;
    if (EPILOGUE == GATED) {
        const float gated = value / (1.f + expf(-value)) * up;
        ((u16 *)out)[(size_t)token * rows + exchanged(row)] = to_half(fminf(fmaxf(gated, -65504.f), 65504.f));
    }
}

// The four pieces of a lane's share of a block: rows `group` and `group + 8`, columns 16 quarter (+ 64).
template <int SETS>
DEVICE void load_weights(quad (&w)[SETS][4], const u8 *p, size_t rows, size_t columns) {
#pragma unroll
    for (int set = 0; set < SETS; set++) {
        const u8 *q = p + set * rows * columns;
        w[set][0] = load_once(q);
        w[set][1] = load_once(q + 8 * columns);
        w[set][2] = load_once(q + 64);
        w[set][3] = load_once(q + 8 * columns + 64);
    }
}

// 16 outputs of 8 * TILES tokens. Eight warps take a block of columns each, then one thread an output adds the eight up.
// SETS is 2 for gate and up, whose outputs are `rows` apart in W.
template <int TILES, int SETS, int EPILOGUE>
DEVICE void linear(const u8 *weights, const float *scales, const u16 *x, void *out, int rows, int columns, int tokens) {
    extern __shared__ quad pieces[];
    float *sums = (float *)pieces;
    constexpr int WARPS = 8, ROWS = 16, TOKENS = 8 * TILES, OUTPUTS = ROWS * TOKENS, OWN = (OUTPUTS + 255) / 256;
    const int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, group = lane >> 2, quarter = lane & 3;
    const int row0 = blockIdx.x * ROWS, token0 = blockIdx.y * TOKENS, blocks = columns >> 7;
    const u8 *mine = weights + (size_t)(row0 + group) * columns + quarter * 16;
    float total[SETS][OWN] = {};
    // DEPTH blocks of each warp are on their way while one is computed.
    quad next[DEPTH][SETS][4];
    // Weights are nobody's result: they are on their way before the kernel that makes x has ended.
    let_next_begin();
#pragma unroll
    for (int i = 0; i < DEPTH; i++)
        if (warp + i * WARPS < blocks) load_weights<SETS>(next[i], mine + (warp + i * WARPS) * 128, rows, columns);
    wait_for_last();
    for (int round = 0; round < blocks; round += WARPS) {
        float *here = sums + (round / WARPS & 1) * WARPS * SETS * OUTPUTS;
        const int block = round + warp;
        if (block < blocks) {
            quad w[SETS][4];
#pragma unroll
            for (int set = 0; set < SETS; set++)
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    w[set][i] = next[0][set][i];
#pragma unroll
                    for (int j = 0; j + 1 < DEPTH; j++) next[j][set][i] = next[j + 1][set][i];
                }
            if (block + DEPTH * WARPS < blocks) load_weights<SETS>(next[DEPTH - 1], mine + (block + DEPTH * WARPS) * 128, rows, columns);
            float part[SETS][TILES][4] = {};
#pragma unroll
            for (int chunk = 0; chunk < 2; chunk++) {
                quad b[TILES][2];
#pragma unroll
                for (int tile = 0; tile < TILES; tile++) {
                    const int token = token0 + tile * 8 + group;
                    const u16 *p = x + (size_t)token * columns + block * 128 + chunk * 64 + quarter * 16;
                    b[tile][0] = token < tokens ? load_quad(p) : quad{0, 0, 0, 0};
                    b[tile][1] = token < tokens ? load_quad(p + 8) : quad{0, 0, 0, 0};
                }
#pragma unroll
                for (int i = 0; i < 4; i++)
#pragma unroll
                    for (int set = 0; set < SETS; set++)
#pragma unroll
                        for (int tile = 0; tile < TILES; tile++)
                            multiply(part[set][tile], word_of(w[set][chunk * 2], i), word_of(w[set][chunk * 2 + 1], i),
                                     word_of(b[tile][i >> 1], (i & 1) * 2), word_of(b[tile][i >> 1], (i & 1) * 2 + 1));
            }
#pragma unroll
            for (int set = 0; set < SETS; set++) {
                const float scale = scales[(size_t)((row0 + set * rows) >> 7) * blocks + block];
#pragma unroll
                for (int tile = 0; tile < TILES; tile++)
#pragma unroll
                    for (int i = 0; i < 4; i++)
                        here[(warp * SETS + set) * OUTPUTS + (tile * 8 + quarter * 2 + (i & 1)) * ROWS + group + (i >> 1) * 8] = product(scale, part[set][tile][i]);
            }
        }
        __syncthreads();
        const int count = min(WARPS, blocks - round);
#pragma unroll
        for (int set = 0; set < SETS; set++)
#pragma unroll
            for (int own = 0; own < OWN; own++) {
                const int i = own * 256 + threadIdx.x;
                if (i < OUTPUTS)
                    for (int w = 0; w < count; w++) total[set][own] = sum(total[set][own], here[(w * SETS + set) * OUTPUTS + i]);
            }
    }
#pragma unroll
    for (int own = 0; own < OWN; own++) {
        const int i = own * 256 + threadIdx.x, token = token0 + i / ROWS;
        if (i < OUTPUTS && token < tokens) finish<EPILOGUE>(out, total[0][own], total[SETS - 1][own], token, row0 + i % ROWS, rows);
    }
}

#define LINEAR(NAME, TILES, SETS, EPILOGUE)                                                                                            \
    extern "C" __global__ void __launch_bounds__(256)                                                                                  \
    NAME(const u8 *weights, const float *scales, const u16 *x, void *out, int rows, int columns, int tokens) {                         \
        linear<TILES, SETS, EPILOGUE>(weights, scales, x, out, rows, columns, tokens);                                                 \
    }
#define LINEARS(TILES)                                                                                                                 \
    LINEAR(linear_store_##TILES, TILES, 1, STORE)                                                                                      \
    LINEAR(linear_add_##TILES, TILES, 1, ADD)                                                                                          \
    LINEAR(linear_gated_##TILES, TILES, 2, GATED)
LINEARS(1)
LINEARS(2)
LINEARS(4)

// A tile of 128 rows of W and 128 tokens, four rows of warps by two: 32 rows and 64 tokens a warp. Shared memory is laid out in pieces of
// sixteen bytes, exchanged within a row so that no two lanes that read together meet in a bank. STAGES blocks of columns are there or on
// their way.
#define WIDE 128
#define STAGE_BYTES (WIDE * 128 + WIDE * 256)

template <int SETS, int EPILOGUE>
DEVICE void wide(const u8 *weights, const float *scales, const u16 *x, void *out, int rows, int columns, int tokens) {
    extern __shared__ quad pieces[];
    u8 *shared = (u8 *)pieces;
    const int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, group = lane >> 2, quarter = lane & 3;
    const int blocks = columns >> 7, token0 = blockIdx.y * WIDE, row0 = blockIdx.x * (WIDE / SETS), down = warp >> 1, across = warp & 1;
    // Row r of the tile: the two 16-row tiles of a warp are 16 rows apart, or, for gate and up, the same rows of both.
    auto row_of = [&](int r) { return SETS == 1 ? row0 + r : row0 + (r >> 5) * 16 + (r & 15) + (r >> 4 & 1) * rows; };
    auto fetch = [&](int block) {
        u8 *stage = shared + block % STAGES * STAGE_BYTES;
        for (int i = threadIdx.x; i < WIDE * 8; i += 256) {
            const int r = i >> 3, piece = i & 7, row = row_of(r);
            copy_aside(stage + r * 128 + (piece ^ (r & 1) * 4) * 16, weights + (size_t)row * columns + block * 128 + piece * 16, row < rows * SETS);
        }
        for (int i = threadIdx.x; i < WIDE * 16; i += 256) {
            const int t = i >> 4, piece = i & 15, token = token0 + t;
            copy_aside(stage + WIDE * 128 + t * 256 + (piece ^ (t & 1)) * 16, x + (size_t)(token < tokens ? token : 0) * columns + block * 128 + piece * 8, token < tokens);
        }
    };
    float total[2][8][4] = {};
    let_next_begin();
    wait_for_last();
#pragma unroll
    for (int block = 0; block < STAGES - 1; block++) {
        if (block < blocks) fetch(block);
        copies_end();
    }
    for (int block = 0; block < blocks; block++) {
        copies_wait<STAGES - 2>();
        __syncthreads();
        if (block + STAGES - 1 < blocks) fetch(block + STAGES - 1);
        copies_end();
        const u8 *w = shared + block % STAGES * STAGE_BYTES, *b = w + WIDE * 128;
        float part[2][8][4] = {};
#pragma unroll
        for (int chunk = 0; chunk < 2; chunk++) {
            quad a[2][2];
#pragma unroll
            for (int m = 0; m < 2; m++)
#pragma unroll
                for (int half = 0; half < 2; half++) {
                    const int r = down * 32 + m * 16 + half * 8 + group;
                    a[m][half] = load_quad(w + r * 128 + (chunk * 4 + quarter ^ (r & 1) * 4) * 16);
                }
#pragma unroll
            for (int n = 0; n < 8; n++) {
                const int t = across * 64 + n * 8 + group;
#pragma unroll
                for (int i = 0; i < 2; i++) {
                    const quad v = load_quad(b + t * 256 + (chunk * 8 + quarter * 2 + i ^ (t & 1)) * 16);
#pragma unroll
                    for (int m = 0; m < 2; m++) {
                        multiply(part[m][n], word_of(a[m][0], 2 * i), word_of(a[m][1], 2 * i), v.x, v.y);
                        multiply(part[m][n], word_of(a[m][0], 2 * i + 1), word_of(a[m][1], 2 * i + 1), v.z, v.w);
                    }
                }
            }
        }
#pragma unroll
        for (int m = 0; m < 2; m++) {
            const int row = row_of(down * 32 + m * 16);
            const float scale = row < rows * SETS ? scales[(size_t)(row >> 7) * blocks + block] : 0.f;
#pragma unroll
            for (int n = 0; n < 8; n++)
#pragma unroll
                for (int i = 0; i < 4; i++) total[m][n][i] = sum(total[m][n][i], product(scale, part[m][n][i]));
        }
    }
#pragma unroll
    for (int n = 0; n < 8; n++)
#pragma unroll
        for (int i = 0; i < 4; i++) {
            const int token = token0 + across * 64 + n * 8 + quarter * 2 + (i & 1);
            if (token >= tokens) continue;
#pragma unroll
            for (int m = 0; m < (SETS == 1 ? 2 : 1); m++) {
                const int row = (SETS == 1 ? row0 + down * 32 + m * 16 : row0 + down * 16) + group + (i >> 1) * 8;
                if (row < rows) finish<EPILOGUE>(out, total[m][n][i], total[1][n][i], token, row, rows);
            }
        }
}

#define WIDES(NAME, SETS, EPILOGUE)                                                                                                    \
    extern "C" __global__ void __launch_bounds__(256)                                                                                  \
    NAME(const u8 *weights, const float *scales, const u16 *x, void *out, int rows, int columns, int tokens) {                         \
        wide<SETS, EPILOGUE>(weights, scales, x, out, rows, columns, tokens);                                                          \
    }
WIDES(wide_store, 1, STORE)
WIDES(wide_add, 1, ADD)
WIDES(wide_gated, 2, GATED)
