/* proc.c - Proc and Binding as Ruby sees them. The mechanics are in vm/block.c and vm/eval.c. */
#include "vm/proc.h"

#include <stdio.h>

#include "core/core.h"
#include "value/data.h"
#include "vm/eval.h"
#include "vm/interp.h"

/* ---- making ---- */

static MAY_SWITCH MAY_RAISE Value proc_s_new(Fiber *f, Value self, const Args *args) {
    if (!tr_block_is_given(args->block))
        return tr_raise(f, tr_class.argument_error, "tried to create Proc object without a block");
    Value proc = tr_block_to_proc(f, args->block);
    if (proc == TR_RAISED) return TR_RAISED;
    if (tr_header(proc)->klass != (Class *)self) {
        if (proc == args->block) proc = tr_proc_dup(f, proc, (Class *)self);
        else tr_header(proc)->klass = (Class *)self;
    }
    if (!tr_method_is_basic(proc, TR_ID_initialize) &&
        tr_call_full(f, proc, TR_ID_initialize, args->argc, args->argv, proc, args->keywords, false) ==
            TR_RAISED)
        return TR_RAISED;
    return proc;
}

static MAY_SWITCH MAY_RAISE Value proc_copy(Fiber *f, Value self, Id hook, bool keep_singleton) {
    Value copy = tr_proc_dup(f, self, tr_real_class_of(self));
    if (tr_ivar_copy(f, copy, self) == TR_RAISED) return TR_RAISED;
    if (tr_call(f, copy, hook, 1, self) == TR_RAISED) return TR_RAISED;
    if (keep_singleton && tr_has_flag(self, TR_FLAG_FROZEN)) return tr_freeze(f, copy);
    return copy;
}
static MAY_SWITCH MAY_RAISE Value proc_dup(Fiber *f, Value self, const Args *args) {
    (void)args;
    return proc_copy(f, self, TR_ID_initialize_dup, false);
}
static MAY_SWITCH MAY_RAISE Value proc_clone(Fiber *f, Value self, const Args *args) {
    (void)args;
    return proc_copy(f, self, TR_ID_initialize_clone, true);
}

/* ---- calling ---- */

static MAY_SWITCH MAY_RAISE Value proc_call(Fiber *f, Value self, const Args *args) {
    return tr_yield_full(f, self, args->argc, args->argv, args->block, args->keywords);
}

static Value proc_to_proc(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return self;
}

/* ---- asking ---- */

static Value proc_is_lambda(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_bool(tr_proc(self)->is_lambda);
}
static Value proc_arity(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_value_from_fixnum(tr_block_arity(self));
}

static MAY_GC bool push_parameter(Fiber *f, Value list, const char *kind, Id name) {
    Value pair = tr_array_new_values(f, 1, tr_value_from_id(tr_intern_cstr(kind)));
    if (name && tr_array_push(f, pair, tr_value_from_id(name)) == TR_RAISED) return false;
    return tr_array_push(f, list, pair) != TR_RAISED;
}

Value tr_iseq_parameters(Fiber *f, const Iseq *iseq, bool is_lambda) {
    const Params *p = &iseq->params;
    const KeywordParams *kw = p->keywords;
    Value list = tr_array_new(f, p->size);
    bool ok = true;
    const char *required = is_lambda ? "req" : "opt";
    for (uint32_t i = 0; i < p->lead_count && ok; i++)
        ok = push_parameter(f, list, required, iseq->locals[i]);
    for (uint32_t i = 0; i < p->opt_count && ok; i++)
        ok = push_parameter(f, list, "opt", iseq->locals[p->lead_count + i]);
    if (p->rest_start >= 0 && ok) {
        bool anonymous = p->anonymous_rest || p->forwardable;
        ok = push_parameter(f, list, "rest", anonymous ? TR_ID_times : iseq->locals[p->rest_start]);
    }
    for (uint32_t i = 0; i < p->post_count && ok; i++)
        ok = push_parameter(f, list, required, iseq->locals[p->post_start + (int32_t)i]);
    if (kw) {
        for (uint32_t i = 0; i < kw->count && ok; i++)
            ok = push_parameter(f, list, i < kw->required_count ? "keyreq" : "key", kw->names[i]);
        if (kw->rest_start >= 0 && ok) {
            bool anonymous = p->anonymous_kwrest || p->forwardable;
            ok = push_parameter(f, list, "keyrest", anonymous ? TR_ID_power : iseq->locals[kw->rest_start]);
        }
    }
    if (p->accepts_no_keywords && ok) ok = push_parameter(f, list, "nokey", 0);
    if (p->block_start >= 0 && ok) {
        Id name = iseq->locals[p->block_start];
        ok = push_parameter(f, list, "block", name && !p->forwardable ? name : TR_ID_and);
    }
    if (p->accepts_no_block && ok) ok = push_parameter(f, list, "noblock", 0);
    return ok ? list : TR_RAISED;
}

