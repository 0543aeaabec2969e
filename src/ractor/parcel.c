/* parcel.c - encoding an object graph into a Parcel. What a parcel is: parcel.h; its words: parcel_io.h; the way back:
 * parcel_read.c.
 *
 * The writer keeps a list of the objects found so far; writing the record of one appends its children. Its memory belongs
 * to the OS thread and is used again for the next message: writing neither allocates objects nor runs Ruby, so it cannot
 * be interrupted. Only the finished parcel is allocated, in one piece.
 */
#include "ractor/parcel_io.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/core.h"
#include "ractor/parcel_memory.h"
#include "ractor/ractor.h"
#include "ractor/shareable.h"
#include "vm/id_table.h"
#include "vm/ivar.h"

const ParcelType *tr_parcel_types[TYPE_COUNT];
ParcelDataType tr_parcel_data_types[PARCEL_DATA_TYPES_MAX];
uint32_t tr_parcel_data_type_count;

void tr_parcel_register(ObjectType type, const ParcelType *description) { tr_parcel_types[type] = description; }

void tr_parcel_register_data(const DataType *data, const ParcelType *description) {
    TR_CHECK(tr_parcel_data_type_count < PARCEL_DATA_TYPES_MAX);
    tr_parcel_data_types[tr_parcel_data_type_count++] = (ParcelDataType){data, description};
}

static inline const ParcelType *type_of(Value object, uint32_t *data_number) {
    ObjectType type = tr_object_type(object);
    *data_number = 0;
    if (TR_LIKELY(type != TYPE_DATA)) return tr_parcel_types[type];
    for (uint32_t i = 0; i < tr_parcel_data_type_count; i++)
        if (tr_parcel_data_types[i].data == ((Data *)object)->type) {
            *data_number = i;
            return tr_parcel_data_types[i].parcel;
        }
    return NULL;
}

Class *const *const tr_parcel_default_classes[TYPE_COUNT] = {
    [TYPE_OBJECT] = &tr_class.object, [TYPE_STRING] = &tr_class.string,     [TYPE_ARRAY] = &tr_class.array,
    [TYPE_HASH] = &tr_class.hash,     [TYPE_RANGE] = &tr_class.range,       [TYPE_FLOAT] = &tr_class.float_,
    [TYPE_BIGNUM] = &tr_class.integer, [TYPE_RATIONAL] = &tr_class.rational, [TYPE_COMPLEX] = &tr_class.complex,
    [TYPE_REGEXP] = &tr_class.regexp,
};

/* --- writing --- */

static _Thread_local ParcelWriter thread_writer;

static void *grow(void *memory, size_t bytes) {
    void *larger = realloc(memory, bytes);
    if (!larger) tr_fatal(__FILE__, __LINE__, "no memory for a message");
    return larger;
}

void tr_parcel_enlarge(ParcelWriter *w, size_t size) {
    while (w->size + size > w->byte_capacity) w->byte_capacity = w->byte_capacity ? w->byte_capacity * 2 : 4096;
    w->bytes = grow(w->bytes, w->byte_capacity);
}

static void put_owned(ParcelWriter *w, ParcelBuffer buffer, bool borrowed) {
    if (w->buffer_count == w->buffer_capacity) {
        w->buffer_capacity = w->buffer_capacity ? w->buffer_capacity * 2 : 16;
        w->buffers = grow(w->buffers, w->buffer_capacity * sizeof *w->buffers);
    }
    w->buffers[w->buffer_count] = (ParcelWriterBuffer){buffer, borrowed};
    tr_parcel_put_word(w, w->buffer_count++);
}

void tr_parcel_put_buffer(ParcelWriter *w, void *bytes, size_t size, bool borrowed) {
    put_owned(w, (ParcelBuffer){bytes, size, NULL}, borrowed);
}

void tr_parcel_put_resource(ParcelWriter *w, void *resource, void (*drop)(void *)) {
    put_owned(w, (ParcelBuffer){resource, 0, drop}, true);
}

static uint32_t add_ref(ParcelWriter *w, Value v) {
    if (w->ref_count && w->refs[w->ref_count - 1] == v) return w->ref_count - 1;
    if (w->ref_count == w->ref_capacity) {
        w->ref_capacity = w->ref_capacity ? w->ref_capacity * 2 : 32;
        w->refs = grow(w->refs, w->ref_capacity * sizeof *w->refs);
    }
    w->refs[w->ref_count] = v;
    return w->ref_count++;
}

