/* string_trim.c - taking something off the ends: strip, chomp, chop, delete_prefix, delete_suffix, and their
 * ! forms.
 *
 * Each computes how many bytes go at the front and at the back; the plain form copies the rest, the ! form
 * cuts in place and answers nil when nothing went.
 */
#include "core/char_set.h"
#include "core/string_internal.h"
#include "core/string_ops.h"

typedef struct Trim { size_t front, back; } Trim; /* bytes to take off */
typedef bool (*TrimFn)(Fiber *f, Value self, const Args *args, Trim *trim); /* false: raised */

static MAY_GC MAY_RAISE Value trimmed(Fiber *f, Value self, const Args *args, TrimFn fn) {
    Trim trim = {0, 0};
    if (!fn(f, self, args, &trim)) return TR_RAISED;
    return tr_string_sub(f, self, trim.front, tr_string(self)->size - trim.front - trim.back);
}

static MAY_GC MAY_RAISE Value trim_in_place(Fiber *f, Value self, const Args *args, TrimFn fn) {
    Trim trim = {0, 0};
    if (!tr_check_frozen(f, self) || !fn(f, self, args, &trim) || !tr_check_frozen(f, self)) return TR_RAISED;
    if (trim.front + trim.back == 0) return TR_NIL;
    enum CodeRange range = tr_string_coderange_known(self);
    if (trim.back > 0 &&
        tr_string_splice_bytes(f, self, tr_string(self)->size - trim.back, trim.back, "", 0) == TR_RAISED)
        return TR_RAISED;
    if (trim.front > 0 && tr_string_splice_bytes(f, self, 0, trim.front, "", 0) == TR_RAISED)
        return TR_RAISED;
    if (range == CODERANGE_7BIT) tr_string_set_coderange(self, range);
    return self;
}

/* --- strip --- */

static bool is_blank(uint32_t c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == 0; }

static MAY_GC bool blanks_at_front(Fiber *f, Value v, size_t *front) {
    const char *start = tr_string(v)->bytes, *p = start, *end = tr_string_end(v);
    int encoding = tr_string_encoding(v);
    if (tr_encoding_is_ascii_compatible(encoding)) {
        while (p < end && is_blank((unsigned char)*p)) p++;
        *front = (size_t)(p - start);
        if (p < end && (signed char)*p < 0 && tr_char_size(encoding, p, end) <= 0) {
            (void)!tr_raise(f, tr_class.argument_error, "invalid byte sequence in %s",
                            tr_encodings[encoding].name);
            return false;
        }
        return true;
    }
    while (p < end) {
        int n = tr_char_size(encoding, p, end);
        if (n <= 0 || !is_blank(tr_char_decode(encoding, p, n))) break;
        p += n;
    }
    *front = (size_t)(p - start);
    return true;
}

static MAY_GC bool blanks_at_back(Fiber *f, Value v, size_t front, size_t *back) {
    const char *start = tr_string(v)->bytes, *end = tr_string_end(v), *p = end;
    int encoding = tr_string_encoding(v);
    if (tr_string_is_broken(v)) {
        (void)!tr_raise(f, tr_class.compatibility_error, "invalid byte sequence in %s",
                        tr_encodings[encoding].name);
        return false;
    }
    if (tr_encoding_is_ascii_compatible(encoding)) {
        while (p > start + front && is_blank((unsigned char)p[-1])) {
            if (!tr_string_is_single_byte(v) && tr_char_left(encoding, start, p - 1, end) != p - 1) break;
            p--;
        }
    } else {
        while (p > start + front) {
            const char *q = tr_char_left(encoding, start, p - 1, end);
            int n = tr_char_size(encoding, q, end);
            if (n <= 0 || !is_blank(tr_char_decode(encoding, q, n))) break;
            p = q;
        }
    }
    *back = (size_t)(end - p);
    return true;
}

