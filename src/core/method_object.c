/* method_object.c - Method and UnboundMethod: a method as an object, with and without a receiver.
 *
 * `method` is the entry as it was found (a visibility change or an alias counts, for its name); `resolved` is what runs. A name
 * that only respond_to_missing? vouches for has no method: calling it goes through method_missing.
 */
#include "core/module_internal.h"
#include "value/data.h"
#include "vm/proc.h"
#include "vm/refinement.h"

typedef struct MethodObject {
    Header h;              /* TYPE_METHOD_OBJECT */
    const Method *method;
    const Method *resolved;/* NULL: by respond_to_missing? */
    Value receiver;        /* TR_UNDEF: unbound */
    Class *klass;          /* where it was looked up */
    Id mid;
} MethodObject;

static inline MethodObject *method_object(Value v) { return (MethodObject *)v; }

static void method_object_trace(Tracer *tracer, Value v) {
    const MethodObject *m = method_object(v);
    if (m->method) tr_trace(tracer, (Value)m->method);
    if (m->resolved) tr_trace(tracer, (Value)m->resolved);
    if (m->klass) tr_trace(tracer, (Value)m->klass);
    tr_trace(tracer, m->receiver);
}

static MAY_GC Value make(Fiber *f, Class *kind, const Method *method, const Method *resolved, Value receiver,
                         Class *klass, Id mid) {
    MethodObject *m = tr_heap_alloc(f, sizeof *m, TYPE_METHOD_OBJECT, kind);
    m->method = method;
    m->resolved = resolved;
    m->receiver = receiver;
    m->klass = klass;
    m->mid = mid;
    return (Value)m;
}

const Method *tr_method_object_method(Value v, Value *receiver) {
    if (!tr_is_type(v, TYPE_METHOD_OBJECT)) return NULL;
    *receiver = method_object(v)->receiver;
    return method_object(v)->resolved;
}

/* ---- finding ---- */

static MAY_GC MAY_RAISE Value undefined(Fiber *f, Value about, Class *klass, Id mid) {
    return tr_raise_name_error(f, about, mid, "undefined method '%pI' for %s '%pC'", mid,
                               tr_object_type((Value)klass) == TYPE_MODULE ? "module" : "class", klass);
}

static MAY_GC MAY_RAISE Value not_public(Fiber *f, Value about, Class *klass, Id mid, const Method *method) {
    return tr_raise_name_error(f, about, mid, "method '%pI' for %s '%pC' is %s", mid,
                               tr_object_type((Value)klass) == TYPE_MODULE ? "module" : "class", klass,
                               method->visibility == VISIBILITY_PRIVATE ? "private" : "protected");
}

MAY_SWITCH MAY_RAISE Value tr_method_object(Fiber *f, Value object, Id mid, bool is_public) {
    Class *klass = tr_class_of(object);
    const CallCache *found = tr_method_find_for_caller(f, klass, mid);
    if (found->method && found->resolved) {
        if (is_public && found->method->visibility != VISIBILITY_PUBLIC)
            return not_public(f, object, klass, mid, found->method);
        return make(f, tr_class.method, found->method, found->resolved, object, klass, mid);
    }
    if (!tr_method_is_basic(object, TR_ID_respond_to_missing_p)) {
        Value argv[2] = {tr_value_from_id(mid), tr_bool(!is_public)};
        Value answer = tr_callv(f, object, TR_ID_respond_to_missing_p, 2, argv);
        if (answer == TR_RAISED) return TR_RAISED;
        if (tr_is_truthy(answer)) return make(f, tr_class.method, NULL, NULL, object, klass, mid);
    }
    return undefined(f, object, klass, mid);
}

MAY_SWITCH MAY_RAISE Value tr_unbound_method(Fiber *f, Class *klass, Id mid, bool is_public) {
    const CallCache *found = tr_method_find_for_caller(f, klass, mid);
    if (!found->method || !found->resolved) return undefined(f, (Value)klass, klass, mid);
    if (is_public && found->method->visibility != VISIBILITY_PUBLIC)
        return not_public(f, (Value)klass, klass, mid, found->method);
    return make(f, tr_class.unbound_method, found->method, found->resolved, TR_UNDEF, klass, mid);
}

/* ---- questions ---- */

static Value method_name(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_value_from_id(method_object(self)->mid);
}

