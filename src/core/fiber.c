/* fiber.c - Fiber: resume, yield, transfer, raise, kill.
 *
 * A fiber gets its stacks when it starts and gives them back when it ends; before and after, the Ruby object is all there
 * is. Who resumed whom is a chain of `resumer` links, which ends at a thread's root or at a fiber that was transferred to.
 *
 * What a switch hands over lies in the target's transfer_value; transfer_kind says whether it is a value, an exception to
 * raise there, or the order to unwind.
 *
 * Threads: all of one Ractor; a fiber is resumed by the thread that first ran it only.
 */
#include "core/fiber.h"

#include "core/core.h"
#include "core/exception.h"
#include "core/thread.h"
#include "vm/fiber_stack.h"

enum { RESUME_DEPTH_MAX = 100000 }; /* fibers that wait for one another: a recursion, not a program */

enum TransferKind { TRANSFER_VALUE, TRANSFER_RAISE, TRANSFER_KILL };

static FiberObject *object_of(Value v) { return (FiberObject *)v; }

/* ---- the object ---- */

static void fiber_trace(Tracer *tracer, Value v) {
    const FiberObject *o = (const FiberObject *)v;
    tr_trace(tracer, o->proc);
    tr_trace(tracer, o->storage);
    tr_trace(tracer, o->path);
    tr_trace(tracer, o->thread);
    if (o->fiber && o->fiber != o->fiber->thread->fiber) tr_fiber_trace(tracer, o->fiber);
}

static void fiber_free(Heap *heap, Value v) {
    FiberObject *o = object_of(v);
    (void)heap;
    if (o->fiber && !o->is_root) tr_fiber_release(o->fiber);
    o->fiber = NULL;
}

const DataType tr_fiber_type = {.name = "fiber", .bytes = sizeof(FiberObject), .trace = fiber_trace, .free = fiber_free,
                                .type = TYPE_FIBER};

static MAY_GC Value alloc_object(Fiber *f, Class *klass) {
    if (f->thread->face == TR_UNDEF) tr_thread_face(f, f->thread);
    FiberObject *o = tr_data_alloc(f, &tr_fiber_type, klass);
    o->proc = o->path = TR_NIL;
    o->storage = TR_UNDEF;
    o->thread = TR_NIL;
    tr_write((Value)o, &o->thread, f->thread->face);
    return (Value)o;
}

static MAY_GC Value fiber_alloc(Fiber *f, Class *klass) { return alloc_object(f, klass); }

Value tr_fiber_face(Fiber *f) {
    if (f->face != TR_UNDEF) return f->face;
    FiberObject *o = object_of(alloc_object(f, tr_class.fiber));
    o->fiber = f;
    o->status = FIBER_STARTED;
    o->is_root = true;
    o->is_blocking = true;
    f->face = (Value)o;
    return f->face;
}

Value tr_fiber_object_new(Fiber *f, Class *klass, Value proc, bool is_blocking) {
    Value v = alloc_object(f, klass);
    tr_write(v, &object_of(v)->proc, proc);
    object_of(v)->is_blocking = is_blocking;
    Value storage = tr_fiber_inherited_storage(f);
    if (storage == TR_RAISED) return TR_RAISED;
    tr_write(v, &object_of(v)->storage, storage);
    return v;
}

static MAY_GC FiberObject *get_fiber(Fiber *f, Value self) {
    FiberObject *o = object_of(self);
    if (TR_LIKELY(o->proc != TR_NIL || o->is_root)) return o;
    Value raised = tr_raise(f, tr_class.fiber_error, "uninitialized fiber");
    return raised == TR_RAISED ? NULL : o;
}

bool tr_fiber_is_alive(Value v) { return object_of(v)->status != FIBER_TERMINATED; }

/* ---- storage ---- */

Value tr_fiber_inherited_storage(Fiber *f) { return f->storage == TR_NIL ? TR_NIL : tr_hash_dup(f, f->storage); }

