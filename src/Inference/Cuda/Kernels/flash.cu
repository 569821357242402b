// Attention of chunks of tokens over the paged cache in one pass; heads.cu says in which order.
//
// A block takes as many consecutive tokens of a sequence as the FLASH_TILES tiles of its FLASH_WARPS warps hold, and a key head. Part after
// part of the past, keys and values come to shared memory for all warps: a part's values while its scores are computed, the next part's
// keys while the values are. A warp has the span that it is in in registers; the queries, and the whole, which it touches once a span, in
// shared memory.

#define FLASH_THREADS (32 * FLASH_WARPS)
#define WARP_TOKENS (FLASH_TILES * TILE_TOKENS)
#define FLASH_TOKENS (FLASH_WARPS * WARP_TOKENS)
#define QUERY_STEPS (HEAD_DIM / 16)

// Halves of a part's keys, or values; of sixteen places'; how often a thread fetches sixteen bytes of a part's.
#define PART_HALVES (PART * HEAD_DIM)
#define SIXTEEN_HALVES (16 * HEAD_DIM)
#define COPIES (PART_HALVES / 8 / FLASH_THREADS)
DEVICE u32 copy_of(int i) { return threadIdx.x % FLASH_THREADS + i * FLASH_THREADS; }
DEVICE u32 position_of(int i, u32 part) { return part * PART + copy_of(i) / (SIXTEEN_HALVES / 8) * 16; }

// Sixteen places of a block of the cache lie behind each other, keys and values alike.
DEVICE size_t sixteen_at(u32 block, u32 place, int kv) { return (size_t)block * (KV_HEADS * BLOCK_SIZE * HEAD_DIM) + (u32)((kv * BLOCK_SIZE + place) * HEAD_DIM); }

// Where a key's sixteen bytes lie in shared memory: of two keys beside each other, eight lanes read in all banks.
DEVICE int key_piece(int place, int piece) { return place * (HEAD_DIM / 8) + (piece ^ (place & 1) << 2); }

// Shared memory: a part's keys, its values, the queries of all warps' tiles, and the whole of each.
DEVICE quad *shared_quads() {
    extern __shared__ quad pieces[];
    return pieces;
}
DEVICE u16 *part_keys() { return (u16 *)shared_quads(); }
DEVICE u16 *part_values() { return part_keys() + PART_HALVES; }
// What a lane has of step i of a tile's queries, and of columns 8 * i to 8 * i + 7 of its whole.
DEVICE quad *query_of(int t, int i) { return shared_quads() + 2 * PART_HALVES / 8 + (((threadIdx.x >> 5) * FLASH_TILES + t) * QUERY_STEPS + i) * 32 + (threadIdx.x & 31); }
DEVICE quad *whole_of(int t, int i) {
    return shared_quads() + 2 * PART_HALVES / 8 + FLASH_WARPS * FLASH_TILES * QUERY_STEPS * 32 + (((threadIdx.x >> 5) * FLASH_TILES + t) * (HEAD_DIM / 8) + i) * 32 + (threadIdx.x & 31);
}

// Keys and values of a part of a sequence's past on their way from the cache to shared memory, zeros behind the last position.
struct Past {
    const u16 *keys, *values;
    const int *table;
    u32 last;
    int kv;
    // Those of the part that is fetched next: read ahead, too.
    u32 block[COPIES];

    DEVICE void look_up(u32 part) {
#pragma unroll
        for (int i = 0; i < COPIES; i++) block[i] = position_of(i, part) <= last ? table[position_of(i, part) / BLOCK_SIZE] : 0;
    }
    DEVICE size_t from(int i, u32 part) const { return sixteen_at(block[i], position_of(i, part) % BLOCK_SIZE, kv) + copy_of(i) % (SIXTEEN_HALVES / 8) * 8; }
    DEVICE void fetch_keys(u32 part) const {
#pragma unroll
        for (int i = 0; i < COPIES; i++) {
            const u32 place = copy_of(i) / (HEAD_DIM / 8), piece = copy_of(i) % (HEAD_DIM / 8);
            copy_aside(part_keys() + key_piece(place, piece) * 8, keys + from(i, part), position_of(i, part) <= last);
        }
        copies_end();
    }
    DEVICE void fetch_values(u32 part) const {
#pragma unroll
        for (int i = 0; i < COPIES; i++) copy_aside(part_values() + copy_of(i) * 8, values + from(i, part), position_of(i, part) <= last);
        copies_end();
    }
};