static Value method_original_name(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    const MethodObject *m = method_object(self);
    return tr_value_from_id(m->resolved ? m->resolved->original_id : m->mid);
}

/* An alias belongs to the class it was made in. */
static Class *owner_of(const MethodObject *m) {
    if (!m->method) return tr_real_class(m->klass);
    return m->method->kind == METHOD_ALIAS ? m->method->owner : m->resolved->owner;
}

static Value method_owner(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return (Value)owner_of(method_object(self));
}

static Value method_receiver(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return method_object(self)->receiver;
}

/* The Ruby::Box that the method belongs to: boxes are never enabled. */
static Value method_box(Fiber *f, Value self, const Args *args) {
    (void)f, (void)self, (void)args;
    return TR_NIL;
}

static MAY_SWITCH Value method_arity(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    const MethodObject *m = method_object(self);
    return TR_FIX(m->resolved ? tr_method_arity(m->resolved) : -1);
}

static MAY_GC MAY_RAISE Value pair_of(Fiber *f, const char *kind) {
    return tr_array_new_values(f, 1, tr_value_from_id(tr_intern_cstr(kind)));
}

/* A Struct's x=, whose parameter Ruby names. */
static bool is_struct_writer(const Method *method) {
    const Class *owner = method->owner;
    if (method->kind != METHOD_C || !owner || owner == tr_class.struct_ || method->as.c.min != 1 || method->as.c.max != 1) return false;
    const IdName *name = tr_id_name(method->original_id);
    return name->size > 1 && name->bytes[name->size - 1] == '=' && name->bytes[0] != '=' && tr_class_inherits(owner, tr_class.struct_);
}

MAY_SWITCH MAY_RAISE Value tr_method_parameters(Fiber *f, const Method *method) {
    if (method->kind == METHOD_ALIAS) method = method->as.alias.target;
    if (method->kind == METHOD_ISEQ) {
        tr_iseq_complete(f, method->as.ruby.iseq);
        return tr_iseq_parameters(f, method->as.ruby.iseq, true);
    }
    if (method->kind == METHOD_PROC) {
        const Proc *proc = tr_proc(method->as.proc.proc->value);
        if (proc->kind == PROC_ISEQ) return tr_iseq_parameters(f, proc->as.captured.iseq, true);
    }
    Value list = tr_array_new(f, 1);
    int arity = tr_method_arity(method);
    if (is_struct_writer(method)) {
        Value name = tr_value_from_id(tr_intern_cstr("_"));
        Value pair = tr_array_new_values(f, 2, tr_value_from_id(tr_intern_cstr("req")), name);
        return tr_array_push(f, list, pair) == TR_RAISED ? TR_RAISED : list;
    }
    for (int i = 0; i < (arity < 0 ? -arity - 1 : arity); i++)
        if (tr_array_push(f, list, pair_of(f, "req")) == TR_RAISED) return TR_RAISED;
    if (arity < 0 && tr_array_push(f, list, pair_of(f, "rest")) == TR_RAISED) return TR_RAISED;
    return list;
}

static MAY_SWITCH Value method_parameters(Fiber *f, Value self, const Args *args) {
    (void)args;
    const MethodObject *m = method_object(self);
    if (!m->resolved) return tr_array_new_values(f, 1, pair_of(f, "rest"));
    return tr_method_parameters(f, m->resolved);
}

/* The iseq behind a method written in Ruby, NULL for others. */
static const Iseq *iseq_of(const Method *method) {
    if (!method) return NULL;
    if (method->kind == METHOD_ALIAS) method = method->as.alias.target;
    if (method->kind == METHOD_ISEQ) return method->as.ruby.iseq;
    if (method->kind != METHOD_PROC) return NULL;
    Value proc = method->as.proc.proc->value;
    if (!tr_is_proc(proc) || tr_proc(proc)->kind != PROC_ISEQ) return NULL;
    return tr_proc(proc)->as.captured.iseq;
}

const Iseq *tr_method_object_iseq(Value method) { return iseq_of(((const MethodObject *)method)->resolved); }

static MAY_GC Value method_source_location(Fiber *f, Value self, const Args *args) {
    (void)args;
    const Iseq *iseq = iseq_of(method_object(self)->resolved);
    if (!iseq || iseq->is_internal) return TR_NIL;
    return tr_array_new_values(f, 2, iseq->path, TR_FIX(iseq->first_line));
}

