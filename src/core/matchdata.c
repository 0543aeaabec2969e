/* matchdata.c - class MatchData: the offsets of a match over a frozen copy of its subject, and what can be
 * asked of it.
 */
#include <stdio.h>

#include "core/regexp_internal.h"
#include "core/string_internal.h"

#define INLINE_GROUPS ((TR_SLOT_MAX_BYTES - sizeof(Match)) / (2 * sizeof(int32_t)))

static void match_trace(Tracer *tracer, Value v) {
    if (tr_match(v)->string != TR_UNDEF) tr_trace(tracer, tr_match(v)->string);
    tr_trace(tracer, tr_match(v)->regexp);
}

static void match_free(Heap *heap, Value v) {
    Match *match = tr_match(v);
    if (match->offsets && match->offsets != match->embedded)
        tr_buffer_free(heap, match->offsets, match->count * 2 * sizeof(int32_t));
}

static size_t match_size(Value v) {
    Match *match = tr_match(v);
    return match->offsets == match->embedded ? 0 : match->count * 2 * sizeof(int32_t);
}

#define MATCH_EMBEDDED TR_FLAG_USER(0)
static const HeapType match_heap_type = {"MatchData", match_trace, match_free, match_size};
static void register_type(void) __attribute__((constructor));
static void register_type(void) {
    tr_heap_register_type(TYPE_MATCH, &match_heap_type);
    tr_heap_set_free_unless(TYPE_MATCH, MATCH_EMBEDDED);
}

Value tr_match_new(Fiber *f, Value frozen, Value regexp, uint32_t count) {
    bool is_embedded = count <= INLINE_GROUPS;
    size_t bytes = 2 * count * sizeof(int32_t);
    Match *match = tr_heap_alloc(f, sizeof(Match) + (is_embedded ? bytes : 0),
                                 TYPE_MATCH | (is_embedded ? MATCH_EMBEDDED : 0), tr_class.match);
    match->string = TR_UNDEF;
    match->regexp = TR_NIL;
    match->offsets = match->embedded;
    if (!is_embedded) {
        int32_t *offsets = tr_buffer_alloc(f, bytes);
        TR_CHECK(offsets != NULL);
        match->offsets = offsets;
    }
    match->count = count;
    tr_write((Value)match, &match->string, frozen);
    tr_write((Value)match, &match->regexp, regexp);
    return (Value)match;
}

Value tr_match_of_string(Fiber *f, Value frozen, size_t offset, size_t size) {
    Value v = tr_match_new(f, frozen, TR_NIL, 1);
    tr_match(v)->offsets[0] = (int32_t)offset;
    tr_match(v)->offsets[1] = (int32_t)(offset + size);
    return v;
}

/* --- groups --- */

static MAY_GC Value group_text(Fiber *f, Value self, int n) {
    Match *match = tr_match(self);
    if (n < 0 || n >= (int)match->count || match->offsets[2 * n] < 0) return TR_NIL;
    return tr_string_sub(f, match->string, (size_t)match->offsets[2 * n],
                         (size_t)(match->offsets[2 * n + 1] - match->offsets[2 * n]));
}

Value tr_match_nth(Fiber *f, Value match, int n) {
    if (match == TR_NIL) return TR_NIL;
    if (n < 0) n += (int)tr_match(match)->count;
    return group_text(f, match, n);
}

static int last_group(Value match) {
    int n = (int)tr_match(match)->count - 1;
    while (n > 0 && tr_match(match)->offsets[2 * n] < 0) n--;
    return n;
}

Value tr_match_special(Fiber *f, Value match, char which) {
    if (match == TR_NIL) return TR_NIL;
    Value string = tr_match(match)->string;
    switch (which) {
    case '`': return tr_string_sub(f, string, 0, tr_match_begin(match, 0));
    case '\'':
        return tr_string_sub(f, string, tr_match_end(match, 0),
                             tr_string(string)->size - tr_match_end(match, 0));
    case '+': {
        int n = last_group(match);
        return n > 0 ? group_text(f, match, n) : TR_NIL;
    }
    default: return group_text(f, match, 0);
    }
}

/* The group that a name means: the last of its groups that took part, else the last one. -1: no such name. */
static int named_group(Value match, Id name) {
    Value regexp = tr_match(match)->regexp;
    if (regexp == TR_NIL) return -1;
    for (int i = 0; i < tr_regexp(regexp)->name_count; i++) {
        const RegexpName *n = &tr_regexp(regexp)->names[i];
        if (n->name != name) continue;
        for (int k = n->count - 1; k >= 0; k--)
            if (tr_match(match)->offsets[2 * n->groups[k]] >= 0) return n->groups[k];
        return n->groups[n->count - 1];
    }
    return -1;
}

