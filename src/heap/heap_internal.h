/* heap_internal.h - the layout of pages and heaps; for the files of this folder.
 *
 * All pages come out of one reserved stretch of address space (the region), so that "could this word be an object" is
 * one subtraction and one comparison. A page is 64 blocks of 1 KiB; block 0 is the page's header, every other block is
 * given to one size class when it is first needed. A mark word has one bit per 16 bytes (a granule), so the marks of a
 * block are exactly one machine word, and so are its free slots: allocation takes the lowest bit of a word, sweeping a
 * block computes `slots & ~marks`. Nothing is threaded through free memory, and memory that was never used is never
 * touched: a heap with a few objects occupies a few blocks.
 *
 * Invariants
 *   - the flags word of an unused slot is 0 (TYPE_FREE)
 *   - marks are sticky: outside of a collection a marked object is old (it survived one) and an unmarked one is young,
 *     dead and unswept, or free; a shareable object in a swept block is marked
 *   - page->heap changes only while the page is in no other heap's hands; a foreign thread may read it at any time
 */
#ifndef TR_HEAP_HEAP_INTERNAL_H
#define TR_HEAP_HEAP_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "heap/heap.h"

#define BLOCK_BYTES ((size_t)1024)
#define BLOCK_COUNT ((unsigned)(TR_PAGE_BYTES / BLOCK_BYTES))
#define GRANULE_BYTES ((size_t)16)
#define SIZE_CLASS_COUNT 14
#define NO_SIZE_CLASS 0xff

typedef uint32_t BlockId; /* page number in the region << 6 | block; 0 is none */

typedef struct Page {
    Heap *heap;                       /* owner; NULL while it is pooled. Read by any thread, relaxed */
    struct Page *next;                /* of the heap, or of the pool */
    uint32_t number;                  /* in the region */
    uint32_t fresh_block;             /* the lowest block that was never handed out; BLOCK_COUNT when none is left */
    bool is_dirty;                    /* blocks may hold bytes of a former owner */
    uint8_t size_class[BLOCK_COUNT];  /* NO_SIZE_CLASS from fresh_block on */
    BlockId next_block[BLOCK_COUNT];  /* the list of the size class */
    uint64_t marks[BLOCK_COUNT];
} Page;
_Static_assert(sizeof(Page) <= 1024, "the header is block 0");

/* What a heap knows of one size class. */
typedef struct Bin {
    uint64_t free;        /* granules where a free slot of the current block starts */
    char *base;           /* the current block */
    BlockId head;         /* all blocks of the class */
    BlockId cursor;       /* the next one to sweep; 0: all are swept */
} Bin;

static inline unsigned slot_count(uint64_t slots) { return (unsigned)__builtin_popcountll(slots); }

typedef struct RootEntry { RootFn fn; void *context; } RootEntry;
typedef struct FinalizerEntry { Value object, callable; uint64_t id; } FinalizerEntry;

/* What few heaps need. */
typedef struct HeapExtras {
    WeakTable *weak;
    FinalizerEntry *finalizers; size_t finalizer_count, finalizer_capacity;
    FinalizerEntry *ready; size_t ready_first, ready_count, ready_capacity;
    uint64_t next_id, last_id;
    uint64_t held[SIZE_CLASS_COUNT]; /* with GC stress: what Bin.free would be */
} HeapExtras;

struct Heap {
    Bin bins[SIZE_CLASS_COUNT];
    Ractor *owner;               /* NULL for the shared space and in tests */
    Page *pages;                 /* the first is where fresh blocks are taken from */
    uint32_t page_count;
    bool is_disabled, is_stressed, is_verified, is_collecting, sweeps_shared;
    int64_t budget;              /* bytes that may be allocated before the next collection */
    int64_t buffer_bytes;        /* bulk outside; of the shared space: atomic */
    int64_t total_buffer_bytes;
    size_t live_bytes;           /* slots and buffers after the last collection */
    size_t major_limit;          /* live_bytes beyond which the next collection looks at everything */
    bool wants_major;
    uint64_t collections, minor_collections, allocated, freed, collect_time_ns;
    Value *remembered; uint32_t remembered_count, remembered_capacity;
    RootEntry root_inline[1]; RootEntry *roots; uint32_t root_count, root_capacity;
    HeapExtras *extras;
};

/* Slots of the class's current block that the allocator has in hand. */
static inline uint64_t tr_heap_unused_slots(const Heap *heap, unsigned size_class) {
    return heap->bins[size_class].free | (heap->extras ? heap->extras->held[size_class] : 0);
}

struct Tracer {
    Heap *heap;
    Value *stack; size_t top, capacity;
    bool is_minor;               /* what is old stays marked */
    bool is_global;              /* marks shareable objects and all heaps: the world is stopped */
    bool is_verifying;           /* asks about precise references only: dead words of a stack may name anything */
    void (*visit)(Value child, void *data); void *visit_data; /* heap is NULL then: children are told, not marked */
};

