/* string_set.c - methods that treat a string as a sequence of members of a character set: tr, delete,
 * squeeze, count.
 *
 * tr maps positions: the n-th code of the first list becomes the n-th of the second, whose last code stands
 * for all beyond its end. Lists stay ranges; a table holds the answers for codes below 256. Where a code
 * occurs twice in the first list the last occurrence counts.
 */
#include <stdlib.h>

#include "core/char_set.h"
#include "core/string_internal.h"

/* --- tr --- */

#define KEEP UINT32_MAX        /* not in the first list */

typedef struct Translation {
    Selector from, to;
    uint64_t to_count;         /* codes in the second list */
    uint32_t last;             /* its last code */
    uint32_t low[256];         /* KEEP, or the replacement */
} Translation;

static uint64_t selector_size(const Selector *selector) {
    uint64_t n = 0;
    for (size_t i = 0; i < selector->count; i++)
        n += (uint64_t)(selector->ranges[i].last - selector->ranges[i].first) + 1;
    return n;
}

static uint32_t translate_slow(const Translation *t, uint32_t code) {
    if (t->from.is_negated) return tr_selector_has(&t->from, code) ? t->last : KEEP;
    uint64_t position = 0, found = UINT64_MAX;
    for (size_t i = 0; i < t->from.count; i++) {
        CodeRange32 r = t->from.ranges[i];
        if (code >= r.first && code <= r.last) found = position + (code - r.first);
        position += (uint64_t)(r.last - r.first) + 1;
    }
    if (found == UINT64_MAX) return KEEP;
    if (found >= t->to_count) return t->last;
    for (size_t i = 0;; i++) {
        uint64_t n = (uint64_t)(t->to.ranges[i].last - t->to.ranges[i].first) + 1;
        if (found < n) return t->to.ranges[i].first + (uint32_t)found;
        found -= n;
    }
}

static inline uint32_t translate(const Translation *t, uint32_t code) {
    return code < 256 ? t->low[code] : translate_slow(t, code);
}

static void fill_low(Translation *t) { /* translate_slow for every code below 256 */
    if (t->from.is_negated) {
        uint64_t members[4];
        tr_selector_low(&t->from, members);
        for (uint32_t code = 0; code < 256; code++)
            t->low[code] = members[code >> 6] >> (code & 63) & 1 ? t->last : KEEP;
        return;
    }
    memset(t->low, 0xff, sizeof t->low);
    size_t at = 0;        /* range of the second list … */
    uint32_t used = 0;    /* … and how much of it is taken */
    for (size_t i = 0; i < t->from.count; i++) {
        for (uint64_t code = t->from.ranges[i].first;
             code <= t->from.ranges[i].last && (code < 256 || at < t->to.count); code++) {
            uint32_t fresh = t->last;
            if (at < t->to.count) {
                fresh = t->to.ranges[at].first + used;
                if (fresh == t->to.ranges[at].last) at++, used = 0;
                else used++;
            }
            if (code < 256) t->low[code] = fresh;
        }
    }
}

static MAY_GC bool translation_init(Fiber *f, Translation *t, Value from, Value to) {
    if (!tr_selector_init(f, &t->from, from, true)) return false;
    if (!tr_selector_init(f, &t->to, to, false)) {
        tr_selector_free(&t->from);
        return false;
    }
    t->to_count = selector_size(&t->to);
    t->last = t->to.ranges[t->to.count - 1].last;
    fill_low(t);
    return true;
}

static void translation_free(Translation *t) {
    tr_selector_free(&t->from);
    tr_selector_free(&t->to);
}