int tr_match_group_number(Fiber *f, Value match, Value which) {
    if (tr_is_fixnum(which)) return (int)tr_fixnum(which);
    if (tr_is_symbol(which) || tr_is_string(which)) {
        Id name = tr_is_symbol(which) ? tr_symbol_id(which) : 0;
        if (!name) {
            int encoding = tr_string_is_7bit(which) ? 2 : tr_string_encoding(which);
            name = tr_intern_find(tr_string(which)->bytes, tr_string(which)->size, encoding);
        }
        int n = name ? named_group(match, name) : -1;
        if (n < 0) {
            Value text = tr_is_symbol(which) ? tr_symbol_name(f, name) : which;
            (void)!tr_raise(f, tr_class.index_error, "undefined group name reference: %pV", (void *)text);
        }
        return n;
    }
    int64_t n;
    return tr_to_long(f, which, &n) ? (int)n : -1;
}

static bool is_name(Value v) { return tr_is_symbol(v) || tr_is_string(v); }

Value tr_match_group(Fiber *f, Value match, Value which) {
    if (!tr_is_fixnum(which) && !is_name(which)) {
        int64_t number;
        if (!tr_to_long(f, which, &number)) return TR_RAISED;
        which = TR_FIX(number);
    }
    int n = tr_match_group_number(f, match, which);
    if (n < 0) {
        if (!tr_is_fixnum(which)) return TR_RAISED;
        n += (int)tr_match(match)->count;
        if (n <= 0) return TR_NIL;
    }
    return group_text(f, match, n);
}

/* For begin, end, offset …: a number must be in range. -1: raised. */
static MAY_SWITCH int checked_group(Fiber *f, Value self, Value which) {
    int n = tr_match_group_number(f, self, which);
    if (is_name(which)) return n;
    if (n == -1 && !tr_is_fixnum(which)) return -1;
    if (n >= 0 && n < (int)tr_match(self)->count) return n;
    (void)!tr_raise(f, tr_class.index_error, "index %d out of matches", n);
    return -1;
}

/* --- offsets --- */

static Value offset_value(Value self, int n, int side, bool in_bytes) {
    int32_t offset = tr_match(self)->offsets[2 * n + side];
    if (tr_match(self)->offsets[2 * n] < 0) return TR_NIL;
    return TR_FIX(in_bytes ? (size_t)offset : tr_string_char_index(tr_match(self)->string, (size_t)offset));
}

static MAY_SWITCH MAY_RAISE Value one_offset(Fiber *f, Value self, const Args *args, int side,
                                             bool in_bytes) {
    int n = checked_group(f, self, args->argv[0]);
    return n < 0 ? TR_RAISED : offset_value(self, n, side, in_bytes);
}

static MAY_SWITCH MAY_RAISE Value both_offsets(Fiber *f, Value self, const Args *args, bool in_bytes) {
    int n = checked_group(f, self, args->argv[0]);
    if (n < 0) return TR_RAISED;
    return tr_array_new_values(f, 2, offset_value(self, n, 0, in_bytes), offset_value(self, n, 1, in_bytes));
}

static MAY_SWITCH Value match_begin(Fiber *f, Value self, const Args *args) {
    return one_offset(f, self, args, 0, false);
}
static MAY_SWITCH Value match_end(Fiber *f, Value self, const Args *args) {
    return one_offset(f, self, args, 1, false);
}
static MAY_SWITCH Value match_offset(Fiber *f, Value self, const Args *args) {
    return both_offsets(f, self, args, false);
}
static MAY_SWITCH Value match_bytebegin(Fiber *f, Value self, const Args *args) {
    return one_offset(f, self, args, 0, true);
}
static MAY_SWITCH Value match_byteend(Fiber *f, Value self, const Args *args) {
    return one_offset(f, self, args, 1, true);
}
static MAY_SWITCH Value match_byteoffset(Fiber *f, Value self, const Args *args) {
    return both_offsets(f, self, args, true);
}

static MAY_SWITCH MAY_RAISE Value match_match(Fiber *f, Value self, const Args *args) {
    int n = checked_group(f, self, args->argv[0]);
    return n < 0 ? TR_RAISED : group_text(f, self, n);
}

