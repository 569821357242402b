// Our kernels against plain loops in double precision. Prints a line a check and ends with 1 if one failed.
#include "gpu.h"
#include "warpgroup.h"
#include "weights.inc"
#include "heads.inc"
#include "linear.inc"
#include "wide.inc"
#include "slab.inc"
#include "split.inc"
#include "prefill.inc"
#include "head.inc"
#include "tokens.inc"
#include "attention.inc"
#include "flash.inc"
#include "pick.inc"
#if WEIGHT_BYTES == 1
#include "step.inc"
#endif
#include "vision.inc"
#include <random>

static std::mt19937 generator(1);
static bool failed;

static float normal() {
    static std::normal_distribution<float> distribution;
    return distribution(generator);
}

static void check(const char *name, bool holds, double value) {
    printf("%s: %s (%.1e)\n", holds ? "ok" : "FAILED", name, value);
    failed |= !holds;
}

static void close(const char *name, const std::vector<double> &expected, const std::vector<float> &actual, double limit) {
    double difference = 0, size = 0;
    for (size_t i = 0; i < expected.size(); i++) {
        difference += (expected[i] - actual[i]) * (expected[i] - actual[i]);
        size += expected[i] * expected[i];
    }
    const double error = sqrt(difference / size);
    check(name, error < limit, error);
}

template <class T> static void same(const char *name, const std::vector<T> &a, const std::vector<T> &b) {
    size_t different = 0;
    for (size_t i = 0; i < a.size(); i++) different += a[i] != b[i];
    check(name, a.size() == b.size() && different == 0, (double)different);
}

static float fp8(u8 v) {
    const int exponent = v >> 3 & 15, mantissa = v & 7;
    const float magnitude = exponent ? ldexpf((float)(8 + mantissa), exponent - 10) : ldexpf((float)mantissa, -9);
    return v & 128 ? -magnitude : magnitude;
}

static int groups(int count, int size) { return (count + size - 1) / size; }

#include "together.h"
#include "chunks.h"

// As WeightTiles.cs does it.
static std::vector<u8> arrange(const std::vector<u8> &plain, int rows, int columns, bool is_paired) {
    std::vector<u8> tiles;
    for (int tile = 0; tile < rows / 16; tile++)
        for (int block = 0; block < columns / 128; block++)
            for (int piece = 0; piece < 4; piece++)
                for (int lane = 0; lane < 32; lane++) {
                    const int half = piece & 1, row = is_paired ? half * rows / 2 + tile * 8 + lane / 4 : tile * 16 + half * 8 + lane / 4;
                    const u8 *from = &plain[(size_t)row * columns + block * 128 + piece / 2 * 64 + lane % 4 * 16];
                    tiles.insert(tiles.end(), from, from + 16);
                }
    return tiles;
}

static std::vector<u8> arrange(const std::vector<u16> &plain, int rows, int columns, bool is_paired) {
    std::vector<u16> tiles;
    for (int tile = 0; tile < rows / 16; tile++)
        for (int piece = 0; piece < columns / 16; piece++)
            for (int lane = 0; lane < 32; lane++)
                for (int i = 0; i < 8; i++) {
                    const int half = i >> 1 & 1, row = is_paired ? half * rows / 2 + tile * 8 + lane / 4 : tile * 16 + half * 8 + lane / 4;
                    tiles.push_back(plain[(size_t)row * columns + piece / 4 * 64 + lane % 4 * 16 + piece % 4 * 4 + (i >> 2) + (i & 1) * 2]);
                }
    return std::vector<u8>((const u8 *)tiles.data(), (const u8 *)(tiles.data() + tiles.size()));
}

// The text layers' weights as a test makes them: FP8 whose scales kernels get times 256, or halves.
#if WEIGHT_BYTES == 1
typedef u8 Weight;
static Weight random_weight() {
    Weight w;
    do w = generator() & 255; while ((w & 127) == 127);
    return w;
}
static float value_of(Weight w) { return fp8(w); }
#define SCALED 256
#else
typedef u16 Weight;
static Weight random_weight() { return to_half(normal() * 100); }
static float value_of(Weight w) { return half_of(w); }
#define SCALED 1
#endif