static MAY_GC MAY_RAISE Value check_storage(Fiber *f, Value storage) {
    if (storage == TR_NIL) return storage;
    if (!tr_is_hash(storage)) return tr_raise(f, tr_class.type_error, "storage must be a hash");
    if (tr_is_frozen(storage)) return tr_raise(f, tr_class.frozen_error, "storage must not be frozen");
    Value key, value;
    for (size_t position = 0; tr_hash_next(storage, &position, &key, &value);)
        if (!tr_is_symbol(key))
            return tr_raise(f, tr_class.type_error, "wrong argument type %pC (expected Symbol)", tr_real_class_of(key));
    return tr_hash_dup(f, storage);
}

static MAY_GC MAY_RAISE Value need_own_storage(Fiber *f, Value self) {
    if (self == f->face) return TR_NIL;
    return tr_raise(f, tr_class.argument_error, "Fiber storage can only be accessed from the Fiber it belongs to");
}

/* Fiber#storage -> Hash or nil, a copy */
static MAY_GC MAY_RAISE Value fiber_storage(Fiber *f, Value self, const Args *args) {
    (void)args;
    if (need_own_storage(f, self) == TR_RAISED) return TR_RAISED;
    return tr_fiber_inherited_storage(f);
}

static MAY_GC MAY_RAISE Value fiber_set_storage(Fiber *f, Value self, const Args *args) {
    if (need_own_storage(f, self) == TR_RAISED) return TR_RAISED;
    Value storage = check_storage(f, args->argv[0]);
    if (storage == TR_RAISED) return TR_RAISED;
    f->storage = storage;
    return args->argv[0];
}

static MAY_SWITCH MAY_RAISE Value fiber_s_aref(Fiber *f, Value self, const Args *args) {
    (void)self;
    Id key = tr_to_id(f, args->argv[0]);
    if (!key) return TR_RAISED;
    if (f->storage == TR_NIL) return TR_NIL;
    Value value = tr_hash_get_symbol(f->storage, key);
    return value == TR_UNDEF ? TR_NIL : value;
}

static MAY_SWITCH MAY_RAISE Value fiber_s_aset(Fiber *f, Value self, const Args *args) {
    (void)self;
    Id key = tr_to_id(f, args->argv[0]);
    Value value = args->argv[1];
    if (!key) return TR_RAISED;
    if (value == TR_NIL) {
        if (f->storage != TR_NIL && tr_hash_delete(f, f->storage, tr_value_from_id(key)) == TR_RAISED) return TR_RAISED;
        return value;
    }
    if (f->storage == TR_NIL) f->storage = tr_hash_new(f);
    if (tr_hash_set_symbol(f, f->storage, key, value) == TR_RAISED) return TR_RAISED;
    return value;
}

/* ---- switching ---- */

static MAY_GC Value pack(Fiber *f, int argc, const Value *argv) {
    if (argc == 0) return TR_NIL;
    return argc == 1 ? argv[0] : tr_array_new_from(f, (size_t)argc, argv);
}

static Fiber *root_return_point(Fiber *f) {
    ThreadState *s = f->thread->state;
    Fiber *to = TR_LIKELY(!s->return_fiber) ? f->thread->root_fiber : s->return_fiber;
    if (TR_UNLIKELY(to == f)) {
        s->return_fiber = NULL;
        to = f->thread->root_fiber;
    }
    while (to->resuming) to = to->resuming;
    return to;
}

/* What arrived while we were away. */
static MAY_SWITCH MAY_RAISE Value arrive(Fiber *f) {
    Value value = f->transfer_value;
    f->transfer_value = TR_NIL;
    if (TR_LIKELY(f->transfer_kind == TRANSFER_VALUE)) return value;
    bool is_raise = f->transfer_kind == TRANSFER_RAISE;
    f->transfer_kind = TRANSFER_VALUE;
    if (is_raise) return tr_raise_object(f, value);
    f->unwind = (Unwind){.kind = UNWIND_KILL, .value = TR_NIL, .tag = TR_NIL};
    return TR_RAISED;
}

