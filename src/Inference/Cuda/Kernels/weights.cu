// What all products of the text layers share: how the weights lie in memory, how they become halves, and the one order of an output.
// Put before every kernel file, behind prelude.cu.
//
// y = x W^T, W in FP8 (E4M3) or, made of BF16, in halves, with one scale for each 128x128 block: BYTES of a weight are 1 or 2, and those
// of the text layers WEIGHT_BYTES. W lies in tiles of 16 rows, 2 KiB each, so of 128 columns or 64, a row of tiles behind the other
// (WeightTiles.cs). A tile is four pieces of 32 times sixteen bytes, for lane 4 * group + quarter:
//   FP8, piece 2 * chunk + half: row group + 8 * half, columns 64 * chunk + 16 * quarter to + 15;
//   halves, piece i: rows group and group + 8 of columns 0 and 2 behind 16 * quarter + 4 * i, then both of columns 1 and 3.
// Of gate and up, which are one matrix, a tile has eight rows each: half 0 is gate, half 1 up, and a lane finds both of an output.
//
// The order of an output is the same in every kernel, bit by bit: the products of a block of 128 columns in one chain of tensor core
// operations (chunk by chunk, four operations of sixteen columns each), then its scale, then the blocks of each of SEGMENTS
// consecutive parts of the columns added in their order, then these sums in theirs.
//
// Halves go into tensor cores as they lie there. FP8 becomes halves by the chip's own conversion where it has one (FP8_CONVERTS: Ada and
// later), which takes neighbouring bytes: there the middle two of every four bytes lie exchanged, as the activations' columns do
// (`exchanged`). Elsewhere it is done by shifts and masks, with the bytes in their order: an E4M3 byte shifted into a half's places is its
// value / 256, and scales come times 256.

#define TILE_BYTES 2048
#define SEGMENTS 4

#define STORE 0
#define ADD 1
#define GATED 2

DEVICE int segment_blocks(int blocks) { return (blocks + SEGMENTS - 1) / SEGMENTS; }

// Columns 0 and 2 of four, and 1 and 3, as halves.
#if FP8_CONVERTS
DEVICE u32 even_halves(u32 four) { return halves_of_fp8((u16)four); }
DEVICE u32 odd_halves(u32 four) { return halves_of_fp8((u16)(four >> 16)); }
#else
DEVICE u32 fp8_pair(u32 shifted) { return (shifted & 0x80008000u) | ((shifted >> 1) & 0x3f803f80u); }
DEVICE u32 even_halves(u32 four) { return fp8_pair(four << 8); }
DEVICE u32 odd_halves(u32 four) { return fp8_pair(four); }
#endif

// Steps of sixteen columns that a tile has.
template <int BYTES> DEVICE constexpr int steps_of() { return 8 / BYTES; }

// Sixteen columns of 16 rows, from a lane's pieces of their tile.
template <int BYTES> DEVICE quad left_side(const quad (&w)[4], int step) {
    if (BYTES == 2) return w[step];
    const u32 upper = word_of(w[step / 4 * 2], step % 4), lower = word_of(w[step / 4 * 2 + 1], step % 4);
    return quad{even_halves(upper), even_halves(lower), odd_halves(upper), odd_halves(lower)};
}

// Those of 8 tokens.
DEVICE void multiply(float (&part)[4], const quad &left, u32 even, u32 odd) { mma_half(part, left.x, left.y, left.z, left.w, even, odd); }

// Outputs a tile has: eight of gate and up, else 16.
template <int EPILOGUE> DEVICE constexpr int outputs_of() { return EPILOGUE == GATED ? 8 : 16; }

// The first row of scales that a tile's halves meet.
template <int EPILOGUE> DEVICE int scale_row(int tile, int half, int rows) { return EPILOGUE == GATED ? (tile * 8 + half * rows) >> 7 : tile >> 3; }

// SwiGLU, as far as a half holds it.
DEVICE float gate(float value, float up) {
    const float all = value / (1.f + expf(-value)) * up;
    return fminf(fmaxf(all, -65504.f), 65504.f);
}

template <int EPILOGUE>
DEVICE void finish(void *out, float value, float up, int token, int row, int rows) {
    const size_t at = (size_t)token * rows + row;
    if (EPILOGUE == STORE) ((float *)out)[at] = value;
    if (EPILOGUE == ADD) ((float *)out)[at] += value;
    if (EPILOGUE == GATED) ((u16 *)out)[x_at(token, row, rows, 0)] = to_half(gate(value, up));
}
