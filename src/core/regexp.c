/* regexp.c - class Regexp: making, compiling, describing. Matching: regexp_match.c; syntax: regexp_syntax.c.
 *
 * A regexp is immutable after initialize. Programs for further encodings are compiled when a subject asks for
 * them and pushed on a list with one compare-and-swap; a Ractor that loses the race leaves its copy in the
 * list as well, which does no harm. Programs live as long as the Regexp. A regexp is fixed to an encoding
 * when its text has characters that are not ASCII (or says so); otherwise it goes with any ASCII-compatible
 * subject, and 7-bit subjects share one program.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/encoding.h"
#include "core/regexp_internal.h"
#include "core/regexp_syntax.h"
#include "core/string_internal.h"
#include "core/unicode.h"

_Atomic int64_t tr_regexp_default_timeout_ns;
Class *tr_regexp_timeout_error;

/* --- libonig --- */

static OnigSyntaxType ruby_syntax; /* written once, before the first compile */

static void start_onig(void) {
    OnigEncoding encodings[ENCODING_COUNT];
    int count = 0;
    for (int i = 0; i < ENCODING_COUNT; i++) {
        OnigEncoding encoding = (OnigEncoding)tr_encodings[i].onig;
        bool is_known = false;
        for (int k = 0; k < count; k++) is_known |= encodings[k] == encoding;
        if (!is_known) encodings[count++] = encoding;
    }
    onig_initialize(encodings, count);
    onig_copy_syntax(&ruby_syntax, ONIG_SYNTAX_RUBY);
    onig_set_syntax_op2(&ruby_syntax, onig_get_syntax_op2(&ruby_syntax) | ONIG_SYN_OP2_OPTION_ONIGURUMA);
    onig_set_warn_func(onig_null_warn);
    onig_set_verb_warn_func(onig_null_warn);
}

static OnigOptionType onig_options(uint32_t options) {
    OnigOptionType onig = ONIG_OPTION_NONE;
    if (options & REGEXP_IGNORECASE) onig |= ONIG_OPTION_IGNORECASE;
    if (options & REGEXP_EXTENDED) onig |= ONIG_OPTION_EXTEND;
    if (options & REGEXP_MULTILINE) onig |= ONIG_OPTION_MULTILINE;
    return onig;
}

static void option_letters(uint32_t options, char *to) { /* at most "mixn" */
    if (options & REGEXP_MULTILINE) *to++ = 'm';
    if (options & REGEXP_IGNORECASE) *to++ = 'i';
    if (options & REGEXP_EXTENDED) *to++ = 'x';
    *to = 0;
}

static MAY_GC MAY_RAISE Value raise_regexp_error(Fiber *f, const char *message, Value source,
                                                 uint32_t options) {
    char letters[8];
    option_letters(options, letters);
    Value text = tr_regexp_source_text(f, source);
    if (text == TR_RAISED) return TR_RAISED;
    return tr_raise(f, tr_class.regexp_error, "%s: /%pV/%s", message, (void *)text, letters);
}

typedef struct Compilation {
    const RegexpPattern *pattern;
    OnigOptionType options;
    OnigEncoding onig;
    OnigRegex regex;
    OnigErrorInfo info;
    int code;
} Compilation;

static void *run_compilation(void *data) {
    Compilation *c = data;
    const OnigUChar *text = (const OnigUChar *)c->pattern->bytes;
    c->code = onig_new(&c->regex, text, text + c->pattern->size, c->options, c->onig, &ruby_syntax, &c->info);
    return NULL;
}

/* libonig recurses over the pattern, about a kilobyte for each level: a deep one gets a large stack for a moment. */
#define SHALLOW_DEPTH 24
#define DEEP_STACK_BYTES ((size_t)16 << 20)

static void run_with_room(Compilation *c) {
    pthread_t thread;
    pthread_attr_t attributes;
    if (c->pattern->depth <= SHALLOW_DEPTH) {
        run_compilation(c);
        return;
    }
    c->code = ONIGERR_PARSE_DEPTH_LIMIT_OVER;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, DEEP_STACK_BYTES);
    if (pthread_create(&thread, &attributes, run_compilation, c) == 0) pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
}

