// Types, and where things lie in memory. Put before everything else.
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
#define DEVICE __device__ __forceinline__

struct alignas(16) quad { u32 x, y, z, w; };

DEVICE quad load_quad(const void *p) { return *(const quad *)p; }
DEVICE u32 word_of(const quad &v, int i) { return i == 0 ? v.x : i == 1 ? v.y : i == 2 ? v.z : v.w; }

// Activations that meet FP8 weights are stored with the middle two of every four exchanged: four FP8 bytes then become two pairs
// (0, 2) and (1, 3) by shifts and masks alone.
DEVICE int exchanged(int i) { return (i & ~3) | ((i & 1) << 1) | ((i >> 1) & 1); }

// Where a token's column i lies among activations of so many columns. Few tokens (groups = 0): one behind the other, exchanged. Many,
// where there are warp groups (warpgroup.cu): tiles of 8 tokens and 128 columns, 2 KiB each, `groups` of them for each 128 columns; a
// tile is sixteen times 8 tokens' sixteen bytes: the columns 64 a + 4 b + c + {0, 2, 16, 18, 32, 34, 48, 50} of piece 8 a + 2 b + c.
DEVICE size_t x_at(int token, int i, int columns, int groups) {
    if (groups == 0) return (size_t)token * columns + exchanged(i);
    const int piece = (i >> 6 & 1) * 8 + (i >> 2 & 3) * 2 + (i & 1);
    return ((size_t)(i >> 7) * groups + (token >> 3)) * 1024 + piece * 64 + (token & 7) * 8 + (i >> 4 & 3) * 2 + (i >> 1 & 1);
}

// The keys of a block of the cache: [head][place][HEAD_DIM]. The values: [head][sixteen places][HEAD_DIM][place], with the places
// 2t, 2t + 1, 2t + 8, 2t + 9 beside each other: what lane t of four needs of them.
DEVICE size_t key_at(int slot, int kv) { return (((size_t)(slot / BLOCK_SIZE) * KV_HEADS + kv) * BLOCK_SIZE + slot % BLOCK_SIZE) * HEAD_DIM; }
DEVICE size_t values_at(int slot, int kv) { return (((size_t)(slot / BLOCK_SIZE) * KV_HEADS + kv) * BLOCK_SIZE + slot % BLOCK_SIZE / 16 * 16) * HEAD_DIM; }
DEVICE int value_place(int place) { return (place & 6) * 2 + (place & 1) + (place & 8) / 4; }
