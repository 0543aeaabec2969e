/* strscan.c - StringScanner: a position in a string that patterns move.
 *
 * The string is the caller's own, read anew at each step, since it may grow or shrink between two. What the
 * last match left is kept as absolute byte offsets. Unless the scanner has a fixed anchor, the text begins at
 * the position for ^, \A and lookbehind.
 */
#include <stdlib.h>

#include "core/regexp_match.h"
#include "core/require.h"
#include "core/string_internal.h"
#include "value/data.h"

#define INLINE_GROUPS 8

typedef struct Scanner {
    Data base;
    Value string;              /* String, or TR_NIL before initialize */
    Value regexp;              /* of the last match; nil when it was a String */
    size_t previous, current;
    bool is_matched, has_fixed_anchor;
    int count;                 /* groups of the last match, with the whole */
    int64_t (*groups)[2];      /* begin, end; -1: did not take part */
    int64_t few[INLINE_GROUPS][2];
} Scanner;

static void scanner_trace(Tracer *tracer, Value v) {
    tr_trace(tracer, ((Scanner *)v)->string);
    tr_trace(tracer, ((Scanner *)v)->regexp);
}

static void scanner_free(Heap *heap, Value v) {
    (void)heap;
    Scanner *s = (Scanner *)v;
    if (s->groups != s->few) free(s->groups);
}

static const DataType scanner_type = {
    .name = "StringScanner", .bytes = sizeof(Scanner), .trace = scanner_trace, .free = scanner_free
};
static Class *scanner_error; /* written when the library is loaded */

static MAY_GC Value scanner_alloc(Fiber *f, Class *klass) {
    Scanner *s = tr_data_alloc(f, &scanner_type, klass);
    s->string = s->regexp = TR_NIL;
    s->groups = s->few;
    return (Value)s;
}

static MAY_GC Scanner *get(Fiber *f, Value self) { /* NULL: raised */
    Scanner *s = (Scanner *)self;
    if (s->string != TR_NIL) return s;
    (void)!tr_raise(f, tr_class.argument_error, "uninitialized StringScanner object");
    return NULL;
}

static size_t size_of(const Scanner *s) { return tr_string(s->string)->size; }

static MAY_GC Value piece(Fiber *f, const Scanner *s, size_t begin, size_t end) {
    size_t size = size_of(s);
    if (begin > size) return TR_NIL;
    if (end > size) end = size;
    return tr_string_sub(f, s->string, begin, end - begin);
}

static bool set_group_count(Scanner *s, int count) {
    if (count > INLINE_GROUPS && count > s->count) {
        void *groups = malloc((size_t)count * sizeof *s->groups);
        TR_CHECK(groups != NULL);
        if (s->groups != s->few) free(s->groups);
        s->groups = groups;
    }
    s->count = count;
    return true;
}

/* --- making --- */

/* StringScanner.new(string, fixed_anchor: false) */
static MAY_SWITCH MAY_RAISE Value scanner_initialize(Fiber *f, Value self, const Args *args) {
    Scanner *s = (Scanner *)self;
    Id name = tr_intern_cstr("fixed_anchor");
    Value fixed = TR_UNDEF;
    if (args->keywords != TR_NIL && !tr_keywords(f, args->keywords, &name, 0, 1, &fixed, false))
        return TR_RAISED;
    Value string = tr_to_str(f, args->argv[0]);
    if (string == TR_RAISED) return TR_RAISED;
    s->has_fixed_anchor = fixed != TR_UNDEF && tr_is_truthy(fixed);
    tr_write(self, &s->string, string);
    return self;
}

static MAY_GC MAY_RAISE Value scanner_initialize_copy(Fiber *f, Value self, const Args *args) {
    if (!tr_data_is(args->argv[0], &scanner_type))
        return tr_raise(f, tr_class.type_error, "wrong argument type (expected StringScanner)");
    Scanner *s = (Scanner *)self, *from = (Scanner *)args->argv[0];
    if (s == from) return self;
    s->previous = from->previous, s->current = from->current;
    s->is_matched = from->is_matched, s->has_fixed_anchor = from->has_fixed_anchor;
    set_group_count(s, from->count);
    memcpy(s->groups, from->groups, (size_t)from->count * sizeof *s->groups);
    tr_write(self, &s->string, from->string);
    tr_write(self, &s->regexp, from->regexp);
    return self;
}

