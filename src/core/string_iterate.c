/* string_iterate.c - walking over a string: lines, characters, bytes, code points, grapheme clusters.
 *
 * One walker per kind of item; each hands the items to a Sink, which yields them or collects them in an
 * Array. The walk goes over a frozen copy (shared bytes), so the block may change the string.
 */
#include <oniguruma.h>

#include "core/string_internal.h"
#include "core/string_ops.h"
#include "core/string_succ.h"

typedef struct Sink {
    Block block; /* TR_NIL: collect */
    Value array;
} Sink;

static inline MAY_SWITCH Value give(Fiber *f, Sink *sink, Value item) {
    if (sink->block != TR_NIL) return tr_yield1(f, sink->block, item);
    if (TR_SAFEPOINT(f) == TR_RAISED) return TR_RAISED;
    return tr_array_push(f, sink->array, item);
}

typedef Value (*WalkFn)(Fiber *f, Value text, const Args *args, Sink *sink);

/* each_x: yields, answers self. */
static MAY_GC MAY_RAISE Value each(Fiber *f, Value self, const Args *args, WalkFn walk, EnumSizeFn size) {
    if (!tr_block_is_given(args->block)) return tr_enumerator(f, self, args, size);
    Sink sink = {args->block, TR_NIL};
    Value text = tr_string_frozen_copy(f, self);
    Value result = walk(f, text, args, &sink);
    TR_KEEP(text);
    return result == TR_RAISED ? TR_RAISED : self;
}

/* xs: an Array; with a block it is the same as each_x. */
static MAY_GC MAY_RAISE Value collect(Fiber *f, Value self, const Args *args, WalkFn walk) {
    Sink sink = {args->block, TR_NIL};
    if (!tr_block_is_given(args->block)) sink.array = tr_array_new(f, 8);
    Value text = tr_string_frozen_copy(f, self);
    Value result = walk(f, text, args, &sink);
    TR_KEEP(text);
    return result == TR_RAISED ? TR_RAISED : sink.block != TR_NIL ? self : sink.array;
}

/* --- lines --- */

/* Where does the line that starts at `from` end, separator included? */
static size_t line_end(Value text, Value separator, size_t from) {
    const String *s = tr_string(text), *r = tr_string(separator);
    if (r->size == 1 && tr_encoding_is_ascii_compatible(tr_string_encoding(text))) {
        const char *p = s->bytes + from, *end = s->bytes + s->size;
        while ((p = memchr(p, r->bytes[0], (size_t)(end - p))) != NULL) {
            if (r->bytes[0] < 0x40 || tr_string_is_single_byte(text) ||
                tr_char_left(tr_string_encoding(text), s->bytes, p, end) == p)
                return (size_t)(p - s->bytes) + 1;
            p++;
        }
        return s->size;
    }
    int64_t found = tr_string_find(text, separator, from);
    return found < 0 ? s->size : (size_t)found + r->size;
}

/* A paragraph: up to and with two newlines; all further newlines are skipped. *next is where the next one
 * starts. */
static size_t paragraph_end(Value text, size_t from, size_t *next) {
    const String *s = tr_string(text);
    size_t at = from;
    for (;;) {
        const char *p = memchr(s->bytes + at, '\n', s->size - at);
        if (!p) return *next = s->size;
        at = (size_t)(p - s->bytes) + 1;
        if (at < s->size && s->bytes[at] == '\n') break;
        if (at >= s->size) return *next = s->size;
    }
    *next = at + 1;
    while (*next < s->size && s->bytes[*next] == '\n') ++*next;
    return at + 1;
}

