// A step of a few decodes over FP8 weights, all layers of it, in one launch: every processor of the chip has one block of threads that
// stays.
//
// Reading weights is what a decode waits for, so it never stops: each warp knows which tiles it will need, through all layers, and keeps
// RING times two of them on their way to shared memory, across the barriers at which the blocks wait for each other. From Hopper on one
// lane asks for whole tiles; before it every lane copies the bytes that it will compute with, and waits for nobody else's.
//
// Four warps are a team. A team takes a tile of W, a segment of the columns each, or a part of a sequence's past.

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

// Rows of scales that a tile meets.
DEVICE constexpr int halves_of(int phase) { return phase == GATE_UP ? 2 : 1; }
DEVICE constexpr int rows_of(int phase) { return phase == QKV ? QKV_WIDTH : phase == GATE_UP ? 2 * INTERMEDIATE : HIDDEN; }
DEVICE constexpr int columns_of(int phase) { return phase == OUTPUT ? ATTENTION_WIDTH : phase == DOWN ? INTERMEDIATE : HIDDEN; }

// What a warp will read next.
struct Stream {
    const u8 *next;
    int left, layer, phase, round;
};

DEVICE void next_segment(const Step &step, Stream &stream, int team, int segment) {
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
        stream.next = weights + (size_t)stream.layer * rows * columns_of(phase) + ((size_t)tile * blocks + first) * TILE_BYTES;
        stream.left = min(segment_blocks(blocks), blocks - first);
    } while (stream.left <= 0);
}

// Shared memory of a team, in floats: for products two times the sums of four segments; for attention two times a part's scores, and
// the queries. Blocks' own: for each token the norms' parts and the angles' cosines and sines.
#define SUMS (SEGMENTS * 16 * 8)
#define SCORES (GROUP * (PART + 8))
#define TEAM_FLOATS (2 * SUMS > 2 * SCORES + GROUP * HALF ? 2 * SUMS : 2 * SCORES + GROUP * HALF)
#define TOKEN_FLOATS (NORM_PARTS + HEAD_DIM)

// Activations in shared memory: every row for few tokens, else all but the widest.
#define MOST_WIDE (HIDDEN > ATTENTION_WIDTH ? HIDDEN : ATTENTION_WIDTH)
// A place of the ring holds two tiles.
#define SLOT_BYTES (2 * TILE_BYTES)
#define X_STRIDE(TOKENS) ((TOKENS == 1 && INTERMEDIATE > MOST_WIDE ? INTERMEDIATE : MOST_WIDE) + 8)

