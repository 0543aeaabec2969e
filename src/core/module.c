/* module.c - Module and Class: making them, defining methods in them, including, evaluating inside them.
 *
 * What a method defined by attr_accessor, define_method or alias_method is visible as depends on the scope that runs: a
 * bare `private` before it changes the Cref of the class body (tr_caller_scope).
 */
#include "core/module_internal.h"
#include "vm/proc.h"

static inline Class *module_of(Value v) { return (Class *)v; }

static Value nothing(Fiber *f, Value self, const Args *args) {
    (void)f, (void)self, (void)args;
    return TR_NIL;
}

/* ---- making ---- */

static MAY_GC Value module_alloc(Fiber *f, Class *klass) {
    Class *module = tr_module_new(f);
    module->h.klass = klass;
    return (Value)module;
}

static MAY_GC Value class_alloc(Fiber *f, Class *klass) {
    (void)klass;
    Class *made = tr_class_new(f, tr_class.object); /* dup and clone fill it in */
    made->alloc = NULL; /* until then it has no instances */
    made->flags &= ~(uint32_t)CLASS_INITIALIZED;
    return (Value)made;
}

static MAY_SWITCH MAY_RAISE Value run_body(Fiber *f, Value self, Block block) {
    if (!tr_block_is_given(block)) return self;
    return tr_yield_under(f, block, self, module_of(self), 1, &self, TR_NIL) == TR_RAISED ? TR_RAISED : self;
}

static MAY_SWITCH Value module_initialize(Fiber *f, Value self, const Args *args) {
    return run_body(f, self, args->block);
}

/* Class.new(superclass = Object) { … } -> Class */
static MAY_SWITCH Value class_initialize(Fiber *f, Value self, const Args *args) {
    if (module_of(self)->flags & CLASS_INITIALIZED)
        return tr_raise(f, tr_class.type_error, "already initialized class");
    Value super = args->argc ? args->argv[0] : (Value)tr_class.object;
    if (!tr_class_check_super(f, super)) return TR_RAISED;
    tr_class_set_superclass(f, module_of(self), module_of(super));
    if (tr_class_run_inherited(f, module_of(super), module_of(self)) == TR_RAISED) return TR_RAISED;
    return run_body(f, self, args->block);
}

static MAY_GC MAY_RAISE Value allocate(Fiber *f, Class *klass) {
    if (TR_LIKELY(klass->alloc != NULL) && TR_LIKELY(!tr_class_is_singleton(klass))) return klass->alloc(f, klass);
    if (tr_class_is_singleton(klass))
        return tr_raise(f, tr_class.type_error, "can't create instance of singleton class");
    if (!(klass->flags & CLASS_INITIALIZED))
        return tr_raise(f, tr_class.type_error, "can't instantiate uninitialized class");
    return tr_raise(f, tr_class.type_error, "allocator undefined for %pC", klass);
}

static MAY_GC Value class_allocate(Fiber *f, Value self, const Args *args) {
    (void)args;
    return allocate(f, module_of(self));
}

static MAY_SWITCH Value class_new(Fiber *f, Value self, const Args *args) {
    Value object = allocate(f, module_of(self));
    if (object == TR_RAISED) return TR_RAISED;
    Value done = tr_call_full(f, object, TR_ID_initialize, args->argc, args->argv, args->block, args->keywords, false);
    return done == TR_RAISED ? TR_RAISED : object;
}

static MAY_SWITCH Value module_initialize_copy(Fiber *f, Value self, const Args *args) {
    Value from = args->argv[0];
    if (tr_object_type(self) != tr_object_type(from))
        return tr_raise(f, tr_class.type_error, "initialize_copy should take same class object");
    if (tr_class_is_singleton(module_of(from)))
        return tr_raise(f, tr_class.type_error, "can't copy singleton class");
    tr_class_copy_contents(f, module_of(self), module_of(from));
    return self;
}

