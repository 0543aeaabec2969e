/* regexp_match.c - searching, and the methods of Regexp that search.
 *
 * A Search holds what repeated matching over one subject needs. libonig counts retries and gives up at a
 * limit; the first attempt has a limit of some tens of milliseconds' work. One that is given up is started
 * again with four times the limit: on a helper thread, so that a regexp that runs wild can be interrupted and
 * lets others run, or, when it has a timeout, here, with limits that meet it.
 */
#include <stdlib.h>

#include "core/encoding.h"
#include "core/regexp_internal.h"
#include "core/regexp_linear.h"
#include "core/string_internal.h"

#define FIRST_RETRY_LIMIT 4000000ul

/* --- preparing --- */

static MAY_GC bool raise_mismatch(Fiber *f, Value regexp, Value string) {
    (void)!tr_raise(f, tr_class.compatibility_error,
                    "incompatible encoding regexp match (%s regexp with %s string)",
                    tr_encoding_message_name(tr_string_encoding(tr_regexp(regexp)->source)),
                    tr_encoding_message_name(tr_string_encoding(string)));
    return false;
}

/* Which program the subject needs: an encoding, or -1 for 7-bit text. False: raised. */
static MAY_GC bool choose_encoding(Fiber *f, Value regexp, Value string, int *encoding) {
    enum CodeRange range = tr_string_coderange(string);
    int own = tr_string_encoding(tr_regexp(regexp)->source), subject = tr_string_encoding(string);
    if (TR_UNLIKELY(range == CODERANGE_BROKEN)) {
        (void)!tr_raise(f, tr_class.argument_error, "invalid byte sequence in %s",
                        tr_encodings[subject].name);
        return false;
    }
    if (tr_regexp(regexp)->options & REGEXP_FIXEDENCODING) {
        if (own != subject && range != CODERANGE_7BIT) return raise_mismatch(f, regexp, string);
        *encoding = own;
        return true;
    }
    if (range == CODERANGE_7BIT) {
        *encoding = -1;
        return true;
    }
    if (!tr_encoding_is_ascii_compatible(subject)) return raise_mismatch(f, regexp, string);
    *encoding = subject;
    return true;
}

bool tr_search_begin(Fiber *f, Search *search, Value regexp, Value string) {
    int encoding;
    if (!tr_regexp_check(f, regexp) || !choose_encoding(f, regexp, string, &encoding)) return false;
    OnigRegex program = NULL;
    for (RegexpProgram *p = atomic_load_explicit(&tr_regexp(regexp)->programs, memory_order_acquire); p;
         p = p->next) {
        if (p->encoding == encoding) {
            program = p->regex;
            break;
        }
    }
    if (!program && !(program = tr_regexp_program(f, regexp, encoding))) return false;
    search->regexp = regexp;
    search->string = string;
    search->program = program;
    search->encoding = encoding;
    search->param = NULL;
    search->base = 0;
    OnigRegion *region = &search->region;
    memset(region, 0, sizeof *region);
    if (onig_number_of_captures(program) < REGION_INLINE) {
        region->allocated = REGION_INLINE;
        region->beg = search->begin;
        region->end = search->end;
    }
    int64_t timeout = tr_regexp(regexp)->timeout_ns;
    if (timeout == 0) timeout = atomic_load_explicit(&tr_regexp_default_timeout_ns, memory_order_relaxed);
    search->deadline_ns = timeout == 0 ? TR_FOREVER : tr_now_ns() + timeout;
    return true;
}

void tr_search_end(Search *search) {
    if (search->region.beg != search->begin) onig_region_free(&search->region, 0);
    if (search->param) onig_free_match_param(search->param);
    TR_KEEP(search->regexp);
    TR_KEEP(search->string);
}

/* --- running --- */

/* May plain bytes be looked for in it: no ASCII byte is ever part of another character. */
static inline bool is_byte_searchable(Value string) {
    const Encoding *e = tr_encoding(tr_string_encoding(string));
    return e->kind == KIND_UTF8 || e->max_size == 1 || tr_string_is_7bit(string);
}