static bool same_body(const Method *a, const Method *b) {
    if (!a || !b) return a == b;
    if (a == b) return true;
    if (a->kind != b->kind) return false;
    switch ((MethodKind)a->kind) {
    case METHOD_ISEQ: return a->as.ruby.iseq == b->as.ruby.iseq;
    case METHOD_C: return a->as.c.fn == b->as.c.fn;
    case METHOD_ATTR_READER:
    case METHOD_ATTR_WRITER: return a->as.attr.ivar == b->as.attr.ivar;
    case METHOD_PROC: return a->as.proc.proc->value == b->as.proc.proc->value;
    default: return false;
    }
}

static Value method_equal(Fiber *f, Value self, const Args *args) {
    (void)f;
    if (!tr_is_type(args->argv[0], TYPE_METHOD_OBJECT)) return TR_FALSE;
    const MethodObject *a = method_object(self), *b = method_object(args->argv[0]);
    if (a->h.klass != b->h.klass || a->receiver != b->receiver) return TR_FALSE;
    if (a->receiver != TR_UNDEF && a->klass != b->klass) return TR_FALSE; /* it got a singleton class in between */
    if (!a->resolved || !b->resolved) return tr_bool(a->resolved == b->resolved && a->mid == b->mid);
    return tr_bool(same_body(a->resolved, b->resolved) && a->resolved->owner == b->resolved->owner);
}

static Value method_hash(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    const MethodObject *m = method_object(self);
    uint64_t body = m->resolved ? (uint64_t)m->resolved->owner : m->mid;
    return tr_value_from_fixnum((int64_t)(tr_hash_mix(body, m->receiver) >> 2));
}

static MAY_SWITCH Value method_dup(Fiber *f, Value self, const Args *args) {
    (void)args;
    const MethodObject *m = method_object(self);
    Value copy = make(f, m->h.klass, m->method, m->resolved, m->receiver, m->klass, m->mid);
    return tr_ivar_copy(f, copy, self);
}

static MAY_SWITCH Value method_clone(Fiber *f, Value self, const Args *args) {
    Value copy = method_dup(f, self, args);
    return copy != TR_RAISED && tr_is_frozen(self) ? tr_freeze(f, copy) : copy;
}

/* ---- inspect ---- */

static MAY_GC MAY_RAISE Value append_parameter(Fiber *f, Value text, Value pair) {
    static const struct { const char *kind, *before, *after, *anonymous; } forms[] = {
        {"req", "", "", "_"},        {"opt", "", "=...", "_"},   {"keyreq", "", ":", ""},  {"key", "", ": ...", ""},
        {"rest", "*", "", ""},       {"keyrest", "**", "", ""},  {"block", "&", "", ""},   {"nokey", "**nil", "", ""},
        {"noblock", "&nil", "", ""},
    };
    const char *kind = tr_id_cstr(tr_symbol_id(tr_array_at(pair, 0)));
    const char *name = tr_array_count(pair) > 1 ? tr_id_cstr(tr_symbol_id(tr_array_at(pair, 1))) : NULL;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (strcmp(forms[i].kind, kind) != 0) continue;
        if (name && strchr("*&", *name)) return tr_string_append_cstr(f, text, name); /* anonymous, as written */
        if (tr_string_append_cstr(f, text, forms[i].before) == TR_RAISED ||
            tr_string_append_cstr(f, text, name ? name : forms[i].anonymous) == TR_RAISED)
            return TR_RAISED;
        return tr_string_append_cstr(f, text, forms[i].after);
    }
    return text;
}

static MAY_SWITCH MAY_RAISE Value append_parameters(Fiber *f, Value text, const MethodObject *m) {
    Value list = m->resolved ? tr_method_parameters(f, m->resolved) : tr_array_new_values(f, 1, pair_of(f, "rest"));
    if (list == TR_RAISED || tr_string_append_cstr(f, text, "(") == TR_RAISED) return TR_RAISED;
    bool is_forwarding = tr_array_count(list) == 3;
    for (size_t i = 0; is_forwarding && i < 3; i++) {
        static const char *const names[] = {"*", "**", "&"};
        Value pair = tr_array_at(list, i);
        is_forwarding = tr_array_count(pair) > 1 &&
                        strcmp(tr_id_cstr(tr_symbol_id(tr_array_at(pair, 1))), names[i]) == 0;
    }
    if (is_forwarding) return tr_string_append_cstr(f, text, "...)");
    for (size_t i = 0; i < tr_array_count(list); i++)
        if ((i && tr_string_append_cstr(f, text, ", ") == TR_RAISED) ||
            append_parameter(f, text, tr_array_at(list, i)) == TR_RAISED)
            return TR_RAISED;
    return tr_string_append_cstr(f, text, ")");
}

