/* object_reflection.c - what any object tells of its methods, and calling them by name. */
#include "core/module_internal.h"
#include "vm/interp.h"
#include "vm/refinement.h"

/* ---- lists of names ---- */

bool tr_method_is_public(const Method *m) { return m->visibility == VISIBILITY_PUBLIC; }
bool tr_method_is_private(const Method *m) { return m->visibility == VISIBILITY_PRIVATE; }
bool tr_method_is_protected(const Method *m) { return m->visibility == VISIBILITY_PROTECTED; }
bool tr_method_is_callable(const Method *m) { return m->visibility != VISIBILITY_PRIVATE; }

MAY_GC MAY_RAISE Value tr_method_names_collect(Fiber *f, Value names, Class *from, const Class *until,
                                               MethodFilter filter) {
    for (Class *c = from; c && c != until; c = atomic_load_explicit(&c->super, memory_order_acquire)) {
        if (!c->methods_of) continue;
        Id mid;
        void *entry;
        for (uint32_t i = 0; tr_id_table_next(&c->methods_of->methods, &i, &mid, &entry);) {
            const Method *method = entry;
            if (method->kind == METHOD_REFINED) method = method->as.alias.target;
            if (!method) continue;
            if (tr_hash_get_symbol(names, mid) != TR_UNDEF) continue;
            bool is_shown = method->kind != METHOD_UNDEF && filter(method);
            if (tr_hash_set_symbol(f, names, mid, tr_bool(is_shown)) == TR_RAISED) return TR_RAISED;
        }
    }
    return names;
}

MAY_GC MAY_RAISE Value tr_method_names_array(Fiber *f, Value names) {
    Value array = tr_array_new(f, 0), key, value;
    for (size_t position = 0; tr_hash_next(names, &position, &key, &value);)
        if (value == TR_TRUE && tr_array_push(f, array, key) == TR_RAISED) return TR_RAISED;
    return array;
}

MAY_GC MAY_RAISE Value tr_singleton_method_names(Fiber *f, Value object, bool all) {
    Value names = tr_hash_new(f);
    Class *klass = tr_class_of(object);
    if (tr_is_object(object) && tr_class_is_singleton(klass)) {
        if (!all) {
            Class *own = klass->origin;
            Class *next = atomic_load_explicit(&own->super, memory_order_acquire);
            if (tr_method_names_collect(f, names, own, next, tr_method_is_callable) == TR_RAISED) return TR_RAISED;
        } else if (tr_is_type(object, TYPE_CLASS)) { /* those of the superclasses' singleton classes too */
            if (tr_method_names_collect(f, names, klass, tr_class.class, tr_method_is_callable) == TR_RAISED)
                return TR_RAISED;
        } else if (tr_method_names_collect(f, names, klass, tr_real_class(klass), tr_method_is_callable) == TR_RAISED) {
            return TR_RAISED;
        }
    }
    return tr_method_names_array(f, names);
}

static bool flag_argument(const Args *args, int i) { return args->argc <= i || tr_is_truthy(args->argv[i]); }

static MAY_GC Value object_singleton_methods(Fiber *f, Value self, const Args *args) {
    return tr_singleton_method_names(f, self, flag_argument(args, 0));
}

static MAY_GC MAY_RAISE Value list(Fiber *f, Value self, bool all, MethodFilter filter) {
    Value names = tr_hash_new(f);
    Class *klass = tr_class_of(self), *until = NULL;
    if (!all) { /* the singleton class and the class itself */
        until = tr_real_class(klass);
        until = atomic_load_explicit(&until->origin->super, memory_order_acquire);
    }
    if (tr_method_names_collect(f, names, klass, until, filter) == TR_RAISED) return TR_RAISED;
    return tr_method_names_array(f, names);
}

static MAY_GC Value object_methods(Fiber *f, Value self, const Args *args) {
    if (!flag_argument(args, 0)) return tr_singleton_method_names(f, self, false);
    return list(f, self, true, tr_method_is_callable);
}

static MAY_GC Value object_public_methods(Fiber *f, Value self, const Args *args) {
    return list(f, self, flag_argument(args, 0), tr_method_is_public);
}

static MAY_GC Value object_private_methods(Fiber *f, Value self, const Args *args) {
    return list(f, self, flag_argument(args, 0), tr_method_is_private);
}

static MAY_GC Value object_protected_methods(Fiber *f, Value self, const Args *args) {
    return list(f, self, flag_argument(args, 0), tr_method_is_protected);
}

/* ---- calling by name ---- */

static MAY_SWITCH Value send(Fiber *f, Value self, const Args *args, bool is_public) {
    if (args->argc == 0) return tr_raise(f, tr_class.argument_error, "no method name given");
    Id mid = tr_to_id(f, args->argv[0]);
    if (!mid) return TR_RAISED;
    const CallCache *found = tr_method_find(tr_class_of(self), mid);
    if (TR_UNLIKELY(found->is_refined)) {
        found = tr_method_find_for_caller(f, tr_class_of(self), mid);
        if (found->resolved && (!is_public || found->method->visibility == VISIBILITY_PUBLIC))
            return tr_call_method(f, found->resolved, self, args->argc - 1, args->argv + 1, args->block, args->keywords);
    }
    if (is_public && found->method && found->method->visibility == VISIBILITY_PROTECTED)
        return tr_raise_missing(f, self, mid, MISSING_PROTECTED, args->argc - 1, args->argv + 1);
    return tr_call_full(f, self, mid, args->argc - 1, args->argv + 1, args->block, args->keywords, is_public);
}