/* What a callable in C takes: [[:req]], [[:rest]], … */
static MAY_GC MAY_RAISE Value native_parameters(Fiber *f, int min, int max, bool is_lambda) {
    Value list = tr_array_new(f, 1);
    bool ok = true;
    for (int i = 0; i < min && ok; i++) ok = push_parameter(f, list, is_lambda ? "req" : "opt", 0);
    for (int i = min; i < max && ok; i++) ok = push_parameter(f, list, "opt", 0);
    if (max < 0 && ok) ok = push_parameter(f, list, "rest", 0);
    return ok ? list : TR_RAISED;
}

static MAY_SWITCH MAY_RAISE Value proc_parameters(Fiber *f, Value self, const Args *args) {
    static const Id names[] = {TR_ID_lambda};
    Value as_lambda;
    if (!tr_keywords(f, args->keywords, names, 0, 1, &as_lambda, false)) return TR_RAISED;
    const Proc *proc = tr_proc(self);
    bool is_lambda = as_lambda == TR_UNDEF || as_lambda == TR_NIL ? proc->is_lambda : tr_is_truthy(as_lambda);
    if (proc->kind == PROC_ISEQ) return tr_iseq_parameters(f, proc->as.captured.iseq, is_lambda);
    if (proc->kind == PROC_METHOD) return tr_call(f, proc->as.c.data, TR_ID_parameters, 0);
    int max;
    int min = tr_block_min_arity(self, &max);
    return native_parameters(f, min, max, is_lambda);
}

static MAY_SWITCH MAY_RAISE Value proc_source_location(Fiber *f, Value self, const Args *args) {
    (void)args;
    const Proc *proc = tr_proc(self);
    if (proc->kind == PROC_METHOD) return tr_call(f, proc->as.c.data, tr_intern_cstr("source_location"), 0);
    if (proc->kind != PROC_ISEQ) return TR_NIL;
    const Iseq *iseq = proc->as.captured.iseq;
    return tr_array_new_values(f, 2, iseq->path, tr_value_from_fixnum(iseq->first_line));
}

static MAY_SWITCH MAY_RAISE Value proc_equal(Fiber *f, Value self, const Args *args) {
    (void)f;
    Value other = args->argv[0];
    if (self == other) return TR_TRUE;
    if (!tr_is_proc(other)) return TR_FALSE;
    const Proc *a = tr_proc(self), *b = tr_proc(other);
    if (a->kind != b->kind || a->is_lambda != b->is_lambda) return TR_FALSE;
    switch ((ProcKind)a->kind) {
    case PROC_ISEQ:
        return tr_bool(a->as.captured.iseq == b->as.captured.iseq && a->as.captured.ep == b->as.captured.ep &&
                       a->as.captured.self == b->as.captured.self);
    case PROC_SYMBOL: return tr_bool(a->as.symbol == b->as.symbol);
    default: return tr_bool(a->as.c.fn == b->as.c.fn && a->as.c.data == b->as.c.data);
    }
}

static Value proc_hash(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    const Proc *proc = tr_proc(self);
    uint64_t h = proc->kind == PROC_ISEQ
                     ? tr_hash_mix((uint64_t)proc->as.captured.iseq, (uint64_t)proc->as.captured.ep)
                 : proc->kind == PROC_SYMBOL ? tr_hash_mix(proc->as.symbol, 1)
                                             : tr_hash_mix((uint64_t)proc->as.c.fn, proc->as.c.data);
    return tr_value_from_fixnum((int64_t)(h >> 2));
}