static MAY_SWITCH MAY_RAISE Value match_match_length(Fiber *f, Value self, const Args *args) {
    int n = checked_group(f, self, args->argv[0]);
    if (n < 0) return TR_RAISED;
    Value text = group_text(f, self, n);
    return text == TR_NIL ? TR_NIL : TR_FIX(tr_string_length(text));
}

/* --- as a list --- */

static MAY_GC MAY_RAISE Value groups_from(Fiber *f, Value self, int first) {
    int count = (int)tr_match(self)->count;
    Value list = tr_array_new(f, (size_t)count);
    for (int i = first; i < count; i++)
        if (tr_array_push(f, list, group_text(f, self, i)) == TR_RAISED) return TR_RAISED;
    return list;
}

static MAY_GC Value match_to_a(Fiber *f, Value self, const Args *args) {
    (void)args;
    return groups_from(f, self, 0);
}

static MAY_GC Value match_captures(Fiber *f, Value self, const Args *args) {
    (void)args;
    return groups_from(f, self, 1);
}

static MAY_SWITCH MAY_RAISE Value match_aref(Fiber *f, Value self, const Args *args) {
    if (args->argc == 1) {
        if (tr_is_fixnum(args->argv[0]) || is_name(args->argv[0]))
            return tr_match_group(f, self, args->argv[0]);
        if (!tr_is_type(args->argv[0], TYPE_RANGE)) return tr_match_group(f, self, args->argv[0]);
    }
    Value all = groups_from(f, self, 0);
    return all == TR_RAISED ? TR_RAISED : tr_callv(f, all, TR_ID_aref, args->argc, args->argv);
}

static MAY_SWITCH MAY_RAISE Value match_values_at(Fiber *f, Value self, const Args *args) {
    Value all = groups_from(f, self, 0), list = tr_array_new(f, (size_t)args->argc);
    if (all == TR_RAISED) return TR_RAISED;
    static Id values_at;
    if (!values_at) values_at = tr_intern_cstr("values_at"); /* the same answer whoever asks first */
    for (int i = 0; i < args->argc; i++) {
        Value which = args->argv[i];
        if (is_name(which) || tr_is_fixnum(which)) {
            int n = tr_match_group_number(f, self, which);
            if (n < 0 && is_name(which)) return TR_RAISED;
            if (tr_array_push(f, list, tr_match_nth(f, self, n)) == TR_RAISED) return TR_RAISED;
            continue;
        }
        Value some = tr_callv(f, all, values_at, 1, &which);
        if (some == TR_RAISED || tr_array_concat(f, list, some) == TR_RAISED) return TR_RAISED;
    }
    return list;
}

static Value match_length(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return TR_FIX(tr_match(self)->count);
}

/* --- as a hash --- */

static MAY_SWITCH MAY_RAISE Value named(Fiber *f, Value self, bool symbols) {
    Value result = tr_hash_new(f), regexp = tr_match(self)->regexp;
    if (regexp == TR_NIL) return result;
    for (int i = 0; i < tr_regexp(regexp)->name_count; i++) {
        Id name = tr_regexp(regexp)->names[i].name;
        Value text = group_text(f, self, named_group(self, name));
        Value key = symbols ? tr_value_from_id(name) : tr_symbol_to_s(f, tr_value_from_id(name));
        if (tr_hash_set(f, result, key, text) == TR_RAISED) return TR_RAISED;
    }
    return result;
}

static MAY_SWITCH MAY_RAISE Value match_named_captures(Fiber *f, Value self, const Args *args) {
    static const Id names[] = {TR_ID_symbolize_names};
    Value symbols = TR_UNDEF;
    if (args->keywords != TR_NIL && !tr_keywords(f, args->keywords, names, 0, 1, &symbols, false))
        return TR_RAISED;
    return named(f, self, symbols != TR_UNDEF && tr_is_truthy(symbols));
}

static MAY_SWITCH MAY_RAISE Value match_deconstruct_keys(Fiber *f, Value self, const Args *args) {
    Value keys = args->argv[0];
    if (keys == TR_NIL) return named(f, self, true);
    if (!tr_is_array(keys))
        return tr_raise(f, tr_class.type_error, "wrong argument type %pC (expected Array)",
                        (void *)tr_real_class_of(keys));
    Value result = tr_hash_new(f);
    for (size_t i = 0; i < tr_array_count(keys); i++) {
        Value key = tr_array_at(keys, i);
        if (!tr_is_symbol(key))
            return tr_raise(f, tr_class.type_error, "wrong argument type %pC (expected Symbol)",
                            (void *)tr_real_class_of(key));
        int n = named_group(self, tr_symbol_id(key));
        if (n < 0) break;
        if (tr_hash_set(f, result, key, group_text(f, self, n)) == TR_RAISED) return TR_RAISED;
    }
    return result;
}

