/* module_constant.c - Module's methods on constants. */
#include "core/module_internal.h"

static inline Class *module_of(Value v) { return (Class *)v; }

static MAY_GC MAY_RAISE Id wrong_name(Fiber *f, Value self, Id name) {
    if (tr_raise_name_error(f, self, name, "wrong constant name %pI", name) == TR_RAISED) return TR_ID_NONE;
    return TR_ID_NONE;
}

MAY_SWITCH MAY_RAISE Id tr_const_id(Fiber *f, Value object, Value name) {
    Id id = tr_to_id(f, name);
    return !id || tr_id_kind(id) == ID_CONSTANT ? id : wrong_name(f, object, id);
}

static bool inherit_argument(const Args *args) { return args->argc < 2 || tr_is_truthy(args->argv[1]); }

/* The next "Name" of a path "A::B::C"; *rest moves on (NULL at the end). 0: NameError raised. */
static MAY_GC MAY_RAISE Id next_name(Fiber *f, Value self, Value path, const char **rest) {
    const char *at = *rest, *colons = strstr(at, "::"), *end = tr_string(path)->bytes + tr_string(path)->size;
    if (colons && colons + 2 == end) colons = NULL; /* "A::" is no path */
    size_t size = (size_t)((colons ? colons : end) - at);
    Id name = tr_intern(at, size, tr_string_encoding(path));
    *rest = colons ? colons + 2 : NULL;
    if (tr_id_kind(name) == ID_CONSTANT) return name;
    return wrong_name(f, self, tr_intern(tr_string(path)->bytes, tr_string(path)->size, tr_string_encoding(path)));
}

static bool is_path(Value name) { return tr_is_string(name) && strstr(tr_string(name)->bytes, "::"); }

static const char *path_start(Value path) {
    const char *at = tr_string(path)->bytes;
    return strncmp(at, "::", 2) == 0 && tr_string(path)->size > 2 ? at + 2 : at;
}

/* Module#const_get(name, inherit = true); name may be a path "A::B" */
static MAY_SWITCH Value module_const_get(Fiber *f, Value self, const Args *args) {
    bool inherit = inherit_argument(args);
    Value name = args->argv[0];
    if (!tr_is_symbol(name) && !tr_is_string(name)) {
        name = tr_to_str(f, name);
        if (name == TR_RAISED) return TR_RAISED;
    }
    if (!is_path(name)) {
        Id id = tr_const_id(f, self, name);
        return id ? tr_const_get(f, module_of(self), id, inherit) : TR_RAISED;
    }
    Value path = tr_string_dup(f, name), scope = self;
    const char *rest = path_start(path);
    bool is_first = true;
    if (rest != tr_string(path)->bytes) scope = (Value)tr_class.object;
    while (rest) {
        Id id = next_name(f, self, path, &rest);
        if (!id) return TR_RAISED;
        if (!tr_is_module(scope))
            return tr_raise(f, tr_class.type_error, "%pV does not refer to class/module", tr_inspect(f, scope));
        scope = is_first || !inherit ? tr_const_get(f, module_of(scope), id, inherit) : tr_const_get_public(f, scope, id);
        if (scope == TR_RAISED) return TR_RAISED;
        is_first = false;
    }
    TR_KEEP(path);
    return scope;
}

static MAY_SWITCH Value module_const_defined(Fiber *f, Value self, const Args *args) {
    bool inherit = inherit_argument(args);
    Value name = args->argv[0];
    if (!is_path(name)) {
        Id id = tr_const_id(f, self, name);
        return id ? tr_bool(tr_const_find_owner(module_of(self), id, inherit) != NULL) : TR_RAISED;
    }
    Value path = tr_string_dup(f, name), scope = self;
    const char *rest = path_start(path);
    if (rest != tr_string(path)->bytes) scope = (Value)tr_class.object;
    while (rest) {
        Id id = next_name(f, self, path, &rest);
        if (!id) return TR_RAISED;
        if (!tr_is_module(scope) || !tr_const_find_owner(module_of(scope), id, inherit)) return TR_FALSE;
        if (!rest) break;
        scope = tr_const_get(f, module_of(scope), id, inherit);
        if (scope == TR_RAISED) return TR_RAISED;
    }
    TR_KEEP(path);
    return TR_TRUE;
}

static MAY_SWITCH Value module_const_set(Fiber *f, Value self, const Args *args) {
    Id name = tr_const_id(f, self, args->argv[0]);
    return name ? tr_const_set(f, module_of(self), name, args->argv[1]) : TR_RAISED;
}

