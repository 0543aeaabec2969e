/* collect.c - when to collect, and the order of a collection.
 *
 * Two kinds. A minor collection keeps the marks: what survived before is old and not looked at, except the old objects
 * that the write barrier remembered; it finds the young ones that live. A major collection clears the marks first.
 * Whatever survives either is old. So after a collection there is no reference from old to young, and nothing to
 * remember.
 *
 * Pacing: a minor collection after NURSERY_BYTES, or a quarter of what lives; a major one when what lives after a
 * minor one has grown by three quarters since the last major one.
 */
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "heap/heap_internal.h"
#include "ractor/context.h"

#define NURSERY_BYTES ((size_t)1 << 20)
#define MAJOR_LIMIT_MIN ((size_t)8 << 20)
#define STRESS_MAJOR_EVERY 4

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* --- the remembered set --- */

void tr_heap_remember(Value owner) {
    Header *header = tr_header(owner);
    if (header->flags & TR_FLAG_SHAREABLE) return; /* was old before it became shareable: refers to no young object */
    Heap *heap = page_heap(page_of(owner));
    header->flags |= TR_FLAG_REMEMBERED;
    if (heap->remembered_count == heap->remembered_capacity) {
        uint32_t capacity = heap->remembered_capacity ? heap->remembered_capacity * 2 : 64;
        Value *larger = realloc(heap->remembered, capacity * sizeof *larger);
        if (!larger) tr_fatal(__FILE__, __LINE__, "no memory for the remembered set");
        heap->remembered = larger;
        heap->remembered_capacity = capacity;
    }
    heap->remembered[heap->remembered_count++] = owner;
}

static void trace_remembered(Tracer *tracer, Heap *heap) {
    for (uint32_t i = 0; i < heap->remembered_count; i++) {
        Value v = heap->remembered[i];
        tr_header(v)->flags &= ~TR_FLAG_REMEMBERED;
        tr_mark_children(tracer, v);
    }
    heap->remembered_count = 0;
}

void tr_collect_forget_remembered(Heap *heap) {
    for (uint32_t i = 0; i < heap->remembered_count; i++)
        tr_header(heap->remembered[i])->flags &= ~TR_FLAG_REMEMBERED;
    heap->remembered_count = 0;
}

void tr_heap_assert_isolation(Value owner, Value value) {
    if (!tr_is_object(value) || tr_has_flag(value, TR_FLAG_SHAREABLE)) return;
    if (tr_has_flag(owner, TR_FLAG_SHAREABLE))
        tr_fatal(__FILE__, __LINE__, "a shareable object (type %d) would refer to an unshareable one (type %d)",
                 (int)tr_object_type(owner), (int)tr_object_type(value));
    if (tr_heap_of(owner) != tr_heap_of(value))
        tr_fatal(__FILE__, __LINE__, "an object (type %d) would refer into another Ractor (type %d)",
                 (int)tr_object_type(owner), (int)tr_object_type(value));
}

/* --- collecting --- */

void tr_collect_clear_marks(Heap *heap) {
    for (Page *page = heap->pages; page; page = page->next) memset(page->marks, 0, sizeof page->marks);
}

static void set_pace(Heap *heap, bool minor) {
    size_t buffers = heap->buffer_bytes > 0 ? (size_t)heap->buffer_bytes : 0;
    heap->live_bytes = tr_sweep_live_slot_bytes(heap) + buffers;
    if (minor) {
        heap->wants_major = heap->live_bytes > heap->major_limit;
    } else {
        heap->wants_major = false;
        heap->major_limit = heap->live_bytes + heap->live_bytes / 4 * 3;
        if (heap->major_limit < MAJOR_LIMIT_MIN) heap->major_limit = MAJOR_LIMIT_MIN;
    }
    size_t budget = heap->live_bytes / 4;
    heap->budget = (int64_t)(budget > NURSERY_BYTES ? budget : NURSERY_BYTES);
}

/* Bulk is freed when its object is swept. Where it is most of the heap, the few objects are swept at once, or dead bulk
 * would wait for blocks that nobody allocates from. */
static bool is_mostly_bulk(const Heap *heap) {
    return heap->buffer_bytes > (int64_t)(4 * NURSERY_BYTES) &&
           heap->buffer_bytes / 4 > (int64_t)heap->page_count * (int64_t)TR_PAGE_BYTES;
}

/* What became shareable in the pages of this heap may be garbage that no local collection sees. */
static void ask_for_shared_collection(Heap *heap) {
    if (heap->owner && heap->owner->thread && tr_heap_wants_shared_collection())
        atomic_fetch_or_explicit(&heap->owner->thread->interrupt_flags, INTERRUPT_POSTPONED_JOB, memory_order_relaxed);
}

/* After the collection of everything: this heap goes on as after a major one of its own. */
void tr_collect_settle(Heap *heap) {
    tr_sweep_restart(heap);
    set_pace(heap, false);
    heap->collections++;
}