static MAY_GC MAY_RAISE Value match_names(Fiber *f, Value self, const Args *args) {
    (void)args;
    Value regexp = tr_match(self)->regexp, list = tr_array_new(f, 4);
    for (int i = 0; regexp != TR_NIL && i < tr_regexp(regexp)->name_count; i++)
        if (tr_array_push(f, list, tr_symbol_to_s(f, tr_value_from_id(tr_regexp(regexp)->names[i].name))) ==
            TR_RAISED)
            return TR_RAISED;
    return list;
}

/* --- the rest --- */

static MAY_GC Value match_pre(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_match_special(f, self, '`');
}
static MAY_GC Value match_post(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_match_special(f, self, '\'');
}
static MAY_GC Value match_to_s(Fiber *f, Value self, const Args *args) {
    (void)args;
    return group_text(f, self, 0);
}
static Value match_string(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_match(self)->string;
}

static MAY_SWITCH MAY_RAISE Value match_regexp(Fiber *f, Value self, const Args *args) {
    (void)args;
    Match *match = tr_match(self);
    if (match->regexp == TR_NIL) { /* a String was looked for: the regexp that would have found it */
        Value regexp = tr_to_regexp(f, group_text(f, self, 0), true);
        if (regexp == TR_RAISED) return TR_RAISED;
        tr_write(self, &match->regexp, regexp);
    }
    return match->regexp;
}

static MAY_GC MAY_RAISE Value match_inspect(Fiber *f, Value self, const Args *args) {
    (void)args;
    Value out = tr_string_new_cstr(f, "#<MatchData");
    Value regexp = tr_match(self)->regexp;
    for (int i = 0; i < (int)tr_match(self)->count; i++) {
        if (tr_string_append_bytes(f, out, " ", 1) == TR_RAISED) return TR_RAISED;
        const char *label = NULL;
        for (int k = 0; i > 0 && regexp != TR_NIL && k < tr_regexp(regexp)->name_count; k++)
            for (int g = 0; g < tr_regexp(regexp)->names[k].count; g++)
                if (tr_regexp(regexp)->names[k].groups[g] == i)
                    label = tr_id_cstr(tr_regexp(regexp)->names[k].name);
        char number[16];
        if (i > 0 && !label) {
            snprintf(number, sizeof number, "%d", i);
            label = number;
        }
        if (label && (tr_string_append_cstr(f, out, label) == TR_RAISED ||
                      tr_string_append_bytes(f, out, ":", 1) == TR_RAISED))
            return TR_RAISED;
        Value text = group_text(f, self, i);
        if (text == TR_NIL) {
            if (tr_string_append_cstr(f, out, "nil") == TR_RAISED) return TR_RAISED;
        } else {
            text = tr_string_inspect(f, text);
            if (text == TR_RAISED || tr_string_append(f, out, text) == TR_RAISED) return TR_RAISED;
        }
    }
    return tr_string_append_bytes(f, out, ">", 1);
}

static MAY_SWITCH MAY_RAISE Value match_equal(Fiber *f, Value self, const Args *args) {
    Value other = args->argv[0];
    if (self == other) return TR_TRUE;
    if (!tr_is_match(other)) return TR_FALSE;
    Match *a = tr_match(self), *b = tr_match(other);
    if (a->count != b->count || !tr_string_equal(a->string, b->string)) return TR_FALSE;
    if (memcmp(a->offsets, b->offsets, a->count * 2 * sizeof(int32_t)) != 0) return TR_FALSE;
    Value r = match_regexp(f, self, args), s = r == TR_RAISED ? TR_RAISED : match_regexp(f, other, args);
    if (s == TR_RAISED) return TR_RAISED;
    int equal = tr_equal(f, r, s);
    return equal < 0 ? TR_RAISED : tr_bool(equal);
}

