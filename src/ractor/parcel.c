/* parcel.c - encoding an object graph into a Parcel, and back. What a parcel is: parcel.h.
 *
 * The writer keeps a list of the objects found so far; writing the record of one appends its children. Its memory belongs
 * to the OS thread and is used again for the next message: writing neither allocates objects nor runs Ruby, so it cannot
 * be interrupted. Only the finished parcel is allocated, in one piece.
 *
 * The reader makes all objects, then sets their references, then completes hashes (whose keys must be whole to be hashed,
 * innermost first). It checks every number, so that bytes from elsewhere cannot do harm.
 *
 *     record:   type : 8, flags : 8, data type : 16 | class ref + 1 : 32 | payload words : 32 | variables : 32
 *               | payload | variables, two words each
 *     word:     an immediate, or number << 8 | WORD_OBJECT or WORD_REF
 */
#include "ractor/parcel.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/core.h"
#include "ractor/ractor.h"
#include "ractor/shareable.h"
#include "vm/id_table.h"
#include "vm/ivar.h"

/* Low bytes that no immediate has; the object number or ref number is above. */
#define WORD_OBJECT 0x1cu
#define WORD_REF    0x2cu
typedef struct Record { /* in the bytes, 8-byte aligned */
    uint8_t type, flags;
    uint16_t data_number;
    uint32_t class_ref, words, ivar_count;
} Record;
_Static_assert(sizeof(Record) == 16, "two words");
enum { RECORD_FROZEN = 1 };
#define DATA_TYPES_MAX 32
#define STACK_OBJECTS 64 /* up to so many objects are rooted by the machine stack while a parcel is unpacked */

/* Written at boot. */
static const ParcelType *types[TYPE_COUNT];
static struct { const DataType *data; const ParcelType *parcel; } data_types[DATA_TYPES_MAX];
static uint32_t data_type_count;

void tr_parcel_register(ObjectType type, const ParcelType *description) { types[type] = description; }

void tr_parcel_register_data(const DataType *data, const ParcelType *description) {
    TR_CHECK(data_type_count < DATA_TYPES_MAX);
    data_types[data_type_count].data = data;
    data_types[data_type_count++].parcel = description;
}

static const ParcelType *type_of(Value object, uint32_t *data_number) {
    ObjectType type = tr_object_type(object);
    *data_number = 0;
    if (type != TYPE_DATA) return types[type];
    for (uint32_t i = 0; i < data_type_count; i++)
        if (data_types[i].data == ((Data *)object)->type) {
            *data_number = i;
            return data_types[i].parcel;
        }
    return NULL;
}

/* The class that a record without one means. */
static inline Class *default_class(uint32_t type) {
    static Class *const *const classes[TYPE_COUNT] = {
        [TYPE_OBJECT] = &tr_class.object, [TYPE_STRING] = &tr_class.string,     [TYPE_ARRAY] = &tr_class.array,
        [TYPE_HASH] = &tr_class.hash,     [TYPE_RANGE] = &tr_class.range,       [TYPE_FLOAT] = &tr_class.float_,
        [TYPE_BIGNUM] = &tr_class.integer, [TYPE_RATIONAL] = &tr_class.rational, [TYPE_COMPLEX] = &tr_class.complex,
        [TYPE_REGEXP] = &tr_class.regexp,
    };
    return classes[type] ? *classes[type] : NULL;
}

/* --- writing --- */

typedef struct Item {
    Value object;
    uint32_t parent;  /* item number */
    uint32_t step;
    Value label;
} Item;

typedef struct IndexEntry { uint32_t epoch, item; } IndexEntry;
typedef struct WriterBuffer { ParcelBuffer buffer; bool borrowed; } WriterBuffer;

struct ParcelWriter {
    /* kept from message to message */
    Item *items; uint32_t item_capacity;
    IndexEntry *index; uint32_t index_capacity; /* object to item, open addressing */
    uint32_t epoch;       /* entries of other epochs are empty: nothing is cleared between messages */
    char *bytes; size_t byte_capacity;
    Value *refs; uint32_t ref_capacity;
    WriterBuffer *buffers; uint32_t buffer_capacity;
    /* of this message */
    uint32_t item_count, ref_count, buffer_count;
    size_t size;
    uint32_t current;
    bool move, last, anyway, failed;
    Class *error;
    char message[256];
};

