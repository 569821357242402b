// Attention over the paged cache on tensor cores. A token's past is cut into spans of 256 positions that are always the same ones,
// four warps take 64 of them each, and what they find is put together in one order: what a token sees is the same, bit by bit,
// whether it is decoded or prefilled, whatever chunk it came in and whoever shares the step.
//
// The rows of a tile are the GROUP query heads of a key head, for as many tokens of one sequence as 16 rows hold. Which columns of a
// product meet in which place is free as long as both sides agree, so that a lane reads 16 bytes of a query and of a key at a time.

#define GROUP (HEADS / KV_HEADS)
#define TILE_TOKENS (16 / GROUP)
#define SPAN 256
#define NOTHING -3.0e38f

// tiles: triples (first token, tokens, sequence), TILES of 16 rows each. Writes sums of values, unnormalised, and (maximum, sum of
// weights), for each token, head and span.
template <int TILES>
DEVICE void attend(const u16 *queries, const u16 *keys, const u16 *values, const int *tables, const int *tiles, const int *places,
                   float *sums, float *marks, int first, int table_width, int spans) {
    constexpr int STEPS = HEAD_DIM / 16, WARPS = 4, KEYS = SPAN / WARPS;
    __shared__ float found[WARPS][16][HEAD_DIM + 4];
    __shared__ float found_marks[WARPS][16][2];
    let_next_begin();
    wait_for_last();
    const int *tile = tiles + 3 * blockIdx.x;
    const int row0 = tile[0], count = tile[1], kv = blockIdx.y, span = blockIdx.z;
    const int *table = tables + (size_t)tile[2] * table_width;
    const int last = places[row0 + count - 1], from = span * SPAN;
    if (from > last) return;
    const int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, group = lane >> 2, quarter = lane & 3;

    // Row r of a tile: token r / GROUP, query head r % GROUP. A lane has rows `group` and `group + 8`.
    u32 query[TILES][STEPS][4];
    int place[TILES][2];
#pragma unroll
    for (int t = 0; t < TILES; t++)
#pragma unroll
        for (int half = 0; half < 2; half++) {
            const int row = group + 8 * half, token = t * TILE_TOKENS + row / GROUP;
            const bool there = row < TILE_TOKENS * GROUP && token < count;
            place[t][half] = there ? places[row0 + token] : -1;
            const u16 *q = queries + ((size_t)(row0 + token) * HEADS + kv * GROUP + row % GROUP) * HEAD_DIM + quarter * 8;
#pragma unroll
            for (int i = 0; i < STEPS / 2; i++) {
                const quad words = there ? load_quad(q + 32 * i) : quad{0, 0, 0, 0};
                query[t][2 * i][half] = words.x, query[t][2 * i][half + 2] = words.y;
                query[t][2 * i + 1][half] = words.z, query[t][2 * i + 1][half + 2] = words.w;
            }
        }

    // Scores of this warp's keys, eight at a time.
    const int start = from + warp * KEYS;
    float score[TILES][KEYS / 8][4] = {};
#pragma unroll
    for (int n = 0; n < KEYS / 8; n++) {
        const int position = start + n * 8 + group;
        const bool there = position <= last;
        const u16 *key = keys + (there ? key_at(table[position / BLOCK_SIZE] * BLOCK_SIZE + position % BLOCK_SIZE, kv) : 0) + quarter * 8;
#pragma unroll
        for (int i = 0; i < STEPS / 2; i++) {
            const quad words = there ? load_quad(key + 32 * i) : quad{0, 0, 0, 0};
#pragma unroll
            for (int t = 0; t < TILES; t++) {
                const u32 *a = query[t][2 * i], *b = query[t][2 * i + 1];
                mma_half(score[t][n], a[0], a[1], a[2], a[3], words.x, words.y);
                mma_half(score[t][n], b[0], b[1], b[2], b[3], words.z, words.w);
            }
        }
    }

    // Weights: each row's own maximum among these keys taken off.
    const float scale = rsqrtf((float)HEAD_DIM);
    float top[TILES][2], weight[TILES][2];
#pragma unroll
    for (int t = 0; t < TILES; t++)
#pragma unroll
        for (int half = 0; half < 2; half++) {
            float most = NOTHING, sum = 0.f;
#pragma unroll
            for (int n = 0; n < KEYS / 8; n++)
#pragma unroll
                for (int i = 0; i < 2; i++) {
                    float &s = score[t][n][2 * half + i];
                    s = start + n * 8 + quarter * 2 + i <= place[t][half] ? s * scale : NOTHING;
                    most = fmaxf(most, s);
                }
            most = fmaxf(most, __shfl_xor_sync(0xffffffffu, most, 1));
            most = fmaxf(most, __shfl_xor_sync(0xffffffffu, most, 2));
#pragma unroll
            for (int n = 0; n < KEYS / 8; n++)
#pragma unroll
                for (int i = 0; i < 2; i++) {
                    float &s = score[t][n][2 * half + i];
                    s = s == NOTHING ? 0.f : expf(s - most);
                    sum += s;
                }
            sum += __shfl_xor_sync(0xffffffffu, sum, 1);
            sum += __shfl_xor_sync(0xffffffffu, sum, 2);
            top[t][half] = most, weight[t][half] = sum;
        }

#pragma unroll
    for (int t = 0; t < TILES; t++) {
        // Values, sixteen places at a time: the scores' accumulators are the next product's left side.
        float value[HEAD_DIM / 8][4] = {};
#pragma unroll
        for (int k = 0; k < KEYS / 16; k++) {
            const int position = start + k * 16;
            if (position > last) break;
            const u32 a0 = pack_half(score[t][2 * k][0], score[t][2 * k][1]), a1 = pack_half(score[t][2 * k][2], score[t][2 * k][3]);
            const u32 a2 = pack_half(score[t][2 * k + 1][0], score[t][2 * k + 1][1]), a3 = pack_half(score[t][2 * k + 1][2], score[t][2 * k + 1][3]);
            const u16 *v = values + values_at(table[position / BLOCK_SIZE] * BLOCK_SIZE + position % BLOCK_SIZE, kv) + group * 16 + quarter * 4;
#pragma unroll
            for (int n = 0; n < HEAD_DIM / 8; n++) {
                const u32 *words = (const u32 *)(v + n * 8 * 16);
                mma_half(value[n], a0, a1, a2, a3, words[0], words[1]);
            }
        }
        if (t > 0) __syncthreads();
#pragma unroll
        for (int n = 0; n < HEAD_DIM / 8; n++)
#pragma unroll
            for (int i = 0; i < 4; i++) found[warp][group + (i >> 1) * 8][n * 8 + quarter * 2 + (i & 1)] = value[n][i];
        if (quarter == 0)
            for (int half = 0; half < 2; half++) found_marks[warp][group + 8 * half][0] = top[t][half], found_marks[warp][group + 8 * half][1] = weight[t][half];
        __syncthreads();
        for (int i = threadIdx.x; i < 16 * HEAD_DIM; i += WARPS * 32) {
            const int row = i / HEAD_DIM, column = i % HEAD_DIM, token = t * TILE_TOKENS + row / GROUP;
            if (row >= TILE_TOKENS * GROUP || token >= count || from > places[row0 + token]) continue;
            float most = found_marks[0][row][0];
            for (int w = 1; w < WARPS; w++) most = fmaxf(most, found_marks[w][row][0]);
            float sum = 0.f, of = 0.f;
            for (int w = 0; w < WARPS; w++) {
                const float share = expf(found_marks[w][row][0] - most);
                sum = fmaf(share, found[w][row][column], sum);
                of = fmaf(share, found_marks[w][row][1], of);
            }
            const size_t at = ((size_t)(row0 + token - first) * HEADS + kv * GROUP + row % GROUP) * spans + span;
            sums[at * HEAD_DIM + column] = sum;
            if (column == 0) marks[at * 2] = most, marks[at * 2 + 1] = of;
        }
    }
}

