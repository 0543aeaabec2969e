/* ractor.c - Ractor: both interfaces in one.
 *
 * Ruby 4's methods stand in the class itself. Those of Ruby 3 that Ruby 4 dropped (take, yield, receive_if, close_incoming,
 * close_outgoing) stand in two modules without a name, so that the class's own lists of methods are those of Ruby 4.
 */
#include "ractor/ractor.h"

#include "core/core.h"
#include "core/ractor.h"
#include "ractor/shareable.h"
#include "vm/interp.h"

static uint32_t storage_key; /* tr_ractor_local: the Hash behind Ractor#[] */

static Ractor *self_ractor(Value self) { return ((RactorFace *)self)->ractor; }

MAY_SWITCH MAY_RAISE bool tr_timeout_to_deadline(Fiber *f, Value timeout, int64_t *deadline_ns) {
    *deadline_ns = TR_FOREVER;
    if (timeout == TR_UNDEF || timeout == TR_NIL) return true;
    double seconds;
    if (!tr_to_double(f, timeout, &seconds)) return false;
    if (!(seconds >= 0)) return tr_raise(f, tr_class.argument_error, "timeout must not be negative") != TR_RAISED;
    if (seconds < 9e9) *deadline_ns = tr_now_ns() + (int64_t)(seconds * 1e9);
    return true;
}

/* The one keyword that a method takes; TR_UNDEF when it is not given. */
MAY_SWITCH MAY_RAISE static bool one_keyword(Fiber *f, const Args *args, Id name, Value *value) {
    *value = TR_UNDEF;
    return args->keywords == TR_NIL || tr_keywords(f, args->keywords, &name, 0, 1, value, false);
}

/* --- making --- */

MAY_SWITCH MAY_RAISE static Value ractor_s_new(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value name;
    if (!one_keyword(f, args, TR_ID_name, &name)) return TR_RAISED;
    if (!tr_block_is_given(args->block)) return tr_raise(f, tr_class.argument_error, "must be called with a block");
    if (name == TR_UNDEF) name = TR_NIL;
    if (name != TR_NIL) {
        name = tr_to_str(f, name);
        if (name == TR_RAISED) return TR_RAISED;
        name = tr_string_intern(f, name);
    }
    return tr_ractor_create(f, args->block, args->argc, args->argv, name);
}

static MAY_GC Value ractor_s_current(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return tr_ractor_face(f, f->ractor);
}
static MAY_GC Value ractor_s_main(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return tr_ractor_face(f, tr_ractor_main());
}
static Value ractor_s_is_main(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return tr_bool(tr_ractor_is_main(f->ractor));
}
static Value ractor_s_count(Fiber *f, Value self, const Args *args) {
    (void)f, (void)self, (void)args;
    return TR_FIX(tr_ractor_count());
}

/* --- what it is --- */

static Value ractor_name(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return self_ractor(self)->name;
}

MAY_GC MAY_RAISE static Value ractor_inspect(Fiber *f, Value self, const Args *args) {
    (void)args;
    Ractor *ractor = self_ractor(self);
    Value text = tr_string_format(f, "#<Ractor:#%u", ractor->id);
    if (ractor->name != TR_NIL)
        if (tr_string_append_cstr(f, text, " ") == TR_RAISED || tr_string_append(f, text, ractor->name) == TR_RAISED)
            return TR_RAISED;
    const RactorState *state = ractor->state;
    if (tr_is_string(state->path)) {
        Value place = tr_string_format(f, ":%d", state->line);
        if (tr_string_append_cstr(f, text, " ") == TR_RAISED || tr_string_append(f, text, state->path) == TR_RAISED ||
            tr_string_append(f, text, place) == TR_RAISED)
            return TR_RAISED;
    }
    Value rest = tr_string_format(f, " %s>", tr_ractor_status_name(ractor));
    return tr_string_append(f, text, rest);
}

/* --- messages --- */

MAY_SWITCH MAY_RAISE static Value ractor_send(Fiber *f, Value self, const Args *args) {
    Value move;
    if (!one_keyword(f, args, TR_ID_move, &move)) return TR_RAISED;
    bool moves = move != TR_UNDEF && tr_is_truthy(move);
    return tr_ractor_send(f, self_ractor(self), NULL, args->argv[0], moves) == TR_RAISED ? TR_RAISED : self;
}