static int run_plain(Search *search, size_t start, bool backward, bool only_here) {
    const String *needle = tr_string(tr_regexp(search->regexp)->source), *s = tr_string(search->string);
    int64_t found = -1;
    if (backward) {
        found = tr_string_rfind(search->string, (Value)needle, start);
    } else if (start + needle->size <= s->size) {
        if (only_here) {
            if (memcmp(s->bytes + start, needle->bytes, needle->size) == 0) found = (int64_t)start;
        } else {
            const char *p = memmem(s->bytes + start, s->size - start, needle->bytes, needle->size);
            if (p) found = p - s->bytes;
        }
    }
    if (found < 0) return ONIG_MISMATCH;
    search->region.num_regs = 1;
    search->region.beg[0] = (int)(found - (int64_t)search->base);
    search->region.end[0] = search->region.beg[0] + (int)needle->size;
    return only_here ? (int)needle->size : search->region.beg[0];
}

static int run(Search *search, size_t start, bool backward, bool only_here, OnigMatchParam *param) {
    if (tr_regexp(search->regexp)->is_plain_text && is_byte_searchable(search->string))
        return run_plain(search, start, backward, only_here);
    const OnigUChar *text = (const OnigUChar *)tr_string(search->string)->bytes,
                    *end = text + tr_string(search->string)->size;
    const OnigUChar *from = text + start;
    text += search->base;
    if (only_here)
        return onig_match_with_param(search->program, text, end, from, &search->region, ONIG_OPTION_NONE,
                                     param);
    return onig_search_with_param(search->program, text, end, from, backward ? text : end, &search->region,
                                  ONIG_OPTION_NONE, param);
}

static MAY_GC int64_t raise_failure(Fiber *f, int code) {
    if (code == ONIGERR_MATCH_STACK_LIMIT_OVER || code == ONIGERR_MEMORY) (void)!tr_raise_no_memory(f);
    else {
        char message[ONIG_MAX_ERROR_MESSAGE_LEN + 1] = {0};
        onig_error_code_to_str((OnigUChar *)message, code);
        (void)!tr_raise(f, tr_class.regexp_error, "%s", message);
    }
    return -2;
}

static bool is_limit(int code) {
    return code == ONIGERR_RETRY_LIMIT_IN_MATCH_OVER || code == ONIGERR_RETRY_LIMIT_IN_SEARCH_OVER ||
           code == ONIGERR_SUBEXP_CALL_LIMIT_IN_SEARCH_OVER;
}

/* --- long searches --- */

/* One that goes back and forth for long runs on a helper thread, on copies, so that it can be interrupted: then it is
 * abandoned at its next limit. */
typedef struct LongSearch {
    OnigRegex program;
    OnigMatchParam *param;
    OnigRegion region;
    OnigUChar *text;
    size_t size, base, start;
    bool is_backward, only_here;
    unsigned long limit;
    int code;
} LongSearch;

static void search_long(void *data, const _Atomic bool *is_abandoned) {
    LongSearch *l = data;
    const OnigUChar *text = l->text + l->base, *from = l->text + l->start, *end = l->text + l->size;
    do {
        l->limit = l->limit > ~0ul / 8 ? 0 : l->limit * 4;
        onig_set_retry_limit_in_match_of_match_param(l->param, l->limit);
        onig_set_retry_limit_in_search_of_match_param(l->param, l->limit);
        if (l->only_here)
            l->code = onig_match_with_param(l->program, text, end, from, &l->region, ONIG_OPTION_NONE, l->param);
        else
            l->code = onig_search_with_param(l->program, text, end, from, l->is_backward ? text : end, &l->region,
                                             ONIG_OPTION_NONE, l->param);
    } while (is_limit(l->code) && !atomic_load(is_abandoned));
}

static void drop_long(void *data) {
    LongSearch *l = data;
    onig_region_free(&l->region, 0);
    onig_free_match_param(l->param);
    onig_free(l->program);
    free(l->text);
    free(l);
}

static MAY_SWITCH MAY_RAISE int64_t run_long(Fiber *f, Search *search, size_t start, bool backward, bool only_here,
                                             unsigned long limit) {
    const String *s = tr_string(search->string);
    LongSearch *l = calloc(1, sizeof *l);
    OnigRegex program = tr_regexp_own_program(search->regexp, search->encoding);
    TR_CHECK(l && program);
    *l = (LongSearch){.program = program, .param = onig_new_match_param(), .text = malloc(s->size + 1), .size = s->size,
                      .base = search->base, .start = start, .is_backward = backward, .only_here = only_here, .limit = limit};
    TR_CHECK(l->text && l->param);
    memcpy(l->text, s->bytes, s->size);
    size_t size = s->size;
    if (tr_abandonable_call(f, search_long, l, drop_long) == TR_RAISED) return -2;
    int code = l->code;
    if (code >= 0) onig_region_copy(&search->region, &l->region);
    drop_long(l);
    if (tr_string(search->string)->size != size)
        return (void)!tr_raise(f, tr_class.runtime_error, "string modified"), -2;
    return code >= 0 ? code : code == ONIG_MISMATCH ? -1 : raise_failure(f, code);
}