static MAY_SWITCH bool trim_set(Fiber *f, Value self, const Args *args, bool at_front, bool at_back,
                                Trim *trim) {
    CharSet set;
    if (!tr_char_set_init(f, &set, self, args->argc, args->argv)) return false;
    const char *start = tr_string(self)->bytes, *end = tr_string_end(self), *p = start;
    int encoding = tr_string_encoding(self);
    while (at_front && p < end) {
        int n = tr_char_step(encoding, p, end);
        if (!tr_char_set_has(&set, encoding, p, n)) break;
        p += n;
    }
    trim->front = (size_t)(p - start);
    const char *q = end;
    while (at_back && q > p) {
        const char *left = tr_char_left(encoding, start, q - 1, end);
        if (!tr_char_set_has(&set, encoding, left, (int)(q - left))) break;
        q = left;
    }
    trim->back = (size_t)(end - q);
    tr_char_set_free(&set);
    return true;
}

static MAY_SWITCH bool trim_both(Fiber *f, Value self, const Args *args, Trim *trim) {
    if (args->argc > 0) return trim_set(f, self, args, true, true, trim);
    return blanks_at_front(f, self, &trim->front) && blanks_at_back(f, self, trim->front, &trim->back);
}

static MAY_SWITCH bool trim_left(Fiber *f, Value self, const Args *args, Trim *trim) {
    if (args->argc > 0) return trim_set(f, self, args, true, false, trim);
    return blanks_at_front(f, self, &trim->front);
}

static MAY_SWITCH bool trim_right(Fiber *f, Value self, const Args *args, Trim *trim) {
    if (args->argc > 0) return trim_set(f, self, args, false, true, trim);
    return blanks_at_back(f, self, 0, &trim->back);
}

/* --- chomp, chop --- */

static size_t newline_at_back(const char *start, const char *end) { /* \r\n, \n or \r */
    if (end > start && end[-1] == '\n') return end - start > 1 && end[-2] == '\r' ? 2 : 1;
    return end > start && end[-1] == '\r' ? 1 : 0;
}

static size_t wide_newline_at_back(Value v) { /* in encodings whose characters are wider than a byte */
    int encoding = tr_string_encoding(v);
    const char *start = tr_string(v)->bytes, *end = tr_string_end(v);
    if (start == end) return 0;
    const char *p = tr_char_left(encoding, start, end - 1, end);
    int n = tr_char_size(encoding, p, end);
    if (n <= 0) return 0;
    uint32_t c = tr_char_decode(encoding, p, n);
    if (c != '\n' && c != '\r') return 0;
    if (c == '\n' && p > start) {
        const char *q = tr_char_left(encoding, start, p - 1, end);
        int m = tr_char_size(encoding, q, end);
        if (m > 0 && tr_char_decode(encoding, q, m) == '\r') return (size_t)(end - q);
    }
    return (size_t)(end - p);
}

size_t tr_string_chomp_size(Value v) {
    if (!tr_encoding_is_ascii_compatible(tr_string_encoding(v))) return wide_newline_at_back(v);
    return newline_at_back(tr_string(v)->bytes, tr_string_end(v));
}

static bool ends_with(Value v, Value suffix) {
    size_t m = tr_string(v)->size, n = tr_string(suffix)->size;
    if (n > m || memcmp(tr_string_end(v) - n, tr_string(suffix)->bytes, n) != 0) return false;
    if (n == 0 || tr_string_is_single_byte(v)) return true;
    const char *p = tr_string_end(v) - n;
    return tr_char_left(tr_string_encoding(v), tr_string(v)->bytes, p, tr_string_end(v)) == p;
}

static MAY_SWITCH bool trim_newline(Fiber *f, Value self, const Args *args, Trim *trim) {
    Value separator = TR_UNDEF;
    if (args->argc > 0) {
        if (args->argv[0] == TR_NIL) return true;
        separator = tr_to_str(f, args->argv[0]);
        if (separator == TR_RAISED) return false;
    } else {
        Value rs = tr_global_get(f, tr_intern_cstr("$/"));
        if (rs == TR_RAISED) return false;
        if (rs == TR_NIL) return true;
        if (tr_is_string(rs)) separator = rs;
    }
    const char *start = tr_string(self)->bytes, *end = tr_string_end(self);
    if (separator == TR_UNDEF || tr_string_is(separator, "\n")) {
        trim->back = tr_string_chomp_size(self);
    } else if (tr_string(separator)->size == 0) { /* all newlines: \n and \r\n, but not a lone \r */
        const char *p = end;
        while (p > start && p[-1] == '\n') p -= p - start > 1 && p[-2] == '\r' ? 2 : 1;
        trim->back = (size_t)(end - p);
    } else {
        if (tr_encoding_negotiate(f, self, separator) < 0) return false;
        if (!tr_string_is_broken(separator) && ends_with(self, separator))
            trim->back = tr_string(separator)->size;
    }
    return true;
}