static _Noreturn void finish(Fiber *f, Value result) {
    FiberObject *o = object_of(f->face);
    enum TransferKind kind = TRANSFER_VALUE;
    Value value = result;
    if (result == TR_RAISED) {
        value = f->unwind.value;
        kind = f->unwind.kind == UNWIND_RAISE ? TRANSFER_RAISE : TRANSFER_KILL;
        if (kind == TRANSFER_KILL) value = TR_NIL;
        if (kind == TRANSFER_KILL && o->is_killed) kind = TRANSFER_VALUE; /* Fiber#kill ends here; Thread#kill goes on */
    }
    Fiber *to = f->resumer ? f->resumer : root_return_point(f);
    to->resuming = NULL;
    to->is_yielding = false;
    to->transfer_value = value;
    to->transfer_kind = (uint8_t)kind;
    o->status = FIBER_TERMINATED;
    o->fiber = NULL;
    tr_fiber_switch_for_good(f, to);
}

/* What a new fiber's coroutine runs. The arguments came as one value: of several, an Array (transfer_count says so). */
static MAY_SWITCH void run_fiber(Fiber *f) {
    tr_fiber_vm_init(f);
    FiberObject *o = object_of(f->face);
    Value proc = o->proc;
    int argc = f->transfer_count;
    Value argument = arrive(f);
    Value result = TR_RAISED;
    if (argument != TR_RAISED) {
        const Value *argv = argc > 1 ? tr_array(argument)->items : &argument;
        Value keywords = o->has_keywords ? argv[--argc] : TR_NIL;
        result = tr_fiber_run_proc(f, proc, TR_UNDEF, argc, argv, keywords);
        TR_KEEP(argument);
    }
    finish(f, result);
}

