/* object.c - BasicObject, and Kernel's methods on any object: identity, text, copying, instance variables, evaluation. */
#include "core/module_internal.h"

/* ---- BasicObject ---- */

static Value object_equal(Fiber *f, Value self, const Args *args) {
    (void)f;
    return tr_bool(self == args->argv[0]);
}

static Value object_not(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_bool(!tr_is_truthy(self));
}

static MAY_SWITCH Value object_not_equal(Fiber *f, Value self, const Args *args) {
    int equal = tr_equal(f, self, args->argv[0]);
    return equal < 0 ? TR_RAISED : tr_bool(!equal);
}

static MAY_GC Value object_id(Fiber *f, Value self, const Args *args) {
    (void)args;
    if (tr_is_object(self)) return tr_integer_from_uint64(f, tr_heap_object_id(f, self));
    if (tr_is_fixnum(self)) {
        int64_t n = tr_fixnum(self);
        Value twice = tr_integer_add(f, TR_FIX(n), TR_FIX(n));
        return tr_integer_add(f, twice, TR_FIX(1));
    }
    if (self == TR_NIL) return TR_FIX(4);
    if (self == TR_TRUE) return TR_FIX(20);
    if (self == TR_FALSE) return TR_FIX(0);
    return tr_integer_from_int64(f, (int64_t)self);
}

/* What `def` inside of an evaluated String goes to; NULL with *raised unset: nobody (numbers and symbols). */
static MAY_GC Class *eval_class(Fiber *f, Value self, bool *raised) {
    if (tr_is_object(self) && tr_object_type(self) != TYPE_FLOAT && tr_object_type(self) != TYPE_BIGNUM) {
        Class *klass = tr_singleton_class(f, self);
        *raised = klass == NULL;
        return klass;
    }
    return tr_class_of(self);
}

/* file and line of (source, file = "(eval at …)", line = 1); false: raised */
static MAY_SWITCH MAY_RAISE bool eval_arguments(Fiber *f, const Args *args, Value *source, Value *path, int *line) {
    *source = tr_to_str(f, args->argv[0]);
    if (*source == TR_RAISED) return false;
    *path = TR_NIL;
    *line = 1;
    if (args->argc > 1 && args->argv[1] != TR_NIL) {
        *path = tr_to_str(f, args->argv[1]);
        if (*path == TR_RAISED) return false;
    }
    if (args->argc > 2) {
        int64_t n;
        if (!tr_to_long(f, args->argv[2], &n)) return false;
        *line = (int)n;
    }
    return true;
}

static MAY_SWITCH Value object_instance_eval(Fiber *f, Value self, const Args *args) {
    bool raised = false;
    if (tr_block_is_given(args->block)) {
        if (args->argc) return tr_raise_argc(f, args->argc, 0, 0);
        return tr_yield_eval(f, args->block, self, 1, &self, TR_NIL);
    }
    if (args->argc < 1 || args->argc > 3) return tr_raise_argc(f, args->argc, 1, 3);
    Value source, path;
    int line;
    if (!eval_arguments(f, args, &source, &path, &line)) return TR_RAISED;
    Class *klass = eval_class(f, self, &raised);
    return raised ? TR_RAISED : tr_eval_string_under(f, source, self, klass, path, line);
}

static MAY_SWITCH Value object_instance_exec(Fiber *f, Value self, const Args *args) {
    if (!tr_block_is_given(args->block)) return tr_raise(f, tr_class.local_jump_error, "no block given");
    return tr_yield_eval(f, args->block, self, args->argc, args->argv, args->keywords);
}

static Value nothing(Fiber *f, Value self, const Args *args) {
    (void)f, (void)self, (void)args;
    return TR_NIL;
}

/* ---- identity and order ---- */

static Value object_itself(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return self;
}

static Value object_is_nil(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_bool(self == TR_NIL);
}

