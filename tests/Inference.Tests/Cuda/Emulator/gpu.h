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
#define __grid_constant__
#define __cluster_dims__(...)
#define __forceinline__ inline
#define __shared__ static
#define __launch_bounds__(...)

struct Place { int x, y, z; };
static Place blockDim, gridDim;

struct Barrier { int arrived = 0; long passed = 0; };

// Two places each, taken in turns: who writes for the next but one has seen everybody read.
struct Warp {
    Barrier barrier;
    int alive;
    float shuffled[2][32];
    unsigned fragments[2][32][6];
};

struct alignas(16) Block {
    char memory[1 << 18];
    Place place;
    Barrier barriers[16];
    int alive;
    Warp warps[32];
};

struct Fibre {
    ucontext_t start;
    jmp_buf where;
    std::vector<char> stack;
    Place place;
    Block *block;
    Barrier *waits_for;
    long seen;
    bool begun, ended;
};

static std::vector<Fibre> fibres;
static std::vector<Block> blocks;
static Barrier cluster_barrier;
static int alive_in_cluster;
static jmp_buf scheduler;
static int current;
static std::function<void()> kernel;
#define threadIdx (fibres[current].place)
#define blockIdx (fibres[current].block->place)

static int lane() { return threadIdx.x & 31; }
static Warp &warp() { return fibres[current].block->warps[threadIdx.x >> 5]; }
static char *block_memory() { return fibres[current].block->memory; }

static void pass(Barrier &barrier) {
    barrier.arrived = 0;
    barrier.passed++;
}

static void relax() {
    if (!_setjmp(fibres[current].where)) _longjmp(scheduler, 1);
}

static void wait(Barrier &barrier, int members) {
    if (++barrier.arrived >= members) return pass(barrier);
    Fibre &self = fibres[current];
    self.waits_for = &barrier;
    self.seen = barrier.passed;
    relax();
}

static void sync_threads_of(int barrier, int threads) { wait(fibres[current].block->barriers[barrier], threads); }
static void __syncthreads() { sync_threads_of(0, fibres[current].block->alive); }
static void sync_warp() { wait(warp().barrier, warp().alive); }

static void run_fibre() {
    kernel();
    Fibre &self = fibres[current];
    self.ended = true;
    // Threads that ended are waited for by nobody.
    if (--warp().alive <= warp().barrier.arrived) pass(warp().barrier);
    if (--self.block->alive <= self.block->barriers[0].arrived) pass(self.block->barriers[0]);
    if (--alive_in_cluster <= cluster_barrier.arrived) pass(cluster_barrier);
    _longjmp(scheduler, 1);
}

// As many blocks as there are, all at once.
static void run_blocks(int threads) {
    static int next, ended;
    const int all = threads * (int)blocks.size();
    if ((int)fibres.size() < all) fibres.resize(all);
    alive_in_cluster = all;
    cluster_barrier = Barrier();
    for (Block &block : blocks) {
        block.alive = threads;
        for (Barrier &barrier : block.barriers) barrier = Barrier();
        for (Warp &warp : block.warps) warp.barrier = Barrier(), warp.alive = 32;
    }
    for (int i = 0; i < all; i++) {
        Fibre &fibre = fibres[i];
        fibre.begun = fibre.ended = false;
        fibre.waits_for = nullptr;
        fibre.place = {i % threads, 0, 0};
        fibre.block = &blocks[i / threads];
        fibre.stack.resize(1 << 16);
        getcontext(&fibre.start);
        fibre.start.uc_stack.ss_sp = fibre.stack.data();
        fibre.start.uc_stack.ss_size = fibre.stack.size();
        makecontext(&fibre.start, run_fibre, 0);
    }
    for (next = ended = 0; ended < all; next = (next + 1) % all) {
        ended = next == 0 ? 0 : ended;
        Fibre &fibre = fibres[next];
        ended += fibre.ended;
        if (fibre.ended || (fibre.waits_for && fibre.waits_for->passed == fibre.seen)) continue;
        fibre.waits_for = nullptr;
        if (_setjmp(scheduler)) continue;
        current = next;
        if (fibre.begun) _longjmp(fibre.where, 1);
        fibre.begun = true;
        setcontext(&fibre.start);
    }
}