/* Compiles for one encoding. NULL with `error` filled. */
static OnigRegex compile(Value source, uint32_t options, int encoding, char *error, size_t error_room,
                         RegexpPattern *pattern) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_onig);
    if (!tr_regexp_translate(tr_string(source)->bytes, tr_string(source)->size, tr_string_encoding(source),
                             (int)options, encoding, pattern)) {
        snprintf(error, error_room, "%s", pattern->error);
        return NULL;
    }
    if (encoding == -2) encoding = pattern->fixed_encoding; /* the regexp's own */
    OnigEncoding onig = encoding < 0 ? ONIG_ENCODING_ASCII : (OnigEncoding)tr_encodings[encoding].onig;
    Compilation c = {.pattern = pattern, .options = onig_options(options), .onig = onig};
    run_with_room(&c);
    if (c.code != ONIG_NORMAL) {
        char message[ONIG_MAX_ERROR_MESSAGE_LEN + 1] = {0};
        onig_error_code_to_str((OnigUChar *)message, c.code, &c.info);
        snprintf(error, error_room, "%s", message);
        if (c.regex) onig_free(c.regex);
        return NULL;
    }
    return c.regex;
}

OnigRegex tr_regexp_compile_piece(const char *bytes, size_t size, OnigOptionType options, OnigEncoding onig) {
    OnigRegex regex = NULL;
    OnigErrorInfo info;
    const OnigUChar *text = (const OnigUChar *)bytes;
    if (onig_new(&regex, text, text + size, options, onig, &ruby_syntax, &info) == ONIG_NORMAL) return regex;
    if (regex) onig_free(regex);
    return NULL;
}

static void publish(Regexp *regexp, OnigRegex regex, int encoding) {
    RegexpProgram *program = malloc(sizeof *program);
    TR_CHECK(program != NULL);
    program->regex = regex;
    program->encoding = encoding;
    program->next = atomic_load_explicit(&regexp->programs, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&regexp->programs, &program->next, program,
                                                  memory_order_release, memory_order_relaxed)) {
    }
}

OnigRegex tr_regexp_program(Fiber *f, Value v, int encoding) {
    Regexp *regexp = tr_regexp(v);
    for (RegexpProgram *p = atomic_load_explicit(&regexp->programs, memory_order_acquire); p; p = p->next)
        if (p->encoding == encoding) return p->regex;
    char error[256];
    RegexpPattern pattern;
    OnigRegex regex = compile(regexp->source, regexp->options, encoding, error, sizeof error, &pattern);
    tr_regexp_pattern_free(&pattern);
    if (!regex) (void)!raise_regexp_error(f, error, regexp->source, regexp->options);
    else publish(regexp, regex, encoding);
    return regex;
}

OnigRegex tr_regexp_own_program(Value v, int encoding) {
    char error[256];
    RegexpPattern pattern;
    OnigRegex regex = compile(tr_regexp(v)->source, tr_regexp(v)->options, encoding, error, sizeof error, &pattern);
    tr_regexp_pattern_free(&pattern);
    return regex;
}

/* --- the heap's view --- */

static void regexp_trace(Tracer *tracer, Value v) {
    if (tr_regexp(v)->source != TR_UNDEF) tr_trace(tracer, tr_regexp(v)->source);
}

static void regexp_free(Heap *heap, Value v) {
    (void)heap;
    RegexpProgram *program = atomic_load_explicit(&tr_regexp(v)->programs, memory_order_acquire);
    while (program) {
        RegexpProgram *next = program->next;
        if (program->regex) onig_free(program->regex);
        free(program);
        program = next;
    }
    free((void *)tr_regexp(v)->names);
}

static size_t regexp_size(Value v) {
    size_t size = 0;
    for (RegexpProgram *p = atomic_load_explicit(&tr_regexp(v)->programs, memory_order_acquire); p;
         p = p->next)
        size += 1024;
    return size;
}

static const HeapType regexp_heap_type = {"Regexp", regexp_trace, regexp_free, regexp_size};
static void register_type(void) __attribute__((constructor));
static void register_type(void) { tr_heap_register_type(TYPE_REGEXP, &regexp_heap_type); }

static MAY_GC Value regexp_alloc(Fiber *f, Class *klass) {
    Regexp *regexp = tr_heap_alloc(f, sizeof *regexp, TYPE_REGEXP, klass);
    regexp->source = TR_UNDEF;
    return (Value)regexp;
}

/* --- setting up --- */

typedef struct NameList {
    RegexpName *names;
    int count, capacity;
    int *groups;
    int group_count, group_capacity;
} NameList;

static int count_name(const OnigUChar *name, const OnigUChar *end, int count, int *groups, OnigRegex regex,
                      void *data) {
    (void)name, (void)end, (void)groups, (void)regex;
    NameList *list = data;
    list->capacity++;
    list->group_capacity += count;
    return 0;
}

static int add_name(const OnigUChar *name, const OnigUChar *end, int count, int *groups, OnigRegex regex,
                    void *data) {
    (void)regex;
    NameList *list = data;
    int *mine = list->groups + list->group_count;
    memcpy(mine, groups, (size_t)count * sizeof(int));
    list->group_count += count;
    Id id = tr_intern((const char *)name, (size_t)(end - name), ENCODING_UTF8);
    int at = list->count++;
    for (; at > 0 && list->names[at - 1].groups[0] > groups[0]; at--) list->names[at] = list->names[at - 1];
    list->names[at] = (RegexpName){id, count, mine};
    return 0;
}