// A warp's tiles: row r of one is token r / GROUP, query head r % GROUP; a lane has rows `group` and `group + 8` of each.
struct Tiles {
    int lane, group, quarter, first, count;
    // The weights of a part, and what is left of the span and of the part when that is taken up.
    u32 weights[FLASH_TILES][PART / 8][2];
    Shares shares[FLASH_TILES][2];
    // The span.
    float top[FLASH_TILES][2], weight[FLASH_TILES][2], value[FLASH_TILES][HEAD_DIM / 8][4];

    DEVICE int token(int t, int half) const { return t * TILE_TOKENS + (group + 8 * half) / GROUP; }
    DEVICE int head(int half) const { return (group + 8 * half) % GROUP; }
    // -1 where there is no token.
    DEVICE int place(int t, int half) const { return group + 8 * half < TILE_TOKENS * GROUP && token(t, half) < count ? first + token(t, half) : -1; }

    // `count` tokens, the first of them at position `first`; `from` are its queries.
    DEVICE Tiles(const u16 *from, int first, int count) : lane(threadIdx.x & 31), group(lane >> 2), quarter(lane & 3), first(first), count(count), weight{}, value{} {
        for (int t = 0; t < FLASH_TILES; t++) {
            const u16 *q[2];
#pragma unroll
            for (int half = 0; half < 2; half++) q[half] = place(t, half) < 0 ? nullptr : from + ((size_t)token(t, half) * HEADS + head(half)) * HEAD_DIM + quarter * 8;
#pragma unroll
            for (int i = 0; i < QUERY_STEPS / 2; i++) {
                const quad a = q[0] ? load_quad(q[0] + 32 * i) : quad{0, 0, 0, 0}, b = q[1] ? load_quad(q[1] + 32 * i) : quad{0, 0, 0, 0};
                *query_of(t, 2 * i) = quad{a.x, b.x, a.y, b.y};
                *query_of(t, 2 * i + 1) = quad{a.z, b.z, a.w, b.w};
            }
        }
    }

    // The right sides of products: of keys 8 * n to 8 * n + 7 for steps 2 * i and 2 * i + 1, of columns 8 * n to 8 * n + 7 for places 16 * k to 16 * k + 15.
    DEVICE quad key_words(int n, int i) const { return load_quad(part_keys() + n * 8 * HEAD_DIM + (i >> 1) * 64 + key_piece(group, (i & 1) * 4 + quarter) * 8); }
    DEVICE u64 value_words(int n, int k) const { return *(const u64 *)(part_values() + k * SIXTEEN_HALVES + (n * 8 + group) * 16 + quarter * 4); }

    // The scores of a part become weights.
    DEVICE void score(int start, bool is_masked, bool is_first) {
        // As many keys at a time as keep products apart that wait for each other.
        constexpr int EACH = PART / 8 / FLASH_TILES;
        float score[FLASH_TILES][PART / 8][4] = {};
#pragma unroll
        for (int i = 0; i < QUERY_STEPS / 2; i++) {
            quad query[FLASH_TILES][2];
#pragma unroll
            for (int j = 0; j < 2 * FLASH_TILES; j++) query[j >> 1][j & 1] = *query_of(j >> 1, 2 * i + (j & 1));
#pragma unroll
            for (int n = 0; n < PART / 8; n += EACH) {
                quad words[EACH];
#pragma unroll
                for (int j = 0; j < EACH; j++) words[j] = key_words(n + j, i);
#pragma unroll
                for (int step = 0; step < 2; step++)
#pragma unroll
                    for (int t = 0; t < FLASH_TILES; t++)
#pragma unroll
                        for (int j = 0; j < EACH; j++) {
                            const quad &a = query[t][step];
                            mma_half(score[t][n + j], a.x, a.y, a.z, a.w, word_of(words[j], 2 * step), word_of(words[j], 2 * step + 1));
                        }
            }
        }
#pragma unroll
        for (int t = 0; t < FLASH_TILES; t++)
#pragma unroll
            for (int half = 0; half < 2; half++) {
                auto of = [&](int n, int i) -> float & { return score[t][n][2 * half + i]; };
                if (is_masked) {
                    const int seen = place(t, half) - start - quarter * 2;
#pragma unroll
                    for (int n = 0; n < PART / 8; n++)
#pragma unroll
                        for (int i = 0; i < 2; i++)
                            if (n * 8 + i > seen) of(n, i) = NOTHING;
                }
                float its_top, its_weight;
                weigh(of, score_scale(), its_top, its_weight);
                // Seen from any part, nothing is left of the span before.
                if (is_first) top[t][half] = 2 * LEAST;
                shares[t][half] = meet(top[t][half], weight[t][half], its_top, its_weight);
#pragma unroll
                for (int n = 0; n < PART / 8; n++) weights[t][n][half] = pack_half(of(n, 0), of(n, 1));
            }
    }