/* --- scanning --- */

enum { ADVANCES = 1, GIVES_STRING = 2, ONLY_HERE = 4 };

/* Sets the match; *found false: no match. False: raised. */
static MAY_SWITCH bool match_regexp(Fiber *f, Value self, Value regexp, int mode, bool *found) {
    Scanner *s = (Scanner *)self;
    Search search;
    if (!tr_search_begin(f, &search, regexp, s->string)) return false;
    if (!s->has_fixed_anchor) search.base = s->current;
    int64_t result = mode & ONLY_HERE ? tr_search_here(f, &search, s->current)
                                      : tr_search_next(f, &search, s->current, false);
    *found = result >= 0;
    if (*found) {
        set_group_count(s, tr_search_group_count(&search));
        for (int i = 0; i < s->count; i++) tr_search_group(&search, i, &s->groups[i][0], &s->groups[i][1]);
        tr_write(self, &s->regexp, regexp);
    }
    tr_search_end(&search);
    return result != -2;
}

static MAY_SWITCH bool match_string(Fiber *f, Value self, Value pattern, int mode, bool *found) {
    Scanner *s = (Scanner *)self;
    Value text = tr_to_str(f, pattern);
    if (text == TR_RAISED || tr_encoding_negotiate(f, s->string, text) < 0) return false;
    size_t n = tr_string(text)->size;
    int64_t at = -1;
    if (s->current > size_of(s)) at = -1;
    else if (!(mode & ONLY_HERE)) at = tr_string_find(s->string, text, s->current);
    else if (size_of(s) - s->current >= n &&
             memcmp(tr_string(s->string)->bytes + s->current, tr_string(text)->bytes, n) == 0)
        at = (int64_t)s->current;
    *found = at >= 0;
    if (!*found) return true;
    set_group_count(s, 1);
    s->groups[0][0] = at;
    s->groups[0][1] = at + (int64_t)n;
    s->regexp = TR_NIL;
    return true;
}

static MAY_SWITCH MAY_RAISE Value scan(Fiber *f, Value self, Value pattern, int mode) {
    Scanner *s = get(f, self);
    if (!s) return TR_RAISED;
    bool found = false;
    s->is_matched = false;
    if (s->current > size_of(s)) return TR_NIL;
    bool is_good = tr_is_regexp(pattern) ? match_regexp(f, self, pattern, mode, &found)
                                         : match_string(f, self, pattern, mode, &found);
    if (!is_good) return TR_RAISED;
    if (!found) return TR_NIL;
    s->is_matched = true;
    s->previous = s->current;
    size_t end = (size_t)s->groups[0][1];
    if (mode & ADVANCES) s->current = end;
    return mode & GIVES_STRING ? piece(f, s, s->previous, end) : TR_FIX(end - s->previous);
}

#define SCAN_METHOD(name, mode) \
    static MAY_SWITCH MAY_RAISE Value scanner_##name(Fiber *f, Value self, const Args *args) { \
        return scan(f, self, args->argv[0], mode); \
    }
MAY_SWITCH SCAN_METHOD(scan, ONLY_HERE | ADVANCES | GIVES_STRING)
MAY_SWITCH SCAN_METHOD(match_p, ONLY_HERE)
MAY_SWITCH SCAN_METHOD(skip, ONLY_HERE | ADVANCES)
MAY_SWITCH SCAN_METHOD(check, ONLY_HERE | GIVES_STRING)
MAY_SWITCH SCAN_METHOD(scan_until, ADVANCES | GIVES_STRING)
MAY_SWITCH SCAN_METHOD(exist_p, 0)
MAY_SWITCH SCAN_METHOD(skip_until, ADVANCES)
MAY_SWITCH SCAN_METHOD(check_until, GIVES_STRING)

static int full_mode(const Args *args) {
    return (tr_is_truthy(args->argv[1]) ? ADVANCES : 0) | (tr_is_truthy(args->argv[2]) ? GIVES_STRING : 0);
}

static MAY_SWITCH Value scanner_scan_full(Fiber *f, Value self, const Args *args) {
    return scan(f, self, args->argv[0], full_mode(args) | ONLY_HERE);
}

static MAY_SWITCH Value scanner_search_full(Fiber *f, Value self, const Args *args) {
    return scan(f, self, args->argv[0], full_mode(args));
}

