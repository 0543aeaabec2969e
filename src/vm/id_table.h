/* id_table.h - Id -> pointer: methods, constants and variables of a class.
 *
 * Insertion-ordered. Any Ractor reads without a lock; writers hold the structure lock. An entry is appended in place (its
 * value first, then the index slot that leads to it, with release); a full table is replaced by a bigger one
 * and retired. Removal stores NULL in the entry.
 */
#ifndef TR_VM_ID_TABLE_H
#define TR_VM_ID_TABLE_H

#include <stdatomic.h>

#include "value/symbol.h"

typedef struct IdTable IdTable;
typedef _Atomic(IdTable *) IdTableRef;

/* The value or NULL. */
void *tr_id_table_get(const IdTableRef *table, Id id);
/* Adds or replaces; NULL removes. Returns what was there. The structure lock is held. */
void *tr_id_table_set_locked(IdTableRef *table, Id id, void *value);
/* Entry number i; its value is NULL when it was removed; false past the end. What is added meanwhile may be seen. */
bool tr_id_table_at(const IdTableRef *table, uint32_t i, Id *id, void **value);
uint32_t tr_id_table_count(const IdTableRef *table); /* live ones */
/* At the end of the owner's life. */
void tr_id_table_free(IdTableRef *table);

/* for (each live entry): uint32_t i = 0; while (tr_id_table_next(&t, &i, &id, &value)) … */
static inline bool tr_id_table_next(const IdTableRef *table, uint32_t *i, Id *id, void **value) {
    while (tr_id_table_at(table, (*i)++, id, value))
        if (*value) return true;
    return false;
}

/* A set of ids that only grows; zero-initialised, any Ractor. */
typedef struct IdSet { _Atomic(_Atomic uint8_t *) blocks[1024]; } IdSet;
bool tr_id_set_has(const IdSet *set, Id id);
void tr_id_set_add(IdSet *set, Id id);

#endif