MAY_SWITCH MAY_RAISE static Value ractor_s_receive(Fiber *f, Value self, const Args *args) {
    (void)self;
    int64_t deadline = TR_FOREVER;
    if (TR_UNLIKELY(args->keywords != TR_NIL)) {
        Value timeout;
        if (!one_keyword(f, args, TR_ID_timeout, &timeout) || !tr_timeout_to_deadline(f, timeout, &deadline)) return TR_RAISED;
    }
    Value message = tr_port_receive(f, NULL, deadline);
    return message == TR_UNDEF ? TR_NIL : message;
}

MAY_GC static Value ractor_default_port(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_ractor_default_port(f, self_ractor(self));
}

MAY_SWITCH MAY_RAISE static Value ractor_close(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_port_close(f, tr_ractor_default_port(f, self_ractor(self)));
}

/* Raises unless every arm is a Ractor or a Port of the current one; the current Ractor means its default port. */
MAY_GC MAY_RAISE static bool check_arms(Fiber *f, int count, const Value *given, Value *arms) {
    for (int i = 0; i < count; i++) {
        arms[i] = given[i];
        Ractor *ractor = tr_ractor_of(given[i]);
        if (ractor == f->ractor) arms[i] = tr_ractor_default_port(f, ractor);
        if (!ractor && !tr_is_port(given[i]))
            return tr_raise(f, tr_class.argument_error, "should be Ractor::Port or Ractor") != TR_RAISED;
        if (!ractor && ((Port *)given[i])->owner != f->ractor)
            return tr_raise(f, tr_class.ractor_error, "only allowed from the creator Ractor of this port") != TR_RAISED;
    }
    return true;
}

MAY_SWITCH MAY_RAISE static Value ractor_s_select(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value options[3] = {TR_UNDEF, TR_UNDEF, TR_UNDEF};
    Id names[3] = {tr_intern_cstr("yield_value"), TR_ID_move, TR_ID_timeout};
    if (args->keywords != TR_NIL && !tr_keywords(f, args->keywords, names, 0, 3, options, false)) return TR_RAISED;
    int64_t deadline;
    if (!tr_timeout_to_deadline(f, options[2], &deadline)) return TR_RAISED;
    if (args->argc == 0 && options[0] == TR_UNDEF)
        return tr_raise(f, tr_class.argument_error, "specify at least one Ractor::Port or Ractor");
    Value arms_array = tr_array_new(f, (size_t)args->argc);
    for (int i = 0; i < args->argc; i++)
        if (tr_array_push(f, arms_array, args->argv[i]) == TR_RAISED) return TR_RAISED;
    Value *arms = tr_array(arms_array)->items;
    if (!check_arms(f, args->argc, args->argv, arms)) return TR_RAISED;
    tr_write_many(arms_array);
    bool moves = options[1] != TR_UNDEF && tr_is_truthy(options[1]);
    Value result = tr_ractor_select(f, args->argc, arms, options[0], moves, deadline);
    if (tr_is_array(result)) {
        Value from = tr_array_at(result, 0);
        for (int i = 0; i < args->argc; i++)
            if (arms[i] == from && args->argv[i] != from)
                tr_write(result, &tr_array(result)->items[0], tr_value_from_id(tr_intern_cstr("receive")));
    }
    TR_KEEP(arms_array);
    return result;
}

/* --- the end of others --- */

MAY_SWITCH MAY_RAISE static Value ractor_value(Fiber *f, Value self, const Args *args) {
    (void)args;
    Ractor *ractor = self_ractor(self);
    if (tr_ractor_wait(f, ractor) == TR_RAISED) return TR_RAISED;
    return tr_ractor_outcome(f, ractor, false);
}

MAY_SWITCH MAY_RAISE static Value ractor_join(Fiber *f, Value self, const Args *args) {
    (void)args;
    Ractor *ractor = self_ractor(self);
    if (tr_ractor_wait(f, ractor) == TR_RAISED || tr_ractor_check_failure(f, ractor) == TR_RAISED) return TR_RAISED;
    return self;
}

MAY_GC MAY_RAISE static bool need_port(Fiber *f, Value v) {
    if (tr_is_port(v)) return true;
    return tr_raise(f, tr_class.argument_error, "should be Ractor::Port") != TR_RAISED;
}