static _Thread_local ParcelWriter thread_writer;

static void *grow(void *memory, size_t bytes) {
    void *larger = realloc(memory, bytes);
    if (!larger) tr_fatal(__FILE__, __LINE__, "no memory for a message");
    return larger;
}

bool tr_parcel_is_move(const ParcelWriter *w) { return w->move; }

static char *reserve_bytes(ParcelWriter *w, size_t size) {
    if (TR_UNLIKELY(w->size + size > w->byte_capacity)) {
        while (w->size + size > w->byte_capacity) w->byte_capacity = w->byte_capacity ? w->byte_capacity * 2 : 4096;
        w->bytes = grow(w->bytes, w->byte_capacity);
    }
    char *at = w->bytes + w->size;
    w->size += size;
    return at;
}

void tr_parcel_put_word(ParcelWriter *w, uint64_t word) { memcpy(reserve_bytes(w, 8), &word, 8); }

uint64_t *tr_parcel_reserve(ParcelWriter *w, size_t words) { return (uint64_t *)reserve_bytes(w, words * 8); }

void tr_parcel_put_bytes(ParcelWriter *w, const void *bytes, size_t size) {
    size_t padded = (size + 7) & ~(size_t)7;
    char *at = reserve_bytes(w, padded);
    if (size) memcpy(at, bytes, size);
    memset(at + size, 0, padded - size);
}

static void put_owned(ParcelWriter *w, ParcelBuffer buffer, bool borrowed) {
    if (w->buffer_count == w->buffer_capacity) {
        w->buffer_capacity = w->buffer_capacity ? w->buffer_capacity * 2 : 16;
        w->buffers = grow(w->buffers, w->buffer_capacity * sizeof *w->buffers);
    }
    w->buffers[w->buffer_count] = (WriterBuffer){buffer, borrowed};
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
    w->index_capacity = w->index_capacity ? w->index_capacity * 2 : 128;
    free(w->index);
    w->index = calloc(w->index_capacity, sizeof *w->index);
    if (!w->index) tr_fatal(__FILE__, __LINE__, "no memory for a message");
    uint32_t mask = w->index_capacity - 1;
    for (uint32_t n = 0; n < w->item_count; n++) {
        uint32_t i = hash_pointer(w->items[n].object) & mask;
        while (w->index[i].epoch == w->epoch) i = (i + 1) & mask;
        w->index[i] = (IndexEntry){w->epoch, n};
    }
}

