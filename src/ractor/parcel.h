/* parcel.h - what a message carries from one Ractor to another.
 *
 * Immediates and shareable objects travel as they are. Any other object is written, with all it refers to, into one run
 * of bytes: a record per object, breadth first; a record refers to objects of the parcel by number, so shared and cyclic
 * structure arrives as it left. The bytes hold no addresses: what travels by reference (shareable objects, classes) and
 * byte buffers that change hands stand in two tables beside them.
 *
 * A layer that owns an object type says how it travels (tr_parcel_register, tr_parcel_register_data) with the words of
 * parcel_io.h.
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
    void *block;        /* one allocation (ractor/parcel_memory.h): refs, buffers, bytes; NULL when there are none */
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
static inline ParcelBuffer *tr_parcel_buffers(const Parcel *p) { return (ParcelBuffer *)((Value *)p->block + p->ref_count); }
static inline const uint64_t *tr_parcel_words(const Parcel *p) { return (const uint64_t *)(tr_parcel_buffers(p) + p->buffer_count); }
static inline size_t tr_parcel_block_bytes(const Parcel *p) {
    return p->ref_count * sizeof(Value) + p->buffer_count * sizeof(ParcelBuffer) + p->size;
}
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

#endif