/* Every character is a byte and stays one. */
static MAY_GC MAY_RAISE Value translated_bytes(Fiber *f, Value self, const Translation *t, int encoding,
                                               bool squeezes, bool *changed) {
    size_t size = tr_string(self)->size;
    Value out = tr_string_alloc(f, tr_class.string, size, size, encoding);
    if (out == TR_RAISED) return TR_RAISED;
    const unsigned char *p = (const unsigned char *)tr_string(self)->bytes;
    char *to = tr_string(out)->bytes;
    uint32_t previous = KEEP;
    bool differs = false;
    for (size_t i = 0; i < size; i++) {
        uint32_t fresh = t->low[p[i]];
        if (fresh == KEEP) {
            previous = KEEP;
            *to++ = (char)p[i];
            continue;
        }
        differs |= fresh != p[i];
        if (squeezes && fresh == previous) {
            differs = true;
            continue;
        }
        previous = fresh;
        *to++ = (char)fresh;
    }
    *changed = differs;
    size_t fresh_size = (size_t)(to - tr_string(out)->bytes);
    if (fresh_size != size && tr_string_resize(f, out, fresh_size) == TR_RAISED) return TR_RAISED;
    if (tr_string_coderange_known(self) == CODERANGE_7BIT) tr_string_set_coderange(out, CODERANGE_7BIT);
    TR_KEEP(self);
    return out;
}

static bool stays_bytes(Value self, const Translation *t, int encoding) {
    if (!tr_string_is_single_byte(self)) return false;
    uint32_t limit = tr_string_is_7bit(self) ? 128 : 256,
             most = tr_encoding_is_single_byte(encoding) && limit == 256 ? 255 : 127;
    for (uint32_t code = 0; code < limit; code++)
        if (t->low[code] != KEEP && t->low[code] > most) return false;
    return limit == 128 || tr_encoding_is_single_byte(encoding);
}

static MAY_GC MAY_RAISE Value translated(Fiber *f, Value self, const Translation *t, int encoding,
                                         bool squeezes, bool *changed) {
    const char *p = tr_string(self)->bytes, *end = tr_string_end(self), *run = p;
    int own = tr_string_encoding(self);
    Value out = tr_string_alloc(f, tr_class.string, 0, tr_string(self)->size, encoding);
    if (out == TR_RAISED) return TR_RAISED;
    uint32_t previous = KEEP;
    while (p < end) {
        int n = tr_char_step(own, p, end);
        uint32_t code = tr_char_code(own, p, n), fresh = translate(t, code);
        if (fresh == KEEP) {
            previous = KEEP;
            p += n;
            continue;
        }
        if (fresh != code) *changed = true;
        if (fresh == code && !squeezes) {
            p += n;
            continue;
        }
        if (run < p && tr_string_append_bytes(f, out, run, (size_t)(p - run)) == TR_RAISED) return TR_RAISED;
        run = p += n;
        if (squeezes && fresh == previous) {
            *changed = true;
            continue;
        }
        previous = fresh;
        char bytes[8];
        int size = fresh & 0x80000000u ? (bytes[0] = (char)fresh, 1) : tr_char_encode(encoding, fresh, bytes);
        if (tr_string_append_bytes(f, out, bytes, (size_t)size) == TR_RAISED) return TR_RAISED;
    }
    if (run < p && tr_string_append_bytes(f, out, run, (size_t)(p - run)) == TR_RAISED) return TR_RAISED;
    TR_KEEP(self);
    return out;
}

static Value delete_all(Fiber *f, Value self, const CharSet *set, int encoding, bool *changed);