/* A match of n bytes at the position, which moves. */
static void take(Scanner *s, size_t n) {
    s->is_matched = true;
    s->regexp = TR_NIL;
    s->previous = s->current;
    s->current += n;
    set_group_count(s, 1);
    s->groups[0][0] = (int64_t)s->previous;
    s->groups[0][1] = (int64_t)s->current;
}

static bool is_at_end(const Scanner *s) { return s->current >= size_of(s); }

static MAY_GC MAY_RAISE Value scanner_getch(Fiber *f, Value self, const Args *args) {
    (void)args;
    Scanner *s = get(f, self);
    if (!s) return TR_RAISED;
    s->is_matched = false;
    if (is_at_end(s)) return TR_NIL;
    take(s, (size_t)tr_char_step(tr_string_encoding(s->string), tr_string(s->string)->bytes + s->current,
                                 tr_string_end(s->string)));
    return piece(f, s, s->previous, s->current);
}

static MAY_GC MAY_RAISE Value scanner_get_byte(Fiber *f, Value self, const Args *args) {
    (void)args;
    Scanner *s = get(f, self);
    if (!s) return TR_RAISED;
    s->is_matched = false;
    if (is_at_end(s)) return TR_NIL;
    take(s, 1);
    return piece(f, s, s->previous, s->current);
}

static Value byte_here(const Scanner *s) {
    return TR_FIX((unsigned char)tr_string(s->string)->bytes[s->current]);
}

static MAY_GC MAY_RAISE Value scanner_scan_byte(Fiber *f, Value self, const Args *args) {
    (void)args;
    Scanner *s = get(f, self);
    if (!s) return TR_RAISED;
    s->is_matched = false;
    if (is_at_end(s)) return TR_NIL;
    Value byte = byte_here(s);
    take(s, 1);
    return byte;
}

static MAY_GC MAY_RAISE Value scanner_peek_byte(Fiber *f, Value self, const Args *args) {
    (void)args;
    Scanner *s = get(f, self);
    return !s ? TR_RAISED : is_at_end(s) ? TR_NIL : byte_here(s);
}

/* StringScanner#scan_integer(base: 10): an optional sign and digits, as an Integer */
static MAY_SWITCH MAY_RAISE Value scanner_scan_integer(Fiber *f, Value self, const Args *args) {
    Scanner *s = get(f, self);
    if (!s) return TR_RAISED;
    Id name = tr_intern_cstr("base");
    Value given = TR_UNDEF;
    int64_t base = 10;
    if (args->keywords != TR_NIL && !tr_keywords(f, args->keywords, &name, 0, 1, &given, false))
        return TR_RAISED;
    if (given != TR_UNDEF && !tr_to_long(f, given, &base)) return TR_RAISED;
    if (base != 10 && base != 16)
        return tr_raise(f, tr_class.argument_error, "Unsupported integer base: %ld, expected 10 or 16",
                        (long)base);
    s->is_matched = false;
    if (!tr_encoding_is_ascii_compatible(tr_string_encoding(s->string)))
        return tr_raise(f, tr_class.compatibility_error, "ASCII incompatible encoding: %s",
                        tr_encodings[tr_string_encoding(s->string)].name);
    if (is_at_end(s)) return TR_NIL;
    const char *start = tr_string(s->string)->bytes + s->current, *p = start, *end = tr_string_end(s->string);
    if (p < end && (*p == '+' || *p == '-')) p++;
    if (base == 16 && end - p > 2 && p[0] == '0' && p[1] == 'x' && memchr("0123456789abcdefABCDEF", p[2], 22))
        p += 2;
    const char *digits = p;
    while (p < end && ((*p >= '0' && *p <= '9') || (base == 16 && (*p | 0x20) >= 'a' && (*p | 0x20) <= 'f')))
        p++;
    if (p == digits) return TR_NIL;
    size_t n = (size_t)(p - start);
    Value text = tr_string_new_encoded(f, start, n, ENCODING_US_ASCII);
    take(s, n);
    return tr_string_to_integer(f, text, (int)base, false);
}