/* "Foo(Bar)#" for instance methods, "Foo." for singleton ones. */
static MAY_SWITCH MAY_RAISE Value append_place(Fiber *f, Value text, const MethodObject *m) {
    Class *owner = owner_of(m), *klass = m->receiver == TR_UNDEF ? owner : m->klass;
    if (m->receiver != TR_UNDEF && tr_class_is_singleton(owner)) {
        Value shown = tr_inspect(f, m->receiver);
        if (shown == TR_RAISED || tr_string_append(f, text, shown) == TR_RAISED) return TR_RAISED;
        if (owner->attached != m->receiver) {
            Value of = tr_inspect(f, owner->attached);
            if (of == TR_RAISED || tr_string_append_cstr(f, text, "(") == TR_RAISED ||
                tr_string_append(f, text, of) == TR_RAISED || tr_string_append_cstr(f, text, ")") == TR_RAISED)
                return TR_RAISED;
        }
        return tr_string_append_cstr(f, text, ".");
    }
    if (m->receiver != TR_UNDEF && !tr_is_module(m->receiver)) klass = tr_real_class(klass);
    if (tr_string_append(f, text, tr_class_path(f, klass)) == TR_RAISED) return TR_RAISED;
    if (klass != owner &&
        (tr_string_append_cstr(f, text, "(") == TR_RAISED ||
         tr_string_append(f, text, tr_class_path(f, owner)) == TR_RAISED || tr_string_append_cstr(f, text, ")") == TR_RAISED))
        return TR_RAISED;
    return tr_string_append_cstr(f, text, "#");
}

static MAY_SWITCH Value method_inspect(Fiber *f, Value self, const Args *args) {
    (void)args;
    const MethodObject *m = method_object(self);
    Value text = tr_string_format(f, "#<%s: ", tr_class_cname(tr_real_class(m->h.klass)));
    if (append_place(f, text, m) == TR_RAISED || tr_string_append_cstr(f, text, tr_id_cstr(m->mid)) == TR_RAISED)
        return TR_RAISED;
    if (m->resolved && m->resolved->original_id != m->mid &&
        (tr_string_append_cstr(f, text, "(") == TR_RAISED ||
         tr_string_append_cstr(f, text, tr_id_cstr(m->resolved->original_id)) == TR_RAISED ||
         tr_string_append_cstr(f, text, ")") == TR_RAISED))
        return TR_RAISED;
    if (append_parameters(f, text, m) == TR_RAISED) return TR_RAISED;
    const Iseq *iseq = iseq_of(m->resolved);
    if (iseq && !iseq->is_internal) {
        Value place = tr_string_format(f, " %s:%u", tr_string(iseq->path)->bytes, iseq->first_line);
        if (tr_string_append(f, text, place) == TR_RAISED) return TR_RAISED;
    }
    return tr_string_append_cstr(f, text, ">");
}

/* ---- calling ---- */

static MAY_SWITCH MAY_RAISE Value call(Fiber *f, const MethodObject *m, Value receiver, int argc, const Value *argv,
                                       Block block, Value keywords) {
    if (!m->resolved) return tr_call_full(f, receiver, m->mid, argc, argv, block, keywords, false);
    return tr_call_method(f, m->resolved, receiver, argc, argv, block, keywords);
}

static MAY_SWITCH Value method_call(Fiber *f, Value self, const Args *args) {
    const MethodObject *m = method_object(self);
    return call(f, m, m->receiver, args->argc, args->argv, args->block, args->keywords);
}

static MAY_SWITCH Value call_from_block(Fiber *f, Value data, const Args *args) { return method_call(f, data, args); }

static MAY_SWITCH Value method_to_proc(Fiber *f, Value self, const Args *args) {
    (void)args;
    const MethodObject *m = method_object(self);
    int arity = m->resolved ? tr_method_arity(m->resolved) : -1;
    return tr_proc_from_method(f, self, call_from_block, arity < 0 ? -arity - 1 : arity, arity < 0 ? -1 : arity);
}

