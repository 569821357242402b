// What Hopper alone has: products of four warps together that read one side from shared memory, copies that a barrier in shared
// memory counts, and blocks of threads in clusters that reach each other's shared memory. Put before step.cu, split.cu and prefill.cu.

// A barrier in shared memory. A phase of it ends when COUNT threads have arrived and all bytes expected have come; phases have
// parities 0, 1, 0, ...: who waits for a phase's parity goes on once that phase has ended, or the one after it has not.
DEVICE void barrier_begin(u64 *barrier, int count) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(barrier)), "r"(count) : "memory");
}
// By the thread that began them, before a block's, or a cluster's, threads meet for the first time.
DEVICE void barriers_begun() { asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory"); }
DEVICE void barrier_expect(u64 *barrier, int bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_address(barrier)), "r"(bytes) : "memory");
}
DEVICE void barrier_arrive(u64 *barrier) { asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(shared_address(barrier)) : "memory"); }
// At the barrier in the same place of a block of the cluster.
DEVICE void barrier_arrive(u64 *barrier, int rank) {
    asm volatile("{ .reg .u32 t; mapa.shared::cluster.u32 t, %0, %1; mbarrier.arrive.shared::cluster.b64 _, [t]; }"
        ::"r"(shared_address(barrier)), "r"(rank) : "memory");
}
DEVICE void barrier_wait(u64 *barrier, int parity) {
    u32 ended;
    do
        asm volatile("{ .reg .pred p; mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2; selp.u32 %0, 1, 0, p; }"
            : "=r"(ended) : "r"(shared_address(barrier)), "r"(parity) : "memory");
    while (!ended);
}

// Bytes, a multiple of sixteen, to shared memory, counted by the barrier.
DEVICE void copy_bytes(void *shared, const void *from, int bytes, u64 *barrier) {
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];"
        ::"r"(shared_address(shared)), "l"(from), "r"(bytes), "r"(shared_address(barrier)) : "memory");
}
// What is read once: it shall not drive out of the cache what is read again.
DEVICE void copy_bytes_once(void *shared, const void *from, int bytes, u64 *barrier) {
    u64 policy;
    asm("createpolicy.fractional.L2::evict_first.b64 %0, 1.0;" : "=l"(policy));
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.L2::cache_hint [%0], [%1], %2, [%3], %4;"
        ::"r"(shared_address(shared)), "l"(from), "r"(bytes), "r"(shared_address(barrier)), "l"(policy) : "memory");
}
// To the same place, and counted by the barrier in the same place, of each block of the cluster that RANKS has a bit for.
DEVICE void copy_bytes_to_all(void *shared, const void *from, int bytes, u64 *barrier, int ranks) {
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [%0], [%1], %2, [%3], %4;"
        ::"r"(shared_address(shared)), "l"(from), "r"(bytes), "r"(shared_address(barrier)), "h"((u16)ranks) : "memory");
}

// All threads of a cluster meet, and see what each other wrote before.
DEVICE void cluster_meets() {
    asm volatile("barrier.cluster.arrive.release.aligned;\nbarrier.cluster.wait.acquire.aligned;" ::: "memory");
}
// Only meet: for what barriers begun, copies and reads that have ended need.
DEVICE void cluster_gathers() {
    asm volatile("barrier.cluster.arrive.relaxed.aligned;\nbarrier.cluster.wait.acquire.aligned;" ::: "memory");
}
// Sixteen bytes of another block's shared memory, from the place where this block has SHARED.
DEVICE quad load_from(int rank, const void *shared) {
    quad v;
    asm volatile("{ .reg .u32 t; mapa.shared::cluster.u32 t, %4, %5; ld.shared::cluster.v4.u32 {%0,%1,%2,%3}, [t]; }"
        : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w) : "r"(shared_address(shared)), "r"(rank) : "memory");
    return v;
}

// The right side of a product of four warps: tiles of 8 tokens and 128 columns behind each other, 2 KiB each (layout.cu, x_at). A step
// of sixteen columns is STEP further on. 128 bytes lie between its halves, a tile between its tokens 8 t and 8 t + 8.
#define TILE_OF_X 2048
#define STEP (256 >> 4)
DEVICE u64 right_side(const void *shared) { return (u64)((shared_address(shared) & 0x3ffff) >> 4) | (u64)(128 >> 4) << 16 | (u64)(TILE_OF_X >> 4) << 32; }

// Registers that products use are as the threads left them; all products begun belong together; all have ended.
DEVICE void products_begin() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
DEVICE void products_begun() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
template <int TILES> DEVICE void products_end(float (&d)[TILES][4]) {
    asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
    // Nothing that reads them may be put before the wait.
#pragma unroll
    for (int t = 0; t < TILES; t++) asm volatile("" : "+f"(d[t][0]), "+f"(d[t][1]), "+f"(d[t][2]), "+f"(d[t][3])::"memory");
}

// d[64 x 8 * TILES] (+)= a[64x16] b[16 x 8 * TILES]: a warp has sixteen rows, in the places where mma_half has them.
#define D4(t) "+f"(d[t][0]), "+f"(d[t][1]), "+f"(d[t][2]), "+f"(d[t][3])
#define D16(t) D4(t), D4(t + 1), D4(t + 2), D4(t + 3)
#define LEFT "r"(a0), "r"(a1), "r"(a2), "r"(a3), "l"(b), "r"(adds)
DEVICE void multiply_together(float (&d)[4][4], u32 a0, u32 a1, u32 a2, u32 a3, u64 b, int adds) {
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %21, 0; wgmma.mma_async.sync.aligned.m64n32k16.f32.f16.f16 "
        "{%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15}, {%16,%17,%18,%19}, %20, p, 1, 1, 0; }" : D16(0) : LEFT);
}
DEVICE void multiply_together(float (&d)[8][4], u32 a0, u32 a1, u32 a2, u32 a3, u64 b, int adds) {
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %37, 0; wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16 "
        "{%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31}, "
        "{%32,%33,%34,%35}, %36, p, 1, 1, 0; }" : D16(0), D16(4) : LEFT);
}
DEVICE void multiply_together(float (&d)[16][4], u32 a0, u32 a1, u32 a2, u32 a3, u64 b, int adds) {
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %69, 0; wgmma.mma_async.sync.aligned.m64n128k16.f32.f16.f16 "
        "{%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31,"
        "%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47,%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63}, "
        "{%64,%65,%66,%67}, %68, p, 1, 1, 0; }" : D16(0), D16(4), D16(8), D16(12) : LEFT);
}