static void test_linear(int tokens, int rows, int columns) {
    const int blocks = columns / 128;
    std::vector<Weight> weights(2 * rows * columns);
    for (Weight &w : weights) w = random_weight();
    std::vector<float> scales(groups(2 * rows, 128) * blocks), given;
    for (float &s : scales) s = 0.005f + generator() % 100 * 1e-4f;
    for (float s : scales) given.push_back(s * SCALED);
    std::vector<u16> x(tokens * columns);
    std::vector<float> plain(tokens * columns);
    for (int t = 0; t < tokens; t++)
        for (int k = 0; k < columns; k++) plain[t * columns + k] = half_of(x[t * columns + exchanged(k)] = to_half(normal()));
    auto dot = [&](int t, int row) {
        double total = 0;
        for (int k = 0; k < columns; k++) total += (double)plain[t * columns + k] * value_of(weights[(size_t)row * columns + k]) * scales[(row >> 7) * blocks + (k >> 7)];
        return total;
    };
    std::vector<double> expected, gated;
    for (int t = 0; t < tokens; t++)
        for (int row = 0; row < rows; row++) {
            const double gate = dot(t, row), up = dot(t, row + rows);
            expected.push_back(gate);
            gated.push_back(gate / (1 + exp(-gate)) * up);
        }

    printf("-- %d tokens, %d x %d\n", tokens, rows, columns);
    const std::vector<u8> tiles = arrange(weights, rows, columns, false), pairs = arrange(weights, 2 * rows, columns, true);
    std::vector<float> one(tokens * rows, NAN), four(tokens * rows, 0.f), many(tokens * rows, NAN);
    launch({rows / 32, groups(tokens, 8), 1}, 256, [&] { linear_store_1(tiles.data(), given.data(), x.data(), one.data(), rows, columns, tokens); });
    launch({rows / 32, groups(tokens, 32), 1}, 256, [&] { linear_add_4(tiles.data(), given.data(), x.data(), four.data(), rows, columns, tokens); });
    launch({rows / 128, groups(tokens, 128), 1}, 256, [&] { wide_store(tiles.data(), given.data(), x.data(), many.data(), rows, columns, tokens); });
    close("product", expected, one, 1e-6);
    same("the same bits in groups of 32 tokens", one, four);
    same("the same bits through shared memory", one, many);

    std::vector<u16> halves(tokens * rows), wide_halves(tokens * rows);
    launch({rows / 16, groups(tokens, 16), 1}, 256, [&] { linear_gated_2(pairs.data(), given.data(), x.data(), halves.data(), rows, columns, tokens); });
    launch({rows / 64, groups(tokens, 128), 1}, 256, [&] { wide_gated(pairs.data(), given.data(), x.data(), wide_halves.data(), rows, columns, tokens); });
    std::vector<float> actual;
    for (int t = 0; t < tokens; t++)
        for (int row = 0; row < rows; row++) actual.push_back(half_of(halves[t * rows + exchanged(row)]));
    close("gated product", gated, actual, 1e-3);
    same("gated, the same bits through shared memory", halves, wide_halves);
    test_together(tokens, rows, columns, tiles, pairs, given, x, one, halves);

    std::vector<u8> codes(rows * columns);
    for (u8 &w : codes) w = generator() & 0xf7;
    std::vector<float> ones(groups(rows, 128) * blocks, 256.f), head_one(tokens * rows, NAN), head_four(tokens * rows, NAN);
    const std::vector<u8> head_tiles = arrange(codes, rows, columns, false);
    launch({rows / 32, groups(tokens, 8), 1}, 256, [&] { fp8_head_1(head_tiles.data(), ones.data(), x.data(), head_one.data(), rows, columns, tokens); });
    launch({rows / 32, groups(tokens, 32), 1}, 256, [&] { fp8_head_4(head_tiles.data(), ones.data(), x.data(), head_four.data(), rows, columns, tokens); });
    same("FP8 head, the same bits for more tokens", head_one, head_four);
    expected.clear();
    for (int t = 0; t < tokens; t++)
        for (int row = 0; row < rows; row++) {
            double total = 0;
            for (int k = 0; k < columns; k++) total += (double)plain[t * columns + k] * fp8(codes[row * columns + k]);
            expected.push_back(total);
        }
    close("FP8 head", expected, head_one, 1e-6);

    std::vector<u16> table(rows * columns);
    for (u16 &w : table) w = to_bf16(normal() * 0.02f);
    std::vector<float> logits(tokens * rows, NAN);
    std::vector<float> other_logits(tokens * rows, NAN);
    launch({groups(rows, 128), groups(tokens, 16), 1}, 256, [&] { head_2(table.data(), plain.data(), logits.data(), rows, columns, tokens); });
    launch({groups(rows, 256), groups(tokens, 64), 1}, 256, [&] { head_8(table.data(), plain.data(), other_logits.data(), rows, columns, tokens); });
    same("head, the same bits for more tokens", logits, other_logits);
    expected.clear();
    for (int t = 0; t < tokens; t++)
        for (int row = 0; row < rows; row++) {
            double total = 0;
            for (int k = 0; k < columns; k++) total += (double)plain[t * columns + k] * bf16_of(table[row * columns + k]);
            expected.push_back(total);
        }
    close("head", expected, logits, 1e-5);
}