static bool trim_last(Fiber *f, Value self, const Args *args, Trim *trim) {
    (void)f, (void)args;
    const char *start = tr_string(self)->bytes, *end = tr_string_end(self);
    if (start == end) return true;
    trim->back = tr_string_chomp_size(self);
    if (trim->back == 2 && tr_encoding_is_ascii_compatible(tr_string_encoding(self))) return true;
    if (tr_string_is_single_byte(self)) trim->back = 1;
    else if (trim->back <= 2)
        trim->back = (size_t)(end - tr_char_left(tr_string_encoding(self), start, end - 1, end));
    return true;
}

/* --- delete_prefix, delete_suffix --- */

static MAY_SWITCH bool trim_prefix(Fiber *f, Value self, const Args *args, Trim *trim) {
    Value prefix = tr_to_str(f, args->argv[0]);
    if (prefix == TR_RAISED || tr_encoding_negotiate(f, self, prefix) < 0) return false;
    size_t n = tr_string(prefix)->size;
    if (tr_string_is_broken(prefix) || n > tr_string(self)->size) return true;
    if (memcmp(tr_string(self)->bytes, tr_string(prefix)->bytes, n) == 0) trim->front = n;
    return true;
}

static MAY_SWITCH bool trim_suffix(Fiber *f, Value self, const Args *args, Trim *trim) {
    Value suffix = tr_to_str(f, args->argv[0]);
    if (suffix == TR_RAISED || tr_encoding_negotiate(f, self, suffix) < 0) return false;
    if (!tr_string_is_broken(suffix) && ends_with(self, suffix)) trim->back = tr_string(suffix)->size;
    return true;
}

#define TRIM_METHODS(name, fn) \
    static MAY_SWITCH MAY_RAISE Value string_##name(Fiber *f, Value self, const Args *args) { \
        return trimmed(f, self, args, fn); \
    } \
    static MAY_SWITCH MAY_RAISE Value string_##name##_bang(Fiber *f, Value self, const Args *args) { \
        return trim_in_place(f, self, args, fn); \
    }
MAY_GC TRIM_METHODS(strip, trim_both)
MAY_GC TRIM_METHODS(lstrip, trim_left)
MAY_GC TRIM_METHODS(rstrip, trim_right)
MAY_GC TRIM_METHODS(chomp, trim_newline)
MAY_GC TRIM_METHODS(chop, trim_last)
MAY_GC TRIM_METHODS(delete_prefix, trim_prefix)
MAY_GC TRIM_METHODS(delete_suffix, trim_suffix)

const MethodDef tr_string_trim_methods[] = {
    {"strip", string_strip, ARITY_REST(0), 0},
    {"strip!", string_strip_bang, ARITY_REST(0), 0},
    {"lstrip", string_lstrip, ARITY_REST(0), 0},
    {"lstrip!", string_lstrip_bang, ARITY_REST(0), 0},
    {"rstrip", string_rstrip, ARITY_REST(0), 0},
    {"rstrip!", string_rstrip_bang, ARITY_REST(0), 0},
    {"chomp", string_chomp, ARITY(0, 1), 0},
    {"chomp!", string_chomp_bang, ARITY(0, 1), 0},
    {"chop", string_chop, ARITY(0, 0), 0},
    {"chop!", string_chop_bang, ARITY(0, 0), 0},
    {"delete_prefix", string_delete_prefix, ARITY(1, 1), 0},
    {"delete_prefix!", string_delete_prefix_bang, ARITY(1, 1), 0},
    {"delete_suffix", string_delete_suffix, ARITY(1, 1), 0},
    {"delete_suffix!", string_delete_suffix_bang, ARITY(1, 1), 0},
    {NULL, NULL, 0, 0, 0}
};
