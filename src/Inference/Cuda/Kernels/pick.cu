// The largest TOP logits of each row, in falling order (of equals the first one first), and the logarithm of the sum of all
// exponentials: what choosing a token needs, in place of the whole row. A row is cut into SLICES that are searched at once.

#define TOP 64
#define SLICES 16
#define FOUND (2 * TOP + 2)
#define INFINITE __uint_as_float(0x7f800000u)
#define NO_NUMBER __uint_as_float(0x7fc00000u)

// Larger for larger floats; a NaN beats everything, so that it is seen.
DEVICE u32 rank_of(float v) {
    if (v != v) return 0xffffffffu;
    const u32 bits = __float_as_uint(v);
    return bits >> 31 ? ~bits : bits | 0x80000000u;
}

// One slice of one row: its TOP largest in any order (fewer in a short slice: the rest is marked with -1), its maximum and its sum. What
// a thread has of the slice it reads once; of a slice of more than KEPT times as many as there are threads it reads the rest again and again.
#define SLICE_THREADS 1024
#define KEPT 10
extern "C" __global__ void __launch_bounds__(SLICE_THREADS, 1)
pick_slices(const float *logits, int *ids, float *values, float *marks, int width) {
    __shared__ int counts[256];
    __shared__ int taken, tied;
    __shared__ u32 prefix;
    __shared__ int wanted;
    __shared__ float parts[SLICE_THREADS / 32];
    let_next_begin();
    wait_for_last();
    const int slice = blockIdx.x, size = (width + SLICES - 1) / SLICES, from = slice * size, count = max(0, min(size, width - from)), lane = threadIdx.x & 31;
    const float *row = logits + (size_t)blockIdx.y * width + from;
    const size_t at = ((size_t)blockIdx.y * SLICES + slice) * TOP;
    float kept[KEPT];
#pragma unroll
    for (int k = 0; k < KEPT; k++) kept[k] = threadIdx.x + k * SLICE_THREADS < count ? row[threadIdx.x + k * SLICE_THREADS] : -INFINITE;
    // All threads of a warp go through as many places together; those behind the slice's end are said not to be there.
    auto each = [&](auto action) {
#pragma unroll
        for (int k = 0; k < KEPT; k++)
            if (k * SLICE_THREADS < count) action(threadIdx.x + k * SLICE_THREADS, kept[k], threadIdx.x + k * SLICE_THREADS < count);
        for (int base = KEPT * SLICE_THREADS; base < count; base += SLICE_THREADS) {
            const int i = base + threadIdx.x;
            action(i, i < count ? row[i] : -INFINITE, i < count);
        }
    };

    float most = -INFINITE;
    each([&](int, float v, bool) { most = v != v || most != most ? NO_NUMBER : fmaxf(most, v); });
    // A NaN is passed on; fmaxf would drop it.
#pragma unroll
    for (int o = 16; o; o >>= 1) {
        const float other = __shfl_xor_sync(0xffffffffu, most, o);
        most = other != other || most != most ? NO_NUMBER : fmaxf(most, other);
    }
    if (lane == 0) parts[threadIdx.x >> 5] = most;
    __syncthreads();
    most = parts[0];
    for (int w = 1; w < SLICE_THREADS / 32; w++) most = parts[w] != parts[w] || most != most ? NO_NUMBER : fmaxf(most, parts[w]);
    __syncthreads();
    float sum = 0.f;
    each([&](int, float v, bool) { sum += v == -INFINITE ? 0.f : expf(v - most); });
    sum = warp_sum(sum);
    if (lane == 0) parts[threadIdx.x >> 5] = sum;
    if (threadIdx.x == 0) prefix = 0, wanted = min(TOP, count), taken = 0, tied = 0;
    if (threadIdx.x < TOP) ids[at + threadIdx.x] = -1, values[at + threadIdx.x] = -INFINITE;
    __syncthreads();
    if (threadIdx.x == 0) {
        sum = parts[0];
        for (int w = 1; w < SLICE_THREADS / 32; w++) sum += parts[w];
        marks[((size_t)blockIdx.y * SLICES + slice) * 2] = most;
        marks[((size_t)blockIdx.y * SLICES + slice) * 2 + 1] = sum;
    }

    // The rank of the last one taken, byte by byte from the top.
    for (int shift = 24; shift >= 0; shift -= 8) {
        if (threadIdx.x < 256) counts[threadIdx.x] = 0;
        __syncthreads();
        // Most logits share their first bytes: a warp counts those alike at once.
        each([&](int, float v, bool is_there) {
            const u32 rank = rank_of(v);
            const bool counts_too = is_there && (shift == 24 || rank >> (shift + 8) == prefix);
            if (__ballot_sync(0xffffffffu, counts_too) == 0) return;
            const u32 alike = __match_any_sync(0xffffffffu, counts_too ? rank >> shift & 255 : 256u);
            if (counts_too && (alike & ((1u << lane) - 1)) == 0) atomicAdd(&counts[rank >> shift & 255], __popc(alike));
        });
        __syncthreads();
        // A warp looks for the byte at which there are enough, the largest first: eight bytes a lane.
        if (threadIdx.x < 32) {
            int mine = 0;
            for (int i = 0; i < 8; i++) mine += counts[255 - lane * 8 - i];
            int before = mine;
#pragma unroll
            for (int o = 1; o < 32; o *= 2) {
                const int less = __shfl_sync(0xffffffffu, before, max(lane - o, 0));
                if (lane >= o) before += less;
            }
            before -= mine;
            const int enough = wanted;
            __syncwarp();
            if (before < enough && before + mine >= enough) {
                int byte = 255 - lane * 8, left = enough - before;
                while (counts[byte] < left) left -= counts[byte--];
                wanted = left, prefix = prefix << 8 | byte;
            }
        }
        __syncthreads();
    }
    // `wanted` is how many of that very rank are taken: the first ones. Mostly these are all that there are.
    const bool takes_all = counts[prefix & 255] == wanted;
    each([&](int i, float v, bool is_there) {
        if (!is_there || rank_of(v) < prefix || (!takes_all && rank_of(v) == prefix)) return;
        const int place = atomicAdd(&taken, 1);
        ids[at + place] = from + i, values[at + place] = v;
    });
    __syncthreads();
    if (takes_all || threadIdx.x >= 32) return;
    for (int base = 0; base < count && tied < wanted; base += 32) {
        const int i = base + threadIdx.x;
        const bool is_tied = i < count && rank_of(row[i]) == prefix;
        const u32 all = __ballot_sync(0xffffffffu, is_tied);
        const int place = tied + __popc(all & ((1u << threadIdx.x) - 1));
        if (is_tied && place < wanted) ids[at + taken + place] = from + i, values[at + taken + place] = row[i];
        __syncwarp();
        if (threadIdx.x == 0) tied += __popc(all);
        __syncwarp();
    }
}