static void test_halves() {
    const int width = 384, tokens = 3;
    std::vector<float> rows(tokens * width);
    for (float &v : rows) v = normal() * 3;
    rows[5] = 1e6f, rows[width + 7] = -1e6f;
    std::vector<u16> x(tokens * width), expected;
    launch({tokens, 1, 1}, 256, [&] { halve_rows(rows.data(), x.data(), width); });
    for (int t = 0; t < tokens; t++)
        for (int i = 0; i < width; i++) {
            const float v = rows[t * width + exchanged(i)];
            expected.push_back(to_half(v > 65504.f ? 65504.f : v < -65504.f ? -65504.f : v));
        }
    same("rows as halves, in the order of products", expected, x);
}

static void test_norm() {
    const int width = 384, tokens = 3;
    std::vector<float> hidden(tokens * width);
    for (float &v : hidden) v = normal() * 3;
    std::vector<u16> weight(width), x(tokens * width);
    for (u16 &w : weight) w = to_bf16(1 + 0.1f * normal());
    launch({tokens, 1, 1}, 256, [&] { rms_norm(hidden.data(), weight.data(), x.data(), width, 1e-6f, 0); });
    std::vector<u16> tiles(8 * width, 0x7e00);
    launch({tokens, 1, 1}, 256, [&] { rms_norm(hidden.data(), weight.data(), tiles.data(), width, 1e-6f, 1); });
    same("norm in tiles", in_tiles(x, tokens, width), tiles);
    std::vector<double> expected;
    std::vector<float> actual;
    for (int t = 0; t < tokens; t++) {
        double squares = 0;
        for (int i = 0; i < width; i++) squares += (double)hidden[t * width + i] * hidden[t * width + i];
        for (int i = 0; i < width; i++) {
            expected.push_back(hidden[t * width + i] / sqrt(squares / width + 1e-6) * bf16_of(weight[i]));
            actual.push_back(half_of(x[t * width + exchanged(i)]));
        }
    }
    close("norm", expected, actual, 1e-3);
}

