/* data.c - Data: immutable records. Layout, readers and questions are Struct's (struct.c).
 *
 * `new` turns positional arguments into keywords and calls initialize with those, so that a redefined
 * initialize sees keywords only. The instance is frozen at the end of the built-in initialize.
 */
#include "core/struct.h"

#define ARG(i) (args->argv[i])

static MAY_SWITCH MAY_RAISE Value data_s_define(Fiber *f, Value self, const Args *args) {
    if (tr_struct_members((Class *)self) != TR_UNDEF)
        return tr_raise(f, tr_class.no_method_error, "undefined method 'define' for class %pC",
                        (Class *)self);
    Value members = tr_struct_make_members(f, args->argc, args->argv);
    if (members == TR_RAISED) return TR_RAISED;
    for (size_t i = 0; i < tr_array_count(members); i++) {
        Id name = tr_symbol_id(tr_array_at(members, i));
        if (tr_id_kind(name) == ID_ATTRSET)
            return tr_raise(f, tr_class.argument_error, "invalid data member: %pI", name);
    }
    Class *klass = tr_struct_define_class(f, (Class *)self, members, false);
    if (!klass) return TR_RAISED;
    if (tr_block_is_given(args->block)) {
        Value argument = (Value)klass;
        if (tr_is_raised(tr_yield_under(f, args->block, argument, klass, 1, &argument, TR_NIL)))
            return TR_RAISED;
    }
    return (Value)klass;
}

/* A keyword hash of the positional arguments. */
static MAY_GC MAY_RAISE Value keywords_from(Fiber *f, Value members, const Args *args) {
    Value keywords = tr_hash_new_capacity(f, (size_t)args->argc);
    for (int i = 0; i < args->argc; i++) {
        Id name = tr_symbol_id(tr_array_at(members, (size_t)i));
        if (tr_is_raised(tr_hash_set_symbol(f, keywords, name, ARG(i)))) return TR_RAISED;
    }
    return keywords;
}

static MAY_SWITCH MAY_RAISE Value data_initialize(Fiber *f, Value self, const Args *args);

static MAY_SWITCH MAY_RAISE Value data_s_new(Fiber *f, Value self, const Args *args) {
    Class *klass = (Class *)self;
    Value members = tr_struct_members(klass), keywords = args->keywords;
    if (members == TR_UNDEF)
        return tr_raise(f, tr_class.no_method_error, "undefined method 'new' for class %pC", klass);
    size_t count = tr_array_count(members);
    bool is_plain = args->argc == 0;
    if (!is_plain && keywords != TR_NIL && tr_hash_count(keywords) > 0)
        return tr_raise_argc(f, args->argc + 1, 0, 0);
    if ((size_t)args->argc > count) return tr_raise_argc(f, args->argc, 0, (int)count);
    Value instance = tr_struct_alloc(f, klass);
    if (!is_plain && (size_t)args->argc == count && tr_method_is_basic(instance, TR_ID_initialize)) {
        memcpy(tr_struct(instance)->items, args->argv, count * sizeof(Value));
        tr_write_many(instance);
        tr_header(instance)->flags |= TR_FLAG_FROZEN;
        return instance;
    }
    if (!is_plain) keywords = keywords_from(f, members, args);
    if (keywords == TR_RAISED) return TR_RAISED;
    Value done = tr_call_full(f, instance, TR_ID_initialize, 0, NULL, args->block, keywords, false);
    return done == TR_RAISED ? TR_RAISED : instance;
}

static MAY_GC MAY_RAISE Value data_s_members(Fiber *f, Value self, const Args *args) {
    return tr_struct_s_members(f, self, args);
}

/* "missing keyword: :y", "unknown keywords: :a, :b" */
static MAY_SWITCH MAY_RAISE Value raise_keywords(Fiber *f, const char *what, Value names) {
    Value list = tr_string_new_cstr(f, "");
    for (size_t i = 0; i < tr_array_count(names); i++) {
        Value name = tr_inspect(f, tr_array_at(names, i));
        if (name == TR_RAISED || (i > 0 && tr_is_raised(tr_string_append_cstr(f, list, ", "))) ||
            tr_is_raised(tr_string_append(f, list, name)))
            return TR_RAISED;
    }
    return tr_raise(f, tr_class.argument_error, "%s keyword%s: %pV", what,
                    tr_array_count(names) == 1 ? "" : "s", list);
}

