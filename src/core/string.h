/* string.h - the representation of String, and what other C code does with strings. */
#ifndef TR_CORE_STRING_H
#define TR_CORE_STRING_H

#include <stdarg.h>

#include "vm/vm.h"

/* Encodings have fixed indexes (core/encoding.h has the rest of the list and their properties). */
enum { ENCODING_BINARY = 0, ENCODING_UTF8 = 1, ENCODING_US_ASCII = 2 };

/* `bytes` always points at the content, NUL-terminated after `size`: into the object itself when it is
 * embedded, else into a buffer; with STRING_SHARED the buffer belongs to the frozen string `shared` (copy on
 * write). */
typedef struct String {
    Header h;              /* aux: encoding index in bits 0-7, code range in bits 8-9 */
    char *bytes;
    size_t size;
    union {
        size_t capacity;   /* of the buffer, without the NUL */
        Value shared;      /* STRING_SHARED */
    } as;
    char embedded[];
} String;
#define STRING_SHARED   TR_FLAG_USER(0)
#define STRING_EMBEDDED TR_FLAG_USER(1)
#define STRING_LOCKED   TR_FLAG_USER(2) /* lent to an IO::Buffer: not to be changed or shared; TR_FLAG_CHILLED is set too */
enum CodeRange { CODERANGE_UNKNOWN = 0, CODERANGE_7BIT = 1, CODERANGE_VALID = 2, CODERANGE_BROKEN = 3 };

static inline String *tr_string(Value v) { return (String *)v; }
static inline int tr_string_encoding(Value v) { return (int)(tr_string(v)->h.aux & 0xff); }
/* The code range is a cache: threads that share a frozen string may store the same answer at the same time.
 */
enum CodeRange tr_string_coderange_slow(Value v);
static inline enum CodeRange
tr_string_coderange_known(Value v) { /* CODERANGE_UNKNOWN: nobody has looked yet */
    return (enum CodeRange)(__atomic_load_n(&tr_string(v)->h.aux, __ATOMIC_RELAXED) >> 8 & 3);
}
static inline enum CodeRange tr_string_coderange(Value v) { /* scans when unknown */
    enum CodeRange known = tr_string_coderange_known(v);
    return TR_LIKELY(known != CODERANGE_UNKNOWN) ? known : tr_string_coderange_slow(v);
}
static inline void tr_string_set_coderange(Value v, enum CodeRange range) {
    uint32_t aux = __atomic_load_n(&tr_string(v)->h.aux, __ATOMIC_RELAXED);
    __atomic_store_n(&tr_string(v)->h.aux, (aux & ~0x300u) | (uint32_t)range << 8, __ATOMIC_RELAXED);
}
static inline bool tr_string_is_7bit(Value v) { return tr_string_coderange(v) == CODERANGE_7BIT; }

/* --- making --- */
MAY_GC Value tr_string_new(Fiber *f, const char *bytes, size_t size);          /* UTF-8 */
MAY_GC Value tr_string_new_encoded(Fiber *f, const char *bytes, size_t size, int encoding);
MAY_GC Value tr_string_new_cstr(Fiber *f, const char *text); /* UTF-8 (US-ASCII content is fine) */
MAY_GC Value tr_string_new_ascii(Fiber *f, const char *text);                  /* US-ASCII encoding */
MAY_GC Value tr_string_new_capacity(Fiber *f, size_t capacity, int encoding);  /* empty */
MAY_GC Value tr_string_format(Fiber *f, const char *format, ...)
    __attribute__((format(printf, 2, 3)));          /* C's printf; UTF-8 */
MAY_GC Value tr_string_dup(Fiber *f, Value string); /* plain String, unfrozen, shares the buffer */
MAY_GC Value tr_string_sub(Fiber *f, Value string, size_t byte_offset,
                           size_t byte_size); /* same encoding, plain String */
/* Frozen, shareable, process-wide unique. It dies when nothing refers to it, like other shareable objects. */
MAY_GC Value tr_string_interned(Fiber *f, const char *bytes, size_t size, int encoding);
void tr_strings_purge(void); /* forgets interned ones that are dead; the world is stopped */
MAY_GC Value tr_string_intern(Fiber *f, Value string);                         /* -"string" */
MAY_GC Value tr_string_frozen_copy(Fiber *f, Value string); /* for a Hash's key: itself if frozen */
MAY_GC Value tr_string_chilled(Fiber *f, Value literal);
/* --- changing (frozen checks are the caller's; false: raised for lack of memory or incompatible encodings)
 * --- */
MAY_GC MAY_RAISE Value tr_string_append_bytes(Fiber *f, Value string, const char *bytes,
                                              size_t size); /* returns string */
MAY_GC MAY_RAISE Value tr_string_append_cstr(Fiber *f, Value string, const char *text);
MAY_GC MAY_RAISE Value tr_string_append(Fiber *f, Value string,
                                        Value other); /* encoding negotiation, as << */
