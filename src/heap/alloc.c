/* alloc.c - the life of a heap, and getting memory from it.
 *
 * The fast path takes the lowest bit of the current block's free word. When the word is empty, the next block of the
 * class is swept; when all are swept, a block that was never used is taken. Every byte handed out lowers the heap's
 * budget, bulk outside of the pages included; a collection starts when the budget is spent (collect.c sets it anew).
 *
 * Objects that are born shareable come from the shared space (shared.c), so that a short Ractor which makes one leaves
 * no page behind.
 */
#include <stdlib.h>

#include "heap/heap_internal.h"
#include "ractor/context.h"

#define FIRST_BUDGET ((int64_t)1 << 20)
#define FIRST_MAJOR_LIMIT ((size_t)8 << 20)

static bool env_flag(const char *name) {
    const char *value = getenv(name);
    return value && *value && strcmp(value, "0") != 0;
}

/* Set up once, by the first heap, before there is a second OS thread. */
static struct { bool is_read, stress, verify; } switches;

void tr_heap_init(Heap *heap, Ractor *owner) {
    if (!switches.is_read) {
        switches.stress = env_flag("TROUPE_GC_STRESS");
        switches.verify = env_flag("TROUPE_GC_VERIFY");
        const char *limit = getenv("TROUPE_GC_SHARED_LIMIT");
        if (limit) tr_heap_set_shared_limit(strtoul(limit, NULL, 10));
        switches.is_read = true;
        tr_data_register_types();
    }
    heap->owner = owner;
    heap->budget = FIRST_BUDGET;
    heap->major_limit = FIRST_MAJOR_LIMIT;
    heap->is_stressed = switches.stress;
    heap->is_verified = switches.verify;
    heap->roots = heap->root_inline;
    heap->root_capacity = sizeof heap->root_inline / sizeof heap->root_inline[0];
}

Heap *tr_heap_new(Ractor *owner) {
    Heap *heap = malloc(sizeof *heap); /* not calloc, which takes glibc's lock */
    if (!heap) tr_fatal(__FILE__, __LINE__, "no memory for a heap");
    memset(heap, 0, sizeof *heap);
    tr_heap_init(heap, owner);
    return heap;
}

/* Everything that is not shareable dies. What is left in the page, if anything, is marked. */
static bool clear_page(Heap *heap, Page *page) {
    bool is_empty = true;
    memset(page->marks, 0, sizeof page->marks);
    for (unsigned block = 1; block < page->fresh_block; block++) {
        tr_sweep_block(heap, page, block);
        if (page->marks[block]) is_empty = false;
    }
    return is_empty;
}

void tr_heap_free(Heap *heap) {
    if (heap->sweeps_shared) tr_sweep_finish(heap);
    heap->sweeps_shared = false;
    for (Page *page = heap->pages, *next; page; page = next) {
        next = page->next;
        if (clear_page(heap, page))
            tr_page_release(page);
        else
            tr_shared_adopt_page(page);
    }
    HeapExtras *extras = heap->extras;
    if (extras) {
        while (extras->weak) tr_heap_remove_weak(extras->weak);
        free(extras->finalizers);
        free(extras->ready);
        free(extras);
    }
    free(heap->remembered);
    if (heap->roots != heap->root_inline) free(heap->roots);
    free(heap);
}

/* --- objects --- */

/* Fills bin->free. */
static void refill(Heap *heap, unsigned size_class) {
    Bin *bin = &heap->bins[size_class];
    if (TR_UNLIKELY(heap->budget <= 0) && !heap->is_disabled) tr_collect(heap, !heap->wants_major);
    for (BlockId id = bin->cursor; id; id = bin->cursor) {
        Page *page = page_from_block_id(id);
        unsigned block = id % BLOCK_COUNT;
        bin->cursor = page->next_block[block];
        if (!(tr_slot_starts[size_class] & ~page->marks[block])) continue;
        uint64_t free = tr_sweep_block(heap, page, block);
        if (!free) continue;
        bin->base = block_base(page, block);
        bin->free = free;
        break;
    }
    if (!bin->free) tr_block_take(heap, size_class);
    unsigned count = (unsigned)__builtin_popcountll(bin->free);
    heap->allocated += count;
    heap->budget -= (int64_t)(count * tr_slot_bytes[size_class]);
}

static inline void *take_slot(Bin *bin) {
    char *slot = bin->base + (size_t)__builtin_ctzll(bin->free) * GRANULE_BYTES;
    bin->free &= bin->free - 1;
    return slot;
}

/* With GC stress each call comes here: `free` stays empty, the slots wait in `held`. */
static void *take_stressed_slot(Heap *heap, unsigned size_class) {
    if (!heap->is_disabled) tr_collect_stressed(heap);
    Bin *bin = &heap->bins[size_class];
    uint64_t *held = &tr_heap_extras(heap)->held[size_class];
    bin->free = *held;
    if (!bin->free) refill(heap, size_class);
    void *slot = take_slot(bin);
    *held = bin->free;
    bin->free = 0;
    return slot;
}