static void test_attention() {
    const int tokens = 300, width = (HEADS + 2 * KV_HEADS) * HEAD_DIM, half = HALF, blocks = groups(tokens, BLOCK_SIZE);
    std::vector<float> qkv(tokens * width);
    for (float &v : qkv) v = normal();
    std::vector<u16> query_norm(HEAD_DIM), key_norm(HEAD_DIM);
    for (int i = 0; i < HEAD_DIM; i++) query_norm[i] = to_bf16(1 + 0.1f * normal()), key_norm[i] = to_bf16(1 + 0.1f * normal());
    std::vector<int> positions(3 * tokens), axes(half), table(blocks), slots(tokens), places(tokens);
    std::vector<float> frequencies(half);
    for (int i = 0; i < half; i++) axes[i] = i % 3, frequencies[i] = powf(1e5f, -2.f * i / HEAD_DIM);
    for (int axis = 0; axis < 3; axis++)
        for (int t = 0; t < tokens; t++) positions[axis * tokens + t] = t / (axis + 1);
    for (int i = 0; i < blocks; i++) table[i] = blocks - 1 - i;
    for (int t = 0; t < tokens; t++) slots[t] = table[t / BLOCK_SIZE] * BLOCK_SIZE + t % BLOCK_SIZE, places[t] = t;
    std::vector<u16> queries(tokens * HEADS * HEAD_DIM), keys(blocks * BLOCK_SIZE * KV_HEADS * HEAD_DIM), values(keys.size());
    launch({tokens, HEADS + 2 * KV_HEADS, 1}, half, [&] {
        heads(qkv.data(), query_norm.data(), key_norm.data(), positions.data(), frequencies.data(), axes.data(), slots.data(), queries.data(), keys.data(), values.data(), tokens, 1e-6f);
    });

    // The last tokens, one by one.
    const int first = 286, count = 14, spans = (tokens - 1) / SPAN + 1;
    auto run = [&](int groups) {
        std::vector<u16> x(max(tokens, groups * 8) * HEADS * HEAD_DIM);
        std::vector<float> sums(count * HEADS * spans * HEAD_DIM, NAN), marks(count * HEADS * spans * 2, NAN);
        std::vector<int> tiles;
        for (int t = first; t < first + count; t++) tiles.insert(tiles.end(), {t, 1, 0});
        launch({count, KV_HEADS, spans}, 128, [&] { attend_one(queries.data(), keys.data(), values.data(), table.data(), tiles.data(), places.data(), sums.data(), marks.data(), blocks, spans); });
        launch({count, ::groups(HEADS, 4), 1}, 128, [&] { join(sums.data(), marks.data(), tiles.data(), places.data(), x.data(), spans, groups); });
        return x;
    };
    const auto alone = run(0);
    std::vector<u16> tiles = in_tiles(alone, tokens, HEADS * HEAD_DIM);
    for (u16 &v : tiles) v = v == 0x7e00 ? 0 : v;
    same("attention in tiles", tiles, run(groups_of(tokens)));

    auto turned = [&](int t, int head, const std::vector<u16> &weight) {
        const float *from = &qkv[t * width + head * HEAD_DIM];
        double squares = 0;
        for (int i = 0; i < HEAD_DIM; i++) squares += (double)from[i] * from[i];
        std::vector<double> plain(HEAD_DIM), result(HEAD_DIM);
        for (int i = 0; i < HEAD_DIM; i++) plain[i] = from[i] / sqrt(squares / HEAD_DIM + 1e-6) * bf16_of(weight[i]);
        for (int i = 0; i < half; i++) {
            const double angle = (double)positions[axes[i] * tokens + t] * frequencies[i];
            result[i] = plain[i] * cos(angle) - plain[i + half] * sin(angle);
            result[i + half] = plain[i + half] * cos(angle) + plain[i] * sin(angle);
        }
        return result;
    };
    std::vector<double> expected;
    std::vector<float> actual;
    for (int t : {286, 299})
        for (int head = 0; head < HEADS; head++) {
            const int kv = head / (HEADS / KV_HEADS);
            const auto query = turned(t, head, query_norm);
            std::vector<double> weights(t + 1), result(HEAD_DIM);
            double total = 0;
            for (int p = 0; p <= t; p++) {
                const auto key = turned(p, HEADS + kv, key_norm);
                for (int i = 0; i < HEAD_DIM; i++) weights[p] += query[i] * key[i];
                total += weights[p] = exp(weights[p] / sqrt((double)HEAD_DIM));
            }
            for (int p = 0; p <= t; p++)
                for (int i = 0; i < HEAD_DIM; i++) result[i] += weights[p] / total * qkv[p * width + (HEADS + KV_HEADS + kv) * HEAD_DIM + i];
            for (int i = 0; i < HEAD_DIM; i++) {
                expected.push_back(result[i]);
                actual.push_back(half_of(alone[t * HEADS * HEAD_DIM + exchanged(head * HEAD_DIM + i)]));
            }
        }
    close("attention", expected, actual, 2e-3);
}