/* The number of an object that is encoded; appended to the list when it is new. */
static uint32_t item_of(ParcelWriter *w, Value object, uint32_t step, Value label) {
    if (TR_UNLIKELY(w->item_count * 2 >= w->index_capacity)) enlarge_index(w);
    uint32_t mask = w->index_capacity - 1, i = hash_pointer(object) & mask;
    for (; w->index[i].epoch == w->epoch; i = (i + 1) & mask)
        if (w->items[w->index[i].item].object == object) return w->index[i].item;
    if (TR_UNLIKELY(w->item_count == w->item_capacity)) {
        w->item_capacity = w->item_capacity ? w->item_capacity * 2 : 64;
        w->items = grow(w->items, w->item_capacity * sizeof *w->items);
    }
    w->items[w->item_count] = (Item){object, w->current, step, label};
    w->index[i] = (IndexEntry){w->epoch, w->item_count};
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

void tr_parcel_put_value(ParcelWriter *w, Value child, ParcelStep step, Value label) {
    uint64_t word = tr_parcel_word_of(w, child, step, label);
    tr_parcel_put_word(w, word);
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
    reserve_bytes(w, sizeof(Record));
    uint32_t flags = tr_has_flag(object, TR_FLAG_FROZEN) ? RECORD_FROZEN : 0;
    Class *klass = tr_header(object)->klass, *real = tr_real_class(klass);
    if (TR_UNLIKELY(klass != real) && !w->anyway && has_singleton_methods(klass, real)) {
        tr_parcel_refuse(w, tr_class.type_error, "can not %s %s object with singleton methods",
                         w->move && !w->last ? "move" : "copy", class_name(real));
        return;
    }
    uint32_t class_ref = real == default_class(tr_object_type(object)) ? 0 : add_ref(w, (Value)real) + 1;
    size_t payload = w->size;
    type->write(w, object);
    uint32_t words = (uint32_t)((w->size - payload) / 8);
    IvarPut put = {w, 0};
    if (tr_object_type(object) == TYPE_OBJECT || tr_has_flag(object, TR_FLAG_IVARS))
        tr_ivar_each(f, object, put_ivar, &put);
    *(Record *)(w->bytes + start) = (Record){.type = (uint8_t)tr_object_type(object), .flags = (uint8_t)flags,
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
        const Item *at = &w->items[chain[depth]];
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
        memset(w->index, 0, w->index_capacity * sizeof *w->index);
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
    char *block = malloc(ref_bytes + buffer_bytes + w->size);
    if (!block) tr_fatal(__FILE__, __LINE__, "no memory for a message");
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

static ParcelBuffer *buffers_of(const Parcel *p) { return (ParcelBuffer *)((Value *)p->block + p->ref_count); }
static const char *bytes_of(const Parcel *p) { return (const char *)(buffers_of(p) + p->buffer_count); }

void tr_parcel_drop(Parcel *p) {
    for (uint32_t i = 0; i < p->buffer_count; i++) {
        ParcelBuffer *buffer = &buffers_of(p)[i];
        if (buffer->bytes && buffer->drop) buffer->drop(buffer->bytes);
        else free(buffer->bytes);
    }
    free(p->block);
    tr_parcel_init(p, TR_NIL);
}

void tr_parcel_trace(Tracer *tracer, const Parcel *p) {
    tr_trace(tracer, p->value);
    if (p->block) tr_trace_range(tracer, (const Value *)p->block, p->ref_count);
}

/* --- unpacking --- */

struct ParcelReader {
    Fiber *f;
    Parcel *parcel;
    const char *at, *limit;
    const char *end;        /* of all bytes */
    Value *stack_objects;   /* or the items of keeper */
    Value keeper;           /* Array, TR_NIL when the stack suffices */
    const Record **records; /* by object number */
    bool any_late;          /* a record needs completion or freezing */
    bool damaged;
};

Fiber *tr_parcel_fiber(ParcelReader *r) { return r->f; }
void tr_parcel_damage(ParcelReader *r) { r->damaged = true; }

uint64_t tr_parcel_get_word(ParcelReader *r) {
    if (TR_UNLIKELY(r->limit - r->at < 8)) {
        r->damaged = true;
        return 0;
    }
    uint64_t word;
    memcpy(&word, r->at, 8);
    r->at += 8;
    return word;
}

size_t tr_parcel_words_left(ParcelReader *r) { return (size_t)(r->limit - r->at) / 8; }

const void *tr_parcel_get_bytes(ParcelReader *r, size_t size) {
    if (size > (size_t)(r->limit - r->at)) {
        r->damaged = true;
        return NULL;
    }
    const void *bytes = r->at;
    size_t padded = (size + 7) & ~(size_t)7;
    r->at = padded > (size_t)(r->limit - r->at) ? r->limit : r->at + padded;
    return bytes;
}

void *tr_parcel_take_buffer(ParcelReader *r, size_t *size) {
    uint64_t number = tr_parcel_get_word(r);
    ParcelBuffer *buffer = &buffers_of(r->parcel)[number];
    if (r->damaged || number >= r->parcel->buffer_count || !buffer->bytes || buffer->drop) {
        r->damaged = true;
        return NULL;
    }
    void *bytes = buffer->bytes;
    *size = buffer->size;
    buffer->bytes = NULL;
    return bytes;
}

void *tr_parcel_take_resource(ParcelReader *r, void (*drop)(void *)) {
    uint64_t number = tr_parcel_get_word(r);
    ParcelBuffer *buffer = &buffers_of(r->parcel)[number];
    if (r->damaged || number >= r->parcel->buffer_count || buffer->drop != drop) {
        r->damaged = true;
        return NULL;
    }
    void *resource = buffer->bytes;
    buffer->bytes = NULL;
    return resource;
}

static Value object_at(ParcelReader *r, uint64_t n) {
    return r->keeper == TR_NIL ? r->stack_objects[n] : tr_array(r->keeper)->items[n];
}

static Value get_ref(ParcelReader *r, uint64_t number) {
    if (number < r->parcel->ref_count) return ((const Value *)r->parcel->block)[number];
    r->damaged = true;
    return TR_NIL;
}

Value tr_parcel_get_value(ParcelReader *r) { return tr_parcel_value_of(r, tr_parcel_get_word(r)); }

const uint64_t *tr_parcel_get_words(ParcelReader *r, size_t words) {
    return words > tr_parcel_words_left(r) ? tr_parcel_get_bytes(r, SIZE_MAX) : tr_parcel_get_bytes(r, words * 8);
}

Value tr_parcel_value_of_word(ParcelReader *r, uint64_t word) {
    uint64_t number = word >> 8;
    switch (word & 0xff) {
    case WORD_OBJECT:
        if (number < r->parcel->object_count) return object_at(r, number);
        break;
    case WORD_REF: return get_ref(r, number);
    case 0x0c:
        if (number >= 1 && number <= tr_id_count()) return word;
        break;
    default:
        if (word == TR_NIL || word == TR_TRUE || word == TR_FALSE || word == TR_UNDEF) return word;
    }
    r->damaged = true;
    return TR_NIL;
}

static const char *payload_of(const Record *record) { return (const char *)(record + 1); }
static const char *ivars_of(const Record *record) { return payload_of(record) + (size_t)record->words * 8; }

/* The record at r->at, which goes on to the next one. NULL: damaged. */
static const Record *next_record(ParcelReader *r) {
    if ((size_t)(r->end - r->at) < sizeof(Record)) return NULL;
    const Record *record = (const Record *)r->at;
    size_t bytes = sizeof *record + (size_t)record->words * 8 + (size_t)record->ivar_count * 16;
    if (bytes > (size_t)(r->end - r->at)) return NULL;
    r->at += bytes;
    return record;
}

static inline void enter_payload(ParcelReader *r, const Record *record) {
    r->at = payload_of(record);
    r->limit = ivars_of(record);
}

/* The type's description, for a class whose instances really are of that type. */
static const ParcelType *record_type(ParcelReader *r, const Record *record, Class **klass) {
    if (record->type >= TYPE_COUNT) return NULL;
    if (record->class_ref == 0) {
        *klass = default_class(record->type);
        if (!*klass) return NULL;
    } else {
        Value ref = get_ref(r, (uint64_t)record->class_ref - 1);
        if (r->damaged || !tr_is_type(ref, TYPE_CLASS)) return NULL;
        *klass = (Class *)ref;
        if ((uint32_t)(*klass)->instance_type != record->type) return NULL;
    }
    if (record->type != TYPE_DATA) return types[record->type];
    return record->data_number < data_type_count ? data_types[record->data_number].parcel : NULL;
}

/* Each of these: false when raised, or r->damaged. */

static MAY_SWITCH bool make_object(ParcelReader *r, const Record *record, uint32_t number) {
    Class *klass;
    const ParcelType *type = record_type(r, record, &klass);
    if (!type) {
        r->damaged = true;
        return false;
    }
    enter_payload(r, record);
    Value object = type->make(r, klass);
    if (object == TR_RAISED) return false;
    if (!tr_is_type(object, (ObjectType)record->type) ||
        (record->type == TYPE_DATA && ((Data *)object)->type != data_types[record->data_number].data)) {
        r->damaged = true;
        return false;
    }
    if (r->keeper == TR_NIL)
        r->stack_objects[number] = object;
    else
        tr_write(r->keeper, &tr_array(r->keeper)->items[number], object);
    if (type->complete || record->flags) r->any_late = true;
    return !r->damaged;
}

static MAY_SWITCH bool make_all(ParcelReader *r) {
    r->at = bytes_of(r->parcel);
    for (uint32_t n = 0; n < r->parcel->object_count; n++) {
        const Record *record = r->records[n] = next_record(r);
        const char *next = r->at;
        if (!record) r->damaged = true;
        if (!record || !make_object(r, record, n)) return false;
        r->at = next;
    }
    if (r->at != r->end) r->damaged = true;
    return !r->damaged;
}

static MAY_SWITCH bool set_ivars(ParcelReader *r, const Record *record, Value object) {
    r->at = ivars_of(record);
    r->limit = r->at + (size_t)record->ivar_count * 16;
    for (uint32_t i = 0; i < record->ivar_count; i++) {
        Value name = tr_parcel_get_value(r), value = tr_parcel_get_value(r);
        if (!tr_is_symbol(name)) r->damaged = true;
        if (r->damaged || tr_ivar_set(r->f, object, tr_symbol_id(name), value) == TR_RAISED) return false;
    }
    return true;
}

static const ParcelType *made_type(const Record *record) {
    return record->type == TYPE_DATA ? data_types[record->data_number].parcel : types[record->type];
}

static MAY_SWITCH bool fill_all(ParcelReader *r) {
    for (uint32_t n = 0; n < r->parcel->object_count; n++) {
        const Record *record = r->records[n];
        const ParcelType *type = made_type(record);
        Value object = object_at(r, n);
        if (type->fill) {
            enter_payload(r, record);
            if (!type->fill(r, object)) return false;
        }
        if (record->ivar_count && !set_ivars(r, record, object)) return false;
        if (r->damaged) return false;
    }
    return true;
}

/* Completes and freezes, innermost first. */
static MAY_SWITCH bool complete_all(ParcelReader *r) {
    for (uint32_t n = r->parcel->object_count; r->any_late && n-- > 0;) {
        const Record *record = r->records[n];
        const ParcelType *type = made_type(record);
        Value object = object_at(r, n);
        if (type->complete) {
            enter_payload(r, record);
            if (!type->complete(r, object) || r->damaged) return false;
        }
        if (record->flags & RECORD_FROZEN) tr_header(object)->flags |= TR_FLAG_FROZEN;
    }
    return true;
}

static MAY_SWITCH MAY_RAISE Value unpack_all(ParcelReader *r) {
    bool ok = make_all(r) && fill_all(r) && complete_all(r);
    Value result = ok ? object_at(r, 0) : TR_RAISED;
    if (r->damaged) return tr_raise(r->f, tr_class.argument_error, "damaged message");
    return result;
}

static __attribute__((noinline)) MAY_SWITCH MAY_RAISE Value unpack_small(ParcelReader *r) {
    Value objects[STACK_OBJECTS]; /* found by the conservative scan of this frame */
    const Record *records[STACK_OBJECTS];
    memset(objects, 0, r->parcel->object_count * sizeof *objects);
    r->stack_objects = objects;
    r->records = records;
    Value result = unpack_all(r);
    TR_KEEP(objects);
    return result;
}

MAY_SWITCH MAY_RAISE Value tr_parcel_unpack(Fiber *f, Parcel *parcel) {
    if (!parcel->block) return parcel->value;
    ParcelReader reader = {.f = f, .parcel = parcel, .keeper = TR_NIL,
                           .end = bytes_of(parcel) + parcel->size};
    OpenParcel open;
    tr_open_parcel_enter(f->ractor, &open, parcel);
    Value result;
    if (parcel->object_count <= STACK_OBJECTS) {
        result = unpack_small(&reader);
    } else {
        size_t count = parcel->object_count;
        if (count > parcel->size / sizeof(Record)) {
            tr_open_parcel_leave(&open);
            tr_parcel_drop(parcel);
            return tr_raise(f, tr_class.argument_error, "damaged message");
        }
        Value keeper = tr_array_new(f, count);
        for (size_t i = 0; i < count; i++) tr_array(keeper)->items[i] = TR_NIL;
        tr_array(keeper)->count = count;
        reader.keeper = keeper;
        reader.records = malloc(count * sizeof *reader.records);
        if (!reader.records) tr_fatal(__FILE__, __LINE__, "no memory for a message");
        result = unpack_all(&reader);
        free(reader.records);
        TR_KEEP(keeper);
    }
    tr_open_parcel_leave(&open);
    tr_parcel_drop(parcel);
    TR_KEEP(result);
    return result;
}

MAY_SWITCH MAY_RAISE Value tr_copy_deeply(Fiber *f, Value value) {
    Parcel parcel;
    if (!tr_parcel_pack(f, &parcel, value, false)) return TR_RAISED;
    return tr_parcel_unpack(f, &parcel);
}