template <int TOKENS, int RING> struct Decoder {
    static constexpr int WIDTH = X_STRIDE(TOKENS);
    const Step &step;
    u8 *ring;
    u16 *x;
    float *shared, *parts, *turns, *scales;
    int *before;
    Stream stream;
#if BULK_COPIES
    u64 *filled;
    u32 parity = 0;
#endif
    int scales_from[4], scales_count, place, thread, team, segment, lane, group, quarter;
    u32 arrived;

    DEVICE Decoder(const Step &step, u8 *memory) : step(step), stream{nullptr, 0, 0, 0, -1}, place(0), arrived(step.arrived) {
        thread = threadIdx.x, lane = thread & 31, team = thread >> 7, segment = thread >> 5 & 3, group = lane >> 2, quarter = lane & 3;
        ring = memory + (thread >> 5) * RING * SLOT_BYTES;
        x = (u16 *)(memory + WARPS * RING * SLOT_BYTES);
        shared = (float *)(x + TOKENS * WIDTH) + team * TEAM_FLOATS;
        parts = (float *)(x + TOKENS * WIDTH) + TEAMS * TEAM_FLOATS;
        turns = parts + TOKENS * NORM_PARTS;
        scales_count = 0;
#pragma unroll
        for (int phase = QKV; phase <= DOWN; phase++) {
            scales_from[phase] = scales_count;
            scales_count += (rows_of(phase) / 16 + gridDim.x - 1) / gridDim.x * halves_of(phase) * (columns_of(phase) / 128);
        }
        scales = turns + TOKENS * HEAD_DIM;
        before = (int *)(scales + 2 * scales_count) + team;
#if BULK_COPIES
        filled = (u64 *)((size_t)(scales + 2 * scales_count + TEAMS + 1) & ~(size_t)7) + (thread >> 5) * RING;
        if (lane == 0)
            for (int i = 0; i < RING; i++) barrier_begin(filled + i, 1);
        barriers_begun();
        __syncwarp();
#endif
    }

    // Asks for the next two tiles of a segment, or its last one, or for nothing at the end. Nobody reads what was at that place any more.
    DEVICE void fetch(int at) {
        if (stream.left <= 0) next_segment(step, stream, team, segment);
        if (stream.left > 0) {
            u8 *slot = ring + at * SLOT_BYTES;
            const int bytes = min(stream.left, 2) * TILE_BYTES;
#if BULK_COPIES
            if (lane == 0) barrier_expect(filled + at, bytes), copy_bytes_once(slot, stream.next, bytes, filled + at);
#else
            for (int i = lane * 16; i < bytes; i += 512) copy_aside(slot + i, stream.next + i, true);
#endif
            stream.next += bytes;
            stream.left -= 2;
        }
#if !BULK_COPIES
        copies_end();
#endif
    }

    // The next place of the ring; what comes after all that it holds is asked for into it.
    DEVICE void take(quad (&w)[2][4]) {
#if BULK_COPIES
        barrier_wait(filled + place, parity);
#else
        copies_wait<RING - 1>();
#endif
#pragma unroll
        for (int i = 0; i < 8; i++) w[i >> 2][i & 3] = load_quad(ring + place * SLOT_BYTES + i * 512 + lane * 16);
#if BULK_COPIES
        __syncwarp();
#endif
        fetch(place);
        if (++place < RING) return;
        place = 0;
#if BULK_COPIES
        parity ^= 1;
#endif
    }

    // The scales that this block's tiles meet in a layer, a layer ahead: behind the weights they would be waited for long.
    template <int PHASE> DEVICE void stage_scales(const float *all, int layer) {
        constexpr int BLOCKS = columns_of(PHASE) / 128, HALVES = halves_of(PHASE), TILES = rows_of(PHASE) / 16;
        const float *from = all + (size_t)layer * (rows_of(PHASE) / 128) * BLOCKS;
        float *to = scales + (layer & 1) * scales_count + scales_from[PHASE];
        for (int i = thread; i < (TILES + (int)gridDim.x - 1) / (int)gridDim.x * HALVES * BLOCKS; i += THREADS) {
            const int tile = blockIdx.x + i / (HALVES * BLOCKS) * gridDim.x, half = i / BLOCKS % HALVES, block = i % BLOCKS;
            if (tile >= TILES) break;
            const float *one = from + (size_t)scale_row<PHASE == GATE_UP ? GATED : STORE>(tile, half, INTERMEDIATE) * BLOCKS + block;
#if BULK_COPIES
            copy_word_aside(to + i, one);
#else
            to[i] = *one;
#endif
        }
    }

    DEVICE void stage_scales(int layer) {
        stage_scales<QKV>(step.qkv_scales, layer);
        stage_scales<OUTPUT>(step.output_scales, layer);
        stage_scales<GATE_UP>(step.gate_up_scales, layer);
        stage_scales<DOWN>(step.down_scales, layer);
#if BULK_COPIES
        copies_end();
#endif
    }

    // Before the barrier behind which they are used.
    DEVICE void scales_are_there() {
#if BULK_COPIES
        copies_wait<0>();
#endif
    }

    DEVICE void team_sync() { sync_threads_of(1 + team, 128); }

    // All blocks wait for each other, and see what each of them wrote.
    DEVICE void grid_sync() {
        arrived += gridDim.x;
        __syncthreads();
        if (thread == 0) {
            add_released(step.barrier, 1);
            while ((int)(read_acquired(step.barrier) - arrived) < 0) relax();
        }
        __syncthreads();
    }

    DEVICE void embed() {
        for (int token = blockIdx.x; token < step.tokens; token += gridDim.x)
            for (int i = thread; i < HIDDEN; i += THREADS) step.hidden[(size_t)token * HIDDEN + i] = bf16_of(step.embeddings[(size_t)step.ids[token] * HIDDEN + i]);
        for (int i = thread; i < step.tokens * HALF; i += THREADS) {
            const float angle = angle_of(step.positions, step.axes, step.frequencies, step.tokens, i / HALF, i % HALF);
            turns[i] = cosf(angle), turns[TOKENS * HALF + i] = sinf(angle);
        }
    }

    // RMSNorm of all tokens, by every block for itself. There is room for TOKENS rows, and what is in those that no token has is not used.
    DEVICE void norm(const u16 *weight) {
        constexpr int EACH = (HIDDEN + 4 * THREADS - 1) / (4 * THREADS);
        u16 w[EACH][4];
#pragma unroll
        for (int k = 0; k < EACH; k++)
#pragma unroll
            for (int j = 0; j < 4; j++) w[k][j] = 4 * (thread + k * THREADS) < HIDDEN ? weight[4 * (thread + k * THREADS) + j] : 0;
        if (thread < 32 * NORM_PARTS) {
            float squares[TOKENS];
#pragma unroll
            for (int token = 0; token < TOKENS; token++) squares[token] = norm_squares(step.hidden + (size_t)token * HIDDEN, HIDDEN, thread);
#pragma unroll
            for (int token = 0; token < TOKENS; token++) {
                squares[token] = warp_sum(squares[token]);
                if (lane == 0) parts[token * NORM_PARTS + (thread >> 5)] = squares[token];
            }
        }
        __syncthreads();
#pragma unroll
        for (int token = 0; token < TOKENS; token++) {
            if (token >= step.tokens) break;
            const float *row = step.hidden + (size_t)token * HIDDEN, scale = norm_scale(parts + token * NORM_PARTS, HIDDEN, step.epsilon);
#pragma unroll
            for (int k = 0; k < EACH; k++) {
                const int i = 4 * (thread + k * THREADS);
                if (i >= HIDDEN) break;
                const quad four = load_quad(row + i);
                float v[4];
#pragma unroll
                for (int j = 0; j < 4; j++) v[j] = __uint_as_float(word_of(four, j)) * scale * bf16_of(w[k][j]);
                u32 *to = (u32 *)(x + token * WIDTH + i);
                to[0] = pack_half(v[0], v[2]), to[1] = pack_half(v[1], v[3]);
            }
        }
        __syncthreads();
    }

    // Activations that other blocks made, to where they are near.
    template <int COUNT> DEVICE void stage(const u16 *from) {
        for (int i = thread; i < step.tokens * (COUNT / 8); i += THREADS) {
            const int token = i / (COUNT / 8), column = i % (COUNT / 8) * 8;
            *(quad *)(x + token * WIDTH + column) = load_quad(from + (size_t)token * COUNT + column);
        }
        __syncthreads();
    }

    // The activations that a lane needs of two blocks of columns; behind a row's end is the next one's, or room.
    DEVICE void load_x(quad (&b)[2][4], const u16 *from, int block) {
        const u16 *p = from + block * 128 + quarter * 16;
#pragma unroll
        for (int i = 0; i < 8; i++) b[i >> 2][i & 3] = load_quad(p + (i >> 1) * 64 + (i & 1) * 8);
    }

    template <int PHASE, int EPILOGUE> DEVICE void multiply_all(const u16 *from, int stride, int layer, void *out) {
        constexpr int BLOCKS = columns_of(PHASE) / 128, PER = (BLOCKS + SEGMENTS - 1) / SEGMENTS, TILES = rows_of(PHASE) / 16;
        constexpr int OUTPUTS = outputs_of<EPILOGUE>(), ROWS = TILES * OUTPUTS;
        const int first = segment * PER, last = min(first + PER, BLOCKS);
        constexpr int HALVES = halves_of(PHASE);
        const float *scale = scales + (layer & 1) * scales_count + scales_from[PHASE] + team * HALVES * BLOCKS;
        // What is computed of tokens that there are not is not used.
        from += (group < step.tokens ? group : 0) * stride;
        int turn = 0;
        for (int tile = blockIdx.x + team * gridDim.x; tile < TILES; tile += TEAMS * gridDim.x, turn ^= 1, scale += TEAMS * HALVES * BLOCKS) {
            const int at = thread & 127, token = at >> 4, row = at & 15;
            const bool has_output = token < step.tokens && row < OUTPUTS;
            const float before = EPILOGUE == ADD && has_output ? ((float *)out)[(size_t)token * ROWS + tile * OUTPUTS + row] : 0.f;
            float total[4] = {};
            // From another block's hands activations take their time: they are asked for two blocks of columns ahead.
            constexpr bool IS_NEAR = columns_of(PHASE) < WIDTH, IS_EVEN = PER % 2 == 0 && BLOCKS % PER == 0;
            quad b[2][4], ahead[2][4];
            if (!IS_NEAR && first < last) load_x(ahead, from, first);
            for (int block = first; block < last; block += 2) {
                const bool is_pair = IS_EVEN || block + 1 < last;
                if (IS_NEAR) load_x(b, from, block);
                else {
#pragma unroll
                    for (int i = 0; i < 8; i++) b[i >> 2][i & 3] = ahead[i >> 2][i & 3];
                    if (block + 2 < last) load_x(ahead, from, block + 2);
                }
                quad w[2][4];
                take(w);
                float part[2][4] = {};
#pragma unroll
                for (int chunk = 0; chunk < 2; chunk++)
#pragma unroll
                    for (int i = 0; i < 4; i++)
#pragma unroll
                        for (int two = 0; two < 2; two++) {
                            const quad &activations = b[two][chunk * 2 + (i >> 1)];
                            multiply(part[two], left_side<1>(w[two], chunk * 4 + i), word_of(activations, (i & 1) * 2), word_of(activations, (i & 1) * 2 + 1));
                        }
#pragma unroll
                for (int two = 0; two < 2; two++) {
                    if (two == 1 && !is_pair) break;
#pragma unroll
                    for (int i = 0; i < 4; i++) total[i] = fmaf(scale[(HALVES == 2 ? i >> 1 : 0) * BLOCKS + block + two], part[two][i], total[i]);
                }
            }
            float *sums = shared + turn * SUMS;
#pragma unroll
            for (int i = 0; i < 4; i++) sums[segment * 128 + (quarter * 2 + (i & 1)) * 16 + group + (i >> 1) * 8] = total[i];
            team_sync();
            if (!has_output) continue;
            float value = sums[at], up = sums[at + 8 & 127];
            for (int s = 1; s * PER < BLOCKS; s++) value = sum(value, sums[s * 128 + at]), up = sum(up, sums[s * 128 + (at + 8 & 127)]);
            if (EPILOGUE == ADD) ((float *)out)[(size_t)token * ROWS + tile * OUTPUTS + row] = before + value;
            else finish<EPILOGUE>(out, value, up, token, tile * OUTPUTS + row, ROWS);
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
                    turn(a[k], b[k], squares, (is_query ? step.query_norms : step.key_norms) + layer * HEAD_DIM, i, turns[token * HALF + i], turns[(TOKENS + token) * HALF + i], step.epsilon);
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

    // One part of a token's past for a key head's queries: each warp finds the scores of a quarter of the positions, and then the sums
    // of a quarter of the columns. A lane has query head `group` (those that there are not count for nothing).
    static constexpr int TILES = HEAD_DIM / 32;
    DEVICE void attend_part(Seen<2 * TILES> &seen, const u16 *queries, float *scores, const u16 *keys, const u16 *values, const int *table, int kv, int part, int last) {
        constexpr int STEPS = HEAD_DIM / 16, WIDTH = PART + 8;
        const int start = part * PART, row = group % GROUP;
        quad key[2][STEPS / 2];
        u32 words[PART / 16][TILES][2];
#pragma unroll
        for (int n = 0; n < 2; n++) {
            const int position = start + segment * 16 + n * 8 + group;
            const u16 *from = keys + key_at(position <= last ? table[position / BLOCK_SIZE] * BLOCK_SIZE + position % BLOCK_SIZE : 0, kv) + quarter * 8;
#pragma unroll
            for (int i = 0; i < STEPS / 2; i++) key[n][i] = position <= last ? load_quad(from + 32 * i) : quad{0, 0, 0, 0};
        }
#pragma unroll
        for (int k = 0; k < PART / 16; k++) {
            const int position = start + k * 16;
            if (position > last) break;
            const u16 *from = values + values_at(table[position / BLOCK_SIZE] * BLOCK_SIZE + position % BLOCK_SIZE, kv) + group * 16 + quarter * 4;
#pragma unroll
            for (int n = 0; n < TILES; n++) {
                const u32 *two = (const u32 *)(from + (segment * TILES + n) * 8 * 16);
                words[k][n][0] = two[0], words[k][n][1] = two[1];
            }
        }
        float score[2][4] = {};
#pragma unroll
        for (int i = 0; i < STEPS / 2; i++) {
            const quad query = load_quad(queries + row * HEAD_DIM + quarter * 8 + 32 * i);
#pragma unroll
            for (int n = 0; n < 2; n++) {
                mma_half(score[n], query.x, 0, query.y, 0, key[n][i].x, key[n][i].y);
                mma_half(score[n], query.z, 0, query.w, 0, key[n][i].z, key[n][i].w);
            }
        }
        if (group < GROUP)
#pragma unroll
            for (int n = 0; n < 2; n++)
#pragma unroll
                for (int i = 0; i < 2; i++) scores[row * WIDTH + segment * 16 + n * 8 + quarter * 2 + i] = score[n][i];
        team_sync();

        float weight[PART / 8][2], top, all;
        auto of = [&](int n, int i) -> float & { return weight[n][i]; };
#pragma unroll
        for (int n = 0; n < PART / 8; n++)
#pragma unroll
            for (int i = 0; i < 2; i++) {
                const int place = n * 8 + quarter * 2 + i;
                of(n, i) = start + place <= last ? scores[row * WIDTH + place] : NOTHING;
            }
        weigh(of, score_scale(), top, all);
        float value[TILES][4] = {};
#pragma unroll
        for (int k = 0; k < PART / 16; k++) {
            if (start + k * 16 > last) break;
            const u32 low = pack_half(weight[2 * k][0], weight[2 * k][1]), high = pack_half(weight[2 * k + 1][0], weight[2 * k + 1][1]);
#pragma unroll
            for (int n = 0; n < TILES; n++) mma_half(value[n], low, 0, high, 0, words[k][n][0], words[k][n][1]);
        }
        float columns[2 * TILES];
#pragma unroll
        for (int i = 0; i < 2 * TILES; i++) columns[i] = value[i >> 1][i & 1];
        if (part % PARTS != 0 && seen.weight > 0.f) return seen.take(top, all, columns);
        seen.top = top, seen.weight = all;
#pragma unroll
        for (int i = 0; i < 2 * TILES; i++) seen.value[i] = columns[i];
    }

    // EACH units of a token's past are a span: as many as give all teams something to do. A team takes a unit for a key head's queries;
    // who is the last one of a head's puts all of them together.
    template <int EACH> DEVICE void attention(int layer) {
        constexpr int UNIT = SPAN / EACH, UNIT_PARTS = PARTS / EACH;
        u16 *queries = (u16 *)(shared + 2 * SCORES);
        const u16 *keys = step.keys + layer * step.layer_cache, *values = step.values + layer * step.layer_cache;
        const int units = step.spans * EACH, items = units * step.tokens * KV_HEADS;
        for (int item = blockIdx.x + team * gridDim.x; item < items; item += TEAMS * gridDim.x) {
            const int kv = item % KV_HEADS, token = item / KV_HEADS % step.tokens, unit = item / KV_HEADS / step.tokens;
            const int place = step.places[token], last = place / UNIT;
            if (unit > last) continue;
            turn_heads(layer, token, kv, unit == last, queries);
            team_sync();
            const size_t head = (size_t)token * HEADS + kv * GROUP;
            float *sums = step.sums + head * units * HEAD_DIM, *marks = step.marks + head * units * 2;
            Seen<2 * TILES> seen = {0.f, 0.f};
            for (int p = 0; p < UNIT_PARTS; p++) {
                const int part = unit * UNIT_PARTS + p;
                if (part * PART > place) break;
                attend_part(seen, queries, shared + (p & 1) * SCORES, keys, values, step.tables + (size_t)token * step.table_width, kv, part, place);
            }
            if (group < GROUP) {
                const size_t at = (size_t)group * units + unit;
#pragma unroll
                for (int i = 0; i < 2 * TILES; i++) sums[at * HEAD_DIM + (segment * TILES + (i >> 1)) * 8 + quarter * 2 + (i & 1)] = seen.value[i];
                if (segment == 0 && quarter == 0) marks[at * 2] = seen.top, marks[at * 2 + 1] = seen.weight;
            }
            team_sync();
            int *arrivals = step.arrivals + token * KV_HEADS + kv;
            if ((thread & 127) == 0) {
                __threadfence();
                *before = atomicAdd(arrivals, 1);
                __threadfence();
            }
            team_sync();
            if (*before < last) continue;
            for (int j = segment; j < GROUP; j += 4) {
                if (lane * COLUMNS >= HEAD_DIM) break;
                const Seen<COLUMNS> all = joined<EACH>(sums + (size_t)j * units * HEAD_DIM, marks + j * units * 2, last + 1, lane);
                for (int i = 0; i < COLUMNS; i++) step.x[(size_t)token * ATTENTION_WIDTH + exchanged((kv * GROUP + j) * HEAD_DIM + lane * COLUMNS + i)] = to_half(attended(all.value[i], all.weight));
            }
            if ((thread & 127) == 0) *arrivals = 0;
        }
    }

    DEVICE void fetch_lines(const void *from, size_t bytes) {
        for (size_t at = ((size_t)blockIdx.x * THREADS + thread) * 128; at < bytes; at += (size_t)gridDim.x * THREADS * 128) fetch_to_cache((const u8 *)from + at);
    }

    // A layer's norms, on their way to the chip's cache: behind the weights they would be waited for long.
    DEVICE void fetch_norms(int layer) {
        fetch_lines(step.input_norms + layer * HIDDEN, HIDDEN * sizeof(u16));
        fetch_lines(step.post_norms + layer * HIDDEN, HIDDEN * sizeof(u16));
        fetch_lines(step.query_norms + layer * HEAD_DIM, HEAD_DIM * sizeof(u16));
        fetch_lines(step.key_norms + layer * HEAD_DIM, HEAD_DIM * sizeof(u16));
    }

    DEVICE void run() {
        for (int i = 0; i < RING; i++) fetch(i);
        wait_for_last();
        const bool is_short = step.spans * PARTS * step.tokens * KV_HEADS <= TEAMS * gridDim.x;
        fetch_norms(0);
        stage_scales(0);
        embed();
        scales_are_there();
        grid_sync();
        for (int layer = 0; layer < LAYERS; layer++) {
            norm(step.input_norms + layer * HIDDEN);
            multiply_all<QKV, STORE>(x, WIDTH, layer, step.qkv);
            grid_sync();
            if (is_short) attention<PARTS>(layer);
            else attention<1>(layer);
            grid_sync();
            stage<ATTENTION_WIDTH>(step.x);
            multiply_all<OUTPUT, ADD>(x, WIDTH, layer, step.hidden);
            grid_sync();
            norm(step.post_norms + layer * HIDDEN);
            multiply_all<GATE_UP, GATED>(x, WIDTH, layer, step.gated);
            grid_sync();
            if (layer + 1 < LAYERS) fetch_norms(layer + 1), stage_scales(layer + 1);
            if (INTERMEDIATE < WIDTH) stage<INTERMEDIATE>(step.gated);
            multiply_all<DOWN, ADD>(INTERMEDIATE < WIDTH ? x : step.gated, INTERMEDIATE < WIDTH ? WIDTH : INTERMEDIATE, layer, step.hidden);
            scales_are_there();
            grid_sync();
        }
    }
};

#define STEP_OF(TOKENS, RING)                                                                                                             \
    extern "C" __global__ void __launch_bounds__(THREADS, 1) step_##TOKENS(const __grid_constant__ Step step) {                        \
        extern __shared__ quad pieces[];                                                                                               \
        Decoder<TOKENS, RING>(step, (u8 *)pieces).run();                                                                               \
    }
#if RING_1
STEP_OF(1, RING_1)
#endif
#if RING_8
STEP_OF(8, RING_8)
#endif