static MAY_SWITCH Value object_send(Fiber *f, Value self, const Args *args) { return send(f, self, args, false); }
static MAY_SWITCH Value object_public_send(Fiber *f, Value self, const Args *args) { return send(f, self, args, true); }

static MAY_SWITCH Value object_respond_to(Fiber *f, Value self, const Args *args) {
    Id mid = tr_to_id(f, args->argv[0]);
    if (!mid) return TR_RAISED;
    bool include_all = args->argc > 1 && tr_is_truthy(args->argv[1]);
    const CallCache *found = tr_method_find_for_caller(f, tr_class_of(self), mid);
    if (found->method && found->resolved) {
        if (found->resolved->kind == METHOD_NOT_IMPLEMENTED) return TR_FALSE;
        if (include_all || found->method->visibility == VISIBILITY_PUBLIC) return TR_TRUE;
    }
    if (tr_method_is_basic(self, TR_ID_respond_to_missing_p)) return TR_FALSE;
    Value argv[2] = {tr_value_from_id(mid), tr_bool(include_all)};
    Value answer = tr_call_if_responds(f, self, TR_ID_respond_to_missing_p, 2, argv);
    if (answer == TR_UNDEF) return TR_FALSE; /* a BasicObject that borrowed respond_to? */
    return answer == TR_RAISED ? TR_RAISED : tr_bool(tr_is_truthy(answer));
}

static Value object_respond_to_missing(Fiber *f, Value self, const Args *args) {
    (void)f, (void)self, (void)args;
    return TR_FALSE;
}

static MAY_SWITCH Value object_method_missing(Fiber *f, Value self, const Args *args) {
    if (args->argc == 0 || !tr_is_symbol(args->argv[0]))
        return tr_raise(f, tr_class.argument_error, "no method name given");
    return tr_raise_missing(f, self, tr_symbol_id(args->argv[0]), tr_fiber_vm(f)->missing_reason, args->argc - 1,
                            args->argv + 1);
}

/* ---- Method objects ---- */

static MAY_SWITCH Value object_method(Fiber *f, Value self, const Args *args) {
    Id mid = tr_to_id(f, args->argv[0]);
    return mid ? tr_method_object(f, self, mid, false) : TR_RAISED;
}

static MAY_SWITCH Value object_public_method(Fiber *f, Value self, const Args *args) {
    Id mid = tr_to_id(f, args->argv[0]);
    return mid ? tr_method_object(f, self, mid, true) : TR_RAISED;
}

static MAY_SWITCH Value object_singleton_method(Fiber *f, Value self, const Args *args) {
    Id mid = tr_to_id(f, args->argv[0]);
    if (!mid) return TR_RAISED;
    Class *klass = tr_class_of(self);
    if (tr_is_object(self) && tr_class_is_singleton(klass)) {
        for (Class *c = klass; c && tr_real_class(c) != c; c = atomic_load_explicit(&c->super, memory_order_acquire)) {
            if (c != klass && tr_class_is_singleton(c)) break;
            const Method *own = c->methods_of ? tr_method_own(c->methods_of, mid) : NULL;
            if (own && own->kind != METHOD_UNDEF) return tr_method_object(f, self, mid, false);
        }
    }
    Value text = tr_inspect(f, self);
    if (text == TR_RAISED) return TR_RAISED;
    return tr_raise_name_error(f, self, mid, "undefined singleton method '%pI' for '%pV'", mid, text);
}

static MAY_SWITCH Value object_define_singleton_method(Fiber *f, Value self, const Args *args) {
    Class *klass = tr_singleton_class(f, self);
    return klass ? tr_module_define_method(f, klass, args, VISIBILITY_PUBLIC) : TR_RAISED;
}

static const MethodDef basic_object_methods[] = {
    {"__send__", object_send, ARITY_REST(0), METHOD_KEYWORDS | METHOD_SEND},
    {"method_missing", object_method_missing, ARITY_REST(0), METHOD_PRIVATE},
    {NULL, NULL, 0, 0, 0},
};
const ClassDef tr_basic_object_send_def = {.klass = &tr_class.basic_object, .methods = basic_object_methods};

static const MethodDef kernel_methods[] = {
    {"send", object_send, ARITY_REST(0), METHOD_KEYWORDS | METHOD_SEND},
    {"public_send", object_public_send, ARITY_REST(0), METHOD_KEYWORDS},
    {"respond_to?", object_respond_to, ARITY(1, 2), 0},
    {"respond_to_missing?", object_respond_to_missing, ARITY(2, 2), METHOD_PRIVATE | METHOD_LEAF},
    {"methods", object_methods, ARITY(0, 1), 0},
    {"singleton_methods", object_singleton_methods, ARITY(0, 1), 0},
    {"public_methods", object_public_methods, ARITY(0, 1), 0},
    {"private_methods", object_private_methods, ARITY(0, 1), 0},
    {"protected_methods", object_protected_methods, ARITY(0, 1), 0},
    {"method", object_method, ARITY(1, 1), 0},
    {"public_method", object_public_method, ARITY(1, 1), 0},
    {"singleton_method", object_singleton_method, ARITY(1, 1), 0},
    {"define_singleton_method", object_define_singleton_method, ARITY(1, 2), 0},
    {NULL, NULL, 0, 0, 0},
};
const ClassDef tr_kernel_reflection_def = {.klass = &tr_class.kernel, .methods = kernel_methods};