    // The part's weighted values, taken up into the span.
    DEVICE void take() {
        constexpr int EACH = 8 / FLASH_TILES;
#pragma unroll
        for (int n = 0; n < HEAD_DIM / 8; n += EACH) {
            float its[FLASH_TILES][EACH][4] = {};
#pragma unroll
            for (int k = 0; k < PART / 16; k++) {
                u64 words[EACH];
#pragma unroll
                for (int j = 0; j < EACH; j++) words[j] = value_words(n + j, k);
#pragma unroll
                for (int t = 0; t < FLASH_TILES; t++)
#pragma unroll
                    for (int j = 0; j < EACH; j++) {
                        const u32 *low = weights[t][2 * k], *high = weights[t][2 * k + 1];
                        mma_half(its[t][j], low[0], low[1], high[0], high[1], (u32)words[j], (u32)(words[j] >> 32));
                    }
            }
#pragma unroll
            for (int t = 0; t < FLASH_TILES; t++)
#pragma unroll
                for (int j = 0; j < EACH; j++)
#pragma unroll
                    for (int i = 0; i < 4; i++) value[t][n + j][i] = together(value[t][n + j][i], its[t][j][i], shares[t][i >> 1]);
        }
    }
};

// A block's tile, (first token, tokens, sequence), for a key head.
struct Chunk {
    int before, row;
    Past past;
    Tiles tiles;

    DEVICE Chunk(const u16 *queries, const u16 *keys, const u16 *values, const int *tables, int table_width, const int *tile, const int *places, int kv)
        : before((threadIdx.x >> 5) * WARP_TOKENS), row(tile[0] + before),
          past{keys, values, tables + (size_t)tile[2] * table_width, (u32)(places[tile[0]] + tile[1] - 1), kv},
          tiles(queries + ((size_t)row * HEADS + kv * GROUP) * HEAD_DIM, places[tile[0]] + before, min(tile[1] - before, WARP_TOKENS)) {}

    // Over the parts [from, until) of its past. A warp calls `ended(part)` where a span of its own tokens' past ends.
    template <class Ended> DEVICE void walk(int from, int until, Ended ended) {
        const int last = tiles.count > 0 ? tiles.first + tiles.count - 1 : -1;
        until = min(until, (int)past.last / PART + 1);
        if (from >= until) return;
        past.look_up(from);
        past.fetch_keys(from);
        for (int part = from; part < until; part++) {
            const int start = part * PART;
            copies_wait<0>();
            __syncthreads();
            past.fetch_values(part);
            past.look_up(part + 1);
            if (start <= last) tiles.score(start, start + PART - 1 > tiles.first, part % PARTS == 0);
            copies_wait<0>();
            __syncthreads();
            if (part + 1 < until) past.fetch_keys(part + 1);
            if (start > last) continue;
            tiles.take();
            if (part % PARTS == PARTS - 1 || start + PART > last) ended(part);
        }
    }
};

// The whole of a warp's tiles in shared memory: every lane what it has of each of its rows.
struct Whole {
    float top[FLASH_TILES][2], weight[FLASH_TILES][2];

