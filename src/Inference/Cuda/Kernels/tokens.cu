// What happens to each token by itself: embedding, norms, rotation, DeepStack. Hidden states stay in float32.

// ids: a token of the vocabulary, or -1 - n for row n of the images' embeddings.
extern "C" __global__ void __launch_bounds__(256)
embed(const int *ids, const u16 *table, const u16 *images, float *hidden, int width) {
    let_next_begin();
    wait_for_last();
    const int id = ids[blockIdx.x];
    const u16 *from = id >= 0 ? table + (size_t)id * width : images + (size_t)(-1 - id) * width;
    float *to = hidden + (size_t)blockIdx.x * width;
    for (int i = threadIdx.x; i < width; i += blockDim.x) to[i] = bf16_of(from[i]);
}

// hidden[row] += features[source] for image tokens: pairs (row, source).
extern "C" __global__ void __launch_bounds__(256)
add_rows(const int *pairs, const u16 *features, float *hidden, int width) {
    let_next_begin();
    wait_for_last();
    float *to = hidden + (size_t)pairs[2 * blockIdx.x] * width;
    const u16 *from = features + (size_t)pairs[2 * blockIdx.x + 1] * width;
    for (int i = threadIdx.x; i < width; i += blockDim.x) to[i] += bf16_of(from[i]);
}

DEVICE float inverse_rms(const float *row, int width, float epsilon) {
    __shared__ float parts[NORM_PARTS];
    const float squares = warp_sum(norm_squares(row, width, threadIdx.x));
    if ((threadIdx.x & 31) == 0) parts[threadIdx.x >> 5] = squares;
    __syncthreads();
    return norm_scale(parts, width, epsilon);
}

// RMSNorm, as halves in the order that the linear layers read.
extern "C" __global__ void __launch_bounds__(256)
rms_norm(const float *hidden, const u16 *weight, u16 *x, int width, float epsilon, int groups) {
    let_next_begin();
    wait_for_last();
    const float *row = hidden + (size_t)blockIdx.x * width;
    const float scale = inverse_rms(row, width, epsilon);
    auto normed = [&](int i) { return row[i] * scale * bf16_of(weight[i]); };
    for (int i = threadIdx.x * 4; i < width; i += 1024)
        for (int odd = 0; odd < 2; odd++) *(u32 *)(x + x_at(blockIdx.x, i + odd, width, groups)) = pack_half(normed(i + odd), normed(i + odd + 2));
}

// The last RMSNorm, of the rows asked for, as floats for the head.
extern "C" __global__ void __launch_bounds__(256)
rms_norm_rows(const int *rows, const float *hidden, const u16 *weight, float *x, int width, float epsilon) {
    let_next_begin();
    wait_for_last();
    const float *row = hidden + (size_t)rows[blockIdx.x] * width;
    const float scale = inverse_rms(row, width, epsilon);
    for (int i = threadIdx.x; i < width; i += 256) x[(size_t)blockIdx.x * width + i] = row[i] * scale * bf16_of(weight[i]);
}

// One head of one token: RMSNorm and rotation of queries and keys; queries to a buffer, keys and values into the paged cache in the
// places where attention.cu looks for them. A thread has the pair (i, i + HEAD_DIM / 2).
extern "C" __global__ void __launch_bounds__(HEAD_DIM / 2)
heads(const float *qkv, const u16 *query_norm, const u16 *key_norm, const int *positions, const float *frequencies, const int *axes,
      const int *slots, u16 *queries, u16 *keys, u16 *values, int tokens, float epsilon) {
    let_next_begin();
    wait_for_last();
    __shared__ float parts[HALF / 32];
    const int token = blockIdx.x, head = blockIdx.y, i = threadIdx.x;
    const float *from = qkv + ((size_t)token * (HEADS + 2 * KV_HEADS) + head) * HEAD_DIM;
    float a = from[i], b = from[i + HALF];
    if (head < HEADS + KV_HEADS) {
        float squares = squares_of(a, b);
        if ((i & 31) == 0) parts[i >> 5] = squares;
        __syncthreads();
        squares = parts[0];
        for (int w = 1; w < HALF / 32; w++) squares += parts[w];
        const float angle = angle_of(positions, axes, frequencies, tokens, token, i);
        turn(a, b, squares, head < HEADS ? query_norm : key_norm, i, cosf(angle), sinf(angle), epsilon);
    }
    if (head < HEADS + KV_HEADS) {
        u16 *to = head < HEADS ? queries + ((size_t)token * HEADS + head) * HEAD_DIM : keys + key_at(slots[token], head - HEADS);
        to[i] = to_half(a);
        to[i + HALF] = to_half(b);
        return;
    }
    u16 *to = values + values_at(slots[token], head - HEADS - KV_HEADS) + value_place(slots[token] % 16);
    to[i * 16] = finite_half(a);
    to[(i + HALF) * 16] = finite_half(b);
}