MAY_SWITCH MAY_RAISE static Value ractor_monitor(Fiber *f, Value self, const Args *args) {
    if (!need_port(f, args->argv[0])) return TR_RAISED;
    tr_ractor_monitor(f, self_ractor(self), args->argv[0]);
    return self;
}

MAY_SWITCH MAY_RAISE static Value ractor_unmonitor(Fiber *f, Value self, const Args *args) {
    if (!need_port(f, args->argv[0])) return TR_RAISED;
    tr_ractor_unmonitor(self_ractor(self), args->argv[0]);
    return self;
}

/* --- storage --- */

MAY_SWITCH MAY_RAISE static Value storage_name(Fiber *f, Value key) {
    Id id = tr_to_id(f, key);
    return id ? tr_value_from_id(id) : TR_RAISED;
}

MAY_GC static Value storage(Fiber *f) {
    Value hash = tr_ractor_local_get(f->ractor, storage_key);
    if (hash != TR_UNDEF) return hash;
    hash = tr_hash_new(f);
    tr_ractor_local_set(f->ractor, storage_key, hash);
    return hash;
}

MAY_SWITCH MAY_RAISE static Value storage_get(Fiber *f, Value key) {
    key = storage_name(f, key);
    if (key == TR_RAISED) return TR_RAISED;
    Value value = tr_hash_get_symbol(storage(f), tr_symbol_id(key));
    return value == TR_UNDEF ? TR_NIL : value;
}

MAY_SWITCH MAY_RAISE static Value storage_set(Fiber *f, Value key, Value value) {
    key = storage_name(f, key);
    if (key == TR_RAISED) return TR_RAISED;
    return tr_hash_set_symbol(f, storage(f), tr_symbol_id(key), value) == TR_RAISED ? TR_RAISED : value;
}

MAY_SWITCH MAY_RAISE static Value ractor_s_aref(Fiber *f, Value self, const Args *args) {
    (void)self;
    return storage_get(f, args->argv[0]);
}
MAY_SWITCH MAY_RAISE static Value ractor_s_aset(Fiber *f, Value self, const Args *args) {
    (void)self;
    return storage_set(f, args->argv[0], args->argv[1]);
}
MAY_SWITCH MAY_RAISE static Value ractor_aref(Fiber *f, Value self, const Args *args) {
    if (self_ractor(self) != f->ractor)
        return tr_raise(f, tr_class.runtime_error, "Cannot get ractor local storage for non-current ractor");
    return storage_get(f, args->argv[0]);
}
MAY_SWITCH MAY_RAISE static Value ractor_aset(Fiber *f, Value self, const Args *args) {
    if (self_ractor(self) != f->ractor)
        return tr_raise(f, tr_class.runtime_error, "Cannot set ractor local storage for non-current ractor");
    return storage_set(f, args->argv[0], args->argv[1]);
}

MAY_SWITCH MAY_RAISE static Value ractor_s_store_if_absent(Fiber *f, Value self, const Args *args) {
    (void)self;
    if (tr_need_block(f, args) == TR_RAISED) return TR_RAISED;
    Value key = storage_name(f, args->argv[0]);
    if (key == TR_RAISED) return TR_RAISED;
    Value value = tr_hash_get_symbol(storage(f), tr_symbol_id(key));
    if (value != TR_UNDEF) return value;
    value = tr_yield1(f, args->block, TR_NIL);
    if (value == TR_RAISED) return TR_RAISED;
    Value meanwhile = tr_hash_get_symbol(storage(f), tr_symbol_id(key));
    return meanwhile != TR_UNDEF ? meanwhile : storage_set(f, key, value);
}

/* --- shareability --- */

MAY_SWITCH MAY_RAISE static Value ractor_s_is_shareable(Fiber *f, Value self, const Args *args) {
    (void)self;
    int answer = tr_is_shareable(f, args->argv[0]);
    return answer < 0 ? TR_RAISED : tr_bool(answer);
}

MAY_SWITCH MAY_RAISE static Value ractor_s_make_shareable(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value copy;
    if (!one_keyword(f, args, TR_ID_copy, &copy)) return TR_RAISED;
    return tr_make_shareable(f, args->argv[0], copy != TR_UNDEF && tr_is_truthy(copy));
}