static MAY_GC Value method_unbind(Fiber *f, Value self, const Args *args) {
    (void)args;
    const MethodObject *m = method_object(self);
    return make(f, tr_class.unbound_method, m->method, m->resolved, TR_UNDEF, m->klass, m->mid);
}

static MAY_GC MAY_RAISE Value check_bindable(Fiber *f, const MethodObject *m, Value receiver) {
    Class *owner = owner_of(m);
    if (tr_object_type((Value)owner) == TYPE_MODULE || tr_is_kind_of(receiver, owner)) return TR_NIL;
    if (tr_class_is_singleton(owner))
        return tr_raise(f, tr_class.type_error, "singleton method called for a different object");
    return tr_raise(f, tr_class.type_error, "bind argument must be an instance of %pC", owner);
}

/* The method as it runs for this receiver: a module's finds its place in the receiver's ancestry for `super`. */
static MAY_GC const Method *placed(Fiber *f, const MethodObject *m, Value receiver) {
    if (!m->resolved || tr_object_type((Value)m->resolved->owner) != TYPE_MODULE) return m->resolved;
    Class *element = tr_class_element(tr_class_of(receiver), m->resolved->owner);
    if (!element || element == m->resolved->defined_class) return m->resolved;
    Method *copy = tr_method_copy(f, element, m->resolved);
    copy->defined_class = element;
    copy->is_complement = true;
    return copy;
}

static MAY_GC Value unbound_bind(Fiber *f, Value self, const Args *args) {
    const MethodObject *m = method_object(self);
    Value receiver = args->argv[0];
    if (check_bindable(f, m, receiver) == TR_RAISED) return TR_RAISED;
    return make(f, tr_class.method, m->method, placed(f, m, receiver), receiver, tr_class_of(receiver), m->mid);
}

static MAY_SWITCH Value unbound_bind_call(Fiber *f, Value self, const Args *args) {
    const MethodObject *m = method_object(self);
    Value receiver = args->argv[0];
    if (check_bindable(f, m, receiver) == TR_RAISED) return TR_RAISED;
    return tr_call_method(f, placed(f, m, receiver), receiver, args->argc - 1, args->argv + 1, args->block,
                          args->keywords);
}

static MAY_GC Value method_super_method(Fiber *f, Value self, const Args *args) {
    (void)args;
    const MethodObject *m = method_object(self);
    if (!m->resolved) return TR_NIL;
    Class *klass = m->receiver == TR_UNDEF ? m->klass : tr_class_of(m->receiver);
    const CallCache *found = tr_method_find_super(klass, m->resolved->defined_class, m->resolved->original_id);
    if (!found->method || !found->resolved) return TR_NIL;
    Class *shown = tr_class_superclass(m->klass);
    return make(f, m->h.klass, found->method, found->resolved, m->receiver, shown ? shown : klass, m->mid);
}

static MAY_SWITCH Value method_curry(Fiber *f, Value self, const Args *args) {
    Value proc = method_to_proc(f, self, args);
    return proc == TR_RAISED ? TR_RAISED : tr_callv(f, proc, TR_ID_curry, args->argc, args->argv);
}

static MAY_SWITCH Value compose(Fiber *f, Value self, const Args *args, Id operator_id) {
    Value proc = method_to_proc(f, self, args);
    return proc == TR_RAISED ? TR_RAISED : tr_call(f, proc, operator_id, 1, args->argv[0]);
}

static MAY_SWITCH Value method_after(Fiber *f, Value self, const Args *args) {
    return compose(f, self, args, TR_ID_lshift);
}

static MAY_SWITCH Value method_before(Fiber *f, Value self, const Args *args) {
    return compose(f, self, args, TR_ID_rshift);
}

/* ---- define_method ---- */

