/* shape.c - the tree of shapes: see shape.h.
 *
 * Shapes lie in blocks that never move. One hash table finds the child of (parent, name): read without a lock, filled
 * under one, replaced by a bigger one when full (readers may still be in the old one, so it is kept). A shape
 * with many variables gets an index of its names when one is first looked up in it.
 */
#include "value/shape.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/assert.h"

#define BLOCK_BITS 10
#define BLOCK_SHAPES (1u << BLOCK_BITS)
#define MAX_BLOCKS 512u /* half a million shapes: beyond that, objects become complex */
#define WALK_MAX 8u     /* up to here a lookup walks to the root */

typedef struct Index {
    uint32_t mask;
    struct { Id name; uint32_t slot; } entries[];
} Index;

typedef struct Shape {
    /* fixed before the shape is published */
    uint32_t parent;
    uint32_t count;
    Id name; /* of slot count - 1 */
    /* any thread: made twice at worst, published by compare-and-swap */
    _Atomic(Index *) index;
} Shape;

typedef struct Children {
    struct Children *previous; /* what it replaced: somebody may still be looking there */
    uint32_t mask;
    _Atomic uint32_t shapes[]; /* 0: free (the root is nobody's child) */
} Children;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(Shape *) blocks[MAX_BLOCKS]; /* release under the lock */
static _Atomic(Children *) children;        /* release under the lock */
static uint32_t next_shape = 2;             /* under the lock; 0 is the root, 1 stands for complex */

static inline Shape *shape_at(uint32_t id) {
    return &atomic_load_explicit(&blocks[id >> BLOCK_BITS], memory_order_acquire)[id & (BLOCK_SHAPES - 1)];
}

static inline uint32_t child_hash(uint32_t parent, Id name) {
    uint64_t h = ((uint64_t)parent << 32 | name) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(h >> 32);
}

static uint32_t find_child(uint32_t parent, Id name) {
    Children *in = atomic_load_explicit(&children, memory_order_acquire);
    if (!in) return 0;
    for (uint32_t i = child_hash(parent, name) & in->mask;; i = (i + 1) & in->mask) {
        uint32_t id = atomic_load_explicit(&in->shapes[i], memory_order_acquire); /* pairs with insert's release */
        if (id == 0) return 0;
        const Shape *shape = shape_at(id);
        if (shape->parent == parent && shape->name == name) return id;
    }
}

static void insert(Children *into, uint32_t id) {
    const Shape *shape = shape_at(id);
    uint32_t i = child_hash(shape->parent, shape->name) & into->mask;
    while (atomic_load_explicit(&into->shapes[i], memory_order_relaxed)) i = (i + 1) & into->mask;
    atomic_store_explicit(&into->shapes[i], id, memory_order_release);
}

static void grow_children_locked(void) {
    Children *old = atomic_load_explicit(&children, memory_order_relaxed);
    uint32_t slots = old ? (old->mask + 1) * 2 : 2048;
    if (old && next_shape < slots / 4) return;
    Children *bigger = calloc(1, sizeof(Children) + slots * sizeof(uint32_t));
    TR_CHECK(bigger != NULL);
    bigger->previous = old;
    bigger->mask = slots - 1;
    for (uint32_t id = 2; id < next_shape; id++) insert(bigger, id);
    atomic_store_explicit(&children, bigger, memory_order_release);
}

static void make_block_locked(uint32_t number) {
    if (atomic_load_explicit(&blocks[number], memory_order_relaxed)) return;
    Shape *block = calloc(BLOCK_SHAPES, sizeof(Shape));
    TR_CHECK(block != NULL);
    atomic_store_explicit(&blocks[number], block, memory_order_release);
}

uint32_t tr_shape_add(uint32_t shape, Id name) {
    if (shape == TR_SHAPE_COMPLEX) return shape;
    uint32_t child = find_child(shape, name);
    if (child) return child;
    pthread_mutex_lock(&lock);
    child = find_child(shape, name);
    if (!child) {
        uint32_t count = shape == TR_SHAPE_ROOT ? 0 : shape_at(shape)->count;
        if (next_shape >= MAX_BLOCKS * BLOCK_SHAPES || count >= TR_SHAPE_MAX_SLOTS) {
            child = TR_SHAPE_COMPLEX;
        } else {
            child = next_shape;
            make_block_locked(child >> BLOCK_BITS);
            Shape *made = shape_at(child);
            made->parent = shape;
            made->count = count + 1;
            made->name = name;
            grow_children_locked();
            next_shape++;
            insert(atomic_load_explicit(&children, memory_order_relaxed), child);
        }
    }
    pthread_mutex_unlock(&lock);
    return child;
}

uint32_t tr_shape_count(uint32_t shape) { return shape <= TR_SHAPE_COMPLEX ? 0 : shape_at(shape)->count; }

Id tr_shape_name(uint32_t shape, uint32_t slot) {
    const Shape *s = shape_at(shape);
    while (s->count > slot + 1) s = shape_at(s->parent);
    return s->name;
}

static const Index *index_of(Shape *shape) {
    Index *index = atomic_load_explicit(&shape->index, memory_order_acquire);
    if (index) return index;
    uint32_t slots = 32;
    while (slots < shape->count * 2) slots *= 2;
    index = calloc(1, sizeof(Index) + slots * sizeof index->entries[0]);
    TR_CHECK(index != NULL);
    index->mask = slots - 1;
    for (const Shape *s = shape;; s = shape_at(s->parent)) {
        uint32_t i = child_hash(0, s->name) & index->mask;
        while (index->entries[i].name) i = (i + 1) & index->mask;
        index->entries[i].name = s->name;
        index->entries[i].slot = s->count - 1;
        if (s->parent == TR_SHAPE_ROOT) break;
    }
    Index *other = NULL;
    if (atomic_compare_exchange_strong_explicit(&shape->index, &other, index, memory_order_acq_rel,
                                                memory_order_acquire))
        return index;
    free(index); /* somebody was faster */
    return other;
}

uint32_t tr_shape_find(uint32_t shape, Id name) {
    if (shape <= TR_SHAPE_COMPLEX) return TR_SHAPE_NO_SLOT;
    Shape *s = shape_at(shape);
    if (s->count > WALK_MAX) {
        const Index *index = index_of(s);
        for (uint32_t i = child_hash(0, name) & index->mask; index->entries[i].name; i = (i + 1) & index->mask)
            if (index->entries[i].name == name) return index->entries[i].slot;
        return TR_SHAPE_NO_SLOT;
    }
    for (;; s = shape_at(s->parent)) {
        if (s->name == name) return s->count - 1;
        if (s->parent == TR_SHAPE_ROOT) return TR_SHAPE_NO_SLOT;
    }
}