#if WEIGHT_BYTES == 1
// Weights of all layers of one kind, as halves of the tests' other matrices: arranged, with their scales.
struct Matrices {
    std::vector<u8> tiles;
    std::vector<float> scales;
    Matrices(int rows, int columns, bool is_paired) {
        for (int layer = 0; layer < LAYERS; layer++) {
            std::vector<u8> plain(rows * columns);
            for (u8 &w : plain) do w = generator() & 255; while ((w & 127) > 0x70);
            const auto arranged = arrange(plain, rows, columns, is_paired);
            tiles.insert(tiles.end(), arranged.begin(), arranged.end());
        }
        for (int i = 0; i < LAYERS * rows / 128 * columns / 128; i++) scales.push_back((0.5f + generator() % 100 * 0.01f) * 256 / 60 / sqrtf(columns));
    }
    const u8 *of(int layer) const { return &tiles[tiles.size() / LAYERS * layer]; }
    const float *scales_of(int layer) const { return &scales[scales.size() / LAYERS * layer]; }
};

static std::vector<u16> halves(size_t count, float mean, float deviation, u16 (*to)(float)) {
    std::vector<u16> made(count);
    for (u16 &v : made) v = to(mean + deviation * normal());
    return made;
}

// The whole step in one launch against the kernels one by one, over sequences of several lengths.
static void test_step() {
    const int vocabulary = 50, tokens = 3, most = 20, blocks = tokens * most, spans = 2;
    const int lengths[tokens] = {300, 6, 257};
    const Matrices qkv(QKV_WIDTH, HIDDEN, false), output(HIDDEN, ATTENTION_WIDTH, false), gate_up(2 * INTERMEDIATE, HIDDEN, true), down(HIDDEN, INTERMEDIATE, false);
    const auto embeddings = halves(vocabulary * HIDDEN, 0, 1, to_bf16), input_norms = halves(LAYERS * HIDDEN, 1, 0.1f, to_bf16), post_norms = halves(LAYERS * HIDDEN, 1, 0.1f, to_bf16);
    const auto query_norms = halves(LAYERS * HEAD_DIM, 1, 0.1f, to_bf16), key_norms = halves(LAYERS * HEAD_DIM, 1, 0.1f, to_bf16);
    const size_t cache = (size_t)blocks * BLOCK_SIZE * KV_HEADS * HEAD_DIM;
    const auto keys = halves(LAYERS * cache, 0, 1, to_half), values = halves(LAYERS * cache, 0, 1, to_half);
    std::vector<int> axes(HALF), ids, positions(3 * tokens), slots, places, tables, tiles;
    std::vector<float> frequencies(HALF);
    for (int i = 0; i < HALF; i++) axes[i] = i % 3, frequencies[i] = powf(1e5f, -2.f * i / HEAD_DIM);
    for (int i = 0; i < blocks; i++) tables.push_back((i * 7) % blocks);
    for (int t = 0; t < tokens; t++) {
        const int place = lengths[t] - 1;
        ids.push_back(t * 11 + 3), places.push_back(place), slots.push_back(tables[t * most + place / BLOCK_SIZE] * BLOCK_SIZE + place % BLOCK_SIZE);
        tiles.insert(tiles.end(), {t, 1, t});
        for (int axis = 0; axis < 3; axis++) positions[axis * tokens + t] = place / (axis + 1);
    }

    struct Buffers {
        std::vector<u16> keys, values, x, queries, gated;
        std::vector<float> hidden, qkv, sums, marks;
        std::vector<int> arrivals;
        Buffers(const std::vector<u16> &keys, const std::vector<u16> &values)
            : keys(keys), values(values), x(8 * max(HIDDEN, ATTENTION_WIDTH)), queries(tokens * ATTENTION_WIDTH), gated(8 * INTERMEDIATE), hidden(8 * HIDDEN, NAN), qkv(tokens * QKV_WIDTH, NAN),
              sums(tokens * HEADS * spans * PARTS * HEAD_DIM, NAN), marks(tokens * HEADS * spans * PARTS * 2, NAN), arrivals(tokens * KV_HEADS) {}
    } apart(keys, values);
    launch({tokens, 1, 1}, 256, [&] { embed(ids.data(), embeddings.data(), nullptr, apart.hidden.data(), HIDDEN); });
    for (int layer = 0; layer < LAYERS; layer++) {
        auto product = [&](auto kernel, const Matrices &m, const std::vector<u16> &from, void *to, int rows, int columns, int each) {
            launch({rows / each, 1, 1}, 256, [&] { kernel(m.of(layer), m.scales_of(layer), from.data(), to, rows, columns, tokens); });
        };
        launch({tokens, 1, 1}, 256, [&] { rms_norm(apart.hidden.data(), &input_norms[layer * HIDDEN], apart.x.data(), HIDDEN, 1e-6f, 0); });
        product(linear_store_1, qkv, apart.x, apart.qkv.data(), QKV_WIDTH, HIDDEN, 32);
        u16 *layer_keys = &apart.keys[layer * cache], *layer_values = &apart.values[layer * cache];
        launch({tokens, HEADS + 2 * KV_HEADS, 1}, HALF, [&] {
            heads(apart.qkv.data(), &query_norms[layer * HEAD_DIM], &key_norms[layer * HEAD_DIM], positions.data(), frequencies.data(), axes.data(), slots.data(), apart.queries.data(), layer_keys, layer_values, tokens, 1e-6f);
        });
        launch({tokens, KV_HEADS, spans}, 128, [&] {
            attend_one(apart.queries.data(), layer_keys, layer_values, tables.data(), tiles.data(), places.data(), apart.sums.data(), apart.marks.data(), most, spans);
        });
        launch({tokens, groups(HEADS, 4), 1}, 128, [&] { join(apart.sums.data(), apart.marks.data(), tiles.data(), places.data(), apart.x.data(), spans, 0); });
        product(linear_add_1, output, apart.x, apart.hidden.data(), HIDDEN, ATTENTION_WIDTH, 32);
        launch({tokens, 1, 1}, 256, [&] { rms_norm(apart.hidden.data(), &post_norms[layer * HIDDEN], apart.x.data(), HIDDEN, 1e-6f, 0); });
        product(linear_gated_1, gate_up, apart.x, apart.gated.data(), INTERMEDIATE, HIDDEN, 16);
        product(linear_add_1, down, apart.gated, apart.hidden.data(), HIDDEN, INTERMEDIATE, 32);
    }

    u32 barrier = 0xffffff00u;
    auto whole = [&](int count, int chip, auto kernel) {
        Buffers together(keys, values);
        std::vector<int> its_positions;
        for (int axis = 0; axis < 3; axis++) its_positions.insert(its_positions.end(), &positions[axis * tokens], &positions[axis * tokens] + count);
        const Step step = {qkv.tiles.data(), output.tiles.data(), gate_up.tiles.data(), down.tiles.data(), qkv.scales.data(), output.scales.data(), gate_up.scales.data(), down.scales.data(),
                           input_norms.data(), query_norms.data(), key_norms.data(), post_norms.data(), embeddings.data(), frequencies.data(),
                           axes.data(), ids.data(), its_positions.data(), slots.data(), places.data(), tables.data(),
                           together.keys.data(), together.values.data(), together.x.data(), together.gated.data(), together.hidden.data(), together.qkv.data(), together.sums.data(), together.marks.data(),
                           together.arrivals.data(), &barrier, cache, count, most, spans, barrier, 1e-6f};
        launch_together(chip, THREADS, [&] { kernel(step); });
        return together;
    };
    const auto together = whole(tokens, 3, step_8);
    auto hidden_of = [](const Buffers &of, int count) { return std::vector<float>(of.hidden.begin(), of.hidden.begin() + count * HIDDEN); };
    same("a step in one launch, the same bits", hidden_of(apart, tokens), hidden_of(together, tokens));
    same("the same keys", apart.keys, together.keys);
    same("the same values", apart.values, together.values);
    const auto alone = whole(1, 2, step_1);
    same("and alone", hidden_of(apart, 1), hidden_of(alone, 1));
    check("every barrier was passed by every block", barrier == 0xffffff00u + (1 + 5 * LAYERS) * 5, barrier);
}