/* A limit was reached: once in linear time, or with higher ones. */
static MAY_SWITCH int64_t run_on(Fiber *f, Search *search, size_t start, bool backward, bool only_here) {
    unsigned long limit = FIRST_RETRY_LIMIT;
    size_t size = tr_string(search->string)->size;
    if (!backward) {
        int64_t linear = tr_regexp_linear_search(search, search->encoding, start, only_here, &search->region);
        if (linear != -3) return linear;
    }
    for (;;) {
        int64_t began = tr_now_ns();
        if (began >= search->deadline_ns)
            return (void)!tr_raise(f, tr_regexp_timeout_error, "regexp match timeout"), -2;
        if (TR_SAFEPOINT(f) == TR_RAISED) return -2;
        if (tr_string(search->string)->size != size)
            return (void)!tr_raise(f, tr_class.runtime_error, "string modified"), -2;
        if (search->deadline_ns == TR_FOREVER) return run_long(f, search, start, backward, only_here, limit);
        limit = limit > ~0ul / 8 ? 0 : limit * 4;
        unsigned long left = (unsigned long)(search->deadline_ns - began) / 8; /* at 10 ns or so for a retry */
        if (left < limit || limit == 0) limit = left < 100000 ? 100000 : left;
        if (!search->param) search->param = onig_new_match_param();
        onig_set_retry_limit_in_match_of_match_param(search->param, limit);
        onig_set_retry_limit_in_search_of_match_param(search->param, limit);
        int code = run(search, start, backward, only_here, search->param);
        if (!is_limit(code)) return code >= 0 ? code : code == ONIG_MISMATCH ? -1 : raise_failure(f, code);
    }
}

/* Parameters of a first attempt, for this OS thread: libonig counts in them, so a shared one would be a race, and its cache
 * line would travel between the cores with every search. No search switches threads. */
static __attribute__((noinline)) OnigMatchParam *first_param(void) {
    static _Thread_local OnigMatchParam *param; /* as long as the thread: workers do not end */
    if (TR_LIKELY(param != NULL)) return param;
    param = onig_new_match_param();
    TR_CHECK(param != NULL);
    onig_set_retry_limit_in_match_of_match_param(param, FIRST_RETRY_LIMIT);
    onig_set_retry_limit_in_search_of_match_param(param, FIRST_RETRY_LIMIT);
    return param;
}

int64_t tr_search_next(Fiber *f, Search *search, size_t start, bool backward) {
    int code = run(search, start, backward, false, first_param());
    if (TR_LIKELY(code >= ONIG_MISMATCH)) return code;
    return is_limit(code) ? run_on(f, search, start, backward, false) : raise_failure(f, code);
}

int64_t tr_search_here(Fiber *f, Search *search, size_t start) {
    int code = run(search, start, false, true, first_param());
    if (TR_LIKELY(code >= ONIG_MISMATCH)) return code;
    return is_limit(code) ? run_on(f, search, start, false, true) : raise_failure(f, code);
}

int tr_search_group_count(const Search *search) { return search->region.num_regs; }

void tr_search_group(const Search *search, int n, int64_t *begin, int64_t *end) {
    int64_t base = search->region.beg[n] < 0 ? 0 : (int64_t)search->base;
    *begin = search->region.beg[n] + base;
    *end = search->region.end[n] + base;
}

Value tr_search_match(Fiber *f, const Search *search, Value frozen) {
    if (frozen == TR_UNDEF) frozen = tr_string_frozen_copy(f, search->string);
    int count = search->region.num_regs;
    Value v = tr_match_new(f, frozen, search->regexp, (uint32_t)count);
    int32_t *offsets = tr_match(v)->offsets;
    for (int i = 0; i < count; i++) {
        offsets[2 * i] = search->region.beg[i];
        offsets[2 * i + 1] = search->region.end[i];
    }
    TR_KEEP(frozen);
    return v;
}

/* --- for other C code --- */