static MAY_SWITCH Value object_case_equal(Fiber *f, Value self, const Args *args) {
    if (self == args->argv[0]) return TR_TRUE;
    int equal = tr_equal(f, self, args->argv[0]);
    return equal < 0 ? TR_RAISED : tr_bool(equal);
}

static MAY_SWITCH Value object_not_match(Fiber *f, Value self, const Args *args) {
    Value answer = tr_call(f, self, TR_ID_match, 1, args->argv[0]);
    return answer == TR_RAISED ? TR_RAISED : tr_bool(!tr_is_truthy(answer));
}

static MAY_SWITCH Value object_cmp(Fiber *f, Value self, const Args *args) {
    int equal = tr_equal(f, self, args->argv[0]);
    return equal < 0 ? TR_RAISED : equal ? TR_FIX(0) : TR_NIL;
}

static Value object_hash(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_value_from_fixnum((int64_t)(tr_hash_mix(self, 1) >> 2));
}

static Value object_class(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return (Value)tr_real_class_of(self);
}

static MAY_GC Value object_singleton_class(Fiber *f, Value self, const Args *args) {
    (void)args;
    Class *klass = tr_singleton_class(f, self);
    return klass ? (Value)klass : TR_RAISED;
}

static MAY_GC MAY_RAISE Value not_a_module(Fiber *f) {
    return tr_raise(f, tr_class.type_error, "class or module required");
}

static MAY_GC Value object_is_a(Fiber *f, Value self, const Args *args) {
    if (!tr_is_module(args->argv[0])) return not_a_module(f);
    return tr_bool(tr_is_kind_of(self, (Class *)args->argv[0]));
}

static MAY_GC Value object_instance_of(Fiber *f, Value self, const Args *args) {
    if (!tr_is_module(args->argv[0])) return not_a_module(f);
    return tr_bool(tr_real_class_of(self) == (Class *)args->argv[0]);
}

static Value object_is_frozen(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_bool(tr_is_frozen(self));
}

MAY_GC Value tr_freeze(Fiber *f, Value object) {
    (void)f;
    if (!tr_is_object(object)) return object;
    Header *h = tr_header(object);
    h->flags = (h->flags | TR_FLAG_FROZEN) & ~TR_FLAG_CHILLED;
    if (h->klass && tr_class_is_singleton(h->klass) && h->klass->attached == object) h->klass->h.flags |= TR_FLAG_FROZEN;
    return object;
}

static MAY_GC Value object_freeze(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_freeze(f, self);
}

/* ---- text ---- */

static MAY_GC Value object_to_s(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_any_to_s(f, self);
}

typedef struct IvarNames {
    Fiber *f;
    Value names;
} IvarNames;

static MAY_GC void add_name(Id name, Value value, void *data) {
    IvarNames *list = data;
    (void)value;
    Fiber *f = list->f;
    if (tr_array_push(f, list->names, tr_value_from_id(name)) == TR_RAISED) f->unwind.kind = UNWIND_NONE;
}

static MAY_GC Value ivar_names(Fiber *f, Value object) {
    IvarNames list = {f, tr_array_new(f, tr_ivar_count(f, object))};
    tr_ivar_each(f, object, add_name, &list);
    return list.names;
}

/* The names that inspect shows: all, or those that instance_variables_to_inspect answers. */
static MAY_SWITCH MAY_RAISE Value names_to_inspect(Fiber *f, Value self) {
    static Id mid;
    if (!mid) mid = tr_intern_cstr("instance_variables_to_inspect");
    Value names = ivar_names(f, self);
    if (tr_method_is_basic(self, mid)) return names;
    Value wanted = tr_call_if_responds(f, self, mid, 0, NULL);
    if (wanted == TR_RAISED) return TR_RAISED;
    if (wanted == TR_UNDEF || wanted == TR_NIL) return names;
    if (!tr_is_array(wanted))
        return tr_raise(f, tr_class.type_error,
                        "Expected #instance_variables_to_inspect to return an Array or nil, but it returned %pC",
                        tr_real_class_of(wanted));
    Value shown = tr_array_new(f, 0);
    for (size_t i = 0; i < tr_array_count(names); i++) {
        int included = tr_array_includes(f, wanted, tr_array_at(names, i));
        if (included < 0 || (included && tr_array_push(f, shown, tr_array_at(names, i)) == TR_RAISED)) return TR_RAISED;
    }
    return shown;
}

