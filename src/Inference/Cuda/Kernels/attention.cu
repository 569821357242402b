// Attention of decodes over the paged cache; heads.cu says in which order. A decode is a tile by itself: (row, 1, sequence).

// One span of each tile, a part a warp: sums of values, unnormalised, and (maximum, sum of weights), for each head and span. Grid: tiles,
// key heads, spans.
extern "C" __global__ void __launch_bounds__(128)
attend_one(const u16 *queries, const u16 *keys, const u16 *values, const int *tables, const int *tiles, const int *places, float *sums, float *marks, int table_width, int spans) {
    constexpr int STEPS = HEAD_DIM / 16, HALVES = (GROUP + 7) / 8, WIDTH = HEAD_DIM + 4;
    __shared__ float shared[PARTS * GROUP * WIDTH], shared_marks[PARTS * GROUP * 2];
    let_next_begin();
    wait_for_last();
    const int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, group = lane >> 2, quarter = lane & 3;
    const int row = tiles[3 * blockIdx.x], kv = blockIdx.y, span = blockIdx.z, start = span * SPAN + warp * PART, place = places[row];
    if (span * SPAN > place) return;
    const int *table = tables + (size_t)tiles[3 * blockIdx.x + 2] * table_width;

    // A lane has query head `group`, and `group + 8` of more than eight; those that there are not count for nothing.
    quad query[2][STEPS / 2] = {};
#pragma unroll
    for (int half = 0; half < HALVES; half++)
#pragma unroll
        for (int i = 0; i < STEPS / 2; i++)
            if (group + 8 * half < GROUP) query[half][i] = load_quad(queries + ((size_t)row * HEADS + kv * GROUP + group + 8 * half) * HEAD_DIM + quarter * 8 + 32 * i);

    // Scores of this warp's keys, eight at a time.
    float score[PART / 8][4] = {};
#pragma unroll
    for (int n = 0; n < PART / 8; n++) {
        const int position = start + n * 8 + group;
        const bool there = position <= place;
        const u16 *key = keys + (there ? key_at(table[position / BLOCK_SIZE] * BLOCK_SIZE + position % BLOCK_SIZE, kv) : 0) + quarter * 8;
#pragma unroll
        for (int i = 0; i < STEPS / 2; i++) {
            const quad words = there ? load_quad(key + 32 * i) : quad{0, 0, 0, 0};
            mma_half(score[n], query[0][i].x, query[1][i].x, query[0][i].y, query[1][i].y, words.x, words.y);
            mma_half(score[n], query[0][i].z, query[1][i].z, query[0][i].w, query[1][i].w, words.z, words.w);
        }
    }
    float top[HALVES], weight[HALVES];
#pragma unroll
    for (int half = 0; half < HALVES; half++) {
        auto of = [&](int n, int i) -> float & { return score[n][2 * half + i]; };
#pragma unroll
        for (int n = 0; n < PART / 8; n++)
#pragma unroll
            for (int i = 0; i < 2; i++)
                if (start + n * 8 + quarter * 2 + i > place) of(n, i) = NOTHING;
        weigh(of, score_scale(), top[half], weight[half]);
    }

    // Values, sixteen places at a time: the scores' accumulators are the next product's left side.
    float value[HEAD_DIM / 8][4] = {};
#pragma unroll
    for (int k = 0; k < PART / 16; k++) {
        const int position = start + k * 16;
        if (position > place) break;
        u32 a[4] = {};
#pragma unroll
        for (int i = 0; i < 4; i++)
            if (i % 2 < HALVES) a[i] = pack_half(score[2 * k + i / 2][i % 2 * 2], score[2 * k + i / 2][i % 2 * 2 + 1]);
        const u16 *v = values + values_at(table[position / BLOCK_SIZE] * BLOCK_SIZE + position % BLOCK_SIZE, kv) + group * 16 + quarter * 4;
#pragma unroll
        for (int n = 0; n < HEAD_DIM / 8; n++) {
            const u32 *words = (const u32 *)(v + n * 8 * 16);
            mma_half(value[n], a[0], a[1], a[2], a[3], words[0], words[1]);
        }
    }
#pragma unroll
    for (int half = 0; half < HALVES; half++) {
        const int head = warp * GROUP + group + 8 * half;
        if (group + 8 * half >= GROUP) break;
#pragma unroll
        for (int n = 0; n < HEAD_DIM / 8; n++)
#pragma unroll
            for (int i = 0; i < 2; i++) shared[head * WIDTH + n * 8 + quarter * 2 + i] = value[n][2 * half + i];
        if (quarter == 0) shared_marks[head * 2] = top[half], shared_marks[head * 2 + 1] = weight[half];
    }
    __syncthreads();
    for (int i = threadIdx.x; i < GROUP * HEAD_DIM; i += PARTS * 32) {
        const int head = i / HEAD_DIM, column = i % HEAD_DIM;
        const float *mark = shared_marks + head * 2;
        Seen<1> seen = {mark[0], mark[1], {shared[head * WIDTH + column]}};
        for (int w = 1; w < PARTS; w++) seen.take(mark[w * GROUP * 2], mark[w * GROUP * 2 + 1], {shared[(w * GROUP + head) * WIDTH + column]});
        const size_t at = ((size_t)blockIdx.x * HEADS + kv * GROUP + head) * spans + span;
        sums[at * HEAD_DIM + column] = seen.value[0];
        if (column == 0) marks[at * 2] = seen.top, marks[at * 2 + 1] = seen.weight;
    }
}

// The spans of each head of a token put together, as halves where the linear layers read them; a warp a head. Grid: tiles, heads / 4,
// most tokens of a tile.
extern "C" __global__ void __launch_bounds__(128)
join(const float *sums, const float *marks, const int *tiles, const int *places, u16 *x, int spans, int groups) {
    let_next_begin();
    wait_for_last();
    const int *tile = tiles + 3 * blockIdx.x;
    const int token = tile[0] + blockIdx.z, head = blockIdx.y * 4 + (threadIdx.x >> 5), lane = threadIdx.x & 31;
    if ((int)blockIdx.z >= tile[1] || head >= HEADS || lane * COLUMNS >= HEAD_DIM) return;
    const size_t at = (((size_t)blockIdx.x * gridDim.z + blockIdx.z) * HEADS + head) * spans;
    const Seen<COLUMNS> seen = joined<1>(sums + at * HEAD_DIM, marks + at * 2, places[token] / SPAN + 1, lane);
    float v[COLUMNS];
    for (int i = 0; i < COLUMNS; i++) v[i] = attended(seen.value[i], seen.weight);
    for (int odd = 0; odd < 2; odd++) *(u32 *)(x + x_at(token, head * HEAD_DIM + lane * COLUMNS + odd, HEADS * HEAD_DIM, groups)) = pack_half(v[odd], v[odd + 2]);
}
