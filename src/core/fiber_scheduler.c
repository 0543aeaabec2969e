/* fiber_scheduler.c - Fiber.set_scheduler: a scheduler object in Ruby that non-blocking fibers call instead of waiting.
 *
 * A thread has at most one. Its hooks are called from where the waiting is: waiters.c (block, unblock), thread_sleep.c
 * (kernel_sleep), io*.c and process.c. When the thread's block is over, or another scheduler is set, the scheduler is closed:
 * `scheduler_close` if it has it, else `close`, which runs what is left.
 */
#include "core/core.h"
#include "core/fiber.h"
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

/* io_wait wants an IO: one of our own for the descriptor, which does not close it. */
static MAY_SWITCH MAY_RAISE Value wait_fd(Fiber *f, int fd, int events, int64_t deadline_ns) {
    Value scheduler = f->thread->state->fiber_scheduler;
    Value options = tr_hash_new(f), number = TR_FIX(fd);
    if (tr_hash_set_symbol(f, options, tr_intern_cstr("autoclose"), TR_FALSE) == TR_RAISED) return TR_RAISED;
    Value mode[2] = {number, tr_string_new_cstr(f, events & TR_POLL_IN ? "r" : "w")};
    Value io = tr_call_full(f, (Value)tr_class.io, tr_intern_cstr("for_fd"), 2, mode, TR_NIL, options, true);
    if (io == TR_RAISED) return TR_RAISED;
    Value timeout = tr_timeout_from_deadline(f, deadline_ns);
    Value result = tr_call(f, scheduler, tr_intern_cstr("io_wait"), 3, io, TR_FIX(events), timeout);
    if (result == TR_RAISED) return TR_RAISED;
    return tr_is_fixnum(result) ? result : tr_is_truthy(result) ? TR_FIX(events) : TR_FIX(0);
}

void tr_fiber_scheduler_boot(void) { tr_wait_fd_by_scheduler = wait_fd; }

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

const MethodDef tr_fiber_scheduler_methods[] = {
    {"set_scheduler", fiber_s_set_scheduler, ARITY(1, 1), 0},
    {"scheduler", fiber_s_scheduler, ARITY(0, 0), 0},
    {"current_scheduler", fiber_s_current_scheduler, ARITY(0, 0), 0},
    {"schedule", fiber_s_schedule, ARITY_REST(0), METHOD_KEYWORDS},
    {NULL, NULL, 0, 0, 0},
};