#endif

static void test_pick(const char *name, int width, std::function<float(int)> logit) {
    const int rows = 2;
    std::vector<float> logits;
    for (int row = 0; row < rows; row++)
        for (int i = 0; i < width; i++) logits.push_back(logit(row * width + i));
    std::vector<int> slice_ids(rows * SLICES * TOP), ids, expected_ids;
    std::vector<float> slice_values(slice_ids.size()), slice_marks(rows * SLICES * 2), sums;
    std::vector<u32> found(rows * FOUND);
    launch({SLICES, rows, 1}, SLICE_THREADS, [&] { pick_slices(logits.data(), slice_ids.data(), slice_values.data(), slice_marks.data(), width); });
    launch({rows, 1, 1}, 512, [&] { pick_rows(slice_ids.data(), slice_values.data(), slice_marks.data(), found.data()); });
    std::vector<double> expected;
    for (int row = 0; row < rows; row++) {
        const float *from = &logits[row * width];
        std::vector<int> order(width);
        for (int i = 0; i < width; i++) order[i] = i;
        std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return from[a] > from[b]; });
        expected_ids.insert(expected_ids.end(), order.begin(), order.begin() + TOP);
        double total = 0;
        for (int i = 0; i < width; i++) total += exp((double)from[i] - from[order[0]]);
        expected.push_back(from[order[0]] + log(total));
        for (int i = 0; i < TOP; i++) ids.push_back((int)found[row * FOUND + i]);
        sums.push_back(__uint_as_float(found[row * FOUND + 2 * TOP + 1]));
    }
    same(name, expected_ids, ids);
    close("the sum of all exponentials", expected, sums, 1e-6);
}