/* Both forms: the new content, and whether it differs. */
static MAY_SWITCH MAY_RAISE Value tr_content(Fiber *f, Value self, const Args *args, bool squeezes,
                                             bool *changed) {
    Value from = tr_to_str(f, args->argv[0]);
    if (from == TR_RAISED) return TR_RAISED;
    Value to = tr_to_str(f, args->argv[1]);
    if (to == TR_RAISED) return TR_RAISED;
    if (tr_string(self)->size == 0) return self;
    if (tr_string(to)->size == 0) {
        CharSet set;
        if (!tr_char_set_init(f, &set, self, 1, &from)) return TR_RAISED;
        Value out = delete_all(f, self, &set, tr_string_encoding(self), changed);
        tr_char_set_free(&set);
        return out;
    }
    int first = tr_encoding_negotiate(f, self, from),
        second = first < 0 ? -1 : tr_encoding_negotiate(f, self, to);
    if (second < 0) return TR_RAISED;
    int encoding = first == second ? first : tr_encoding_negotiate(f, from, to);
    if (encoding < 0) return TR_RAISED;
    if (tr_string_is_broken(self))
        return tr_raise(f, tr_class.argument_error, "invalid byte sequence in %s",
                        tr_encodings[tr_string_encoding(self)].name);
    Translation t;
    if (!translation_init(f, &t, from, to)) return TR_RAISED;
    Value out = stays_bytes(self, &t, encoding) ? translated_bytes(f, self, &t, encoding, squeezes, changed)
                                                : translated(f, self, &t, encoding, squeezes, changed);
    translation_free(&t);
    TR_KEEP(from);
    TR_KEEP(to);
    return out;
}

/* --- delete, squeeze, count --- */

static MAY_GC MAY_RAISE Value delete_all(Fiber *f, Value self, const CharSet *set, int encoding,
                                         bool *changed) {
    const char *p = tr_string(self)->bytes, *end = tr_string_end(self);
    Value out = tr_string_alloc(f, tr_class.string, tr_string(self)->size, tr_string(self)->size, encoding);
    if (out == TR_RAISED) return TR_RAISED;
    char *to = tr_string(out)->bytes;
    if (tr_string_is_single_byte(self)) {
        for (; p < end; p++)
            if (!tr_char_set_has_code(set, (unsigned char)*p)) *to++ = *p;
    } else {
        while (p < end) {
            int n = tr_char_step(encoding, p, end);
            if (!tr_char_set_has(set, encoding, p, n)) {
                memcpy(to, p, (size_t)n);
                to += n;
            }
            p += n;
        }
    }
    size_t size = (size_t)(to - tr_string(out)->bytes);
    *changed = size != tr_string(self)->size;
    if (tr_string_resize(f, out, size) == TR_RAISED) return TR_RAISED;
    if (tr_string_coderange_known(self) == CODERANGE_7BIT) tr_string_set_coderange(out, CODERANGE_7BIT);
    TR_KEEP(self);
    return out;
}

static MAY_SWITCH MAY_RAISE Value delete_content(Fiber *f, Value self, const Args *args, bool *changed) {
    CharSet set;
    if (!tr_char_set_init(f, &set, self, args->argc, args->argv)) return TR_RAISED;
    Value out = delete_all(f, self, &set, tr_string_encoding(self), changed);
    tr_char_set_free(&set);
    return out;
}

static MAY_SWITCH MAY_RAISE Value squeeze_content(Fiber *f, Value self, const Args *args, bool *changed) {
    CharSet set;
    if (!tr_char_set_init(f, &set, self, args->argc, args->argv)) return TR_RAISED;
    int encoding = tr_string_encoding(self);
    const char *p = tr_string(self)->bytes, *end = tr_string_end(self);
    Value out = tr_string_alloc(f, tr_class.string, tr_string(self)->size, tr_string(self)->size, encoding);
    if (out == TR_RAISED) {
        tr_char_set_free(&set);
        return TR_RAISED;
    }
    char *to = tr_string(out)->bytes;
    uint32_t previous = UINT32_MAX;
    if (tr_string_is_single_byte(self)) {
        for (; p < end; p++) {
            unsigned char c = (unsigned char)*p;
            if (c != previous || !tr_char_set_has_code(&set, c)) *to++ = (char)c;
            previous = c;
        }
    }
    while (p < end) {
        int n = tr_char_step(encoding, p, end);
        uint32_t code = tr_char_code(encoding, p, n);
        if (code != previous || !tr_char_set_has_code(&set, code)) {
            memcpy(to, p, (size_t)n);
            to += n;
        }
        previous = code;
        p += n;
    }
    tr_char_set_free(&set);
    size_t size = (size_t)(to - tr_string(out)->bytes);
    *changed = size != tr_string(self)->size;
    if (tr_string_resize(f, out, size) == TR_RAISED) return TR_RAISED;
    if (tr_string_coderange_known(self) == CODERANGE_7BIT) tr_string_set_coderange(out, CODERANGE_7BIT);
    TR_KEEP(self);
    return out;
}