static MAY_SWITCH MAY_RAISE Value proc_inspect(Fiber *f, Value self, const Args *args) {
    (void)args;
    const Proc *proc = tr_proc(self);
    Value name = tr_class_path(f, tr_real_class_of(self));
    const char *lambda = proc->is_lambda ? " (lambda)" : "";
    if (proc->kind == PROC_ISEQ)
        return tr_string_format(f, "#<%s:0x%016lx %s:%u%s>", tr_string(name)->bytes, (unsigned long)self,
                                tr_string(proc->as.captured.iseq->path)->bytes,
                                proc->as.captured.iseq->first_line, lambda);
    if (proc->kind == PROC_SYMBOL) {
        Value symbol = tr_symbol_inspect(f, tr_value_from_id(proc->as.symbol));
        if (symbol == TR_RAISED) return TR_RAISED;
        return tr_string_format(f, "#<%s:0x%016lx(&%s)%s>", tr_string(name)->bytes, (unsigned long)self,
                                tr_string(symbol)->bytes, lambda);
    }
    if (proc->kind == PROC_METHOD) {
        return tr_string_format(f, "#<%s:0x%016lx (lambda) from Method>", tr_string(name)->bytes,
                                (unsigned long)self);
    }
    return tr_string_format(f, "#<%s:0x%016lx%s>", tr_string(name)->bytes, (unsigned long)self, lambda);
}

static MAY_SWITCH MAY_RAISE Value proc_binding(Fiber *f, Value self, const Args *args) {
    (void)args;
    const Proc *proc = tr_proc(self);
    if (proc->kind != PROC_ISEQ)
        return tr_raise(f, tr_class.argument_error, "Can't create Binding from C level Proc");
    Binding *b = tr_data_alloc(f, &tr_binding_type, tr_class.binding);
    b->env = tr_ep_env(proc->as.captured.ep);
    b->self = proc->as.captured.self;
    b->iseq = ((const Env *)b->env)->iseq;
    b->path = proc->as.captured.iseq->path;
    b->line = (int)proc->as.captured.iseq->first_line;
    tr_write_many((Value)b);
    return (Value)b;
}

static MAY_SWITCH MAY_RAISE Value proc_ruby2_keywords(Fiber *f, Value self, const Args *args) {
    (void)args;
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    Proc *proc = tr_proc(self);
    const Params *p = proc->kind == PROC_ISEQ ? &proc->as.captured.iseq->params : NULL;
    if (!p || p->rest_start < 0 || p->keywords || p->post_count > 0) {
        tr_warn(f, "Skipping set of ruby2_keywords flag for proc (proc not defined in Ruby, accepts "
                   "keywords, or proc does "
                   "not accept argument splat)");
        return self;
    }
    ((Iseq *)proc->as.captured.iseq)->params.ruby2_keywords = true;
    return self;
}

/* ---- composing and currying ---- */

static MAY_SWITCH MAY_RAISE Value composed(Fiber *f, Value data, const Args *args) {
    Value first = tr_array_at(data, 0), second = tr_array_at(data, 1);
    Value v = tr_is_proc(first) ? tr_yield_full(f, first, args->argc, args->argv, args->block, args->keywords)
                                : tr_call_full(f, first, TR_ID_call, args->argc, args->argv, args->block,
                                               args->keywords, false);
    if (v == TR_RAISED) return TR_RAISED;
    return tr_is_proc(second) ? tr_proc_call(f, second, 1, &v) : tr_call(f, second, TR_ID_call, 1, v);
}

static MAY_SWITCH MAY_RAISE Value compose(Fiber *f, Value first, Value second, Value given, bool is_lambda) {
    if (!tr_is_proc(given)) {
        int callable = tr_responds_to(f, given, TR_ID_call, false);
        if (callable < 0) return TR_RAISED;
        if (!callable) return tr_raise(f, tr_class.type_error, "callable object is expected");
    }
    Value data = tr_array_new_values(f, 2, first, second);
    Value proc = tr_proc_from_c(f, composed, data, 0, -1, is_lambda);
    tr_proc(proc)->as.c.wants_keywords = true;
    return proc;
}
static MAY_SWITCH MAY_RAISE Value proc_compose_right(Fiber *f, Value self, const Args *args) {
    return compose(f, self, args->argv[0], args->argv[0], tr_proc(self)->is_lambda);
}
static MAY_SWITCH MAY_RAISE Value proc_compose_left(Fiber *f, Value self, const Args *args) {
    Value g = args->argv[0];
    bool is_lambda = tr_is_proc(g) ? tr_proc(g)->is_lambda : true;
    return compose(f, g, self, g, is_lambda);
}

static MAY_SWITCH MAY_RAISE Value curried(Fiber *f, Value data, const Args *args);

