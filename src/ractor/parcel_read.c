/* parcel_read.c - a parcel's objects, made in the receiver's heap. The words: parcel_io.h.
 *
 * The reader makes all objects in the order of their records. Those that a String is like are whole then; of the others
 * the references are set next, and last hashes are completed (whose keys must be whole to be hashed, innermost first)
 * and the frozen ones frozen. It checks every number, so that bytes from elsewhere cannot do harm.
 */
#include "ractor/parcel_io.h"

#include <stdlib.h>

#include "core/core.h"
#include "ractor/ractor.h"
#include "vm/ivar.h"

#define STACK_OBJECTS 64 /* up to so many objects are rooted by the machine stack while a parcel is unpacked */

void *tr_parcel_take_buffer(ParcelReader *r, size_t *size) {
    uint64_t number = tr_parcel_get_word(r);
    ParcelBuffer *buffer = &tr_parcel_buffers(r->parcel)[number];
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
    ParcelBuffer *buffer = &tr_parcel_buffers(r->parcel)[number];
    if (r->damaged || number >= r->parcel->buffer_count || buffer->drop != drop) {
        r->damaged = true;
        return NULL;
    }
    void *resource = buffer->bytes;
    buffer->bytes = NULL;
    return resource;
}

static Value get_ref(ParcelReader *r, uint64_t number) {
    if (number < r->parcel->ref_count) return ((const Value *)r->parcel->block)[number];
    r->damaged = true;
    return TR_NIL;
}

Value tr_parcel_value_of_word(ParcelReader *r, uint64_t word) {
    if ((word & 0xff) == WORD_REF) return get_ref(r, word >> 8);
    if (word == TR_NIL || word == TR_TRUE || word == TR_FALSE || word == TR_UNDEF) return word;
    r->damaged = true;
    return TR_NIL;
}

static inline const uint64_t *payload_of(const ParcelRecord *record) { return (const uint64_t *)(record + 1); }
static inline const uint64_t *ivars_of(const ParcelRecord *record) { return payload_of(record) + record->words; }

/* The record at `at`, if it is all there. */
static inline const ParcelRecord *record_at(const ParcelReader *r, const uint64_t *at) {
    size_t left = (size_t)(r->end - at);
    const ParcelRecord *record = (const ParcelRecord *)at;
    if (left < sizeof *record / 8) return NULL;
    return sizeof *record / 8 + record->words + (size_t)record->ivar_count * 2 <= left ? record : NULL;
}

static inline void enter_payload(ParcelReader *r, const ParcelRecord *record) {
    r->at = payload_of(record);
    r->limit = ivars_of(record);
}

/* The type's description, for a class whose instances really are of that type. */
static inline const ParcelType *record_type(ParcelReader *r, const ParcelRecord *record, Class **klass) {
    if (record->type >= TYPE_COUNT) return NULL;
    if (TR_LIKELY(record->class_ref == 0)) {
        *klass = tr_parcel_default_class(record->type);
        if (!*klass) return NULL;
    } else {
        Value ref = get_ref(r, (uint64_t)record->class_ref - 1);
        if (r->damaged || !tr_is_type(ref, TYPE_CLASS)) return NULL;
        *klass = (Class *)ref;
        if ((uint32_t)(*klass)->instance_type != record->type) return NULL;
    }
    if (TR_LIKELY(record->type != TYPE_DATA)) return tr_parcel_types[record->type];
    return record->data_number < tr_parcel_data_type_count ? tr_parcel_data_types[record->data_number].parcel : NULL;
}

/* Each of these: false when raised, or r->damaged. */

static inline MAY_SWITCH bool make_object(ParcelReader *r, const ParcelRecord *record, uint32_t number) {
    Class *klass;
    const ParcelType *type = record_type(r, record, &klass);
    if (!type) {
        r->damaged = true;
        return false;
    }
    enter_payload(r, record);
    Value object = type->make(r, klass);
    if (object == TR_RAISED) return false;
    if (r->damaged || !tr_is_type(object, (ObjectType)record->type) ||
        (record->type == TYPE_DATA && ((Data *)object)->type != tr_parcel_data_types[record->data_number].data)) {
        r->damaged = true;
        return false;
    }
    r->objects[number] = object;
    if (TR_UNLIKELY(r->keeper != TR_NIL)) tr_write_many(r->keeper);
    if (type->fill || type->complete || record->flags || record->ivar_count) r->late[r->late_count++] = number;
    return true;
}

