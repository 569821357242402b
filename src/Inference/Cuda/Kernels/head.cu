// The head: W in BF16, x as the sum of two BF16 numbers, so that the logits keep float's accuracy. A warp has sixteen rows of W, or for
// many tokens twice as many, for which it reads x once; W it reads past the caches, one chunk of columns ahead. x is halved once for the
// eight warps of a block. An output is one chain of tensor core operations, whatever the company.

#define CHUNK 128
#define STEPS_OF_CHUNK (CHUNK / 32)

template <int TILES, int STRIPES>
DEVICE void head(const u16 *weights, const float *x, float *logits, int rows, int columns, int tokens) {
    constexpr int WARPS_OF_HEAD = 8, TOKENS = 8 * TILES, UNITS = TOKENS * CHUNK / 8, EACH = (UNITS + 255) / 256;
    // [high or low][step][token][quarter]: eight columns each.
    extern __shared__ quad pieces[];
    const int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, group = lane >> 2, quarter = lane & 3;
    const int row0 = (blockIdx.x * WARPS_OF_HEAD + warp) * 16 * STRIPES, token0 = blockIdx.y * TOKENS;
    const u16 *mine[STRIPES];
    for (int r = 0; r < STRIPES; r++) mine[r] = weights + (size_t)(row0 + r * 16 < rows ? row0 + r * 16 + group : 0) * columns + quarter * 8;
    quad next[STEPS_OF_CHUNK][2 * STRIPES], ahead[EACH][2];
    auto fetch = [&](int column, int s) {
#pragma unroll
        for (int r = 0; r < 2 * STRIPES; r++) next[s][r] = load_once(mine[r >> 1] + column + s * 32 + (r & 1) * 8 * (size_t)columns);
    };
    // Unit u: token u / 16, columns 8 (u % 16).
    auto fetch_x = [&](int column) {
#pragma unroll
        for (int i = 0; i < EACH; i++) {
            const int unit = threadIdx.x + i * 256, token = token0 + unit / (CHUNK / 8);
            const bool there = unit < UNITS && token < tokens;
            const float *p = x + (size_t)(there ? token : 0) * columns + column + unit % (CHUNK / 8) * 8;
            ahead[i][0] = there ? load_quad(p) : quad{0, 0, 0, 0};
            ahead[i][1] = there ? load_quad(p + 4) : quad{0, 0, 0, 0};
        }
    };
    let_next_begin();
#pragma unroll
    for (int s = 0; s < STEPS_OF_CHUNK; s++) fetch(0, s);
    wait_for_last();
    fetch_x(0);
    float total[STRIPES][TILES][4] = {};
    for (int column = 0; column < columns; column += CHUNK) {
        __syncthreads();
#pragma unroll
        for (int i = 0; i < EACH; i++) {
            const int unit = threadIdx.x + i * 256, piece = unit % (CHUNK / 8);
            if (unit >= UNITS) break;
            u32 high[4], low[4];
#pragma unroll
            for (int j = 0; j < 4; j++) {
                const float a = __uint_as_float(word_of(ahead[i][j >> 1], (j & 1) * 2)), b = __uint_as_float(word_of(ahead[i][j >> 1], (j & 1) * 2 + 1));
                high[j] = pack_bf16(a, b);
                low[j] = pack_bf16(a - bf16_low(high[j]), b - bf16_high(high[j]));
            }
            quad *to = pieces + (piece / 4 * TOKENS + unit / (CHUNK / 8)) * 4 + piece % 4;
            to[0] = quad{high[0], high[1], high[2], high[3]};
            to[STEPS_OF_CHUNK * TOKENS * 4] = quad{low[0], low[1], low[2], low[3]};
        }
        __syncthreads();
        const bool goes_on = column + CHUNK < columns;
        if (goes_on) fetch_x(column + CHUNK);
#pragma unroll
        for (int s = 0; s < STEPS_OF_CHUNK; s++) {
            quad w[2 * STRIPES];
#pragma unroll
            for (int r = 0; r < 2 * STRIPES; r++) w[r] = next[s][r];
            if (goes_on) fetch(column + CHUNK, s);
#pragma unroll
            for (int t = 0; t < TILES; t++) {
                const quad *from = pieces + (s * TOKENS + t * 8 + group) * 4 + quarter;
                const quad high = from[0], low = from[STEPS_OF_CHUNK * TOKENS * 4];
#pragma unroll
                for (int r = 0; r < STRIPES; r++) {
                    const quad &upper = w[2 * r], &lower = w[2 * r + 1];
                    mma_bf16(total[r][t], upper.x, lower.x, upper.y, lower.y, high.x, high.y);
                    mma_bf16(total[r][t], upper.x, lower.x, upper.y, lower.y, low.x, low.y);
                    mma_bf16(total[r][t], upper.z, lower.z, upper.w, lower.w, high.z, high.w);
                    mma_bf16(total[r][t], upper.z, lower.z, upper.w, lower.w, low.z, low.w);
                }
            }
        }
    }
#pragma unroll
    for (int r = 0; r < STRIPES; r++) {
        if (row0 + r * 16 >= rows) break;
#pragma unroll
        for (int t = 0; t < TILES; t++)
#pragma unroll
            for (int i = 0; i < 4; i++) {
                const int token = token0 + t * 8 + quarter * 2 + (i & 1);
                if (token < tokens) logits[(size_t)token * rows + row0 + r * 16 + group + (i >> 1) * 8] = total[r][t][i];
            }
    }
}

#define HEAD(TILES, STRIPES)                                                                                                           \
    extern "C" __global__ void __launch_bounds__(256) head_##TILES(const u16 *weights, const float *x, float *logits, int rows, int columns, int tokens) { \
        head<TILES, STRIPES>(weights, x, logits, rows, columns, tokens);                                                               \
    }
HEAD(1, 1)
HEAD(2, 1)
HEAD(4, 1)
HEAD(8, 2)

// Rows as halves in the order that products with FP8 weights read: the left side of a head in FP8.
extern "C" __global__ void __launch_bounds__(256) halve_rows(const float *rows, u16 *x, int width) {
    let_next_begin();
    wait_for_last();
    const size_t at = (size_t)blockIdx.x * width;
    for (int i = threadIdx.x; i < width; i += 256) x[at + exchanged(i)] = to_half(fminf(fmaxf(rows[at + i], -65504.f), 65504.f));
}
