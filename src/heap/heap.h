/* heap.h - the memory of one Ractor: allocation, the write barrier, roots, collection.
 *
 * A Heap belongs to one Ractor and is touched only by the worker that runs it. It is a set of 64 KiB pages,
 * aligned to their size, each cut into slots of one size class; an object larger than the largest slot keeps its
 * bulk in a buffer outside (tr_buffer_*), which is accounted to the heap so that it drives collections too.
 * Marking is precise from roots and objects, conservative from machine stacks; sweeping is lazy. Objects never move.
 *
 * The isolation rule: an object refers to immediates, objects of its own heap, and shareable objects only. A
 * collection stops at shareable and foreign objects. A shareable object refers to shareable ones only; what Ruby
 * hangs on shareable structure but is not shareable lives in a Cell, a root of the Ractor that owns it.
 */
#ifndef TR_HEAP_HEAP_H
#define TR_HEAP_HEAP_H

#include "base/assert.h"
#include "base/effects.h"
#include "value/value.h"

typedef struct Heap Heap;
typedef struct Fiber Fiber;
typedef struct Ractor Ractor;

#define TR_PAGE_BYTES ((size_t)65536)
#define TR_SLOT_MAX_BYTES ((size_t)1024) /* the largest object; bulk beyond goes to a buffer */

/* --- life --- */
Heap *tr_heap_new(Ractor *owner);
/* Runs free callbacks; pages with shareable objects pass to the shared space, all others are released. */
void tr_heap_free(Heap *taken_heap);

/* --- allocation --- */
/* A new object of `bytes` (header included, ≤ TR_SLOT_MAX_BYTES), zeroed after the header, flags = type | flags.
 * Never fails: a process that cannot get a page ends with an error message. */
MAY_GC void *tr_heap_alloc(Fiber *f, size_t bytes, uint32_t type_and_flags, Class *klass);
/* The same for an object that is born shareable, without ever collecting: for where no collection can be (method lookup). */
void *tr_heap_alloc_quiet(Fiber *f, size_t bytes, uint32_t type_and_flags, Class *klass);
/* How many bytes the slot of an object really has: room to embed. */
size_t tr_heap_slot_bytes(Value v);

/* Bulk outside the pages. Return NULL when there is no memory (the caller raises NoMemoryError). The sizes keep the
 * heap's account; pass the same size to free that was allocated. realloc may collect as alloc may. */
MAY_GC void *tr_buffer_alloc(Fiber *f, size_t bytes);
MAY_GC void *tr_buffer_realloc(Fiber *f, void *buffer, size_t old_bytes, size_t new_bytes);
void tr_buffer_free(Heap *heap, void *buffer, size_t bytes);
/* A buffer that came from elsewhere (a parcel) or left for elsewhere: only the account changes. */
void tr_buffer_adopt(Heap *heap, size_t bytes);
void tr_buffer_disown(Heap *heap, size_t bytes);

/* --- types: how the collector sees an object --- */
typedef struct Tracer Tracer;
typedef struct HeapType {
    const char *name;
    void (*trace)(Tracer *tracer, Value object);  /* tr_trace every reference except the header's class */
    void (*free)(Heap *heap, Value object);       /* release buffers; must not touch other objects; NULL if none */
    size_t (*size)(Value object);                 /* bytes outside the slot, for ObjectSpace; NULL if none */
} HeapType;
/* Called at start-up by the layer that owns the type. */
void tr_heap_register_type(ObjectType type, const HeapType *description);
const HeapType *tr_heap_type(ObjectType type);
/* With one of these header flags `free` has nothing to do: sweeping does not call it. */
void tr_heap_set_free_unless(ObjectType type, uint32_t flags);
/* Calls fn for each object that `object` refers to, its class included; neither marks. */
void tr_heap_visit_children(Value object, void (*fn)(Value child, void *data), void *data);
/* Ends an object before its time: its buffers are freed, the slot becomes an empty object of another type (zeroed). */
void tr_heap_replace(Value object, ObjectType type, Class *klass);
/* The side table of instance variables (TR_FLAG_IVARS): how the vm traces an object's entry, and drops it at death. */
void tr_heap_set_side_table(void (*trace)(Tracer *tracer, Value object), void (*free)(Heap *heap, Value object));
void tr_trace(Tracer *tracer, Value value);                       /* any Value, immediates included */
void tr_trace_range(Tracer *tracer, const Value *from, size_t count);
void tr_trace_conservative(Tracer *tracer, const void *from, const void *to); /* words that may be pointers */
Heap *tr_tracer_heap(Tracer *tracer);
bool tr_tracer_is_minor(const Tracer *tracer); /* what has not changed since the last collection need not be traced */

/* --- roots: the Ractor registers functions that trace its threads' stacks, tables, cells … --- */
/* The root function of a running fiber scans its machine stack from its own frame address (__builtin_frame_address(0)):
 * what was in registers lies above, the collector has spilled it. tr_heap_add_root'ed functions run at each collection;
 * the Ractor's cells are traced without being asked. */
typedef void (*RootFn)(Tracer *tracer, void *context);
void tr_heap_add_root(Heap *heap, RootFn fn, void *context);
void tr_heap_remove_root(Heap *heap, RootFn fn, void *context);

/* A shareable object that the process keeps for good (what C code holds in a static variable). Any thread. */
void tr_heap_keep_for_ever(Value object);