Value tr_regexp_match_at(Fiber *f, Value regexp, Value string, size_t start) {
    Search search;
    if (!tr_search_begin(f, &search, regexp, string)) return TR_RAISED;
    int64_t found = tr_search_next(f, &search, start, false);
    Value match = found >= 0 ? tr_search_match(f, &search, TR_UNDEF) : TR_NIL;
    tr_search_end(&search);
    if (found == -2) return TR_RAISED;
    tr_backref_set(f, match);
    return match;
}

/* Does it match at all: no groups are kept. */
static MAY_GC int64_t search_plain(Fiber *f, Value regexp, Value string, size_t start) {
    int encoding;
    if (!tr_regexp_check(f, regexp) || !choose_encoding(f, regexp, string, &encoding)) return -2;
    if (tr_regexp(regexp)->is_plain_text && is_byte_searchable(string)) {
        const String *needle = tr_string(tr_regexp(regexp)->source), *s = tr_string(string);
        const char *p = start > s->size
                            ? NULL
                            : memmem(s->bytes + start, s->size - start, needle->bytes, needle->size);
        return p ? p - s->bytes : -1;
    }
    OnigRegex program = tr_regexp_program(f, regexp, encoding);
    if (!program) return -2;
    const OnigUChar *text = (const OnigUChar *)tr_string(string)->bytes,
                    *end = text + tr_string(string)->size;
    int code = onig_search_with_param(program, text, end, text + start, end, NULL, ONIG_OPTION_NONE,
                                      first_param());
    TR_KEEP(regexp);
    TR_KEEP(string);
    return code >= ONIG_MISMATCH ? code : is_limit(code) ? -3 : raise_failure(f, code);
}

int64_t tr_regexp_search(Fiber *f, Value regexp, Value string, size_t start, bool backward,
                         bool set_backref) {
    if (!backward && !set_backref) {
        int64_t found = search_plain(f, regexp, string, start);
        if (TR_LIKELY(found != -3)) return found;
    }
    Search search;
    if (!tr_search_begin(f, &search, regexp, string)) return -2;
    int64_t found = tr_search_next(f, &search, start, backward);
    if (set_backref && found != -2)
        tr_backref_set(f, found >= 0 ? tr_search_match(f, &search, TR_UNDEF) : TR_NIL);
    tr_search_end(&search);
    return found;
}

/* A String to match with from what Ruby hands over: Strings, Symbols, to_str; nil stays nil. */
static MAY_SWITCH Value subject_of(Fiber *f, Value v) {
    if (tr_is_string(v) || v == TR_NIL) return v;
    if (tr_is_symbol(v)) return tr_symbol_name(f, tr_symbol_id(v));
    return tr_to_str(f, v);
}

static Value char_offset(Value string, int64_t offset) {
    return TR_FIX(tr_string_char_index(string, (size_t)offset));
}

Value tr_regexp_match_operator(Fiber *f, Value regexp, Value v) {
    Value string = subject_of(f, v);
    if (string == TR_RAISED) return TR_RAISED;
    if (string == TR_NIL) {
        tr_backref_set(f, TR_NIL);
        return TR_NIL;
    }
    int64_t found = tr_regexp_search(f, regexp, string, 0, false, true);
    return found == -2 ? TR_RAISED : found < 0 ? TR_NIL : char_offset(string, found);
}

Value tr_regexp_match_p(Fiber *f, Value regexp, Value v) {
    Value string = subject_of(f, v);
    if (string == TR_RAISED) return TR_RAISED;
    if (string == TR_NIL) return TR_FALSE;
    int64_t found = tr_regexp_search(f, regexp, string, 0, false, false);
    return found == -2 ? TR_RAISED : tr_bool(found >= 0);
}

Value tr_to_regexp(Fiber *f, Value pattern, bool quote) {
    if (tr_is_regexp(pattern)) return pattern;
    Value text = tr_try_convert(f, pattern, tr_class.string, TR_ID_to_str);
    if (text == TR_RAISED) return TR_RAISED;
    if (text == TR_NIL) {
        if (pattern == TR_NIL || pattern == TR_TRUE || pattern == TR_FALSE)
            return tr_raise(f, tr_class.type_error, "wrong argument type %s (expected Regexp)",
                            pattern == TR_NIL ? "nil" : pattern == TR_TRUE ? "true" : "false");
        return tr_raise(f, tr_class.type_error, "wrong argument type %pC (expected Regexp)",
                        (void *)tr_real_class_of(pattern));
    }
    if (quote) text = tr_regexp_escape(f, text);
    return tr_regexp_new(f, text, 0);
}