    // The next span, or the first.
    DEVICE void take(const Tiles &span, bool is_first) {
#pragma unroll
        for (int t = 0; t < FLASH_TILES; t++) {
            Shares shares[2];
#pragma unroll
            for (int half = 0; half < 2; half++) {
                if (is_first) top[t][half] = 2 * LEAST, weight[t][half] = 0.f;
                shares[half] = meet(top[t][half], weight[t][half], span.top[t][half], span.weight[t][half]);
            }
#pragma unroll
            for (int n = 0; n < HEAD_DIM / 8; n++) {
                quad before = {0, 0, 0, 0};
                if (!is_first) before = *whole_of(t, n);
                u32 after[4];
#pragma unroll
                for (int i = 0; i < 4; i++) after[i] = __float_as_uint(together(__uint_as_float(word_of(before, i)), span.value[t][n][i], shares[i >> 1]));
                *whole_of(t, n) = quad{after[0], after[1], after[2], after[3]};
            }
        }
    }
};

// The attention of whole tiles, as halves where the linear layers read them. Grid: key heads, tiles.
extern "C" __global__ void __launch_bounds__(FLASH_THREADS, 1)
attend_chunks(const u16 *queries, const u16 *keys, const u16 *values, const int *tables, const int *tiles, const int *places, u16 *x, int table_width, int groups) {
    let_next_begin();
    wait_for_last();
    const int kv = blockIdx.x;
    Chunk chunk(queries, keys, values, tables, table_width, tiles + 3 * blockIdx.y, places, kv);
    const Tiles &mine = chunk.tiles;
    Whole whole;
    chunk.walk(0, 1 << 25, [&](int part) { whole.take(mine, part < PARTS); });
    if (mine.count <= 0) return;
    // Pairs of columns two apart lie beside each other: of a lane's two, each goes together with one of its neighbour's.
    const bool is_odd = mine.quarter & 1;
#pragma unroll
    for (int t = 0; t < FLASH_TILES; t++)
        for (int n = 0; n < HEAD_DIM / 8; n++) {
            const quad v = *whole_of(t, n);
#pragma unroll
            for (int half = 0; half < 2; half++) {
                const int token = chunk.row + mine.token(t, half), column = (kv * GROUP + mine.head(half)) * HEAD_DIM + n * 8 + (mine.quarter & 2) * 2 + is_odd;
                const float low = attended(__uint_as_float(half ? v.z : v.x), whole.weight[t][half]), high = attended(__uint_as_float(half ? v.w : v.y), whole.weight[t][half]);
                const float other = __shfl_xor_sync(0xffffffffu, is_odd ? low : high, 1);
                if (mine.place(t, half) >= 0) *(u32 *)(x + x_at(token, column, HEADS * HEAD_DIM, groups)) = is_odd ? pack_half(other, high) : pack_half(low, other);
            }
        }
}

// One span of each tile, for `join`: few tokens behind a long past occupy the chip only so. Grid: key heads, tiles, spans.
extern "C" __global__ void __launch_bounds__(FLASH_THREADS, 1)
attend_spans(const u16 *queries, const u16 *keys, const u16 *values, const int *tables, const int *tiles, const int *places, float *sums, float *marks, int table_width, int spans) {
    let_next_begin();
    wait_for_last();
    const int kv = blockIdx.x, span = blockIdx.z;
    Chunk chunk(queries, keys, values, tables, table_width, tiles + 3 * blockIdx.y, places, kv);
    const Tiles &mine = chunk.tiles;
    chunk.walk(span * PARTS, (span + 1) * PARTS, [&](int) {
#pragma unroll
        for (int t = 0; t < FLASH_TILES; t++)
#pragma unroll
            for (int half = 0; half < 2; half++) {
                if (mine.place(t, half) < span * SPAN) continue;
                const int token = blockIdx.y * FLASH_TOKENS + chunk.before + mine.token(t, half);
                const size_t at = ((size_t)token * HEADS + kv * GROUP + mine.head(half)) * spans + span;
#pragma unroll
                for (int n = 0; n < HEAD_DIM / 8; n++)
#pragma unroll
                    for (int i = 0; i < 2; i++) sums[at * HEAD_DIM + n * 8 + mine.quarter * 2 + i] = mine.value[t][n][2 * half + i];
                if (mine.quarter == 0) marks[at * 2] = mine.top[t][half], marks[at * 2 + 1] = mine.weight[t][half];
            }
    });
}
