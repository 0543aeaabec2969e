/* stack_pool.c - blocks of address space for coroutines: slabs, a free list, and a small cache for each OS thread.
 *
 * A slab is one mapping of SLAB_BLOCKS blocks, so 200,000 coroutines need 3,000 mappings at most. Guard pages: a kernel
 * that can mark a page as a guard without a mapping of its own (Linux 6.13) gives one to every block; an older one makes
 * two mappings of it, so the first GUARDED_BLOCKS get one. Huge pages are declined: one of them would commit two
 * megabytes where a coroutine uses four kilobytes. The free list lives outside the blocks, so that a block whose pages
 * were handed back to the system stays untouched.
 *
 * Blocks lie a page more than a megabyte apart, and the split between machine stack and data area differs from block to
 * block by cache lines: else the hot pages and lines of all coroutines would compete for the same few sets of the TLB and
 * of the caches.
 *
 * A block that is given back keeps its pages: what ended now is followed by more of its kind. The tick hands back, bit by
 * bit, the pages of those that were free all the time since the tick before (tr_stack_pool_trim), beyond WARM_BLOCKS.
 *
 * Threads: a cache belongs to its OS thread; the pool is under pool_lock, trimming under trim_lock (taken first).
 * Rejected: a mapping for each stack (ends at 32,000 of them); headers inside the blocks (touch a page each).
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/assert.h"
#include "sched/coroutine.h"
#include "sched/sched_internal.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

enum {
    SLAB_BLOCKS = 64,
    GUARDED_BLOCKS = 8192,
    GUARD_BYTES = 4096,
    BLOCK_STRIDE = TR_STACK_BLOCK_BYTES + 4096,
    CACHE_BLOCKS = 32,      /* most blocks an OS thread keeps for itself */
    WARM_BLOCKS = 1024,     /* free blocks that keep their pages; others give them back in time */
    TRIM_BLOCKS = 256,      /* at most at one tick */
    MAX_SLABS = 65536
};

/* Under pool_lock, except that slab addresses are written once before any block of the slab is handed out. */
static pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER;
static char *slabs[MAX_SLABS];
static uint32_t slab_count;
static uint32_t *free_blocks;      /* a stack of block indexes; warm ones lie on top */
static uint32_t free_count, free_capacity;
static uint32_t cold_count;        /* at its bottom: their pages were never used, or given back */
static uint32_t least_free;        /* the lowest free_count since the last trim */
static pthread_mutex_t trim_lock = PTHREAD_MUTEX_INITIALIZER; /* one at a time, and none during a fork */

static _Atomic size_t used_count; /* statistics only: relaxed */

typedef struct BlockCache { uint32_t count; uint32_t blocks[CACHE_BLOCKS]; } BlockCache;
static _Thread_local BlockCache cache;

static char *block_base(uint32_t index) {
    return slabs[index / SLAB_BLOCKS] + (size_t)(index % SLAB_BLOCKS) * BLOCK_STRIDE;
}

static void describe(StackBlock *block, uint32_t index) {
    block->index = index;
    block->base = block_base(index);
    /* What a coroutine that waits has used, 2 KB of stack and 800 bytes of data, lies in one page wherever the split is. */
    size_t middle = TR_STACK_BLOCK_BYTES / 2 + 2304 + (index % 16) * 64;
    block->split = block->base + middle;
    block->end = block->base + TR_STACK_BLOCK_BYTES;
    block->base += GUARD_BYTES;
}

/* Another slab's blocks onto the free list, which is empty. */
static int grow_locked(void) {
    if (slab_count == MAX_SLABS) return -ENOMEM;
    uint32_t wanted = (slab_count + 1) * SLAB_BLOCKS;
    if (wanted > free_capacity) {
        uint32_t capacity = free_capacity ? free_capacity * 2 : 1024;
        uint32_t *bigger = realloc(free_blocks, capacity * sizeof *bigger);
        if (!bigger) return -ENOMEM;
        free_blocks = bigger;
        free_capacity = capacity;
    }
    size_t bytes = (size_t)SLAB_BLOCKS * BLOCK_STRIDE;
    char *slab = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (slab == MAP_FAILED) return -ENOMEM;
    madvise(slab, bytes, MADV_NOHUGEPAGE);
    slabs[slab_count] = slab;
    uint32_t first = slab_count * SLAB_BLOCKS;
    slab_count++;
    for (uint32_t i = 0; i < SLAB_BLOCKS; i++) free_blocks[SLAB_BLOCKS - 1 - i] = first + i;
    free_count = cold_count = SLAB_BLOCKS;
    return 0;
}

/* A quarter of a cache full of blocks from the pool. */
static int refill(BlockCache *to) {
    pthread_mutex_lock(&pool_lock);
    int error = free_count ? 0 : grow_locked();
    while (!error && free_count && to->count < CACHE_BLOCKS / 4) to->blocks[to->count++] = free_blocks[--free_count];
    if (cold_count > free_count) cold_count = free_count;
    if (least_free > free_count) least_free = free_count;
    pthread_mutex_unlock(&pool_lock);
    return error;
}