static void test_pick_of_no_number() {
    std::vector<float> logits(1000, 1.f);
    logits[700] = NAN;
    std::vector<int> slice_ids(SLICES * TOP);
    std::vector<float> slice_values(SLICES * TOP), slice_marks(SLICES * 2);
    std::vector<u32> found(FOUND);
    launch({SLICES, 1, 1}, SLICE_THREADS, [&] { pick_slices(logits.data(), slice_ids.data(), slice_values.data(), slice_marks.data(), 1000); });
    launch({1, 1, 1}, 512, [&] { pick_rows(slice_ids.data(), slice_values.data(), slice_marks.data(), found.data()); });
    check("what is no number is seen", std::isnan(__uint_as_float(found[2 * TOP])) && found[0] == 700, found[0]);
}

static void test_turn_patches(int dim) {
    const int patches = 5, all = 3, turned = 2 * all, width = 3 * all * dim, half = dim / 2;
    std::vector<u16> qkv(patches * width);
    for (u16 &v : qkv) v = to_bf16(normal());
    std::vector<float> cosines(patches * dim), sines(patches * dim);
    for (int p = 0; p < patches; p++)
        for (int i = 0; i < half; i++) {
            const float angle = p * powf(1e4f, -2.f * i / dim);
            cosines[p * dim + i] = cosines[p * dim + half + i] = cosf(angle);
            sines[p * dim + i] = -(sines[p * dim + half + i] = sinf(angle));
        }
    // As torch does it: a product of its own, then one that is added to it; heads behind those that are turned stay.
    std::vector<u16> expected = qkv;
    for (int p = 0; p < patches; p++)
        for (int head = 0; head < turned; head++)
            for (int i = 0; i < dim; i++) {
                const u16 *from = &qkv[p * width + head * dim];
                expected[p * width + head * dim + i] = to_bf16(fmaf(bf16_of(from[(i + half) % dim]), sines[p * dim + i], product(bf16_of(from[i]), cosines[p * dim + i])));
            }
    launch({patches, 1, 1}, 256, [&] { turn_patches((u32 *)qkv.data(), cosines.data(), sines.data(), turned, dim, width); });
    same("rotated patches", expected, qkv);
}

int main() {
    test_pick("the largest logits", 5000, [](int) { return normal() * 4; });
    test_pick("of equals the first", 3000, [](int i) { return (float)(i * 7919 % 40); });
    test_pick("a row of more than threads keep", (KEPT * SLICE_THREADS + 100) * SLICES, [](int) { return normal() * 4; });
    test_pick("a small vocabulary, all alike", 200, [](int) { return 1.f; });
    test_pick_of_no_number();
    test_linear(1, 128, 384);
    test_linear(20, 128, 640);
    test_linear(130, 128, 1152);
    test_linear(140, 384, 128);
    test_halves();
    test_norm();
    test_attention();
    test_chunks({{0, 1}, {3, 2}});
    test_chunks({{0, 21}, {250, 20}});
    test_chunks({{61, FLASH_TOKENS + 9}});
    test_chunks({{530, 7}, {40, 30}});
#if WEIGHT_BYTES == 1
    test_step();
#endif
    test_turn_patches(72);
    test_turn_patches(16);
    return failed;
}
