/* string_split.c - String#split: by blanks, by a string, into characters, by a regexp.
 *
 * Four loops over one Splitter, which cuts fields, counts them against the limit, and yields or collects
 * them. Without a limit, empty fields at the end are dropped: they are held back until a field that is not
 * empty follows.
 */
#include "core/regexp_match.h"
#include "core/string_internal.h"
#include "core/string_ops.h"
#include "core/string_pattern.h"

typedef struct Splitter {
    Value subject, list;
    Block block;
    int64_t limit;         /* most fields; 0: any number */
    int64_t count;
    size_t held_empty;     /* empty fields not given yet */
    bool drops_empty;      /* at the end */
} Splitter;

static MAY_SWITCH Value hand_over(Fiber *f, Splitter *s, Value field) {
    if (TR_SAFEPOINT(f) == TR_RAISED) return TR_RAISED;
    if (s->block != TR_NIL) return tr_yield1(f, s->block, field);
    return tr_array_push(f, s->list, field);
}

static MAY_SWITCH MAY_RAISE Value give(Fiber *f, Splitter *s, size_t begin, size_t end) {
    s->count++;
    if (s->drops_empty && begin == end) {
        s->held_empty++;
        return TR_NIL;
    }
    for (; s->held_empty > 0; s->held_empty--)
        if (hand_over(f, s, tr_string_sub(f, s->subject, begin, 0)) == TR_RAISED) return TR_RAISED;
    return hand_over(f, s, tr_string_sub(f, s->subject, begin, end - begin));
}

/* May another cut be made, or is what is left the last field? */
static inline bool may_cut(const Splitter *s) { return s->limit == 0 || s->count + 1 < s->limit; }

/* The last field. */
static MAY_SWITCH Value finish(Fiber *f, Splitter *s, size_t begin) {
    return give(f, s, begin, tr_string(s->subject)->size);
}

static inline bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static MAY_SWITCH MAY_RAISE Value split_blanks(Fiber *f, Splitter *s) {
    size_t size = tr_string(s->subject)->size, at = 0;
    const char *p = tr_string(s->subject)->bytes; /* frozen: its bytes stay */
    for (;;) {
        while (at < size && is_blank(p[at])) at++;
        if (at >= size) break;
        if (!may_cut(s)) return finish(f, s, at);
        size_t begin = at;
        while (at < size && !is_blank(p[at])) at++;
        if (give(f, s, begin, at) == TR_RAISED) return TR_RAISED;
        if (at >= size) return TR_NIL;
    }
    return s->drops_empty ? TR_NIL : finish(f, s, size); /* blanks at the end before an empty field */
}

static MAY_SWITCH MAY_RAISE Value split_chars(Fiber *f, Splitter *s) {
    size_t size = tr_string(s->subject)->size, at = 0;
    int encoding = tr_string_encoding(s->subject);
    bool is_single = tr_string_is_single_byte(s->subject);
    while (at < size) {
        if (!may_cut(s)) return finish(f, s, at);
        const char *p = tr_string(s->subject)->bytes + at;
        size_t n = is_single ? 1 : (size_t)tr_char_step(encoding, p, tr_string_end(s->subject));
        if (give(f, s, at, at + n) == TR_RAISED) return TR_RAISED;
        at += n;
    }
    return s->drops_empty ? TR_NIL : finish(f, s, size);
}

static MAY_SWITCH MAY_RAISE Value split_string(Fiber *f, Splitter *s, Value separator) {
    size_t at = 0, width = tr_string(separator)->size;
    if (tr_encoding_negotiate(f, s->subject, separator) < 0) return TR_RAISED;
    if (tr_string_is_broken(separator))
        return tr_raise(f, tr_class.argument_error, "invalid byte sequence in %s",
                        tr_encodings[tr_string_encoding(separator)].name);
    while (may_cut(s)) {
        int64_t found = tr_string_find(s->subject, separator, at);
        if (found < 0) break;
        if (give(f, s, at, (size_t)found) == TR_RAISED) return TR_RAISED;
        at = (size_t)found + width;
    }
    TR_KEEP(separator);
    return finish(f, s, at);
}

