// A GPU's block of threads on one processor: enough of CUDA C++ to run our kernels as they are, slowly, where there is no GPU.
// Every thread is a fibre; barriers, shuffles and tensor core operations wait until the threads concerned are all there.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <csetjmp>
#include <functional>
#include <ucontext.h>
#include <vector>

using std::max;
using std::min;
#define __device__
#define __global__
#define __forceinline__ inline
#define __shared__ static
#define __launch_bounds__(...)
#define __cluster_dims__(...)

struct Place { int x, y, z; };
static Place blockDim, gridDim;

struct Barrier { int arrived = 0; long passed = 0; };

struct Fibre {
    ucontext_t start;
    jmp_buf where;
    std::vector<char> stack;
    Place place, block;
    int rank;
    Barrier *waits_for;
    long seen;
    bool begun, ended;
};

static std::vector<Fibre> fibres;
static jmp_buf scheduler;
// Blocks of a cluster run together, one block's fibres behind the other's.
static const int BLOCKS = 8, WARPS = 32;
static int current, alive_in_cluster, cluster_size, alive[BLOCKS], alive_in_warp[BLOCKS * WARPS];
static Barrier cluster_barrier, block_barrier[BLOCKS], warp_barrier[BLOCKS * WARPS];
static std::function<void()> kernel;
#define threadIdx (fibres[current].place)
#define blockIdx (fibres[current].block)

static int warp() { return fibres[current].rank * WARPS + (threadIdx.x >> 5); }
static int lane() { return threadIdx.x & 31; }

static void pass(Barrier &barrier) {
    barrier.arrived = 0;
    barrier.passed++;
}

static void wait(Barrier &barrier, int members) {
    if (++barrier.arrived >= members) return pass(barrier);
    Fibre &self = fibres[current];
    self.waits_for = &barrier;
    self.seen = barrier.passed;
    if (!_setjmp(self.where)) _longjmp(scheduler, 1);
}

static void __syncthreads() { wait(block_barrier[fibres[current].rank], alive[fibres[current].rank]); }
static void sync_warp() { wait(warp_barrier[warp()], alive_in_warp[warp()]); }

static void leave(Barrier &barrier, int &members) {
    // Threads that ended are waited for by nobody.
    if (--members <= barrier.arrived) pass(barrier);
}

static void run_fibre() {
    kernel();
    fibres[current].ended = true;
    leave(warp_barrier[warp()], alive_in_warp[warp()]);
    leave(block_barrier[fibres[current].rank], alive[fibres[current].rank]);
    leave(cluster_barrier, alive_in_cluster);
    _longjmp(scheduler, 1);
}

// A cluster of blocks, BLOCK the first of them.
static void run_cluster(Place block, int blocks, int threads) {
    cluster_size = blocks;
    alive_in_cluster = blocks * threads;
    cluster_barrier = Barrier();
    for (int i = 0; i < BLOCKS; i++) block_barrier[i] = Barrier(), alive[i] = threads;
    for (int i = 0; i < BLOCKS * WARPS; i++) warp_barrier[i] = Barrier(), alive_in_warp[i] = 0;
    if ((int)fibres.size() < blocks * threads) fibres.resize(blocks * threads);
    for (int i = 0; i < blocks * threads; i++) {
        Fibre &fibre = fibres[i];
        fibre.begun = fibre.ended = false;
        fibre.waits_for = nullptr;
        fibre.rank = i / threads;
        fibre.place = {i % threads, 0, 0};
        fibre.block = {block.x + fibre.rank, block.y, block.z};
        fibre.stack.resize(1 << 17);
        alive_in_warp[fibre.rank * WARPS + (fibre.place.x >> 5)]++;
        getcontext(&fibre.start);
        fibre.start.uc_stack.ss_sp = fibre.stack.data();
        fibre.start.uc_stack.ss_size = fibre.stack.size();
        makecontext(&fibre.start, run_fibre, 0);
    }
    static int next, all;
    all = blocks * threads;
    for (next = 0; alive_in_cluster > 0; next = (next + 1) % all) {
        Fibre &fibre = fibres[next];
        if (fibre.ended || (fibre.waits_for && fibre.waits_for->passed == fibre.seen)) continue;
        if (_setjmp(scheduler)) continue;
        current = next;
        if (fibre.begun) _longjmp(fibre.where, 1);
        fibre.begun = true;
        setcontext(&fibre.start);
    }
}

static void launch(Place grid, int threads, std::function<void()> body, int cluster = 1) {
    kernel = body;
    blockDim = {threads, 1, 1};
    gridDim = grid;
    for (int z = 0; z < grid.z; z++)
        for (int y = 0; y < grid.y; y++)
            for (int x = 0; x < grid.x; x += cluster) run_cluster({x, y, z}, cluster, threads);
}

#include "layout.inc"

static float __uint_as_float(u32 v) {
    float f;
    memcpy(&f, &v, 4);
    return f;
}

static u32 bits_of(float f) {
    u32 v;
    memcpy(&v, &f, 4);
    return v;
}

static float rsqrtf(float v) { return 1.f / sqrtf(v); }

static float slow_half_of(u16 v) {
    const int exponent = v >> 10 & 31, mantissa = v & 1023;
    const float magnitude = exponent == 0 ? ldexpf((float)mantissa, -24) : exponent == 31 ? (mantissa ? NAN : INFINITY) : ldexpf((float)(1024 + mantissa), exponent - 25);
    return v & 0x8000 ? -magnitude : magnitude;
}

