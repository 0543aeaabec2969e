/* struct.c - Struct, and the layout and questions it shares with Data.
 *
 * An instance holds its members' values in order, in the object itself up to EMBED_MAX. The members are known
 * to the class (Class.struct_members), subclasses find them above. Readers and writers of the first members
 * are C functions of their own, so that reading one costs a call and a load; further ones look their name up.
 */
#include "core/struct.h"

#define ARG(i)    (args->argv[i])
#define EMBED_MAX ((TR_SLOT_MAX_BYTES - sizeof(Struct)) / sizeof(Value))

static void trace_struct(Tracer *tracer, Value object) {
    tr_trace_range(tracer, tr_struct(object)->items, tr_struct(object)->count);
}

static void free_struct(Heap *heap, Value object) {
    Struct *s = tr_struct(object);
    if (s->items && s->items != s->embedded) tr_buffer_free(heap, s->items, s->count * sizeof(Value));
}

/* --- classes with members --- */

Value tr_struct_members(const Class *klass) {
    for (const Class *c = klass; c; c = c->super)
        if (c->struct_members != TR_UNDEF && c->struct_members != 0) return c->struct_members;
    return TR_UNDEF;
}

Value tr_struct_alloc(Fiber *f, Class *klass) {
    Value members = tr_struct_members(klass);
    size_t count = members == TR_UNDEF ? 0 : tr_array_count(members);
    bool embeds = count <= EMBED_MAX;
    Struct *s = tr_heap_alloc(f, sizeof(Struct) + (embeds ? count : 0) * sizeof(Value), TYPE_STRUCT, klass);
    s->items = s->embedded;
    if (!embeds) {
        Value *items = tr_buffer_alloc(f, count * sizeof(Value));
        if (!items) tr_fatal(__FILE__, __LINE__, "out of memory for a Struct");
        s->items = items;
    }
    for (size_t i = 0; i < count; i++) s->items[i] = TR_NIL;
    s->count = (uint32_t)count;
    return (Value)s;
}

int64_t tr_struct_member_index(Value members, Value name) {
    for (size_t i = 0; i < tr_array_count(members); i++)
        if (tr_array(members)->items[i] == name) return (int64_t)i;
    return -1;
}

Value tr_struct_make_members(Fiber *f, int argc, const Value *argv) {
    Value members = tr_array_new(f, (size_t)argc);
    for (int i = 0; i < argc; i++) {
        Id id = tr_to_id(f, argv[i]);
        if (!id) return TR_RAISED;
        Value name = tr_value_from_id(id);
        if (tr_struct_member_index(members, name) >= 0)
            return tr_raise(f, tr_class.argument_error, "duplicate member: %pI", id);
        if (tr_is_raised(tr_array_push(f, members, name))) return TR_RAISED;
    }
    tr_header(members)->flags |= TR_FLAG_FROZEN | TR_FLAG_SHAREABLE;
    return members;
}

/* --- readers and writers --- */

static inline Value read_member(Value self, uint32_t i) {
    return i < tr_struct(self)->count ? tr_struct(self)->items[i] : TR_NIL;
}

static inline MAY_GC MAY_RAISE Value write_member(Fiber *f, Value self, uint32_t i, Value value) {
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    if (i < tr_struct(self)->count) tr_write(self, &tr_struct(self)->items[i], value);
    return value;
}

#define MEMBER(i)                                                                                            \
    static Value reader_##i(Fiber *f, Value self, const Args *args) {                                        \
        (void)f, (void)args;                                                                                 \
        return read_member(self, i);                                                                         \
    }                                                                                                        \
    static MAY_GC MAY_RAISE Value writer_##i(Fiber *f, Value self, const Args *args) {                       \
        return write_member(f, self, i, ARG(0));                                                             \
    }
MEMBER(0)
MEMBER(1)
MEMBER(2)
MEMBER(3)
MEMBER(4)
MEMBER(5)
MEMBER(6)
MEMBER(7)
MEMBER(8)
MEMBER(9)
#undef MEMBER
static const MethodFn readers[] = {reader_0, reader_1, reader_2, reader_3, reader_4,
                                   reader_5, reader_6, reader_7, reader_8, reader_9};
static const MethodFn writers[] = {writer_0, writer_1, writer_2, writer_3, writer_4,
                                   writer_5, writer_6, writer_7, writer_8, writer_9};
