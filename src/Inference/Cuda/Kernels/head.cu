// The head: W in BF16, x as the sum of two BF16 numbers, so that the logits keep float's accuracy.
template <int TILES>
DEVICE void head(const u16 *weights, const float *x, float *logits, int rows, int columns, int tokens) {
    extern __shared__ quad pieces[];
    float *sums = (float *)pieces;
    constexpr int WARPS = 8, ROWS = 16, TOKENS = 8 * TILES;
    const int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, group = lane >> 2, quarter = lane & 3;
    const int row0 = blockIdx.x * ROWS, token0 = blockIdx.y * TOKENS;
    const u16 *mine = weights + (size_t)(row0 + group) * columns + quarter * 8;
    float total[TILES][4] = {};
    let_next_begin();
    wait_for_last();
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

// Rows as halves in the order that products with FP8 weights read: the left side of a head in FP8.
extern "C" __global__ void __launch_bounds__(256) halve_rows(const float *rows, u16 *x, int width) {
    let_next_begin();
    wait_for_last();
    const size_t at = (size_t)blockIdx.x * width;
    for (int i = threadIdx.x; i < width; i += 256) x[at + exchanged(i)] = to_half(fminf(fmaxf(rows[at + i], -65504.f), 65504.f));
}
