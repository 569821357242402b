// Attention of one token's queries over its sequence's past, in spans of SPAN positions that are always the same ones: what a token
// sees is the same, bit by bit, whether it is decoded or prefilled and whatever chunk it came in.

#define SPAN 256
#define GROUP (HEADS / KV_HEADS)

// One token, one key head, one span: the group's queries. Writes sums of values, unnormalised, and (maximum, sum of weights).
extern "C" __global__ void __launch_bounds__(128)
attend(const u16 *queries, const u16 *keys, const u16 *values, const int *tables, const int *sequences, const int *places,
       float *sums, float *marks, int first, int table_width, int spans) {
    const int span = blockIdx.z, kv = blockIdx.y, token = first + blockIdx.x, place = places[token];
    if (span * SPAN > place) return;
    __shared__ float query[GROUP][HEAD_DIM];
    __shared__ float scores[GROUP][SPAN];
    __shared__ float mark[GROUP][2];
    const int *table = tables + (size_t)sequences[token] * table_width;
    const int from = span * SPAN, count = min(SPAN, place + 1 - from);
    for (int i = threadIdx.x; i < GROUP * HEAD_DIM; i += 128)
        query[i / HEAD_DIM][i % HEAD_DIM] = half_of(queries[((size_t)token * HEADS + kv * GROUP) * HEAD_DIM + i]) * rsqrtf((float)HEAD_DIM);
    __syncthreads();

    // Eight lanes a key, four keys a warp at once.
    constexpr int SHARE = HEAD_DIM / 8;
    const int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, part = lane & 7;
    for (int base = warp * 4; base < SPAN; base += 16) {
        const int offset = base + (lane >> 3), position = from + offset;
        float dot[GROUP] = {};
        if (offset < count) {
            const u16 *key = keys + (((size_t)table[position / BLOCK_SIZE] * KV_HEADS + kv) * BLOCK_SIZE + position % BLOCK_SIZE) * HEAD_DIM + part * SHARE;
#pragma unroll
            for (int i = 0; i < SHARE; i += 8) {
                const quad k = load_quad(key + i);
#pragma unroll
                for (int j = 0; j < 4; j++) {
                    const float low = half_low(word_of(k, j)), high = half_high(word_of(k, j));
#pragma unroll
                    for (int g = 0; g < GROUP; g++) {
                        dot[g] = fmaf(query[g][part * SHARE + i + 2 * j], low, dot[g]);
                        dot[g] = fmaf(query[g][part * SHARE + i + 2 * j + 1], high, dot[g]);
                    }
                }
            }
        }
#pragma unroll
        for (int g = 0; g < GROUP; g++) {
            dot[g] += __shfl_xor_sync(0xffffffffu, dot[g], 1);
            dot[g] += __shfl_xor_sync(0xffffffffu, dot[g], 2);
            dot[g] += __shfl_xor_sync(0xffffffffu, dot[g], 4);
            if (part == 0) scores[g][offset] = offset < count ? dot[g] : -3.0e38f;
        }
    }
    __syncthreads();

    for (int g = warp; g < GROUP; g += 4) {
        float top = -3.0e38f, sum = 0.f;
        for (int i = lane; i < SPAN; i += 32) top = fmaxf(top, scores[g][i]);
        top = warp_max(top);
        for (int i = lane; i < SPAN; i += 32) {
            const float weight = i < count ? expf(scores[g][i] - top) : 0.f;
            scores[g][i] = weight;
            sum += weight;
        }
        sum = warp_sum(sum);
        if (lane == 0) mark[g][0] = top, mark[g][1] = sum;
    }
    __syncthreads();

    for (int i = threadIdx.x; i < HEAD_DIM; i += 128) {
        float sum[GROUP] = {};
        for (int offset = 0; offset < count; offset++) {
            const int position = from + offset;
            const float value = half_of(values[(((size_t)table[position / BLOCK_SIZE] * KV_HEADS + kv) * BLOCK_SIZE + position % BLOCK_SIZE) * HEAD_DIM + i]);
#pragma unroll
            for (int g = 0; g < GROUP; g++) sum[g] = fmaf(scores[g][offset], value, sum[g]);
        }
#pragma unroll
        for (int g = 0; g < GROUP; g++) {
            const size_t at = ((size_t)blockIdx.x * HEADS + kv * GROUP + g) * spans + span;
            sums[at * HEAD_DIM + i] = sum[g];
            if (i == 0) marks[at * 2] = mark[g][0], marks[at * 2 + 1] = mark[g][1];
        }
    }
}

// The spans of one head of one token put together, as halves in the order that the linear layers read.
extern "C" __global__ void __launch_bounds__(HEAD_DIM)
join(const float *sums, const float *marks, const int *places, u16 *x, int first, int spans) {
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
    x[(size_t)token * HEADS * HEAD_DIM + exchanged(head * HEAD_DIM + i)] = to_half(value / weight);
}