MAY_SWITCH MAY_RAISE Value tr_module_define_method(Fiber *f, Class *klass, const Args *args, Visibility visibility) {
    Id mid = tr_to_id(f, args->argv[0]);
    if (!mid) return TR_RAISED;
    if (args->argc == 1) {
        if (!tr_block_is_given(args->block))
            return tr_raise(f, tr_class.argument_error, "tried to create Proc object without a block");
        Value proc = tr_block_to_proc(f, args->block);
        return proc == TR_RAISED ? TR_RAISED : tr_method_define_proc(f, klass, mid, proc, visibility);
    }
    Value body = args->argv[1];
    if (tr_is_proc(body)) return tr_method_define_proc(f, klass, mid, body, visibility);
    if (!tr_is_type(body, TYPE_METHOD_OBJECT))
        return tr_raise(f, tr_class.type_error, "wrong argument type %pC (expected Proc/Method/UnboundMethod)",
                        tr_real_class_of(body));
    const MethodObject *m = method_object(body);
    if (!m->resolved) return tr_method_define_proc(f, klass, mid, method_to_proc(f, body, args), visibility);
    Class *owner = m->resolved->owner;
    if (tr_object_type((Value)owner) != TYPE_MODULE && !tr_class_inherits(klass, owner)) {
        if (tr_class_is_singleton(owner))
            return tr_raise(f, tr_class.type_error, "can't bind singleton method to a different class");
        return tr_raise(f, tr_class.type_error, "bind argument must be a subclass of %pC", owner);
    }
    Method *copy = tr_method_copy(f, klass, m->resolved);
    copy->called_id = mid;
    copy->owner = copy->defined_class = klass;
    copy->flags &= ~(uint32_t)(METHOD_BASIC | METHOD_PRIVATE | METHOD_PROTECTED);
    copy->visibility = VISIBILITY_PUBLIC;
    if (tr_method_add_checked(f, klass, copy) == TR_RAISED) return TR_RAISED;
    if (visibility != VISIBILITY_PUBLIC && tr_method_set_visibility(f, klass, mid, visibility) == TR_RAISED)
        return TR_RAISED;
    return tr_value_from_id(mid);
}

/* ---- tables ---- */

static const MethodDef method_methods[] = {
    {"call", method_call, ARITY_REST(0), METHOD_KEYWORDS},
    {"===", method_call, ARITY_REST(0), METHOD_KEYWORDS},
    {"[]", method_call, ARITY_REST(0), METHOD_KEYWORDS},
    {"to_proc", method_to_proc, ARITY(0, 0), 0},
    {"unbind", method_unbind, ARITY(0, 0), 0},
    {"receiver", method_receiver, ARITY(0, 0), METHOD_LEAF},
    {"box", method_box, ARITY(0, 0), METHOD_LEAF},
    {"curry", method_curry, ARITY(0, 1), 0},
    {"<<", method_after, ARITY(1, 1), 0},
    {">>", method_before, ARITY(1, 1), 0},
    {NULL, NULL, 0, 0, 0},
};

static const MethodDef unbound_methods[] = {
    {"bind", unbound_bind, ARITY(1, 1), 0},
    {"bind_call", unbound_bind_call, ARITY_REST(1), METHOD_KEYWORDS},
    {NULL, NULL, 0, 0, 0},
};

static const MethodDef common_methods[] = {
    {"name", method_name, ARITY(0, 0), METHOD_LEAF},
    {"original_name", method_original_name, ARITY(0, 0), METHOD_LEAF},
    {"owner", method_owner, ARITY(0, 0), METHOD_LEAF},
    {"arity", method_arity, ARITY(0, 0), METHOD_LEAF},
    {"parameters", method_parameters, ARITY(0, 0), 0},
    {"source_location", method_source_location, ARITY(0, 0), 0},
    {"super_method", method_super_method, ARITY(0, 0), 0},
    {"==", method_equal, ARITY(1, 1), METHOD_LEAF},
    {"eql?", method_equal, ARITY(1, 1), METHOD_LEAF},
    {"hash", method_hash, ARITY(0, 0), METHOD_LEAF},
    {"dup", method_dup, ARITY(0, 0), 0},
    {"clone", method_clone, ARITY(0, 0), 0},
    {"inspect", method_inspect, ARITY(0, 0), 0},
    {"to_s", method_inspect, ARITY(0, 0), 0},
    {NULL, NULL, 0, 0, 0},
};

static MAY_GC void method_init(Fiber *f) {
    static const HeapType type = {.name = "MethodObject", .trace = method_object_trace};
    tr_heap_register_type(TYPE_METHOD_OBJECT, &type);
    tr_define_methods(f, tr_class.method, common_methods);
    tr_define_methods(f, tr_class.unbound_method, common_methods);
}

const ClassDef tr_method_def = {.klass = &tr_class.method, .methods = method_methods, .no_alloc = true,
                                .init = method_init};
const ClassDef tr_unbound_method_def = {.klass = &tr_class.unbound_method, .methods = unbound_methods, .no_alloc = true};
