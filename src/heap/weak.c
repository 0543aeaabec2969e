/* weak.c - what happens when an object dies: finalizers become ready, weak tables forget it.
 *
 * Both are looked at between marking and sweeping. A finalizer's callable is a root from its definition until it ran;
 * the object is not. What is ready waits for the VM, which is told by the postponed-job interrupt.
 */
#include <stdlib.h>

#include "heap/heap_internal.h"
#include "ractor/context.h"

HeapExtras *tr_heap_extras(Heap *heap) {
    if (!heap->extras) {
        heap->extras = calloc(1, sizeof *heap->extras);
        if (!heap->extras) tr_fatal(__FILE__, __LINE__, "no memory");
    }
    return heap->extras;
}

/* --- weak tables --- */

void tr_heap_add_weak(Heap *heap, WeakTable *table) {
    HeapExtras *extras = tr_heap_extras(heap);
    table->next = extras->weak;
    table->link = &extras->weak;
    if (table->next) table->next->link = &table->next;
    extras->weak = table;
}

void tr_heap_remove_weak(WeakTable *table) {
    if (!table->link) return;
    *table->link = table->next;
    if (table->next) table->next->link = table->link;
    table->next = NULL;
    table->link = NULL;
}

bool tr_heap_is_doomed(Heap *heap, Value object) {
    if (!tr_is_object(object)) return false;
    if (tr_is_marking_all) return !is_marked(object);
    return tr_heap_of(object) == heap && !is_marked(object) && !tr_has_flag(object, TR_FLAG_SHAREABLE);
}

/* --- finalizers --- */

static void push(FinalizerEntry **entries, size_t *count, size_t *capacity, FinalizerEntry entry) {
    if (*count == *capacity) {
        *capacity = *capacity ? *capacity * 2 : 8;
        *entries = realloc(*entries, *capacity * sizeof **entries);
        if (!*entries) tr_fatal(__FILE__, __LINE__, "no memory for finalizers");
    }
    (*entries)[(*count)++] = entry;
}

MAY_GC void tr_heap_define_finalizer(Fiber *f, Value object, Value callable) {
    HeapExtras *extras = tr_heap_extras(f->heap);
    uint64_t id = tr_heap_object_id(f, object);
    push(&extras->finalizers, &extras->finalizer_count, &extras->finalizer_capacity,
         (FinalizerEntry){object, callable, id});
    tr_header(object)->flags |= TR_FLAG_FINALIZER;
}

void tr_heap_undefine_finalizers(Heap *heap, Value object) {
    HeapExtras *extras = heap->extras;
    if (!extras) return;
    size_t kept = 0;
    for (size_t i = 0; i < extras->finalizer_count; i++)
        if (extras->finalizers[i].object != object) extras->finalizers[kept++] = extras->finalizers[i];
    extras->finalizer_count = kept;
    tr_header(object)->flags &= ~TR_FLAG_FINALIZER;
}

static void add_ready(HeapExtras *extras, FinalizerEntry entry) {
    if (extras->ready_first == extras->ready_count) extras->ready_first = extras->ready_count = 0;
    push(&extras->ready, &extras->ready_count, &extras->ready_capacity, entry);
}

bool tr_heap_next_finalizer(Heap *heap, Value *callable, uint64_t *object_id, bool at_exit) {
    HeapExtras *extras = heap->extras;
    if (!extras) return false;
    if (at_exit) {
        for (size_t i = 0; i < extras->finalizer_count; i++) add_ready(extras, extras->finalizers[i]);
        extras->finalizer_count = 0;
    }
    if (extras->ready_first == extras->ready_count) return false;
    FinalizerEntry entry = extras->ready[extras->ready_first++];
    *callable = entry.callable;
    *object_id = entry.id;
    return true;
}

void tr_weak_trace(Tracer *tracer, Heap *heap) {
    HeapExtras *extras = heap->extras;
    for (size_t i = 0; i < extras->finalizer_count; i++) tr_trace(tracer, extras->finalizers[i].callable);
    for (size_t i = extras->ready_first; i < extras->ready_count; i++) tr_trace(tracer, extras->ready[i].callable);
}

void tr_weak_after_mark(Heap *heap) {
    HeapExtras *extras = heap->extras;
    size_t kept = 0, ready_before = extras->ready_count - extras->ready_first;
    for (size_t i = 0; i < extras->finalizer_count; i++) {
        if (tr_heap_is_doomed(heap, extras->finalizers[i].object))
            add_ready(extras, extras->finalizers[i]);
        else
            extras->finalizers[kept++] = extras->finalizers[i];
    }
    extras->finalizer_count = kept;
    if (extras->ready_count - extras->ready_first != ready_before && heap->owner && heap->owner->thread)
        atomic_fetch_or_explicit(&heap->owner->thread->interrupt_flags, INTERRUPT_POSTPONED_JOB,
                                 memory_order_relaxed);
    for (WeakTable *table = extras->weak, *next; table; table = next) {
        next = table->next;
        /* A table that dies itself is removed by its owner's free callback, later. */
        table->purge(table);
    }
}