static void read_names(Regexp *regexp, OnigRegex regex) {
    NameList list = {0};
    regexp->group_count = onig_number_of_captures(regex);
    onig_foreach_name(regex, count_name, &list);
    if (list.capacity == 0) return;
    list.names = malloc((size_t)list.capacity * sizeof(RegexpName) +
                        (size_t)list.group_capacity * sizeof(int));
    TR_CHECK(list.names != NULL);
    list.groups = (int *)(list.names + list.capacity);
    onig_foreach_name(regex, add_name, &list);
    regexp->names = list.names;
    regexp->name_count = list.count;
}

/* A frozen copy of the source in `encoding`; shareable when the given string is. */
static MAY_GC Value own_source(Fiber *f, Value source, int encoding) {
    if (tr_has_flag(source, TR_FLAG_SHAREABLE)) {
        if (tr_string_encoding(source) == encoding) return source;
        return tr_string_interned(f, tr_string(source)->bytes, tr_string(source)->size, encoding);
    }
    Value copy = tr_string_dup(f, source);
    tr_string_set_encoding(copy, encoding);
    tr_header(copy)->flags |= TR_FLAG_FROZEN;
    return copy;
}

static bool is_plain_text(Value source, int options) {
    if (options & (REGEXP_IGNORECASE | REGEXP_EXTENDED) || tr_string(source)->size == 0) return false;
    for (const char *p = tr_string(source)->bytes, *end = tr_string_end(source); p < end; p++)
        if ((signed char)*p < 0x20 || strchr("\\.[]{}()*+?^$|", *p)) return false;
    return true;
}

Value tr_regexp_setup(Fiber *f, Value v, Value source, int options) {
    int encoding = tr_string_encoding(source);
    options &= REGEXP_USER_OPTIONS | REGEXP_FIXEDENCODING | REGEXP_NOENCODING;
    if (!tr_encoding_is_ascii_compatible(encoding))
        return tr_raise(f, tr_class.compatibility_error, "ASCII incompatible encoding: %s",
                        tr_encodings[encoding].name);
    if (options & REGEXP_NOENCODING && encoding != ENCODING_BINARY && encoding != ENCODING_US_ASCII) {
        source = tr_string_dup(f, source);
        tr_string_set_encoding(source, encoding = ENCODING_BINARY);
    }
    if (tr_string_is_broken(source))
        return raise_regexp_error(f, "invalid multibyte character", source, (uint32_t)options);
    char error[256];
    RegexpPattern pattern;
    OnigRegex regex = compile(source, (uint32_t)options, -2, error, sizeof error, &pattern);
    int fixed = pattern.fixed_encoding;
    tr_regexp_pattern_free(&pattern);
    if (!regex) return raise_regexp_error(f, error, source, (uint32_t)options);
    if (fixed >= 0) {
        encoding = fixed;
        options |= REGEXP_FIXEDENCODING;
    } else if (tr_string_is_7bit(source)) {
        encoding = ENCODING_US_ASCII;
    }
    Regexp *regexp = tr_regexp(v);
    publish(regexp, regex, fixed);
    read_names(regexp, regex);
    regexp->is_plain_text = fixed < 0 && is_plain_text(source, options);
    regexp->options = (uint32_t)options;
    tr_write(v, &regexp->source, own_source(f, source, encoding));
    return v;
}

Value tr_regexp_new(Fiber *f, Value source, int options) {
    Value v = regexp_alloc(f, tr_class.regexp);
    if (tr_regexp_setup(f, v, source, options) == TR_RAISED) return TR_RAISED;
    tr_regexp(v)->is_literal = true;
    tr_header(v)->flags |= TR_FLAG_FROZEN;
    return v;
}

bool tr_regexp_check(Fiber *f, Value v) {
    if (tr_regexp(v)->source != TR_UNDEF) return true;
    (void)!tr_raise(f, tr_class.type_error, "uninitialized Regexp");
    return false;
}

int64_t tr_regexp_timeout_from(Fiber *f, Value seconds) {
    if (seconds == TR_NIL) return 0;
    double d;
    if (tr_is_string(seconds))
        return (void)!tr_raise(f, tr_class.type_error, "no implicit conversion to float from string"), -2;
    if (!tr_to_double(f, seconds, &d)) return -2;
    if (!(d > 0)) {
        Value text = tr_inspect(f, seconds);
        if (text != TR_RAISED)
            (void)!tr_raise(f, tr_class.argument_error, "invalid timeout: %pV", (void *)text);
        return -2;
    }
    return d > 9e9 ? (int64_t)9e18 : (int64_t)(d * 1e9);
}