static MAY_SWITCH MAY_RAISE Value scanner_peek(Fiber *f, Value self, const Args *args) {
    Scanner *s = get(f, self);
    int64_t n;
    if (!s || !tr_to_long(f, args->argv[0], &n)) return TR_RAISED;
    if (n < 0) return tr_raise(f, tr_class.argument_error, "negative string size (or size too big)");
    size_t rest = is_at_end(s) ? 0 : size_of(s) - s->current;
    size_t begin = is_at_end(s) ? size_of(s) : s->current;
    return piece(f, s, begin, begin + ((size_t)n < rest ? (size_t)n : rest));
}

static MAY_GC MAY_RAISE Value scanner_unscan(Fiber *f, Value self, const Args *args) {
    (void)args;
    Scanner *s = get(f, self);
    if (!s) return TR_RAISED;
    if (!s->is_matched) return tr_raise(f, scanner_error, "unscan failed: previous match record not exist");
    s->current = s->previous;
    s->is_matched = false;
    return self;
}

/* --- position --- */

static MAY_GC MAY_RAISE Value scanner_pos(Fiber *f, Value self, const Args *args) {
    (void)args;
    Scanner *s = get(f, self);
    return s ? TR_FIX(s->current) : TR_RAISED;
}

static MAY_SWITCH MAY_RAISE Value scanner_set_pos(Fiber *f, Value self, const Args *args) {
    Scanner *s = get(f, self);
    int64_t at;
    if (!s || !tr_to_long(f, args->argv[0], &at)) return TR_RAISED;
    if (at < 0) at += (int64_t)size_of(s);
    if (at < 0 || at > (int64_t)size_of(s)) return tr_raise(f, tr_class.range_error, "index out of range");
    s->current = (size_t)at;
    return TR_FIX(at);
}

static MAY_GC MAY_RAISE Value scanner_charpos(Fiber *f, Value self, const Args *args) {
    (void)args;
    Scanner *s = get(f, self);
    if (!s) return TR_RAISED;
    return TR_FIX(tr_string_char_index(s->string, s->current < size_of(s) ? s->current : size_of(s)));
}

static MAY_GC MAY_RAISE Value scanner_reset(Fiber *f, Value self, const Args *args) {
    (void)args;
    Scanner *s = get(f, self);
    if (!s) return TR_RAISED;
    s->current = 0;
    s->is_matched = false;
    return self;
}

static MAY_GC MAY_RAISE Value scanner_terminate(Fiber *f, Value self, const Args *args) {
    (void)args;
    Scanner *s = get(f, self);
    if (!s) return TR_RAISED;
    s->current = size_of(s);
    s->is_matched = false;
    return self;
}

static MAY_GC MAY_RAISE Value scanner_is_at_bol(Fiber *f, Value self, const Args *args) {
    (void)args;
    Scanner *s = get(f, self);
    if (!s) return TR_RAISED;
    if (s->current > size_of(s)) return TR_NIL;
    return tr_bool(s->current == 0 || tr_string(s->string)->bytes[s->current - 1] == '\n');
}

static MAY_GC MAY_RAISE Value scanner_is_at_end(Fiber *f, Value self, const Args *args) {
    (void)args;
    Scanner *s = get(f, self);
    return s ? tr_bool(is_at_end(s)) : TR_RAISED;
}

static MAY_GC MAY_RAISE Value scanner_has_rest(Fiber *f, Value self, const Args *args) {
    (void)args;
    Scanner *s = get(f, self);
    return s ? tr_bool(!is_at_end(s)) : TR_RAISED;
}

static MAY_GC MAY_RAISE Value scanner_rest(Fiber *f, Value self, const Args *args) {
    (void)args;
    Scanner *s = get(f, self);
    if (!s) return TR_RAISED;
    return piece(f, s, is_at_end(s) ? size_of(s) : s->current, size_of(s));
}

static MAY_GC MAY_RAISE Value scanner_rest_size(Fiber *f, Value self, const Args *args) {
    (void)args;
    Scanner *s = get(f, self);
    return s ? TR_FIX(is_at_end(s) ? 0 : size_of(s) - s->current) : TR_RAISED;
}

/* --- the string --- */

static Value scanner_string(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return ((Scanner *)self)->string;
}

static MAY_SWITCH MAY_RAISE Value scanner_set_string(Fiber *f, Value self, const Args *args) {
    Value string = tr_to_str(f, args->argv[0]);
    if (string == TR_RAISED) return TR_RAISED;
    Scanner *s = (Scanner *)self;
    tr_write(self, &s->string, string);
    s->current = 0;
    s->is_matched = false;
    return args->argv[0];
}