/* data: [proc, arity, collected arguments] */
static MAY_GC Value make_curry(Fiber *f, Value proc, Value arity, Value collected, bool is_lambda) {
    Value data = tr_array_new_values(f, 3, proc, arity, collected);
    return tr_proc_from_c(f, curried, data, 0, -1, is_lambda);
}

static MAY_SWITCH MAY_RAISE Value curried(Fiber *f, Value data, const Args *args) {
    Value proc = tr_array_at(data, 0), arity = tr_array_at(data, 1);
    Value all = tr_array_dup(f, tr_array_at(data, 2));
    if (tr_array_append(f, all, args->argv, (size_t)args->argc) == TR_RAISED) return TR_RAISED;
    if ((int64_t)tr_array_count(all) >= tr_fixnum(arity)) {
        int count = (int)tr_array_count(all);
        Value argv[count > 0 ? count : 1];
        memcpy(argv, tr_array(all)->items, (size_t)count * sizeof(Value));
        return tr_yield_full(f, proc, count, argv, args->block, TR_NIL);
    }
    return make_curry(f, proc, arity, all, tr_proc(proc)->is_lambda);
}

static MAY_SWITCH MAY_RAISE Value proc_curry(Fiber *f, Value self, const Args *args) {
    int max;
    int min = tr_block_min_arity(self, &max);
    bool is_lambda = tr_proc(self)->is_lambda;
    int64_t arity = min;
    if (args->argc > 0 && args->argv[0] != TR_NIL) {
        if (!tr_to_long(f, args->argv[0], &arity)) return TR_RAISED;
        if (is_lambda && (arity < min || (max >= 0 && arity > max)))
            return tr_raise_argc(f, (int)arity, min, max);
    }
    Value none = tr_array_new(f, 0);
    return make_curry(f, self, tr_value_from_fixnum(arity), none, is_lambda);
}

static const MethodDef proc_methods[] = {
    {"call", proc_call, ARITY_REST(0), METHOD_KEYWORDS | METHOD_PROC_CALL},
    {"[]", proc_call, ARITY_REST(0), METHOD_KEYWORDS | METHOD_PROC_CALL},
    {"yield", proc_call, ARITY_REST(0), METHOD_KEYWORDS | METHOD_PROC_CALL},
    {"===", proc_call, ARITY_REST(0), METHOD_KEYWORDS | METHOD_PROC_CALL},
    {"to_proc", proc_to_proc, ARITY(0, 0), 0},
    {"lambda?", proc_is_lambda, ARITY(0, 0), 0},
    {"arity", proc_arity, ARITY(0, 0), 0},
    {"parameters", proc_parameters, ARITY(0, 0), METHOD_KEYWORDS},
    {"source_location", proc_source_location, ARITY(0, 0), 0},
    {"==", proc_equal, ARITY(1, 1), 0},
    {"eql?", proc_equal, ARITY(1, 1), 0},
    {"hash", proc_hash, ARITY(0, 0), 0},
    {"inspect", proc_inspect, ARITY(0, 0), 0},
    {"to_s", proc_inspect, ARITY(0, 0), 0},
    {"binding", proc_binding, ARITY(0, 0), 0},
    {"ruby2_keywords", proc_ruby2_keywords, ARITY(0, 0), 0},
    {">>", proc_compose_right, ARITY(1, 1), 0},
    {"<<", proc_compose_left, ARITY(1, 1), 0},
    {"curry", proc_curry, ARITY(0, 1), 0},
    {"dup", proc_dup, ARITY(0, 0), 0},
    {"clone", proc_clone, ARITY(0, 0), 0},
    {0}
};
static const MethodDef proc_singleton_methods[] = {{"new", proc_s_new, ARITY_REST(0), METHOD_KEYWORDS}, {0}};
const ClassDef tr_proc_class = {.klass = &tr_class.proc,
                                .methods = proc_methods,
                                .singleton_methods = proc_singleton_methods,
                                .no_alloc = true,
                                .instance_type = TYPE_PROC};

/* ---- Binding ---- */

static Binding *binding_of(Value self) { return (Binding *)self; }

/* A local variable's name from a Symbol or String; 0: raised. */
static MAY_SWITCH MAY_RAISE Id local_name(Fiber *f, Value self, Value v) {
    Id id = tr_to_id(f, v);
    if (!id || tr_id_kind(id) == ID_LOCAL) return id;
    Value text = tr_inspect(f, v);
    if (text == TR_RAISED) return 0;
    Value raised = tr_raise_name_error(f, self, id, "wrong local variable name '%pI' for %pV", id,
                                       tr_any_to_s(f, self));
    return raised == TR_RAISED ? 0 : id;
}

