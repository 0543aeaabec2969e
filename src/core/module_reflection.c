/* module_reflection.c - what a Module tells of itself: names, ancestry, methods. */
#include "core/module_internal.h"

static inline Class *module_of(Value v) { return (Class *)v; }

/* ---- names ---- */

static MAY_GC Value module_name(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return module_of(self)->name;
}

static MAY_SWITCH Value module_to_s(Fiber *f, Value self, const Args *args) {
    (void)args;
    Value path = tr_class_path(f, module_of(self));
    return tr_string_dup(f, path);
}

static bool looks_like_constant_path(Value name) {
    const char *at = tr_string(name)->bytes, *end = at + tr_string(name)->size;
    for (;;) {
        const char *colons = strstr(at, "::");
        const char *stop = colons ? colons : end;
        if (stop == at || tr_id_kind(tr_intern(at, (size_t)(stop - at), ENCODING_UTF8)) != ID_CONSTANT) return false;
        if (!colons) return true;
        at = colons + 2;
    }
}

static MAY_SWITCH Value module_set_temporary_name(Fiber *f, Value self, const Args *args) {
    Class *klass = module_of(self);
    if (klass->flags & CLASS_NAMED_PERMANENTLY)
        return tr_raise(f, tr_class.runtime_error, "can't change permanent name");
    if (args->argv[0] == TR_NIL) {
        klass->name = TR_NIL;
        return self;
    }
    Value name = tr_to_str(f, args->argv[0]);
    if (name == TR_RAISED) return TR_RAISED;
    if (tr_string(name)->size == 0) return tr_raise(f, tr_class.argument_error, "empty class/module name");
    if (looks_like_constant_path(name))
        return tr_raise(f, tr_class.argument_error,
                        "the temporary name must not be a constant path to avoid confusion");
    tr_write(self, &klass->name,
             tr_string_interned(f, tr_string(name)->bytes, tr_string(name)->size, tr_string_encoding(name)));
    return self;
}

/* ---- ancestry ---- */

static MAY_GC Value module_ancestors(Fiber *f, Value self, const Args *args) {
    (void)args;
    Value list = tr_array_new(f, 8);
    for (Class *c = module_of(self); c; c = atomic_load_explicit(&c->super, memory_order_acquire))
        if (c->methods_of && tr_array_push(f, list, (Value)c->methods_of) == TR_RAISED) return TR_RAISED;
    return list;
}

static MAY_GC Value module_included_modules(Fiber *f, Value self, const Args *args) {
    (void)args;
    Value list = tr_array_new(f, 8);
    for (Class *c = module_of(self); c; c = atomic_load_explicit(&c->super, memory_order_acquire))
        if ((c->h.flags & TR_TYPE_MASK) == TYPE_ICLASS && tr_is_type((Value)c->methods_of, TYPE_MODULE) &&
            (Value)c->methods_of != self && tr_array_push(f, list, (Value)c->methods_of) == TR_RAISED)
            return TR_RAISED;
    return list;
}

static MAY_GC Value module_is_including(Fiber *f, Value self, const Args *args) {
    Value module = args->argv[0];
    if (!tr_is_type(module, TYPE_MODULE))
        return tr_raise(f, tr_class.type_error, "wrong argument type %pC (expected Module)", tr_real_class_of(module));
    return tr_bool(self != module && tr_class_inherits(module_of(self), module_of(module)));
}

static Value module_case_equal(Fiber *f, Value self, const Args *args) {
    (void)f;
    return tr_bool(tr_is_kind_of(args->argv[0], module_of(self)));
}

/* true below (or same), false above, nil unrelated. */
static MAY_GC MAY_RAISE Value relation(Fiber *f, Value self, Value other) {
    if (!tr_is_module(other)) return tr_raise(f, tr_class.type_error, "compared with non class/module");
    if (tr_class_inherits(module_of(self), module_of(other))) return TR_TRUE;
    if (tr_class_inherits(module_of(other), module_of(self))) return TR_FALSE;
    return TR_NIL;
}

static MAY_GC Value module_le(Fiber *f, Value self, const Args *args) { return relation(f, self, args->argv[0]); }
static MAY_GC Value module_lt(Fiber *f, Value self, const Args *args) {
    return self == args->argv[0] ? TR_FALSE : relation(f, self, args->argv[0]);
}
static MAY_GC Value module_ge(Fiber *f, Value self, const Args *args) {
    if (self == args->argv[0]) return TR_TRUE;
    Value r = relation(f, self, args->argv[0]);
    return r == TR_TRUE ? TR_FALSE : r == TR_FALSE ? TR_TRUE : r;
}
static MAY_GC Value module_gt(Fiber *f, Value self, const Args *args) {
    return self == args->argv[0] ? TR_FALSE : module_ge(f, self, args);
}
static MAY_GC Value module_cmp(Fiber *f, Value self, const Args *args) {
    if (self == args->argv[0]) return TR_FIX(0);
    if (!tr_is_module(args->argv[0])) return TR_NIL;
    Value r = relation(f, self, args->argv[0]);
    return r == TR_TRUE ? TR_FIX(-1) : r == TR_FALSE ? TR_FIX(1) : TR_NIL;
}

