/* parcel_io.h - the words of a parcel: how those who know a type write and read them. What a parcel is: parcel.h.
 *
 *     record:   type : 8, flags : 8, data type : 16 | class ref + 1 : 32 | payload words : 32 | variables : 32
 *               | payload | variables, two words each
 *     word:     an immediate, or number << 8 | WORD_OBJECT or WORD_REF
 *
 * Writing cannot fail for want of room; reading beyond the payload gives zeros and marks the parcel damaged.
 */
#ifndef TR_RACTOR_PARCEL_IO_H
#define TR_RACTOR_PARCEL_IO_H

#include "ractor/parcel.h"
#include "value/symbol.h"

/* Low bytes that no immediate has; the object number or ref number is above. */
#define WORD_OBJECT 0x1cu
#define WORD_REF    0x2cu
typedef struct ParcelRecord { /* in the bytes, 8-byte aligned */
    uint8_t type, flags;
    uint16_t data_number;
    uint32_t class_ref, words, ivar_count;
} ParcelRecord;
_Static_assert(sizeof(ParcelRecord) == 16, "two words");
enum { RECORD_FROZEN = 1 };

/* --- writing --- */

typedef struct ParcelItem {
    Value object;
    uint32_t parent;  /* item number */
    uint32_t step;
    Value label;
} ParcelItem;
typedef struct ParcelIndexEntry { uint32_t epoch, item; } ParcelIndexEntry;
typedef struct ParcelWriterBuffer { ParcelBuffer buffer; bool borrowed; } ParcelWriterBuffer;

struct ParcelWriter { /* of an OS thread */
    /* kept from message to message */
    char *bytes; size_t byte_capacity;
    ParcelItem *items; uint32_t item_capacity;
    uint32_t index_mask;  /* places of the index - 1 */
    ParcelIndexEntry *index; /* object to item, open addressing */
    uint32_t epoch;       /* entries of other epochs are empty: nothing is cleared between messages */
    uint32_t ref_capacity, buffer_capacity;
    Value *refs;
    ParcelWriterBuffer *buffers;
    /* of this message */
    size_t size;
    uint32_t item_count, ref_count, buffer_count;
    uint32_t current;
    bool move, last, anyway, failed;
    Class *error;
    char message[256];
};

void tr_parcel_enlarge(ParcelWriter *writer, size_t size);
/* Room for so many words, each to be set before anything else is put; a word: tr_parcel_word_of. */
static inline uint64_t *tr_parcel_reserve(ParcelWriter *w, size_t words) {
    if (TR_UNLIKELY(w->size + words * 8 > w->byte_capacity)) tr_parcel_enlarge(w, words * 8);
    uint64_t *at = (uint64_t *)(w->bytes + w->size);
    w->size += words * 8;
    return at;
}
static inline void tr_parcel_put_word(ParcelWriter *w, uint64_t word) { *tr_parcel_reserve(w, 1) = word; }
static inline size_t tr_parcel_words_for(size_t bytes) { return (bytes + 7) / 8; }
/* Bytes into reserved words; the rest of the last word becomes zero. */
static inline void tr_parcel_set_bytes(uint64_t *words, const void *bytes, size_t size) {
    if (!size) return;
    words[(size - 1) / 8] = 0;
    memcpy(words, bytes, size);
}
static inline void tr_parcel_put_bytes(ParcelWriter *w, const void *bytes, size_t size) {
    tr_parcel_set_bytes(tr_parcel_reserve(w, tr_parcel_words_for(size)), bytes, size);
}

/* Where a child stands, for the path in an error. */
typedef enum ParcelStep { STEP_INDEX, STEP_KEY, STEP_VALUE_OF, STEP_NAMED, STEP_DEFAULT } ParcelStep;
uint64_t tr_parcel_word_of_object(ParcelWriter *writer, Value child, ParcelStep step, Value label);
static inline uint64_t tr_parcel_word_of(ParcelWriter *w, Value child, ParcelStep step, Value label) {
    return tr_is_immediate(child) ? child : tr_parcel_word_of_object(w, child, step, label);
}
static inline void tr_parcel_put_value(ParcelWriter *w, Value child, ParcelStep step, Value label) {
    uint64_t word = tr_parcel_word_of(w, child, step, label);
    tr_parcel_put_word(w, word);
}

