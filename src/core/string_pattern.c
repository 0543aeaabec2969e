/* string_pattern.c - sub, gsub, scan: one pass over the subject, no objects but those that Ruby code sees.
 *
 * A Finder gives the matches of a pattern one after the other, be it a Regexp or a plain String. The subject
 * is a frozen copy that shares the bytes, so blocks may do what they like; a block that changes the receiver
 * is found out by comparing where its bytes are before and after. $~ is made when a block can see it, and
 * once at the end.
 */
#include <stdlib.h>

#include "core/regexp_match.h"
#include "core/string_internal.h"
#include "core/string_pattern.h"

/* --- finder --- */

bool tr_finder_begin(Fiber *f, Finder *finder, Value pattern, Value subject) {
    finder->subject = subject;
    finder->next = 0;
    finder->is_regexp = tr_is_regexp(pattern);
    finder->needle = pattern;
    if (finder->is_regexp) {
        if (!tr_search_begin(f, &finder->search, pattern, subject)) return false;
        memset(&finder->spare, 0, sizeof finder->spare);
        if (finder->search.region.allocated) {
            finder->spare.allocated = REGION_INLINE;
            finder->spare.beg = finder->spare_begin;
            finder->spare.end = finder->spare_end;
        }
        return true;
    }
    return tr_encoding_negotiate(f, subject, pattern) >= 0;
}

void tr_finder_end(Finder *finder) {
    if (finder->is_regexp) {
        bool is_inline = finder->spare.beg == finder->spare_begin ||
                         finder->spare.beg == finder->search.begin;
        if (is_inline) finder->search.region.beg = finder->search.begin;
        else onig_region_free(&finder->spare, 0);
        tr_search_end(&finder->search);
    }
    TR_KEEP(finder->needle);
    TR_KEEP(finder->subject);
}

static void swap_regions(Finder *finder) {
    OnigRegion region = finder->search.region;
    finder->search.region = finder->spare;
    finder->spare = region;
}

int tr_finder_next(Fiber *f, Finder *finder) {
    if (TR_SAFEPOINT(f) == TR_RAISED) return -1; /* a long text has no other */
    size_t size = tr_string(finder->subject)->size;
    if (finder->next > size) return 0;
    int64_t begin, end;
    if (finder->is_regexp) {
        swap_regions(finder);
        begin = tr_search_next(f, &finder->search, finder->next, false);
        if (begin < 0) {
            swap_regions(finder);
            return begin == -2 ? -1 : 0;
        }
        tr_search_group(&finder->search, 0, &begin, &end); /* \K moves the beginning */
    } else {
        begin = tr_string_find(finder->subject, finder->needle, finder->next);
        if (begin < 0) return 0;
        end = begin + (int64_t)tr_string(finder->needle)->size;
    }
    finder->begin = (size_t)begin;
    finder->end = (size_t)end;
    if (end > begin) finder->next = (size_t)end;
    else if ((size_t)end < size)
        finder->next = (size_t)end + (size_t)tr_char_step(tr_string_encoding(finder->subject),
                                                          tr_string(finder->subject)->bytes + end,
                                                          tr_string_end(finder->subject));
    else finder->next = size + 1;
    return 1;
}

Value tr_finder_match(Fiber *f, const Finder *finder) {
    if (finder->is_regexp) return tr_search_match(f, &finder->search, finder->subject);
    return tr_match_of_string(f, finder->subject, finder->begin, finder->end - finder->begin);
}

static int group_count(const Finder *finder) {
    return finder->is_regexp ? tr_search_group_count(&finder->search) : 1;
}

/* --- replacement --- */

typedef struct Replacement {
    Value text;    /* String, or TR_UNDEF */
    Value hash;    /* Hash, or TR_UNDEF */
    Block block;   /* with neither */
    bool is_plain; /* a text without backslashes */
} Replacement;

static MAY_GC Value append_piece(Fiber *f, Value out, Value subject, size_t begin, size_t end) {
    if (begin >= end) return out;
    if (tr_string_encoding(out) == tr_string_encoding(subject)) {
        enum CodeRange range = tr_string_coderange_known(subject) == CODERANGE_7BIT ? CODERANGE_7BIT
                                                                                    : CODERANGE_UNKNOWN;
        return tr_string_append_ranged(f, out, tr_string(subject)->bytes + begin, end - begin, range);
    }
    return tr_string_append(f, out, tr_string_sub(f, subject, begin, end - begin));
}