static MAY_SWITCH Value module_remove_const(Fiber *f, Value self, const Args *args) {
    Id name = tr_to_id(f, args->argv[0]);
    if (!name) return TR_RAISED;
    if (tr_id_kind(name) != ID_CONSTANT)
        return tr_raise_name_error(f, self, name, "'%pI' is not allowed as a constant name", name);
    return tr_const_remove(f, module_of(self), name);
}

static MAY_SWITCH Value module_const_missing(Fiber *f, Value self, const Args *args) {
    Id name = tr_to_id(f, args->argv[0]);
    if (!name) return TR_RAISED;
    if (self == (Value)tr_class.object) return tr_raise_name_error(f, self, name, "uninitialized constant %pI", name);
    return tr_raise_name_error(f, self, name, "uninitialized constant %pC::%pI", module_of(self), name);
}

typedef struct Names {
    Fiber *f;
    Value set;
} Names;

static MAY_GC void add_constant(Id name, const ConstEntry *entry, void *data) {
    Names *names = data;
    if (tr_id_kind(name) != ID_CONSTANT || tr_hash_get_symbol(names->set, name) != TR_UNDEF) return;
    if (tr_hash_set_symbol(names->f, names->set, name, tr_bool(!entry->is_private)) == TR_RAISED)
        names->f->unwind.kind = UNWIND_NONE;
}

static MAY_GC MAY_RAISE Value public_names(Fiber *f, Value set) {
    Value list = tr_array_new(f, 0), key, value;
    for (size_t position = 0; tr_hash_next(set, &position, &key, &value);)
        if (value == TR_TRUE && tr_array_push(f, list, key) == TR_RAISED) return TR_RAISED;
    return list;
}

static MAY_GC Value module_constants(Fiber *f, Value self, const Args *args) {
    bool inherit = args->argc == 0 || tr_is_truthy(args->argv[0]);
    Names names = {f, tr_hash_new(f)};
    Class *start = module_of(self);
    for (Class *c = start; c; c = atomic_load_explicit(&c->super, memory_order_acquire)) {
        if (c == tr_class.object && c != start) break;
        Class *holder = c == start ? c : c->methods_of;
        if (holder) tr_const_each(holder, add_constant, &names);
        if (!inherit) break;
    }
    return public_names(f, names.set);
}

/* Module.constants: what is visible where it is called; with an argument, as for any other Module. */
static MAY_GC Value module_s_constants(Fiber *f, Value self, const Args *args) {
    if (args->argc || self != (Value)tr_class.module) return module_constants(f, self, args);
    Names names = {f, tr_hash_new(f)};
    for (const Cref *cref = tr_caller_cref(f); cref; cref = cref->next)
        if (cref->klass) tr_const_each(cref->klass, add_constant, &names);
    for (Class *c = tr_class.object; c; c = atomic_load_explicit(&c->super, memory_order_acquire))
        if (c->methods_of) tr_const_each(c->methods_of, add_constant, &names);
    return public_names(f, names.set);
}

static MAY_GC Value module_s_nesting(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    Value list = tr_array_new(f, 2);
    for (const Cref *cref = tr_caller_cref(f); cref && cref->next; cref = cref->next)
        if (!cref->pushed_by_eval && cref->klass && tr_array_push(f, list, (Value)cref->klass) == TR_RAISED)
            return TR_RAISED;
    return list;
}

static MAY_SWITCH MAY_RAISE Value for_each(Fiber *f, Value self, const Args *args,
                                           Value (*fn)(Fiber *f, Class *klass, Id name)) {
    for (int i = 0; i < args->argc; i++) {
        Id name = tr_const_id(f, self, args->argv[i]);
        if (!name || fn(f, module_of(self), name) == TR_RAISED) return TR_RAISED;
    }
    return TR_NIL;
}

static MAY_SWITCH Value make_private(Fiber *f, Class *klass, Id name) { return tr_const_set_private(f, klass, name, true); }
static MAY_SWITCH Value make_public(Fiber *f, Class *klass, Id name) { return tr_const_set_private(f, klass, name, false); }

static MAY_SWITCH Value module_private_constant(Fiber *f, Value self, const Args *args) {
    return for_each(f, self, args, make_private);
}
static MAY_SWITCH Value module_public_constant(Fiber *f, Value self, const Args *args) {
    return for_each(f, self, args, make_public);
}
static MAY_SWITCH Value module_deprecate_constant(Fiber *f, Value self, const Args *args) {
    return for_each(f, self, args, tr_const_set_deprecated) == TR_RAISED ? TR_RAISED : self;
}

