/* char_set.c - reading and asking the character sets of String#tr and its kin.
 *
 * A selector is a list of ranges of code points; a set is the intersection of its selectors. For codes below
 * 256 the answer is computed once, so that ASCII text costs a table lookup per character.
 */
#include "core/char_set.h"

#include <stdlib.h>

#include "core/core.h"

typedef struct Reader { const char *p, *end; int encoding; } Reader;

static uint32_t read_code(Reader *reader) {
    int n = tr_char_step(reader->encoding, reader->p, reader->end);
    uint32_t code = tr_char_code(reader->encoding, reader->p, n);
    reader->p += n;
    return code;
}

/* A character, with the backslash in front of it gone; *is_escaped says that it was there. */
static uint32_t read_item(Reader *reader) {
    uint32_t code = read_code(reader);
    return code == '\\' && reader->p < reader->end ? read_code(reader) : code;
}

static MAY_GC bool raise_range(Fiber *f, Value text, const char *from, const char *to) {
    Value piece = tr_string_new_encoded(f, from, (size_t)(to - from), tr_string_encoding(text));
    (void)!tr_raise(f, tr_class.argument_error, "invalid range \"%pV\" in string transliteration",
                    (void *)piece);
    TR_KEEP(text);
    return false;
}

bool tr_selector_init(Fiber *f, Selector *selector, Value text, bool may_negate) {
    const String *s = tr_string(text);
    Reader reader = {s->bytes, s->bytes + s->size, tr_string_encoding(text)};
    *selector = (Selector){NULL, 0, false};
    if (s->size == 0) return true;
    selector->ranges = malloc(s->size * sizeof(CodeRange32));
    TR_CHECK(selector->ranges != NULL);
    if (may_negate) {
        Reader ahead = reader;
        if (read_code(&ahead) == '^' && ahead.p < ahead.end) {
            selector->is_negated = true;
            reader = ahead;
        }
    }
    while (reader.p < reader.end) {
        const char *start = reader.p;
        uint32_t first = read_item(&reader), last = first;
        Reader ahead = reader;
        if (ahead.p < ahead.end && read_code(&ahead) == '-' && ahead.p < ahead.end) {
            last = read_item(&ahead);
            reader = ahead;
            if (last < first) {
                tr_selector_free(selector);
                return raise_range(f, text, start, reader.p);
            }
        }
        selector->ranges[selector->count++] = (CodeRange32){first, last};
    }
    TR_KEEP(text);
    return true;
}

bool tr_selector_has(const Selector *selector, uint32_t code) {
    for (size_t i = 0; i < selector->count; i++)
        if (code >= selector->ranges[i].first && code <= selector->ranges[i].last)
            return !selector->is_negated;
    return selector->is_negated;
}

void tr_selector_low(const Selector *selector, uint64_t members[4]) {
    memset(members, 0, 4 * sizeof *members);
    for (size_t i = 0; i < selector->count; i++) {
        uint32_t last = selector->ranges[i].last < 255 ? selector->ranges[i].last : 255;
        for (uint32_t code = selector->ranges[i].first; code <= last; code++)
            members[code >> 6] |= (uint64_t)1 << (code & 63);
    }
    if (selector->is_negated)
        for (int k = 0; k < 4; k++) members[k] = ~members[k];
}

void tr_selector_free(Selector *selector) {
    free(selector->ranges);
    selector->ranges = NULL;
}

bool tr_char_set_has_high(const CharSet *set, uint32_t code) {
    for (size_t i = 0; i < set->count; i++)
        if (!tr_selector_has(&set->selectors[i], code)) return false;
    return true;
}

bool tr_char_set_init(Fiber *f, CharSet *set, Value self, int argc, const Value *argv) {
    set->count = 0;
    set->selectors = set->inline_selectors;
    if (tr_string_coderange(self) == CODERANGE_BROKEN) {
        (void)!tr_raise(f, tr_class.argument_error, "invalid byte sequence in %s",
                        tr_encodings[tr_string_encoding(self)].name);
        return false;
    }
    if (argc > CHAR_SET_SELECTORS) {
        set->selectors = malloc((size_t)argc * sizeof(Selector));
        TR_CHECK(set->selectors != NULL);
    }
    for (int i = 0; i < argc; i++) {
        Value text = tr_to_str(f, argv[i]);
        if (text == TR_RAISED || tr_encoding_negotiate(f, self, text) < 0 ||
            !tr_selector_init(f, &set->selectors[set->count], text, true)) {
            tr_char_set_free(set);
            return false;
        }
        set->count++;
    }
    memset(set->low, 0xff, sizeof set->low);
    for (size_t i = 0; i < set->count; i++) {
        uint64_t members[4];
        tr_selector_low(&set->selectors[i], members);
        for (int k = 0; k < 4; k++) set->low[k] &= members[k];
    }
    return true;
}

void tr_char_set_free(CharSet *set) {
    for (size_t i = 0; i < set->count; i++) tr_selector_free(&set->selectors[i]);
    if (set->selectors != set->inline_selectors) free(set->selectors);
    set->count = 0;
}