static MAY_GC Value append_group(Fiber *f, Value out, const Finder *finder, int n) {
    if (n == 0) return append_piece(f, out, finder->subject, finder->begin, finder->end);
    if (n >= group_count(finder)) return out;
    int64_t begin, end;
    tr_search_group(&finder->search, n, &begin, &end);
    return begin < 0 ? out : append_piece(f, out, finder->subject, (size_t)begin, (size_t)end);
}

/* The group called name; -1: raised. */
static MAY_GC int find_name(Fiber *f, const Finder *finder, const char *name, size_t size) {
    if (size > 0 && name[0] >= '0' && name[0] <= '9') return atoi(name);
    if (finder->is_regexp) {
        Regexp *regexp = tr_regexp(finder->search.regexp);
        for (int i = 0; i < regexp->name_count; i++) {
            const IdName *id = tr_id_name(regexp->names[i].name);
            if (id->size != size || memcmp(id->bytes, name, size) != 0) continue;
            const RegexpName *n = &regexp->names[i];
            for (int k = n->count - 1; k >= 0; k--)
                if (finder->search.region.beg[n->groups[k]] >= 0) return n->groups[k];
            return n->groups[n->count - 1];
        }
    }
    (void)!tr_raise(f, tr_class.index_error, "undefined group name reference: %.*s", (int)size, name);
    return -1;
}

static int last_taken_group(const Finder *finder) {
    int n = group_count(finder) - 1;
    while (n > 0 && finder->search.region.beg[n] < 0) n--;
    return n;
}

/* What follows a backslash at *p (the letter); appends it and moves *p behind. */
static MAY_GC MAY_RAISE Value append_escape(Fiber *f, Value out, const Finder *finder, const char **at,
                                            const char *end) {
    const char *p = *at;
    char c = *p++;
    size_t size = tr_string(finder->subject)->size;
    *at = p;
    switch (c) {
    case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
        return append_group(f, out, finder, c - '0');
    case '0': case '&': return append_group(f, out, finder, 0);
    case '`': return append_piece(f, out, finder->subject, 0, finder->begin);
    case '\'': return append_piece(f, out, finder->subject, finder->end, size);
    case '\\': return tr_string_append_bytes(f, out, "\\", 1);
    case '+': {
        int n = last_taken_group(finder);
        return n > 0 ? append_group(f, out, finder, n) : out;
    }
    case 'k': {
        const char *close = p < end && *p == '<' ? memchr(p, '>', (size_t)(end - p)) : NULL;
        if (!close) break;
        int n = find_name(f, finder, p + 1, (size_t)(close - p - 1));
        if (n < 0) return TR_RAISED;
        *at = close + 1;
        return append_group(f, out, finder, n);
    }
    }
    return tr_string_append_bytes(f, out, (char[]){'\\', c}, 2);
}

static MAY_GC MAY_RAISE Value append_expanded(Fiber *f, Value out, const Finder *finder, Value text) {
    if (tr_string_encoding(out) !=
        tr_string_encoding(text)) { /* settle the encoding before bytes are copied */
        int encoding = tr_encoding_negotiate(f, out, text);
        if (encoding < 0) return TR_RAISED;
        tr_string_set_encoding(out, encoding);
    }
    const char *p = tr_string(text)->bytes, *end = tr_string_end(text);
    int encoding = tr_string_encoding(text);
    while (p < end) {
        const char *run = p;
        while (p < end && *p != '\\') p += tr_char_step(encoding, p, end);
        if (p + 1 >= end) p = end; /* a backslash at the very end is itself */
        if (tr_string_append_bytes(f, out, run, (size_t)(p - run)) == TR_RAISED) return TR_RAISED;
        if (p >= end) break;
        p++;
        if (append_escape(f, out, finder, &p, end) == TR_RAISED) return TR_RAISED;
    }
    TR_KEEP(text);
    return out;
}

