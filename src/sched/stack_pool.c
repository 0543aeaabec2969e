/* stack_pool.c - blocks of address space for coroutines: slabs, a free list, and a small cache for each OS thread.
 *
 * A slab is one mapping of SLAB_BLOCKS blocks, so 200,000 coroutines need 3,000 mappings; guard pages (two mappings
 * each) are given to the first GUARDED_BLOCKS only. Huge pages are declined: one of them would commit two megabytes
 * where a coroutine uses four kilobytes. The free list lives outside the blocks, so that a block whose pages were
 * handed back to the system stays untouched.
 *
 * The split between machine stack and data area differs from block to block by cache lines; without that the hot lines of
 * all coroutines would compete for the same few sets of the cache.
 *
 * Threads: a cache belongs to its OS thread; the pool is under pool_lock.
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

enum {
    SLAB_BLOCKS = 64,
    GUARDED_BLOCKS = 8192,
    GUARD_BYTES = 4096,
    BLOCK_STRIDE = TR_STACK_BLOCK_BYTES + 4096,
    CACHE_BLOCKS = 32,      /* most blocks an OS thread keeps for itself */
    WARM_BLOCKS = 1024,     /* free blocks that keep their pages; others give them back */
    MAX_SLABS = 65536
};

/* Under pool_lock, except that slab addresses are written once before any block of the slab is handed out. */
static pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER;
static char *slabs[MAX_SLABS];
static uint32_t slab_count;
static uint32_t *free_blocks;      /* a stack of block indexes; warm ones lie on top */
static uint32_t free_count, free_capacity;

static _Atomic size_t used_count; /* statistics only: relaxed */

typedef struct BlockCache { uint32_t count; uint32_t blocks[CACHE_BLOCKS]; } BlockCache;
static _Thread_local BlockCache cache;

static char *block_base(uint32_t index) { return slabs[index / SLAB_BLOCKS] + (size_t)(index % SLAB_BLOCKS) * BLOCK_STRIDE; }

static void describe(StackBlock *block, uint32_t index) {
    block->index = index;
    block->base = block_base(index);
    /* What a coroutine that waits has used, 2 KB of stack and 800 bytes of data, lies in one page wherever the split is. */
    size_t middle = TR_STACK_BLOCK_BYTES / 2 + 2304 + (index % 16) * 64;
    block->split = block->base + middle;
    block->end = block->base + TR_STACK_BLOCK_BYTES;
    block->base += GUARD_BYTES;
}

/* Another slab's blocks onto the free list. */
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
    memmove(free_blocks + SLAB_BLOCKS, free_blocks, free_count * sizeof *free_blocks); /* cold ones to the bottom */
    for (uint32_t i = 0; i < SLAB_BLOCKS; i++) free_blocks[SLAB_BLOCKS - 1 - i] = first + i;
    free_count += SLAB_BLOCKS;
    return 0;
}

/* Half a cache full of blocks from the pool. Guard pages are made here, so that a program with one fiber pays for few. */
static int refill(BlockCache *to) {
    pthread_mutex_lock(&pool_lock);
    int error = free_count ? 0 : grow_locked();
    while (!error && free_count && to->count < CACHE_BLOCKS / 4) to->blocks[to->count++] = free_blocks[--free_count];
    pthread_mutex_unlock(&pool_lock);
    return error;
}

/* A guard page is made when a block is first used: a bit for each guarded block. */
static _Atomic uint64_t guarded[GUARDED_BLOCKS / 64];
static void guard(uint32_t index) {
    if (index >= GUARDED_BLOCKS) return;
    uint64_t bit = (uint64_t)1 << (index % 64);
    if (atomic_load_explicit(&guarded[index / 64], memory_order_relaxed) & bit) return;
    if (mprotect(block_base(index), GUARD_BYTES, PROT_NONE) == 0)
        atomic_fetch_or_explicit(&guarded[index / 64], bit, memory_order_relaxed);
}

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

/* Half of the cache goes back to the pool; what the pool cannot keep warm gives its pages up. */
static void spill(BlockCache *from) {
    uint32_t moved[CACHE_BLOCKS / 2];
    uint32_t count = CACHE_BLOCKS / 2;
    memcpy(moved, from->blocks, sizeof moved);
    memmove(from->blocks, from->blocks + count, (from->count - count) * sizeof *from->blocks);
    from->count -= count;
    pthread_mutex_lock(&pool_lock);
    bool is_warm = free_count < WARM_BLOCKS;
    pthread_mutex_unlock(&pool_lock);
    if (!is_warm)
        for (uint32_t i = 0; i < count; i++)
            madvise(block_base(moved[i]) + GUARD_BYTES, TR_STACK_BLOCK_BYTES - GUARD_BYTES, MADV_DONTNEED);
    pthread_mutex_lock(&pool_lock);
    memcpy(free_blocks + free_count, moved, sizeof moved);
    free_count += count;
    pthread_mutex_unlock(&pool_lock);
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