/* ---- methods ---- */

static MAY_GC MAY_RAISE Value method_list(Fiber *f, Value self, const Args *args, MethodFilter filter) {
    bool inherit = args->argc == 0 || tr_is_truthy(args->argv[0]);
    Class *klass = module_of(self), *from = klass, *until = NULL;
    if (!inherit) {
        from = klass->origin;
        until = atomic_load_explicit(&from->super, memory_order_acquire);
    }
    Value names = tr_hash_new(f);
    if (tr_method_names_collect(f, names, from, until, filter) == TR_RAISED) return TR_RAISED;
    return tr_method_names_array(f, names);
}

static MAY_GC Value module_instance_methods(Fiber *f, Value self, const Args *args) {
    return method_list(f, self, args, tr_method_is_callable);
}
static MAY_GC Value module_public_instance_methods(Fiber *f, Value self, const Args *args) {
    return method_list(f, self, args, tr_method_is_public);
}
static MAY_GC Value module_private_instance_methods(Fiber *f, Value self, const Args *args) {
    return method_list(f, self, args, tr_method_is_private);
}
static MAY_GC Value module_protected_instance_methods(Fiber *f, Value self, const Args *args) {
    return method_list(f, self, args, tr_method_is_protected);
}

typedef struct NameList {
    Fiber *f;
    Value names;
} NameList;

static MAY_GC void add_undefined(Id mid, const Method *method, void *data) {
    NameList *list = data;
    if (method->kind == METHOD_UNDEF && tr_array_push(list->f, list->names, tr_value_from_id(mid)) == TR_RAISED)
        list->f->unwind.kind = UNWIND_NONE;
}

static MAY_GC Value module_undefined_instance_methods(Fiber *f, Value self, const Args *args) {
    (void)args;
    NameList list = {f, tr_array_new(f, 0)};
    tr_method_table_each(module_of(self), add_undefined, &list);
    return list.names;
}

static MAY_SWITCH MAY_RAISE Value is_defined(Fiber *f, Value self, const Args *args, MethodFilter filter) {
    Id mid = tr_to_id(f, args->argv[0]);
    if (!mid) return TR_RAISED;
    const CallCache *found = tr_method_find(module_of(self), mid);
    if (!found->method || !found->resolved || !filter(found->method)) return TR_FALSE;
    bool inherit = args->argc < 2 || tr_is_truthy(args->argv[1]);
    if (inherit) return TR_TRUE;
    const Method *own = tr_method_own(module_of(self), mid);
    return tr_bool(own && own->kind != METHOD_UNDEF);
}

static MAY_SWITCH Value module_method_defined(Fiber *f, Value self, const Args *args) {
    return is_defined(f, self, args, tr_method_is_callable);
}
static MAY_SWITCH Value module_public_method_defined(Fiber *f, Value self, const Args *args) {
    return is_defined(f, self, args, tr_method_is_public);
}
static MAY_SWITCH Value module_private_method_defined(Fiber *f, Value self, const Args *args) {
    return is_defined(f, self, args, tr_method_is_private);
}
static MAY_SWITCH Value module_protected_method_defined(Fiber *f, Value self, const Args *args) {
    return is_defined(f, self, args, tr_method_is_protected);
}

static MAY_SWITCH Value module_instance_method(Fiber *f, Value self, const Args *args) {
    Id mid = tr_to_id(f, args->argv[0]);
    return mid ? tr_unbound_method(f, module_of(self), mid, false) : TR_RAISED;
}

static MAY_SWITCH Value module_public_instance_method(Fiber *f, Value self, const Args *args) {
    Id mid = tr_to_id(f, args->argv[0]);
    return mid ? tr_unbound_method(f, module_of(self), mid, true) : TR_RAISED;
}

/* ---- class variables ---- */

static MAY_SWITCH Value module_cvar_get(Fiber *f, Value self, const Args *args) {
    Id name = tr_cvar_id(f, self, args->argv[0]);
    return name ? tr_cvar_get(f, module_of(self), name) : TR_RAISED;
}

static MAY_SWITCH Value module_cvar_set(Fiber *f, Value self, const Args *args) {
    Id name = tr_cvar_id(f, self, args->argv[0]);
    if (!name) return TR_RAISED;
    if (tr_is_frozen(self)) return tr_raise_frozen(f, self);
    return tr_cvar_set(f, module_of(self), name, args->argv[1]);
}

