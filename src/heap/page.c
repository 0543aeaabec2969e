/* page.c - where pages come from: one reserved region, a pool, a few pages in each OS thread's hand.
 *
 * The region is address space only; memory appears when a page is first touched. One mapping serves all heaps, so a
 * hundred thousand Ractors need no mapping of their own.
 *
 * A page that is given back goes to the hand of the OS thread (no lock), from there in bunches to the pool. The pool
 * keeps POOL_DIRTY_MAX pages with their memory; of all others the memory goes back to the system, and they are
 * remembered by number, because a link inside would touch them again.
 *
 * Rejected: an mmap per page (Linux allows 65,530 mappings); a bitmap of used pages for conservative marking (the
 * header's owner says it already, and every address below `used` may be read).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "heap/heap_internal.h"

#if defined(__SANITIZE_THREAD__)
#define REGION_MAX_BYTES ((size_t)32 << 30)
#else
#define REGION_MAX_BYTES ((size_t)256 << 30)
#endif
#define REGION_MIN_BYTES ((size_t)64 << 20)
#define HAND_MAX 16
#define HAND_REFILL 4
#define POOL_DIRTY_MAX 512

Region tr_region;

static struct {
    pthread_mutex_t lock;
    /* under the lock */
    Page *dirty; unsigned dirty_count;
    uint32_t *clean; size_t clean_count, clean_capacity; /* page numbers */
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Pages this OS thread may hand out without asking anyone. Never kept across a coroutine switch. */
static _Thread_local struct { Page *pages; unsigned count; } hand;

const uint16_t tr_slot_bytes[SIZE_CLASS_COUNT] = {32, 48, 64, 80, 96, 112, 128, 144, 160, 192, 256, 336, 512, 1024};

#define BIT(g) ((uint64_t)1 << (g))
const uint64_t tr_slot_starts[SIZE_CLASS_COUNT] = {
    0x5555555555555555,                                                             /* 32 bytes: 32 slots */
    0x1249249249249249,                                                             /* 48: 21 */
    0x1111111111111111,                                                             /* 64: 16 */
    BIT(0) | BIT(5) | BIT(10) | BIT(15) | BIT(20) | BIT(25) | BIT(30) | BIT(35) | BIT(40) | BIT(45) | BIT(50) |
        BIT(55),                                                                    /* 80: 12 */
    BIT(0) | BIT(6) | BIT(12) | BIT(18) | BIT(24) | BIT(30) | BIT(36) | BIT(42) | BIT(48) | BIT(54), /* 96: 10 */
    BIT(0) | BIT(7) | BIT(14) | BIT(21) | BIT(28) | BIT(35) | BIT(42) | BIT(49) | BIT(56),          /* 112: 9 */
    0x0101010101010101,                                                             /* 128: 8 */
    BIT(0) | BIT(9) | BIT(18) | BIT(27) | BIT(36) | BIT(45) | BIT(54),              /* 144: 7 */
    BIT(0) | BIT(10) | BIT(20) | BIT(30) | BIT(40) | BIT(50),                       /* 160: 6 */
    BIT(0) | BIT(12) | BIT(24) | BIT(36) | BIT(48),                                 /* 192: 5 */
    BIT(0) | BIT(16) | BIT(32) | BIT(48),                                           /* 256: 4 */
    BIT(0) | BIT(21) | BIT(42),                                                     /* 336: 3 */
    BIT(0) | BIT(32),                                                               /* 512: 2 */
    BIT(0),                                                                         /* 1024: 1 */
};

/* By granules: the smallest class that is large enough. */
const uint8_t tr_size_class_of[TR_SLOT_MAX_BYTES / GRANULE_BYTES + 1] = {
    [0 ... 2] = 0,    [3] = 1,          [4] = 2,          [5] = 3,          [6] = 4,
    [7] = 5,          [8] = 6,          [9] = 7,          [10] = 8,         [11 ... 12] = 9,
    [13 ... 16] = 10, [17 ... 21] = 11, [22 ... 32] = 12, [33 ... 64] = 13,
};