static __attribute__((noinline)) void *take_slot_slow(Heap *heap, unsigned size_class) {
    TR_CHECK(!heap->is_collecting);
    __builtin_unwind_init(); /* registers to the stack, where a collection finds them */
    if (heap->is_stressed) return take_stressed_slot(heap, size_class);
    refill(heap, size_class);
    return take_slot(&heap->bins[size_class]);
}

MAY_GC void *tr_heap_alloc(Fiber *f, size_t bytes, uint32_t type_and_flags, Class *klass) {
    TR_ASSERT(bytes >= sizeof(Header) && bytes <= TR_SLOT_MAX_BYTES);
    unsigned size_class = tr_size_class_of[(bytes + GRANULE_BYTES - 1) / GRANULE_BYTES];
    Heap *heap = f->heap;
    Bin *bin = &heap->bins[size_class];
    Header *header;
    if (TR_UNLIKELY(type_and_flags & TR_FLAG_SHAREABLE))
        header = tr_shared_alloc(f, size_class);
    else if (TR_LIKELY(bin->free))
        header = take_slot(bin);
    else
        header = take_slot_slow(heap, size_class);
    typedef long long Granule __attribute__((vector_size(16)));
    Granule *granules = (Granule *)header;
    size_t count = tr_slot_bytes[size_class] / GRANULE_BYTES;
    granules[1] = (Granule){0, 0};
    for (size_t i = 2; i < count; i++) granules[i] = (Granule){0, 0};
    header->klass = klass;
    header->aux = 0;
    header->flags = type_and_flags;
    return header;
}

/* Shareable objects come from the shared space, whose allocation collects nothing: an effect that ends here. */
TR_EFFECT_ROOT void *tr_heap_alloc_quiet(Fiber *f, size_t bytes, uint32_t type_and_flags, Class *klass) {
    TR_ASSERT(type_and_flags & TR_FLAG_SHAREABLE);
    return tr_heap_alloc(f, bytes, type_and_flags, klass);
}

/* --- bulk --- */

static void account(Heap *heap, int64_t bytes) {
    if (heap == &tr_shared_heap)
        __atomic_add_fetch(&heap->buffer_bytes, bytes, __ATOMIC_RELAXED);
    else
        heap->buffer_bytes += bytes;
}

static __attribute__((noinline)) void collect_for_buffer(Heap *heap) {
    __builtin_unwind_init();
    if (heap->is_disabled) return;
    if (heap->is_stressed)
        tr_collect_stressed(heap);
    else
        tr_collect(heap, !heap->wants_major);
}

static inline void account_new(Heap *heap, size_t bytes) {
    heap->buffer_bytes += (int64_t)bytes;
    heap->total_buffer_bytes += (int64_t)bytes;
    heap->budget -= (int64_t)bytes;
    if (TR_UNLIKELY(heap->budget <= 0 || heap->is_stressed)) collect_for_buffer(heap);
}

/* A collection may come before the memory is there, not after: the caller does not hold it in an object yet. */
MAY_GC void *tr_buffer_alloc(Fiber *f, size_t bytes) {
    account_new(f->heap, bytes);
    void *buffer = malloc(bytes ? bytes : 1);
    if (TR_UNLIKELY(!buffer)) {
        tr_heap_collect(f);
        tr_sweep_finish(f->heap);
        buffer = malloc(bytes ? bytes : 1);
        if (!buffer) account(f->heap, -(int64_t)bytes);
    }
    return buffer;
}

MAY_GC void *tr_buffer_realloc(Fiber *f, void *buffer, size_t old_bytes, size_t new_bytes) {
    if (!buffer) return tr_buffer_alloc(f, new_bytes);
    if (new_bytes > old_bytes)
        account_new(f->heap, new_bytes - old_bytes);
    else
        account(f->heap, -(int64_t)(old_bytes - new_bytes));
    void *moved = realloc(buffer, new_bytes ? new_bytes : 1);
    if (!moved) account(f->heap, (int64_t)old_bytes - (int64_t)new_bytes);
    return moved;
}

void tr_buffer_free(Heap *heap, void *buffer, size_t bytes) {
    if (!buffer) return;
    account(heap, -(int64_t)bytes);
    free(buffer);
}

void tr_buffer_adopt(Heap *heap, size_t bytes) {
    account(heap, (int64_t)bytes);
    if (heap == &tr_shared_heap) return;
    heap->total_buffer_bytes += (int64_t)bytes;
    heap->budget -= (int64_t)bytes;
}

void tr_buffer_disown(Heap *heap, size_t bytes) { account(heap, -(int64_t)bytes); }
