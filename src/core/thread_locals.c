/* thread_locals.c - what hangs on a Thread by name: Thread#[] (of the current fiber), and thread variables. */
#include "core/core.h"
#include "core/thread.h"

static MAY_GC MAY_RAISE Thread *thread_of(Fiber *f, Value self) {
    Thread *thread = ((ThreadObject *)self)->thread;
    if (thread) return thread;
    Value raised = tr_raise(f, tr_class.thread_error, "uninitialized thread - check '%pC#initialize'", tr_real_class_of(self));
    return raised == TR_RAISED ? NULL : thread;
}

/* Fiber-locals: of the fiber that the thread runs; after its end, of the last one. */
static Value locals_of(const Thread *thread) { return thread->fiber ? thread->fiber->locals : thread->state->locals; }

static MAY_GC Value locals_to_write(Fiber *f, Thread *thread) {
    Value locals = locals_of(thread);
    if (locals != TR_NIL) return locals;
    locals = tr_hash_new(f);
    if (!thread->fiber) {
        tr_thread_write(thread, &thread->state->locals, locals);
        return locals;
    }
    thread->fiber->locals = locals;
    if (tr_is_object(thread->fiber->face)) tr_write_many(thread->fiber->face);
    if (tr_is_object(thread->face)) tr_write_many(thread->face);
    return locals;
}

static MAY_SWITCH MAY_RAISE Value thread_aref(Fiber *f, Value self, const Args *args) {
    Thread *thread = thread_of(f, self);
    Id key = thread ? tr_to_id(f, args->argv[0]) : 0;
    if (!key) return TR_RAISED;
    Value locals = locals_of(thread);
    Value value = locals == TR_NIL ? TR_UNDEF : tr_hash_get_symbol(locals, key);
    return value == TR_UNDEF ? TR_NIL : value;
}

static MAY_SWITCH MAY_RAISE Value thread_aset(Fiber *f, Value self, const Args *args) {
    Thread *thread = thread_of(f, self);
    if (!thread) return TR_RAISED;
    if (tr_is_frozen(self)) return tr_raise(f, tr_class.frozen_error, "can't modify frozen thread locals");
    Id key = tr_to_id(f, args->argv[0]);
    Value value = args->argv[1];
    if (!key) return TR_RAISED;
    if (value == TR_NIL) {
        Value locals = locals_of(thread);
        if (locals != TR_NIL && tr_hash_delete(f, locals, tr_value_from_id(key)) == TR_RAISED) return TR_RAISED;
        return value;
    }
    if (tr_hash_set_symbol(f, locals_to_write(f, thread), key, value) == TR_RAISED) return TR_RAISED;
    return value;
}

static MAY_SWITCH MAY_RAISE Value thread_has_key(Fiber *f, Value self, const Args *args) {
    Thread *thread = thread_of(f, self);
    Id key = thread ? tr_to_id(f, args->argv[0]) : 0;
    if (!key) return TR_RAISED;
    Value locals = locals_of(thread);
    return tr_bool(locals != TR_NIL && tr_hash_get_symbol(locals, key) != TR_UNDEF);
}

static MAY_GC MAY_RAISE Value thread_keys(Fiber *f, Value self, const Args *args) {
    (void)args;
    Thread *thread = thread_of(f, self);
    if (!thread) return TR_RAISED;
    Value locals = locals_of(thread);
    return locals == TR_NIL ? tr_array_new(f, 0) : tr_hash_keys(f, locals);
}

/* Thread#fetch(name) / fetch(name, default) / fetch(name) { |name| … } */
static MAY_SWITCH MAY_RAISE Value thread_fetch(Fiber *f, Value self, const Args *args) {
    Thread *thread = thread_of(f, self);
    Id key = thread ? tr_to_id(f, args->argv[0]) : 0;
    if (!key) return TR_RAISED;
    if (tr_block_is_given(args->block) && args->argc == 2) tr_warn(f, "block supersedes default value argument");
    Value locals = locals_of(thread);
    Value value = locals == TR_NIL ? TR_UNDEF : tr_hash_get_symbol(locals, key);
    if (value != TR_UNDEF) return value;
    if (tr_block_is_given(args->block)) return tr_yield1(f, args->block, args->argv[0]);
    if (args->argc == 2) return args->argv[1];
    Value name = tr_inspect(f, args->argv[0]);
    if (name == TR_RAISED) return TR_RAISED;
    Value message = tr_string_new_cstr(f, "key not found: ");
    if (tr_string_append(f, message, name) == TR_RAISED) return TR_RAISED;
    Value error = tr_exception_new(f, tr_class.key_error, message);
    tr_write(error, &((Exception *)error)->receiver, self);
    tr_write(error, &((Exception *)error)->key, args->argv[0]);
    return tr_raise_value(f, error);
}

/* ---- thread variables ---- */

static MAY_SWITCH MAY_RAISE Value variable_get(Fiber *f, Value self, const Args *args) {
    Thread *thread = thread_of(f, self);
    Id key = thread ? tr_to_id(f, args->argv[0]) : 0;
    if (!key) return TR_RAISED;
    Value variables = thread->state->variables;
    Value value = variables == TR_NIL ? TR_UNDEF : tr_hash_get_symbol(variables, key);
    return value == TR_UNDEF ? TR_NIL : value;
}

static MAY_SWITCH MAY_RAISE Value variable_set(Fiber *f, Value self, const Args *args) {
    Thread *thread = thread_of(f, self);
    if (!thread) return TR_RAISED;
    if (tr_is_frozen(self)) return tr_raise(f, tr_class.frozen_error, "can't modify frozen thread locals");
    Id key = tr_to_id(f, args->argv[0]);
    if (!key) return TR_RAISED;
    if (thread->state->variables == TR_NIL) {
        Value variables = tr_hash_new(f);
        tr_thread_write(thread, &thread->state->variables, variables);
    }
    if (tr_hash_set_symbol(f, thread->state->variables, key, args->argv[1]) == TR_RAISED) return TR_RAISED;
    return args->argv[1];
}

static MAY_SWITCH MAY_RAISE Value variable_is_set(Fiber *f, Value self, const Args *args) {
    Thread *thread = thread_of(f, self);
    Id key = thread ? tr_to_id(f, args->argv[0]) : 0;
    if (!key) return TR_RAISED;
    Value variables = thread->state->variables;
    Value value = variables == TR_NIL ? TR_UNDEF : tr_hash_get_symbol(variables, key);
    return tr_bool(value != TR_UNDEF && value != TR_NIL);
}

static MAY_GC MAY_RAISE Value variable_names(Fiber *f, Value self, const Args *args) {
    (void)args;
    Thread *thread = thread_of(f, self);
    if (!thread) return TR_RAISED;
    Value variables = thread->state->variables;
    return variables == TR_NIL ? tr_array_new(f, 0) : tr_hash_keys(f, variables);
}

const MethodDef tr_thread_local_methods[] = {
    {"[]", thread_aref, ARITY(1, 1), 0},
    {"[]=", thread_aset, ARITY(2, 2), 0},
    {"key?", thread_has_key, ARITY(1, 1), 0},
    {"keys", thread_keys, ARITY(0, 0), 0},
    {"fetch", thread_fetch, ARITY(1, 2), 0},
    {"thread_variable_get", variable_get, ARITY(1, 1), 0},
    {"thread_variable_set", variable_set, ARITY(2, 2), 0},
    {"thread_variable?", variable_is_set, ARITY(1, 1), 0},
    {"thread_variables", variable_names, ARITY(0, 0), 0},
    {NULL, NULL, 0, 0, 0},
};