static MAY_SWITCH MAY_RAISE Value scanner_concat(Fiber *f, Value self, const Args *args) {
    Scanner *s = get(f, self);
    if (!s) return TR_RAISED;
    Value more = tr_to_str(f, args->argv[0]);
    if (more == TR_RAISED || !tr_check_frozen(f, s->string) ||
        tr_string_append(f, s->string, more) == TR_RAISED)
        return TR_RAISED;
    return self;
}

static MAY_GC MAY_RAISE Value scanner_has_fixed_anchor(Fiber *f, Value self, const Args *args) {
    (void)args;
    Scanner *s = get(f, self);
    return s ? tr_bool(s->has_fixed_anchor) : TR_RAISED;
}

/* --- the last match --- */

static MAY_GC Value group_text(Fiber *f, const Scanner *s, int64_t n) {
    if (n < 0) n += s->count;
    if (n < 0 || n >= s->count || s->groups[n][0] < 0) return TR_NIL;
    return piece(f, s, (size_t)s->groups[n][0], (size_t)s->groups[n][1]);
}

static MAY_GC MAY_RAISE Value scanner_matched(Fiber *f, Value self, const Args *args) {
    (void)args;
    Scanner *s = get(f, self);
    return !s ? TR_RAISED : s->is_matched ? group_text(f, s, 0) : TR_NIL;
}

static MAY_GC MAY_RAISE Value scanner_is_matched(Fiber *f, Value self, const Args *args) {
    (void)args;
    Scanner *s = get(f, self);
    return s ? tr_bool(s->is_matched) : TR_RAISED;
}

static MAY_GC MAY_RAISE Value scanner_matched_size(Fiber *f, Value self, const Args *args) {
    (void)args;
    Scanner *s = get(f, self);
    return !s ? TR_RAISED : s->is_matched ? TR_FIX(s->groups[0][1] - s->groups[0][0]) : TR_NIL;
}

/* The group called `name`: the last of that name that took part. -1: raised. */
static MAY_GC int named_group(Fiber *f, const Scanner *s, Value name) {
    Value text = tr_is_symbol(name) ? tr_symbol_name(f, tr_symbol_id(name)) : name;
    if (s->regexp != TR_NIL) {
        for (int i = 0; i < tr_regexp(s->regexp)->name_count; i++) {
            const RegexpName *n = &tr_regexp(s->regexp)->names[i];
            const IdName *id = tr_id_name(n->name);
            if (id->size != tr_string(text)->size || memcmp(id->bytes, tr_string(text)->bytes, id->size) != 0)
                continue;
            for (int k = n->count - 1; k >= 0; k--)
                if (s->groups[n->groups[k]][0] >= 0) return n->groups[k];
            return n->groups[n->count - 1];
        }
    }
    (void)!tr_raise(f, tr_class.index_error, "undefined group name reference: %pV", (void *)text);
    return -1;
}

static MAY_SWITCH MAY_RAISE Value scanner_aref(Fiber *f, Value self, const Args *args) {
    Scanner *s = get(f, self);
    int64_t n;
    if (!s) return TR_RAISED;
    if (!s->is_matched) return TR_NIL;
    if (tr_is_symbol(args->argv[0]) || tr_is_string(args->argv[0])) {
        if ((n = named_group(f, s, args->argv[0])) < 0) return TR_RAISED;
    } else if (!tr_to_long(f, args->argv[0], &n)) {
        return TR_RAISED;
    }
    return group_text(f, s, n);
}

static MAY_GC MAY_RAISE Value scanner_size(Fiber *f, Value self, const Args *args) {
    (void)args;
    Scanner *s = get(f, self);
    return !s ? TR_RAISED : s->is_matched ? TR_FIX(s->count) : TR_NIL;
}

static MAY_GC MAY_RAISE Value scanner_captures(Fiber *f, Value self, const Args *args) {
    (void)args;
    Scanner *s = get(f, self);
    if (!s) return TR_RAISED;
    if (!s->is_matched) return TR_NIL;
    Value list = tr_array_new(f, (size_t)s->count);
    for (int i = 1; i < s->count; i++)
        if (tr_array_push(f, list, group_text(f, s, i)) == TR_RAISED) return TR_RAISED;
    return list;
}