static MAY_SWITCH MAY_RAISE Value data_initialize(Fiber *f, Value self, const Args *args) {
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    Value members = tr_struct_members(tr_class_of(self)), keywords = args->keywords;
    if (args->argc > 0) return tr_raise_argc(f, args->argc, 0, 0);
    size_t count = tr_array_count(members), filled = 0, position = 0;
    Value key, value, unknown = TR_NIL;
    for (size_t i = 0; i < count; i++) tr_struct(self)->items[i] = TR_UNDEF;
    while (keywords != TR_NIL && tr_hash_next(keywords, &position, &key, &value)) {
        Value name = tr_is_string(key) ? tr_string_to_symbol(f, key) : key;
        if (name == TR_RAISED) return TR_RAISED;
        int64_t at = tr_struct_member_index(members, name);
        if (at < 0) {
            if (unknown == TR_NIL) unknown = tr_array_new(f, 1);
            if (tr_is_raised(tr_array_push(f, unknown, key))) return TR_RAISED;
            continue;
        }
        if (tr_struct(self)->items[at] == TR_UNDEF) filled++;
        tr_write(self, &tr_struct(self)->items[at], value);
    }
    if (filled < count) {
        Value missing = tr_array_new(f, count);
        for (size_t i = 0; i < count; i++) {
            if (tr_struct(self)->items[i] != TR_UNDEF) continue;
            tr_struct(self)->items[i] = TR_NIL;
            if (tr_is_raised(tr_array_push(f, missing, tr_array_at(members, i)))) return TR_RAISED;
        }
        return raise_keywords(f, "missing", missing);
    }
    if (unknown != TR_NIL) return raise_keywords(f, "unknown", unknown);
    tr_header(self)->flags |= TR_FLAG_FROZEN;
    return TR_NIL;
}

static MAY_GC MAY_RAISE Value data_initialize_copy(Fiber *f, Value self, const Args *args) {
    if (self == ARG(0)) return self;
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    if (!tr_is_type(ARG(0), TYPE_STRUCT) || tr_struct(ARG(0))->count != tr_struct(self)->count)
        return tr_raise(f, tr_class.type_error, "initialize_copy should take same class object");
    memcpy(tr_struct(self)->items, tr_struct(ARG(0))->items, tr_struct(self)->count * sizeof(Value));
    tr_write_many(self);
    tr_header(self)->flags |= TR_FLAG_FROZEN;
    return self;
}

static MAY_SWITCH MAY_RAISE Value data_with(Fiber *f, Value self, const Args *args) {
    if (args->argc > 0) return tr_raise_argc(f, args->argc, 0, 0);
    if (args->keywords == TR_NIL || tr_hash_count(args->keywords) == 0) return self;
    Args unnamed = {0, NULL, args->block, TR_NIL}; /* a block is to_h's, as in Ruby 4.0 */
    Value keywords = tr_struct_to_h(f, self, &unnamed);
    if (keywords == TR_RAISED || tr_is_raised(tr_hash_update(f, keywords, args->keywords))) return TR_RAISED;
    Value copy = tr_struct_alloc(f, tr_real_class_of(self));
    if (tr_is_raised(tr_call_full(f, copy, TR_ID_initialize, 0, NULL, TR_NIL, keywords, false)))
        return TR_RAISED;
    return copy;
}

static MAY_SWITCH MAY_RAISE Value data_inspect(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_struct_inspect(f, self, "#<data");
}

static const MethodDef data_singleton_methods[] = {
    {"define", data_s_define, ARITY_REST(0), 0},
    {"new", data_s_new, ARITY_REST(0), METHOD_KEYWORDS},
    {"[]", data_s_new, ARITY_REST(0), METHOD_KEYWORDS},
    {"members", data_s_members, ARITY(0, 0), 0},
    {NULL, NULL, 0, 0, 0},
};

static const MethodDef data_methods[] = {
    {"initialize", data_initialize, ARITY_REST(0), METHOD_PRIVATE | METHOD_KEYWORDS},
    {"initialize_copy", data_initialize_copy, ARITY(1, 1), METHOD_PRIVATE},
    {"==", tr_struct_equal, ARITY(1, 1), 0},
    {"eql?", tr_struct_eql, ARITY(1, 1), 0},
    {"hash", tr_struct_hash, ARITY(0, 0), 0},
    {"inspect", data_inspect, ARITY(0, 0), 0},
    {"to_s", data_inspect, ARITY(0, 0), 0},
    {"to_h", tr_struct_to_h, ARITY(0, 0), 0},
    {"deconstruct", tr_struct_to_a, ARITY(0, 0), 0},
    {"deconstruct_keys", tr_struct_deconstruct_keys, ARITY(1, 1), 0},
    {"members", tr_struct_member_list, ARITY(0, 0), 0},
    {"with", data_with, ARITY_REST(0), METHOD_KEYWORDS},
    {NULL, NULL, 0, 0, 0},
};

const ClassDef tr_data_class_def = {
    &tr_class.data, data_methods, data_singleton_methods, tr_struct_alloc, false, TYPE_STRUCT, NULL,
};