/* The buffer will be the receiver's. `borrowed`: it is the object's own until the move is done; else freed on failure. */
void tr_parcel_put_buffer(ParcelWriter *writer, void *bytes, size_t size, bool borrowed);
/* Something else that changes hands with a move: it is the object's own until the move is done; `drop` ends it. */
void tr_parcel_put_resource(ParcelWriter *writer, void *resource, void (*drop)(void *resource));
static inline bool tr_parcel_is_move(const ParcelWriter *w) { return w->move; }
/* The object cannot travel. */
void tr_parcel_refuse(ParcelWriter *writer, Class *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* --- reading --- */

struct ParcelReader {
    const uint64_t *at, *limit; /* the rest of the payload */
    Value *objects;         /* by number; 0: not made yet. On the stack, or the items of keeper */
    Id id_count;
    bool damaged;
    Fiber *f;
    Parcel *parcel;
    const uint64_t *end;    /* of all words */
    Value keeper;           /* Array, TR_NIL when the stack suffices */
    const ParcelRecord **records; /* by object number */
    uint32_t *late;         /* numbers of objects that are not complete when they are made */
    uint32_t late_count;
};

static inline Fiber *tr_parcel_fiber(ParcelReader *r) { return r->f; }
/* What was read makes no sense. */
static inline void tr_parcel_damage(ParcelReader *r) { r->damaged = true; }
/* How many words of the payload are left. */
static inline size_t tr_parcel_words_left(const ParcelReader *r) { return (size_t)(r->limit - r->at); }
/* Many at once, NULL when damaged; each means tr_parcel_value_of. */
static inline const uint64_t *tr_parcel_get_words(ParcelReader *r, size_t words) {
    if (TR_UNLIKELY(words > tr_parcel_words_left(r))) {
        r->damaged = true;
        return NULL;
    }
    const uint64_t *at = r->at;
    r->at += words;
    return at;
}
static inline uint64_t tr_parcel_get_word(ParcelReader *r) {
    const uint64_t *at = tr_parcel_get_words(r, 1);
    return TR_LIKELY(at != NULL) ? *at : 0;
}
/* NULL when damaged. */
static inline const void *tr_parcel_get_bytes(ParcelReader *r, size_t size) {
    return tr_parcel_get_words(r, size / 8 + (size % 8 != 0));
}
Value tr_parcel_value_of_word(ParcelReader *reader, uint64_t word);
static inline Value tr_parcel_value_of(ParcelReader *r, uint64_t word) {
    if (tr_is_fixnum(word) || tr_is_flonum(word)) return word;
    uint64_t number = word >> 8;
    if ((word & 0xff) == WORD_OBJECT && number < r->parcel->object_count) return r->objects[number];
    if (tr_is_symbol(word) && number - 1 < r->id_count) return word;
    return tr_parcel_value_of_word(r, word);
}
/* Many at once, decoded where they lie; they may not be read again. NULL when damaged. */
static inline Value *tr_parcel_get_values(ParcelReader *r, size_t count) {
    Value *words = (Value *)tr_parcel_get_words(r, count);
    for (size_t i = 0; words && i < count; i++) words[i] = tr_parcel_value_of(r, words[i]);
    return words;
}
static inline Value tr_parcel_get_value(ParcelReader *r) { return tr_parcel_value_of(r, tr_parcel_get_word(r)); }
/* The buffer, whose bytes now belong to the caller; NULL when damaged. */
void *tr_parcel_take_buffer(ParcelReader *reader, size_t *size);
/* The resource that was put with the same drop; NULL when damaged or NULL was put. */
void *tr_parcel_take_resource(ParcelReader *reader, void (*drop)(void *resource));

/* --- for parcel.c and parcel_read.c --- */

#define PARCEL_DATA_TYPES_MAX 32
typedef struct ParcelDataType { const DataType *data; const ParcelType *parcel; } ParcelDataType;
/* Written at boot. */
extern const ParcelType *tr_parcel_types[TYPE_COUNT];
extern ParcelDataType tr_parcel_data_types[PARCEL_DATA_TYPES_MAX];
extern uint32_t tr_parcel_data_type_count;
extern Class *const *const tr_parcel_default_classes[TYPE_COUNT];
/* The class that a record without one means; NULL: there must be one. */
static inline Class *tr_parcel_default_class(uint32_t type) {
    return tr_parcel_default_classes[type] ? *tr_parcel_default_classes[type] : NULL;
}

#endif