/* Regexp.new's second argument. False: raised. */
static MAY_SWITCH bool read_options(Fiber *f, Value v, int *options) {
    *options = 0;
    if (tr_is_fixnum(v)) {
        *options = (int)(tr_fixnum(v) & (REGEXP_USER_OPTIONS | REGEXP_FIXEDENCODING | REGEXP_NOENCODING));
    } else if (tr_is_string(v)) {
        for (const char *p = tr_string(v)->bytes, *end = tr_string_end(v); p < end; p++) {
            if (*p == 'i') *options |= REGEXP_IGNORECASE;
            else if (*p == 'x') *options |= REGEXP_EXTENDED;
            else if (*p == 'm') *options |= REGEXP_MULTILINE;
            else {
                (void)!tr_raise(f, tr_class.argument_error, "unknown regexp option: %pV", (void *)v);
                return false;
            }
        }
    } else if (tr_is_truthy(v)) {
        *options = REGEXP_IGNORECASE;
        if (v != TR_TRUE) {
            Value text = tr_inspect(f, v);
            if (text == TR_RAISED) return false;
            tr_warning(f, "expected true or false as ignorecase: %s", tr_string(text)->bytes);
        }
    }
    return true;
}

/* Regexp.new(string, options = 0, timeout: nil), Regexp.new(regexp, timeout: nil) */
static MAY_SWITCH MAY_RAISE Value regexp_initialize(Fiber *f, Value self, const Args *args) {
    static const Id names[] = {TR_ID_timeout};
    Value timeout = TR_UNDEF, source = args->argv[0];
    if (args->keywords != TR_NIL && !tr_keywords(f, args->keywords, names, 0, 1, &timeout, false))
        return TR_RAISED;
    if (tr_regexp(self)->is_literal) return tr_raise(f, tr_class.frozen_error, "can't modify literal regexp");
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    if (tr_regexp(self)->source != TR_UNDEF)
        return tr_raise(f, tr_class.type_error, "already initialized regexp");
    int options = 0;
    if (tr_is_regexp(source)) {
        if (!tr_regexp_check(f, source)) return TR_RAISED;
        if (args->argc > 1) tr_warn(f, "flags ignored");
        options = (int)tr_regexp(source)->options;
        source = tr_regexp(source)->source;
    } else {
        if (args->argc > 1 && !read_options(f, args->argv[1], &options)) return TR_RAISED;
        source = tr_to_str(f, source);
        if (source == TR_RAISED) return TR_RAISED;
    }
    int64_t timeout_ns = timeout == TR_UNDEF ? 0 : tr_regexp_timeout_from(f, timeout);
    if (timeout_ns < 0) return TR_RAISED;
    tr_regexp(self)->timeout_ns = timeout_ns;
    return tr_regexp_setup(f, self, source, options);
}

static MAY_GC MAY_RAISE Value regexp_initialize_copy(Fiber *f, Value self, const Args *args) {
    Value other = args->argv[0];
    if (self == other) return self;
    if (!tr_is_regexp(other)) return tr_raise(f, tr_class.type_error, "wrong argument type");
    if (!tr_regexp_check(f, other)) return TR_RAISED;
    tr_regexp(self)->timeout_ns = tr_regexp(other)->timeout_ns;
    return tr_regexp_setup(f, self, tr_regexp(other)->source, (int)tr_regexp(other)->options);
}

/* --- describing --- */

static bool is_kept(int encoding, uint32_t c) {
    if (c < 0x80) return (c >= 0x20 && c < 0x7f) || (c >= '\t' && c <= '\r');
    return tr_encoding_is_unicode(encoding) ? tr_unicode_is_print(c) : true;
}

Value tr_regexp_source_text(Fiber *f, Value source) {
    int encoding = tr_string_encoding(source);
    const char *p = tr_string(source)->bytes, *end = tr_string_end(source), *run = p;
    Value out = tr_string_new_capacity(f, tr_string(source)->size + 8, encoding);
    while (p < end) {
        int n = tr_char_size(encoding, p, end);
        char text[16];
        if (n > 0 && *p == '\\' && p + 1 < end) {
            p += 1 + tr_char_step(encoding, p + 1, end);
            continue;
        }
        uint32_t c = n > 0 ? tr_char_decode(encoding, p, n) : 0;
        if (n > 0 && c != '/' && is_kept(encoding, c)) {
            p += n;
            continue;
        }
        if (tr_string_append_bytes(f, out, run, (size_t)(p - run)) == TR_RAISED) return TR_RAISED;
        if (c == '/') snprintf(text, sizeof text, "\\/");
        else if (n > 0 && c >= 0x80 && tr_encoding_is_unicode(encoding))
            snprintf(text, sizeof text, c < 0x10000 ? "\\u%04X" : "\\u{%X}", c);
        else snprintf(text, sizeof text, "\\x%02X", (unsigned char)*p);
        if (tr_string_append_cstr(f, out, text) == TR_RAISED) return TR_RAISED;
        run = p += n > 0 ? n : 1;
    }
    if (tr_string_append_bytes(f, out, run, (size_t)(p - run)) == TR_RAISED) return TR_RAISED;
    TR_KEEP(source);
    return out;
}