static MAY_SWITCH MAY_RAISE Value inspect_visit(Fiber *f, Value self, Value names, bool is_recursive) {
    Value path = tr_class_path(f, tr_real_class_of(self));
    Value text = tr_string_format(f, "#<%s:0x%016llx", tr_string(path)->bytes, (unsigned long long)self);
    TR_KEEP(path);
    if (is_recursive) return tr_string_append_cstr(f, text, " ...>");
    for (size_t i = 0; i < tr_array_count(names); i++) {
        Id name = tr_symbol_id(tr_array_at(names, i));
        Value value = tr_ivar_find(f, self, name);
        if (value == TR_UNDEF) continue;
        Value shown = value == TR_RAISED ? TR_RAISED : tr_inspect(f, value);
        if (shown == TR_RAISED || tr_string_append_cstr(f, text, i ? ", " : " ") == TR_RAISED ||
            tr_string_append_cstr(f, text, tr_id_cstr(name)) == TR_RAISED ||
            tr_string_append_cstr(f, text, "=") == TR_RAISED || tr_string_append(f, text, shown) == TR_RAISED)
            return TR_RAISED;
    }
    return tr_string_append_cstr(f, text, ">");
}

/* Kernel#inspect -> String: #<Foo:0x… @a=1, @b="x">; differs: nothing known */
static MAY_SWITCH Value object_inspect(Fiber *f, Value self, const Args *args) {
    (void)args;
    if (tr_ivar_count(f, self) == 0) return tr_any_to_s(f, self);
    Value names = names_to_inspect(f, self);
    if (names == TR_RAISED) return TR_RAISED;
    if (tr_array_count(names) == 0) return tr_any_to_s(f, self);
    return tr_recursion_guard(f, TR_ID_inspect, self, TR_UNDEF, inspect_visit, names);
}

static MAY_SWITCH Value object_display(Fiber *f, Value self, const Args *args) {
    if (args->argc) return tr_call(f, args->argv[0], TR_ID_write, 1, self) == TR_RAISED ? TR_RAISED : TR_NIL;
    Value text = tr_to_s(f, self);
    return text == TR_RAISED || tr_io_write_stdout(f, text) == TR_RAISED ? TR_RAISED : TR_NIL;
}

/* ---- copies ---- */

static bool is_copied_by_reference(Value v) {
    if (!tr_is_object(v)) return true;
    ObjectType type = tr_object_type(v);
    return type == TYPE_FLOAT || type == TYPE_BIGNUM || type == TYPE_RATIONAL || type == TYPE_COMPLEX;
}

static MAY_SWITCH MAY_RAISE Value allocate_like(Fiber *f, Value object) {
    Class *klass = tr_real_class_of(object);
    if (!klass->alloc) return tr_raise(f, tr_class.type_error, "allocator undefined for %pC", klass);
    Value copy = klass->alloc(f, klass);
    if (copy == TR_RAISED) return TR_RAISED;
    return tr_ivar_copy(f, copy, object);
}

MAY_SWITCH MAY_RAISE Value tr_dup(Fiber *f, Value object) {
    if (is_copied_by_reference(object)) return object;
    Value copy = allocate_like(f, object);
    if (copy == TR_RAISED) return TR_RAISED;
    if (tr_object_type(object) == TYPE_OBJECT && tr_method_is_basic(copy, TR_ID_initialize_dup) &&
        tr_method_is_basic(copy, TR_ID_initialize_copy))
        return copy;
    return tr_call(f, copy, TR_ID_initialize_dup, 1, object) == TR_RAISED ? TR_RAISED : copy;
}

