/* string_succ.c - the string after this one: succ, upto.
 *
 * The rightmost letter or digit is moved on, and what runs over carries to the next one to the left, a new
 * character being inserted where the leftmost runs over. Without letters and digits the rightmost character
 * is moved on by code. Which code is a letter is the encoding's knowledge, so all encodings count alike.
 */
#include "core/string_succ.h"

#include <oniguruma.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/string_internal.h"
#include "core/transcode.h"

typedef enum Step { STEP_NONE, STEP_FOUND, STEP_WRAPPED } Step;

static bool is_ctype(int encoding, uint32_t code, OnigEncCtype ctype) {
    if (code < 0x80) return ctype == ONIGENC_CTYPE_DIGIT ? code - '0' < 10 : (code | 0x20) - 'a' < 26;
    if (tr_encoding_is_unicode(encoding)) return ONIGENC_IS_CODE_CTYPE(ONIG_ENCODING_UTF8, code, ctype) != 0;
    if (tr_encoding_knows_letters(encoding) && code >= 0x80) {
        const uint16_t *table = tr_single_byte_table(encoding);
        if (table)
            return table[code & 0xff] != 0xffff &&
                   ONIGENC_IS_CODE_CTYPE(ONIG_ENCODING_UTF8, table[code & 0xff], ctype) != 0;
    }
    OnigEncoding onig = (OnigEncoding)tr_encodings[encoding].onig;
    return ONIGENC_IS_CODE_CTYPE(onig, code, ctype) != 0;
}

/* The neighbouring character of the same size, by code; wraps to all zero (or 0xff) bytes. */
static Step move_char(int encoding, char *p, int n, int direction) {
    if (tr_encoding_is_unicode(encoding) && tr_char_size(encoding, p, p + n) == n) {
        int64_t code = (int64_t)tr_char_decode(encoding, p, n) + direction;
        if (code >= 0xd800 && code <= 0xdfff) code = direction > 0 ? 0xe000 : 0xd7ff;
        char bytes[8];
        if (code >= 0 && code <= 0x10ffff && tr_char_encode(encoding, (uint32_t)code, bytes) == n) {
            memcpy(p, bytes, (size_t)n);
            return STEP_FOUND;
        }
        memset(p, direction > 0 ? 0 : 0xff, (size_t)n);
        return STEP_WRAPPED;
    }
    for (;;) { /* the bytes as one number */
        int i = n - 1;
        unsigned char wrap = direction > 0 ? 0xff : 0x00;
        for (; i >= 0 && (unsigned char)p[i] == wrap; i--) p[i] = (char)~wrap;
        if (i < 0) return STEP_WRAPPED;
        p[i] = (char)(p[i] + direction);
        if (tr_char_size(encoding, p, p + n) == n) return STEP_FOUND;
    }
}

/* The next letter or digit. STEP_WRAPPED: p is now the first of its kind, `carry` what to insert in front if
 * need be. */
static Step move_alnum(int encoding, char *p, int n, char *carry) {
    uint32_t code = tr_char_decode(encoding, p, n);
    bool is_digit = is_ctype(encoding, code, ONIGENC_CTYPE_DIGIT);
    if (!is_digit && !is_ctype(encoding, code, ONIGENC_CTYPE_ALPHA)) return STEP_NONE;
    OnigEncCtype ctype = is_digit ? ONIGENC_CTYPE_DIGIT : ONIGENC_CTYPE_ALPHA;
    char saved[8];
    memcpy(saved, p, (size_t)n);
    for (int gap = 0; gap <= (is_digit ? 0 : 1); gap++) /* one hole is jumped: Greek capitals have one */
        if (move_char(encoding, p, n, 1) == STEP_FOUND &&
            is_ctype(encoding, tr_char_decode(encoding, p, n), ctype))
            return STEP_FOUND;
    memcpy(p, saved, (size_t)n);
    int range = 1;
    for (;; range++) { /* back to the first of the run */
        memcpy(saved, p, (size_t)n);
        if (move_char(encoding, p, n, -1) != STEP_FOUND ||
            !is_ctype(encoding, tr_char_decode(encoding, p, n), ctype))
            break;
    }
    memcpy(p, saved, (size_t)n);
    if (range == 1) return STEP_NONE;
    memcpy(carry, p, (size_t)n);
    if (is_digit) move_char(encoding, carry, n, 1);
    return STEP_WRAPPED;
}