static MAY_SWITCH Value module_cvar_defined(Fiber *f, Value self, const Args *args) {
    Id name = tr_cvar_id(f, self, args->argv[0]);
    return name ? tr_bool(tr_cvar_is_defined(f, module_of(self), name)) : TR_RAISED;
}

static MAY_SWITCH Value module_remove_cvar(Fiber *f, Value self, const Args *args) {
    Id name = tr_cvar_id(f, self, args->argv[0]);
    if (!name) return TR_RAISED;
    if (tr_is_frozen(self)) return tr_raise_frozen(f, self);
    Class *klass = module_of(self);
    Cell *cell = tr_id_table_get(&klass->class_variables, name);
    if (!cell) {
        if (tr_cvar_is_defined(f, klass, name))
            return tr_raise_name_error(f, self, name, "cannot remove %pI for %pC", name, klass);
        return tr_raise_name_error(f, self, name, "class variable %pI not defined for %pC", name, klass);
    }
    bool foreign;
    Value value = tr_cell_get(f, cell, &foreign);
    tr_cell_set(f, cell, TR_NIL);
    tr_structure_lock();
    tr_id_table_set_locked(&klass->class_variables, name, NULL);
    tr_cvar_invalidate();
    tr_structure_unlock();
    tr_retire(cell);
    return value == TR_UNDEF ? TR_NIL : value;
}

static MAY_GC Value module_class_variables(Fiber *f, Value self, const Args *args) {
    bool inherit = args->argc == 0 || tr_is_truthy(args->argv[0]);
    Value seen = tr_hash_new(f);
    Class *start = module_of(self);
    for (Class *c = start; c; c = atomic_load_explicit(&c->super, memory_order_acquire)) {
        Class *holder = c == start ? c : c->methods_of;
        Id name;
        void *cell;
        for (uint32_t i = 0; holder && tr_id_table_next(&holder->class_variables, &i, &name, &cell);)
            if (tr_hash_set_symbol(f, seen, name, TR_TRUE) == TR_RAISED) return TR_RAISED;
        if (!inherit) break;
    }
    return tr_hash_keys(f, seen);
}

static const MethodDef module_methods[] = {
    {"name", module_name, ARITY(0, 0), METHOD_LEAF},
    {"to_s", module_to_s, ARITY(0, 0), 0},
    {"inspect", module_to_s, ARITY(0, 0), 0},
    {"set_temporary_name", module_set_temporary_name, ARITY(1, 1), 0},
    {"ancestors", module_ancestors, ARITY(0, 0), 0},
    {"included_modules", module_included_modules, ARITY(0, 0), 0},
    {"include?", module_is_including, ARITY(1, 1), 0},
    {"===", module_case_equal, ARITY(1, 1), METHOD_LEAF},
    {"<", module_lt, ARITY(1, 1), 0},
    {"<=", module_le, ARITY(1, 1), 0},
    {">", module_gt, ARITY(1, 1), 0},
    {">=", module_ge, ARITY(1, 1), 0},
    {"<=>", module_cmp, ARITY(1, 1), 0},
    {"instance_methods", module_instance_methods, ARITY(0, 1), 0},
    {"public_instance_methods", module_public_instance_methods, ARITY(0, 1), 0},
    {"private_instance_methods", module_private_instance_methods, ARITY(0, 1), 0},
    {"protected_instance_methods", module_protected_instance_methods, ARITY(0, 1), 0},
    {"undefined_instance_methods", module_undefined_instance_methods, ARITY(0, 0), 0},
    {"method_defined?", module_method_defined, ARITY(1, 2), 0},
    {"public_method_defined?", module_public_method_defined, ARITY(1, 2), 0},
    {"private_method_defined?", module_private_method_defined, ARITY(1, 2), 0},
    {"protected_method_defined?", module_protected_method_defined, ARITY(1, 2), 0},
    {"instance_method", module_instance_method, ARITY(1, 1), 0},
    {"public_instance_method", module_public_instance_method, ARITY(1, 1), 0},
    {"class_variable_get", module_cvar_get, ARITY(1, 1), 0},
    {"class_variable_set", module_cvar_set, ARITY(2, 2), 0},
    {"class_variable_defined?", module_cvar_defined, ARITY(1, 1), 0},
    {"remove_class_variable", module_remove_cvar, ARITY(1, 1), 0},
    {"class_variables", module_class_variables, ARITY(0, 1), 0},
    {NULL, NULL, 0, 0, 0},
};
const ClassDef tr_module_reflection_def = {.klass = &tr_class.module, .methods = module_methods};
