/* id_table.c - see id_table.h.
 *
 * One allocation: `capacity` entries in order of insertion, then an index of 2 * capacity slots, each 0 or entry number + 1.
 */
#include "vm/id_table.h"

#include <stdlib.h>

#include "base/assert.h"
#include "vm/class.h"

typedef struct Entry {
    Id id;
    _Atomic(void *) value;
} Entry;

struct IdTable {
    uint32_t capacity;       /* a power of two */
    _Atomic uint32_t used;   /* entries taken, dead ones included; release after the entry is complete */
    uint32_t live;           /* under the structure lock */
    _Atomic uint32_t *index; /* behind the entries */
    Entry entries[];
};

static inline uint32_t hash_id(Id id) { return id * 0x9e3779b1u; }

static inline uint32_t slot_of(const IdTable *t, Id id) { return (hash_id(id) >> 8) & (t->capacity * 2 - 1); }

static Entry *find(const IdTable *t, Id id) {
    for (uint32_t i = slot_of(t, id);; i = (i + 1) & (t->capacity * 2 - 1)) {
        uint32_t number = atomic_load_explicit(&t->index[i], memory_order_acquire); /* pairs with append's release */
        if (number == 0) return NULL;
        if (t->entries[number - 1].id == id) return (Entry *)&t->entries[number - 1];
    }
}

static IdTable *new_table(uint32_t capacity) {
    size_t entries = capacity * sizeof(Entry), index = 2 * (size_t)capacity * sizeof(uint32_t);
    IdTable *t = calloc(1, sizeof(IdTable) + entries + index);
    TR_CHECK(t != NULL);
    t->capacity = capacity;
    t->index = (_Atomic uint32_t *)((char *)t->entries + entries);
    return t;
}

static void append(IdTable *t, Id id, void *value) {
    uint32_t number = atomic_load_explicit(&t->used, memory_order_relaxed);
    t->entries[number].id = id;
    atomic_store_explicit(&t->entries[number].value, value, memory_order_relaxed);
    atomic_store_explicit(&t->used, number + 1, memory_order_release);
    t->live++;
    uint32_t i = slot_of(t, id);
    while (atomic_load_explicit(&t->index[i], memory_order_relaxed)) i = (i + 1) & (t->capacity * 2 - 1);
    atomic_store_explicit(&t->index[i], number + 1, memory_order_release);
}

void *tr_id_table_get(const IdTableRef *table, Id id) {
    const IdTable *t = atomic_load_explicit(table, memory_order_acquire);
    if (!t) return NULL;
    Entry *entry = find(t, id);
    return entry ? atomic_load_explicit(&entry->value, memory_order_acquire) : NULL;
}

void *tr_id_table_set_locked(IdTableRef *table, Id id, void *value) {
    IdTable *t = atomic_load_explicit(table, memory_order_relaxed);
    Entry *entry = t ? find(t, id) : NULL;
    if (entry) {
        void *old = atomic_exchange_explicit(&entry->value, value, memory_order_acq_rel);
        t->live += (value != NULL) - (old != NULL);
        return old;
    }
    if (!value) return NULL;
    if (!t || atomic_load_explicit(&t->used, memory_order_relaxed) == t->capacity) {
        uint32_t capacity = 4;
        while (t && capacity < t->live * 2) capacity *= 2;
        IdTable *bigger = new_table(capacity);
        for (uint32_t i = 0; t && i < atomic_load_explicit(&t->used, memory_order_relaxed); i++) {
            void *each = atomic_load_explicit(&t->entries[i].value, memory_order_relaxed);
            if (each) append(bigger, t->entries[i].id, each);
        }
        append(bigger, id, value);
        atomic_store_explicit(table, bigger, memory_order_release);
        if (t) tr_retire(t);
        return NULL;
    }
    append(t, id, value);
    return NULL;
}

bool tr_id_table_at(const IdTableRef *table, uint32_t i, Id *id, void **value) {
    const IdTable *t = atomic_load_explicit(table, memory_order_acquire);
    if (!t || i >= atomic_load_explicit(&t->used, memory_order_acquire)) return false;
    *id = t->entries[i].id;
    *value = atomic_load_explicit(&((IdTable *)t)->entries[i].value, memory_order_acquire);
    return true;
}

uint32_t tr_id_table_count(const IdTableRef *table) {
    const IdTable *t = atomic_load_explicit(table, memory_order_acquire);
    return t ? t->live : 0;
}

void tr_id_table_free(IdTableRef *table) {
    free(atomic_load_explicit(table, memory_order_relaxed));
    atomic_store_explicit(table, NULL, memory_order_relaxed);
}

#define SET_BLOCK 65536u

bool tr_id_set_has(const IdSet *set, Id id) {
    const _Atomic uint8_t *block = atomic_load_explicit(&set->blocks[id / SET_BLOCK], memory_order_acquire);
    return block && atomic_load_explicit(&block[id % SET_BLOCK], memory_order_relaxed);
}

void tr_id_set_add(IdSet *set, Id id) {
    _Atomic uint8_t *block = atomic_load_explicit(&set->blocks[id / SET_BLOCK], memory_order_acquire);
    if (!block) {
        _Atomic uint8_t *made = calloc(SET_BLOCK, 1);
        TR_CHECK(made != NULL);
        if (atomic_compare_exchange_strong_explicit(&set->blocks[id / SET_BLOCK], &block, made, memory_order_acq_rel,
                                                    memory_order_acquire))
            block = made;
        else
            free(made);
    }
    atomic_store_explicit(&block[id % SET_BLOCK], 1, memory_order_relaxed);
}
