// Attention of a step's tokens over the paged cache: heads.cu says how.

// tiles: triples (first token, tokens, sequence), TILES of 16 rows each of which ROWS are in use.
#define ATTEND(NAME, TILES, ROWS)                                                                                                                  \
    extern "C" __global__ void __launch_bounds__(128)                                                                                  \
    NAME(const u16 *queries, const u16 *keys, const u16 *values, const int *tables, const int *tiles, const int *places,     \
                   float *sums, float *marks, int first, int table_width, int spans) {                                                 \
        __shared__ float shared[attend_floats<ROWS>()];                                                                                  \
        let_next_begin();                                                                                                              \
        wait_for_last();                                                                                                               \
        const int *tile = tiles + 3 * blockIdx.x;                                                                                      \
        const int row = tile[0], count = tile[1], kv = blockIdx.y, span = blockIdx.z;                                                  \
        if (span * SPAN > places[row + count - 1]) return;                                                                             \
        const size_t head = (size_t)row * HEADS + kv * GROUP, mine = (size_t)(row - first) * HEADS + kv * GROUP;                       \
        attend<TILES, ROWS>(threadIdx.x, [] { __syncthreads(); }, shared, queries + head * HEAD_DIM, keys, values,                       \
                          tables + (size_t)tile[2] * table_width, places + row, count, kv, span, spans,                                \
                          sums + mine * spans * HEAD_DIM, marks + mine * spans * 2);                                                   \
    }
ATTEND(attend_one, 1, GROUP)
ATTEND(attend_1, 1, 16)
ATTEND(attend_2, 2, 16)

// The spans of each head of a token put together, as halves where the linear layers read them; a warp a head.
extern "C" __global__ void __launch_bounds__(128)
join(const float *sums, const float *marks, const int *places, u16 *x, int first, int spans, int groups) {
    let_next_begin();
    wait_for_last();
    const int token = first + blockIdx.x, head = blockIdx.y * 4 + (threadIdx.x >> 5), lane = threadIdx.x & 31;
    if (head >= HEADS || lane * COLUMNS >= HEAD_DIM) return;
    const size_t at = ((size_t)blockIdx.x * HEADS + head) * spans;
    const Seen<COLUMNS> seen = joined<1>(sums + at * HEAD_DIM, marks + at * 2, places[token] / SPAN + 1, lane);
    float v[COLUMNS];
    for (int i = 0; i < COLUMNS; i++) v[i] = seen.value[i] / seen.weight;
    for (int odd = 0; odd < 2; odd++) *(u32 *)(x + x_at(token, head * HEAD_DIM + lane * COLUMNS + odd, HEADS * HEAD_DIM, groups)) = pack_half(v[odd], v[odd + 2]);
}
