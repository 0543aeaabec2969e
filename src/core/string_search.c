/* string_search.c - finding: index and its kin, include?, start_with?, partition, and =~.
 *
 * A String is looked for with memmem, then checked to stand on a character boundary. Positions are bytes
 * inside this file; only the character methods convert at their edge.
 */
#include "core/regexp_match.h"
#include "core/string_internal.h"
#include "core/string_ops.h"
#include "core/string_pattern.h"

/* Where bytes were found, is it the start of a character? In valid UTF-8 a valid needle cannot be misplaced.
 */
static inline bool is_boundary(Value v, const char *p) {
    int encoding = tr_string_encoding(v);
    if (tr_string_is_single_byte(v) || p == tr_string_end(v)) return true;
    if (encoding == ENCODING_UTF8)
        return (*p & 0xc0) != 0x80 || tr_char_left(encoding, tr_string(v)->bytes, p, tr_string_end(v)) == p;
    return tr_char_left(encoding, tr_string(v)->bytes, p, tr_string_end(v)) == p;
}

int64_t tr_string_find(Value v, Value needle, size_t start) {
    const String *s = tr_string(v), *n = tr_string(needle);
    if (start > s->size || n->size > s->size - start) return -1;
    if (n->size == 0) return (int64_t)start;
    if (tr_string_is_broken(needle)) return -1;
    const char *p = s->bytes + start, *end = s->bytes + s->size;
    while ((p = memmem(p, (size_t)(end - p), n->bytes, n->size)) != NULL) {
        if (is_boundary(v, p)) return p - s->bytes;
        p++;
    }
    return -1;
}

int64_t tr_string_rfind(Value v, Value needle, size_t start) {
    const String *s = tr_string(v), *n = tr_string(needle);
    if (n->size > s->size) return -1;
    if (start > s->size - n->size) start = s->size - n->size;
    if (n->size > 0 && tr_string_is_broken(needle)) return -1;
    for (const char *p = s->bytes + start;; p--) {
        if ((n->size == 0 || (*p == *n->bytes && memcmp(p, n->bytes, n->size) == 0)) && is_boundary(v, p))
            return p - s->bytes;
        if (p == s->bytes) return -1;
    }
}

/* A string to look for; TR_RAISED if it is none or its encoding does not go with self. */
static MAY_SWITCH MAY_RAISE Value needle_of(Fiber *f, Value self, Value v) {
    Value needle = tr_to_str(f, v);
    if (needle == TR_RAISED || tr_encoding_negotiate(f, self, needle) < 0) return TR_RAISED;
    return needle;
}

/* Looks for pattern (Regexp or String) from byte `start`; -1 none, -2 raised. A Regexp sets $~. */
static MAY_SWITCH int64_t find_pattern(Fiber *f, Value self, Value pattern, size_t start, bool backward) {
    if (tr_is_regexp(pattern)) return tr_regexp_search(f, pattern, self, start, backward, true);
    Value needle = needle_of(f, self, pattern);
    if (needle == TR_RAISED) return -2;
    return backward ? tr_string_rfind(self, needle, start) : tr_string_find(self, needle, start);
}

static MAY_GC Value no_match(Fiber *f, Value pattern) {
    if (tr_is_regexp(pattern)) tr_backref_set(f, TR_NIL);
    return TR_NIL;
}

/* The optional position: a character or byte index made non-negative. False: out of range in front, or
 * raised. */
static MAY_SWITCH bool position(Fiber *f, const Args *args, int64_t size, int64_t missing, int64_t *at,
                                bool *raised) {
    *at = missing;
    *raised = false;
    if (args->argc < 2) return true;
    if (!tr_to_long(f, args->argv[1], at)) {
        *raised = true;
        return false;
    }
    if (*at < 0) *at += size;
    return *at >= 0;
}

static MAY_SWITCH MAY_RAISE Value string_index(Fiber *f, Value self, const Args *args) {
    int64_t at;
    bool raised;
    Value pattern = args->argv[0];
    if (args->argc > 1) {
        int64_t length = tr_is_fixnum(args->argv[1]) && tr_fixnum(args->argv[1]) >= 0
                             ? 0
                             : (int64_t)tr_string_length(self);
        if (!position(f, args, length, 0, &at, &raised)) return raised ? TR_RAISED : no_match(f, pattern);
    } else {
        at = 0;
    }
    const char *p = tr_chars_advance(
        tr_string_is_single_byte(self) ? ENCODING_BINARY : tr_string_encoding(self), tr_string(self)->bytes,
        tr_string_end(self), (size_t)at, !tr_string_is_broken(self));
    if (!p) {
        if (!tr_is_regexp(pattern) && needle_of(f, self, pattern) == TR_RAISED) return TR_RAISED;
        return no_match(f, pattern);
    }
    int64_t found = find_pattern(f, self, pattern, (size_t)(p - tr_string(self)->bytes), false);
    if (found < 0) return found == -2 ? TR_RAISED : TR_NIL;
    return TR_FIX(tr_string_char_index(self, (size_t)found));
}