static MAY_GC MAY_RAISE Value regexp_inspect(Fiber *f, Value self, const Args *args) {
    (void)args;
    if (tr_regexp(self)->source == TR_UNDEF) return tr_any_to_s(f, self);
    Value text = tr_regexp_source_text(f, tr_regexp(self)->source);
    if (text == TR_RAISED) return TR_RAISED;
    char letters[8];
    option_letters(tr_regexp(self)->options, letters);
    if (tr_regexp(self)->options & REGEXP_NOENCODING) strcat(letters, "n");
    Value out = tr_string_new_capacity(f, tr_string(text)->size + 6, tr_string_encoding(text));
    if (tr_string_append_bytes(f, out, "/", 1) == TR_RAISED || tr_string_append(f, out, text) == TR_RAISED ||
        tr_string_append_bytes(f, out, "/", 1) == TR_RAISED)
        return TR_RAISED;
    return tr_string_append_cstr(f, out, letters);
}

/* If the whole source is one group with options, "(?i-m:…)": its options and inside. */
static bool strip_option_group(Value source, uint32_t *options, const char **inner, size_t *inner_size) {
    const char *p = tr_string(source)->bytes, *end = tr_string_end(source);
    if (end - p < 4 || p[0] != '(' || p[1] != '?') return false;
    uint32_t now = *options & REGEXP_USER_OPTIONS;
    bool turns_on = true;
    for (p += 2; p < end && *p != ':'; p++) {
        if (*p == ')' && p > tr_string(source)->bytes + 2) { /* "(?i)…" is for all that follows */
            *options = now;
            *inner = p + 1;
            *inner_size = (size_t)(end - p - 1);
            return true;
        }
        uint32_t bit = *p == 'm'   ? REGEXP_MULTILINE
                       : *p == 'i' ? REGEXP_IGNORECASE
                       : *p == 'x' ? REGEXP_EXTENDED
                                   : 0;
        if (*p == '-' && turns_on) turns_on = false;
        else if (!bit) return false;
        else if (turns_on) now |= bit;
        else now &= ~bit;
    }
    if (p >= end || end[-1] != ')') return false;
    p++;
    RegexpPattern pattern; /* the inside must be whole: "(?i:a)|(b)" is not one group */
    bool is_whole = tr_regexp_translate(p, (size_t)(end - 1 - p), tr_string_encoding(source), (int)now,
                                        tr_string_encoding(source), &pattern);
    if (is_whole) {
        Compilation c = {.pattern = &pattern, .options = onig_options(now),
                         .onig = (OnigEncoding)tr_encodings[tr_string_encoding(source)].onig};
        run_with_room(&c);
        is_whole = c.code == ONIG_NORMAL;
        if (c.regex) onig_free(c.regex);
    }
    tr_regexp_pattern_free(&pattern);
    if (!is_whole) return false;
    *options = now;
    *inner = p;
    *inner_size = (size_t)(end - 1 - p);
    return true;
}

static MAY_GC MAY_RAISE Value regexp_to_s_value(Fiber *f, Value self) {
    if (!tr_regexp_check(f, self)) return TR_RAISED;
    Value source = tr_regexp(self)->source;
    uint32_t options = tr_regexp(self)->options & REGEXP_USER_OPTIONS;
    const char *inner = tr_string(source)->bytes;
    size_t size = tr_string(source)->size;
    if (strip_option_group(source, &options, &inner, &size))
        source = tr_string_new_encoded(f, inner, size, tr_string_encoding(source));
    Value text = tr_regexp_source_text(f, source);
    if (text == TR_RAISED) return TR_RAISED;
    char on[8], off[8], head[24];
    option_letters(options, on);
    option_letters(~options, off);
    snprintf(head, sizeof head, "(?%s%s%s:", on, off[0] ? "-" : "", off);
    Value out = tr_string_new_capacity(f, tr_string(text)->size + 12, tr_string_encoding(text));
    if (tr_string_append_cstr(f, out, head) == TR_RAISED || tr_string_append(f, out, text) == TR_RAISED)
        return TR_RAISED;
    return tr_string_append_bytes(f, out, ")", 1);
}

static MAY_GC Value regexp_to_s(Fiber *f, Value self, const Args *args) {
    (void)args;
    return regexp_to_s_value(f, self);
}

