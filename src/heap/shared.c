/* shared.c - the shared space: objects that are born shareable, and pages that ended Ractors left.
 *
 * It is a Heap without an owner. Each OS thread holds one block per size class and takes slots from it without a lock;
 * only the next block is fetched under the space's lock. Nothing here is swept except by the collection of the shared
 * graph, for which the world is stopped; it bumps the epoch, and so takes back the blocks that threads hold.
 */
#include <stdlib.h>

#include "heap/heap_internal.h"
#include "ractor/context.h"

Heap tr_shared_heap;
static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER; /* bins, pages of tr_shared_heap */
static uint64_t shared_epoch = 1;                               /* written while the world is stopped */

static _Thread_local struct {
    uint64_t epoch;
    struct { uint64_t free; char *base; } blocks[SIZE_CLASS_COUNT];
} held;

void tr_shared_ask_when_due(struct Thread *thread) {
    if (thread && tr_heap_wants_shared_collection())
        atomic_fetch_or_explicit(&thread->interrupt_flags, INTERRUPT_POSTPONED_JOB, memory_order_relaxed);
}

/* The next block with free slots, for this thread alone. */
static void fetch_block(Fiber *f, unsigned size_class) {
    Bin *bin = &tr_shared_heap.bins[size_class];
    pthread_mutex_lock(&shared_lock);
    bin->free = 0;
    while (!bin->free && bin->cursor) {
        Page *page = page_from_block_id(bin->cursor);
        unsigned block = bin->cursor % BLOCK_COUNT;
        bin->cursor = page->next_block[block];
        bin->base = block_base(page, block);
        bin->free = tr_sweep_block(&tr_shared_heap, page, block);
    }
    if (!bin->free) tr_block_take(&tr_shared_heap, size_class);
    held.blocks[size_class].free = bin->free;
    held.blocks[size_class].base = bin->base;
    unsigned count = (unsigned)__builtin_popcountll(bin->free);
    tr_shared_heap.allocated += count;
    bin->free = 0;
    pthread_mutex_unlock(&shared_lock);
    tr_heap_note_shared(count * tr_slot_bytes[size_class]);
    tr_shared_ask_when_due(f->thread);
}

__attribute__((noinline)) void *tr_shared_alloc(Fiber *f, unsigned size_class) {
    if (held.epoch != shared_epoch) {
        memset(&held, 0, sizeof held);
        held.epoch = shared_epoch;
    }
    if (!held.blocks[size_class].free) fetch_block(f, size_class);
    uint64_t free = held.blocks[size_class].free;
    held.blocks[size_class].free = free & (free - 1);
    return held.blocks[size_class].base + (size_t)__builtin_ctzll(free) * GRANULE_BYTES;
}

void tr_shared_take_back_blocks(void) { shared_epoch++; }

/* --- roots of the whole process --- */

static Value *kept; /* under shared_lock, as the two below */
static size_t kept_count, kept_capacity;

void tr_heap_keep_for_ever(Value object) {
    if (!tr_is_object(object)) return;
    pthread_mutex_lock(&shared_lock);
    if (kept_count == kept_capacity) {
        kept_capacity = kept_capacity ? kept_capacity * 2 : 64;
        kept = realloc(kept, kept_capacity * sizeof *kept);
        if (!kept) tr_fatal(__FILE__, __LINE__, "no memory for roots");
    }
    kept[kept_count++] = object;
    pthread_mutex_unlock(&shared_lock);
}

void tr_shared_trace_kept(Tracer *tracer) { tr_trace_range(tracer, kept, kept_count); }

void tr_shared_adopt_page(Page *page) {
    pthread_mutex_lock(&shared_lock);
    /* Behind the first page, from which fresh blocks are taken. Its free slots serve after the next collection of the
     * shared graph, which builds the lists anew. */
    Page *first = tr_shared_heap.pages;
    if (first) {
        page->next = first->next;
        first->next = page;
    } else {
        page->next = NULL;
        tr_shared_heap.pages = page;
    }
    tr_shared_heap.page_count++;
    __atomic_store_n(&page->heap, &tr_shared_heap, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&shared_lock);
    size_t bytes = 0;
    for (unsigned block = 1; block < page->fresh_block; block++)
        bytes += (size_t)__builtin_popcountll(page->marks[block]) * tr_slot_bytes[page->size_class[block]];
    tr_heap_note_shared(bytes + TR_PAGE_BYTES / 16); /* what the page keeps from others */
}