MAY_SWITCH MAY_RAISE static Value make_shareable_proc(Fiber *f, const Args *args, bool is_lambda) {
    Value self;
    if (!one_keyword(f, args, tr_intern_cstr("self"), &self)) return TR_RAISED;
    if (self == TR_UNDEF) self = TR_NIL;
    if (!tr_block_is_given(args->block))
        return tr_raise(f, tr_class.argument_error, "tried to create Proc object without a block");
    if (!tr_share_if_possible(self)) {
        Value text = tr_inspect(f, self);
        if (text == TR_RAISED) return TR_RAISED;
        return tr_raise(f, tr_class.ractor_isolation_error, "self should be shareable: %pV", (void *)text);
    }
    Value proc = tr_block_to_proc(f, args->block);
    if (proc == TR_RAISED) return TR_RAISED;
    return tr_proc_shareable(f, proc, self, is_lambda || tr_block_is_lambda(proc));
}
MAY_SWITCH MAY_RAISE static Value ractor_s_shareable_proc(Fiber *f, Value self, const Args *args) {
    (void)self;
    return make_shareable_proc(f, args, false);
}
MAY_SWITCH MAY_RAISE static Value ractor_s_shareable_lambda(Fiber *f, Value self, const Args *args) {
    (void)self;
    return make_shareable_proc(f, args, true);
}

MAY_SWITCH MAY_RAISE static Value ractor_s_require(Fiber *f, Value self, const Args *args) {
    (void)self;
    return tr_require(f, args->argv[0]);
}

/* --- Ruby 3's interface --- */

MAY_SWITCH MAY_RAISE static Value ractor_take(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_ractor_take(f, self_ractor(self));
}

MAY_SWITCH MAY_RAISE static Value ractor_s_yield(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value move;
    if (!one_keyword(f, args, TR_ID_move, &move)) return TR_RAISED;
    return tr_ractor_yield(f, args->argv[0], move != TR_UNDEF && tr_is_truthy(move));
}

MAY_SWITCH MAY_RAISE static Value ractor_s_receive_if(Fiber *f, Value self, const Args *args) {
    (void)self;
    if (!tr_block_is_given(args->block)) return tr_raise(f, tr_class.argument_error, "no block given");
    return tr_ractor_receive_if(f, args->block);
}

static Value ractor_close_incoming(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    Inbox *inbox = &self_ractor(self)->state->inbox;
    bool former = atomic_exchange(&inbox->is_closed, true);
    tr_inbox_wake(inbox);
    return tr_bool(former);
}

static Value ractor_close_outgoing(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_bool(tr_ractor_close_outgoing(self_ractor(self)));
}

/* --- errors --- */

MAY_GC static Value remote_error_ractor(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_ivar_get(f, self, tr_intern_cstr("@ractor"));
}

MAY_GC MAY_RAISE static Value moved_object(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return tr_raise(f, tr_class.ractor_moved_error, "can not send any methods to a moved object");
}

/* --- tables --- */

static const MethodDef ractor_methods[] = {
    {"send", ractor_send, ARITY(1, 1), METHOD_KEYWORDS},
    {"<<", ractor_send, ARITY(1, 1), METHOD_KEYWORDS},
    {"value", ractor_value, ARITY(0, 0), 0},
    {"join", ractor_join, ARITY(0, 0), 0},
    {"monitor", ractor_monitor, ARITY(1, 1), 0},
    {"unmonitor", ractor_unmonitor, ARITY(1, 1), 0},
    {"default_port", ractor_default_port, ARITY(0, 0), 0},
    {"close", ractor_close, ARITY(0, 0), 0},
    {"name", ractor_name, ARITY(0, 0), 0},
    {"inspect", ractor_inspect, ARITY(0, 0), 0},
    {"to_s", ractor_inspect, ARITY(0, 0), 0},
    {"[]", ractor_aref, ARITY(1, 1), 0},
    {"[]=", ractor_aset, ARITY(2, 2), 0},
    {"receive", ractor_s_receive, ARITY(0, 0), METHOD_KEYWORDS | METHOD_PRIVATE},
    {"recv", ractor_s_receive, ARITY(0, 0), METHOD_KEYWORDS | METHOD_PRIVATE},
    {NULL, NULL, 0, 0, 0},
};