static MAY_SWITCH MAY_RAISE Value walk_lines(Fiber *f, Value text, const Args *args, Sink *sink) {
    static const Id names[] = {TR_ID_chomp};
    Value chomp = TR_UNDEF, separator;
    if (args->argc > 1) return tr_raise_argc(f, args->argc, 0, 1);
    if (args->keywords != TR_NIL && !tr_keywords(f, args->keywords, names, 0, 1, &chomp, false))
        return TR_RAISED;
    bool chomps = chomp != TR_UNDEF && tr_is_truthy(chomp);
    if (args->argc > 0) separator = args->argv[0];
    else if ((separator = tr_global_get(f, tr_intern_cstr("$/"))) == TR_RAISED) return TR_RAISED;
    if (separator == TR_NIL) return give(f, sink, tr_string_dup(f, text));
    separator = tr_to_str(f, separator);
    if (separator == TR_RAISED) return TR_RAISED;
    bool is_default = tr_string_is(separator, "\n"), is_paragraph = tr_string(separator)->size == 0;
    if (is_default && !tr_encoding_is_ascii_compatible(tr_string_encoding(text))) {
        char newline[8];
        int n = tr_char_encode(tr_string_encoding(text), '\n', newline);
        separator = tr_string_new_like(f, text, newline, (size_t)n);
    } else if (!is_default && tr_encoding_negotiate(f, text, separator) < 0) {
        return TR_RAISED;
    }
    for (size_t at = 0; at < tr_string(text)->size;) {
        size_t next, end;
        if (is_paragraph) end = paragraph_end(text, at, &next);
        else end = next = line_end(text, separator, at);
        Value line = tr_string_sub(f, text, at, end - at);
        if (chomps) {
            size_t off = 0;
            if (is_paragraph)
                while (off < tr_string(line)->size &&
                       tr_string(line)->bytes[tr_string(line)->size - 1 - off] == '\n')
                    off++;
            else if (is_default)
                off = tr_string(line)->size && tr_string(line)->bytes[tr_string(line)->size - 1] != '\r'
                          ? tr_string_chomp_size(line)
                          : 0;
            else if (tr_string(line)->size >= tr_string(separator)->size &&
                     memcmp(tr_string_end(line) - tr_string(separator)->size, tr_string(separator)->bytes,
                            tr_string(separator)->size) == 0)
                off = tr_string(separator)->size;
            if (off && tr_string_resize(f, line, tr_string(line)->size - off) == TR_RAISED) return TR_RAISED;
        }
        if (give(f, sink, line) == TR_RAISED) return TR_RAISED;
        at = next;
    }
    return TR_NIL;
}

static MAY_GC Value string_each_line(Fiber *f, Value self, const Args *args) {
    return each(f, self, args, walk_lines, NULL);
}
static MAY_GC Value string_lines(Fiber *f, Value self, const Args *args) {
    return collect(f, self, args, walk_lines);
}

/* --- characters --- */

static MAY_SWITCH MAY_RAISE Value walk_chars(Fiber *f, Value text, const Args *args, Sink *sink) {
    (void)args;
    int encoding = tr_string_encoding(text);
    bool is_7bit = tr_string_is_7bit(text);
    for (size_t at = 0; at < tr_string(text)->size;) {
        const char *p = tr_string(text)->bytes + at;
        int n = is_7bit ? 1 : tr_char_step(encoding, p, tr_string_end(text));
        Value item = tr_string_new_encoded(f, p, (size_t)n, encoding);
        if (is_7bit) tr_string_set_coderange(item, CODERANGE_7BIT);
        if (give(f, sink, item) == TR_RAISED) return TR_RAISED;
        at += (size_t)n;
    }
    return TR_NIL;
}

static Value size_chars(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return TR_FIX(tr_string_length(self));
}

static MAY_GC Value string_each_char(Fiber *f, Value self, const Args *args) {
    return each(f, self, args, walk_chars, size_chars);
}
static MAY_GC Value string_chars(Fiber *f, Value self, const Args *args) {
    return collect(f, self, args, walk_chars);
}

/* --- bytes: the string itself is read, so that the block sees its own changes --- */

static Value size_bytes(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return TR_FIX(tr_string(self)->size);
}

static MAY_SWITCH MAY_RAISE Value string_each_byte(Fiber *f, Value self, const Args *args) {
    if (!tr_block_is_given(args->block)) return tr_enumerator(f, self, args, size_bytes);
    for (size_t i = 0; i < tr_string(self)->size; i++)
        if (tr_yield1(f, args->block, TR_FIX((unsigned char)tr_string(self)->bytes[i])) == TR_RAISED)
            return TR_RAISED;
    return self;
}

static MAY_SWITCH MAY_RAISE Value string_bytes(Fiber *f, Value self, const Args *args) {
    if (tr_block_is_given(args->block)) return string_each_byte(f, self, args);
    Value array = tr_array_new(f, tr_string(self)->size);
    for (size_t i = 0; i < tr_string(self)->size; i++)
        if (tr_array_push(f, array, TR_FIX((unsigned char)tr_string(self)->bytes[i])) == TR_RAISED)
            return TR_RAISED;
    return array;
}

/* --- code points --- */