/* --- the write barrier: every store of a reference into a heap object goes through one of these --- */
void tr_heap_remember(Value owner); /* slow path: an old object got a young reference */
void tr_heap_assert_isolation(Value owner, Value value); /* debug builds */
#define TR_FLAG_OLD (1u << 13)  /* survived; with the generational mode */
#define TR_FLAG_REMEMBERED (1u << 14)

static inline void tr_barrier(Value owner, Value value) {
#ifdef TR_DEBUG
    tr_heap_assert_isolation(owner, value);
#endif
    if (tr_is_object(value) &&
        (tr_header(owner)->flags & (TR_FLAG_OLD | TR_FLAG_REMEMBERED)) == TR_FLAG_OLD)
        tr_heap_remember(owner);
}
/* *slot = value, where slot lies in `owner` or in a buffer of it. */
static inline void tr_write(Value owner, Value *slot, Value value) {
    *slot = value;
    tr_barrier(owner, value);
}
/* After a bulk store (memcpy) of many references into `owner`. */
static inline void tr_write_many(Value owner) {
    if ((tr_header(owner)->flags & (TR_FLAG_OLD | TR_FLAG_REMEMBERED)) == TR_FLAG_OLD) tr_heap_remember(owner);
}

/* --- whose object is this --- */
Heap *tr_heap_of(Value object);
static inline bool tr_is_shareable_flagged(Value v) { return tr_is_immediate(v) || tr_has_flag(v, TR_FLAG_SHAREABLE); }

/* --- collection --- */
MAY_GC void tr_heap_collect(Fiber *f);
/* The shared graph. Bytes that became shared; whether it is time (true once, to the one who is to see to it). */
void tr_heap_note_shared(size_t bytes);
bool tr_heap_wants_shared_collection(void);
bool tr_heap_is_shared_collection_due(void);
/* Collects all heaps and the shared space; the world is stopped, `heaps` are those of all Ractors that have one. `purge` is
 * called between marking and sweeping: what lists objects without keeping them alive forgets those that
 * tr_heap_is_doomed(NULL, object) says are dead. */
void tr_heap_collect_all_stopped(Heap *const *heaps, size_t count, RootFn more_roots, void (*purge)(void), void *context);
/* Handed in by vm/: a class, module or iclass that anybody might have referred to is dead. With the world stopped, before
 * anything is swept. */
extern void (*tr_heap_class_died)(Value klass);
bool tr_heap_set_disabled(Heap *heap, bool disabled); /* returns the former state */
bool tr_heap_set_stress(Heap *heap, bool stress);
bool tr_heap_is_stress(Heap *heap);
/* In a collection right now; for a signal handler on the OS thread that may be doing it. */
bool tr_heap_is_collecting(const Heap *heap);
void tr_heap_verify(Heap *heap); /* walks everything, aborts on a broken invariant */
typedef struct HeapStats {
    uint64_t collections, minor_collections, shared_collections, allocated_objects, freed_objects, live_objects;
    uint64_t free_slots, pages, page_bytes, buffer_bytes, total_buffer_bytes, collect_time_ns;
} HeapStats;
void tr_heap_stats(Heap *heap, HeapStats *out);
/* Bytes an object occupies, bulk outside included. */
size_t tr_heap_object_bytes(Value object);
/* Calls fn for each live object of the heap; fn must not allocate. */
void tr_heap_each_object(Heap *heap, void (*fn)(Value object, void *data), void *data);
/* The same for the shared space; the world is stopped. */
void tr_heap_each_shared_stopped(void (*fn)(Value object, void *data), void *data);

/* --- object ids, finalizers, weak references: kept per heap; ids are process-wide unique --- */
MAY_GC uint64_t tr_heap_object_id(Fiber *f, Value object);
Value tr_heap_object_from_id(Heap *heap, uint64_t id); /* TR_UNDEF when none */
/* Weak tables register themselves; after marking, `purge` is called and drops entries for which tr_is_doomed. */
typedef struct WeakTable { struct WeakTable *next, **link; void (*purge)(struct WeakTable *table); } WeakTable;
void tr_heap_add_weak(Heap *heap, WeakTable *table);
void tr_heap_remove_weak(WeakTable *table);
bool tr_heap_is_doomed(Heap *heap, Value object); /* valid inside purge: was not reached */
/* Finalizers: `callable` is kept alive; run (in order) by the VM at a safepoint after the object died, and at exit. */
MAY_GC void tr_heap_define_finalizer(Fiber *f, Value object, Value callable);
void tr_heap_undefine_finalizers(Heap *heap, Value object);
bool tr_heap_next_finalizer(Heap *heap, Value *callable, uint64_t *object_id, bool at_exit);

/* --- cells: an unshareable value that hangs on shareable structure (constant, global, class variable, …) --- */
typedef struct Cell {
    Value value;      /* TR_UNDEF when unset */
    Ractor *owner;    /* NULL: the value is shareable and any Ractor may read it */
    struct Cell *next, **link; /* in the owner's list of roots, when owner is set */
} Cell;
Cell *tr_cell_new(void);
void tr_cell_free(Cell *taken_cell);
/* The Ractor ends: what its cells hold is gone. */
void tr_cells_abandon(Ractor *owner);
/* Stores; picks the owner by the shareability of the value (deep check is the caller's business: flag only here). */
void tr_cell_set(Fiber *f, Cell *cell, Value value);
/* The value, TR_UNDEF if unset; *foreign is set when another Ractor owns it (then TR_UNDEF is returned). */
Value tr_cell_get(Fiber *f, const Cell *cell, bool *foreign);

#endif