static MAY_SWITCH MAY_RAISE Value append_computed(Fiber *f, Value out, Value self, const Finder *finder,
                                                  const Replacement *with, Value *match) {
    Value found = tr_string_sub(f, finder->subject, finder->begin, finder->end - finder->begin);
    Value value;
    const char *bytes = tr_string(self)->bytes;
    size_t size = tr_string(self)->size;
    if (with->hash != TR_UNDEF) {
        value = tr_hash_aref(f, with->hash, found);
    } else {
        *match = tr_finder_match(f, finder);
        tr_backref_set(f, *match);
        value = tr_yield1(f, with->block, found);
    }
    if (value == TR_RAISED) return TR_RAISED;
    Value text = tr_is_string(value) ? value : tr_to_s(f, value);
    if (text == TR_RAISED) return TR_RAISED;
    if (tr_string(self)->bytes != bytes || tr_string(self)->size != size)
        return tr_raise(f, tr_class.runtime_error, "string modified");
    return tr_string_append(f, out, text);
}

static MAY_SWITCH Value append_replacement(Fiber *f, Value out, Value self, const Finder *finder,
                                           const Replacement *with, Value *match) {
    if (with->text == TR_UNDEF) return append_computed(f, out, self, finder, with, match);
    return with->is_plain ? tr_string_append(f, out, with->text)
                          : append_expanded(f, out, finder, with->text);
}

/* The new content, or self when nothing matched. */
static MAY_SWITCH MAY_RAISE Value substituted(Fiber *f, Value self, Value pattern, const Replacement *with,
                                              bool once) {
    Value subject = tr_string_frozen_copy(f, self);
    Finder finder;
    if (!tr_finder_begin(f, &finder, pattern, subject)) return TR_RAISED;
    Value out = self, match = TR_UNDEF, result = TR_RAISED;
    size_t copied = 0;
    int found;
    while ((found = tr_finder_next(f, &finder)) > 0) {
        if (out == self) {
            out = tr_string_alloc(f, tr_class.string, 0, tr_string(subject)->size + 16,
                                  tr_string_encoding(subject));
            if (out == TR_RAISED) goto done;
        }
        if (append_piece(f, out, subject, copied, finder.begin) == TR_RAISED) goto done;
        if (append_replacement(f, out, self, &finder, with, &match) == TR_RAISED) goto done;
        copied = finder.end;
        if (once) break;
    }
    if (found < 0) goto done;
    if (out == self) {
        match = TR_NIL;
    } else {
        if (match == TR_UNDEF) match = tr_finder_match(f, &finder);
        if (append_piece(f, out, subject, copied, tr_string(subject)->size) == TR_RAISED) goto done;
    }
    tr_backref_set(f, match);
    result = out;
done:
    tr_finder_end(&finder);
    return result;
}

/* --- sub, gsub --- */

/* Reads the arguments. 1: go on, 0: answer *result (an Enumerator), -1: raised. */
static MAY_SWITCH int read_arguments(Fiber *f, Value self, const Args *args, bool once, Value *pattern,
                                     Replacement *with, Value *result) {
    bool has_block = tr_block_is_given(args->block);
    if (args->argc == 1 && !has_block) {
        if (once) return (void)!tr_raise_argc(f, 1, 2, 2), -1;
        *result = tr_enumerator(f, self, args, NULL);
        return *result == TR_RAISED ? -1 : 0;
    }
    if (args->argc == 0 || args->argc > 2) return (void)!tr_raise_argc(f, args->argc, once ? 2 : 1, 2), -1;
    *with = (Replacement){TR_UNDEF, TR_UNDEF, args->block, false};
    if (args->argc == 2) {
        Value v = args->argv[1];
        if (!tr_is_string(v)) {
            Value hash = tr_try_convert(f, v, tr_class.hash, TR_ID_to_hash);
            if (hash == TR_RAISED) return -1;
            if (hash != TR_NIL) with->hash = hash;
            else if ((v = tr_to_str(f, v)) == TR_RAISED) return -1;
        }
        if (with->hash == TR_UNDEF) {
            with->text = v;
            with->is_plain = !memchr(tr_string(v)->bytes, '\\', tr_string(v)->size);
        }
    }
    *pattern = tr_is_regexp(args->argv[0]) || tr_is_string(args->argv[0])
                   ? args->argv[0]
                   : tr_pattern_argument(f, args->argv[0]);
    return *pattern == TR_RAISED ? -1 : 1;
}

Value tr_pattern_argument(Fiber *f, Value v) {
    if (tr_is_regexp(v) || tr_is_string(v)) return v;
    Value text = tr_try_convert(f, v, tr_class.string, TR_ID_to_str);
    return text == TR_NIL ? tr_to_regexp(f, v, true) : text;
}

