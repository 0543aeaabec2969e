/* fiber_scheduler.c - Fiber.set_scheduler: a scheduler object in Ruby that non-blocking fibers call instead of waiting.
 *
 * A thread has at most one. Its hooks are called from where the waiting is: waiters.c (block, unblock), thread_sleep.c
 * (kernel_sleep), stream.c and the other files of IO (io_…), process.c (process_wait); what runs on a helper thread is
 * offered to blocking_operation_wait first. When the thread's block is over, or another scheduler is set, the scheduler is
 * closed: `scheduler_close` if it has it, else `close`, which runs what is left.
 *
 * A hook that reads or writes gets an IO::Buffer of its own, locked, whose bytes are copied afterwards: a scheduler that
 * keeps it, or is interrupted in the midst, holds nothing of a stream.
 */
#include "core/fiber_scheduler.h"

#include "core/core.h"
#include "core/io_buffer.h"
#include "core/stream.h"
#include "core/thread.h"
#include "core/waiters.h"

static MAY_SWITCH MAY_RAISE Value close_scheduler(Fiber *f, Thread *thread) {
    Value scheduler = thread->state->fiber_scheduler;
    if (scheduler == TR_NIL) return TR_NIL;
    Value result = tr_call_if_responds(f, scheduler, tr_intern_cstr("scheduler_close"), 0, NULL);
    if (result == TR_UNDEF) result = tr_call_if_responds(f, scheduler, tr_intern_cstr("close"), 0, NULL);
    thread->state->fiber_scheduler = TR_NIL;
    return result == TR_RAISED ? TR_RAISED : TR_NIL;
}

/* ---- hooks ---- */

Value tr_scheduler_call(Fiber *f, const char *hook, int argc, const Value *argv) {
    return tr_call_if_responds(f, f->thread->state->fiber_scheduler, tr_intern_cstr(hook), argc, argv);
}

Value tr_scheduler_io_wait(Fiber *f, Value io, int events, Value timeout) {
    Value scheduler = f->thread->state->fiber_scheduler;
    Value result = tr_call(f, scheduler, tr_intern_cstr("io_wait"), 3, io, TR_FIX(events), timeout);
    if (result == TR_RAISED || tr_is_fixnum(result)) return result;
    return tr_is_truthy(result) ? TR_FIX(events) : TR_FIX(0);
}

/* Calls a hook (io, buffer, [from,] length = 0: at least once, offset = 0). */
static MAY_SWITCH MAY_RAISE ssize_t call_io_hook(Fiber *f, const char *hook, Value io, Value buffer, int64_t from) {
    Value arguments[5] = {io, buffer};
    int argc = 2;
    if (from >= 0) arguments[argc++] = tr_value_from_fixnum(from);
    arguments[argc++] = TR_FIX(0);
    arguments[argc++] = TR_FIX(0);
    Value result = tr_scheduler_call(f, hook, argc, arguments);
    int64_t count;
    if (result == TR_UNDEF) return SCHEDULER_ABSENT;
    if (result == TR_RAISED || !tr_to_long(f, result, &count)) return STREAM_RAISED;
    int64_t size = (int64_t)tr_io_buffer(buffer)->size;
    return (ssize_t)(count > size ? size : count);
}

static MAY_SWITCH MAY_RAISE int has_hook(Fiber *f, const char *hook) {
    return tr_responds_to(f, f->thread->state->fiber_scheduler, tr_intern_cstr(hook), true);
}

ssize_t tr_scheduler_io_read(Fiber *f, Value io, void *bytes, size_t size, int64_t from) {
    const char *hook = from >= 0 ? "io_pread" : "io_read";
    int has = has_hook(f, hook);
    if (has <= 0) return has < 0 ? STREAM_RAISED : SCHEDULER_ABSENT;
    Value buffer = tr_io_buffer_new(f, size, BUFFER_LOCKED);
    if (buffer == TR_RAISED) return STREAM_RAISED;
    ssize_t count = call_io_hook(f, hook, io, buffer, from);
    const IoBuffer *b = tr_io_buffer(buffer);
    if (count > 0 && b->bytes && (size_t)count <= b->size) memcpy(bytes, b->bytes, (size_t)count);
    tr_io_buffer_end(f, buffer);
    return count;
}

ssize_t tr_scheduler_io_write(Fiber *f, Value io, const void *bytes, size_t size, int64_t from) {
    const char *hook = from >= 0 ? "io_pwrite" : "io_write";
    int has = has_hook(f, hook);
    if (has <= 0) return has < 0 ? STREAM_RAISED : SCHEDULER_ABSENT;
    Value buffer = tr_io_buffer_new(f, size, BUFFER_LOCKED | BUFFER_READONLY);
    if (buffer == TR_RAISED) return STREAM_RAISED;
    if (size) memcpy(tr_io_buffer(buffer)->bytes, bytes, size);
    ssize_t count = call_io_hook(f, hook, io, buffer, from);
    tr_io_buffer_end(f, buffer);
    return count;
}

Value tr_scheduler_interrupt(Fiber *f, Fiber *other, Value exception) {
    Value arguments[2] = {tr_fiber_face(other), exception};
    return tr_call_if_responds(f, other->thread->state->fiber_scheduler, tr_intern_cstr("fiber_interrupt"), 2, arguments);
}

/* ---- Fiber::Scheduler::BlockingOperation: work that needs no Ruby, to be run wherever the scheduler likes ---- */