static inline uint32_t hash_pointer(Value v) { return (uint32_t)((v >> 4) * 0x9e3779b97f4a7c15u >> 40); }

static void enlarge_index(ParcelWriter *w) {
    size_t places = w->index ? ((size_t)w->index_mask + 1) * 2 : 128;
    free(w->index);
    w->index = calloc(places, sizeof *w->index);
    if (!w->index) tr_fatal(__FILE__, __LINE__, "no memory for a message");
    uint32_t mask = w->index_mask = (uint32_t)places - 1;
    for (uint32_t n = 0; n < w->item_count; n++) {
        uint32_t i = hash_pointer(w->items[n].object) & mask;
        while (w->index[i].epoch == w->epoch) i = (i + 1) & mask;
        w->index[i] = (ParcelIndexEntry){w->epoch, n};
    }
}

/* The number of an object that is encoded; appended to the list when it is new. */
static inline uint32_t item_of(ParcelWriter *w, Value object, uint32_t step, Value label) {
    if (TR_UNLIKELY(w->item_count * 2 >= w->index_mask)) enlarge_index(w);
    uint32_t mask = w->index_mask, i = hash_pointer(object) & mask;
    for (; w->index[i].epoch == w->epoch; i = (i + 1) & mask)
        if (w->items[w->index[i].item].object == object) return w->index[i].item;
    if (TR_UNLIKELY(w->item_count == w->item_capacity)) {
        w->item_capacity = w->item_capacity ? w->item_capacity * 2 : 64;
        w->items = grow(w->items, w->item_capacity * sizeof *w->items);
    }
    w->items[w->item_count] = (ParcelItem){object, w->current, step, label};
    w->index[i] = (ParcelIndexEntry){w->epoch, w->item_count};
    return w->item_count++;
}

/* Numbers have no identity that a program could hold on to, so they are copied rather than kept for ever as shared. */
static inline bool travels_by_reference(Value v) {
    if (tr_is_shareable_flagged(v)) return true;
    if (!tr_has_flag(v, TR_FLAG_FROZEN)) return false;
    ObjectType type = tr_object_type(v);
    if (type == TYPE_FLOAT || type == TYPE_BIGNUM) return false;
    return tr_share_if_possible(v);
}

bool tr_parcel_is_as_is(Value v) { return tr_is_immediate(v) || travels_by_reference(v); }

static bool can_travel(const ParcelWriter *w, Value v) {
    uint32_t data_number;
    const ParcelType *type = type_of(v, &data_number);
    return type && (!type->moves_only || w->move);
}

uint64_t tr_parcel_word_of_object(ParcelWriter *w, Value child, ParcelStep step, Value label) {
    if (travels_by_reference(child)) return (uint64_t)add_ref(w, child) << 8 | WORD_REF;
    if (TR_UNLIKELY(w->anyway) && !can_travel(w, child)) return TR_NIL;
    return (uint64_t)item_of(w, child, step, label) << 8 | WORD_OBJECT;
}

void tr_parcel_refuse(ParcelWriter *w, Class *error, const char *format, ...) {
    if (w->failed) return;
    w->failed = true;
    w->error = error;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(w->message, sizeof w->message, format, arguments);
    va_end(arguments);
}

static const char *class_name(const Class *klass) {
    const char *name = tr_class_cname(klass);
    return *name ? name : "anonymous class's";
}

/* Methods that only this object has stay behind; what the singleton class is empty of nobody misses. */
static bool has_singleton_methods(const Class *klass, const Class *real) {
    for (const Class *c = klass; c && c != real; c = atomic_load_explicit(&c->super, memory_order_acquire))
        if (!(c->flags & CLASS_SINGLETON) || tr_id_table_count(&c->methods)) return true;
    return false;
}

static void refuse_type(ParcelWriter *w, Value object) {
    Class *klass = tr_real_class_of(object);
    const char *name = class_name(klass);
    if (tr_is_type(object, TYPE_MOVED))
        tr_parcel_refuse(w, tr_class.ractor_moved_error, "can not send any methods to a moved object");
    else if (w->move && !w->last)
        tr_parcel_refuse(w, tr_class.ractor_error, "can not move %s object.", name);
    else if (!klass->alloc || tr_is_type(object, TYPE_THREAD) || tr_is_type(object, TYPE_FIBER))
        tr_parcel_refuse(w, tr_class.type_error, "allocator undefined for %s", name);
    else
        tr_parcel_refuse(w, tr_class.ractor_error, "can not copy %s object.", name);
}