// The slices of a row together. found, for each row: TOP ids, as many logits, the maximum and the logarithm of the sum.
extern "C" __global__ void __launch_bounds__(512)
pick_rows(const int *slice_ids, const float *slice_values, const float *slice_marks, u32 *found) {
    constexpr int ALL = SLICES * TOP;
    __shared__ float value[ALL];
    __shared__ int id[ALL];
    const size_t row = blockIdx.x;
    let_next_begin();
    wait_for_last();
    for (int i = threadIdx.x; i < ALL; i += 512) value[i] = slice_values[row * ALL + i], id[i] = slice_ids[row * ALL + i];
    // Bitonic: after it the first place comes first. A thread has a pair; up to a distance of 32 a warp's pairs stay within its 64 places.
    bool was_far = true;
    for (int size = 2; size <= ALL; size *= 2)
        for (int step = size / 2; step > 0; step /= 2) {
            if (step > 32 || was_far) __syncthreads();
            else __syncwarp();
            was_far = step > 32;
            const int i = threadIdx.x / step * 2 * step + threadIdx.x % step, j = i + step;
            const u32 a = rank_of(value[i]), b = rank_of(value[j]);
            const bool is_before = a > b || (a == b && (u32)id[i] <= (u32)id[j]);
            if (is_before == ((i & size) == 0)) continue;
            const float v = value[i];
            const int n = id[i];
            value[i] = value[j], id[i] = id[j];
            value[j] = v, id[j] = n;
        }
    __syncthreads();
    found += row * FOUND;
    if (threadIdx.x < TOP) found[threadIdx.x] = id[threadIdx.x], found[TOP + threadIdx.x] = __float_as_uint(value[threadIdx.x]);
    if (threadIdx.x > 0) return;
    float most = value[0], sum = 0.f;
    for (int slice = 0; slice < SLICES; slice++) {
        const float *mark = slice_marks + (row * SLICES + slice) * 2;
        if (mark[1] > 0.f) sum += mark[1] * expf(mark[0] - most);
    }
    found[2 * TOP] = __float_as_uint(most);
    found[2 * TOP + 1] = __float_as_uint(most + logf(sum));
}
