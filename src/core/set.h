/* set.h - the representation of Set: a Hash whose keys are the members. */
#ifndef TR_CORE_SET_H
#define TR_CORE_SET_H

#include "core/core.h"
#include "core/hash_table.h"
#include "value/data.h"

typedef struct Set {
    Data base;
    Value table; /* Hash, private to the set */
} Set;

extern const DataType tr_set_type;
static inline bool tr_is_set(Value v) { return tr_data_is(v, &tr_set_type); }
static inline Value tr_set_table(Value set) { return ((Set *)set)->table; }
MAY_GC Value tr_set_new(Fiber *f);
MAY_SWITCH MAY_RAISE Value tr_set_add(Fiber *f, Value set, Value member); /* no frozen check */

#endif