enum OperationState { OPERATION_WAITS, OPERATION_RUNS, OPERATION_DONE };

typedef struct Operation {
    Data base;
    void (*run)(void *data); /* both of the fiber that waits: valid until it goes on */
    void *data;
    enum OperationState state;
} Operation;
static const DataType operation_type = {.name = "Fiber::Scheduler::BlockingOperation", .bytes = sizeof(Operation)};
static Class *operation_class; /* set at boot */

static MAY_SWITCH MAY_RAISE Value run_operation(Fiber *f, Operation *operation) {
    operation->state = OPERATION_RUNS;
    Value result = tr_blocking_call_here(f, operation->run, operation->data);
    operation->state = OPERATION_DONE;
    return result;
}

/* BlockingOperation#call: does the work, once; returns when it is done */
static MAY_SWITCH MAY_RAISE Value operation_call(Fiber *f, Value self, const Args *args) {
    (void)args;
    Operation *operation = (Operation *)self;
    if (operation->state != OPERATION_WAITS)
        return tr_raise(f, tr_class.runtime_error, "Blocking operation has already been executed!");
    return run_operation(f, operation) == TR_RAISED ? TR_RAISED : TR_NIL;
}

/* 1 done, 0 there is no such hook, -1 raised. */
static MAY_SWITCH MAY_RAISE int offer_operation(Fiber *f, void (*run)(void *), void *data) {
    int has = has_hook(f, "blocking_operation_wait");
    if (has <= 0) return has;
    Operation *operation = tr_data_alloc(f, &operation_type, operation_class);
    operation->run = run;
    operation->data = data;
    Value v = (Value)operation, result = tr_scheduler_call(f, "blocking_operation_wait", 1, &v);
    while (operation->state == OPERATION_RUNS) /* the hook was left early: the work is not to outlive its data */
        tr_thread_park_uninterruptible(f, WAIT_BLOCKING_POOL, TR_NIL, tr_now_ns() + 1000000);
    bool is_done = operation->state == OPERATION_DONE;
    operation->state = OPERATION_DONE;
    TR_KEEP(v);
    return result == TR_RAISED ? -1 : is_done;
}

/* ---- Fiber's methods ---- */

static MAY_SWITCH MAY_RAISE Value check_interface(Fiber *f, Value scheduler) {
    static const char *const hooks[] = {"block", "unblock", "kernel_sleep", "io_wait", "fiber_interrupt"};
    for (size_t i = 0; i < sizeof hooks / sizeof *hooks; i++) {
        int has = tr_responds_to(f, scheduler, tr_intern_cstr(hooks[i]), false);
        if (has < 0) return TR_RAISED;
        if (has) continue;
        if (i == 4) {
            tr_warn(f, "Scheduler should implement #fiber_interrupt");
            continue;
        }
        return tr_raise(f, tr_class.argument_error, "Scheduler must implement #%s", hooks[i]);
    }
    return TR_NIL;
}

/* Fiber.set_scheduler(scheduler or nil) -> it */
static MAY_SWITCH MAY_RAISE Value fiber_s_set_scheduler(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value scheduler = args->argv[0];
    if (scheduler != TR_NIL && check_interface(f, scheduler) == TR_RAISED) return TR_RAISED;
    if (close_scheduler(f, f->thread) == TR_RAISED) return TR_RAISED;
    tr_thread_write(f->thread, &f->thread->state->fiber_scheduler, scheduler);
    return scheduler;
}

static Value fiber_s_scheduler(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return f->thread->state->fiber_scheduler;
}

static Value fiber_s_current_scheduler(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return tr_fiber_scheduler(f);
}

/* Fiber.schedule { … } -> Fiber */
static MAY_SWITCH MAY_RAISE Value fiber_s_schedule(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value scheduler = f->thread->state->fiber_scheduler;
    if (scheduler == TR_NIL) return tr_raise(f, tr_class.runtime_error, "No scheduler is available!");
    return tr_call_full(f, scheduler, tr_intern_cstr("fiber"), args->argc, args->argv, args->block, args->keywords, true);
}

Value tr_fiber_scheduler_close(Fiber *f) { return close_scheduler(f, f->thread); }

void tr_fiber_scheduler_boot(Fiber *f) {
    tr_blocking_call_by_scheduler = offer_operation;
    Class *scheduler = tr_class_define(f, "Scheduler", tr_class.object, tr_class.fiber);
    operation_class = tr_class_define(f, "BlockingOperation", tr_class.object, scheduler);
    operation_class->alloc = NULL;
    operation_class->instance_type = TYPE_DATA;
    tr_define_method(f, operation_class, "call", operation_call, 0, 0, 0);
    for (const MethodDef *m = tr_fiber_scheduler_methods; m->name; m++)
        tr_define_singleton_method(f, (Value)tr_class.fiber, m->name, m->fn, m->min, m->max, m->flags);
}

const MethodDef tr_fiber_scheduler_methods[] = {
    {"set_scheduler", fiber_s_set_scheduler, ARITY(1, 1), 0},
    {"scheduler", fiber_s_scheduler, ARITY(0, 0), 0},
    {"current_scheduler", fiber_s_current_scheduler, ARITY(0, 0), 0},
    {"schedule", fiber_s_schedule, ARITY_REST(0), METHOD_KEYWORDS},
    {NULL, NULL, 0, 0, 0},
};
