/* value.h - what a Value is, and the header that every heap object starts with.
 *
 * A Value is one 64-bit word:
 *
 *     ...xxxx xxx1   fixnum, 63 bits
 *     ...xxxx xx10   flonum: a double with a common exponent, rotated
 *     ...0000 1100   symbol: Id in the upper 32 bits (low byte 0x0c)
 *     0x00 false  0x04 nil  0x14 true  0x24 undef (never seen by Ruby)  0x34 raised (never seen by Ruby)
 *     anything else  pointer to an object, 8-byte aligned
 *
 * So "is it truthy" is one mask, and "is it an object" is (v & 7) == 0 && v > 0x34.
 * All symbols are immediates: a symbol is never collected.
 *
 * An object starts with a 16-byte Header and never moves. Everything that the collector must know about a type
 * stands in heap/heap.h (tr_heap_register_type); this file is data only.
 */
#ifndef TR_VALUE_VALUE_H
#define TR_VALUE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint64_t Value;
typedef uint32_t Id; /* an interned name, see value/symbol.h; 0 is "no name" */

#define TR_FALSE  ((Value)0x00)
#define TR_NIL    ((Value)0x04)
#define TR_TRUE   ((Value)0x14)
#define TR_UNDEF  ((Value)0x24) /* "absent": optional argument not given, slot unset */
#define TR_RAISED ((Value)0x34) /* the callee raised (or unwinds): return it at once */

typedef struct Class Class;

/* The built-in layouts. A new C-implemented class usually takes TYPE_DATA (value/data.h). */
typedef enum ObjectType {
    TYPE_FREE = 0, /* an unused slot of a page */
    TYPE_OBJECT,   /* plain Ruby object: instance variables by shape */
    TYPE_CLASS, TYPE_MODULE, TYPE_ICLASS,
    TYPE_STRING, TYPE_ARRAY, TYPE_HASH, TYPE_RANGE, TYPE_STRUCT,
    TYPE_FLOAT, TYPE_BIGNUM, TYPE_RATIONAL, TYPE_COMPLEX,
    TYPE_REGEXP, TYPE_MATCH,
    TYPE_PROC, TYPE_METHOD_OBJECT, TYPE_EXCEPTION,
    TYPE_DATA,                                     /* C payload with a DataType */
    TYPE_FIBER, TYPE_THREAD, TYPE_RACTOR,          /* Ruby faces of the execution contexts (TYPE_DATA layout) */
    TYPE_ISEQ, TYPE_METHOD, TYPE_ENV, TYPE_CREF,   /* internal, never seen by Ruby code as such */
    TYPE_MOVED,                                    /* what `move: true` leaves behind */
    TYPE_COUNT
} ObjectType;

typedef struct Header {
    uint32_t flags; /* ObjectType in bits 0-5, the bits below */
    uint32_t aux;   /* TYPE_OBJECT: shape id; other types: their own use */
    Class *klass;   /* singleton class included; NULL only in internal objects */
} Header;

_Static_assert(sizeof(Header) == 16, "the header is two words");

#define TR_TYPE_MASK       0x3fu
#define TR_FLAG_FROZEN     (1u << 6)
#define TR_FLAG_SHAREABLE  (1u << 7)  /* deeply frozen or thread-safe by nature: any Ractor may refer to it */
#define TR_FLAG_IVARS      (1u << 8)  /* has instance variables in the side table (types other than TYPE_OBJECT) */
#define TR_FLAG_FINALIZER  (1u << 9)
#define TR_FLAG_OBJECT_ID  (1u << 10)
#define TR_FLAG_WEAK       (1u << 11) /* a weak table refers to it */
#define TR_FLAG_CHILLED    (1u << 12) /* a literal string that warns when modified, only with -W:deprecated */
#define TR_FLAG_USER(n)    (1u << (16 + (n))) /* n = 0..15: free for the type */

