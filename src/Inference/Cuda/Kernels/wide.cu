// Products for many tokens: tiles of both sides go through shared memory.

// 128 rows of W and 128 tokens, four rows of warps by two: two tiles of W and 64 tokens a warp. A token's columns lie in pieces of
// sixteen bytes, exchanged so that no two lanes that read together meet in a bank. STAGES blocks of columns are there or on their way.
#define WIDE 128
#define STAGE_BYTES (WIDE * 128 + WIDE * 256)

template <int EPILOGUE>
DEVICE void wide(const u8 *weights, const float *scales, const u16 *x, void *out, int rows, int columns, int tokens) {
    extern __shared__ quad pieces[];
    u8 *shared = (u8 *)pieces;
    const int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, group = lane >> 2, quarter = lane & 3;
    const int blocks = columns >> 7, token0 = blockIdx.y * WIDE, tile0 = blockIdx.x * 8, down = warp >> 1, across = warp & 1, per = segment_blocks(blocks);
    auto fetch = [&](int block) {
        u8 *stage = shared + block % STAGES * STAGE_BYTES;
        for (int i = threadIdx.x; i < WIDE * 8; i += 256)
            copy_aside(stage + i * 16, weights + ((size_t)(tile0 + (i >> 7)) * blocks + block) * TILE_BYTES + (i & 127) * 16, true);
        for (int i = threadIdx.x; i < WIDE * 16; i += 256) {
            const int t = i >> 4, piece = i & 15, token = token0 + t;
            copy_aside(stage + WIDE * 128 + t * 256 + (piece ^ (t & 1)) * 16, x + (size_t)(token < tokens ? token : 0) * columns + block * 128 + piece * 8, token < tokens);
        }
    };
    float total[2][8][4] = {}, segment[2][8][4] = {};
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
                for (int half = 0; half < 2; half++) a[m][half] = load_quad(w + (down * 2 + m) * TILE_BYTES + (chunk * 2 + half) * 512 + lane * 16);
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