/* --- methods --- */

static MAY_SWITCH Value regexp_match_operator(Fiber *f, Value self, const Args *args) {
    return tr_regexp_match_operator(f, self, args->argv[0]);
}

static MAY_SWITCH MAY_RAISE Value regexp_case_equal(Fiber *f, Value self, const Args *args) {
    Value v = args->argv[0];
    if (tr_is_symbol(v)) {
        v = tr_symbol_name(f, tr_symbol_id(v));
    } else if (!tr_is_string(v)) {
        v = tr_try_convert(f, v, tr_class.string, TR_ID_to_str);
        if (v == TR_RAISED) return TR_RAISED;
        if (v == TR_NIL) {
            tr_backref_set_for_caller(f, TR_NIL);
            return TR_FALSE;
        }
    }
    int64_t found = tr_regexp_search(f, self, v, 0, false, true);
    if (found == -2) return TR_RAISED;
    tr_backref_set_for_caller(f, tr_backref_get(f));
    return tr_bool(found >= 0);
}

/* The position argument of match and match?, in characters. 1 ok, 0 out of range, -1 raised. */
static MAY_SWITCH int start_offset(Fiber *f, Value string, const Args *args, size_t *offset) {
    int64_t at;
    *offset = 0;
    if (args->argc < 2) return 1;
    if (!tr_to_long(f, args->argv[1], &at)) return -1;
    int64_t length = (int64_t)tr_string_length(string);
    if (at < 0) at += length;
    if (at < 0 || at > length) return 0;
    *offset = tr_string_byte_offset(string, (size_t)at);
    return 1;
}

static MAY_SWITCH MAY_RAISE Value regexp_match(Fiber *f, Value self, const Args *args) {
    size_t offset;
    Value string = subject_of(f, args->argv[0]);
    if (string == TR_RAISED) return TR_RAISED;
    int in_range = string == TR_NIL ? 0 : start_offset(f, string, args, &offset);
    if (in_range < 0) return TR_RAISED;
    if (in_range == 0) {
        if (!tr_regexp_check(f, self)) return TR_RAISED;
        tr_backref_set(f, TR_NIL);
        return TR_NIL;
    }
    Value match = tr_regexp_match_at(f, self, string, offset);
    if (match == TR_RAISED || match == TR_NIL || !tr_block_is_given(args->block)) return match;
    return tr_yield1(f, args->block, match);
}

static MAY_SWITCH MAY_RAISE Value regexp_match_p(Fiber *f, Value self, const Args *args) {
    size_t offset;
    Value string = subject_of(f, args->argv[0]);
    if (string == TR_RAISED) return TR_RAISED;
    if (string == TR_NIL) return TR_FALSE;
    int in_range = start_offset(f, string, args, &offset);
    if (in_range <= 0) return in_range < 0 ? TR_RAISED : TR_FALSE;
    int64_t found = tr_regexp_search(f, self, string, offset, false, false);
    return found == -2 ? TR_RAISED : tr_bool(found >= 0);
}

static MAY_SWITCH Value regexp_match_last_line(Fiber *f, Value self, const Args *args) { /* ~ /x/ */
    (void)args;
    Value line = tr_lastline_get(f);
    if (!tr_is_string(line)) {
        tr_backref_set(f, TR_NIL);
        return TR_NIL;
    }
    return tr_regexp_match_operator(f, self, line);
}

/* Regexp.last_match(group = nil) */
static MAY_SWITCH Value regexp_s_last_match(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value match = tr_backref_get(f);
    if (args->argc == 0 || match == TR_NIL) return match;
    return tr_match_group(f, match, args->argv[0]);
}

const MethodDef tr_regexp_match_methods[] = {
    {"=~", regexp_match_operator, ARITY(1, 1), 0},
    {"===", regexp_case_equal, ARITY(1, 1), 0},
    {"match", regexp_match, ARITY(1, 2), 0},
    {"match?", regexp_match_p, ARITY(1, 2), 0},
    {"~", regexp_match_last_line, ARITY(0, 0), 0},
    {NULL, NULL, 0, 0, 0}
};
const MethodDef tr_regexp_match_singleton_methods[] = {
    {"last_match", regexp_s_last_match, ARITY(0, 1), 0},
    {NULL, NULL, 0, 0, 0}
};