static MAY_SWITCH MAY_RAISE Value binding_get(Fiber *f, Value self, const Args *args) {
    Id name = local_name(f, self, args->argv[0]);
    if (!name) return TR_RAISED;
    Value env;
    const Value *slot = tr_binding_find(f, binding_of(self), name, &env);
    if (slot) return *slot;
    return tr_raise_name_error(f, self, name, "local variable '%pI' is not defined for %pV", name,
                               tr_any_to_s(f, self));
}

static MAY_SWITCH MAY_RAISE Value binding_set(Fiber *f, Value self, const Args *args) {
    Id name = local_name(f, self, args->argv[0]);
    if (!name) return TR_RAISED;
    Value env;
    Value *slot = tr_binding_find(f, binding_of(self), name, &env);
    if (!slot) { /* a new one: an eval that defines it */
        const IdName *text = tr_id_name(name);
        Value source = tr_string_format(f, "%.*s = nil", (int)text->size, text->bytes);
        if (tr_binding_eval(f, binding_of(self), TR_UNDEF, NULL, source, TR_NIL, 1) == TR_RAISED)
            return TR_RAISED;
        slot = tr_binding_find(f, binding_of(self), name, &env);
        if (!slot) return tr_raise(f, tr_class.name_error, "cannot define local variable '%pI'", name);
    }
    tr_write(env, slot, args->argv[1]);
    return args->argv[1];
}

static MAY_SWITCH MAY_RAISE Value binding_is_defined(Fiber *f, Value self, const Args *args) {
    Id name = local_name(f, self, args->argv[0]);
    if (!name) return TR_RAISED;
    Value env;
    return tr_bool(tr_binding_find(f, binding_of(self), name, &env) != NULL);
}

/* The names that are visible from an environment, innermost first. */
MAY_GC MAY_RAISE static Value visible_locals(Fiber *f, Value env) {
    Value list = tr_array_new(f, 4);
    for (const Env *e = (const Env *)env; e;) {
        for (uint32_t i = 0; e->iseq && i < e->iseq->local_count; i++) {
            Id name = e->iseq->locals[i];
            if (!name || tr_id_kind(name) != ID_LOCAL || tr_is_implicit_parameter(e->iseq, i)) continue;
            Value symbol = tr_value_from_id(name);
            bool seen = false;
            for (size_t k = 0; k < tr_array_count(list); k++) seen |= tr_array_at(list, k) == symbol;
            if (!seen && tr_array_push(f, list, symbol) == TR_RAISED) return TR_RAISED;
        }
        if (e->ep[0] & FRAME_LOCAL) break;
        e = (const Env *)tr_ep_env(tr_ep_parent(e->ep));
    }
    return list;
}

static MAY_SWITCH MAY_RAISE Value binding_local_variables(Fiber *f, Value self, const Args *args) {
    (void)args;
    Value env;
    const Value *found =
        tr_binding_find(f, binding_of(self), 0, &env); /* settles TOPLEVEL_BINDING's environment */
    (void)found;
    return binding_of(self)->env == TR_UNDEF ? tr_array_new(f, 0) : visible_locals(f, binding_of(self)->env);
}

/* ---- _1… and `it` ---- */

