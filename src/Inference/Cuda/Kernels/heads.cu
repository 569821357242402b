// What a token's heads need on their way to and through attention, shared by the kernels that do it: the rotation of queries and keys,
// and attention over one span of the paged cache on tensor cores. Put before every kernel file, behind weights.cu.
//
// A token's past is cut into spans of 256 positions and these into parts of 64, always the same ones. What a part finds is taken up into
// its span, part after part, and the span's into the whole, span after span: what a token sees is the same, bit by bit, whether it is
// decoded or prefilled, whatever chunk it came in and whoever shares the step.
//
// The rows of a tile are the GROUP query heads of a key head, for as many tokens of one sequence as 16 rows hold. Which columns of a
// product meet in which place is free as long as both sides agree, so that a lane reads 16 bytes of a query and of a key at a time.

#define GROUP (HEADS / KV_HEADS)
#define TILE_TOKENS (16 / GROUP)
#define SPAN 256
#define PART 64
#define PARTS (SPAN / PART)
#define NOTHING -3.0e38f
#define HALF (HEAD_DIM / 2)

// A thread has the pair (i, i + HALF) of a head; HALF / 32 warps' sums of its squares are added in their order.
DEVICE float squares_of(float a, float b) { return warp_sum(fmaf(a, a, product(b, b))); }

// The angle of pair i by the position along its axis.
DEVICE float angle_of(const int *positions, const int *axes, const float *frequencies, int tokens, int token, int i) {
    return product((float)positions[axes[i] * tokens + token], frequencies[i]);
}

// RMSNorm of a head, then its rotation by an angle of that cosine and sine.
DEVICE void turn(float &a, float &b, float squares, const u16 *weight, int i, float c, float s, float epsilon) {
    const float scale = rsqrtf(squares / HEAD_DIM + epsilon);
    a *= scale * bf16_of(weight[i]);
    b *= scale * bf16_of(weight[i + HALF]);
    const float turned = fmaf(a, c, -product(b, s));
    b = fmaf(b, c, product(a, s));
    a = turned;
}

// A place that is read before its token comes is multiplied by nothing: it must not hold what a sequence gone wrong left there.
DEVICE u16 finite_half(float v) { return to_half(fabsf(v) <= 65504.f ? v : 0.f); }

// What has been seen so far: the largest score, the sum of weights and of weighted values, both with that score taken off.
template <int COLUMNS> struct Seen {
    float top, weight, value[COLUMNS];
    // The next part, or span.
    DEVICE void take(float its_top, float its_weight, const float (&its_value)[COLUMNS]) {
        const float most = fmaxf(top, its_top), share = expf(top - most), its_share = expf(its_top - most);
        top = most;
        weight = fmaf(its_weight, its_share, product(weight, share));
#pragma unroll
        for (int i = 0; i < COLUMNS; i++) value[i] = fmaf(its_value[i], its_share, product(value[i], share));
    }
};

// Floats of shared memory that `attend` needs.
template <int ROWS> DEVICE constexpr int attend_floats() { return 4 * ROWS * (HEAD_DIM + 6); }

