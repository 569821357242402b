// y = x W^T with W in FP8 (E4M3, one scale for each 128x128 block), read once from memory and widened in registers.
//
// A block makes 16 outputs of 8 * TILES tokens. Its eight warps share K: warp w takes the 128-wide blocks w, w + 8, ...; their sums
// are added in the order of the warps. Which of its columns a thread holds is free, as weights and activations agree on it: 16
// bytes in a row of W and the same 16 columns of x. So an output is the same, bit by bit, whatever else is computed with it.
//
// Scales come multiplied by 256: an E4M3 byte shifted into a half's places is its value / 256.

#define STORE 0
#define ADD 1
#define GATED 2

DEVICE u32 fp8_pair(u32 shifted) { return (shifted & 0x80008000u) | ((shifted >> 1) & 0x3f803f80u); }

template <int TILES, int SETS>
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

template <int TILES, int SETS, int EPILOGUE>
DEVICE void linear(const u8 *weights, const float *scales, const u16 *x, void *out, int rows, int columns, int tokens) {
    extern __shared__ float sums[];
    constexpr int WARPS = 8, ROWS = 16, TOKENS = 8 * TILES;
    const int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, group = lane >> 2, quarter = lane & 3;
    const int row0 = blockIdx.x * ROWS, token0 = blockIdx.y * TOKENS, blocks = columns >> 7;
    const u8 *mine = weights + (size_t)(row0 + group) * columns + quarter * 16;
    float total[SETS][TILES][4] = {};
    quad next[SETS][4];
    if (warp < blocks) load_weights<TILES, SETS>(next, mine + warp * 128, rows, columns);
    for (int block = warp; block < blocks; block += WARPS) {
        quad w[SETS][4];
#pragma unroll
        for (int set = 0; set < SETS; set++)
#pragma unroll
            for (int i = 0; i < 4; i++) w[set][i] = next[set][i];
        if (block + WARPS < blocks) load_weights<TILES, SETS>(next, mine + (block + WARPS) * 128, rows, columns);
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
            for (int i = 0; i < 4; i++) {
#pragma unroll
                for (int set = 0; set < SETS; set++) {
                    const u32 upper = word_of(w[set][chunk * 2], i), lower = word_of(w[set][chunk * 2 + 1], i);
                    const u32 a0 = fp8_pair(upper << 8), a1 = fp8_pair(lower << 8), a2 = fp8_pair(upper), a3 = fp8_pair(lower);
#pragma unroll
                    for (int tile = 0; tile < TILES; tile++)
                        mma_half(part[set][tile], a0, a1, a2, a3, word_of(b[tile][i >> 1], (i & 1) * 2), word_of(b[tile][i >> 1], (i & 1) * 2 + 1));
                }
            }
        }
#pragma unroll
        for (int set = 0; set < SETS; set++) {
            const float scale = scales[(size_t)((row0 + set * rows) >> 7) * blocks + block];
#pragma unroll
            for (int tile = 0; tile < TILES; tile++)
#pragma unroll
                for (int i = 0; i < 4; i++) total[set][tile][i] = fmaf(scale, part[set][tile][i], total[set][tile][i]);
        }
    }

#pragma unroll
    for (int set = 0; set < SETS; set++)
#pragma unroll
        for (int tile = 0; tile < TILES; tile++)
#pragma unroll
            for (int i = 0; i < 4; i++)
                sums[((warp * SETS + set) * TOKENS + tile * 8 + quarter * 2 + (i & 1)) * ROWS + group + (i >> 1) * 8] = total[set][tile][i];
    __syncthreads();
    for (int i = threadIdx.x; i < ROWS * TOKENS; i += WARPS * 32) {
        const int row = row0 + i % ROWS, token = token0 + i / ROWS;
        if (token >= tokens) break;
        float value[SETS];
#pragma unroll
        for (int set = 0; set < SETS; set++) {
            value[set] = sums[set * TOKENS * ROWS + i];
            for (int w = 1; w < WARPS; w++) value[set] += sums[(w * SETS + set) * TOKENS * ROWS + i];
        }
        const size_t at = (size_t)token * rows + row;
        if (EPILOGUE == STORE) ((float *)out)[at] = value[0];
        if (EPILOGUE == ADD) ((float *)out)[at] += value[0];
        if (EPILOGUE == GATED) {
            const float gated = value[0] / (1.f + expf(-value[0])) * value[SETS - 1];
            ((u16 *)out)[(size_t)token * rows + exchanged(row)] = to_half(fminf(fmaxf(gated, -65504.f), 65504.f));
        }
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

// The head: W in BF16, x as the sum of two BF16 numbers, so that the logits keep float's accuracy.
template <int TILES>
DEVICE void head(const u16 *weights, const float *x, float *logits, int rows, int columns, int tokens) {
    extern __shared__ float sums[];
    constexpr int WARPS = 8, ROWS = 16, TOKENS = 8 * TILES;
    const int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, group = lane >> 2, quarter = lane & 3;
    const int row0 = blockIdx.x * ROWS, token0 = blockIdx.y * TOKENS;
    const u16 *mine = weights + (size_t)(row0 + group) * columns + quarter * 8;
    float total[TILES][4] = {};
    for (int k = warp * 32; k < columns; k += WARPS * 32) {
        const quad upper = load_once(mine + k), lower = load_once(mine + k + 8 * (size_t)columns);
#pragma unroll
        for (int tile = 0; tile < TILES; tile++) {
            const int token = token0 + tile * 8 + group;
            u32 high[4] = {}, low[4] = {};
            if (token < tokens) {
                const float *p = x + (size_t)token * columns + k + quarter * 8;
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    high[i] = pack_bf16(p[2 * i], p[2 * i + 1]);
                    low[i] = pack_bf16(p[2 * i] - bf16_low(high[i]), p[2 * i + 1] - bf16_high(high[i]));
                }
            }
#pragma unroll
            for (int i = 0; i < 2; i++) {
                mma_bf16(total[tile], word_of(upper, 2 * i), word_of(lower, 2 * i), word_of(upper, 2 * i + 1), word_of(lower, 2 * i + 1), high[2 * i], high[2 * i + 1]);
                mma_bf16(total[tile], word_of(upper, 2 * i), word_of(lower, 2 * i), word_of(upper, 2 * i + 1), word_of(lower, 2 * i + 1), low[2 * i], low[2 * i + 1]);
            }
        }
    }
#pragma unroll
    for (int tile = 0; tile < TILES; tile++)
#pragma unroll
        for (int i = 0; i < 4; i++)
            sums[(warp * TOKENS + tile * 8 + quarter * 2 + (i & 1)) * ROWS + group + (i >> 1) * 8] = total[tile][i];
    __syncthreads();
    for (int i = threadIdx.x; i < ROWS * TOKENS; i += WARPS * 32) {
        const int token = token0 + i / ROWS;
        if (token >= tokens) break;
        float value = sums[i];
        for (int w = 1; w < WARPS; w++) value += sums[w * TOKENS * ROWS + i];
        logits[(size_t)token * rows + row0 + i % ROWS] = value;
    }
}

#define HEAD(TILES)                                                                                                                    \
    extern "C" __global__ void __launch_bounds__(256) head_##TILES(const u16 *weights, const float *x, float *logits, int rows, int columns, int tokens) { \
        head<TILES>(weights, x, logits, rows, columns, tokens);                                                                        \
    }
HEAD(1)
HEAD(2)
HEAD(4)