static MAY_GC MAY_RAISE Value clone_singleton(Fiber *f, Value copy, Value object) {
    Class *klass = tr_header(object)->klass;
    if (!tr_class_is_singleton(klass) || klass->attached != object || tr_is_module(object)) return copy;
    Class *to = tr_singleton_class(f, copy);
    if (!to) return TR_RAISED;
    tr_class_copy_contents(f, to, klass);
    to->h.flags &= ~TR_FLAG_FROZEN;
    return copy;
}

MAY_SWITCH MAY_RAISE Value tr_clone(Fiber *f, Value object, Value freeze) {
    if (is_copied_by_reference(object)) {
        if (freeze == TR_FALSE) return tr_raise(f, tr_class.argument_error, "can't unfreeze %pC", tr_real_class_of(object));
        return object;
    }
    Value copy = allocate_like(f, object);
    if (copy == TR_RAISED || clone_singleton(f, copy, object) == TR_RAISED) return TR_RAISED;
    if (freeze == TR_NIL) {
        bool plain = tr_object_type(object) == TYPE_OBJECT && tr_method_is_basic(copy, TR_ID_initialize_clone) &&
                     tr_method_is_basic(copy, TR_ID_initialize_copy);
        if (!plain && tr_call(f, copy, TR_ID_initialize_clone, 1, object) == TR_RAISED) return TR_RAISED;
        return tr_has_flag(object, TR_FLAG_FROZEN) ? tr_freeze(f, copy) : copy;
    }
    Value keywords = tr_hash_new(f);
    if (tr_hash_set_symbol(f, keywords, TR_ID_freeze, freeze) == TR_RAISED ||
        tr_call_full(f, copy, TR_ID_initialize_clone, 1, &object, TR_NIL, keywords, false) == TR_RAISED)
        return TR_RAISED;
    return freeze == TR_TRUE ? tr_freeze(f, copy) : copy;
}

static MAY_SWITCH Value object_dup(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_dup(f, self);
}

/* The freeze: keyword: nil, true, false; TR_RAISED for anything else. */
static MAY_SWITCH MAY_RAISE Value freeze_keyword(Fiber *f, Value keywords) {
    static const Id names[] = {TR_ID_freeze};
    Value freeze;
    if (!tr_keywords(f, keywords, names, 0, 1, &freeze, false)) return TR_RAISED;
    if (freeze == TR_UNDEF || freeze == TR_NIL) return TR_NIL;
    if (freeze == TR_TRUE || freeze == TR_FALSE) return freeze;
    return tr_raise(f, tr_class.argument_error, "unexpected value for freeze: %pC", tr_real_class_of(freeze));
}

static MAY_SWITCH Value object_clone(Fiber *f, Value self, const Args *args) {
    Value freeze = freeze_keyword(f, args->keywords);
    return freeze == TR_RAISED ? TR_RAISED : tr_clone(f, self, freeze);
}

static MAY_SWITCH Value object_initialize_copy(Fiber *f, Value self, const Args *args) {
    Value from = args->argv[0];
    if (self == from) return self;
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    if (tr_real_class_of(self) != tr_real_class_of(from))
        return tr_raise(f, tr_class.type_error, "initialize_copy should take same class object");
    return self;
}

static MAY_SWITCH Value object_initialize_dup(Fiber *f, Value self, const Args *args) {
    return tr_call(f, self, TR_ID_initialize_copy, 1, args->argv[0]) == TR_RAISED ? TR_RAISED : self;
}

static MAY_SWITCH Value object_initialize_clone(Fiber *f, Value self, const Args *args) {
    if (freeze_keyword(f, args->keywords) == TR_RAISED) return TR_RAISED;
    return tr_call(f, self, TR_ID_initialize_copy, 1, args->argv[0]) == TR_RAISED ? TR_RAISED : self;
}