MAY_GC MAY_RAISE Value tr_string_append_char(Fiber *f, Value string, uint32_t codepoint);
MAY_GC MAY_RAISE Value tr_string_reserve(Fiber *f, Value string,
                                         size_t capacity); /* own, unshared buffer of at least that */
MAY_GC MAY_RAISE Value tr_string_resize(Fiber *f, Value string, size_t size);
void tr_string_set_encoding(Value string, int encoding);                       /* forgets the code range */
/* After the content changed in place: makes it the string's own and forgets the code range. */
MAY_GC MAY_RAISE Value tr_string_modify(Fiber *f, Value string);
/* The content becomes other's (shared, copy on write), encoding too. No frozen check. */
MAY_GC MAY_RAISE Value tr_string_replace(Fiber *f, Value string, Value other);
/* --- looking --- */
bool tr_string_equal(Value a, Value b);         /* comparable encodings and same bytes */
int tr_string_compare(Value a, Value b);        /* <=> as -1, 0, 1 */
uint64_t tr_string_hash(Value string);
size_t tr_string_length(Value string);          /* characters */
bool tr_string_is(Value v, const char *text);   /* is it a String with these bytes */
/* For system calls: the bytes, NUL-terminated; NULL: raised (to_str/to_path conversion, "string contains null
 * byte"). *v is replaced by the converted String, which must be kept. */
MAY_SWITCH MAY_RAISE const char *tr_string_cstr(Fiber *f, Value *v);
MAY_SWITCH MAY_RAISE Value tr_to_path(Fiber *f, Value v);  /* String for file names */
MAY_GC MAY_RAISE Value tr_string_inspect(Fiber *f, Value string);
MAY_GC MAY_RAISE Value tr_symbol_inspect(Fiber *f, Value symbol);
bool tr_symbol_is_plain_key(Value symbol);                 /* {a: 1} rather than {"a=": 1} */
MAY_GC Value tr_symbol_to_s(Fiber *f, Value symbol);       /* new String */
MAY_GC Value tr_symbol_name(Fiber *f, Id id);              /* frozen, interned */
MAY_GC MAY_RAISE Value tr_string_to_symbol(Fiber *f, Value string);
/* String to number: "12abc" → 12; strict: ArgumentError `invalid value for Integer(): "12abc"`. */
MAY_SWITCH MAY_RAISE Value tr_string_to_integer(Fiber *f, Value string, int base, bool strict);
MAY_GC MAY_RAISE Value tr_string_to_float(Fiber *f, Value string, bool strict);
/* The same without raising: TR_UNDEF when strict and the text is no number (Kernel#Integer(exception:
 * false)). */
MAY_SWITCH MAY_RAISE Value tr_string_parse_integer(Fiber *f, Value string, int base, bool strict);
bool tr_string_parse_float(Value string, bool strict, double *out); /* false: strict, and not a number */
/* String#to_r, #to_c and Kernel#Rational, #Complex (strict: TR_UNDEF when the text is no number). */
MAY_SWITCH MAY_RAISE Value tr_string_parse_rational(Fiber *f, Value string, bool strict);
MAY_SWITCH MAY_RAISE Value tr_string_parse_complex(Fiber *f, Value string, bool strict);
/* Kernel#format. */
MAY_SWITCH MAY_RAISE Value tr_format(Fiber *f, Value format, int argc, const Value *argv);
/* Array#pack; buffer is a String to append to, or nil. */
MAY_SWITCH MAY_RAISE Value tr_pack(Fiber *f, Value array, Value format, Value buffer);
/* Hook of the compiler/VM: string interpolation of `count` Strings. */
MAY_GC MAY_RAISE Value tr_string_concat_many(Fiber *f, int count, const Value *strings);

/* --- regexps (core/regexp.c) --- */
MAY_GC MAY_RAISE Value
tr_regexp_new(Fiber *f, Value source,
              int options); /* IGNORECASE 1, EXTENDED 2, MULTILINE 4, FIXEDENCODING 16, NOENCODING 32 */
/* Byte offset of the match at or after `start` (or before, when backward), -1 none, -2 raised; sets $~ when
 * set_backref. */
MAY_SWITCH MAY_RAISE int64_t tr_regexp_search(Fiber *f, Value regexp, Value string, size_t start,
                                              bool backward, bool set_backref);
MAY_SWITCH MAY_RAISE Value tr_regexp_match_operator(Fiber *f, Value regexp, Value string_or_nil); /* =~ */
MAY_SWITCH MAY_RAISE Value tr_regexp_match_p(Fiber *f, Value regexp, Value string_or_nil);
MAY_GC Value tr_match_nth(Fiber *f, Value match_or_nil, int n);  /* $1… */
MAY_GC Value tr_match_special(Fiber *f, Value match_or_nil, char which); /* & ` ' + */

#endif