// `count` tokens of one sequence in TILES tiles, of which ROWS rows are in use, by the 128 threads that `sync` joins. `queries`,
// `places`, `sums` and `marks` are the first token's. Writes sums of values, unnormalised, and (maximum, sum of weights), for each
// token, head and span.
template <int TILES, int ROWS, class Sync>
DEVICE void attend(int thread, Sync sync, float *shared, const u16 *queries, const u16 *keys, const u16 *values, const int *table,
                   const int *places, int count, int kv, int span, int spans, float *sums, float *marks) {
    constexpr int STEPS = HEAD_DIM / 16, KEYS = PART, WIDTH = HEAD_DIM + 4;
    float *shared_marks = shared + PARTS * ROWS * WIDTH;
    const int warp = thread >> 5, lane = thread & 31, group = lane >> 2, quarter = lane & 3;
    const int last = places[count - 1], from = span * SPAN;

    // Row r of a tile: token r / GROUP, query head r % GROUP. A lane has rows `group` and `group + 8`.
    u32 query[TILES][STEPS][4];
    int place[TILES][2];
#pragma unroll
    for (int t = 0; t < TILES; t++)
#pragma unroll
        for (int half = 0; half < 2; half++) {
            const int row = group + 8 * half, token = t * TILE_TOKENS + row / GROUP;
            const bool there = row < TILE_TOKENS * GROUP && token < count;
            place[t][half] = there ? places[token] : -1;
            const u16 *q = queries + ((size_t)token * HEADS + row % GROUP) * HEAD_DIM + quarter * 8;
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
                    s = start + n * 8 + quarter * 2 + i <= place[t][half] ? product(s, scale) : NOTHING;
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
        if (t > 0) sync();
#pragma unroll
        for (int half = 0; half < 2; half++) {
            const int row = group + half * 8;
            if (row >= ROWS) continue;
            float *mine = shared + (warp * ROWS + row) * WIDTH;
#pragma unroll
            for (int n = 0; n < HEAD_DIM / 8; n++)
#pragma unroll
                for (int i = 0; i < 2; i++) mine[n * 8 + quarter * 2 + i] = value[n][half * 2 + i];
            if (quarter == 0) shared_marks[(warp * ROWS + row) * 2] = top[t][half], shared_marks[(warp * ROWS + row) * 2 + 1] = weight[t][half];
        }
        sync();
        for (int i = thread; i < ROWS * HEAD_DIM; i += PARTS * 32) {
            const int row = i / HEAD_DIM, column = i % HEAD_DIM, token = t * TILE_TOKENS + row / GROUP;
            if (row >= TILE_TOKENS * GROUP || token >= count || from > places[token]) continue;
            const float *mark = shared_marks + row * 2;
            Seen<1> seen = {mark[0], mark[1], {shared[row * WIDTH + column]}};
            for (int w = 1; w < PARTS; w++) seen.take(mark[w * ROWS * 2], mark[w * ROWS * 2 + 1], {shared[(w * ROWS + row) * WIDTH + column]});
            const size_t at = ((size_t)token * HEADS + row % GROUP) * spans + span;
            sums[at * HEAD_DIM + column] = seen.value[0];
            if (column == 0) marks[at * 2] = seen.top, marks[at * 2 + 1] = seen.weight;
        }
    }
}

// Columns of a head that a lane puts together; a narrow head leaves lanes without.
#define COLUMNS 4

// All that was found for one head of one token put together by a warp: `count` units, EACH of which are a span.
template <int EACH> DEVICE Seen<COLUMNS> joined(const float *sums, const float *marks, int count, int lane) {
    constexpr int AHEAD = 4;
    Seen<COLUMNS> seen, span, next[AHEAD];
    for (int from = 0; from < count; from += AHEAD) {
#pragma unroll
        for (int i = 0; i < AHEAD; i++) {
            const int place = min(from + i, count - 1);
            const quad four = load_quad(sums + (size_t)place * HEAD_DIM + lane * COLUMNS);
            next[i] = Seen<COLUMNS>{marks[place * 2], marks[place * 2 + 1], {__uint_as_float(four.x), __uint_as_float(four.y), __uint_as_float(four.z), __uint_as_float(four.w)}};
        }
#pragma unroll
        for (int i = 0; i < AHEAD; i++) {
            if (from + i >= count) break;
            if ((from + i) % EACH == 0) span = next[i];
            else span.take(next[i].top, next[i].weight, next[i].value);
            if ((from + i) % EACH < EACH - 1 && from + i < count - 1) continue;
            if (from + i < EACH) seen = span;
            else seen.take(span.top, span.weight, span.value);
        }
    }
    return seen;
}

// RMSNorm of a row: eight warps of threads, four columns of every 1,024 a thread, the warps' sums in their order.
#define NORM_PARTS 8

DEVICE float norm_squares(const float *row, int width, int thread) {
    float squares = 0.f;
    for (int i = 4 * thread; i < width; i += 1024) {
        const quad four = load_quad(row + i);
#pragma unroll
        for (int j = 0; j < 4; j++) {
            const float v = __uint_as_float(word_of(four, j));
            squares = fmaf(v, v, squares);
        }
    }
    return squares;
}

DEVICE float norm_scale(const float *parts, int width, float epsilon) {
    float squares = parts[0];
    for (int i = 1; i < NORM_PARTS; i++) squares += parts[i];
    return rsqrtf(squares / width + epsilon);
}