static MAY_SWITCH MAY_RAISE Value string_byteindex(Fiber *f, Value self, const Args *args) {
    int64_t at, size = (int64_t)tr_string(self)->size;
    bool raised;
    Value pattern = args->argv[0];
    if (!position(f, args, size, 0, &at, &raised)) return raised ? TR_RAISED : no_match(f, pattern);
    if (at > size) return no_match(f, pattern);
    if (!is_boundary(self, tr_string(self)->bytes + at))
        return tr_raise(f, tr_class.index_error, "offset %ld does not land on character boundary", (long)at);
    int64_t found = find_pattern(f, self, pattern, (size_t)at, false);
    return found == -2 ? TR_RAISED : found < 0 ? TR_NIL : TR_FIX(found);
}

static MAY_SWITCH MAY_RAISE Value string_rindex(Fiber *f, Value self, const Args *args) {
    Value pattern = args->argv[0];
    int64_t length = (int64_t)tr_string_length(self), at;
    bool raised;
    if (!position(f, args, length, length, &at, &raised)) return raised ? TR_RAISED : no_match(f, pattern);
    if (at > length) at = length;
    int64_t found = find_pattern(f, self, pattern, tr_string_byte_offset(self, (size_t)at), true);
    if (found < 0) return found == -2 ? TR_RAISED : TR_NIL;
    return TR_FIX(tr_string_char_index(self, (size_t)found));
}

static MAY_SWITCH MAY_RAISE Value string_byterindex(Fiber *f, Value self, const Args *args) {
    Value pattern = args->argv[0];
    int64_t size = (int64_t)tr_string(self)->size, at;
    bool raised;
    if (!position(f, args, size, size, &at, &raised)) return raised ? TR_RAISED : no_match(f, pattern);
    if (at > size) at = size;
    if (!is_boundary(self, tr_string(self)->bytes + at))
        return tr_raise(f, tr_class.index_error, "offset %ld does not land on character boundary", (long)at);
    int64_t found = find_pattern(f, self, pattern, (size_t)at, true);
    return found == -2 ? TR_RAISED : found < 0 ? TR_NIL : TR_FIX(found);
}

static MAY_SWITCH MAY_RAISE Value string_includes(Fiber *f, Value self, const Args *args) {
    Value needle = needle_of(f, self, args->argv[0]);
    return needle == TR_RAISED ? TR_RAISED : tr_bool(tr_string_find(self, needle, 0) >= 0);
}

static MAY_SWITCH MAY_RAISE Value string_starts_with(Fiber *f, Value self, const Args *args) {
    for (int i = 0; i < args->argc; i++) {
        Value prefix = args->argv[i];
        if (tr_is_regexp(prefix)) {
            Search search;
            if (!tr_search_begin(f, &search, prefix, self)) return TR_RAISED;
            int64_t found = tr_search_here(f, &search, 0);
            Value match = found >= 0 ? tr_search_match(f, &search, TR_UNDEF) : TR_NIL;
            tr_search_end(&search);
            if (found == -2) return TR_RAISED;
            tr_backref_set(f, match);
            if (found >= 0) return TR_TRUE;
            continue;
        }
        prefix = needle_of(f, self, prefix);
        if (prefix == TR_RAISED) return TR_RAISED;
        size_t n = tr_string(prefix)->size;
        if (n <= tr_string(self)->size && memcmp(tr_string(self)->bytes, tr_string(prefix)->bytes, n) == 0 &&
            is_boundary(self, tr_string(self)->bytes + n))
            return TR_TRUE;
    }
    return TR_FALSE;
}

static MAY_SWITCH MAY_RAISE Value string_ends_with(Fiber *f, Value self, const Args *args) {
    for (int i = 0; i < args->argc; i++) {
        Value suffix = needle_of(f, self, args->argv[i]);
        if (suffix == TR_RAISED) return TR_RAISED;
        size_t n = tr_string(suffix)->size;
        if (n == 0) return TR_TRUE;
        if (n <= tr_string(self)->size && memcmp(tr_string_end(self) - n, tr_string(suffix)->bytes, n) == 0 &&
            is_boundary(self, tr_string_end(self) - n))
            return TR_TRUE;
    }
    return TR_FALSE;
}

