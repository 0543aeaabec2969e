/* data.c - objects whose payload is a C struct: they ask their DataType. */
#include "value/data.h"

#include "heap/heap_internal.h"

static void data_trace(Tracer *tracer, Value object) {
    const DataType *type = ((Data *)object)->type;
    if (type && type->trace) type->trace(tracer, object);
}

static void data_free(Heap *heap, Value object) {
    const DataType *type = ((Data *)object)->type;
    if (type && type->free) type->free(heap, object);
}

static size_t data_size(Value object) {
    const DataType *type = ((Data *)object)->type;
    return type && type->size ? type->size(object) : 0;
}

MAY_GC void *tr_data_alloc(Fiber *f, const DataType *type, Class *klass) {
    uint32_t object_type = type->type ? type->type : TYPE_DATA;
    Data *data = tr_heap_alloc(f, type->bytes, object_type | type->flags, klass);
    data->type = type;
    return data;
}

void tr_data_register_types(void) {
    static const HeapType description = {"Data", data_trace, data_free, data_size};
    static const ObjectType types[] = {TYPE_DATA, TYPE_FIBER, TYPE_THREAD, TYPE_RACTOR};
    for (unsigned i = 0; i < sizeof types / sizeof types[0]; i++) tr_heap_register_type(types[i], &description);
}