typedef struct IvarPut { ParcelWriter *w; uint32_t count; } IvarPut;
static void put_ivar(Id name, Value value, void *data) {
    IvarPut *put = data;
    tr_parcel_put_word(put->w, tr_value_from_id(name));
    tr_parcel_put_value(put->w, value, STEP_NAMED, tr_value_from_id(name));
    put->count++;
}

static void write_record(ParcelWriter *w, Fiber *f, Value object) {
    uint32_t data_number;
    const ParcelType *type = type_of(object, &data_number);
    if (!type || (type->moves_only && !w->move)) {
        refuse_type(w, object);
        return;
    }
    size_t start = w->size;
    tr_parcel_reserve(w, sizeof(ParcelRecord) / 8);
    uint32_t flags = tr_has_flag(object, TR_FLAG_FROZEN) ? RECORD_FROZEN : 0, class_ref = 0;
    Class *klass = tr_header(object)->klass;
    if (TR_UNLIKELY(klass != tr_parcel_default_class(tr_object_type(object)))) {
        Class *real = tr_real_class(klass);
        if (TR_UNLIKELY(klass != real) && !w->anyway && has_singleton_methods(klass, real)) {
            tr_parcel_refuse(w, tr_class.type_error, "can not %s %s object with singleton methods",
                             w->move && !w->last ? "move" : "copy", class_name(real));
            return;
        }
        if (real != tr_parcel_default_class(tr_object_type(object))) class_ref = add_ref(w, (Value)real) + 1;
    }
    size_t payload = w->size;
    type->write(w, object);
    uint32_t words = (uint32_t)((w->size - payload) / 8);
    IvarPut put = {w, 0};
    if (tr_object_type(object) == TYPE_OBJECT || tr_has_flag(object, TR_FLAG_IVARS))
        tr_ivar_each(f, object, put_ivar, &put);
    *(ParcelRecord *)(w->bytes + start) =
        (ParcelRecord){.type = (uint8_t)tr_object_type(object), .flags = (uint8_t)flags,
                       .data_number = (uint16_t)data_number, .class_ref = class_ref,
                       .words = words, .ivar_count = put.count};
}

/* --- the path to an object that cannot travel: [0][:key].@name --- */

static void append_label(char *path, size_t room, Value label, const char *format) {
    char text[80];
    if (tr_is_fixnum(label)) snprintf(text, sizeof text, "%ld", (long)tr_fixnum(label));
    else if (tr_is_symbol(label)) snprintf(text, sizeof text, "%.70s", tr_id_cstr(tr_symbol_id(label)));
    else if (tr_is_string(label)) snprintf(text, sizeof text, "\"%.*s\"", (int)(tr_string(label)->size < 60 ?
                                           tr_string(label)->size : 60), tr_string(label)->bytes);
    else snprintf(text, sizeof text, "%s", tr_is_object(label) ? tr_class_cname(tr_real_class_of(label)) : "…");
    size_t used = strlen(path);
    if (used < room) snprintf(path + used, room - used, format, text);
}

static void append_path(const ParcelWriter *w, uint32_t item, char *path, size_t room) {
    uint32_t chain[32], depth = 0;
    for (uint32_t n = item; n != 0; n = w->items[n].parent)
        if (depth < 32) chain[depth++] = n;
    while (depth-- > 0) {
        const ParcelItem *at = &w->items[chain[depth]];
        bool is_symbol = tr_is_symbol(at->label);
        switch ((ParcelStep)at->step) {
        case STEP_INDEX: append_label(path, room, at->label, "[%s]"); break;
        case STEP_VALUE_OF: append_label(path, room, at->label, is_symbol ? "[:%s]" : "[%s]"); break;
        case STEP_KEY: append_label(path, room, TR_FIX(0), ".keys[…]"); break;
        case STEP_NAMED: append_label(path, room, at->label, ".%s"); break;
        case STEP_DEFAULT: append_label(path, room, TR_FIX(0), ".default"); break;
        }
    }
}

/* --- packing --- */

static void start_message(ParcelWriter *w, bool move, bool anyway) {
    if (++w->epoch == 0) {
        if (w->index) memset(w->index, 0, ((size_t)w->index_mask + 1) * sizeof *w->index);
        w->epoch = 1;
    }
    if (w->byte_capacity > ((size_t)1 << 20)) { /* one large message does not bind memory for good */
        free(w->bytes);
        w->bytes = NULL;
        w->byte_capacity = 0;
    }
    w->item_count = w->ref_count = w->buffer_count = 0;
    w->size = 0;
    w->current = 0;
    w->move = move;
    w->anyway = anyway;
    w->last = false;
    w->failed = false;
}