#define QUICK_COUNT (sizeof readers / sizeof readers[0])

/* The name an accessor was defined with, past aliases. */
static Id accessor_name(Fiber *f) {
    const Method *method = f->frame->method;
    return method ? method->original_id : tr_current_method_id(f);
}

static Value reader_by_name(Fiber *f, Value self, const Args *args) {
    (void)args;
    Value members = tr_struct_members(tr_class_of(self));
    int64_t i = tr_struct_member_index(members, tr_value_from_id(accessor_name(f)));
    return i < 0 ? TR_NIL : read_member(self, (uint32_t)i);
}

static MAY_GC MAY_RAISE Value writer_by_name(Fiber *f, Value self, const Args *args) {
    const IdName *setter = tr_id_name(accessor_name(f));
    Id name = tr_intern(setter->bytes, setter->size - 1, setter->encoding);
    int64_t i = tr_struct_member_index(tr_struct_members(tr_class_of(self)), tr_value_from_id(name));
    return i < 0 ? TR_NIL : write_member(f, self, (uint32_t)i, ARG(0));
}

static MAY_GC void define_accessors(Fiber *f, Class *klass, Value members, bool with_writers) {
    for (size_t i = 0; i < tr_array_count(members); i++) {
        Id name = tr_symbol_id(tr_array_at(members, i));
        if (i < QUICK_COUNT) tr_define_method(f, klass, tr_id_cstr(name), readers[i], 0, 0, METHOD_LEAF);
        else tr_define_method(f, klass, tr_id_cstr(name), reader_by_name, 0, 0, 0);
        if (!with_writers) continue;
        const char *setter = tr_id_cstr(tr_id_attrset(name));
        tr_define_method(f, klass, setter, i < QUICK_COUNT ? writers[i] : writer_by_name, 1, 1, 0);
    }
}

Class *tr_struct_define_class(Fiber *f, Class *super, Value members, bool with_writers) {
    Class *klass = tr_class_new(f, super);
    klass->alloc = tr_struct_alloc;
    klass->instance_type = TYPE_STRUCT;
    klass->struct_members = members;
    tr_barrier((Value)klass, members);
    define_accessors(f, klass, members, with_writers);
    if (tr_is_raised(tr_call(f, (Value)super, TR_ID_inherited, 1, (Value)klass))) return NULL;
    return klass;
}

/* --- Struct.new --- */

/* keyword_init: true, false, nil or absent as flags of the members Array. */
static MAY_SWITCH MAY_RAISE bool keyword_init_flags(Fiber *f, Value keywords, uint32_t *flags) {
    static Id names[1]; /* the same whoever writes it first */
    if (!names[0]) names[0] = tr_intern_cstr("keyword_init");
    Value keyword_init;
    if (!tr_keywords(f, keywords, names, 0, 1, &keyword_init, false)) return false;
    *flags = keyword_init == TR_UNDEF || keyword_init == TR_NIL ? 0
             : tr_is_truthy(keyword_init)                       ? MEMBERS_KEYWORD_INIT
                                                                : MEMBERS_NO_KEYWORD_INIT;
    return true;
}

static MAY_SWITCH MAY_RAISE Value define_struct(Fiber *f, Class *super, const Args *args) {
    uint32_t flags;
    int first = 0;
    Value name = TR_NIL;
    if (!keyword_init_flags(f, args->keywords, &flags)) return TR_RAISED;
    if (args->argc > 0 && !tr_is_symbol(ARG(0))) {
        first = 1;
        if (ARG(0) != TR_NIL) name = tr_to_str(f, ARG(0));
        if (name == TR_RAISED) return TR_RAISED;
    }
    Id constant = TR_ID_NONE;
    if (name != TR_NIL) {
        constant = tr_to_id(f, name);
        if (!constant) return TR_RAISED;
        if (tr_id_kind(constant) != ID_CONSTANT)
            return tr_raise(f, tr_class.name_error, "identifier %pI needs to be constant", constant);
    }
    Value members = tr_struct_make_members(f, args->argc - first, args->argv + first);
    if (members == TR_RAISED) return TR_RAISED;
    tr_header(members)->flags |= flags;
    Class *klass = tr_struct_define_class(f, super, members, true);
    if (!klass) return TR_RAISED;
    if (constant && tr_is_raised(tr_const_set(f, super, constant, (Value)klass))) return TR_RAISED;
    if (tr_block_is_given(args->block)) {
        Value self = (Value)klass;
        if (tr_is_raised(tr_yield_under(f, args->block, self, klass, 1, &self, TR_NIL))) return TR_RAISED;
    }
    return (Value)klass;
}

