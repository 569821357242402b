// The few instructions that CUDA C++ has no name for without its headers, so that nothing but NVRTC itself is needed where the
// service runs. Put before every kernel file, behind layout.cu.
DEVICE float warp_sum(float v) {
#pragma unroll
    for (int o = 16; o; o >>= 1) v += __shfl_xor_sync(0xffffffffu, v, o);
    return v;
}

DEVICE float warp_max(float v) {
#pragma unroll
    for (int o = 16; o; o >>= 1) v = fmaxf(v, __shfl_xor_sync(0xffffffffu, v, o));
    return v;
}

// Two floats as a pair of 16-bit floats, the first in the low half.
DEVICE u32 pack_half(float low, float high) {
    u32 r;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
    return r;
}

DEVICE u32 pack_bf16(float low, float high) {
    u32 r;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
    return r;
}

// Two E4M3 numbers, exactly; Ada and later.
DEVICE u32 halves_of_fp8(u16 two) {
    u32 r;
    asm("cvt.rn.f16x2.e4m3x2 %0, %1;" : "=r"(r) : "h"(two));
    return r;
}

DEVICE u16 to_half(float v) { return (u16)pack_half(v, 0.f); }

DEVICE float bf16_of(u16 v) { return __uint_as_float((u32)v << 16); }
DEVICE float bf16_low(u32 v) { return __uint_as_float(v << 16); }
DEVICE float bf16_high(u32 v) { return __uint_as_float(v & 0xffff0000u); }

// d[16x8] += a[16x16] b[16x8], one warp: rows lane / 4 (+8) of a, column lane / 4 of b, pairs at 2 (lane % 4) (+8) along k.
DEVICE void mma_half(float (&d)[4], u32 a0, u32 a1, u32 a2, u32 a3, u32 b0, u32 b1) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]) : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

DEVICE void mma_bf16(float (&d)[4], u32 a0, u32 a1, u32 a2, u32 a3, u32 b0, u32 b1) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]) : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

// Read once, by nobody else: past the caches.
DEVICE quad load_once(const void *p) {
    quad v;
    asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0,%1,%2,%3}, [%4];" : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w) : "l"(p));
    return v;
}

// A kernel may begin while the one before it ends: it does what needs nothing of that one, then waits for all of it here. Every kernel
// says at once that the next may begin, and waits before it touches anything that another one writes or reads.
#if __CUDA_ARCH__ >= 900
DEVICE void let_next_begin() { asm volatile("griddepcontrol.launch_dependents;"); }
DEVICE void wait_for_last() { asm volatile("griddepcontrol.wait;" ::: "memory"); }
#else
DEVICE void let_next_begin() {}
DEVICE void wait_for_last() {}
#endif

DEVICE u32 shared_address(const void *shared) { return (u32)__cvta_generic_to_shared(shared); }

// Sixteen bytes from memory to shared memory, aside; zeros where there are none to read.
DEVICE void copy_aside(void *shared, const void *from, bool there) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(shared)), "l"(from), "r"(there ? 16 : 0) : "memory");
}
DEVICE void copy_word_aside(void *shared, const void *from) {
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4;" ::"r"(shared_address(shared)), "l"(from) : "memory");
}
DEVICE void copies_end() { asm volatile("cp.async.commit_group;"); }
// Waits until at most PENDING of the groups ended last are still on their way.
template <int PENDING> DEVICE void copies_wait() { asm volatile("cp.async.wait_group %0;" ::"n"(PENDING) : "memory"); }

// A product and a sum each rounded by itself, whatever the compiler would rather do.
DEVICE float product(float a, float b) { return __fmul_rn(a, b); }
DEVICE float sum(float a, float b) { return __fadd_rn(a, b); }

// Two to the power of v, as the chip has it, to 22 bits; what would be subnormal is zero.
DEVICE float power_of_two(float v) {
    float r;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(v));
    return r;
}

// Barriers of some of a block's threads: 1 to 15, 0 is everybody's.
DEVICE void sync_threads_of(int barrier, int threads) { asm volatile("bar.sync %0, %1;" ::"r"(barrier), "r"(threads) : "memory"); }

// A count that blocks wait for: who reads it sees what was written before it was raised.
DEVICE void add_released(u32 *p, u32 v) { asm volatile("red.release.gpu.global.add.u32 [%0], %1;" ::"l"(p), "r"(v) : "memory"); }
DEVICE u32 read_acquired(const u32 *p) {
    u32 v;
    asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(v) : "l"(p) : "memory");
    return v;
}
DEVICE void relax() {}

// Into the chip's cache, for later.
DEVICE void fetch_to_cache(const void *p) { asm volatile("prefetch.global.L2 [%0];" ::"l"(p)); }
