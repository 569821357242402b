// A step of a few decodes, all layers of it, in one launch: every processor of the chip has one block of threads that stays.
//
// Reading weights is what a decode waits for, so it never stops: each warp knows which tiles it will need, through all layers, and
// keeps RING of them on their way to shared memory, across the barriers at which the blocks wait for each other. Every thread copies
// the very bytes that it will compute with, so that nobody has to be waited for.
//
// Four warps are a team. A team takes a tile of W, a segment of the columns each, or a span of a sequence's past.

#define TEAMS 3
#define WARPS (4 * TEAMS)
#define THREADS (32 * WARPS)
#define ATTENTION_WIDTH (HEADS * HEAD_DIM)
#define QKV_WIDTH ((HEADS + 2 * KV_HEADS) * HEAD_DIM)

// As in CudaStep.cs.
struct Step {
    const u8 *qkv_weights, *output_weights, *gate_up_weights, *down_weights;
    const float *qkv_scales, *output_scales, *gate_up_scales, *down_scales;
    const u16 *input_norms, *query_norms, *key_norms, *post_norms, *embeddings;
    const float *frequencies;
    const int *axes, *ids, *positions, *slots, *places, *tables;
    u16 *keys, *values, *x, *gated;
    float *hidden, *qkv, *sums, *marks;
    // For each token and key head: how many spans have been attended to. Zero between layers.
    int *arrivals;
    // How often a block arrived at a barrier since the start.
    u32 *barrier;
    size_t layer_cache;
    int tokens, table_width, spans;
    u32 arrived;
    float epsilon;
};

#define QKV 0
#define OUTPUT 1
#define GATE_UP 2
#define DOWN 3

DEVICE constexpr int rows_of(int phase) { return phase == QKV ? QKV_WIDTH : phase == GATE_UP ? 2 * INTERMEDIATE : HIDDEN; }
DEVICE constexpr int columns_of(int phase) { return phase == OUTPUT ? ATTENTION_WIDTH : phase == DOWN ? INTERMEDIATE : HIDDEN; }

// What a warp will read next.
struct Stream {
    const u8 *next;
    int left, layer, phase, round;
};

DEVICE void next_segment(const Step &step, Stream &stream, int team, int segment, int lane) {
    do {
        if (stream.layer == LAYERS) return;
        const int phase = stream.phase, blocks = columns_of(phase) / 128, rows = rows_of(phase);
        const int tile = blockIdx.x + (++stream.round * TEAMS + team) * gridDim.x;
        if (tile >= rows / 16) {
            stream.round = -1;
            if (++stream.phase > DOWN) stream.phase = 0, stream.layer++;
            continue;
        }
        const int first = segment * segment_blocks(blocks);
        const u8 *weights = phase == QKV ? step.qkv_weights : phase == OUTPUT ? step.output_weights : phase == GATE_UP ? step.gate_up_weights : step.down_weights;
        stream.next = weights + (size_t)stream.layer * rows * columns_of(phase) + ((size_t)tile * blocks + first) * TILE_BYTES + lane * 16;
        stream.left = min(segment_blocks(blocks), blocks - first);
    } while (stream.left <= 0);
}

// Tells of a tile to fetch; of none at the end, so that the count of those on their way stays the same.
DEVICE void fetch(const Step &step, Stream &stream, u8 *ring, int team, int segment, int lane) {
    if (stream.left <= 0) next_segment(step, stream, team, segment, lane);
    if (stream.left > 0) {
#pragma unroll
        for (int piece = 0; piece < 4; piece++) copy_aside(ring + piece * 512, stream.next + piece * 512, true);
        stream.next += TILE_BYTES;
        stream.left--;
    }
    copies_end();
}