#define ATTEND(TILES)                                                                                                                  \
    extern "C" __global__ void __launch_bounds__(128)                                                                                  \
    attend_##TILES(const u16 *queries, const u16 *keys, const u16 *values, const int *tables, const int *tiles, const int *places,     \
                   float *sums, float *marks, int first, int table_width, int spans) {                                                 \
        attend<TILES>(queries, keys, values, tables, tiles, places, sums, marks, first, table_width, spans);                           \
    }
ATTEND(1)
ATTEND(2)

// The spans of one head of one token put together, as halves in the order that the linear layers read.
extern "C" __global__ void __launch_bounds__(HEAD_DIM)
join(const float *sums, const float *marks, const int *places, u16 *x, int first, int spans, int groups) {
    let_next_begin();
    wait_for_last();
    const int token = first + blockIdx.x, head = blockIdx.y, i = threadIdx.x, count = places[token] / SPAN + 1;
    const size_t at = ((size_t)blockIdx.x * HEADS + head) * spans;
    float top = marks[at * 2];
    for (int span = 1; span < count; span++) top = fmaxf(top, marks[(at + span) * 2]);
    float value = 0.f, weight = 0.f;
    for (int span = 0; span < count; span++) {
        const float share = expf(marks[(at + span) * 2] - top);
        value = fmaf(share, sums[(at + span) * HEAD_DIM + i], value);
        weight = fmaf(share, marks[(at + span) * 2 + 1], weight);
    }
    x[x_at(token, head * HEAD_DIM + i, HEADS * HEAD_DIM, groups)] = to_half(value / weight);
}