static MAY_SWITCH MAY_RAISE Value substitute(Fiber *f, Value self, const Args *args, bool once,
                                             bool in_place) {
    Value pattern, result = TR_NIL;
    Replacement with;
    if (in_place && (once || args->argc == 2 || tr_block_is_given(args->block)) && !tr_check_frozen(f, self))
        return TR_RAISED;
    int go_on = read_arguments(f, self, args, once, &pattern, &with, &result);
    if (go_on <= 0) return go_on < 0 ? TR_RAISED : result;
    result = substituted(f, self, pattern, &with, once);
    if (result == TR_RAISED) return TR_RAISED;
    if (!in_place) return result == self ? tr_string_dup(f, self) : result;
    if (result == self) return TR_NIL;
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    return tr_string_replace(f, self, result);
}

static MAY_SWITCH Value string_sub(Fiber *f, Value self, const Args *args) {
    return substitute(f, self, args, true, false);
}
static MAY_SWITCH Value string_gsub(Fiber *f, Value self, const Args *args) {
    return substitute(f, self, args, false, false);
}
static MAY_SWITCH Value string_sub_bang(Fiber *f, Value self, const Args *args) {
    return substitute(f, self, args, true, true);
}
static MAY_SWITCH Value string_gsub_bang(Fiber *f, Value self, const Args *args) {
    return substitute(f, self, args, false, true);
}

/* --- scan --- */

static MAY_GC MAY_RAISE Value scanned_item(Fiber *f,
                                           const Finder *finder) { /* the match, or the Array of its groups */
    int count = group_count(finder);
    if (count == 1) return tr_string_sub(f, finder->subject, finder->begin, finder->end - finder->begin);
    Value groups = tr_array_new(f, (size_t)count - 1);
    for (int i = 1; i < count; i++) {
        int64_t begin, end;
        tr_search_group(&finder->search, i, &begin, &end);
        Value text = begin < 0 ? TR_NIL
                               : tr_string_sub(f, finder->subject, (size_t)begin, (size_t)(end - begin));
        if (tr_array_push(f, groups, text) == TR_RAISED) return TR_RAISED;
    }
    return groups;
}

static MAY_SWITCH MAY_RAISE Value string_scan(Fiber *f, Value self, const Args *args) {
    Value pattern = tr_pattern_argument(f, args->argv[0]);
    if (pattern == TR_RAISED) return TR_RAISED;
    Value subject = tr_string_frozen_copy(f, self);
    Finder finder;
    if (!tr_finder_begin(f, &finder, pattern, subject)) return TR_RAISED;
    bool has_block = tr_block_is_given(args->block);
    Value list = has_block ? TR_NIL : tr_array_new(f, 8), last = TR_NIL, result = TR_RAISED;
    bool has_match = false;
    int found;
    while ((found = tr_finder_next(f, &finder)) > 0) {
        has_match = true;
        Value item = scanned_item(f, &finder);
        if (item == TR_RAISED) goto done;
        if (!has_block) {
            if (tr_array_push(f, list, item) == TR_RAISED) goto done;
            continue;
        }
        const char *bytes = tr_string(self)->bytes;
        size_t size = tr_string(self)->size;
        last = tr_finder_match(f, &finder);
        tr_backref_set(f, last);
        if (tr_yield1(f, args->block, item) == TR_RAISED) goto done;
        if (tr_string(self)->bytes != bytes || tr_string(self)->size != size) {
            (void)!tr_raise(f, tr_class.runtime_error, "string modified");
            goto done;
        }
    }
    if (found < 0) goto done;
    if (last == TR_NIL && has_match) last = tr_finder_match(f, &finder);
    tr_backref_set(f, last);
    result = has_block ? self : list;
done:
    tr_finder_end(&finder);
    return result;
}

const MethodDef tr_string_pattern_methods[] = {
    {"sub", string_sub, ARITY_REST(0), 0},
    {"sub!", string_sub_bang, ARITY_REST(0), 0},
    {"gsub", string_gsub, ARITY_REST(0), 0},
    {"gsub!", string_gsub_bang, ARITY_REST(0), 0},
    {"scan", string_scan, ARITY(1, 1), 0},
    {NULL, NULL, 0, 0, 0}
};
