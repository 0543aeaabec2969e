/* sweep.c - turning dead objects into free slots, one block at a time.
 *
 * A block is swept when the allocator comes to it, or at the latest before the next marking. The free callback of a dead
 * object runs in the Ractor that owns the heap, so it needs no lock, and must not look at other objects: they may be dead
 * and swept already.
 */
#include "heap/heap_internal.h"

static __attribute__((noinline)) void bury(Heap *heap, Value v, uint32_t flags) {
    if (flags & TR_FLAG_IVARS && tr_side_table_free) tr_side_table_free(heap, v);
    if (flags & TR_FLAG_OBJECT_ID) tr_object_id_drop(v);
    const HeapType *type = &tr_heap_types[flags & TR_TYPE_MASK];
    if (type->free && !(flags & tr_free_unless[flags & TR_TYPE_MASK])) type->free(heap, v);
}

void tr_heap_replace(Value v, ObjectType type, Class *klass) {
    Header *header = tr_header(v);
    uint32_t kept = header->flags & (TR_FLAG_OLD | TR_FLAG_REMEMBERED | TR_FLAG_OBJECT_ID | TR_FLAG_FINALIZER);
    bury(tr_heap_of(v), v, header->flags & ~TR_FLAG_OBJECT_ID);
    memset(header + 1, 0, tr_heap_slot_bytes(v) - sizeof *header);
    header->flags = type | kept;
    header->aux = 0;
    header->klass = klass;
}

uint64_t tr_sweep_block(Heap *heap, Page *page, unsigned block) {
    uint64_t free = tr_slot_starts[page->size_class[block]] & ~page->marks[block];
    char *base = block_base(page, block);
    bool sweeps_shared = heap->sweeps_shared;
    for (uint64_t rest = free; rest; rest &= rest - 1) {
        Header *header = (Header *)(base + (size_t)__builtin_ctzll(rest) * GRANULE_BYTES);
        uint32_t flags = header->flags;
        if (!flags) continue;
        if (TR_UNLIKELY(flags & TR_FLAG_SHAREABLE) && !sweeps_shared) {
            uint64_t bit = rest & -rest;
            page->marks[block] |= bit;
            free &= ~bit;
            continue;
        }
        const HeapType *type = &tr_heap_types[flags & TR_TYPE_MASK];
        if (TR_UNLIKELY(flags & (TR_FLAG_IVARS | TR_FLAG_OBJECT_ID)) || (type->free && !(flags & tr_free_unless[flags & TR_TYPE_MASK])))
            bury(heap, (Value)header, flags);
        header->flags = 0;
        heap->freed++;
    }
    return free;
}

/* The cursors stay: the allocator still has to find these blocks, and sweeping one twice does no harm. */
void tr_sweep_finish(Heap *heap) {
    for (unsigned c = 0; c < SIZE_CLASS_COUNT; c++)
        for (BlockId id = heap->bins[c].cursor; id;) {
            Page *page = page_from_block_id(id);
            unsigned block = id % BLOCK_COUNT;
            if (tr_slot_starts[c] & ~page->marks[block]) tr_sweep_block(heap, page, block);
            id = page->next_block[block];
        }
}

static void empty_bins(Heap *heap) {
    for (unsigned c = 0; c < SIZE_CLASS_COUNT; c++) {
        heap->allocated -= slot_count(tr_heap_unused_slots(heap, c)); /* counted when they were handed out */
        heap->bins[c].free = 0;
        if (heap->extras) heap->extras->held[c] = 0;
    }
}

void tr_sweep_restart(Heap *heap) {
    empty_bins(heap);
    for (unsigned c = 0; c < SIZE_CLASS_COUNT; c++) heap->bins[c].cursor = heap->bins[c].head;
}

static void push_block(Heap *heap, Page *page, unsigned block) {
    Bin *bin = &heap->bins[page->size_class[block]];
    page->next_block[block] = bin->head;
    bin->head = block_id(page, block);
}

static bool has_marks(const Page *page) {
    for (unsigned block = 1; block < page->fresh_block; block++)
        if (page->marks[block]) return true;
    return false;
}

/* A page without a mark is swept at once, and released unless shareable objects keep it. The first page stays: fresh
 * blocks come from it. */
void tr_sweep_rebuild(Heap *heap) {
    empty_bins(heap);
    for (unsigned c = 0; c < SIZE_CLASS_COUNT; c++) heap->bins[c].head = 0;
    Page **link = &heap->pages;
    for (Page *page; (page = *link);) {
        if (page != heap->pages && !has_marks(page)) {
            for (unsigned block = 1; block < page->fresh_block; block++) tr_sweep_block(heap, page, block);
            if (!has_marks(page)) {
                *link = page->next;
                heap->page_count--;
                tr_page_release(page);
                continue;
            }
        }
        for (unsigned block = page->fresh_block - 1; block > 0; block--) push_block(heap, page, block);
        link = &page->next;
    }
    tr_sweep_restart(heap);
}

size_t tr_sweep_live_slot_bytes(const Heap *heap) {
    size_t bytes = 0;
    for (const Page *page = heap->pages; page; page = page->next)
        for (unsigned block = 1; block < page->fresh_block; block++)
            bytes += (size_t)__builtin_popcountll(page->marks[block]) * tr_slot_bytes[page->size_class[block]];
    return bytes;
}
