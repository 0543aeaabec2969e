/* parcel.h - what a message carries from one Ractor to another.
 *
 * Immediates and shareable objects travel as they are. Any other object is written, with all it refers to, into one run
 * of bytes: a record per object, breadth first; a record refers to objects of the parcel by number, so shared and cyclic
 * structure arrives as it left. The bytes hold no addresses: what travels by reference (shareable objects, classes) and
 * byte buffers that change hands stand in two tables beside them.
 *
 * A layer that owns an object type says how it travels: tr_parcel_register, tr_parcel_register_data.
 */
#ifndef TR_RACTOR_PARCEL_H
#define TR_RACTOR_PARCEL_H

#include "ractor/context.h"
#include "value/data.h"

typedef struct ParcelBuffer { /* what changes hands: malloc'ed bulk, or a resource */
    void *bytes;
    size_t size;
    void (*drop)(void *resource); /* NULL: free() */
} ParcelBuffer;

typedef struct Parcel {
    Value value;        /* what travels as it is; TR_UNDEF: it is encoded */
    void *block;        /* one allocation: refs, buffers, bytes; NULL when there are none */
    uint32_t object_count, ref_count, buffer_count;
    size_t size;        /* of the bytes */
} Parcel;

/* --- packing and unpacking --- */
/* Fills `out`. With `move` the object and all unshareable ones it refers to become Ractor::MovedObject. False: raised
 * (the error names the object and the path to it), and nothing was sent or moved. */
MAY_GC MAY_RAISE bool tr_parcel_pack(Fiber *f, Parcel *out, Value value, bool move);
/* As a move, in the words of a copy: the Ractor that owns the value ends. */
MAY_GC MAY_RAISE bool tr_parcel_pack_last(Fiber *f, Parcel *out, Value value);
/* Never raises: what cannot travel arrives as nil. For errors. */
MAY_GC void tr_parcel_pack_anyway(Fiber *f, Parcel *out, Value value);
/* Whether it is an immediate or shareable, and so the same at both ends. */
bool tr_parcel_is_as_is(Value value);
/* The value, made in f's heap; empties the parcel. */
MAY_SWITCH MAY_RAISE Value tr_parcel_unpack(Fiber *f, Parcel *parcel);
/* Packed and unpacked at once: what a message would be at the other end. */
MAY_SWITCH MAY_RAISE Value tr_copy_deeply(Fiber *f, Value value);
/* Frees what a parcel that nobody received holds. Any thread. */
void tr_parcel_drop(Parcel *parcel);
/* The shareable objects in it; while the world is stopped. */
void tr_parcel_trace(Tracer *tracer, const Parcel *parcel);
static inline void tr_parcel_init(Parcel *out, Value as_it_is) { *out = (Parcel){.value = as_it_is}; }

/* --- how a type travels --- */
typedef struct ParcelWriter ParcelWriter;
typedef struct ParcelReader ParcelReader;
typedef struct ParcelType {
    bool moves_only; /* cannot be copied */
    /* Writes the payload. Neither allocates nor runs Ruby. */
    void (*write)(ParcelWriter *writer, Value object);
    /* Makes the object, without its references; reads the payload from its start. 0: the bytes are damaged, TR_RAISED. */
    Value (*make)(ParcelReader *reader, Class *klass);
    /* Reads the payload from its start and sets the references; every object exists, none is complete. May be NULL. False:
     * raised. */
    bool (*fill)(ParcelReader *reader, Value object);
    /* The same, after all others are filled, in reverse order: may look at the objects referred to (Hash). */
    bool (*complete)(ParcelReader *reader, Value object);
    /* The object moved: forget the buffers that were given to tr_parcel_put_buffer as borrowed. May be NULL. */
    void (*release)(Heap *heap, Value object);
} ParcelType;
void tr_parcel_register(ObjectType type, const ParcelType *description);
/* Nothing of the object travels: the receiver gets a new one of its class (Mutex). */
extern const ParcelType tr_parcel_fresh;
void tr_parcel_register_data(const DataType *data, const ParcelType *description);

/* Where a child stands, for the path in an error. */
typedef enum ParcelStep { STEP_INDEX, STEP_KEY, STEP_VALUE_OF, STEP_NAMED, STEP_DEFAULT } ParcelStep;
void tr_parcel_put_value(ParcelWriter *writer, Value child, ParcelStep step, Value label);
void tr_parcel_put_word(ParcelWriter *writer, uint64_t word);
/* Many at once: room for so many words, each to be set before anything else is put, from tr_parcel_word_of. */
uint64_t *tr_parcel_reserve(ParcelWriter *writer, size_t words);
uint64_t tr_parcel_word_of_object(ParcelWriter *writer, Value child, ParcelStep step, Value label);
static inline uint64_t tr_parcel_word_of(ParcelWriter *writer, Value child, ParcelStep step, Value label) {
    return tr_is_immediate(child) ? child : tr_parcel_word_of_object(writer, child, step, label);
}
void tr_parcel_put_bytes(ParcelWriter *writer, const void *bytes, size_t size);
/* The buffer will be the receiver's. `borrowed`: it is the object's own until the move is done; else freed on failure. */
void tr_parcel_put_buffer(ParcelWriter *writer, void *bytes, size_t size, bool borrowed);
/* Something else that changes hands with a move: it is the object's own until the move is done; `drop` ends it. */
void tr_parcel_put_resource(ParcelWriter *writer, void *resource, void (*drop)(void *resource));
bool tr_parcel_is_move(const ParcelWriter *writer);
/* The object cannot travel. */
void tr_parcel_refuse(ParcelWriter *writer, Class *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Reading beyond the payload gives zeros and marks the parcel damaged. */
Fiber *tr_parcel_fiber(ParcelReader *reader);
Value tr_parcel_get_value(ParcelReader *reader);
uint64_t tr_parcel_get_word(ParcelReader *reader);
/* What was read makes no sense. */
void tr_parcel_damage(ParcelReader *reader);
/* Many at once, NULL when damaged; each means tr_parcel_value_of. */
const uint64_t *tr_parcel_get_words(ParcelReader *reader, size_t words);
Value tr_parcel_value_of_word(ParcelReader *reader, uint64_t word);
static inline Value tr_parcel_value_of(ParcelReader *reader, uint64_t word) {
    return tr_is_fixnum(word) || tr_is_flonum(word) ? word : tr_parcel_value_of_word(reader, word);
}
const void *tr_parcel_get_bytes(ParcelReader *reader, size_t size); /* NULL when damaged */
/* The buffer, whose bytes now belong to the caller; NULL when damaged. */
void *tr_parcel_take_buffer(ParcelReader *reader, size_t *size);
/* The resource that was put with the same drop; NULL when damaged or NULL was put. */
void *tr_parcel_take_resource(ParcelReader *reader, void (*drop)(void *resource));
/* How many words of the payload are left. */
size_t tr_parcel_words_left(ParcelReader *reader);

#endif