static MAY_SWITCH MAY_RAISE Value struct_initialize(Fiber *f, Value self, const Args *args);

/* Struct.new(:a, :b) makes a class; Point.new(1, 2) an instance. */
static MAY_SWITCH MAY_RAISE Value struct_s_new(Fiber *f, Value self, const Args *args) {
    Class *klass = (Class *)self;
    if (tr_struct_members(klass) == TR_UNDEF) return define_struct(f, klass, args);
    Value instance = tr_struct_alloc(f, klass);
    Value done = tr_method_is_basic(instance, TR_ID_initialize)
                     ? struct_initialize(f, instance, args)
                     : tr_call_full(f, instance, TR_ID_initialize, args->argc, args->argv, args->block,
                                    args->keywords, false);
    return done == TR_RAISED ? TR_RAISED : instance;
}

static MAY_SWITCH MAY_RAISE Value struct_s_create(Fiber *f, Value self, const Args *args) {
    if (tr_struct_members((Class *)self) == TR_UNDEF)
        return tr_raise(f, tr_class.no_method_error, "undefined method '[]' for class %pC", (Class *)self);
    return struct_s_new(f, self, args);
}

Value tr_struct_s_members(Fiber *f, Value self, const Args *args) {
    (void)args;
    Value members = tr_struct_members((Class *)self);
    if (members == TR_UNDEF)
        return tr_raise(f, tr_class.no_method_error, "undefined method 'members' for class %pC",
                        (Class *)self);
    return tr_array_new_from(f, tr_array_count(members), tr_array(members)->items);
}