static MAY_SWITCH MAY_RAISE Value scanner_values_at(Fiber *f, Value self, const Args *args) {
    Scanner *s = get(f, self);
    if (!s) return TR_RAISED;
    if (!s->is_matched) return TR_NIL;
    Value list = tr_array_new(f, (size_t)args->argc);
    for (int i = 0; i < args->argc; i++) {
        Args one = {.argc = 1, .argv = &args->argv[i], .block = TR_NIL, .keywords = TR_NIL};
        Value v = scanner_aref(f, self, &one);
        if (v == TR_RAISED || tr_array_push(f, list, v) == TR_RAISED) return TR_RAISED;
    }
    return list;
}

static MAY_SWITCH MAY_RAISE Value scanner_named_captures(Fiber *f, Value self, const Args *args) {
    (void)args;
    Scanner *s = get(f, self);
    if (!s) return TR_RAISED;
    Value result = tr_hash_new(f);
    for (int i = 0; s->regexp != TR_NIL && i < tr_regexp(s->regexp)->name_count; i++) {
        Value name = tr_value_from_id(tr_regexp(s->regexp)->names[i].name);
        int n = named_group(f, s, name);
        Value text = s->is_matched ? group_text(f, s, n) : TR_NIL;
        if (tr_hash_set(f, result, tr_symbol_to_s(f, name), text) == TR_RAISED) return TR_RAISED;
    }
    return result;
}

static MAY_GC MAY_RAISE Value scanner_pre_match(Fiber *f, Value self, const Args *args) {
    (void)args;
    Scanner *s = get(f, self);
    return !s ? TR_RAISED : s->is_matched ? piece(f, s, 0, (size_t)s->groups[0][0]) : TR_NIL;
}

static MAY_GC MAY_RAISE Value scanner_post_match(Fiber *f, Value self, const Args *args) {
    (void)args;
    Scanner *s = get(f, self);
    return !s ? TR_RAISED : s->is_matched ? piece(f, s, (size_t)s->groups[0][1], size_of(s)) : TR_NIL;
}

/* --- inspect --- */

static MAY_GC Value shown(Fiber *f, Value text) { return tr_string_inspect(f, text); }

static MAY_GC MAY_RAISE Value scanner_inspect(Fiber *f, Value self, const Args *args) {
    (void)args;
    Scanner *s = (Scanner *)self;
    const char *name = tr_class_cname(tr_real_class_of(self));
    if (s->string == TR_NIL) return tr_string_format(f, "#<%s (uninitialized)>", name);
    if (is_at_end(s)) return tr_string_format(f, "#<%s fin>", name);
    enum { SHOWN = 5 };
    size_t size = size_of(s), rest = size - s->current;
    Value after = piece(f, s, s->current, s->current + (rest > SHOWN ? SHOWN : rest));
    tr_string_set_encoding(after, ENCODING_BINARY);
    if (rest > SHOWN && tr_string_append_cstr(f, after, "...") == TR_RAISED) return TR_RAISED;
    if ((after = shown(f, after)) == TR_RAISED) return TR_RAISED;
    if (s->current == 0) return tr_string_format(f, "#<%s 0/%zu @ %s>", name, size, tr_string(after)->bytes);
    Value before = tr_string_new_encoded(f, s->current > SHOWN ? "..." : "", s->current > SHOWN ? 3 : 0,
                                         ENCODING_BINARY);
    size_t from = s->current > SHOWN ? s->current - SHOWN : 0;
    if (tr_string_append_bytes(f, before, tr_string(s->string)->bytes + from, s->current - from) == TR_RAISED)
        return TR_RAISED;
    if ((before = shown(f, before)) == TR_RAISED) return TR_RAISED;
    return tr_string_format(f, "#<%s %zu/%zu %s @ %s>", name, s->current, size, tr_string(before)->bytes,
                            tr_string(after)->bytes);
}

static Value scanner_s_must_c_version(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return self;
}