static MAY_GC Value class_superclass(Fiber *f, Value self, const Args *args) {
    (void)args;
    if (!(module_of(self)->flags & CLASS_INITIALIZED)) return tr_raise(f, tr_class.type_error, "uninitialized class");
    Class *super = tr_class_superclass(module_of(self));
    return super ? (Value)super : TR_NIL;
}

typedef struct Subclasses {
    Class **found;
    size_t count, capacity; /* count: of all, also of those that found no room */
} Subclasses;

static void add_subclass(Class *klass, void *data) {
    Subclasses *list = data;
    if ((klass->h.flags & TR_TYPE_MASK) != TYPE_CLASS || tr_class_is_singleton(klass)) return;
    if (list->count < list->capacity) list->found[list->count] = klass;
    list->count++;
}

static MAY_GC MAY_RAISE Value class_subclasses(Fiber *f, Value self, const Args *args) {
    (void)args;
    Class *few[256];
    Subclasses list = {.found = few, .capacity = sizeof few / sizeof *few};
    for (;;) {
        list.count = 0;
        tr_structure_lock();
        tr_class_each_subclass_locked(module_of(self), add_subclass, &list);
        tr_structure_unlock();
        if (list.count <= list.capacity) break;
        if (list.found != few) tr_buffer_free(f->heap, list.found, list.capacity * sizeof *list.found);
        list.capacity = list.count * 2; /* others may go on making some */
        list.found = tr_buffer_alloc(f, list.capacity * sizeof *list.found);
        if (!list.found) return tr_raise_no_memory(f);
    }
    Value result = tr_array_new_from(f, list.count, (const Value *)list.found);
    if (list.found != few) tr_buffer_free(f->heap, list.found, list.capacity * sizeof *list.found);
    return result;
}

static MAY_GC Value class_attached_object(Fiber *f, Value self, const Args *args) {
    (void)args;
    if (tr_class_is_singleton(module_of(self))) return module_of(self)->attached;
    return tr_raise(f, tr_class.type_error, "'%pC' is not a singleton class", module_of(self));
}

static Value module_is_singleton(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_bool(tr_class_is_singleton(module_of(self)));
}

/* ---- visibility ---- */

/* The visibility that a definition made by a call gets: that of the class body it stands in. */
static Visibility scope_visibility(Fiber *f, Value self) {
    const Cref *scope = tr_caller_scope(f);
    if (!scope || scope->klass != module_of(self)) return VISIBILITY_PUBLIC;
    return scope->module_function ? VISIBILITY_MODULE_FUNCTION : (Visibility)scope->visibility;
}