/* ---- instance variables ---- */

static MAY_SWITCH MAY_RAISE Id variable_id(Fiber *f, Value object, Value name, IdKind kind, const char *what) {
    Id id = tr_to_id(f, name);
    if (!id || tr_id_kind(id) == kind) return id;
    if (tr_raise_name_error(f, object, id, "'%pI' is not allowed as %s variable name", id, what) == TR_RAISED)
        return TR_ID_NONE;
    return TR_ID_NONE;
}

MAY_SWITCH MAY_RAISE Id tr_ivar_id(Fiber *f, Value object, Value name) {
    return variable_id(f, object, name, ID_INSTANCE, "an instance");
}

MAY_SWITCH MAY_RAISE Id tr_cvar_id(Fiber *f, Value object, Value name) {
    return variable_id(f, object, name, ID_CLASS_VARIABLE, "a class");
}

static MAY_SWITCH Value object_ivar_get(Fiber *f, Value self, const Args *args) {
    Id name = tr_ivar_id(f, self, args->argv[0]);
    return name ? tr_ivar_get(f, self, name) : TR_RAISED;
}

static MAY_SWITCH Value object_ivar_set(Fiber *f, Value self, const Args *args) {
    Id name = tr_ivar_id(f, self, args->argv[0]);
    return name ? tr_ivar_set(f, self, name, args->argv[1]) : TR_RAISED;
}

static MAY_SWITCH Value object_ivar_defined(Fiber *f, Value self, const Args *args) {
    Id name = tr_ivar_id(f, self, args->argv[0]);
    return name ? tr_bool(tr_ivar_is_defined(f, self, name)) : TR_RAISED;
}

static MAY_SWITCH Value object_ivar_remove(Fiber *f, Value self, const Args *args) {
    Id name = tr_ivar_id(f, self, args->argv[0]);
    if (!name) return TR_RAISED;
    Value old = tr_ivar_remove(f, self, name);
    if (old != TR_UNDEF) return old;
    return tr_raise_name_error(f, self, name, "instance variable %pI not defined", name);
}

static MAY_GC Value object_ivars(Fiber *f, Value self, const Args *args) {
    (void)args;
    return ivar_names(f, self);
}

/* ---- flow ---- */

static MAY_SWITCH Value object_tap(Fiber *f, Value self, const Args *args) {
    if (!tr_block_is_given(args->block)) return tr_raise(f, tr_class.local_jump_error, "no block given (yield)");
    return tr_yield1(f, args->block, self) == TR_RAISED ? TR_RAISED : self;
}

static Value size_one(Fiber *f, Value self, const Args *args) {
    (void)f, (void)self, (void)args;
    return TR_FIX(1);
}

static MAY_SWITCH Value object_then(Fiber *f, Value self, const Args *args) {
    if (!tr_block_is_given(args->block)) return tr_enumerator(f, self, args, size_one);
    return tr_yield1(f, args->block, self);
}

static MAY_SWITCH Value object_extend(Fiber *f, Value self, const Args *args) {
    for (int i = 0; i < args->argc; i++)
        if (!tr_is_type(args->argv[i], TYPE_MODULE))
            return tr_raise(f, tr_class.type_error, "wrong argument type %pC (expected Module)",
                            tr_real_class_of(args->argv[i]));
    for (int i = args->argc; i-- > 0;)
        if (tr_call(f, args->argv[i], TR_ID_extend_object, 1, self) == TR_RAISED ||
            tr_call(f, args->argv[i], TR_ID_extended, 1, self) == TR_RAISED)
            return TR_RAISED;
    return self;
}

