// Products for many tokens: tiles of both sides go through shared memory.

// 128 rows of W and 128 tokens, four rows of warps by two: two tiles of W and 64 tokens a warp. A token's columns lie in pieces of
// sixteen bytes, exchanged so that no two lanes that read together meet in a bank. The columns of STAGES tiles are there or on their way.
#define WIDE 128
#define ROW_BYTES (256 / WEIGHT_BYTES)
#define STAGE_BYTES (WIDE * (128 + ROW_BYTES))

template <int EPILOGUE>
DEVICE void wide(const u8 *weights, const float *scales, const u16 *x, void *out, int rows, int columns, int tokens) {
    extern __shared__ quad pieces[];
    u8 *shared = (u8 *)pieces;
    const int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, group = lane >> 2, quarter = lane & 3;
    const int blocks = columns >> 7, token0 = blockIdx.y * WIDE, tile0 = blockIdx.x * 8, down = warp >> 1, across = warp & 1, per = segment_blocks(blocks);
    auto fetch = [&](int tile) {
        constexpr int PIECES = ROW_BYTES / 16;
        u8 *stage = shared + tile % STAGES * STAGE_BYTES;
        for (int i = threadIdx.x; i < WIDE * 8; i += 256)
            copy_aside(stage + i * 16, weights + ((size_t)(tile0 + (i >> 7)) * blocks * WEIGHT_BYTES + tile) * TILE_BYTES + (i & 127) * 16, true);
        for (int i = threadIdx.x; i < WIDE * PIECES; i += 256) {
            const int t = i / PIECES, piece = i % PIECES, token = token0 + t;
            copy_aside(stage + WIDE * 128 + t * ROW_BYTES + (piece ^ (t & 1)) * 16, x + (size_t)(token < tokens ? token : 0) * columns + tile * (ROW_BYTES / 2) + piece * 8, token < tokens);
        }
    };
    float total[2][8][4] = {}, segment[2][8][4] = {};
    let_next_begin();
    wait_for_last();
#pragma unroll
    for (int tile = 0; tile < STAGES - 1; tile++) {
        if (tile < blocks * WEIGHT_BYTES) fetch(tile);
        copies_end();
    }
    for (int block = 0; block < blocks; block++) {
        float part[2][8][4] = {};
#pragma unroll
        for (int chunk = 0; chunk < 2; chunk++) {
            const int tile = block * WEIGHT_BYTES + chunk * (WEIGHT_BYTES - 1), step = chunk * 4 % steps_of<WEIGHT_BYTES>();
            if (step == 0) {
                copies_wait<STAGES - 2>();
                __syncthreads();
                if (tile + STAGES - 1 < blocks * WEIGHT_BYTES) fetch(tile + STAGES - 1);
                copies_end();
            }
            const u8 *w = shared + tile % STAGES * STAGE_BYTES, *b = w + WIDE * 128;
            quad a[2][4];
#pragma unroll
            for (int m = 0; m < 2; m++)
#pragma unroll
                for (int piece = 0; piece < 4; piece++) a[m][piece] = load_quad(w + (down * 2 + m) * TILE_BYTES + piece * 512 + lane * 16);
#pragma unroll
            for (int n = 0; n < 8; n++) {
                const int t = across * 64 + n * 8 + group;
#pragma unroll
                for (int i = 0; i < 2; i++) {
                    const quad v = load_quad(b + t * ROW_BYTES + (step * 2 + quarter * 2 + i ^ (t & 1)) * 16);
#pragma unroll
                    for (int m = 0; m < 2; m++) {
                        multiply(part[m][n], left_side<WEIGHT_BYTES>(a[m], step + 2 * i), v.x, v.y);
                        multiply(part[m][n], left_side<WEIGHT_BYTES>(a[m], step + 2 * i + 1), v.z, v.w);
                    }
                }
            }
        }
        const bool is_end = block + 1 == blocks || (block + 1) % per == 0;
#pragma unroll
        for (int m = 0; m < 2; m++)
#pragma unroll
            for (int i = 0; i < 4; i++) {
                const float scale = scales[(size_t)scale_row<EPILOGUE>(tile0 + down * 2 + m, i >> 1, rows) * blocks + block];
#pragma unroll
                for (int n = 0; n < 8; n++) segment[m][n][i] = fmaf(scale, part[m][n][i], segment[m][n][i]);
            }
        if (!is_end) continue;
#pragma unroll
        for (int m = 0; m < 2; m++)
#pragma unroll
            for (int n = 0; n < 8; n++)
#pragma unroll
                for (int i = 0; i < 4; i++) total[m][n][i] = block < per ? segment[m][n][i] : sum(total[m][n][i], segment[m][n][i]), segment[m][n][i] = 0.f;
    }
#pragma unroll
    for (int m = 0; m < 2; m++)
#pragma unroll
        for (int n = 0; n < 8; n++)
#pragma unroll
            for (int i = 0; i < (EPILOGUE == GATED ? 2 : 4); i++) {
                const int token = token0 + across * 64 + n * 8 + quarter * 2 + (i & 1), tile = tile0 + down * 2 + m;
                if (token < tokens) finish<EPILOGUE>(out, total[m][n][i], total[m][n][i + 2 & 3], token, tile * outputs_of<EPILOGUE>() + group + (i >> 1) * 8, rows);
            }
}

#define WIDES(NAME, EPILOGUE)                                                                                                          \
    extern "C" __global__ void __launch_bounds__(256)                                                                                  \
    NAME(const u8 *weights, const float *scales, const u16 *x, void *out, int rows, int columns, int tokens) {                         \
        wide<EPILOGUE>(weights, scales, x, out, rows, columns, tokens);                                                                \
    }
WIDES(wide_store, STORE)
WIDES(wide_add, ADD)
WIDES(wide_gated, GATED)
