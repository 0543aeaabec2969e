/* encoding.h - the encodings: properties, stepping over characters, code points, negotiation.
 *
 * An encoding is its index in encodings.def. Stepping needs no tables of the converter: a character is what
 * the lead byte says, checked against the ranges of its trail bytes. A code point is Unicode's for the UTFs,
 * and the bytes of the character read as a big-endian number for all others, as in Ruby.
 */
#ifndef TR_CORE_ENCODING_H
#define TR_CORE_ENCODING_H

#include "core/string.h"

typedef enum EncodingKind {
    KIND_SINGLE,
    KIND_ASCII,
    KIND_UTF8,
    KIND_CESU8,
    KIND_UTF16BE,
    KIND_UTF16LE,
    KIND_UTF32BE,
    KIND_UTF32LE,
    KIND_EUC_JP,
    KIND_EUC_KR,
    KIND_EUC_TW,
    KIND_SJIS,
    KIND_BIG5,
    KIND_BIG5_UAO,
    KIND_CP949,
    KIND_GBK,
    KIND_GB18030,
    KIND_EMACS_MULE
} EncodingKind;

enum { /* the other indexes that C code names; see encodings.def */
       ENCODING_UTF16BE = 3,
       ENCODING_UTF16LE = 4,
       ENCODING_UTF32BE = 5,
       ENCODING_UTF32LE = 6,
       ENCODING_UTF16 = 7,
       ENCODING_UTF32 = 8,
       ENCODING_UTF8_MAC = 9,
       ENCODING_EUC_JP = 10,
       ENCODING_WINDOWS_31J = 11,
       ENCODING_COUNT = 103
};

typedef struct Encoding {
    const char *name;
    const char *aliases;   /* separated by NULs, ended by an empty one */
    const void *onig;      /* OnigEncoding for regexps */
    const char *iconv;     /* NULL: iconv does not know it */
    uint8_t kind, min_size, max_size;
    bool is_dummy;
    bool is_ascii_compatible;
    bool is_unicode;
} Encoding;

extern const Encoding tr_encodings[ENCODING_COUNT];
static inline const Encoding *tr_encoding(int index) { return &tr_encodings[index]; }
static inline bool tr_encoding_is_single_byte(int index) { return tr_encodings[index].max_size == 1; }
static inline bool tr_encoding_is_ascii_compatible(int index) {
    return tr_encodings[index].is_ascii_compatible;
}
static inline bool tr_encoding_is_unicode(int index) { return tr_encodings[index].is_unicode; }

/* --- characters --- */
/* Size of the character at p: n > 0 valid; 0 invalid; -n: cut off by `end`, n more bytes could make it valid.
 * p < end. */
int tr_char_size_slow(int encoding, const char *p, const char *end);
int tr_utf8_char_size(const char *p, const char *end);
static inline int tr_char_size(int encoding, const char *p, const char *end) {
    if (encoding == ENCODING_UTF8) return (signed char)*p >= 0 ? 1 : tr_utf8_char_size(p, end);
    return tr_char_size_slow(encoding, p, end);
}
/* The same as what String's methods step by: an invalid byte is a character of its own (min_size bytes, or
 * the rest). */
static inline int tr_char_step(int encoding, const char *p, const char *end) {
    int n = tr_char_size(encoding, p, end);
    if (TR_LIKELY(n > 0)) return n;
    int min = tr_encodings[encoding].min_size;
    return end - p < min ? (int)(end - p) : min;
}
/* Code point of a valid character of n bytes. */
uint32_t tr_char_decode(int encoding, const char *p, int n);
/* Writes the character (at most 8 bytes); its size, or 0: no such character in this encoding. */
int tr_char_encode(int encoding, uint32_t codepoint, char *to);
/* Start of the character that contains p. */
const char *tr_char_left(int encoding, const char *start, const char *p, const char *end);
enum CodeRange tr_coderange_scan(int encoding, const char *bytes, size_t size);
/* How many of the first bytes are 7-bit. */
size_t tr_ascii_prefix(const char *bytes, size_t size);
static inline int tr_utf8_encode(uint32_t c, char *to) {
    if (c < 0x80) { to[0] = (char)c; return 1; }
    if (c < 0x800) { to[0] = (char)(0xc0 | c >> 6); to[1] = (char)(0x80 | (c & 63)); return 2; }
    if (c < 0x10000) {
        to[0] = (char)(0xe0 | c >> 12); to[1] = (char)(0x80 | (c >> 6 & 63)); to[2] = (char)(0x80 | (c & 63));
        return 3;
    }
    to[0] = (char)(0xf0 | c >> 18); to[1] = (char)(0x80 | (c >> 12 & 63));
    to[2] = (char)(0x80 | (c >> 6 & 63)); to[3] = (char)(0x80 | (c & 63));
    return 4;
}
uint32_t tr_utf8_decode(const char *p, int n);

/* --- finding --- */
/* Index by name (any case) or alias, -1 unknown. "external", "locale", "filesystem", "internal" are known
 * too; the last is -2 when unset. */
int tr_encoding_find(const char *name, size_t size);
/* What an argument names: an Encoding, or a String (to_str). -1: raised. */
MAY_SWITCH MAY_RAISE int tr_encoding_from_value(Fiber *f, Value v);
/* The same, but an unknown name gives -2. */
MAY_SWITCH MAY_RAISE int tr_encoding_from_value_or_unknown(Fiber *f, Value v);
Value tr_encoding_object(int index);
bool tr_is_encoding(Value v);
int tr_encoding_default_external(void);
int tr_encoding_default_internal(void); /* -1: nil */
/* RangeError: no such character in the encoding. */
MAY_GC MAY_RAISE Value tr_raise_char(Fiber *f, uint32_t code, int encoding);
/* "UTF-8", but "BINARY (ASCII-8BIT)": what messages say */
const char *tr_encoding_message_name(int index);

/* --- negotiation --- */
/* The encoding that a and b can be joined in, -1 none. Strings, Symbols, Regexps, Encodings. */
int tr_encoding_compatible(Value a, Value b);
int tr_value_encoding(Value v); /* of a String, Symbol, Regexp; -1 others */
/* For two Strings; -1: raised "incompatible character encodings: UTF-8 and BINARY (ASCII-8BIT)". */
MAY_GC MAY_RAISE int tr_encoding_negotiate(Fiber *f, Value a, Value b);

#endif
