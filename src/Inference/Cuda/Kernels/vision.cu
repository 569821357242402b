// What torch takes too many passes over memory for in the vision tower.

// A patch's queries and keys, rotated in place: pairs (i, i + dim / 2) of each head, in float32 as torch would, then back in BF16.
// Cosines and sines are [patches, dim], the same for both halves of a head but for the sign of the sines: it is the second half's.
// A thread has two pairs that are neighbours.
extern "C" __global__ void __launch_bounds__(256)
turn_patches(u32 *qkv, const float *cosines, const float *sines, int heads, int dim, int width) {
    let_next_begin();
    wait_for_last();
    const int words = dim / 4;
    u32 *row = qkv + (size_t)blockIdx.x * (width / 2);
    const float *cosine = cosines + (size_t)blockIdx.x * dim, *sine = sines + (size_t)blockIdx.x * dim + dim / 2;
    for (int i = threadIdx.x; i < heads * words; i += blockDim.x) {
        const int at = i % words;
        u32 *first = row + i / words * (dim / 2) + at, *second = first + words;
        const float a = bf16_low(*first), b = bf16_low(*second), next_a = bf16_high(*first), next_b = bf16_high(*second);
        const float c = cosine[2 * at], s = sine[2 * at], next_c = cosine[2 * at + 1], next_s = sine[2 * at + 1];
        *first = pack_bf16(fmaf(b, -s, product(a, c)), fmaf(next_b, -next_s, product(next_a, next_c)));
        *second = pack_bf16(fmaf(a, s, product(b, c)), fmaf(next_a, next_s, product(next_b, next_c)));
    }
}