template <int TOKENS, int RING> struct Decoder {
    static constexpr int X_STRIDE = HIDDEN + 8;
    static constexpr int ATTEND = attend_floats<GROUP>(), SUMS = SEGMENTS * 16 * 8;
    const Step &step;
    u8 *ring;
    u16 *x;
    float *shared, *parts;
    Stream stream;
    int place, thread, team, segment, lane, group, quarter;
    u32 arrived;

    static constexpr int shared_floats() { return TEAMS * (ATTEND + GROUP * HEAD_DIM / 2 > 2 * SUMS ? ATTEND + GROUP * HEAD_DIM / 2 : 2 * SUMS); }

    DEVICE Decoder(const Step &step, u8 *memory) : step(step), stream{nullptr, 0, 0, 0, -1}, place(0), arrived(step.arrived) {
        thread = threadIdx.x, lane = thread & 31, team = thread >> 7, segment = thread >> 5 & 3, group = lane >> 2, quarter = lane & 3;
        ring = memory + (thread >> 5) * RING * TILE_BYTES + lane * 16;
        x = (u16 *)(memory + WARPS * RING * TILE_BYTES);
        shared = (float *)(x + TOKENS * X_STRIDE);
        parts = shared + shared_floats();
    }

    DEVICE void team_sync() { sync_threads_of(1 + team, 128); }

    // All blocks wait for each other, and see what each of them wrote.
    DEVICE void grid_sync() {
        arrived += gridDim.x;
        __syncthreads();
        if (thread == 0) {
            __threadfence();
            atomicAdd(step.barrier, 1u);
            while ((int)(read_volatile(step.barrier) - arrived) < 0) relax();
            __threadfence();
        }
        __syncthreads();
    }

    DEVICE void embed() {
        for (int token = blockIdx.x; token < step.tokens; token += gridDim.x)
            for (int i = thread; i < HIDDEN; i += THREADS) step.hidden[(size_t)token * HIDDEN + i] = bf16_of(step.embeddings[(size_t)step.ids[token] * HIDDEN + i]);
    }

    // RMSNorm of all tokens, by every block for itself.
    DEVICE void norm(const u16 *weight) {
        if (thread < 32 * NORM_PARTS)
#pragma unroll
            for (int token = 0; token < TOKENS; token++) {
                if (token >= step.tokens) break;
                const float squares = warp_sum(norm_squares(step.hidden + (size_t)token * HIDDEN, HIDDEN, thread));
                if (lane == 0) parts[token * NORM_PARTS + (thread >> 5)] = squares;
            }
        __syncthreads();
#pragma unroll
        for (int token = 0; token < TOKENS; token++) {
            if (token >= step.tokens) break;
            const float *row = step.hidden + (size_t)token * HIDDEN, scale = norm_scale(parts + token * NORM_PARTS, HIDDEN, step.epsilon);
            for (int i = thread; i < HIDDEN; i += THREADS) x[token * X_STRIDE + exchanged(i)] = to_half(row[i] * scale * bf16_of(weight[i]));
        }
        __syncthreads();
    }

    // The activations that a lane needs of a block of columns.
    DEVICE void load_x(quad (&b)[4], const u16 *from, int block) {
        const u16 *p = from + block * 128 + quarter * 16;
        const bool there = group < step.tokens;
        b[0] = there ? load_quad(p) : quad{0, 0, 0, 0};
        b[1] = there ? load_quad(p + 8) : quad{0, 0, 0, 0};
        b[2] = there ? load_quad(p + 64) : quad{0, 0, 0, 0};
        b[3] = there ? load_quad(p + 72) : quad{0, 0, 0, 0};
    }

    template <int PHASE, int EPILOGUE> DEVICE void multiply_all(const u16 *from, int stride, const float *scales, void *out) {
        constexpr int BLOCKS = columns_of(PHASE) / 128, PER = (BLOCKS + SEGMENTS - 1) / SEGMENTS, TILES = rows_of(PHASE) / 16;
        constexpr int OUTPUTS = outputs_of<EPILOGUE>(), ROWS = TILES * OUTPUTS;
        const int first = segment * PER, last = min(first + PER, BLOCKS);
        from += group * stride;
        int turn = 0;
        for (int tile = blockIdx.x + team * gridDim.x; tile < TILES; tile += TEAMS * gridDim.x, turn ^= 1) {
            float total[4] = {};
            quad b[4], ahead[4];
            if (first < last) load_x(ahead, from, first);
            for (int block = first; block < last; block++) {
#pragma unroll
                for (int i = 0; i < 4; i++) b[i] = ahead[i];
                if (block + 1 < last) load_x(ahead, from, block + 1);
                copies_wait<RING - 1>();
                quad w[4];
                u8 *slot = ring + place * TILE_BYTES;
#pragma unroll
                for (int piece = 0; piece < 4; piece++) w[piece] = load_quad(slot + piece * 512);
                fetch(step, stream, slot, team, segment, lane);
                place = place + 1 == RING ? 0 : place + 1;
                float part[4] = {};
#pragma unroll
                for (int chunk = 0; chunk < 2; chunk++)
#pragma unroll
                    for (int i = 0; i < 4; i++)
                        multiply(part, word_of(w[chunk * 2], i), word_of(w[chunk * 2 + 1], i), word_of(b[chunk * 2 + (i >> 1)], (i & 1) * 2), word_of(b[chunk * 2 + (i >> 1)], (i & 1) * 2 + 1));
#pragma unroll
                for (int i = 0; i < 4; i++) total[i] = sum(total[i], product(scales[(size_t)scale_row<EPILOGUE>(tile, i >> 1, ROWS) * BLOCKS + block], part[i]));
            }
            float *sums = shared + (team * 2 + turn) * SUMS;
#pragma unroll
            for (int i = 0; i < 4; i++) sums[segment * 128 + (quarter * 2 + (i & 1)) * 16 + group + (i >> 1) * 8] = total[i];
            team_sync();
            const int at = thread & 127, token = at >> 4, row = at & 15;
            if (token >= step.tokens || row >= OUTPUTS) continue;
            float value = sums[at], up = sums[at + 8 & 127];
            for (int s = 1; s * PER < BLOCKS; s++) value = sum(value, sums[s * 128 + at]), up = sum(up, sums[s * 128 + (at + 8 & 127)]);
            finish<EPILOGUE>(out, value, up, token, tile * OUTPUTS + row, ROWS);
        }
    }

    // The heads of a token that a team needs: its queries to shared memory, and with its last span its key and value to the cache.
    DEVICE void turn_heads(int layer, int token, int kv, bool is_last, u16 *queries) {
        for (int j = segment; j < GROUP + (is_last ? 2 : 0); j += 4) {
            const bool is_query = j < GROUP, is_value = j == GROUP + 1;
            const int head = is_query ? kv * GROUP + j : is_value ? HEADS + KV_HEADS + kv : HEADS + kv;
            const float *from = step.qkv + ((size_t)token * (HEADS + 2 * KV_HEADS) + head) * HEAD_DIM;
            float a[HALF / 32], b[HALF / 32];
#pragma unroll
            for (int k = 0; k < HALF / 32; k++) a[k] = from[lane + 32 * k], b[k] = from[lane + 32 * k + HALF];
            if (!is_value) {
                float squares = squares_of(a[0], b[0]);
#pragma unroll
                for (int k = 1; k < HALF / 32; k++) squares += squares_of(a[k], b[k]);
#pragma unroll
                for (int k = 0; k < HALF / 32; k++) {
                    const int i = lane + 32 * k;
                    const float angle = product(step.positions[step.axes[i] * step.tokens + token], step.frequencies[i]);
                    turn(a[k], b[k], squares, (is_query ? step.query_norms : step.key_norms) + layer * HEAD_DIM, i, angle, step.epsilon);
                }
            }
            const int slot = step.slots[token];
            u16 *to = is_query ? queries + j * HEAD_DIM : is_value ? step.values + layer * step.layer_cache + values_at(slot, kv) + value_place(slot % 16) : step.keys + layer * step.layer_cache + key_at(slot, kv);
#pragma unroll
            for (int k = 0; k < HALF / 32; k++) {
                const int i = lane + 32 * k, each = is_value ? 16 : 1;
                to[i * each] = is_value ? finite_half(a[k]) : to_half(a[k]);
                to[(i + HALF) * each] = is_value ? finite_half(b[k]) : to_half(b[k]);
            }
        }
    }

    // A span of a token's past for a key head's queries a team; who is the last one of a head's puts the spans together.
    DEVICE void attention(int layer) {
        float *mine = shared + team * (ATTEND + GROUP * HEAD_DIM / 2);
        u16 *queries = (u16 *)(mine + ATTEND);
        const int items = step.spans * step.tokens * KV_HEADS;
        for (int item = blockIdx.x + team * gridDim.x; item < items; item += TEAMS * gridDim.x) {
            const int kv = item % KV_HEADS, token = item / KV_HEADS % step.tokens, span = item / KV_HEADS / step.tokens;
            const int last = step.places[token] / SPAN;
            if (span > last) continue;
            const size_t head = (size_t)token * HEADS + kv * GROUP;
            turn_heads(layer, token, kv, span == last, queries);
            team_sync();
            float *sums = step.sums + head * step.spans * HEAD_DIM, *marks = step.marks + head * step.spans * 2;
            attend<1, GROUP>(thread & 127, [&] { team_sync(); }, mine, queries, step.keys + layer * step.layer_cache, step.values + layer * step.layer_cache,
                             step.tables + (size_t)token * step.table_width, step.places + token, 1, kv, span, step.spans, sums, marks);
            team_sync();
            int *before = (int *)parts + TOKENS * NORM_PARTS + team, *arrivals = step.arrivals + token * KV_HEADS + kv;
            if ((thread & 127) == 0) {
                __threadfence();
                *before = atomicAdd(arrivals, 1);
                __threadfence();
            }
            team_sync();
            if (*before < last) continue;
            for (int i = thread & 127; i < GROUP * HEAD_DIM; i += 128) {
                const int j = i / HEAD_DIM, column = i % HEAD_DIM;
                const float value = joined(sums + (size_t)j * step.spans * HEAD_DIM, marks + j * step.spans * 2, last + 1, column);
                step.x[(size_t)token * ATTENTION_WIDTH + exchanged((kv * GROUP + j) * HEAD_DIM + column)] = to_half(value);
            }
            if ((thread & 127) == 0) *arrivals = 0;
        }
    }

    DEVICE void run() {
        for (int i = 0; i < RING; i++) fetch(step, stream, ring + i * TILE_BYTES, team, segment, lane);
        wait_for_last();
        embed();
        grid_sync();
        for (int layer = 0; layer < LAYERS; layer++) {
            norm(step.input_norms + layer * HIDDEN);
            multiply_all<QKV, STORE>(x, X_STRIDE, step.qkv_scales + (size_t)layer * QKV_WIDTH / 128 * (HIDDEN / 128), step.qkv);
            grid_sync();
            attention(layer);
            grid_sync();
            multiply_all<OUTPUT, ADD>(step.x, ATTENTION_WIDTH, step.output_scales + (size_t)layer * HIDDEN / 128 * (ATTENTION_WIDTH / 128), step.hidden);
            grid_sync();
            norm(step.post_norms + layer * HIDDEN);
            multiply_all<GATE_UP, GATED>(x, X_STRIDE, step.gate_up_scales + (size_t)layer * 2 * INTERMEDIATE / 128 * (HIDDEN / 128), step.gated);
            grid_sync();
            multiply_all<DOWN, ADD>(step.gated, INTERMEDIATE, step.down_scales + (size_t)layer * HIDDEN / 128 * (INTERMEDIATE / 128), step.hidden);
            grid_sync();
        }
    }
};

#define STEP(TOKENS, RING)                                                                                                             \
    extern "C" __global__ void __launch_bounds__(THREADS, 1) step_##TOKENS(const __grid_constant__ Step step) {                                          \
        extern __shared__ quad pieces[];                                                                                               \
        Decoder<TOKENS, RING>(step, (u8 *)pieces).run();                                                                               \
    }
#if RING_1
STEP(1, RING_1)
#endif
#if RING_8
STEP(8, RING_8)
#endif