static MAY_GC MAY_RAISE Value regexp_source(Fiber *f, Value self, const Args *args) {
    (void)args;
    if (!tr_regexp_check(f, self)) return TR_RAISED;
    return tr_string_dup(f, tr_regexp(self)->source);
}

static MAY_GC MAY_RAISE Value regexp_options(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_regexp_check(f, self) ? TR_FIX(tr_regexp(self)->options) : TR_RAISED;
}

static MAY_GC MAY_RAISE Value regexp_folds_case(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_regexp_check(f, self) ? tr_bool(tr_regexp(self)->options & REGEXP_IGNORECASE) : TR_RAISED;
}

static MAY_GC MAY_RAISE Value regexp_encoding(Fiber *f, Value self, const Args *args) {
    (void)args;
    if (!tr_regexp_check(f, self)) return TR_RAISED;
    return tr_encoding_object(tr_string_encoding(tr_regexp(self)->source));
}

static Value regexp_is_fixed(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_bool(tr_regexp(self)->options & REGEXP_FIXEDENCODING);
}

static MAY_GC Value regexp_timeout(Fiber *f, Value self, const Args *args) {
    (void)args;
    int64_t ns = tr_regexp(self)->timeout_ns;
    return ns == 0 ? TR_NIL : tr_float_new(f, (double)ns / 1e9);
}

static MAY_GC MAY_RAISE Value regexp_equal(Fiber *f, Value self, const Args *args) {
    Value other = args->argv[0];
    if (self == other) return TR_TRUE;
    if (!tr_is_regexp(other)) return TR_FALSE;
    if (!tr_regexp_check(f, self) || !tr_regexp_check(f, other)) return TR_RAISED;
    Regexp *a = tr_regexp(self), *b = tr_regexp(other);
    return tr_bool(a->options == b->options &&
                   tr_string_encoding(a->source) == tr_string_encoding(b->source) &&
                   tr_string_equal(a->source, b->source));
}

static MAY_GC MAY_RAISE Value regexp_hash(Fiber *f, Value self, const Args *args) {
    (void)args;
    if (!tr_regexp_check(f, self)) return TR_RAISED;
    return TR_FIX(tr_hash_mix(tr_string_hash(tr_regexp(self)->source), tr_regexp(self)->options) >> 2);
}

static MAY_GC MAY_RAISE Value regexp_names(Fiber *f, Value self, const Args *args) {
    (void)args;
    if (!tr_regexp_check(f, self)) return TR_RAISED;
    Value names = tr_array_new(f, (size_t)tr_regexp(self)->name_count);
    for (int i = 0; i < tr_regexp(self)->name_count; i++)
        if (tr_array_push(f, names, tr_symbol_to_s(f, tr_value_from_id(tr_regexp(self)->names[i].name))) ==
            TR_RAISED)
            return TR_RAISED;
    return names;
}

static MAY_SWITCH MAY_RAISE Value regexp_named_captures(Fiber *f, Value self, const Args *args) {
    (void)args;
    if (!tr_regexp_check(f, self)) return TR_RAISED;
    Value result = tr_hash_new(f);
    for (int i = 0; i < tr_regexp(self)->name_count; i++) {
        const RegexpName *name = &tr_regexp(self)->names[i];
        Value groups = tr_array_new(f, (size_t)name->count);
        for (int k = 0; k < name->count; k++)
            if (tr_array_push(f, groups, TR_FIX(name->groups[k])) == TR_RAISED) return TR_RAISED;
        if (tr_hash_set(f, result, tr_symbol_to_s(f, tr_value_from_id(name->name)), groups) == TR_RAISED)
            return TR_RAISED;
    }
    return result;
}

/* --- escape, union --- */

static char escape_letter(unsigned char c) { /* what follows the backslash, 0: none needed */
    switch (c) {
    case '\n': return 'n';
    case '\t': return 't';
    case '\f': return 'f';
    case '\v': return 'v';
    case '\r': return 'r';
    case '[':
    case ']':
    case '{':
    case '}':
    case '(':
    case ')':
    case '|':
    case '-':
    case '*':
    case '.':
    case '\\':
    case '?': case '+': case '^': case '$': case ' ': case '#': return (char)c;
    default: return 0;
    }
}

