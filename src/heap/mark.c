/* mark.c - finding what is alive: an explicit stack, never recursion.
 *
 * tr_trace looks only at the page header of what it is given (owner, mark bit); the object itself is read when it comes
 * off the stack, through a short queue that gives the prefetch time to work. A shareable object gets its mark, as any
 * object of the heap, and is not looked into: so sweeping leaves it alone.
 */
#include <stdlib.h>

#include "heap/heap_internal.h"
#include "ractor/context.h"

#define PREFETCH_DEPTH 8

/* Written at start-up. */
HeapType tr_heap_types[TYPE_COUNT];
uint32_t tr_free_unless[TYPE_COUNT];
void (*tr_side_table_trace)(Tracer *tracer, Value object);
void (*tr_side_table_free)(Heap *heap, Value object);

void tr_heap_register_type(ObjectType type, const HeapType *description) { tr_heap_types[type] = *description; }

const HeapType *tr_heap_type(ObjectType type) { return &tr_heap_types[type]; }

void tr_heap_set_free_unless(ObjectType type, uint32_t flags) { tr_free_unless[type] = flags; }

void tr_heap_set_side_table(void (*trace)(Tracer *tracer, Value object), void (*free)(Heap *heap, Value object)) {
    tr_side_table_trace = trace;
    tr_side_table_free = free;
}

Heap *tr_tracer_heap(Tracer *tracer) { return tracer->heap; }
bool tr_tracer_is_minor(const Tracer *tracer) { return tracer->is_minor; }

static __attribute__((noinline)) void grow_stack(Tracer *tracer) {
    size_t capacity = tracer->capacity ? tracer->capacity * 2 : 1024;
    Value *larger = realloc(tracer->stack, capacity * sizeof *larger);
    if (!larger) tr_fatal(__FILE__, __LINE__, "no memory to mark objects");
    tracer->stack = larger;
    tracer->capacity = capacity;
}

void tr_trace(Tracer *tracer, Value v) {
    if (!tr_is_object(v)) return;
    TR_ASSERT(v - tr_region.base < tr_region.used);
    Page *page = page_of(v);
    if (page_heap(page) != tracer->heap && !tracer->is_global) {
        if (tracer->visit) tracer->visit(v, tracer->visit_data);
        return;
    }
    unsigned granule = granule_of(v);
    uint64_t *word = &page->marks[granule >> 6], bit = (uint64_t)1 << (granule & 63);
    if (*word & bit) return;
    *word |= bit;
    if (TR_UNLIKELY(tracer->top == tracer->capacity)) grow_stack(tracer);
    tracer->stack[tracer->top++] = v;
}

void tr_trace_range(Tracer *tracer, const Value *from, size_t count) {
    for (size_t i = 0; i < count; i++) tr_trace(tracer, from[i]);
}

/* The words may be anything, and lie in red zones of a sanitizer. */
__attribute__((no_sanitize("address", "thread", "undefined"))) void tr_trace_conservative(Tracer *tracer,
                                                                                          const void *from,
                                                                                          const void *to) {
    if (tracer->is_verifying) return; /* no barrier stands before a machine stack */
    const Heap *heap = tracer->is_global ? NULL : tracer->heap;
    const uintptr_t *word = (const uintptr_t *)(((uintptr_t)from + 7) & ~(uintptr_t)7);
    uintptr_t base = tr_region.base;
    size_t used = atomic_load_explicit(&tr_region.used, memory_order_acquire);
    for (; word + 1 <= (const uintptr_t *)to; word++) {
        if (*word - base >= used) continue;
        Value v = tr_page_find_object(heap, *word);
        if (v) tr_trace(tracer, v);
    }
}

void tr_mark_children(Tracer *tracer, Value v) {
    Header *header = tr_header(v);
    uint32_t flags = header->flags;
    TR_ASSERT((flags & TR_TYPE_MASK) != TYPE_FREE && (flags & TR_TYPE_MASK) < TYPE_COUNT);
    if (header->klass) tr_trace(tracer, (Value)header->klass);
    void (*trace)(Tracer *, Value) = tr_heap_types[flags & TR_TYPE_MASK].trace;
    if (trace) trace(tracer, v);
    if (TR_UNLIKELY(flags & TR_FLAG_IVARS) && tr_side_table_trace) tr_side_table_trace(tracer, v);
}

void tr_heap_visit_children(Value object, void (*fn)(Value child, void *data), void *data) {
    Tracer tracer = {.visit = fn, .visit_data = data};
    tr_mark_children(&tracer, object);
}

static inline void visit(Tracer *tracer, Value v) {
    Header *header = tr_header(v);
    if (header->flags & TR_FLAG_SHAREABLE) {
        if (!tracer->is_global) return;
    } else {
        header->flags |= TR_FLAG_OLD;
    }
    tr_mark_children(tracer, v);
}

void tr_mark_drain(Tracer *tracer) {
    Value waiting[PREFETCH_DEPTH] = {0};
    unsigned at = 0, empty_turns = 0;
    while (empty_turns < PREFETCH_DEPTH) {
        Value next = 0;
        if (tracer->top) {
            next = tracer->stack[--tracer->top];
            __builtin_prefetch((void *)next, 1);
        }
        Value v = waiting[at];
        waiting[at] = next;
        at = (at + 1) % PREFETCH_DEPTH;
        if (v) visit(tracer, v);
        empty_turns = next || v ? 0 : empty_turns + 1;
    }
}

/* --- roots --- */

void tr_heap_add_root(Heap *heap, RootFn fn, void *context) {
    if (heap->root_count == heap->root_capacity) {
        uint32_t capacity = heap->root_capacity * 2;
        RootEntry *larger = malloc(capacity * sizeof *larger);
        if (!larger) tr_fatal(__FILE__, __LINE__, "no memory for roots");
        memcpy(larger, heap->roots, heap->root_count * sizeof *larger);
        if (heap->roots != heap->root_inline) free(heap->roots);
        heap->roots = larger;
        heap->root_capacity = capacity;
    }
    heap->roots[heap->root_count++] = (RootEntry){fn, context};
}

void tr_heap_remove_root(Heap *heap, RootFn fn, void *context) {
    for (uint32_t i = 0; i < heap->root_count; i++) {
        if (heap->roots[i].fn != fn || heap->roots[i].context != context) continue;
        heap->roots[i] = heap->roots[--heap->root_count];
        return;
    }
    TR_CHECK(!"a root that was added");
}

void tr_mark_roots(Tracer *tracer, Heap *heap) {
    for (uint32_t i = 0; i < heap->root_count; i++) heap->roots[i].fn(tracer, heap->roots[i].context);
    if (heap->owner) tr_cells_trace(tracer, heap->owner);
    if (heap->extras) tr_weak_trace(tracer, heap);
}