static bool is_ascii_alpha(unsigned char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
static bool is_ascii_digit(unsigned char c) { return c >= '0' && c <= '9'; }

Value tr_string_succ(Fiber *f, Value v) {
    size_t size = tr_string(v)->size;
    int encoding = tr_string_encoding(v);
    Value out = tr_string_alloc(f, tr_class.string, size, size + 8, encoding);
    if (out == TR_RAISED || size == 0) return out;
    char *start = tr_string(out)->bytes, *end = start + size;
    memcpy(start, tr_string(v)->bytes, size);
    bool is_wide = !tr_string_is_single_byte(v);
    char carry[8] = {1}, *carry_at = NULL, *last_alnum = NULL;
    int carry_size = 1;
    Step step = STEP_FOUND;
    for (char *p = end; p > start;) {
        p = is_wide ? (char *)tr_char_left(encoding, start, p - 1, end) : p - 1;
        if (step == STEP_NONE && last_alnum) { /* "1.9" carries over the dot, "a-9" does not */
            if (is_ascii_alpha((unsigned char)*last_alnum) ? is_ascii_digit((unsigned char)*p)
                : is_ascii_digit((unsigned char)*last_alnum) ? is_ascii_alpha((unsigned char)*p) : false)
                break;
        }
        int n = tr_char_size(encoding, p, end);
        if (n <= 0) continue;
        step = move_alnum(encoding, p, n, carry);
        if (step == STEP_NONE) continue;
        if (step == STEP_FOUND) return out;
        last_alnum = carry_at = p;
        carry_size = n;
    }
    if (!carry_at) { /* nothing alphanumeric */
        carry[0] = 1;
        for (char *p = end; p > start;) {
            p = is_wide ? (char *)tr_char_left(encoding, start, p - 1, end) : p - 1;
            int n = tr_char_size(encoding, p, end);
            if (n <= 0) {
                carry_at = p;
                continue;
            }
            if (move_char(encoding, p, n, 1) == STEP_FOUND) return out;
            if (!tr_encoding_is_ascii_compatible(encoding)) {
                memcpy(carry, p, (size_t)n);
                move_char(encoding, carry, n, 1);
                carry_size = n;
            }
            carry_at = p;
        }
    }
    size_t offset = (size_t)(carry_at - start);
    return tr_string_splice_bytes(f, out, offset, 0, carry, (size_t)carry_size);
}

static MAY_GC Value string_succ(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_string_succ(f, self);
}

static MAY_GC MAY_RAISE Value string_succ_bang(Fiber *f, Value self, const Args *args) {
    (void)args;
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    Value next = tr_string_succ(f, self);
    return next == TR_RAISED ? TR_RAISED : tr_string_replace(f, self, next);
}

/* --- upto --- */

static bool is_all_digits(Value v) {
    const String *s = tr_string(v);
    if (s->size == 0 || !tr_encoding_is_ascii_compatible(tr_string_encoding(v))) return false;
    for (size_t i = 0; i < s->size; i++)
        if (!is_ascii_digit((unsigned char)s->bytes[i])) return false;
    return true;
}

static MAY_GC Value upto_numbers(Fiber *f, Value first, Value last, bool excludes_last, SuccFn fn,
                                 void *context) {
    int width = (int)tr_string(first)->size, encoding = tr_string_encoding(first);
    int64_t n = strtoll(tr_string(first)->bytes, NULL, 10), end = strtoll(tr_string(last)->bytes, NULL, 10);
    for (; excludes_last ? n < end : n <= end; n++) {
        char text[32];
        int size = snprintf(text, sizeof text, "%0*lld", width, (long long)n);
        Value item = tr_string_new_encoded(f, text, (size_t)size, encoding);
        Value result = fn(f, item, context);
        if (result != TR_NIL) return result;
    }
    return TR_NIL;
}

Value tr_string_upto(Fiber *f, Value first, Value last, bool excludes_last, SuccFn fn, void *context) {
    const String *a = tr_string(first), *b = tr_string(last);
    if (tr_encoding_negotiate(f, first, last) < 0) return TR_RAISED;
    bool is_ascii = tr_string_is_7bit(first) && tr_string_is_7bit(last);
    if (a->size == 1 && b->size == 1 && is_ascii) {
        int encoding = tr_string_encoding(first);
        for (int c = (unsigned char)a->bytes[0], end = (unsigned char)b->bytes[0];
             excludes_last ? c < end : c <= end; c++) {
            Value result = fn(f, tr_string_new_encoded(f, (char[]){(char)c}, 1, encoding), context);
            if (result != TR_NIL) return result;
        }
        return TR_NIL;
    }
    if (a->size <= 17 && b->size <= 17 && is_all_digits(first) && is_all_digits(last))
        return upto_numbers(f, first, last, excludes_last, fn, context);
    int order = tr_string_compare(first, last);
    if (order > 0 || (excludes_last && order == 0)) return TR_NIL;
    Value stop = tr_string_succ(f, last);
    if (stop == TR_RAISED) return TR_RAISED;
    Value current = tr_string_dup(f, first);
    while (!tr_string_equal(current, stop)) {
        bool is_last = tr_string_equal(current, last);
        if (excludes_last && is_last) break;
        Value next = is_last ? TR_NIL : tr_string_succ(f, current);
        if (next == TR_RAISED) return TR_RAISED;
        Value result = fn(f, current, context);
        if (result != TR_NIL) return result;
        if (is_last || tr_string(next)->size > tr_string(last)->size || tr_string(next)->size == 0) break;
        current = next;
    }
    return TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value yield_item(Fiber *f, Value item, void *context) {
    return tr_yield1(f, *(Block *)context, item) == TR_RAISED ? TR_RAISED : TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value string_upto(Fiber *f, Value self, const Args *args) {
    if (!tr_block_is_given(args->block)) return tr_enumerator(f, self, args, NULL);
    Value last = tr_to_str(f, args->argv[0]);
    if (last == TR_RAISED) return TR_RAISED;
    Block block = args->block;
    Value result = tr_string_upto(f, self, last, args->argc > 1 && tr_is_truthy(args->argv[1]), yield_item,
                                  &block);
    return result == TR_RAISED ? TR_RAISED : self;
}

const MethodDef tr_string_succ_methods[] = {
    {"succ", string_succ, ARITY(0, 0), 0},
    {"succ!", string_succ_bang, ARITY(0, 0), 0},
    {"next", string_succ, ARITY(0, 0), 0},
    {"next!", string_succ_bang, ARITY(0, 0), 0},
    {"upto", string_upto, ARITY(1, 2), 0},
    {NULL, NULL, 0, 0, 0}
};