static MAY_SWITCH Value module_const_source_location(Fiber *f, Value self, const Args *args) {
    bool inherit = inherit_argument(args);
    Value name = args->argv[0], scope = self;
    Id id;
    if (is_path(name)) {
        Value path = tr_string_dup(f, name);
        const char *rest = path_start(path);
        for (;;) {
            id = next_name(f, self, path, &rest);
            if (!id) return TR_RAISED;
            if (!rest) break;
            scope = tr_const_get(f, module_of(scope), id, inherit);
            if (scope == TR_RAISED) return TR_RAISED;
            if (!tr_is_module(scope)) return TR_NIL;
        }
        TR_KEEP(path);
    } else {
        id = tr_const_id(f, self, name);
        if (!id) return TR_RAISED;
    }
    Class *owner = tr_const_find_owner(module_of(scope), id, inherit);
    if (!owner) return TR_NIL;
    const ConstEntry *entry = tr_const_entry(owner, id);
    if (!tr_is_string(entry->file)) return tr_array_new(f, 0);
    return tr_array_new_values(f, 2, entry->file, TR_FIX(entry->line));
}

/* ---- autoload ---- */

static MAY_SWITCH MAY_RAISE Value set_autoload(Fiber *f, Class *klass, const Args *args) {
    Id name = tr_to_id(f, args->argv[0]);
    if (!name) return TR_RAISED;
    if (tr_id_kind(name) != ID_CONSTANT)
        return tr_raise_name_error(f, (Value)klass, name, "autoload must be constant name: %pI", name);
    Value path = tr_to_path(f, args->argv[1]);
    if (path == TR_RAISED) return TR_RAISED;
    if (tr_string(path)->size == 0) return tr_raise(f, tr_class.argument_error, "empty feature name");
    return tr_const_autoload(f, klass, name, path);
}

static MAY_SWITCH MAY_RAISE Value get_autoload(Fiber *f, Class *klass, const Args *args) {
    Id name = tr_to_id(f, args->argv[0]);
    if (!name) return TR_RAISED;
    Class *owner = tr_const_find_owner(klass, name, inherit_argument(args));
    const ConstEntry *entry = owner ? tr_const_entry(owner, name) : NULL;
    if (!entry || entry->autoload_path == TR_UNDEF || entry->cell->value != TR_UNDEF) return TR_NIL;
    return entry->autoload_path;
}

static MAY_SWITCH Value module_autoload(Fiber *f, Value self, const Args *args) {
    return set_autoload(f, module_of(self), args);
}
static MAY_SWITCH Value module_autoload_p(Fiber *f, Value self, const Args *args) {
    return get_autoload(f, module_of(self), args);
}
static MAY_SWITCH Value kernel_autoload(Fiber *f, Value self, const Args *args) {
    (void)self;
    return set_autoload(f, tr_const_base(tr_caller_cref(f)), args);
}
static MAY_SWITCH Value kernel_autoload_p(Fiber *f, Value self, const Args *args) {
    (void)self;
    return get_autoload(f, tr_const_base(tr_caller_cref(f)), args);
}

static const MethodDef module_methods[] = {
    {"const_get", module_const_get, ARITY(1, 2), 0},
    {"const_set", module_const_set, ARITY(2, 2), 0},
    {"const_defined?", module_const_defined, ARITY(1, 2), 0},
    {"const_missing", module_const_missing, ARITY(1, 1), 0},
    {"const_source_location", module_const_source_location, ARITY(1, 2), 0},
    {"constants", module_constants, ARITY(0, 1), 0},
    {"remove_const", module_remove_const, ARITY(1, 1), METHOD_PRIVATE},
    {"private_constant", module_private_constant, ARITY_REST(0), 0},
    {"public_constant", module_public_constant, ARITY_REST(0), 0},
    {"deprecate_constant", module_deprecate_constant, ARITY_REST(0), 0},
    {"autoload", module_autoload, ARITY(2, 2), 0},
    {"autoload?", module_autoload_p, ARITY(1, 2), 0},
    {NULL, NULL, 0, 0, 0},
};
static const MethodDef module_singleton_methods[] = {
    {"constants", module_s_constants, ARITY(0, 1), 0},
    {"nesting", module_s_nesting, ARITY(0, 0), 0},
    {NULL, NULL, 0, 0, 0},
};
const ClassDef tr_module_constant_def = {.klass = &tr_class.module, .methods = module_methods,
                                         .singleton_methods = module_singleton_methods};

static const MethodDef kernel_methods[] = {
    {"autoload", kernel_autoload, ARITY(2, 2), METHOD_MODULE_FUNCTION},
    {"autoload?", kernel_autoload_p, ARITY(1, 2), METHOD_MODULE_FUNCTION},
    {NULL, NULL, 0, 0, 0},
};
const ClassDef tr_kernel_autoload_def = {.klass = &tr_class.kernel, .methods = kernel_methods};
