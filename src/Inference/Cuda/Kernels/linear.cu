// Products for few tokens: weights are read past the caches as fast as memory gives them, activations through them.

// 8 * TILES tokens and two tiles of W a block of threads: four warps each, a segment of the columns each, added up at the end.
template <int BYTES, int TILES, int EPILOGUE>
DEVICE void linear(const u8 *weights, const float *scales, const u16 *x, void *out, int rows, int columns, int tokens) {
    constexpr int OUTPUTS = 16 * 8 * TILES;
    __shared__ float sums[2][SEGMENTS][OUTPUTS];
    const int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, group = lane >> 2, quarter = lane & 3;
    const int mine = warp >> 2, segment = warp & 3, tile = blockIdx.x * 2 + mine, token0 = blockIdx.y * 8 * TILES, blocks = columns >> 7;
    const int first = segment * segment_blocks(blocks), last = min(first + segment_blocks(blocks), blocks);
    const u8 *from = weights + ((size_t)tile * blocks + first) * BYTES * TILE_BYTES + lane * 16;
    // DEPTH tiles of each warp are on their way while one is computed. Weights are nobody's result: they are fetched before the kernel
    // that makes x has ended.
    quad next[DEPTH][4];
    let_next_begin();
#pragma unroll
    for (int i = 0; i < DEPTH; i++)
#pragma unroll
        for (int piece = 0; piece < 4; piece++)
            if (first * BYTES + i < last * BYTES) next[i][piece] = load_once(from + i * TILE_BYTES + piece * 512);
    wait_for_last();
    float total[TILES][4] = {};
    for (int block = first; block < last; block++) {
        float part[TILES][4] = {};
        quad w[4];
#pragma unroll
        for (int chunk = 0; chunk < 2; chunk++) {
            if (chunk * 4 % steps_of<BYTES>() == 0) {
#pragma unroll
                for (int piece = 0; piece < 4; piece++) {
                    w[piece] = next[0][piece];
#pragma unroll
                    for (int j = 0; j + 1 < DEPTH; j++) next[j][piece] = next[j + 1][piece];
                    if (block * BYTES + chunk * (BYTES - 1) + DEPTH < last * BYTES) next[DEPTH - 1][piece] = load_once(from + DEPTH * TILE_BYTES + piece * 512);
                }
                from += TILE_BYTES;
            }
            quad b[TILES][2];
#pragma unroll
            for (int t = 0; t < TILES; t++) {
                const int token = token0 + t * 8 + group;
                const u16 *p = x + (size_t)token * columns + block * 128 + chunk * 64 + quarter * 16;
                b[t][0] = token < tokens ? load_quad(p) : quad{0, 0, 0, 0};
                b[t][1] = token < tokens ? load_quad(p + 8) : quad{0, 0, 0, 0};
            }
#pragma unroll
            for (int i = 0; i < 4; i++)
#pragma unroll
                for (int t = 0; t < TILES; t++)
                    multiply(part[t], left_side<BYTES>(w, (chunk * 4 + i) % steps_of<BYTES>()), word_of(b[t][i >> 1], (i & 1) * 2), word_of(b[t][i >> 1], (i & 1) * 2 + 1));
        }
#pragma unroll
        for (int i = 0; i < 4; i++) {
            const float scale = scales[(size_t)scale_row<EPILOGUE>(tile, i >> 1, rows) * blocks + block];
#pragma unroll
            for (int t = 0; t < TILES; t++) total[t][i] = fmaf(scale, part[t][i], total[t][i]);
        }
    }
#pragma unroll
    for (int t = 0; t < TILES; t++)
#pragma unroll
        for (int i = 0; i < 4; i++) sums[mine][segment][(t * 8 + quarter * 2 + (i & 1)) * 16 + group + (i >> 1) * 8] = total[t][i];
    __syncthreads();
    constexpr int OF_TILE = outputs_of<EPILOGUE>(), ALL = OF_TILE * 8 * TILES;
    for (int i = threadIdx.x; i < 2 * ALL; i += 256) {
        const int which = i / ALL, at = i % ALL / OF_TILE * 16 + i % OF_TILE, token = token0 + at / 16;
        if (token >= tokens) continue;
        float value = sums[which][0][at], up = sums[which][0][(at + 8) % OUTPUTS];
        for (int s = 1; s * segment_blocks(blocks) < blocks; s++) value = sum(value, sums[which][s][at]), up = sum(up, sums[which][s][(at + 8) % OUTPUTS]);
        finish<EPILOGUE>(out, value, up, token, (blockIdx.x * 2 + which) * OF_TILE + i % OF_TILE, rows);
    }
}

#define LINEAR(NAME, BYTES, TILES, EPILOGUE)                                                                                           \
    extern "C" __global__ void __launch_bounds__(256)                                                                                  \
    NAME(const u8 *weights, const float *scales, const u16 *x, void *out, int rows, int columns, int tokens) {                         \
        linear<BYTES, TILES, EPILOGUE>(weights, scales, x, out, rows, columns, tokens);                                                \
    }
#define LINEARS(TILES)                                                                                                                 \
    LINEAR(linear_store_##TILES, WEIGHT_BYTES, TILES, STORE)                                                                           \
    LINEAR(linear_add_##TILES, WEIGHT_BYTES, TILES, ADD)                                                                               \
    LINEAR(linear_gated_##TILES, WEIGHT_BYTES, TILES, GATED)                                                                           \
    LINEAR(fp8_head_##TILES, 1, TILES, STORE)
LINEARS(1)
LINEARS(2)
LINEARS(4)