/* A fiber that starts gets its stacks, and must be of this thread, as any other. */
static MAY_GC MAY_RAISE Value prepare(Fiber *f, Value fiber, int argc) {
    FiberObject *o = object_of(fiber);
    if (o->thread != f->thread->face) return tr_raise(f, tr_class.fiber_error, "fiber called across threads");
    if (f->face == TR_UNDEF) tr_fiber_face(f);
    if (o->fiber) return TR_NIL;
    Value storage = o->storage;
    Fiber *made = tr_fiber_alloc(f->thread, run_fiber);
    if (!made) return tr_raise(f, tr_class.fiber_error, "can't alloc machine stack to fiber: Cannot allocate memory");
    made->face = fiber;
    made->storage = storage == TR_UNDEF ? TR_NIL : storage;
    made->is_blocking = o->is_blocking;
    made->transfer_count = argc;
    o->fiber = made;
    o->status = FIBER_STARTED;
    return TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value go(Fiber *f, Fiber *to, Value value, enum TransferKind kind) {
    to->transfer_value = value;
    to->transfer_kind = (uint8_t)kind;
    to->is_yielding = false;
    tr_fiber_switch(f, to);
    return arrive(f);
}

static bool is_suspended(const Fiber *fiber) { return fiber != fiber->thread->fiber && !fiber->resuming; }

static MAY_SWITCH MAY_RAISE Value resume(Fiber *f, Value fiber, int argc, const Value *argv, enum TransferKind kind) {
    if (TR_SAFEPOINT(f) == TR_RAISED) return TR_RAISED; /* a recursion of new fibers has no other */
    if (f->resume_depth >= RESUME_DEPTH_MAX) return tr_raise_stack_overflow(f);
    FiberObject *o = object_of(fiber);
    Fiber *to = o->fiber;
    const char *message = NULL;
    if (kind == TRANSFER_RAISE && o->status == FIBER_CREATED) message = "cannot raise exception on unborn fiber";
    else if (o->status == FIBER_TERMINATED) message = "attempt to resume a terminated fiber";
    else if (fiber == f->face) message = "attempt to resume the current fiber";
    else if (to && to->resumer) message = "attempt to resume a resumed fiber (double resume)";
    else if (to && to->resuming) message = "attempt to resume a resuming fiber";
    else if (to && is_suspended(to) && !to->is_yielding) message = "attempt to resume a transferring fiber";
    if (message) return tr_raise(f, tr_class.fiber_error, message);
    if (prepare(f, fiber, argc) == TR_RAISED) return TR_RAISED;
    Value value = pack(f, argc, argv);
    to = o->fiber;
    to->resumer = f;
    to->resume_depth = f->resume_depth + 1;
    f->resuming = to;
    return go(f, to, value, kind);
}

Value tr_fiber_resume(Fiber *f, Value fiber, int argc, const Value *argv) {
    Fiber *to = object_of(fiber)->fiber;
    if (TR_LIKELY(to && to->is_yielding && to->thread == f->thread && argc <= 1 && f->face != TR_UNDEF)) {
        to->resumer = f;
        to->resume_depth = f->resume_depth + 1;
        f->resuming = to;
        return go(f, to, argc ? argv[0] : TR_NIL, TRANSFER_VALUE);
    }
    return resume(f, fiber, argc, argv, TRANSFER_VALUE);
}

Value tr_fiber_yield(Fiber *f, int argc, const Value *argv) {
    Fiber *back = f->resumer;
    if (!back) return tr_raise(f, tr_class.fiber_error, "attempt to yield on a not resumed fiber");
    Value value = pack(f, argc, argv);
    f->resumer = NULL;
    back->resuming = NULL;
    f->is_yielding = true;
    return go(f, back, value, TRANSFER_VALUE);
}

static MAY_SWITCH MAY_RAISE Value transfer(Fiber *f, Value fiber, int argc, const Value *argv, enum TransferKind kind) {
    FiberObject *o = object_of(fiber);
    const char *message = NULL;
    if (o->status == FIBER_TERMINATED) message = "dead fiber called";
    else if (o->fiber && o->fiber->resuming) message = "attempt to transfer to a resuming fiber";
    else if (o->fiber && o->fiber->is_yielding) message = "attempt to transfer to a yielding fiber";
    if (message) return tr_raise(f, tr_class.fiber_error, message);
    if (fiber == f->face) return pack(f, argc, argv);
    if (prepare(f, fiber, argc) == TR_RAISED) return TR_RAISED;
    return go(f, o->fiber, pack(f, argc, argv), kind);
}

Value tr_fiber_transfer(Fiber *f, Value fiber, int argc, const Value *argv) {
    return transfer(f, fiber, argc, argv, TRANSFER_VALUE);
}

static MAY_SWITCH MAY_RAISE Value send_off(Fiber *f, Value fiber, Value value, enum TransferKind kind) {
    FiberObject *o = object_of(fiber);
    while (o->fiber && o->fiber->resuming) { /* the innermost of those that it waits for */
        fiber = o->fiber->resuming->face;
        o = object_of(fiber);
    }
    if (fiber == f->face) {
        if (kind == TRANSFER_RAISE) return tr_raise_object(f, value);
        f->unwind = (Unwind){.kind = UNWIND_KILL, .value = TR_NIL, .tag = TR_NIL};
        return TR_RAISED;
    }
    if (o->fiber && is_suspended(o->fiber) && !o->fiber->is_yielding) return transfer(f, fiber, 1, &value, kind);
    return resume(f, fiber, 1, &value, kind);
}

Value tr_fiber_raise(Fiber *f, Value fiber, Value exception) { return send_off(f, fiber, exception, TRANSFER_RAISE); }

/* ---- methods ---- */

/* Fiber.new(blocking: false, storage: true) { |*arguments| … } */
static MAY_SWITCH MAY_RAISE Value fiber_initialize(Fiber *f, Value self, const Args *args) {
    static const Id names[2] = {TR_ID_blocking, TR_ID_storage};
    Value given[2];
    if (!tr_keywords(f, args->keywords, names, 0, 2, given, false)) return TR_RAISED;
    if (!tr_block_is_given(args->block))
        return tr_raise(f, tr_class.argument_error, "tried to create Proc object without a block");
    FiberObject *o = object_of(self);
    if (o->proc != TR_NIL) return tr_raise(f, tr_class.fiber_error, "cannot initialize fiber twice");
    Value storage = given[1] == TR_UNDEF || given[1] == TR_TRUE ? tr_fiber_inherited_storage(f) : check_storage(f, given[1]);
    if (storage == TR_RAISED) return TR_RAISED;
    tr_write(self, &o->storage, storage);
    Value proc = tr_block_to_proc(f, args->block);
    if (proc == TR_RAISED) return TR_RAISED;
    tr_write(self, &o->proc, proc);
    o->is_blocking = given[0] != TR_UNDEF && tr_is_truthy(given[0]);
    Value path = tr_caller_location(f, &o->line);
    tr_write(self, &o->path, path);
    return TR_NIL;
}

typedef Value SwitchFn(Fiber *f, Value fiber, int argc, const Value *argv);

/* Keywords travel as the last value; the block of a fiber that starts with them gets them as keywords again. */
static MAY_SWITCH MAY_RAISE Value go_with_keywords(Fiber *f, Value self, const Args *args, SwitchFn *go_there) {
    FiberObject *o = object_of(self);
    Value all = tr_array_new_from(f, (size_t)args->argc, args->argv);
    if (tr_array_push(f, all, args->keywords) == TR_RAISED) return TR_RAISED;
    if (o->status == FIBER_CREATED) o->has_keywords = true;
    Value result = go_there(f, self, args->argc + 1, tr_array(all)->items);
    if (o->status == FIBER_CREATED) o->has_keywords = false; /* it was refused */
    TR_KEEP(all);
    return result;
}

static MAY_SWITCH MAY_RAISE Value fiber_resume(Fiber *f, Value self, const Args *args) {
    if (!get_fiber(f, self)) return TR_RAISED;
    if (TR_UNLIKELY(args->keywords != TR_NIL)) return go_with_keywords(f, self, args, tr_fiber_resume);
    return tr_fiber_resume(f, self, args->argc, args->argv);
}

static MAY_SWITCH MAY_RAISE Value fiber_transfer(Fiber *f, Value self, const Args *args) {
    if (!get_fiber(f, self)) return TR_RAISED;
    if (TR_UNLIKELY(args->keywords != TR_NIL)) return go_with_keywords(f, self, args, tr_fiber_transfer);
    return tr_fiber_transfer(f, self, args->argc, args->argv);
}

static MAY_SWITCH MAY_RAISE Value fiber_s_yield(Fiber *f, Value self, const Args *args) {
    (void)self;
    return tr_fiber_yield(f, args->argc, args->argv);
}

static MAY_SWITCH MAY_RAISE Value fiber_raise(Fiber *f, Value self, const Args *args) {
    if (!get_fiber(f, self)) return TR_RAISED;
    Value exception = tr_exception_to_send(f, args);
    if (exception == TR_RAISED) return TR_RAISED;
    return tr_fiber_raise(f, self, exception);
}

/* Fiber#kill -> self: it unwinds, running its ensures */
static MAY_SWITCH MAY_RAISE Value fiber_kill(Fiber *f, Value self, const Args *args) {
    (void)args;
    FiberObject *o = get_fiber(f, self);
    if (!o) return TR_RAISED;
    if (o->is_killed) return TR_FALSE;
    if (o->thread != f->thread->face) return tr_raise(f, tr_class.fiber_error, "fiber called across threads");
    o->is_killed = true;
    if (o->status == FIBER_CREATED) o->status = FIBER_TERMINATED;
    if (o->status == FIBER_TERMINATED) return self;
    if (send_off(f, self, TR_NIL, TRANSFER_KILL) == TR_RAISED) return TR_RAISED;
    return self;
}

static Value fiber_alive(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_bool(tr_fiber_is_alive(self));
}

static Value fiber_is_blocking(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    FiberObject *o = object_of(self);
    return tr_bool(o->fiber && !o->is_root ? o->fiber->is_blocking : o->is_blocking);
}

static MAY_GC Value fiber_s_current(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return tr_fiber_face(f);
}

/* Fiber.blocking? -> 1 or false */
static Value fiber_s_is_blocking(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return f->is_blocking ? TR_FIX(1) : TR_FALSE;
}

/* Fiber.blocking { |fiber| … }: the scheduler is not asked meanwhile */
static MAY_SWITCH MAY_RAISE Value fiber_s_blocking(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value face = tr_fiber_face(f);
    bool before = f->is_blocking, object_before = object_of(face)->is_blocking;
    f->is_blocking = object_of(face)->is_blocking = true;
    Value result = tr_yield1(f, args->block, face);
    f->is_blocking = before;
    object_of(face)->is_blocking = object_before;
    return result;
}

static const char *status_name(const FiberObject *o) {
    if (o->status == FIBER_CREATED) return "created";
    if (o->status == FIBER_TERMINATED) return "terminated";
    return is_suspended(o->fiber) ? "suspended" : "resumed";
}

/* #<Fiber:0x… file:line (status)> */
static MAY_GC Value fiber_inspect(Fiber *f, Value self, const Args *args) {
    (void)args;
    FiberObject *o = object_of(self);
    Value text = tr_any_to_s(f, self); /* "#<Fiber:0x…>" without the bracket, and what we know */
    if (tr_string_resize(f, text, tr_string(text)->size - 1) == TR_RAISED) return TR_RAISED;
    if (tr_is_string(o->path)) {
        Value place = tr_string_format(f, " %s:%d", tr_string(o->path)->bytes, o->line);
        if (tr_string_append(f, text, place) == TR_RAISED) return TR_RAISED;
    }
    Value status = tr_string_format(f, " (%s)>", status_name(o));
    if (tr_string_append(f, text, status) == TR_RAISED) return TR_RAISED;
    return text;
}

static MAY_SWITCH MAY_RAISE Value capture(Fiber *f, Value self, const Args *args, Value (*convert)(Fiber *, Value)) {
    FiberObject *o = object_of(self);
    if (o->status == FIBER_TERMINATED || (!o->fiber && self != f->face)) return tr_array_new(f, 0);
    int64_t from = 0, count = -1;
    if (args->argc > 0 && !tr_to_long(f, args->argv[0], &from)) return TR_RAISED;
    if (args->argc > 1 && args->argv[1] != TR_NIL && !tr_to_long(f, args->argv[1], &count)) return TR_RAISED;
    Value captured = tr_backtrace_capture(o->fiber, (int)from, (int)count);
    return convert(f, captured);
}

static MAY_SWITCH MAY_RAISE Value fiber_backtrace(Fiber *f, Value self, const Args *args) {
    return capture(f, self, args, tr_backtrace_strings);
}
static MAY_SWITCH MAY_RAISE Value fiber_backtrace_locations(Fiber *f, Value self, const Args *args) {
    return capture(f, self, args, tr_backtrace_locations);
}

static const MethodDef fiber_methods[] = {
    {"initialize", fiber_initialize, ARITY(0, 0), METHOD_PRIVATE | METHOD_KEYWORDS},
    {"resume", fiber_resume, ARITY_REST(0), METHOD_KEYWORDS},
    {"transfer", fiber_transfer, ARITY_REST(0), METHOD_KEYWORDS},
    {"raise", fiber_raise, ARITY(0, 3), METHOD_KEYWORDS},
    {"kill", fiber_kill, ARITY(0, 0), 0},
    {"alive?", fiber_alive, ARITY(0, 0), 0},
    {"blocking?", fiber_is_blocking, ARITY(0, 0), 0},
    {"storage", fiber_storage, ARITY(0, 0), 0},
    {"storage=", fiber_set_storage, ARITY(1, 1), 0},
    {"backtrace", fiber_backtrace, ARITY(0, 2), 0},
    {"backtrace_locations", fiber_backtrace_locations, ARITY(0, 2), 0},
    {"inspect", fiber_inspect, ARITY(0, 0), 0},
    {"to_s", fiber_inspect, ARITY(0, 0), 0},
    {NULL, NULL, 0, 0, 0},
};
static const MethodDef fiber_singleton_methods[] = {
    {"yield", fiber_s_yield, ARITY_REST(0), 0},
    {"current", fiber_s_current, ARITY(0, 0), 0},
    {"[]", fiber_s_aref, ARITY(1, 1), 0},
    {"[]=", fiber_s_aset, ARITY(2, 2), 0},
    {"blocking?", fiber_s_is_blocking, ARITY(0, 0), 0},
    {"blocking", fiber_s_blocking, ARITY(0, 0), 0},
    {NULL, NULL, 0, 0, 0},
};
static MAY_GC void fiber_init(Fiber *f) {
    tr_fiber_scheduler_boot(f);
}
const ClassDef tr_fiber_def = {
    .klass = &tr_class.fiber, .methods = fiber_methods, .singleton_methods = fiber_singleton_methods,
    .alloc = fiber_alloc, .instance_type = TYPE_FIBER, .init = fiber_init,
};
