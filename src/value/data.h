/* data.h - objects whose payload is a C struct: TYPE_DATA (and TYPE_FIBER/THREAD/RACTOR, which share the layout).
 *
 *     typedef struct { Data base; int fd; Value path; } Dir;
 *     static const DataType dir_type = { "Dir", sizeof(Dir), dir_trace, dir_free, dir_size };
 *     Dir *dir = tr_data_alloc(f, &dir_type, klass);        zeroed after the header
 *     Dir *dir = tr_data_get(f, self, &dir_type);           NULL and TypeError raised if it is not one
 *
 * Subtypes: a DataType may name a parent; tr_data_is accepts it.
 */
#ifndef TR_VALUE_DATA_H
#define TR_VALUE_DATA_H

#include "heap/heap.h"

typedef struct DataType {
    const char *name;
    size_t bytes; /* of the struct, ≤ TR_SLOT_MAX_BYTES */
    void (*trace)(Tracer *tracer, Value object);
    void (*free)(Heap *heap, Value object);
    size_t (*size)(Value object);
    uint32_t flags; /* header flags at birth, e.g. TR_FLAG_SHAREABLE */
    ObjectType type; /* 0 means TYPE_DATA */
    const struct DataType *parent;
} DataType;

typedef struct Data {
    Header h;
    const DataType *type;
} Data;

MAY_GC void *tr_data_alloc(Fiber *f, const DataType *type, Class *klass);
static inline bool tr_data_is(Value v, const DataType *type) {
    if (!tr_is_object(v)) return false;
    ObjectType t = tr_object_type(v);
    if (t != TYPE_DATA && t != TYPE_FIBER && t != TYPE_THREAD && t != TYPE_RACTOR) return false;
    for (const DataType *have = ((Data *)v)->type; have; have = have->parent)
        if (have == type) return true;
    return false;
}

#endif