Value tr_regexp_escape(Fiber *f, Value v) {
    int encoding = tr_string_encoding(v);
    Value out = tr_string_new_capacity(f, tr_string(v)->size + 8,
                                       tr_string_is_7bit(v) ? ENCODING_US_ASCII : encoding);
    const char *p = tr_string(v)->bytes, *end = tr_string_end(v), *run = p;
    while (p < end) {
        int n = tr_char_step(encoding, p, end);
        char letter = n == 1 ? escape_letter((unsigned char)*p) : 0;
        if (letter) {
            if (tr_string_append_bytes(f, out, run, (size_t)(p - run)) == TR_RAISED ||
                tr_string_append_bytes(f, out, (char[]){'\\', letter}, 2) == TR_RAISED)
                return TR_RAISED;
            run = p + 1;
        }
        p += n;
    }
    Value result = tr_string_append_bytes(f, out, run, (size_t)(p - run));
    TR_KEEP(v);
    return result;
}

static MAY_SWITCH MAY_RAISE Value regexp_s_escape(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value v = args->argv[0];
    if (tr_is_symbol(v)) v = tr_symbol_name(f, tr_symbol_id(v));
    else if ((v = tr_to_str(f, v)) == TR_RAISED) return TR_RAISED;
    return tr_regexp_escape(f, v);
}

static MAY_SWITCH MAY_RAISE Value union_of_one(Fiber *f, Value v) {
    Value regexp = tr_try_convert(f, v, tr_class.regexp, tr_intern_cstr("to_regexp"));
    if (regexp != TR_NIL) return regexp;
    Value text = tr_to_str(f, v);
    if (text == TR_RAISED) return TR_RAISED;
    Value argument = tr_regexp_escape(f, text);
    return tr_new(f, tr_class.regexp, 1, &argument);
}

/* The encoding that a part insists on; -1: none. */
static int part_encoding(Value v) {
    if (tr_is_regexp(v))
        return tr_regexp(v)->options & REGEXP_FIXEDENCODING ? tr_string_encoding(tr_regexp(v)->source) : -1;
    return tr_string_is_7bit(v) && tr_encoding_is_ascii_compatible(tr_string_encoding(v))
               ? -1
               : tr_string_encoding(v);
}

static MAY_SWITCH MAY_RAISE Value regexp_s_union(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value list = TR_NIL;
    if (args->argc == 1) {
        list = tr_try_convert(f, args->argv[0], tr_class.array, TR_ID_to_ary);
        if (list == TR_RAISED) return TR_RAISED;
    }
    if (list == TR_NIL) list = tr_array_new_from(f, (size_t)args->argc, args->argv);
    size_t count = tr_array_count(list);
    if (count == 0) {
        Value never = tr_string_new_ascii(f, "(?!)");
        return tr_new(f, tr_class.regexp, 1, &never);
    }
    if (count == 1) return union_of_one(f, tr_array_at(list, 0));
    Value out = tr_string_new_capacity(f, 64, ENCODING_US_ASCII);
    int encoding = -1;
    for (size_t i = 0; i < count; i++) {
        Value v = tr_array_at(list, i);
        Value part = tr_try_convert(f, v, tr_class.regexp, tr_intern_cstr("to_regexp"));
        if (part == TR_RAISED) return TR_RAISED;
        if (part == TR_NIL && (part = tr_to_str(f, v)) == TR_RAISED) return TR_RAISED;
        if (tr_is_regexp(part) && !tr_regexp_check(f, part)) return TR_RAISED;
        int own = part_encoding(part);
        if (own >= 0 && encoding >= 0 && own != encoding)
            return tr_raise(f, tr_class.argument_error, "incompatible encodings: %s and %s",
                            tr_encoding_message_name(encoding), tr_encoding_message_name(own));
        if (own >= 0) encoding = own;
        Value text = tr_is_regexp(part) ? regexp_to_s_value(f, part) : tr_regexp_escape(f, part);
        if (text == TR_RAISED) return TR_RAISED;
        if (i > 0 && tr_string_append_bytes(f, out, "|", 1) == TR_RAISED) return TR_RAISED;
        if (tr_string_append(f, out, text) == TR_RAISED) return TR_RAISED;
    }
    if (encoding >= 0) tr_string_set_encoding(out, encoding);
    return tr_new(f, tr_class.regexp, 1, &out);
}

/* --- class methods --- */

static MAY_SWITCH Value regexp_s_try_convert(Fiber *f, Value self, const Args *args) {
    (void)self;
    return tr_try_convert(f, args->argv[0], tr_class.regexp, tr_intern_cstr("to_regexp"));
}

static MAY_SWITCH Value regexp_s_new(Fiber *f, Value self, const Args *args) {
    return tr_call_full(f, self, TR_ID_new, args->argc, args->argv, args->block, args->keywords, true);
}

static MAY_GC Value regexp_s_timeout(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    int64_t ns = atomic_load_explicit(&tr_regexp_default_timeout_ns, memory_order_relaxed);
    return ns == 0 ? TR_NIL : tr_float_new(f, (double)ns / 1e9);
}