static void write_all(ParcelWriter *w, Fiber *f, Value value) {
    item_of(w, value, STEP_INDEX, TR_NIL);
    for (w->current = 0; w->current < w->item_count && !w->failed; w->current++)
        write_record(w, f, w->items[w->current].object);
}

static void seal(ParcelWriter *w, Parcel *out) {
    size_t ref_bytes = w->ref_count * sizeof(Value), buffer_bytes = w->buffer_count * sizeof(ParcelBuffer);
    char *block = tr_parcel_block_new(ref_bytes + buffer_bytes + w->size);
    TR_CHECK(block);
    *out = (Parcel){.value = TR_UNDEF, .block = block, .object_count = w->item_count, .ref_count = w->ref_count,
                    .buffer_count = w->buffer_count, .size = w->size};
    if (ref_bytes) memcpy(block, w->refs, ref_bytes);
    ParcelBuffer *buffers = (ParcelBuffer *)(block + ref_bytes);
    for (uint32_t i = 0; i < w->buffer_count; i++) buffers[i] = w->buffers[i].buffer;
    memcpy(block + ref_bytes + buffer_bytes, w->bytes, w->size);
}

static void leave_moved_objects(ParcelWriter *w, Heap *heap) {
    for (uint32_t n = 0; n < w->item_count; n++) {
        Value object = w->items[n].object;
        uint32_t data_number;
        const ParcelType *type = type_of(object, &data_number);
        if (type->release) type->release(heap, object);
        tr_heap_replace(object, TYPE_MOVED, tr_class.moved_object);
        tr_header(object)->flags |= TR_FLAG_FROZEN;
    }
}

MAY_GC MAY_RAISE static bool raise_refusal(Fiber *f, ParcelWriter *w) {
    for (uint32_t i = 0; i < w->buffer_count; i++)
        if (!w->buffers[i].borrowed) free(w->buffers[i].buffer.bytes);
    Class *error = w->error;
    char message[sizeof w->message], path[160] = "";
    memcpy(message, w->message, sizeof message);
    append_path(w, w->current - 1, path, sizeof path);
    Value raised = *path ? tr_raise(f, error, "%s (at %s)", message, path) : tr_raise(f, error, "%s", message);
    return raised != TR_RAISED;
}

MAY_GC MAY_RAISE static bool pack(Fiber *f, Parcel *out, Value value, bool move, bool last) {
    tr_parcel_init(out, value);
    if (tr_parcel_is_as_is(value)) return true;
    ParcelWriter *w = &thread_writer;
    start_message(w, move, false);
    w->last = last;
    write_all(w, f, value);
    if (TR_UNLIKELY(w->failed)) return raise_refusal(f, w);
    seal(w, out);
    if (move) leave_moved_objects(w, f->heap);
    return true;
}

MAY_GC MAY_RAISE bool tr_parcel_pack(Fiber *f, Parcel *out, Value value, bool move) {
    return pack(f, out, value, move, false);
}

MAY_GC MAY_RAISE bool tr_parcel_pack_last(Fiber *f, Parcel *out, Value value) { return pack(f, out, value, true, true); }

MAY_GC void tr_parcel_pack_anyway(Fiber *f, Parcel *out, Value value) {
    tr_parcel_init(out, value);
    if (tr_parcel_is_as_is(value)) return;
    ParcelWriter *w = &thread_writer;
    start_message(w, false, true);
    if (can_travel(w, value)) write_all(w, f, value);
    if (can_travel(w, value) && !w->failed)
        seal(w, out);
    else
        out->value = TR_NIL;
}


void tr_parcel_drop(Parcel *p) {
    for (uint32_t i = 0; i < p->buffer_count; i++) {
        ParcelBuffer *buffer = &tr_parcel_buffers(p)[i];
        if (buffer->bytes && buffer->drop) buffer->drop(buffer->bytes);
        else free(buffer->bytes);
    }
    tr_parcel_block_free(p->block, tr_parcel_block_bytes(p));
    tr_parcel_init(p, TR_NIL);
}

void tr_parcel_trace(Tracer *tracer, const Parcel *p) {
    tr_trace(tracer, p->value);
    if (p->block) tr_trace_range(tracer, (const Value *)p->block, p->ref_count);
}