// Cluster after cluster, as if the chip had room for one; its blocks all at once.
static void launch(Place grid, int threads, std::function<void()> body, int cluster = 1) {
    kernel = body;
    blockDim = {threads, 1, 1};
    gridDim = grid;
    blocks.resize(cluster);
    for (int z = 0; z < grid.z; z++)
        for (int y = 0; y < grid.y; y++)
            for (int x = 0; x < grid.x; x += cluster) {
                for (int i = 0; i < cluster; i++) blocks[i].place = {x + i, y, z};
                run_blocks(threads);
            }
}

// All blocks at once, for kernels whose blocks wait for each other.
static void launch_together(int count, int threads, std::function<void()> body) {
    kernel = body;
    blockDim = {threads, 1, 1};
    gridDim = {count, 1, 1};
    blocks.resize(count);
    for (int i = 0; i < count; i++) blocks[i].place = {i, 0, 0};
    run_blocks(threads);
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

static void let_next_begin() {}
static void wait_for_last() {}
static void copy_word_aside(void *shared, const void *from) { memcpy(shared, from, 4); }
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

static float power_of_two(float v) {
    const float r = exp2f(v);
    return r < ldexpf(1.f, -126) ? 0.f : r;
}

static int parity() { return warp().barrier.passed & 1; }

static float __shfl_xor_sync(u32, float v, int with) {
    float(&mine)[32] = warp().shuffled[parity()];
    mine[lane()] = v;
    sync_warp();
    return mine[lane() ^ with];
}

template <class T> static T __shfl_sync(u32, T v, int from) {
    u32(&mine)[32][6] = warp().fragments[parity()];
    memcpy(mine[lane()], &v, 4);
    sync_warp();
    memcpy(&v, mine[from & 31], 4);
    return v;
}

static u32 __ballot_sync(u32, bool v) {
    u32(&mine)[32][6] = warp().fragments[parity()];
    mine[lane()][0] = v;
    sync_warp();
    u32 all = 0;
    for (int l = 0; l < 32; l++) all |= mine[l][0] << l;
    return all;
}

static u32 __match_any_sync(u32, u32 v) {
    u32(&mine)[32][6] = warp().fragments[parity()];
    mine[lane()][0] = v;
    sync_warp();
    u32 all = 0;
    for (int l = 0; l < 32; l++) all |= (u32)(mine[l][0] == v) << l;
    return all;
}

static void __syncwarp() { sync_warp(); }
static int __popc(u32 v) { return __builtin_popcount(v); }
static u32 __float_as_uint(float v) { return bits_of(v); }

static void add_released(u32 *p, u32 v) { *p += v; }
static u32 read_acquired(const u32 *p) { return *(const volatile u32 *)p; }
static void __threadfence() {}
static void fetch_to_cache(const void *) {}


template <class T> static T atomicAdd(T *at, T v) {
    const T before = *at;
    *at += v;
    return before;
}

static float warp_sum(float v) {
    for (int o = 16; o; o >>= 1) v += __shfl_xor_sync(~0u, v, o);
    return v;
}

// The lanes' registers as PTX's manual lays them out for m16n8k16.
static void mma(float (&d)[4], u32 a0, u32 a1, u32 a2, u32 a3, u32 b0, u32 b1, float (*low)(u32), float (*high)(u32)) {
    const int group = lane() >> 2, quarter = lane() & 3;
    u32(&all)[32][6] = warp().fragments[parity()];
    const u32 mine[6] = {a0, a1, a2, a3, b0, b1};
    memcpy(all[lane()], mine, sizeof mine);
    sync_warp();
    auto a = [&](int row, int k) {
        const u32 v = all[row % 8 * 4 + k % 8 / 2][row / 8 + k / 8 * 2];
        return k & 1 ? high(v) : low(v);
    };
    auto b = [&](int k, int column) {
        const u32 v = all[column * 4 + k % 8 / 2][4 + k / 8];
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