static MAY_SWITCH MAY_RAISE Value set_each(Fiber *f, Class *klass, int argc, const Value *argv, Visibility visibility) {
    Value list = argc == 1 && tr_is_array(argv[0]) ? argv[0] : TR_UNDEF;
    size_t count = list == TR_UNDEF ? (size_t)argc : tr_array_count(list);
    for (size_t i = 0; i < count; i++) {
        Id mid = tr_to_id(f, list == TR_UNDEF ? argv[i] : tr_array_at(list, i));
        if (!mid || tr_method_set_visibility(f, klass, mid, visibility) == TR_RAISED) return TR_RAISED;
    }
    return TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value set_visibility(Fiber *f, Value self, const Args *args, Visibility visibility) {
    if (args->argc == 0) {
        Cref *scope = tr_caller_scope(f);
        if (scope) {
            scope->module_function = visibility == VISIBILITY_MODULE_FUNCTION;
            scope->visibility = (uint8_t)(scope->module_function ? VISIBILITY_PUBLIC : visibility);
        }
        return TR_NIL;
    }
    if (set_each(f, module_of(self), args->argc, args->argv, visibility) == TR_RAISED) return TR_RAISED;
    return args->argc == 1 ? args->argv[0] : tr_array_new_from(f, (size_t)args->argc, args->argv);
}

static MAY_SWITCH Value module_public(Fiber *f, Value self, const Args *args) {
    return set_visibility(f, self, args, VISIBILITY_PUBLIC);
}
static MAY_SWITCH Value module_private(Fiber *f, Value self, const Args *args) {
    return set_visibility(f, self, args, VISIBILITY_PRIVATE);
}
static MAY_SWITCH Value module_protected(Fiber *f, Value self, const Args *args) {
    return set_visibility(f, self, args, VISIBILITY_PROTECTED);
}
static MAY_SWITCH Value module_module_function(Fiber *f, Value self, const Args *args) {
    if (tr_is_type(self, TYPE_CLASS))
        return tr_raise(f, tr_class.type_error, "module_function must be called for modules");
    return set_visibility(f, self, args, VISIBILITY_MODULE_FUNCTION);
}

static MAY_SWITCH Value class_methods_visibility(Fiber *f, Value self, const Args *args, Visibility visibility) {
    Class *singleton = tr_singleton_class(f, self);
    if (!singleton) return TR_RAISED;
    return set_each(f, singleton, args->argc, args->argv, visibility);
}

static MAY_SWITCH Value module_private_class_method(Fiber *f, Value self, const Args *args) {
    return class_methods_visibility(f, self, args, VISIBILITY_PRIVATE);
}
static MAY_SWITCH Value module_public_class_method(Fiber *f, Value self, const Args *args) {
    return class_methods_visibility(f, self, args, VISIBILITY_PUBLIC);
}

/* ---- defining ---- */

static MAY_SWITCH MAY_RAISE Value define_attribute(Fiber *f, Value self, Value name, bool is_writer, Value names) {
    Id id = tr_to_id(f, name);
    if (!id) return TR_RAISED;
    const IdName *text = tr_id_name(id);
    if (text->kind != ID_LOCAL && text->kind != ID_CONSTANT)
        return tr_raise_name_error(f, self, id, "invalid attribute name '%pI'", id);
    char at[256] = "@";
    if (text->size > sizeof at - 2) return tr_raise_name_error(f, self, id, "attribute name is too long");
    memcpy(at + 1, text->bytes, text->size);
    Visibility visibility = scope_visibility(f, self);
    if (visibility == VISIBILITY_MODULE_FUNCTION) {
        tr_warning(f, "attribute accessor as module_function");
        visibility = VISIBILITY_PRIVATE;
    }
    Id mid = is_writer ? tr_id_attrset(id) : id;
    Method *m = tr_method_new(f, module_of(self), mid, is_writer ? METHOD_ATTR_WRITER : METHOD_ATTR_READER, visibility);
    m->as.attr.ivar = tr_intern(at, text->size + 1, text->encoding);
    if (tr_method_add_checked(f, module_of(self), m) == TR_RAISED) return TR_RAISED;
    return tr_array_push(f, names, tr_value_from_id(mid));
}

enum { READ = 1, WRITE = 2 };

static MAY_SWITCH Value attributes(Fiber *f, Value self, const Args *args, int what) {
    Value names = tr_array_new(f, (size_t)args->argc);
    for (int i = 0; i < args->argc; i++) {
        if (what & READ && define_attribute(f, self, args->argv[i], false, names) == TR_RAISED) return TR_RAISED;
        if (what & WRITE && define_attribute(f, self, args->argv[i], true, names) == TR_RAISED) return TR_RAISED;
    }
    return names;
}

static MAY_SWITCH Value module_attr_reader(Fiber *f, Value self, const Args *args) {
    return attributes(f, self, args, READ);
}
static MAY_SWITCH Value module_attr_writer(Fiber *f, Value self, const Args *args) {
    return attributes(f, self, args, WRITE);
}
static MAY_SWITCH Value module_attr_accessor(Fiber *f, Value self, const Args *args) {
    return attributes(f, self, args, READ | WRITE);
}

static MAY_SWITCH Value module_attr(Fiber *f, Value self, const Args *args) {
    if (args->argc == 2 && (args->argv[1] == TR_TRUE || args->argv[1] == TR_FALSE)) {
        tr_warn(f, "optional boolean argument is obsoleted");
        Args one = *args;
        one.argc = 1;
        return attributes(f, self, &one, args->argv[1] == TR_TRUE ? READ | WRITE : READ);
    }
    return attributes(f, self, args, READ);
}

static MAY_SWITCH Value module_define_method(Fiber *f, Value self, const Args *args) {
    return tr_module_define_method(f, module_of(self), args, scope_visibility(f, self));
}

static MAY_SWITCH Value module_alias_method(Fiber *f, Value self, const Args *args) {
    Id new_id = tr_to_id(f, args->argv[0]);
    Id old_id = new_id ? tr_to_id(f, args->argv[1]) : TR_ID_NONE;
    if (!old_id || tr_method_alias(f, module_of(self), new_id, old_id) == TR_RAISED) return TR_RAISED;
    return tr_value_from_id(new_id);
}

static MAY_SWITCH Value module_undef_method(Fiber *f, Value self, const Args *args) {
    for (int i = 0; i < args->argc; i++) {
        Id mid = tr_to_id(f, args->argv[i]);
        if (!mid || tr_method_undef(f, module_of(self), mid) == TR_RAISED) return TR_RAISED;
    }
    return self;
}

static MAY_SWITCH Value module_remove_method(Fiber *f, Value self, const Args *args) {
    for (int i = 0; i < args->argc; i++) {
        Id mid = tr_to_id(f, args->argv[i]);
        if (!mid || tr_method_remove(f, module_of(self), mid) == TR_RAISED) return TR_RAISED;
    }
    return self;
}

/* The code of a method written in Ruby, by def or define_method; NULL for others. */
static MAY_SWITCH Iseq *method_body(Fiber *f, const Method *method) {
    if (method->kind == METHOD_ALIAS) method = method->as.alias.target;
    if (method->kind == METHOD_PROC) {
        bool foreign;
        Value proc = tr_cell_get(f, method->as.proc.proc, &foreign);
        return tr_is_proc(proc) && tr_proc(proc)->kind == PROC_ISEQ ? (Iseq *)tr_proc(proc)->as.captured.iseq : NULL;
    }
    if (method->kind != METHOD_ISEQ) return NULL;
    tr_iseq_complete(f, method->as.ruby.iseq);
    return method->as.ruby.iseq;
}

/* Module#ruby2_keywords(name, …): a method with *rest keeps keywords apart in a flagged last Hash. */
static MAY_SWITCH Value module_ruby2_keywords(Fiber *f, Value self, const Args *args) {
    for (int i = 0; i < args->argc; i++) {
        Id mid = tr_to_id(f, args->argv[i]);
        if (!mid) return TR_RAISED;
        const Method *own = tr_method_own(module_of(self), mid);
        if (!own)
            return tr_raise_name_error(f, self, mid, "method '%pI' for %s '%pC' is not in this class", mid, "class",
                                       module_of(self));
        Iseq *body = method_body(f, own);
        if (!body || body->params.rest_start < 0 || body->params.keywords) {
            tr_warn(f, "Skipping set of ruby2_keywords flag for %s (method accepts keywords or method does not accept "
                       "argument splat)", tr_id_cstr(mid));
            continue;
        }
        body->params.ruby2_keywords = true;
    }
    return TR_NIL;
}

/* ---- include, prepend, extend ---- */

static MAY_SWITCH MAY_RAISE Value add_modules(Fiber *f, Value self, const Args *args, Id features, Id hook) {
    for (int i = 0; i < args->argc; i++)
        if (!tr_is_type(args->argv[i], TYPE_MODULE))
            return tr_raise(f, tr_class.type_error, "wrong argument type %pC (expected Module)",
                            tr_real_class_of(args->argv[i]));
    for (int i = args->argc; i-- > 0;)
        if (tr_call(f, args->argv[i], features, 1, self) == TR_RAISED ||
            tr_call(f, args->argv[i], hook, 1, self) == TR_RAISED)
            return TR_RAISED;
    return self;
}

static MAY_SWITCH Value module_include(Fiber *f, Value self, const Args *args) {
    return add_modules(f, self, args, TR_ID_append_features, TR_ID_included);
}

static MAY_SWITCH Value module_prepend(Fiber *f, Value self, const Args *args) {
    return add_modules(f, self, args, TR_ID_prepend_features, TR_ID_prepended);
}

static MAY_SWITCH MAY_RAISE bool is_for_module(Fiber *f, Value v) {
    return tr_is_module(v) || tr_raise(f, tr_class.type_error, "wrong argument type %pC (expected Class or Module)",
                                       tr_real_class_of(v)) != TR_RAISED;
}

static MAY_SWITCH Value module_append_features(Fiber *f, Value self, const Args *args) {
    if (!is_for_module(f, args->argv[0])) return TR_RAISED;
    return tr_module_include(f, module_of(args->argv[0]), module_of(self)) == TR_RAISED ? TR_RAISED : self;
}

static MAY_SWITCH Value module_prepend_features(Fiber *f, Value self, const Args *args) {
    if (!is_for_module(f, args->argv[0])) return TR_RAISED;
    return tr_module_prepend(f, module_of(args->argv[0]), module_of(self)) == TR_RAISED ? TR_RAISED : self;
}

static MAY_SWITCH Value module_extend_object(Fiber *f, Value self, const Args *args) {
    Value object = args->argv[0];
    Class *singleton = tr_singleton_class(f, object);
    if (!singleton) return TR_RAISED;
    return tr_module_include(f, singleton, module_of(self)) == TR_RAISED ? TR_RAISED : object;
}

/* ---- evaluating inside ---- */

static MAY_SWITCH Value module_eval(Fiber *f, Value self, const Args *args) {
    if (tr_block_is_given(args->block)) {
        if (args->argc) return tr_raise_argc(f, args->argc, 0, 0);
        return tr_yield_under(f, args->block, self, module_of(self), 1, &self, TR_NIL);
    }
    if (args->argc < 1 || args->argc > 3) return tr_raise_argc(f, args->argc, 1, 3);
    Value source = tr_to_str(f, args->argv[0]), path = TR_NIL;
    if (source == TR_RAISED) return TR_RAISED;
    if (args->argc > 1 && args->argv[1] != TR_NIL) {
        path = tr_to_str(f, args->argv[1]);
        if (path == TR_RAISED) return TR_RAISED;
    }
    int64_t line = 1;
    if (args->argc > 2 && !tr_to_long(f, args->argv[2], &line)) return TR_RAISED;
    return tr_eval_string_under(f, source, self, module_of(self), path, (int)line);
}

static MAY_SWITCH Value module_exec(Fiber *f, Value self, const Args *args) {
    if (!tr_block_is_given(args->block)) return tr_raise(f, tr_class.local_jump_error, "no block given");
    return tr_yield_under(f, args->block, self, module_of(self), args->argc, args->argv, args->keywords);
}

static MAY_GC Value module_freeze(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_freeze(f, self);
}

static const MethodDef module_methods[] = {
    {"initialize", module_initialize, ARITY(0, 0), METHOD_PRIVATE},
    {"initialize_copy", module_initialize_copy, ARITY(1, 1), METHOD_PRIVATE},
    {"freeze", module_freeze, ARITY(0, 0), 0},
    {"public", module_public, ARITY_REST(0), METHOD_PRIVATE},
    {"private", module_private, ARITY_REST(0), METHOD_PRIVATE},
    {"protected", module_protected, ARITY_REST(0), METHOD_PRIVATE},
    {"module_function", module_module_function, ARITY_REST(0), METHOD_PRIVATE},
    {"private_class_method", module_private_class_method, ARITY_REST(0), 0},
    {"public_class_method", module_public_class_method, ARITY_REST(0), 0},
    {"attr", module_attr, ARITY_REST(0), 0},
    {"attr_reader", module_attr_reader, ARITY_REST(0), 0},
    {"attr_writer", module_attr_writer, ARITY_REST(0), 0},
    {"attr_accessor", module_attr_accessor, ARITY_REST(0), 0},
    {"define_method", module_define_method, ARITY(1, 2), 0},
    {"alias_method", module_alias_method, ARITY(2, 2), 0},
    {"undef_method", module_undef_method, ARITY_REST(0), 0},
    {"remove_method", module_remove_method, ARITY_REST(0), 0},
    {"ruby2_keywords", module_ruby2_keywords, ARITY_REST(1), METHOD_PRIVATE},
    {"include", module_include, ARITY_REST(1), 0},
    {"prepend", module_prepend, ARITY_REST(1), 0},
    {"append_features", module_append_features, ARITY(1, 1), METHOD_PRIVATE},
    {"prepend_features", module_prepend_features, ARITY(1, 1), METHOD_PRIVATE},
    {"extend_object", module_extend_object, ARITY(1, 1), METHOD_PRIVATE},
    {"included", nothing, ARITY(1, 1), METHOD_PRIVATE | METHOD_LEAF},
    {"extended", nothing, ARITY(1, 1), METHOD_PRIVATE | METHOD_LEAF},
    {"prepended", nothing, ARITY(1, 1), METHOD_PRIVATE | METHOD_LEAF},
    {"method_added", nothing, ARITY(1, 1), METHOD_PRIVATE | METHOD_LEAF},
    {"method_removed", nothing, ARITY(1, 1), METHOD_PRIVATE | METHOD_LEAF},
    {"method_undefined", nothing, ARITY(1, 1), METHOD_PRIVATE | METHOD_LEAF},
    {"const_added", nothing, ARITY(1, 1), METHOD_PRIVATE | METHOD_LEAF},
    {"module_eval", module_eval, ARITY_REST(0), 0},
    {"class_eval", module_eval, ARITY_REST(0), 0},
    {"module_exec", module_exec, ARITY_REST(0), METHOD_KEYWORDS},
    {"class_exec", module_exec, ARITY_REST(0), METHOD_KEYWORDS},
    {"singleton_class?", module_is_singleton, ARITY(0, 0), METHOD_LEAF},
    {NULL, NULL, 0, 0, 0},
};

static const MethodDef class_methods[] = {
    {"initialize", class_initialize, ARITY(0, 1), METHOD_PRIVATE},
    {"new", class_new, ARITY_REST(0), METHOD_KEYWORDS},
    {"allocate", class_allocate, ARITY(0, 0), 0},
    {"superclass", class_superclass, ARITY(0, 0), 0},
    {"subclasses", class_subclasses, ARITY(0, 0), 0},
    {"attached_object", class_attached_object, ARITY(0, 0), 0},
    {"inherited", nothing, ARITY(1, 1), METHOD_PRIVATE | METHOD_LEAF},
    {NULL, NULL, 0, 0, 0},
};

/* Classes whose instances do not come from `new`. */
static MAY_GC void undefine_new(Fiber *f) {
    Class *const classes[] = {tr_class.integer, tr_class.float_, tr_class.rational, tr_class.complex, tr_class.symbol,
                              tr_class.nil, tr_class.true_, tr_class.false_, tr_class.method, tr_class.unbound_method,
                              tr_class.binding, tr_class.match, tr_class.encoding, tr_class.process_status,
                              tr_class.backtrace_location, tr_class.refinement};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        Class *singleton = tr_singleton_class(f, (Value)classes[i]);
        tr_method_add(f, singleton, tr_method_new(f, singleton, TR_ID_new, METHOD_UNDEF, VISIBILITY_PUBLIC));
    }
}

static MAY_GC void class_init(Fiber *f) {
    undefine_new(f);
    static const char *const undefined[] = {"module_function", "append_features", "prepend_features", "extend_object",
                                            "refine"};
    for (size_t i = 0; i < sizeof undefined / sizeof *undefined; i++)
        tr_method_add(f, tr_class.class,
                      tr_method_new(f, tr_class.class, tr_intern_cstr(undefined[i]), METHOD_UNDEF, VISIBILITY_PUBLIC));
}

const ClassDef tr_module_class_def = {.klass = &tr_class.module, .methods = module_methods, .alloc = module_alloc,
                                      .instance_type = TYPE_MODULE};
const ClassDef tr_class_class_def = {.klass = &tr_class.class, .methods = class_methods,
                                     .alloc = class_alloc, .instance_type = TYPE_CLASS, .init = class_init};