static inline Header *tr_header(Value v) { return (Header *)v; }
static inline bool tr_is_truthy(Value v) { return (v & ~TR_NIL) != 0; }
static inline bool tr_is_nil(Value v) { return v == TR_NIL; }
static inline bool tr_is_fixnum(Value v) { return (v & 1) != 0; }
static inline bool tr_is_flonum(Value v) { return (v & 3) == 2; }
static inline bool tr_is_symbol(Value v) { return (v & 0xff) == 0x0c; }
static inline bool tr_is_object(Value v) { return (v & 7) == 0 && v > TR_RAISED; }
static inline bool tr_is_immediate(Value v) { return !tr_is_object(v); }
static inline bool tr_is_raised(Value v) { return v == TR_RAISED; }

static inline Value tr_bool(bool b) { return b ? TR_TRUE : TR_FALSE; }

static inline ObjectType tr_object_type(Value v) { return (ObjectType)(tr_header(v)->flags & TR_TYPE_MASK); }
static inline bool tr_is_type(Value v, ObjectType type) { return tr_is_object(v) && tr_object_type(v) == type; }
static inline bool tr_is_string(Value v) { return tr_is_type(v, TYPE_STRING); }
static inline bool tr_is_array(Value v) { return tr_is_type(v, TYPE_ARRAY); }
static inline bool tr_is_hash(Value v) { return tr_is_type(v, TYPE_HASH); }
static inline bool tr_is_float(Value v) { return tr_is_flonum(v) || tr_is_type(v, TYPE_FLOAT); }
static inline bool tr_is_bignum(Value v) { return tr_is_type(v, TYPE_BIGNUM); }
static inline bool tr_is_integer(Value v) { return tr_is_fixnum(v) || tr_is_type(v, TYPE_BIGNUM); }
static inline bool tr_is_module(Value v) { /* Class or Module */
    return tr_is_object(v) && (tr_object_type(v) == TYPE_CLASS || tr_object_type(v) == TYPE_MODULE);
}

static inline bool tr_has_flag(Value v, uint32_t flag) { return (tr_header(v)->flags & flag) != 0; }
static inline bool tr_is_frozen(Value v) { return !tr_is_object(v) || tr_has_flag(v, TR_FLAG_FROZEN); }

/* --- fixnums --- */
#define TR_FIXNUM_MAX (INT64_MAX >> 1)
#define TR_FIXNUM_MIN (INT64_MIN >> 1)
static inline bool tr_fits_fixnum(int64_t n) { return n <= TR_FIXNUM_MAX && n >= TR_FIXNUM_MIN; }
static inline Value tr_value_from_fixnum(int64_t n) { return ((Value)n << 1) | 1; } /* n must fit */
static inline int64_t tr_fixnum(Value v) { return (int64_t)v >> 1; }
#define TR_FIX(n) ((((Value)(int64_t)(n)) << 1) | 1)

/* --- flonums: the three exponent-top bits are rotated into the tag, as the common range shares them --- */
#define TR_FLONUM_ZERO ((Value)0x8000000000000002)
static inline double tr_flonum(Value v) {
    if (v == TR_FLONUM_ZERO) return 0.0;
    uint64_t bits = (2 - (v >> 63)) | (v & ~(uint64_t)3);
    bits = (bits >> 3) | (bits << 61);
    double d;
    memcpy(&d, &bits, sizeof d);
    return d;
}
/* The flonum for d, or 0 when d needs a heap object (tr_float_new in core/numeric.h does both). */
static inline Value tr_flonum_try(double d) {
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    int top = (int)((bits >> 60) & 7);
    if (bits != 0x3000000000000000 && (top == 3 || top == 4))
        return (((bits << 3) | (bits >> 61)) & ~(uint64_t)3) | 2;
    if (bits == 0) return TR_FLONUM_ZERO;
    return 0;
}

/* --- symbols --- */
static inline Value tr_value_from_id(Id id) { return ((Value)id << 8) | 0x0c; }
static inline Id tr_symbol_id(Value v) { return (Id)(v >> 8); }

/* Keeps `v` visible to the conservative stack scan up to this point. */
#define TR_KEEP(v) __asm__ volatile("" : : "r"(v) : "memory")

#endif