static MAY_SWITCH MAY_RAISE Value string_count(Fiber *f, Value self, const Args *args) {
    CharSet set;
    if (args->argc == 1 && tr_is_string(args->argv[0]) && tr_string(args->argv[0])->size == 1 &&
        (signed char)tr_string(args->argv[0])->bytes[0] >= 0 && tr_string_is_single_byte(self) &&
        tr_encoding_is_ascii_compatible(tr_string_encoding(self))) { /* one byte in a string of bytes */
        char wanted = tr_string(args->argv[0])->bytes[0];
        size_t found = 0;
        for (const char *p = tr_string(self)->bytes, *end = tr_string_end(self); p < end; p++)
            found += *p == wanted;
        return TR_FIX(found);
    }
    if (!tr_char_set_init(f, &set, self, args->argc, args->argv)) return TR_RAISED;
    int encoding = tr_string_encoding(self);
    const char *p = tr_string(self)->bytes, *end = tr_string_end(self);
    size_t found = 0;
    if (tr_string_is_single_byte(self))
        for (; p < end; p++) found += tr_char_set_has_code(&set, (unsigned char)*p);
    while (p < end) {
        int n = tr_char_step(encoding, p, end);
        found += tr_char_set_has(&set, encoding, p, n);
        p += n;
    }
    tr_char_set_free(&set);
    return TR_FIX(found);
}

/* --- the two forms of each --- */

static MAY_GC MAY_RAISE Value change(Fiber *f, Value self, Value content, bool changed) {
    if (content == TR_RAISED) return TR_RAISED;
    if (!changed) return TR_NIL;
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    return tr_string_replace(f, self, content);
}

static MAY_GC Value plain(Fiber *f, Value self, Value content) {
    return content == self ? tr_string_dup(f, self) : content;
}

#define SET_METHODS(name, content) \
    static MAY_SWITCH MAY_RAISE Value string_##name(Fiber *f, Value self, const Args *args) { \
        bool changed = false; \
        return plain(f, self, content); \
    } \
    static MAY_SWITCH MAY_RAISE Value string_##name##_bang(Fiber *f, Value self, const Args *args) { \
        bool changed = false; \
        if (!tr_check_frozen(f, self)) return TR_RAISED; \
        Value fresh = content; \
        return change(f, self, fresh, changed); \
    }
MAY_SWITCH SET_METHODS(tr, tr_content(f, self, args, false, &changed))
MAY_SWITCH SET_METHODS(tr_s, tr_content(f, self, args, true, &changed))
MAY_SWITCH SET_METHODS(delete, delete_content(f, self, args, &changed))
MAY_SWITCH SET_METHODS(squeeze, squeeze_content(f, self, args, &changed))

const MethodDef tr_string_set_methods[] = {
    {"tr", string_tr, ARITY(2, 2), 0},
    {"tr!", string_tr_bang, ARITY(2, 2), 0},
    {"tr_s", string_tr_s, ARITY(2, 2), 0},
    {"tr_s!", string_tr_s_bang, ARITY(2, 2), 0},
    {"delete", string_delete, ARITY_REST(1), 0},
    {"delete!", string_delete_bang, ARITY_REST(1), 0},
    {"squeeze", string_squeeze, ARITY_REST(0), 0},
    {"squeeze!", string_squeeze_bang, ARITY_REST(0), 0},
    {"count", string_count, ARITY_REST(1), 0},
    {NULL, NULL, 0, 0, 0}
};