static MAY_SWITCH MAY_RAISE Value walk_codepoints(Fiber *f, Value text, const Args *args, Sink *sink) {
    (void)args;
    int encoding = tr_string_encoding(text);
    for (size_t at = 0; at < tr_string(text)->size;) {
        const char *p = tr_string(text)->bytes + at;
        int n = tr_char_size(encoding, p, tr_string_end(text));
        if (n <= 0)
            return tr_raise(f, tr_class.argument_error, "invalid byte sequence in %s",
                            tr_encodings[encoding].name);
        if (give(f, sink, TR_FIX(tr_char_decode(encoding, p, n))) == TR_RAISED) return TR_RAISED;
        at += (size_t)n;
    }
    return TR_NIL;
}

static MAY_GC Value string_each_codepoint(Fiber *f, Value self, const Args *args) {
    return each(f, self, args, walk_codepoints, size_chars);
}
static MAY_GC Value string_codepoints(Fiber *f, Value self, const Args *args) {
    return collect(f, self, args, walk_codepoints);
}

/* --- grapheme clusters: libonig's \X over the text as UTF-8; other encodings: characters --- */

static OnigRegex grapheme_regex(void) {
    static OnigRegex cached; /* published with release: a second maker's copy is dropped */
    OnigRegex regex = __atomic_load_n(&cached, __ATOMIC_ACQUIRE);
    if (regex) return regex;
    OnigErrorInfo info;
    static const unsigned char pattern[] = "\\X";
    if (onig_new(&regex, pattern, pattern + 2, ONIG_OPTION_NONE, ONIG_ENCODING_UTF8, ONIG_SYNTAX_RUBY,
                 &info) != ONIG_NORMAL)
        return NULL;
    OnigRegex expected = NULL;
    if (!__atomic_compare_exchange_n(&cached, &expected, regex, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        onig_free(regex);
        regex = expected;
    }
    return regex;
}

static size_t grapheme_size(OnigRegex regex, const char *p, const char *end) {
    if (end - p > 1 && (unsigned char)*p >= 0x20 && (unsigned char)*p < 0x7f && (unsigned char)p[1] >= 0x20 &&
        (unsigned char)p[1] < 0x7f)
        return 1;
    int n = onig_match(regex, (const unsigned char *)p, (const unsigned char *)end, (const unsigned char *)p,
                       NULL, ONIG_OPTION_NONE);
    return n > 0 ? (size_t)n : (size_t)tr_char_step(ENCODING_UTF8, p, end);
}

static MAY_SWITCH MAY_RAISE Value walk_graphemes(Fiber *f, Value text, const Args *args, Sink *sink) {
    OnigRegex regex = grapheme_regex();
    if (!regex || tr_encodings[tr_string_encoding(text)].kind != KIND_UTF8 || tr_string_is_broken(text))
        return walk_chars(f, text, args, sink);
    for (size_t at = 0; at < tr_string(text)->size;) {
        size_t n = grapheme_size(regex, tr_string(text)->bytes + at, tr_string_end(text));
        if (give(f, sink, tr_string_sub(f, text, at, n)) == TR_RAISED) return TR_RAISED;
        at += n;
    }
    return TR_NIL;
}

static Value size_graphemes(Fiber *f, Value self, const Args *args) {
    OnigRegex regex = grapheme_regex();
    if (!regex || tr_encodings[tr_string_encoding(self)].kind != KIND_UTF8 || tr_string_is_broken(self))
        return size_chars(f, self, args);
    size_t count = 0;
    for (const char *p = tr_string(self)->bytes, *end = tr_string_end(self); p < end; count++)
        p += grapheme_size(regex, p, end);
    return TR_FIX(count);
}

static MAY_GC Value string_each_grapheme_cluster(Fiber *f, Value self, const Args *args) {
    return each(f, self, args, walk_graphemes, size_graphemes);
}
static MAY_GC Value string_grapheme_clusters(Fiber *f, Value self, const Args *args) {
    return collect(f, self, args, walk_graphemes);
}

const MethodDef tr_string_iterate_methods[] = {
    {"each_line", string_each_line, ARITY_REST(0), METHOD_KEYWORDS},
    {"lines", string_lines, ARITY(0, 1), METHOD_KEYWORDS},
    {"each_char", string_each_char, ARITY(0, 0), 0},
    {"chars", string_chars, ARITY(0, 0), 0},
    {"each_byte", string_each_byte, ARITY(0, 0), 0},
    {"bytes", string_bytes, ARITY(0, 0), 0},
    {"each_codepoint", string_each_codepoint, ARITY(0, 0), 0},
    {"codepoints", string_codepoints, ARITY(0, 0), 0},
    {"each_grapheme_cluster", string_each_grapheme_cluster, ARITY(0, 0), 0},
    {"grapheme_clusters", string_grapheme_clusters, ARITY(0, 0), 0},
    {NULL, NULL, 0, 0, 0}
};