static const MethodDef ractor_singleton_methods[] = {
    {"new", ractor_s_new, ARITY_REST(0), METHOD_KEYWORDS},
    {"current", ractor_s_current, ARITY(0, 0), 0},
    {"main", ractor_s_main, ARITY(0, 0), 0},
    {"main?", ractor_s_is_main, ARITY(0, 0), 0},
    {"count", ractor_s_count, ARITY(0, 0), 0},
    {"receive", ractor_s_receive, ARITY(0, 0), METHOD_KEYWORDS},
    {"recv", ractor_s_receive, ARITY(0, 0), METHOD_KEYWORDS},
    {"select", ractor_s_select, ARITY_REST(0), METHOD_KEYWORDS},
    {"[]", ractor_s_aref, ARITY(1, 1), 0},
    {"[]=", ractor_s_aset, ARITY(2, 2), 0},
    {"store_if_absent", ractor_s_store_if_absent, ARITY(1, 1), 0},
    {"shareable?", ractor_s_is_shareable, ARITY(1, 1), 0},
    {"make_shareable", ractor_s_make_shareable, ARITY(1, 1), METHOD_KEYWORDS},
    {"shareable_proc", ractor_s_shareable_proc, ARITY(0, 0), METHOD_KEYWORDS},
    {"shareable_lambda", ractor_s_shareable_lambda, ARITY(0, 0), METHOD_KEYWORDS},
    {"_require", ractor_s_require, ARITY(1, 1), 0},
    {NULL, NULL, 0, 0, 0},
};

static const MethodDef old_methods[] = {
    {"take", ractor_take, ARITY(0, 0), 0},
    {"close_incoming", ractor_close_incoming, ARITY(0, 0), 0},
    {"close_outgoing", ractor_close_outgoing, ARITY(0, 0), 0},
    {"receive_if", ractor_s_receive_if, ARITY(0, 0), METHOD_PRIVATE},
    {NULL, NULL, 0, 0, 0},
};

static const MethodDef old_singleton_methods[] = {
    {"yield", ractor_s_yield, ARITY(1, 1), METHOD_KEYWORDS},
    {"receive_if", ractor_s_receive_if, ARITY(0, 0), 0},
    {NULL, NULL, 0, 0, 0},
};

static MAY_SWITCH void mix_in(Fiber *f, Class *into, const MethodDef *methods) {
    Class *module = tr_module_new(f);
    tr_define_methods(f, module, methods);
    TR_CHECK(tr_module_include(f, into, module) != TR_RAISED);
}

static MAY_SWITCH void ractor_init(Fiber *f) {
    storage_key = tr_ractor_local_reserve();
    mix_in(f, tr_class.ractor, old_methods);
    mix_in(f, tr_singleton_class(f, (Value)tr_class.ractor), old_singleton_methods);
}

const ClassDef tr_ractor_class_def = {.klass = &tr_class.ractor, .methods = ractor_methods,
                                      .singleton_methods = ractor_singleton_methods, .no_alloc = true,
                                      .instance_type = TYPE_RACTOR, .init = ractor_init};

static const MethodDef remote_error_methods[] = {
    {"ractor", remote_error_ractor, ARITY(0, 0), 0},
    {NULL, NULL, 0, 0, 0},
};
const ClassDef tr_remote_error_class_def = {.klass = &tr_class.ractor_remote_error, .methods = remote_error_methods};

static const MethodDef moved_object_methods[] = {
    {"method_missing", moved_object, ARITY_REST(0), 0}, {"==", moved_object, ARITY_REST(0), 0},
    {"!", moved_object, ARITY_REST(0), 0},              {"!=", moved_object, ARITY_REST(0), 0},
    {"__send__", moved_object, ARITY_REST(0), 0},       {"__id__", moved_object, ARITY_REST(0), 0},
    {"instance_eval", moved_object, ARITY_REST(0), 0},  {"instance_exec", moved_object, ARITY_REST(0), 0},
    {"equal?", moved_object, ARITY_REST(0), 0},         {NULL, NULL, 0, 0, 0},
};
const ClassDef tr_moved_object_class_def = {.klass = &tr_class.moved_object, .methods = moved_object_methods,
                                            .no_alloc = true, .instance_type = TYPE_MOVED};