static MAY_SWITCH MAY_RAISE Value give_groups(Fiber *f, Splitter *s, Search *search) {
    int64_t counted = s->count; /* groups do not count against the limit */
    for (int i = 1; i < tr_search_group_count(search); i++) {
        int64_t begin, end;
        tr_search_group(search, i, &begin, &end);
        if (begin >= 0 && give(f, s, (size_t)begin, (size_t)end) == TR_RAISED) return TR_RAISED;
    }
    s->count = counted;
    return TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value split_regexp(Fiber *f, Splitter *s, Value regexp) {
    size_t size = tr_string(s->subject)->size, field = 0, from = 0;
    int encoding = tr_string_encoding(s->subject);
    Search search;
    if (!tr_search_begin(f, &search, regexp, s->subject)) return TR_RAISED;
    Value result = TR_RAISED;
    while (may_cut(s) && from <= size) {
        int64_t begin = tr_search_next(f, &search, from, false), end;
        if (begin == -2) goto done;
        if (begin < 0) break;
        tr_search_group(&search, 0, &begin, &end);
        if (begin == end && (size_t)begin == field) { /* an empty match where the field begins cuts nothing */
            if (field >= size) break;
            from = field + (size_t)tr_char_step(encoding, tr_string(s->subject)->bytes + field,
                                                tr_string_end(s->subject));
            if (from == (size_t)end) from++;
            continue;
        }
        if ((size_t)begin >= size && begin == end && s->drops_empty && field >= size) break;
        if (give(f, s, field, (size_t)begin) == TR_RAISED || give_groups(f, s, &search) == TR_RAISED)
            goto done;
        field = (size_t)end;
        from = field;
    }
    result = finish(f, s, field);
done:
    tr_search_end(&search);
    return result;
}

/* One of the four; a String " " means blanks, "" characters. */
static MAY_SWITCH MAY_RAISE Value split_by(Fiber *f, Splitter *s, Value pattern) {
    if (pattern == TR_NIL) {
        pattern = tr_global_get(f, tr_intern_cstr("$;"));
        if (pattern == TR_RAISED) return TR_RAISED;
        if (pattern == TR_NIL) return split_blanks(f, s);
    }
    if ((pattern = tr_pattern_argument(f, pattern)) == TR_RAISED) return TR_RAISED;
    if (tr_is_regexp(pattern)) {
        Value source = tr_regexp(pattern)->source;
        if (!tr_regexp_check(f, pattern)) return TR_RAISED;
        if (tr_string(source)->size == 0 && !tr_string_is_broken(s->subject)) return split_chars(f, s);
        return split_regexp(f, s, pattern);
    }
    if (tr_string_is(pattern, " ") && tr_encoding_is_ascii_compatible(tr_string_encoding(s->subject)))
        return split_blanks(f, s);
    if (tr_string(pattern)->size == 0) return split_chars(f, s);
    if (tr_string_is_broken(s->subject))
        return tr_raise(f, tr_class.argument_error, "invalid byte sequence in %s",
                        tr_encodings[tr_string_encoding(s->subject)].name);
    return split_string(f, s, pattern);
}

static MAY_SWITCH MAY_RAISE Value string_split(Fiber *f, Value self, const Args *args) {
    Value pattern = args->argc > 0 ? args->argv[0] : TR_NIL;
    int64_t limit = 0;
    if (args->argc > 1 && !tr_to_long(f, args->argv[1], &limit)) return TR_RAISED;
    Splitter s = {.block = args->block, .limit = limit > 0 ? limit : 0, .drops_empty = limit == 0};
    bool has_block = tr_block_is_given(args->block);
    s.list = has_block ? TR_NIL : tr_array_new(f, 4);
    if (limit == 1) {
        if (tr_string(self)->size > 0 && hand_over(f, &s, tr_string_dup(f, self)) == TR_RAISED)
            return TR_RAISED;
        return has_block ? self : s.list;
    }
    s.subject = tr_string_frozen_copy(f, self);
    if (tr_string(self)->size > 0) {
        if (split_by(f, &s, pattern) == TR_RAISED) return TR_RAISED;
    } else if (pattern != TR_NIL && tr_pattern_argument(f, pattern) == TR_RAISED) {
        return TR_RAISED;
    }
    TR_KEEP(s.subject);
    return has_block ? self : s.list;
}

const MethodDef tr_string_split_methods[] = {
    {"split", string_split, ARITY(0, 2), 0},
    {NULL, NULL, 0, 0, 0}
};