static Value match_hash(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    uint64_t h = tr_hash_mix(tr_string_hash(tr_match(self)->string), tr_match(self)->count);
    for (uint32_t i = 0; i < 2 * tr_match(self)->count; i++)
        h = tr_hash_mix(h, (uint64_t)tr_match(self)->offsets[i]);
    return TR_FIX(h >> 2);
}

static MAY_GC MAY_RAISE Value match_initialize_copy(Fiber *f, Value self, const Args *args) {
    Value other = args->argv[0];
    if (self == other) return self;
    if (!tr_is_match(other)) return tr_raise(f, tr_class.type_error, "wrong argument class");
    Match *to = tr_match(self), *from = tr_match(other);
    size_t bytes = from->count * 2 * sizeof(int32_t);
    if (to->count < from->count) {
        int32_t *offsets = tr_buffer_alloc(f, bytes);
        if (!offsets) return tr_raise_no_memory(f);
        to->offsets = offsets;
        to->h.flags &= ~(uint32_t)MATCH_EMBEDDED;
    }
    memcpy(to->offsets, from->offsets, bytes);
    to->count = from->count;
    tr_write(self, &to->string, from->string);
    tr_write(self, &to->regexp, from->regexp);
    return self;
}

static MAY_GC Value match_alloc(Fiber *f, Class *klass) {
    Value v = tr_match_new(f, TR_UNDEF, TR_NIL, 0);
    tr_header(v)->klass = klass;
    return v;
}

/* --- $~ --- */

static Value get_backref(Fiber *f, Id name) {
    (void)name;
    return tr_backref_get(f);
}

static MAY_GC MAY_RAISE Value set_backref(Fiber *f, Id name, Value value) {
    (void)name;
    if (value != TR_NIL && !tr_is_match(value))
        return tr_raise(f, tr_class.type_error, "wrong argument type %pC (expected MatchData)",
                        (void *)tr_real_class_of(value));
    tr_backref_set(f, value);
    return value;
}

static MAY_SWITCH void match_init(Fiber *f) {
    tr_global_define("$~", get_backref, set_backref, true);
    Class *meta = tr_singleton_class(f, (Value)tr_class.match);
    if (!meta || tr_method_undef(f, meta, TR_ID_allocate) == TR_RAISED) TR_UNREACHABLE();
}

static const MethodDef match_methods[] = {
    {"initialize_copy", match_initialize_copy, ARITY(1, 1), METHOD_PRIVATE},
    {"begin", match_begin, ARITY(1, 1), 0},
    {"end", match_end, ARITY(1, 1), 0},
    {"offset", match_offset, ARITY(1, 1), 0},
    {"bytebegin", match_bytebegin, ARITY(1, 1), 0},
    {"byteend", match_byteend, ARITY(1, 1), 0},
    {"byteoffset", match_byteoffset, ARITY(1, 1), 0},
    {"match", match_match, ARITY(1, 1), 0},
    {"match_length", match_match_length, ARITY(1, 1), 0},
    {"to_a", match_to_a, ARITY(0, 0), 0},
    {"captures", match_captures, ARITY(0, 0), 0},
    {"deconstruct", match_captures, ARITY(0, 0), 0},
    {"[]", match_aref, ARITY(1, 2), 0},
    {"values_at", match_values_at, ARITY_REST(0), 0},
    {"length", match_length, ARITY(0, 0), METHOD_LEAF},
    {"size", match_length, ARITY(0, 0), METHOD_LEAF},
    {"named_captures", match_named_captures, ARITY(0, 0), METHOD_KEYWORDS},
    {"deconstruct_keys", match_deconstruct_keys, ARITY(1, 1), 0},
    {"names", match_names, ARITY(0, 0), 0},
    {"pre_match", match_pre, ARITY(0, 0), 0},
    {"post_match", match_post, ARITY(0, 0), 0},
    {"to_s", match_to_s, ARITY(0, 0), 0},
    {"string", match_string, ARITY(0, 0), METHOD_LEAF},
    {"regexp", match_regexp, ARITY(0, 0), 0},
    {"inspect", match_inspect, ARITY(0, 0), 0},
    {"==", match_equal, ARITY(1, 1), 0},
    {"eql?", match_equal, ARITY(1, 1), 0},
    {"hash", match_hash, ARITY(0, 0), 0},
    {NULL, NULL, 0, 0, 0}
};
const ClassDef tr_match_class = {.klass = &tr_class.match,
                                 .methods = match_methods,
                                 .alloc = match_alloc,
                                 .instance_type = TYPE_MATCH,
                                 .init = match_init};