static float half_of(u16 v) {
    static const std::vector<float> all = [] {
        std::vector<float> made(1 << 16);
        for (int i = 0; i < 1 << 16; i++) made[i] = slow_half_of((u16)i);
        return made;
    }();
    return all[v];
}

// To the nearest, ties to even.
static u16 to_half(float f) {
    const u16 sign = bits_of(f) >> 16 & 0x8000;
    const float magnitude = fabsf(f);
    if (std::isnan(f)) return sign | 0x7e00;
    if (magnitude >= 65520.f) return sign | 0x7c00;
    if (magnitude < ldexpf(1.f, -14)) return sign | (u16)nearbyintf(ldexpf(magnitude, 24));
    u32 v = bits_of(magnitude);
    v += 0xfff + (v >> 13 & 1);
    return sign | (u16)((v >> 13) - (112 << 10));
}

static u16 to_bf16(float f) {
    const u32 v = bits_of(f);
    return (v + 0x7fff + (v >> 16 & 1)) >> 16;
}

static u32 pack_half(float low, float high) { return to_half(low) | (u32)to_half(high) << 16; }
static u32 pack_bf16(float low, float high) { return to_bf16(low) | (u32)to_bf16(high) << 16; }
static float half_low(u32 v) { return half_of((u16)v); }
static float half_high(u32 v) { return half_of(v >> 16); }
static float bf16_of(u16 v) { return __uint_as_float((u32)v << 16); }
static float bf16_low(u32 v) { return __uint_as_float(v << 16); }
static float bf16_high(u32 v) { return __uint_as_float(v & 0xffff0000u); }

static void check_aligned(const void *p) {
    if ((size_t)p % 16 == 0) return;
    printf("FAILED: sixteen bytes at %p, which is no multiple of 16\n", p);
    exit(1);
}

static quad load_once(const void *p) {
    check_aligned(p);
    return *(const quad *)p;
}

static void copy_aside(void *shared, const void *from, bool there) {
    check_aligned(shared);
    check_aligned(from);
    if (there) memcpy(shared, from, 16);
    else memset(shared, 0, 16);
}

// A block's shared memory of a size given at launch.
static quad memory[BLOCKS][1 << 14];
static quad *dynamic_memory() { return memory[fibres[current].rank]; }

static void let_next_begin() {}
static void wait_for_last() {}
static void copies_end() {}
template <int PENDING> static void copies_wait() {}

// Kept from being joined into one operation.
static float product(float a, float b) {
    volatile float r = a * b;
    return r;
}

static float sum(float a, float b) {
    volatile float r = a + b;
    return r;
}

// Two places each, taken in turns: who writes for the next but one has seen everybody read.
static float shuffled[2][BLOCKS * WARPS][32];
static u32 fragments[2][BLOCKS * WARPS][32][6];

static int turn() { return warp_barrier[warp()].passed & 1; }

static float __shfl_xor_sync(u32, float v, int with) {
    const int w = warp(), l = lane(), here = turn();
    shuffled[here][w][l] = v;
    sync_warp();
    return shuffled[here][w][l ^ with];
}

static u32 __ballot_sync(u32, bool v) {
    const int w = warp(), here = turn();
    fragments[here][w][lane()][0] = v;
    sync_warp();
    u32 all = 0;
    for (int l = 0; l < 32; l++) all |= fragments[here][w][l][0] << l;
    return all;
}

static void __syncwarp() { sync_warp(); }
static int __popc(u32 v) { return __builtin_popcount(v); }
static u32 __float_as_uint(float v) { return bits_of(v); }

static int atomicAdd(int *at, int v) {
    const int before = *at;
    *at += v;
    return before;
}

static float warp_sum(float v) {
    for (int o = 16; o; o >>= 1) v += __shfl_xor_sync(~0u, v, o);
    return v;
}

// The lanes' registers as PTX's manual lays them out for m16n8k16.
static void mma(float (&d)[4], u32 a0, u32 a1, u32 a2, u32 a3, u32 b0, u32 b1, float (*low)(u32), float (*high)(u32)) {
    const int w = warp(), l = lane(), group = l >> 2, quarter = l & 3, here = turn();
    const u32 mine[6] = {a0, a1, a2, a3, b0, b1};
    memcpy(fragments[here][w][l], mine, sizeof mine);
    sync_warp();
    auto a = [&](int row, int k) {
        const u32 v = fragments[here][w][row % 8 * 4 + k % 8 / 2][row / 8 + k / 8 * 2];
        return k & 1 ? high(v) : low(v);
    };
    auto b = [&](int k, int column) {
        const u32 v = fragments[here][w][column * 4 + k % 8 / 2][4 + k / 8];
        return k & 1 ? high(v) : low(v);
    };
    for (int i = 0; i < 4; i++) {
        float total = 0;
        for (int k = 0; k < 16; k++) total += a(group + i / 2 * 8, k) * b(k, quarter * 2 + i % 2);
        d[i] += total;
    }
}

static void mma_half(float (&d)[4], u32 a0, u32 a1, u32 a2, u32 a3, u32 b0, u32 b1) { mma(d, a0, a1, a2, a3, b0, b1, half_low, half_high); }
static void mma_bf16(float (&d)[4], u32 a0, u32 a1, u32 a2, u32 a3, u32 b0, u32 b1) { mma(d, a0, a1, a2, a3, b0, b1, bf16_low, bf16_high); }