/* --- size classes --- */
extern const uint16_t tr_slot_bytes[SIZE_CLASS_COUNT];
extern const uint64_t tr_slot_starts[SIZE_CLASS_COUNT]; /* granule bits of a block where slots start */
extern const uint8_t tr_size_class_of[TR_SLOT_MAX_BYTES / GRANULE_BYTES + 1];

/* --- the region (page.c) --- */
typedef struct Region {
    uintptr_t base;              /* written once, before the first page */
    size_t reserved;
    _Atomic size_t used;         /* bytes handed out at least once */
} Region;
extern Region tr_region;

static inline Page *page_of(Value v) { return (Page *)(v & ~(Value)(TR_PAGE_BYTES - 1)); }
static inline Heap *page_heap(const Page *page) { return __atomic_load_n(&page->heap, __ATOMIC_RELAXED); }
static inline unsigned granule_of(Value v) { return (unsigned)((v & (TR_PAGE_BYTES - 1)) / GRANULE_BYTES); }
static inline Page *page_from_block_id(BlockId id) {
    return (Page *)(tr_region.base + (uintptr_t)(id / BLOCK_COUNT) * TR_PAGE_BYTES);
}
static inline BlockId block_id(const Page *page, unsigned block) { return page->number * BLOCK_COUNT + block; }
static inline char *block_base(const Page *page, unsigned block) { return (char *)page + block * BLOCK_BYTES; }
static inline bool is_marked(Value v) {
    unsigned granule = granule_of(v);
    return (page_of(v)->marks[granule >> 6] >> (granule & 63)) & 1;
}
static inline unsigned size_class_of_object(Value v) {
    return page_of(v)->size_class[(v & (TR_PAGE_BYTES - 1)) / BLOCK_BYTES];
}

Page *tr_page_take(Heap *heap);     /* empty, owned by the heap; ends the process when there is none */
void tr_page_release(Page *page);   /* to the pool: nothing in it is alive */
/* A never used block of the heap for a size class, put before the bin's list; its slots are free. */
void tr_block_take(Heap *heap, unsigned size_class);
/* The object that a word points to or into, if it is one of the heap (any heap when NULL); else 0. */
Value tr_page_find_object(const Heap *heap, uintptr_t word);

/* --- the shared space (shared.c) --- */
extern Heap tr_shared_heap;
void *tr_shared_alloc(Fiber *f, unsigned size_class);
struct Thread;
/* Sees to it that a collection of the shared graph that is due comes at the thread's next safepoint. */
void tr_shared_ask_when_due(struct Thread *thread);
void tr_shared_take_back_blocks(void); /* those that OS threads hold; the world is stopped */
void tr_shared_trace_kept(Tracer *tracer);
/* A page of an ended heap in which only shareable objects are left. */
void tr_shared_adopt_page(Page *page);
void tr_heap_init(Heap *heap, Ractor *owner);

/* --- sweeping (sweep.c) --- */
uint64_t tr_sweep_block(Heap *heap, Page *page, unsigned block); /* the free slots */
void tr_sweep_finish(Heap *heap);                               /* sweeps what the last collection left */
void tr_sweep_rebuild(Heap *heap);   /* after a full mark: releases empty pages, restarts the bins' lists */
void tr_sweep_restart(Heap *heap);   /* after a minor mark: every block is to be swept again */
size_t tr_sweep_live_slot_bytes(const Heap *heap);

/* --- marking (mark.c) --- */
extern HeapType tr_heap_types[TYPE_COUNT];
extern uint32_t tr_free_unless[TYPE_COUNT];
extern void (*tr_side_table_trace)(Tracer *tracer, Value object);
extern void (*tr_side_table_free)(Heap *heap, Value object);
void tr_mark_drain(Tracer *tracer);
void tr_mark_children(Tracer *tracer, Value object);
void tr_mark_roots(Tracer *tracer, Heap *heap);

/* --- collecting (collect.c) --- */
void tr_collect(Heap *heap, bool minor); /* registers must have been spilled: tr_heap_collect does it */
void tr_collect_stressed(Heap *heap);
void tr_collect_forget_remembered(Heap *heap);
void tr_collect_clear_marks(Heap *heap);
void tr_collect_settle(Heap *heap);
void tr_heap_set_shared_limit(size_t bytes);
extern bool tr_is_marking_all; /* collect_shared.c: everything without a mark is doomed, whoever owns it */

/* --- death (weak.c, object_id.c) --- */
HeapExtras *tr_heap_extras(Heap *heap);
void tr_weak_after_mark(Heap *heap);  /* moves the finalizers of the doomed to the ready queue, purges weak tables */
void tr_weak_trace(Tracer *tracer, Heap *heap);
void tr_object_id_drop(Value object);
void tr_cells_trace(Tracer *tracer, Ractor *owner);

void tr_data_register_types(void); /* data.c */

/* --- checks (verify.c) --- */
void tr_verify_marks(Heap *heap);

#endif
