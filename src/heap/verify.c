/* verify.c - walks the heap and aborts on a broken invariant (TROUPE_GC_VERIFY=1: after each marking).
 *
 * After marking, whatever a marked object refers to must be marked, foreign, or shareable. A child that is not was
 * stored into an old object without the write barrier, or is missed by a trace function that answers differently each
 * time. The check is a tracer of its own: it marks nothing, so each newly marked child is a finding.
 */
#include <stdlib.h>

#include "heap/heap_internal.h"
#include "ractor/context.h"

static void check_object(const Heap *heap, Value v) {
    uint32_t type = tr_header(v)->flags & TR_TYPE_MASK;
    if (type == TYPE_FREE || type >= TYPE_COUNT)
        tr_fatal(__FILE__, __LINE__, "object %#lx has no type (flags %#x)", (unsigned long)v, tr_header(v)->flags);
    if (!tr_page_find_object(NULL, v)) tr_fatal(__FILE__, __LINE__, "object %#lx is no slot", (unsigned long)v);
    Value klass = (Value)tr_header(v)->klass;
    if (!klass) return;
    if (!tr_is_object(klass) || tr_page_find_object(NULL, klass) != klass ||
        (tr_object_type(klass) != TYPE_CLASS && tr_object_type(klass) != TYPE_ICLASS))
        tr_fatal(__FILE__, __LINE__, "object %#lx of type %u has no class (%#lx)", (unsigned long)v, type,
                 (unsigned long)klass);
    (void)heap;
}

static void check_children(Tracer *tracer, Value v) {
    size_t before = tracer->top;
    tr_mark_children(tracer, v);
    for (; tracer->top > before; tracer->top--) {
        Value child = tracer->stack[tracer->top - 1];
        if (tr_has_flag(child, TR_FLAG_SHAREABLE)) continue;
        tr_fatal(__FILE__, __LINE__,
                 "object %#lx (type %u, flags %#x) refers to %#lx (type %u), which marking has not reached: "
                 "a store without tr_write?",
                 (unsigned long)v, (unsigned)tr_object_type(v), tr_header(v)->flags, (unsigned long)child,
                 (unsigned)tr_object_type(child));
    }
}

void tr_verify_marks(Heap *heap) {
    Tracer tracer = {.heap = heap, .is_verifying = true};
    for (Page *page = heap->pages; page; page = page->next)
        for (unsigned block = 1; block < page->fresh_block; block++)
            for (uint64_t rest = page->marks[block]; rest; rest &= rest - 1) {
                Value v = (Value)(block_base(page, block) + (size_t)__builtin_ctzll(rest) * GRANULE_BYTES);
                check_object(heap, v);
                if (!tr_has_flag(v, TR_FLAG_SHAREABLE)) check_children(&tracer, v);
            }
    free(tracer.stack);
}

static void verify_object(Value v, void *heap) { check_object(heap, v); }

void tr_heap_verify(Heap *heap) { tr_heap_each_object(heap, verify_object, heap); }