/* A guard page is made when a block is first used, so that a program with one fiber pays for few: a bit for each. */
static _Atomic uint64_t guarded[MAX_SLABS * SLAB_BLOCKS / 64];
static _Atomic bool are_markers_missing;

static bool install_guard(uint32_t index) {
    char *page = block_base(index);
    if (!atomic_load_explicit(&are_markers_missing, memory_order_relaxed)) {
        if (madvise(page, GUARD_BYTES, MADV_GUARD_INSTALL) == 0) return true;
        atomic_store_explicit(&are_markers_missing, true, memory_order_relaxed);
    }
    return index < GUARDED_BLOCKS && mprotect(page, GUARD_BYTES, PROT_NONE) == 0;
}

static void guard(uint32_t index) {
    _Atomic uint64_t *word = &guarded[index / 64];
    uint64_t bit = (uint64_t)1 << (index % 64);
    if (TR_LIKELY(atomic_load_explicit(word, memory_order_relaxed) & bit)) return;
    if (install_guard(index)) atomic_fetch_or_explicit(word, bit, memory_order_relaxed);
}

/* Half of the cache goes back to the pool. */
static void spill(BlockCache *from) {
    uint32_t count = CACHE_BLOCKS / 2;
    pthread_mutex_lock(&pool_lock);
    memcpy(free_blocks + free_count, from->blocks, count * sizeof *from->blocks);
    free_count += count;
    bool is_much = free_count - cold_count > WARM_BLOCKS;
    pthread_mutex_unlock(&pool_lock);
    memmove(from->blocks, from->blocks + count, (from->count - count) * sizeof *from->blocks);
    from->count -= count;
    if (is_much) tr_ticker_need();
}

/* ---- giving pages back ---- */

static int compare_indexes(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Neighbours in one call: each interrupts every core that runs us. */
static void give_pages_back(uint32_t *blocks, uint32_t count) {
    qsort(blocks, count, sizeof *blocks, compare_indexes);
    for (uint32_t i = 0, run; i < count; i += run) {
        for (run = 1; i + run < count && blocks[i + run] == blocks[i] + run && blocks[i + run] % SLAB_BLOCKS; run++) {}
        madvise(block_base(blocks[i]) + GUARD_BYTES, run * (size_t)BLOCK_STRIDE - GUARD_BYTES, MADV_DONTNEED);
    }
}

bool tr_stack_pool_trim(void) {
    uint32_t blocks[TRIM_BLOCKS], count = 0;
    pthread_mutex_lock(&trim_lock);
    pthread_mutex_lock(&pool_lock);
    uint32_t unused = least_free; /* of these, the cold ones and as many more as may stay warm are left alone */
    uint32_t kept = cold_count + WARM_BLOCKS;
    if (unused > kept) count = unused - kept > TRIM_BLOCKS ? TRIM_BLOCKS : unused - kept;
    free_count -= count; /* the lowest warm ones go, the highest take their places */
    for (uint32_t i = 0; i < count; i++) {
        blocks[i] = free_blocks[cold_count + i];
        free_blocks[cold_count + i] = free_blocks[free_count + i];
    }
    pthread_mutex_unlock(&pool_lock);
    if (count) give_pages_back(blocks, count);
    pthread_mutex_lock(&pool_lock);
    memmove(free_blocks + cold_count + count, free_blocks + cold_count, (free_count - cold_count) * sizeof *blocks);
    memcpy(free_blocks + cold_count, blocks, count * sizeof *blocks);
    cold_count += count;
    free_count += count;
    least_free = free_count;
    bool is_much = free_count - cold_count > WARM_BLOCKS;
    pthread_mutex_unlock(&pool_lock);
    pthread_mutex_unlock(&trim_lock);
    return is_much;
}

void tr_stack_pool_before_fork(void) {
    pthread_mutex_lock(&trim_lock);
    pthread_mutex_lock(&pool_lock);
}

void tr_stack_pool_after_fork(void) {
    pthread_mutex_unlock(&pool_lock);
    pthread_mutex_unlock(&trim_lock);
}

/* ---- taking and giving back ---- */

__attribute__((noinline)) int tr_stack_block_acquire(StackBlock *block) {
    BlockCache *mine = &cache;
    if (mine->count == 0) {
        int error = refill(mine);
        if (error) return error;
    }
    uint32_t index = mine->blocks[--mine->count];
    guard(index);
    describe(block, index);
    atomic_fetch_add_explicit(&used_count, 1, memory_order_relaxed);
    return 0;
}

__attribute__((noinline)) void tr_stack_block_release(StackBlock *block) {
    TR_CHECK(block->base);
    BlockCache *mine = &cache;
    if (mine->count == CACHE_BLOCKS) spill(mine);
    mine->blocks[mine->count++] = block->index;
    block->base = NULL;
    atomic_fetch_sub_explicit(&used_count, 1, memory_order_relaxed);
}

size_t tr_stack_block_count(void) { return atomic_load_explicit(&used_count, memory_order_relaxed); }