static const MethodDef scanner_methods[] = {
    {"initialize", scanner_initialize, ARITY(1, 2), METHOD_KEYWORDS},
    {"initialize_copy", scanner_initialize_copy, ARITY(1, 1), METHOD_PRIVATE},
    {"scan", scanner_scan, ARITY(1, 1), 0},
    {"match?", scanner_match_p, ARITY(1, 1), 0},
    {"skip", scanner_skip, ARITY(1, 1), 0},
    {"check", scanner_check, ARITY(1, 1), 0},
    {"scan_until", scanner_scan_until, ARITY(1, 1), 0},
    {"exist?", scanner_exist_p, ARITY(1, 1), 0},
    {"skip_until", scanner_skip_until, ARITY(1, 1), 0},
    {"check_until", scanner_check_until, ARITY(1, 1), 0},
    {"scan_full", scanner_scan_full, ARITY(3, 3), 0},
    {"search_full", scanner_search_full, ARITY(3, 3), 0},
    {"getch", scanner_getch, ARITY(0, 0), 0},
    {"get_byte", scanner_get_byte, ARITY(0, 0), 0},
    {"scan_byte", scanner_scan_byte, ARITY(0, 0), 0},
    {"peek_byte", scanner_peek_byte, ARITY(0, 0), 0},
    {"scan_integer", scanner_scan_integer, ARITY(0, 0), METHOD_KEYWORDS},
    {"peek", scanner_peek, ARITY(1, 1), 0},
    {"unscan", scanner_unscan, ARITY(0, 0), 0},
    {"pos", scanner_pos, ARITY(0, 0), 0},
    {"pointer", scanner_pos, ARITY(0, 0), 0},
    {"pos=", scanner_set_pos, ARITY(1, 1), 0},
    {"pointer=", scanner_set_pos, ARITY(1, 1), 0},
    {"charpos", scanner_charpos, ARITY(0, 0), 0},
    {"reset", scanner_reset, ARITY(0, 0), 0},
    {"terminate", scanner_terminate, ARITY(0, 0), 0},
    {"bol?", scanner_is_at_bol, ARITY(0, 0), 0},
    {"beginning_of_line?", scanner_is_at_bol, ARITY(0, 0), 0},
    {"eos?", scanner_is_at_end, ARITY(0, 0), 0},
    {"rest?", scanner_has_rest, ARITY(0, 0), 0},
    {"rest", scanner_rest, ARITY(0, 0), 0},
    {"rest_size", scanner_rest_size, ARITY(0, 0), 0},
    {"string", scanner_string, ARITY(0, 0), METHOD_LEAF},
    {"string=", scanner_set_string, ARITY(1, 1), 0},
    {"concat", scanner_concat, ARITY(1, 1), 0},
    {"<<", scanner_concat, ARITY(1, 1), 0},
    {"fixed_anchor?", scanner_has_fixed_anchor, ARITY(0, 0), 0},
    {"matched", scanner_matched, ARITY(0, 0), 0},
    {"matched?", scanner_is_matched, ARITY(0, 0), 0},
    {"matched_size", scanner_matched_size, ARITY(0, 0), 0},
    {"[]", scanner_aref, ARITY(1, 1), 0},
    {"size", scanner_size, ARITY(0, 0), 0},
    {"captures", scanner_captures, ARITY(0, 0), 0},
    {"values_at", scanner_values_at, ARITY_REST(0), 0},
    {"named_captures", scanner_named_captures, ARITY(0, 0), 0},
    {"pre_match", scanner_pre_match, ARITY(0, 0), 0},
    {"post_match", scanner_post_match, ARITY(0, 0), 0},
    {"inspect", scanner_inspect, ARITY(0, 0), 0},
    {NULL, NULL, 0, 0, 0}
};

MAY_SWITCH Value tr_strscan_init(Fiber *f);
Value tr_strscan_init(Fiber *f) {
    Class *klass = tr_class_define(f, "StringScanner", tr_class.object, NULL);
    klass->alloc = scanner_alloc;
    klass->instance_type = TYPE_DATA;
    scanner_error = tr_class_define(f, "Error", tr_class.standard_error, klass);
    tr_define_methods(f, klass, scanner_methods);
    tr_define_singleton_method(f, (Value)klass, "must_C_version", scanner_s_must_c_version, 0, 0, 0);
    tr_const_define(f, klass, "Version", tr_string_interned(f, "3.1.6", 5, ENCODING_US_ASCII));
    tr_const_define(f, klass, "Id", tr_string_interned(f, "$Id$", 4, ENCODING_US_ASCII));
    return TR_NIL;
}