static const MethodDef basic_object_methods[] = {
    {"initialize", nothing, ARITY(0, 0), METHOD_PRIVATE | METHOD_LEAF},
    {"==", object_equal, ARITY(1, 1), METHOD_LEAF},
    {"equal?", object_equal, ARITY(1, 1), METHOD_LEAF},
    {"!", object_not, ARITY(0, 0), METHOD_LEAF},
    {"!=", object_not_equal, ARITY(1, 1), 0},
    {"__id__", object_id, ARITY(0, 0), 0},
    {"instance_eval", object_instance_eval, ARITY_REST(0), 0},
    {"instance_exec", object_instance_exec, ARITY_REST(0), METHOD_KEYWORDS},
    {"singleton_method_added", nothing, ARITY(1, 1), METHOD_PRIVATE | METHOD_LEAF},
    {"singleton_method_removed", nothing, ARITY(1, 1), METHOD_PRIVATE | METHOD_LEAF},
    {"singleton_method_undefined", nothing, ARITY(1, 1), METHOD_PRIVATE | METHOD_LEAF},
    {NULL, NULL, 0, 0, 0},
};
const ClassDef tr_basic_object_def = {.klass = &tr_class.basic_object, .methods = basic_object_methods,
                                      .alloc = tr_object_alloc, .instance_type = TYPE_OBJECT};

static const MethodDef kernel_object_methods[] = {
    {"nil?", object_is_nil, ARITY(0, 0), METHOD_LEAF},
    {"===", object_case_equal, ARITY(1, 1), 0},
    {"!~", object_not_match, ARITY(1, 1), 0},
    {"eql?", object_equal, ARITY(1, 1), METHOD_LEAF},
    {"hash", object_hash, ARITY(0, 0), METHOD_LEAF},
    {"<=>", object_cmp, ARITY(1, 1), 0},
    {"object_id", object_id, ARITY(0, 0), 0},
    {"class", object_class, ARITY(0, 0), METHOD_LEAF},
    {"singleton_class", object_singleton_class, ARITY(0, 0), 0},
    {"itself", object_itself, ARITY(0, 0), METHOD_LEAF},
    {"is_a?", object_is_a, ARITY(1, 1), 0},
    {"kind_of?", object_is_a, ARITY(1, 1), 0},
    {"instance_of?", object_instance_of, ARITY(1, 1), 0},
    {"frozen?", object_is_frozen, ARITY(0, 0), METHOD_LEAF},
    {"freeze", object_freeze, ARITY(0, 0), 0},
    {"to_s", object_to_s, ARITY(0, 0), 0},
    {"inspect", object_inspect, ARITY(0, 0), 0},
    {"instance_variables_to_inspect", nothing, ARITY(0, 0), METHOD_PRIVATE | METHOD_LEAF},
    {"display", object_display, ARITY(0, 1), 0},
    {"dup", object_dup, ARITY(0, 0), 0},
    {"clone", object_clone, ARITY(0, 0), METHOD_KEYWORDS},
    {"initialize_copy", object_initialize_copy, ARITY(1, 1), METHOD_PRIVATE},
    {"initialize_dup", object_initialize_dup, ARITY(1, 1), METHOD_PRIVATE},
    {"initialize_clone", object_initialize_clone, ARITY(1, 1), METHOD_PRIVATE | METHOD_KEYWORDS},
    {"instance_variable_get", object_ivar_get, ARITY(1, 1), 0},
    {"instance_variable_set", object_ivar_set, ARITY(2, 2), 0},
    {"instance_variable_defined?", object_ivar_defined, ARITY(1, 1), 0},
    {"remove_instance_variable", object_ivar_remove, ARITY(1, 1), 0},
    {"instance_variables", object_ivars, ARITY(0, 0), 0},
    {"tap", object_tap, ARITY(0, 0), 0},
    {"then", object_then, ARITY(0, 0), 0},
    {"yield_self", object_then, ARITY(0, 0), 0},
    {"extend", object_extend, ARITY_REST(1), 0},
    {NULL, NULL, 0, 0, 0},
};
const ClassDef tr_kernel_object_def = {.klass = &tr_class.kernel, .methods = kernel_object_methods};
