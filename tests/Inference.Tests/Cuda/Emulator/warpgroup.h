// warpgroup.cu on a processor: barriers in shared memory, products of four warps, clusters.
#pragma once
#include "gpu.h"
#include <map>

struct Phases { int count, pending, bytes, passed; };
static std::map<u64 *, Phases> phases;

static void fail(const char *what) {
    printf("FAILED: %s\n", what);
    exit(1);
}

// Where another block of the cluster has what this one has there.
template <class T> static T *of_block(int rank, T *p) { return (T *)((char *)p - block_memory() + blocks[rank].memory); }

static void end_phase(Phases &p) {
    if (p.pending < 0) fail("more threads arrive than the barrier counts");
    if (p.pending > 0 || p.bytes != 0) return;
    p.pending = p.count;
    p.passed++;
}

static void barrier_begin(u64 *barrier, int count) { phases[barrier] = {count, count, 0, 0}; }
static void barriers_begun() {}

static void barrier_expect(u64 *barrier, int bytes) {
    Phases &p = phases.at(barrier);
    p.bytes += bytes;
    p.pending--;
    end_phase(p);
}

static void barrier_arrive(u64 *barrier) { barrier_expect(barrier, 0); }
static void barrier_arrive(u64 *barrier, int rank) { barrier_expect(of_block(rank, barrier), 0); }

static void barrier_wait(u64 *barrier, int parity) {
    while ((phases.at(barrier).passed & 1) == parity) relax();
}

static void copy_bytes(void *shared, const void *from, int bytes, u64 *barrier) {
    check_aligned(shared);
    check_aligned(from);
    if (bytes <= 0 || bytes % 16 != 0) fail("bytes that are no multiple of sixteen");
    memcpy(shared, from, bytes);
    Phases &p = phases.at(barrier);
    p.bytes -= bytes;
    end_phase(p);
}

static void copy_bytes_once(void *shared, const void *from, int bytes, u64 *barrier) { copy_bytes(shared, from, bytes, barrier); }

static void copy_bytes_to_all(void *shared, const void *from, int bytes, u64 *barrier, int ranks) {
    for (int rank = 0; rank < (int)blocks.size(); rank++)
        if (ranks >> rank & 1) copy_bytes(of_block(rank, (char *)shared), from, bytes, of_block(rank, barrier));
}

static void cluster_meets() { wait(cluster_barrier, alive_in_cluster); }
static void cluster_gathers() { cluster_meets(); }
static quad load_from(int rank, const void *shared) { return load_quad(of_block(rank, (const char *)shared)); }

#define TILE_OF_X 2048
#define STEP (256 >> 4)
static u64 right_side(const void *shared) { return (u64)shared >> 4; }

static void products_begin() {}
static void products_begun() {}
template <int TILES> static void products_end(float (&)[TILES][4]) {}

// A warp's rows are its own; the chain is the one of mma.
template <int TILES> static void multiply_together(float (&d)[TILES][4], u32 a0, u32 a1, u32 a2, u32 a3, u64 b, int adds) {
    const u32 *words = (const u32 *)(b << 4);
    const int group = lane() >> 2, quarter = lane() & 3;
    for (int t = 0; t < TILES; t++) {
        const u32 *of = words + t * TILE_OF_X / 4 + group * 4 + quarter;
        if (!adds)
            for (float &v : d[t]) v = 0;
        mma_half(d[t], a0, a1, a2, a3, of[0], of[32]);
    }
}
