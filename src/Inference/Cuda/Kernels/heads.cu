// What a token's heads need on their way to and through attention, shared by the kernels that do it: the rotation of queries and keys, and
// how scores become weights and what has been seen is put together. Put before every kernel file, behind weights.cu.
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
// A score that is not seen, and the least that a part's largest one counts for: seen from there, what is not seen weighs nothing.
#define NOTHING -3.0e38f
#define LEAST -1.0e30f
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

// Scores are counted in powers of two, as the chip has them: a weight is one product-sum and one power.
DEVICE constexpr float score_scale() { return (HEAD_DIM == 64 ? 0.125f : 0.0883883476f) * 1.44269504f; }

// A row's scores of a part become weights, its largest score taken off. A lane has `of(n, i)`, those of places n * 8 + quarter * 2 + i,
// NOTHING where there is nothing to see; four lanes share a row.
template <class Scores> DEVICE void weigh(Scores of, float scale, float &top, float &weight) {
    float most[2] = {NOTHING, NOTHING}, sums[2] = {0.f, 0.f};
#pragma unroll
    for (int n = 0; n < PART / 8; n++)
#pragma unroll
        for (int i = 0; i < 2; i++) most[i] = fmaxf(most[i], of(n, i));
    float all = fmaxf(most[0], most[1]);
    all = fmaxf(all, __shfl_xor_sync(0xffffffffu, all, 1));
    all = fmaxf(all, __shfl_xor_sync(0xffffffffu, all, 2));
    top = fmaxf(product(all, scale), LEAST);
#pragma unroll
    for (int n = 0; n < PART / 8; n++)
#pragma unroll
        for (int i = 0; i < 2; i++) sums[i] += of(n, i) = power_of_two(fmaf(of(n, i), scale, -top));
    weight = sums[0] + sums[1];
    weight += __shfl_xor_sync(0xffffffffu, weight, 1);
    weight += __shfl_xor_sync(0xffffffffu, weight, 2);
}

// What has been seen so far and what comes next, a part or a span: the larger top is taken off both, which leaves a share of each.
struct Shares { float mine, its; };
DEVICE Shares meet(float &top, float &weight, float its_top, float its_weight) {
    const float most = fmaxf(top, its_top);
    const Shares shares = {power_of_two(top - most), power_of_two(its_top - most)};
    top = most;
    weight = fmaf(its_weight, shares.its, product(weight, shares.mine));
    return shares;
}
DEVICE float together(float value, float its_value, const Shares &shares) { return fmaf(its_value, shares.its, product(value, shares.mine)); }

// The largest score, the sum of weights and of weighted values, both with that score taken off.
template <int COLUMNS> struct Seen {
    float top, weight, value[COLUMNS];
    DEVICE void take(float its_top, float its_weight, const float (&its_value)[COLUMNS]) {
        const Shares shares = meet(top, weight, its_top, its_weight);
#pragma unroll
        for (int i = 0; i < COLUMNS; i++) value[i] = together(value[i], its_value[i], shares);
    }
};

// A column of a head of a token, as the linear layers read it. A zero has no sign: what a token does not see may have been taken up or left out.
DEVICE float attended(float value, float weight) { return sum(value, 0.f) / weight; }

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