/* The innermost environment with implicit parameters; NULL when there are none. */
static const Env *implicit_env(Value self) {
    for (const Env *e = (const Env *)binding_of(self)->env; (Value)e != TR_UNDEF;) {
        if (e->iseq && (e->iseq->params.has_numbered || e->iseq->params.uses_it)) return e;
        if (e->ep[0] & FRAME_LOCAL) break;
        e = (const Env *)tr_ep_env(tr_ep_parent(e->ep));
    }
    return NULL;
}
static Id implicit_name(const Iseq *iseq, uint32_t i) {
    static const Id numbered[] = {TR_ID__1, TR_ID__2, TR_ID__3, TR_ID__4, TR_ID__5,
                                  TR_ID__6, TR_ID__7, TR_ID__8, TR_ID__9};
    return iseq->params.uses_it && !iseq->params.has_numbered ? TR_ID_it : numbered[i < 9 ? i : 8];
}
static MAY_GC MAY_RAISE Value binding_implicit_parameters(Fiber *f, Value self, const Args *args) {
    (void)args;
    Value list = tr_array_new(f, 1);
    const Env *e = implicit_env(self);
    for (uint32_t i = 0; e && i < e->iseq->params.lead_count; i++)
        if (tr_array_push(f, list, tr_value_from_id(implicit_name(e->iseq, i))) == TR_RAISED)
            return TR_RAISED;
    return list;
}
/* Its value; TR_UNDEF when there is none of that name, TR_RAISED when it could not be one. */
static MAY_SWITCH MAY_RAISE Value find_implicit(Fiber *f, Value self, Value name) {
    Id id = tr_to_id(f, name);
    if (!id) return TR_RAISED;
    if (id != TR_ID_it && (id < TR_ID__1 || id > TR_ID__9))
        return tr_raise_name_error(f, self, id, "'%pI' is not an implicit parameter", id);
    const Env *e = implicit_env(self);
    for (uint32_t i = 0; e && i < e->iseq->params.lead_count; i++)
        if (implicit_name(e->iseq, i) == id) return e->ep[-(int64_t)(e->iseq->local_count - i + 2)];
    return TR_UNDEF;
}
static MAY_SWITCH MAY_RAISE Value binding_implicit_parameter_get(Fiber *f, Value self, const Args *args) {
    Value v = find_implicit(f, self, args->argv[0]);
    if (v != TR_UNDEF) return v;
    Id id = tr_to_id(f, args->argv[0]);
    return tr_raise_name_error(f, self, id, "implicit parameter '%pI' is not defined for %pV", id,
                               tr_any_to_s(f, self));
}
static MAY_SWITCH MAY_RAISE Value binding_implicit_parameter_is_defined(Fiber *f, Value self,
                                                                        const Args *args) {
    Value v = find_implicit(f, self, args->argv[0]);
    return v == TR_RAISED ? v : tr_bool(v != TR_UNDEF);
}

static Value binding_receiver(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return binding_of(self)->self;
}

static MAY_SWITCH MAY_RAISE Value binding_eval(Fiber *f, Value self, const Args *args) {
    int64_t line = 1;
    if (args->argc > 2 && !tr_to_long(f, args->argv[2], &line)) return TR_RAISED;
    return tr_binding_eval(f, binding_of(self), TR_UNDEF, NULL, args->argv[0],
                           args->argc > 1 ? args->argv[1] : TR_NIL, (int)line);
}

static MAY_GC Value binding_source_location(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_array_new_values(f, 2, binding_of(self)->path, tr_value_from_fixnum(binding_of(self)->line));
}

static MAY_GC Value binding_copy(Fiber *f, Value self, const Args *args) {
    (void)args;
    Binding *copy = tr_data_alloc(f, &tr_binding_type, tr_class.binding);
    const Binding *from = binding_of(self);
    copy->env = from->env;
    copy->self = from->self;
    copy->iseq = from->iseq;
    copy->path = from->path;
    copy->line = from->line;
    tr_write_many((Value)copy);
    return (Value)copy;
}

static MAY_SWITCH MAY_RAISE Value kernel_local_variables(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value binding = tr_binding_of_caller(f);
    return binding == TR_RAISED ? binding : binding_local_variables(f, binding, args);
}

static MAY_GC void binding_init(Fiber *f) {
    tr_define_method(f, tr_class.kernel, "local_variables", kernel_local_variables, 0, 0,
                     METHOD_MODULE_FUNCTION);
}

static const MethodDef binding_methods[] = {
    {"local_variable_get", binding_get, ARITY(1, 1), 0},
    {"local_variable_set", binding_set, ARITY(2, 2), 0},
    {"local_variable_defined?", binding_is_defined, ARITY(1, 1), 0},
    {"local_variables", binding_local_variables, ARITY(0, 0), 0},
    {"receiver", binding_receiver, ARITY(0, 0), 0},
    {"implicit_parameters", binding_implicit_parameters, ARITY(0, 0), 0},
    {"implicit_parameter_get", binding_implicit_parameter_get, ARITY(1, 1), 0},
    {"implicit_parameter_defined?", binding_implicit_parameter_is_defined, ARITY(1, 1), 0},
    {"eval", binding_eval, ARITY(1, 3), 0},
    {"source_location", binding_source_location, ARITY(0, 0), 0},
    {"dup", binding_copy, ARITY(0, 0), 0},
    {"clone", binding_copy, ARITY(0, 0), 0},
    {0}
};
const ClassDef tr_binding_class = {.klass = &tr_class.binding, .methods = binding_methods, .no_alloc = true,
                                   .init = binding_init};