static void *reserve(size_t bytes) {
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

/* Under the pool's lock. With a limit on address space, half of what could be had is left to others. */
static void reserve_region(void) {
    size_t bytes = REGION_MAX_BYTES;
    void *at = reserve(bytes);
    while (!at && bytes > REGION_MIN_BYTES) {
        bytes /= 2;
        at = reserve(bytes);
        if (at && bytes > REGION_MIN_BYTES) {
            munmap(at, bytes);
            bytes /= 2;
            at = reserve(bytes);
        }
    }
    if (!at) tr_fatal(__FILE__, __LINE__, "cannot reserve address space for objects");
    madvise(at, bytes, MADV_NOHUGEPAGE);
    uintptr_t base = ((uintptr_t)at + TR_PAGE_BYTES - 1) & ~(uintptr_t)(TR_PAGE_BYTES - 1);
    tr_region.reserved = (bytes - (base - (uintptr_t)at)) & ~(TR_PAGE_BYTES - 1);
    /* Block numbers have 32 bits, and page 0 block 0 is the null of block lists. */
    if (tr_region.reserved / TR_PAGE_BYTES > UINT32_MAX / BLOCK_COUNT)
        tr_region.reserved = (size_t)(UINT32_MAX / BLOCK_COUNT) * TR_PAGE_BYTES;
    tr_region.base = base;
}

static void push_hand(Page *page) {
    page->next = hand.pages;
    hand.pages = page;
    hand.count++;
}

/* The memory of the pages is zero, or they are marked dirty. */
static void refill_hand(void) {
    pthread_mutex_lock(&pool.lock);
    if (!tr_region.base) reserve_region();
    for (unsigned i = 0; i < HAND_REFILL; i++) {
        Page *page;
        if (pool.dirty) {
            page = pool.dirty;
            pool.dirty = page->next;
            pool.dirty_count--;
        } else if (pool.clean_count) {
            page = page_from_block_id(pool.clean[--pool.clean_count] * BLOCK_COUNT);
            page->number = pool.clean[pool.clean_count];
        } else {
            size_t used = atomic_load_explicit(&tr_region.used, memory_order_relaxed);
            if (used == tr_region.reserved) break;
            page = (Page *)(tr_region.base + used);
            page->number = (uint32_t)(used / TR_PAGE_BYTES);
            /* pairs with the acquire in tr_page_find_object: the page may be read from here on */
            atomic_store_explicit(&tr_region.used, used + TR_PAGE_BYTES, memory_order_release);
        }
        push_hand(page);
    }
    pthread_mutex_unlock(&pool.lock);
    if (!hand.pages) {
        fputs("[FATAL] failed to allocate memory\n", stderr);
        exit(1);
    }
}

Page *tr_page_take(Heap *heap) {
    if (!hand.pages) refill_hand();
    Page *page = hand.pages;
    hand.pages = page->next;
    hand.count--;
    if (page->is_dirty) memset(page->marks, 0, sizeof page->marks);
    memset(page->size_class, NO_SIZE_CLASS, sizeof page->size_class);
    page->fresh_block = 1;
    page->next = heap->pages;
    heap->pages = page;
    heap->page_count++;
    __atomic_store_n(&page->heap, heap, __ATOMIC_RELAXED);
    return page;
}

/* Takes half of the hand to the pool. */
static void empty_hand(void) {
    uint32_t discarded[HAND_MAX];
    unsigned discarded_count = 0;
    pthread_mutex_lock(&pool.lock);
    while (hand.count > HAND_MAX / 2) {
        Page *page = hand.pages;
        hand.pages = page->next;
        hand.count--;
        if (pool.dirty_count < POOL_DIRTY_MAX) {
            page->next = pool.dirty;
            pool.dirty = page;
            pool.dirty_count++;
        } else {
            discarded[discarded_count++] = page->number;
        }
    }
    pthread_mutex_unlock(&pool.lock);
    if (!discarded_count) return;
    for (unsigned i = 0; i < discarded_count; i++)
        madvise(page_from_block_id(discarded[i] * BLOCK_COUNT), TR_PAGE_BYTES, MADV_DONTNEED);
    pthread_mutex_lock(&pool.lock);
    if (pool.clean_count + discarded_count > pool.clean_capacity) {
        size_t capacity = pool.clean_capacity ? pool.clean_capacity * 2 : 1024;
        uint32_t *larger = realloc(pool.clean, capacity * sizeof *larger);
        TR_CHECK(larger);
        pool.clean = larger;
        pool.clean_capacity = capacity;
    }
    for (unsigned i = 0; i < discarded_count; i++) pool.clean[pool.clean_count++] = discarded[i];
    pthread_mutex_unlock(&pool.lock);
}

void tr_page_release(Page *page) {
    __atomic_store_n(&page->heap, NULL, __ATOMIC_RELAXED);
    page->is_dirty = true;
    push_hand(page);
    if (hand.count >= HAND_MAX) empty_hand();
}

void tr_block_take(Heap *heap, unsigned size_class) {
    Page *page = heap->pages;
    if (!page || page->fresh_block == BLOCK_COUNT) page = tr_page_take(heap);
    unsigned block = page->fresh_block++;
    char *base = block_base(page, block);
    if (page->is_dirty) memset(base, 0, BLOCK_BYTES);
    page->size_class[block] = (uint8_t)size_class;
    Bin *bin = &heap->bins[size_class];
    page->next_block[block] = bin->head; /* before the cursor: it has been swept, so to speak */
    bin->head = block_id(page, block);
    bin->base = base;
    bin->free = tr_slot_starts[size_class];
}

Value tr_page_find_object(const Heap *heap, uintptr_t word) {
    if (word - tr_region.base >= atomic_load_explicit(&tr_region.used, memory_order_acquire)) return 0;
    Page *page = page_of(word);
    Heap *owner = page_heap(page);
    if (!owner || (heap && owner != heap)) return 0;
    unsigned block = (unsigned)((word & (TR_PAGE_BYTES - 1)) / BLOCK_BYTES);
    unsigned size_class = page->size_class[block];
    if (block == 0 || size_class == NO_SIZE_CLASS) return 0;
    unsigned granule = granule_of(word) & 63;
    uint64_t below = tr_slot_starts[size_class] & (~(uint64_t)0 >> (63 - granule));
    unsigned start = 63 - (unsigned)__builtin_clzll(below); /* a slot starts at granule 0, so there is one */
    if ((granule - start) * GRANULE_BYTES >= tr_slot_bytes[size_class]) return 0; /* the rest behind the last slot */
    Value v = (Value)(block_base(page, block) + start * GRANULE_BYTES);
    return (tr_header(v)->flags & TR_TYPE_MASK) == TYPE_FREE ? 0 : v;
}

Heap *tr_heap_of(Value object) { return page_heap(page_of(object)); }

size_t tr_heap_slot_bytes(Value v) { return tr_slot_bytes[size_class_of_object(v)]; }