static MAY_SWITCH bool make_all(ParcelReader *r) {
    const uint64_t *at = tr_parcel_words(r->parcel);
    for (uint32_t n = 0; n < r->parcel->object_count; n++) {
        const ParcelRecord *record = r->records[n] = record_at(r, at);
        if (TR_UNLIKELY(!record)) {
            r->damaged = true;
            return false;
        }
        if (!make_object(r, record, n)) return false;
        at = ivars_of(record) + (size_t)record->ivar_count * 2;
    }
    if (at != r->end || r->parcel->size % 8 != 0) r->damaged = true;
    return !r->damaged;
}

static MAY_SWITCH bool set_ivars(ParcelReader *r, const ParcelRecord *record, Value object) {
    r->at = ivars_of(record);
    r->limit = r->at + (size_t)record->ivar_count * 2;
    for (uint32_t i = 0; i < record->ivar_count; i++) {
        Value name = tr_parcel_get_value(r), value = tr_parcel_get_value(r);
        if (!tr_is_symbol(name)) r->damaged = true;
        if (r->damaged || tr_ivar_set(r->f, object, tr_symbol_id(name), value) == TR_RAISED) return false;
    }
    return true;
}

static inline const ParcelType *made_type(const ParcelRecord *record) {
    return record->type == TYPE_DATA ? tr_parcel_data_types[record->data_number].parcel : tr_parcel_types[record->type];
}

static MAY_SWITCH bool fill_all(ParcelReader *r) {
    for (uint32_t i = 0; i < r->late_count; i++) {
        uint32_t n = r->late[i];
        const ParcelRecord *record = r->records[n];
        const ParcelType *type = made_type(record);
        if (type->fill) {
            enter_payload(r, record);
            if (!type->fill(r, r->objects[n])) return false;
        }
        if (record->ivar_count && !set_ivars(r, record, r->objects[n])) return false;
        if (r->damaged) return false;
    }
    return true;
}

/* Completes and freezes, innermost first. */
static MAY_SWITCH bool complete_all(ParcelReader *r) {
    for (uint32_t i = r->late_count; i-- > 0;) {
        uint32_t n = r->late[i];
        const ParcelRecord *record = r->records[n];
        const ParcelType *type = made_type(record);
        if (type->complete) {
            enter_payload(r, record);
            if (!type->complete(r, r->objects[n]) || r->damaged) return false;
        }
        if (record->flags & RECORD_FROZEN) tr_header(r->objects[n])->flags |= TR_FLAG_FROZEN;
    }
    return true;
}

static MAY_SWITCH MAY_RAISE Value unpack_all(ParcelReader *r) {
    bool ok = make_all(r) && fill_all(r) && complete_all(r);
    Value result = ok ? r->objects[0] : TR_RAISED;
    if (TR_UNLIKELY(r->damaged)) return tr_raise(r->f, tr_class.argument_error, "damaged message");
    return result;
}

static __attribute__((noinline)) MAY_SWITCH MAY_RAISE Value unpack_small(ParcelReader *r) {
    Value objects[STACK_OBJECTS]; /* found by the conservative scan of this frame */
    const ParcelRecord *records[STACK_OBJECTS];
    uint32_t late[STACK_OBJECTS];
    for (uint32_t i = 0; i < r->parcel->object_count; i++) objects[i] = 0;
    r->objects = objects;
    r->records = records;
    r->late = late;
    Value result = unpack_all(r);
    TR_KEEP(objects);
    return result;
}

static __attribute__((noinline)) MAY_SWITCH MAY_RAISE Value unpack_large(ParcelReader *r) {
    size_t count = r->parcel->object_count;
    if (count > r->parcel->size / sizeof(ParcelRecord))
        return tr_raise(r->f, tr_class.argument_error, "damaged message");
    r->keeper = tr_array_new(r->f, count);
    r->objects = tr_array(r->keeper)->items;
    memset(r->objects, 0, count * sizeof *r->objects);
    tr_array(r->keeper)->count = count;
    r->records = malloc(count * (sizeof *r->records + sizeof *r->late));
    if (!r->records) tr_fatal(__FILE__, __LINE__, "no memory for a message");
    r->late = (uint32_t *)(r->records + count);
    Value result = unpack_all(r);
    free(r->records);
    TR_KEEP(r->keeper);
    return result;
}

MAY_SWITCH MAY_RAISE Value tr_parcel_unpack(Fiber *f, Parcel *parcel) {
    if (!parcel->block) return parcel->value;
    ParcelReader reader;
    reader.f = f;
    reader.parcel = parcel;
    reader.id_count = tr_id_count();
    reader.damaged = false;
    reader.keeper = TR_NIL;
    reader.late_count = 0;
    reader.end = tr_parcel_words(parcel) + parcel->size / 8;
    OpenParcel open;
    tr_open_parcel_enter(f->ractor, &open, parcel);
    Value result = TR_LIKELY(parcel->object_count <= STACK_OBJECTS) ? unpack_small(&reader) : unpack_large(&reader);
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