static MAY_GC MAY_RAISE Value struct_s_keyword_init(Fiber *f, Value self, const Args *args) {
    (void)args;
    Value members = tr_struct_members((Class *)self);
    if (members == TR_UNDEF)
        return tr_raise(f, tr_class.no_method_error, "undefined method 'keyword_init?' for class %pC",
                        (Class *)self);
    if (tr_has_flag(members, MEMBERS_KEYWORD_INIT)) return TR_TRUE;
    return tr_has_flag(members, MEMBERS_NO_KEYWORD_INIT) ? TR_FALSE : TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value struct_s_inspect(Fiber *f, Value self, const Args *args) {
    (void)args;
    Value name = tr_class_path(f, (Class *)self), members = tr_struct_members((Class *)self);
    if (members == TR_UNDEF || !tr_has_flag(members, MEMBERS_KEYWORD_INIT)) return name;
    return tr_string_append_cstr(f, tr_string_dup(f, name), "(keyword_init: true)");
}

/* --- instances --- */

static MAY_SWITCH MAY_RAISE Value initialize_from_keywords(Fiber *f, Value self, Value members,
                                                           Value keywords) {
    size_t position = 0;
    Value key, value, unknown = TR_NIL;
    while (tr_hash_next(keywords, &position, &key, &value)) {
        Value name = tr_is_string(key) ? tr_string_to_symbol(f, key) : key;
        if (name == TR_RAISED) return TR_RAISED;
        int64_t i = tr_struct_member_index(members, name);
        if (i >= 0) {
            tr_write(self, &tr_struct(self)->items[i], value);
            continue;
        }
        if (unknown == TR_NIL) unknown = tr_array_new(f, 1);
        if (tr_is_raised(tr_array_push(f, unknown, key))) return TR_RAISED;
    }
    if (unknown == TR_NIL) return TR_NIL;
    Value list = tr_array_join(f, unknown, tr_string_new_cstr(f, ", "));
    return list == TR_RAISED ? TR_RAISED
                             : tr_raise(f, tr_class.argument_error, "unknown keywords: %pV", list);
}

static MAY_SWITCH MAY_RAISE Value struct_initialize(Fiber *f, Value self, const Args *args) {
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    Value members = tr_struct_members(tr_class_of(self));
    Struct *s = tr_struct(self);
    size_t count = (size_t)args->argc;
    bool has_keywords = args->keywords != TR_NIL && tr_hash_count(args->keywords) > 0;
    if (tr_has_flag(members, MEMBERS_KEYWORD_INIT)) {
        if (count > 1 || (count == 1 && (has_keywords || !tr_is_hash(ARG(0)))))
            return tr_raise_argc(f, args->argc, 0, 0);
        if (count == 0 && !has_keywords) return TR_NIL;
        return initialize_from_keywords(f, self, members, count == 1 ? ARG(0) : args->keywords);
    }
    if (has_keywords && count == 0 && !tr_has_flag(members, MEMBERS_NO_KEYWORD_INIT))
        return initialize_from_keywords(f, self, members, args->keywords);
    size_t given = count + has_keywords;
    if (given > s->count) return tr_raise(f, tr_class.argument_error, "struct size differs");
    for (size_t i = 0; i < count; i++) s->items[i] = ARG(i);
    if (has_keywords) s->items[count] = tr_hash_dup(f, args->keywords);
    tr_write_many(self);
    return TR_NIL;
}

static MAY_GC MAY_RAISE Value struct_initialize_copy(Fiber *f, Value self, const Args *args) {
    if (self == ARG(0)) return self;
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    if (!tr_is_type(ARG(0), TYPE_STRUCT) || tr_struct(ARG(0))->count != tr_struct(self)->count)
        return tr_raise(f, tr_class.type_error, "initialize_copy should take same class object");
    memcpy(tr_struct(self)->items, tr_struct(ARG(0))->items, tr_struct(self)->count * sizeof(Value));
    tr_write_many(self);
    return self;
}

static MAY_SWITCH MAY_RAISE Value compare_members(Fiber *f, Value a, Value b,
                                                  int (*same)(Fiber *, Value, Value)) {
    for (uint32_t i = 0; i < tr_struct(a)->count; i++) {
        int equal = same(f, read_member(a, i), read_member(b, i));
        if (equal <= 0) return equal < 0 ? TR_RAISED : TR_FALSE;
    }
    return TR_TRUE;
}

static MAY_SWITCH MAY_RAISE Value equal_guarded(Fiber *f, Value self, Value other, bool is_recursive) {
    return is_recursive ? TR_TRUE : compare_members(f, self, other, tr_equal);
}

static MAY_SWITCH MAY_RAISE Value eql_guarded(Fiber *f, Value self, Value other, bool is_recursive) {
    return is_recursive ? TR_TRUE : compare_members(f, self, other, tr_eql);
}

static bool is_same_class(Value a, Value b) {
    return tr_is_type(b, TYPE_STRUCT) && tr_real_class_of(a) == tr_real_class_of(b);
}

Value tr_struct_equal(Fiber *f, Value self, const Args *args) {
    if (self == ARG(0)) return TR_TRUE;
    if (!is_same_class(self, ARG(0))) return TR_FALSE;
    return tr_recursion_guard(f, TR_ID_eq, self, ARG(0), equal_guarded, ARG(0));
}

Value tr_struct_eql(Fiber *f, Value self, const Args *args) {
    if (self == ARG(0)) return TR_TRUE;
    if (!is_same_class(self, ARG(0))) return TR_FALSE;
    return tr_recursion_guard(f, TR_ID_eql_p, self, ARG(0), eql_guarded, ARG(0));
}

static MAY_SWITCH MAY_RAISE Value hash_guarded(Fiber *f, Value self, Value data, bool is_recursive) {
    (void)data;
    uint64_t hash = tr_hash_mix((uint64_t)(uintptr_t)tr_real_class_of(self), tr_struct(self)->count);
    for (uint32_t i = 0; !is_recursive && i < tr_struct(self)->count; i++) {
        uint64_t item;
        if (!tr_hash_of(f, read_member(self, i), &item)) return TR_RAISED;
        hash = tr_hash_mix(hash, item);
    }
    return tr_value_from_fixnum((int64_t)(hash >> 2));
}

Value tr_struct_hash(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_recursion_guard(f, TR_ID_hash, self, TR_UNDEF, hash_guarded, TR_NIL);
}

/* --- looking --- */

static MAY_SWITCH MAY_RAISE Value inspect_guarded(Fiber *f, Value self, Value prefix, bool is_recursive) {
    Value text = tr_string_dup(f, prefix), members = tr_struct_members(tr_class_of(self));
    Class *klass = tr_real_class_of(self);
    bool is_named = klass->name != TR_NIL;
    if (is_named && (tr_is_raised(tr_string_append_bytes(f, text, " ", 1)) ||
                     tr_is_raised(tr_string_append(f, text, tr_class_path(f, klass)))))
        return TR_RAISED;
    if (is_recursive) return tr_string_append_cstr(f, text, ":...>");
    for (uint32_t i = 0; i < tr_struct(self)->count; i++) {
        if (tr_is_raised(tr_string_append_cstr(f, text, i == 0 ? " " : ", "))) return TR_RAISED;
        Value name = tr_array_at(members, i);
        IdKind kind = tr_id_kind(tr_symbol_id(name));
        const IdName *spelled = tr_id_name(tr_symbol_id(name));
        char last = spelled->size ? spelled->bytes[spelled->size - 1] : 0;
        bool is_plain = (kind == ID_LOCAL || kind == ID_CONSTANT) && last != '?' && last != '!';
        Value shown = is_plain ? tr_symbol_to_s(f, name) : tr_symbol_inspect(f, name);
        if (shown == TR_RAISED || tr_is_raised(tr_string_append(f, text, shown)) ||
            tr_is_raised(tr_string_append_bytes(f, text, "=", 1)))
            return TR_RAISED;
        shown = tr_inspect(f, read_member(self, i));
        if (shown == TR_RAISED || tr_is_raised(tr_string_append(f, text, shown))) return TR_RAISED;
    }
    return tr_string_append_bytes(f, text, ">", 1);
}

Value tr_struct_inspect(Fiber *f, Value self, const char *prefix) {
    return tr_recursion_guard(f, TR_ID_inspect, self, TR_UNDEF, inspect_guarded,
                              tr_string_new_cstr(f, prefix));
}

static MAY_SWITCH MAY_RAISE Value struct_inspect(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_struct_inspect(f, self, "#<struct");
}

Value tr_struct_to_a(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_array_new_from(f, tr_struct(self)->count, tr_struct(self)->items);
}

Value tr_struct_member_list(Fiber *f, Value self, const Args *args) {
    (void)args;
    Value members = tr_struct_members(tr_class_of(self));
    return tr_array_new_from(f, tr_array_count(members), tr_array(members)->items);
}

Value tr_struct_to_h(Fiber *f, Value self, const Args *args) {
    Value members = tr_struct_members(tr_class_of(self)),
          hash = tr_hash_new_capacity(f, tr_struct(self)->count);
    for (uint32_t i = 0; i < tr_struct(self)->count; i++) {
        Value key = tr_array_at(members, i), value = read_member(self, i);
        if (tr_block_is_given(args->block)) {
            Value answer = tr_yield2(f, args->block, key, value);
            if (answer == TR_RAISED) return TR_RAISED;
            Value pair = tr_try_convert(f, answer, tr_class.array, TR_ID_to_ary);
            if (pair == TR_RAISED) return TR_RAISED;
            if (pair == TR_NIL)
                return tr_raise(f, tr_class.type_error, "wrong element type %pC (expected array)",
                                tr_real_class_of(answer));
            if (tr_array_count(pair) != 2)
                return tr_raise(f, tr_class.argument_error,
                                "element has wrong array length (expected 2, was %zu)", tr_array_count(pair));
            key = tr_array_at(pair, 0);
            value = tr_array_at(pair, 1);
        }
        if (tr_is_raised(tr_hash_set(f, hash, key, value))) return TR_RAISED;
    }
    return hash;
}

Value tr_struct_deconstruct_keys(Fiber *f, Value self, const Args *args) {
    if (ARG(0) == TR_NIL) {
        Args none = {0, NULL, TR_NIL, TR_NIL};
        return tr_struct_to_h(f, self, &none);
    }
    if (!tr_is_array(ARG(0)))
        return tr_raise(f, tr_class.type_error, "wrong argument type %pC (expected Array or nil)",
                        tr_real_class_of(ARG(0)));
    Value members = tr_struct_members(tr_class_of(self)), hash = tr_hash_new(f);
    if (tr_array_count(ARG(0)) > tr_array_count(members)) return hash;
    for (size_t i = 0; i < tr_array_count(ARG(0)); i++) {
        Value key = tr_array_at(ARG(0), i);
        int64_t at = tr_is_symbol(key) ? tr_struct_member_index(members, key) : -1;
        if (at < 0) return hash;
        if (tr_is_raised(tr_hash_set(f, hash, key, read_member(self, (uint32_t)at)))) return TR_RAISED;
    }
    return hash;
}

/* --- elements --- */

static MAY_GC MAY_RAISE int64_t raise_offset(Fiber *f, int64_t given, uint32_t count, bool is_large) {
    (void)!tr_raise(f, tr_class.index_error, "offset %lld too %s for struct(size:%u)", (long long)given,
                    is_large ? "large" : "small", count);
    return -1;
}

/* The position that a name or number means; -1 raised. */
static MAY_SWITCH MAY_RAISE int64_t position_of(Fiber *f, Value self, Value key) {
    if (tr_is_symbol(key) || tr_is_string(key)) {
        Value name = tr_is_string(key) ? tr_string_to_symbol(f, key) : key;
        if (name == TR_RAISED) return -1;
        int64_t at = tr_struct_member_index(tr_struct_members(tr_class_of(self)), name);
        if (at >= 0) return at;
        (void)!tr_raise(f, tr_class.name_error, "no member '%pI' in struct", tr_symbol_id(name));
        Value exception = tr_rescue(f, tr_class.name_error);
        if (exception == TR_UNDEF) return -1;
        tr_write(exception, &((Exception *)exception)->name, name);
        tr_write(exception, &((Exception *)exception)->receiver, self);
        (void)!tr_raise_value(f, exception);
        return -1;
    }
    int64_t given;
    uint32_t count = tr_struct(self)->count;
    if (!tr_to_long(f, key, &given)) return -1;
    if (given >= (int64_t)count) return raise_offset(f, given, count, true);
    if (given < -(int64_t)count) return raise_offset(f, given, count, false);
    return given < 0 ? given + count : given;
}

static MAY_SWITCH MAY_RAISE Value struct_aref(Fiber *f, Value self, const Args *args) {
    int64_t at = position_of(f, self, ARG(0));
    return at < 0 ? TR_RAISED : read_member(self, (uint32_t)at);
}

static MAY_SWITCH MAY_RAISE Value struct_aset(Fiber *f, Value self, const Args *args) {
    int64_t at = position_of(f, self, ARG(0));
    return at < 0 ? TR_RAISED : write_member(f, self, (uint32_t)at, ARG(1));
}

static MAY_SWITCH MAY_RAISE Value struct_dig(Fiber *f, Value self, const Args *args) {
    Value key = ARG(0), item;
    if (tr_is_string(key)) key = tr_string_to_symbol(f, key);
    if (key == TR_RAISED) return TR_RAISED;
    if (tr_is_symbol(key)) {
        int64_t at = tr_struct_member_index(tr_struct_members(tr_class_of(self)), key);
        item = at < 0 ? TR_NIL : read_member(self, (uint32_t)at);
    } else {
        int64_t at;
        if (!tr_to_long(f, key, &at)) return TR_RAISED;
        if (at < 0) at += tr_struct(self)->count;
        item = at < 0 || at >= (int64_t)tr_struct(self)->count ? TR_NIL : read_member(self, (uint32_t)at);
    }
    return tr_dig(f, item, args->argc - 1, args->argv + 1);
}

static MAY_SWITCH MAY_RAISE Value struct_values_at(Fiber *f, Value self, const Args *args) {
    Value result = tr_array_new(f, (size_t)args->argc);
    int64_t total = tr_struct(self)->count;
    for (int i = 0; i < args->argc; i++) {
        int64_t start, count;
        int outcome = tr_range_bounds(f, ARG(i), total, &start, &count, 2);
        if (outcome == -1) return TR_RAISED;
        if (outcome == 1) {
            for (int64_t j = start; j < start + count; j++)
                if (tr_is_raised(
                        tr_array_push(f, result, j < total ? read_member(self, (uint32_t)j) : TR_NIL)))
                    return TR_RAISED;
            continue;
        }
        int64_t given;
        if (!tr_to_long(f, ARG(i), &given)) return TR_RAISED;
        int64_t at = position_of(f, self, tr_value_from_fixnum(given));
        if (at < 0 || tr_is_raised(tr_array_push(f, result, read_member(self, (uint32_t)at))))
            return TR_RAISED;
    }
    return result;
}

static Value struct_size(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_value_from_fixnum(tr_struct(self)->count);
}

static MAY_SWITCH MAY_RAISE Value struct_each(Fiber *f, Value self, const Args *args) {
    if (!tr_block_is_given(args->block)) return tr_enumerator(f, self, args, struct_size);
    for (uint32_t i = 0; i < tr_struct(self)->count; i++)
        if (tr_is_raised(tr_yield1(f, args->block, read_member(self, i)))) return TR_RAISED;
    return self;
}

static MAY_SWITCH MAY_RAISE Value struct_each_pair(Fiber *f, Value self, const Args *args) {
    if (!tr_block_is_given(args->block)) return tr_enumerator(f, self, args, struct_size);
    Value members = tr_struct_members(tr_class_of(self));
    for (uint32_t i = 0; i < tr_struct(self)->count; i++) {
        Value pair = tr_array_new_values(f, 2, tr_array_at(members, i), read_member(self, i));
        if (tr_is_raised(tr_yield1(f, args->block, pair))) return TR_RAISED;
    }
    return self;
}

static MAY_SWITCH MAY_RAISE Value struct_select(Fiber *f, Value self, const Args *args) {
    if (!tr_block_is_given(args->block)) return tr_enumerator(f, self, args, struct_size);
    Value result = tr_array_new(f, 0);
    for (uint32_t i = 0; i < tr_struct(self)->count; i++) {
        Value item = read_member(self, i), answer = tr_yield1(f, args->block, item);
        if (answer == TR_RAISED) return TR_RAISED;
        if (tr_is_truthy(answer) && tr_is_raised(tr_array_push(f, result, item))) return TR_RAISED;
    }
    return result;
}

static const MethodDef struct_singleton_methods[] = {
    {"new", struct_s_new, ARITY_REST(0), METHOD_KEYWORDS},
    {"[]", struct_s_create, ARITY_REST(0), METHOD_KEYWORDS},
    {"members", tr_struct_s_members, ARITY(0, 0), 0},
    {"keyword_init?", struct_s_keyword_init, ARITY(0, 0), 0},
    {"inspect", struct_s_inspect, ARITY(0, 0), 0},
    {NULL, NULL, 0, 0, 0},
};

static const MethodDef struct_methods[] = {
    {"initialize", struct_initialize, ARITY_REST(0), METHOD_PRIVATE | METHOD_KEYWORDS},
    {"initialize_copy", struct_initialize_copy, ARITY(1, 1), METHOD_PRIVATE},
    {"==", tr_struct_equal, ARITY(1, 1), 0},
    {"eql?", tr_struct_eql, ARITY(1, 1), 0},
    {"hash", tr_struct_hash, ARITY(0, 0), 0},
    {"inspect", struct_inspect, ARITY(0, 0), 0},
    {"to_s", struct_inspect, ARITY(0, 0), 0},
    {"to_a", tr_struct_to_a, ARITY(0, 0), 0},
    {"deconstruct", tr_struct_to_a, ARITY(0, 0), 0},
    {"values", tr_struct_to_a, ARITY(0, 0), 0},
    {"to_h", tr_struct_to_h, ARITY(0, 0), 0},
    {"deconstruct_keys", tr_struct_deconstruct_keys, ARITY(1, 1), 0},
    {"members", tr_struct_member_list, ARITY(0, 0), 0},
    {"size", struct_size, ARITY(0, 0), METHOD_LEAF},
    {"length", struct_size, ARITY(0, 0), METHOD_LEAF},
    {"[]", struct_aref, ARITY(1, 1), 0},
    {"[]=", struct_aset, ARITY(2, 2), 0},
    {"dig", struct_dig, ARITY_REST(1), 0},
    {"values_at", struct_values_at, ARITY_REST(0), 0},
    {"each", struct_each, ARITY(0, 0), 0},
    {"each_pair", struct_each_pair, ARITY(0, 0), 0},
    {"select", struct_select, ARITY(0, 0), 0},
    {"filter", struct_select, ARITY(0, 0), 0},
    {NULL, NULL, 0, 0, 0},
};

static MAY_SWITCH void init_struct(Fiber *f) {
    static const HeapType type = {"Struct", trace_struct, free_struct, NULL};
    tr_heap_register_type(TYPE_STRUCT, &type);
    if (tr_is_raised(tr_module_include(f, tr_class.struct_, tr_class.enumerable))) (void)tr_rescue(f, NULL);
}

const ClassDef tr_struct_class_def = {
    &tr_class.struct_, struct_methods, struct_singleton_methods, tr_struct_alloc, false,
    TYPE_STRUCT,       init_struct,
};