static MAY_SWITCH MAY_RAISE Value regexp_s_set_timeout(Fiber *f, Value self, const Args *args) {
    (void)self;
    int64_t ns = tr_regexp_timeout_from(f, args->argv[0]);
    if (ns < 0) return TR_RAISED;
    atomic_store_explicit(&tr_regexp_default_timeout_ns, ns, memory_order_relaxed);
    return args->argv[0];
}

/* Regexp.linear_time?(regexp | string, options = 0, timeout: nil): no back references and no group calls. */
static MAY_SWITCH MAY_RAISE Value regexp_s_is_linear_time(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value v = args->argv[0];
    if (!tr_is_regexp(v)) {
        v = tr_call_full(f, (Value)tr_class.regexp, TR_ID_new, args->argc, args->argv, TR_NIL, args->keywords,
                         true);
        if (v == TR_RAISED) return TR_RAISED;
    } else if (args->argc > 1) {
        tr_warn(f, "flags ignored");
    }
    if (!tr_regexp_check(f, v)) return TR_RAISED;
    RegexpPattern pattern;
    Value source = tr_regexp(v)->source;
    tr_regexp_translate(tr_string(source)->bytes, tr_string(source)->size, tr_string_encoding(source),
                        (int)tr_regexp(v)->options, -1, &pattern);
    bool is_linear = pattern.is_linear;
    tr_regexp_pattern_free(&pattern);
    return tr_bool(is_linear);
}

static const MethodDef regexp_methods[] = {
    {"initialize", regexp_initialize, ARITY(1, 2), METHOD_KEYWORDS},
    {"initialize_copy", regexp_initialize_copy, ARITY(1, 1), METHOD_PRIVATE},
    {"inspect", regexp_inspect, ARITY(0, 0), 0},
    {"to_s", regexp_to_s, ARITY(0, 0), 0},
    {"source", regexp_source, ARITY(0, 0), 0},
    {"options", regexp_options, ARITY(0, 0), 0},
    {"casefold?", regexp_folds_case, ARITY(0, 0), 0},
    {"encoding", regexp_encoding, ARITY(0, 0), 0},
    {"fixed_encoding?", regexp_is_fixed, ARITY(0, 0), METHOD_LEAF},
    {"timeout", regexp_timeout, ARITY(0, 0), 0},
    {"==", regexp_equal, ARITY(1, 1), 0},
    {"eql?", regexp_equal, ARITY(1, 1), 0},
    {"hash", regexp_hash, ARITY(0, 0), 0},
    {"names", regexp_names, ARITY(0, 0), 0},
    {"named_captures", regexp_named_captures, ARITY(0, 0), 0},
    {NULL, NULL, 0, 0, 0}
};
static const MethodDef regexp_singleton_methods[] = {
    {"compile", regexp_s_new, ARITY_REST(0), METHOD_KEYWORDS},
    {"escape", regexp_s_escape, ARITY(1, 1), 0},
    {"quote", regexp_s_escape, ARITY(1, 1), 0},
    {"union", regexp_s_union, ARITY_REST(0), 0},
    {"try_convert", regexp_s_try_convert, ARITY(1, 1), 0},
    {"timeout", regexp_s_timeout, ARITY(0, 0), 0},
    {"timeout=", regexp_s_set_timeout, ARITY(1, 1), 0},
    {"linear_time?", regexp_s_is_linear_time, ARITY(1, 2), METHOD_KEYWORDS},
    {NULL, NULL, 0, 0, 0}
};

static MAY_GC void regexp_init(Fiber *f) {
    tr_define_methods(f, tr_class.regexp, tr_regexp_match_methods);
    for (const MethodDef *m = tr_regexp_match_singleton_methods; m->name; m++)
        tr_define_singleton_method(f, (Value)tr_class.regexp, m->name, m->fn, m->min, m->max, m->flags);
    tr_const_define(f, tr_class.regexp, "IGNORECASE", TR_FIX(REGEXP_IGNORECASE));
    tr_const_define(f, tr_class.regexp, "EXTENDED", TR_FIX(REGEXP_EXTENDED));
    tr_const_define(f, tr_class.regexp, "MULTILINE", TR_FIX(REGEXP_MULTILINE));
    tr_const_define(f, tr_class.regexp, "FIXEDENCODING", TR_FIX(REGEXP_FIXEDENCODING));
    tr_const_define(f, tr_class.regexp, "NOENCODING", TR_FIX(REGEXP_NOENCODING));
    tr_regexp_timeout_error = tr_class_define(f, "TimeoutError", tr_class.regexp_error, tr_class.regexp);
}

const ClassDef tr_regexp_class = {
    .klass = &tr_class.regexp, .methods = regexp_methods, .singleton_methods = regexp_singleton_methods,
    .alloc = regexp_alloc, .instance_type = TYPE_REGEXP, .init = regexp_init
};
