/* char_set.h - sets of characters as String#tr, delete, count, squeeze and strip write them: "a-z", "^x",
 * "a\\-z". */
#ifndef TR_CORE_CHAR_SET_H
#define TR_CORE_CHAR_SET_H

#include "core/encoding.h"
#include "core/string.h"

typedef struct CodeRange32 { uint32_t first, last; } CodeRange32;

/* One selector, as ranges in the order written. */
typedef struct Selector {
    CodeRange32 *ranges; /* malloc'ed; NULL when empty */
    size_t count;
    bool is_negated;
} Selector;

/* The intersection of some selectors. Codes below 256 are looked up in a table. */
#define CHAR_SET_SELECTORS 8
typedef struct CharSet {
    uint64_t low[4];
    Selector inline_selectors[CHAR_SET_SELECTORS], *selectors;
    size_t count;
} CharSet;

/* Code point of a character of n bytes; invalid bytes get numbers of their own above Unicode. */
static inline uint32_t tr_char_code(int encoding, const char *p, int n) {
    if ((signed char)*p >= 0 && n == 1) return (unsigned char)*p;
    int size = tr_char_size(encoding, p, p + n);
    return size == n ? tr_char_decode(encoding, p, n) : 0x80000000u | (unsigned char)*p;
}

/* Reads one selector; false: raised (invalid range). */
MAY_GC MAY_RAISE bool tr_selector_init(Fiber *f, Selector *selector, Value text, bool may_negate);
bool tr_selector_has(const Selector *selector, uint32_t code);
/* Which codes below 256 it has, as bits. */
void tr_selector_low(const Selector *selector, uint64_t members[4]);
void tr_selector_free(Selector *selector);

/* From the arguments of a method of `self`: converts, negotiates encodings. False: raised. */
MAY_SWITCH MAY_RAISE bool tr_char_set_init(Fiber *f, CharSet *set, Value self, int argc, const Value *argv);
bool tr_char_set_has_high(const CharSet *set, uint32_t code);
static inline bool tr_char_set_has_code(const CharSet *set, uint32_t code) {
    if (code < 256) return set->low[code >> 6] >> (code & 63) & 1;
    return tr_char_set_has_high(set, code);
}
static inline bool tr_char_set_has(const CharSet *set, int encoding, const char *p, int n) {
    return tr_char_set_has_code(set, tr_char_code(encoding, p, n));
}
void tr_char_set_free(CharSet *set);

#endif