/* --- partition --- */

static MAY_GC Value three_parts(Fiber *f, Value self, size_t begin, size_t end) {
    Value head = tr_string_sub(f, self, 0, begin), middle = tr_string_sub(f, self, begin, end - begin);
    return tr_array_new_values(f, 3, head, middle, tr_string_sub(f, self, end, tr_string(self)->size - end));
}

static MAY_SWITCH MAY_RAISE Value partition(Fiber *f, Value self, Value pattern, bool backward) {
    size_t start = backward ? tr_string(self)->size : 0;
    Value piece = pattern;
    if (!tr_is_regexp(pattern)) {
        piece = tr_pattern_argument(f, pattern);
        if (piece == TR_RAISED) return TR_RAISED;
    }
    int64_t found = find_pattern(f, self, piece, start, backward);
    if (found == -2) return TR_RAISED;
    if (found < 0) {
        Value whole = tr_string_dup(f, self),
              empty = tr_string_new_encoded(f, "", 0, tr_string_encoding(self));
        Value other = tr_string_new_encoded(f, "", 0, tr_string_encoding(self));
        return backward ? tr_array_new_values(f, 3, empty, other, whole)
                        : tr_array_new_values(f, 3, whole, empty, other);
    }
    size_t end;
    if (tr_is_regexp(piece)) end = tr_match_end(tr_backref_get(f), 0);
    else end = (size_t)found + tr_string(piece)->size;
    return three_parts(f, self, (size_t)found, end);
}

static MAY_SWITCH Value string_partition(Fiber *f, Value self, const Args *args) {
    return partition(f, self, args->argv[0], false);
}
static MAY_SWITCH Value string_rpartition(Fiber *f, Value self, const Args *args) {
    return partition(f, self, args->argv[0], true);
}

/* --- matching --- */

static MAY_SWITCH MAY_RAISE Value string_match_operator(Fiber *f, Value self, const Args *args) {
    Value pattern = args->argv[0];
    if (tr_is_regexp(pattern)) return tr_regexp_match_operator(f, pattern, self);
    if (tr_is_string(pattern)) return tr_raise(f, tr_class.type_error, "type mismatch: String given");
    return tr_call(f, pattern, TR_ID_match, 1, self);
}

/* String#match(pattern, position = 0): Regexp#match, whatever it is redefined to. */
static MAY_SWITCH MAY_RAISE Value string_match(Fiber *f, Value self, const Args *args) {
    if (args->argc == 0) return tr_raise_argc(f, 0, 1, 2);
    Value regexp = tr_to_regexp(f, args->argv[0], false);
    if (regexp == TR_RAISED) return TR_RAISED;
    if (args->argc > 2) return tr_raise_argc(f, args->argc, 1, 2);
    Value argv[2] = {self, args->argc > 1 ? args->argv[1] : TR_NIL};
    return tr_call_full(f, regexp, TR_ID_match_m, args->argc, argv, args->block, TR_NIL, true);
}

static MAY_SWITCH MAY_RAISE Value string_match_p(Fiber *f, Value self, const Args *args) {
    Value regexp = tr_to_regexp(f, args->argv[0], false);
    if (regexp == TR_RAISED) return TR_RAISED;
    if (args->argc == 1) return tr_regexp_match_p(f, regexp, self);
    return tr_call(f, regexp, TR_ID_match_p, 2, self, args->argv[1]);
}

const MethodDef tr_string_search_methods[] = {
    {"index", string_index, ARITY(1, 2), 0},
    {"rindex", string_rindex, ARITY(1, 2), 0},
    {"byteindex", string_byteindex, ARITY(1, 2), 0},
    {"byterindex", string_byterindex, ARITY(1, 2), 0},
    {"include?", string_includes, ARITY(1, 1), 0},
    {"start_with?", string_starts_with, ARITY_REST(0), 0},
    {"end_with?", string_ends_with, ARITY_REST(0), 0},
    {"partition", string_partition, ARITY(1, 1), 0},
    {"rpartition", string_rpartition, ARITY(1, 1), 0},
    {"=~", string_match_operator, ARITY(1, 1), 0},
    {"match", string_match, ARITY_REST(0), 0},
    {"match?", string_match_p, ARITY(1, 2), 0},
    {NULL, NULL, 0, 0, 0}
};
