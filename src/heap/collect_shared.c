/* collect_shared.c - the collection of everything, for the sake of the shared graph.
 *
 * The world is stopped. All heaps are marked together, through shareable objects too, from the roots of all Ractors. What
 * is shareable and has no mark is dead: in the shared space it is swept at once, in the Ractors' own pages when their
 * allocators come to it (Heap.sweeps_shared says that this time they may).
 *
 * Program structure (classes, methods, instruction sequences, lexical scopes) dies like everything else. What refers to
 * it untraced must have let go before it is swept: lists of subclasses and tables of interned strings here, in the purge;
 * inline caches by themselves, because a dead class leaves its answers invalid and no constant's cache survives a purge.
 */
#include <stdlib.h>
#include <time.h>

#include "heap/heap_internal.h"
#include "ractor/context.h"

#define LIMIT_DEFAULT ((size_t)48 << 20)

static _Atomic size_t shared_bytes;             /* relaxed: objects that became shareable since the last collection */
static size_t limit_min = LIMIT_DEFAULT;        /* written at boot: TROUPE_GC_SHARED_LIMIT */
static _Atomic size_t shared_limit = LIMIT_DEFAULT; /* relaxed */
static _Atomic bool is_wanted;                  /* relaxed: asked for, not begun */
void (*tr_heap_class_died)(Value klass); /* written at boot */
bool tr_is_marking_all; /* the world is stopped when it is true */

void tr_heap_set_shared_limit(size_t bytes) {
    limit_min = bytes;
    atomic_store_explicit(&shared_limit, bytes, memory_order_relaxed);
}

void tr_heap_note_shared(size_t bytes) { atomic_fetch_add_explicit(&shared_bytes, bytes, memory_order_relaxed); }

bool tr_heap_wants_shared_collection(void) {
    if (atomic_load_explicit(&is_wanted, memory_order_relaxed)) return false; /* somebody has been told */
    if (atomic_load_explicit(&shared_bytes, memory_order_relaxed) < atomic_load_explicit(&shared_limit, memory_order_relaxed))
        return false;
    return !atomic_exchange_explicit(&is_wanted, true, memory_order_relaxed);
}

bool tr_heap_is_shared_collection_due(void) { return atomic_load_explicit(&is_wanted, memory_order_relaxed); }

static bool is_shared_class(Value v) {
    ObjectType type = tr_object_type(v);
    return (type == TYPE_CLASS || type == TYPE_MODULE || type == TYPE_ICLASS) && tr_has_flag(v, TR_FLAG_SHAREABLE);
}

/* Those of a Ractor's own objects are told when they are swept (class_free); nobody else lists them. */
static void report_dead_classes(Heap *heap) {
    for (Page *page = heap->pages; page; page = page->next)
        for (unsigned block = 1; block < page->fresh_block; block++)
            for (uint64_t rest = tr_slot_starts[page->size_class[block]] & ~page->marks[block]; rest; rest &= rest - 1) {
                Value v = (Value)(block_base(page, block) + (size_t)__builtin_ctzll(rest) * GRANULE_BYTES);
                if (is_shared_class(v)) tr_heap_class_died(v);
            }
}

static void prepare(Heap *heap) {
    TR_CHECK(!heap->is_collecting);
    tr_sweep_finish(heap);
    heap->sweeps_shared = false;
    tr_collect_forget_remembered(heap);
    tr_collect_clear_marks(heap);
}

void tr_heap_collect_all_stopped(Heap *const *heaps, size_t count, RootFn more_roots, void (*purge)(void), void *context) {
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (size_t i = 0; i < count; i++) prepare(heaps[i]);
    tr_shared_take_back_blocks();
    prepare(&tr_shared_heap);
    Tracer tracer = {.heap = &tr_shared_heap, .is_global = true};
    tr_shared_trace_kept(&tracer);
    for (size_t i = 0; i < count; i++) {
        tracer.heap = heaps[i];
        tr_mark_roots(&tracer, heaps[i]);
        tr_mark_drain(&tracer);
    }
    more_roots(&tracer, context);
    tr_mark_drain(&tracer);
    free(tracer.stack);
    tr_is_marking_all = true;
    if (purge) purge();
    if (tr_heap_class_died) report_dead_classes(&tr_shared_heap);
    for (size_t i = 0; i < count; i++) {
        if (tr_heap_class_died) report_dead_classes(heaps[i]);
        heaps[i]->sweeps_shared = true;
        if (heaps[i]->extras) tr_weak_after_mark(heaps[i]);
    }
    tr_is_marking_all = false;
    for (size_t i = 0; i < count; i++) tr_collect_settle(heaps[i]);
    tr_shared_heap.sweeps_shared = true;
    tr_sweep_rebuild(&tr_shared_heap);
    tr_sweep_finish(&tr_shared_heap);
    tr_shared_heap.sweeps_shared = false;
    tr_shared_heap.live_bytes = tr_sweep_live_slot_bytes(&tr_shared_heap);
    tr_shared_heap.collections++;
    size_t limit = tr_shared_heap.live_bytes > limit_min ? tr_shared_heap.live_bytes : limit_min;
    atomic_store_explicit(&shared_limit, limit, memory_order_relaxed);
    atomic_store_explicit(&shared_bytes, 0, memory_order_relaxed);
    atomic_store_explicit(&is_wanted, false, memory_order_relaxed);
    clock_gettime(CLOCK_MONOTONIC, &end);
    tr_shared_heap.collect_time_ns += (uint64_t)((end.tv_sec - start.tv_sec) * 1000000000 + end.tv_nsec - start.tv_nsec);
}