__attribute__((noinline)) void tr_collect(Heap *heap, bool minor) {
    TR_CHECK(!heap->is_collecting);
    uint64_t start = now_ns();
    heap->is_collecting = true;
    tr_sweep_finish(heap);
    heap->sweeps_shared = false;
    Tracer tracer = {.heap = heap, .is_minor = minor};
    if (minor) {
        trace_remembered(&tracer, heap);
    } else {
        tr_collect_forget_remembered(heap);
        tr_collect_clear_marks(heap);
    }
    tr_mark_roots(&tracer, heap);
    tr_mark_drain(&tracer);
    free(tracer.stack);
    if (heap->extras) tr_weak_after_mark(heap);
    if (heap->is_verified) tr_verify_marks(heap);
    if (minor)
        tr_sweep_restart(heap);
    else
        tr_sweep_rebuild(heap);
    if (is_mostly_bulk(heap)) tr_sweep_finish(heap);
    set_pace(heap, minor);
    ask_for_shared_collection(heap);
    heap->collections++;
    heap->minor_collections += minor;
    heap->collect_time_ns += now_ns() - start;
    heap->is_collecting = false;
    if (heap->owner) tr_shared_ask_when_due(heap->owner->thread);
    TR_LOG(TR_LOG_GC, "Ractor %u: %s collection, %.2f ms, %zu KB live", heap->owner->id, minor ? "minor" : "major",
           (double)(now_ns() - start) / 1e6, heap->live_bytes / 1024);
}

MAY_GC __attribute__((noinline)) void tr_heap_collect(Fiber *f) {
    __builtin_unwind_init();
    tr_collect(f->heap, false);
    tr_sweep_finish(f->heap);
}

void tr_collect_stressed(Heap *heap) { tr_collect(heap, heap->collections % STRESS_MAJOR_EVERY != 0); }

bool tr_heap_set_disabled(Heap *heap, bool disabled) {
    bool former = heap->is_disabled;
    heap->is_disabled = disabled;
    return former;
}

bool tr_heap_set_stress(Heap *heap, bool stress) {
    bool former = heap->is_stressed;
    heap->is_stressed = stress;
    HeapExtras *extras = tr_heap_extras(heap);
    for (unsigned c = 0; c < SIZE_CLASS_COUNT && former != stress; c++) {
        uint64_t slots = heap->bins[c].free | extras->held[c];
        extras->held[c] = stress ? slots : 0;
        heap->bins[c].free = stress ? 0 : slots;
    }
    return former;
}

bool tr_heap_is_stress(Heap *heap) { return heap->is_stressed; }

/* --- looking --- */

static uint64_t count_slots(const Heap *heap) {
    uint64_t slots = 0;
    for (const Page *page = heap->pages; page; page = page->next)
        for (unsigned block = 1; block < page->fresh_block; block++)
            slots += (unsigned)__builtin_popcountll(tr_slot_starts[page->size_class[block]]);
    return slots;
}

void tr_heap_stats(Heap *heap, HeapStats *out) {
    uint64_t unused = 0;
    for (unsigned c = 0; c < SIZE_CLASS_COUNT; c++) unused += slot_count(tr_heap_unused_slots(heap, c));
    *out = (HeapStats){
        .collections = heap->collections,
        .minor_collections = heap->minor_collections,
        .allocated_objects = heap->allocated - unused,
        .freed_objects = heap->freed,
        .live_objects = heap->allocated - unused - heap->freed,
        .free_slots = count_slots(heap) - (heap->allocated - unused - heap->freed),
        .pages = heap->page_count,
        .page_bytes = heap->page_count * TR_PAGE_BYTES,
        .buffer_bytes = heap->buffer_bytes > 0 ? (uint64_t)heap->buffer_bytes : 0,
        .total_buffer_bytes = (uint64_t)heap->total_buffer_bytes,
        .shared_collections = tr_shared_heap.collections,
        .collect_time_ns = heap->collect_time_ns,
    };
}

size_t tr_heap_object_bytes(Value v) {
    const HeapType *type = &tr_heap_types[tr_object_type(v)];
    return tr_heap_slot_bytes(v) + (type->size ? type->size(v) : 0);
}

bool tr_heap_is_collecting(const Heap *heap) { return heap->is_collecting; }

void tr_heap_each_object(Heap *heap, void (*fn)(Value object, void *data), void *data) {
    tr_sweep_finish(heap);
    for (Page *page = heap->pages; page; page = page->next)
        for (unsigned block = 1; block < page->fresh_block; block++) {
            char *base = block_base(page, block);
            for (uint64_t rest = tr_slot_starts[page->size_class[block]]; rest; rest &= rest - 1) {
                Value v = (Value)(base + (size_t)__builtin_ctzll(rest) * GRANULE_BYTES);
                if (tr_object_type(v) != TYPE_FREE) fn(v, data);
            }
        }
}

void tr_heap_each_shared_stopped(void (*fn)(Value object, void *data), void *data) {
    tr_heap_each_object(&tr_shared_heap, fn, data);
}
