/* thread_sleep.c - Kernel#sleep, Thread.stop, Thread#wakeup and run. */
#include <time.h>

#include "core/core.h"
#include "core/thread.h"
#include "core/thread_sleep.h"

/* A sleep ends by its time, by Thread#wakeup, or by an interrupt; any other wake-up was for somebody else. */
Value tr_kernel_sleep_until(Fiber *f, int64_t deadline_ns) {
    ThreadState *s = f->thread->state;
    for (;;) {
        Value result = tr_thread_park(f, deadline_ns == TR_FOREVER ? WAIT_SLEEP_FOREVER : WAIT_SLEEP, TR_NIL, deadline_ns);
        bool is_woken = s->is_woken;
        if (result != TR_TRUE || is_woken) s->is_woken = false;
        if (result != TR_TRUE) return result;
        if (is_woken) return TR_TRUE;
    }
}

/* Kernel#sleep(seconds = nil) -> Integer, the seconds slept by the wall clock */
static MAY_SWITCH MAY_RAISE Value kernel_sleep(Fiber *f, Value self, const Args *args) {
    (void)self;
    int64_t deadline = TR_FOREVER;
    time_t start = time(NULL);
    Value scheduler = tr_fiber_scheduler(f);
    if (scheduler != TR_NIL) {
        if (tr_callv(f, scheduler, TR_ID_kernel_sleep, args->argc, args->argv) == TR_RAISED) return TR_RAISED;
        return TR_FIX(time(NULL) - start);
    }
    if (args->argc > 0 && args->argv[0] != TR_NIL && !tr_deadline_from_interval(f, args->argv[0], &deadline)) return TR_RAISED;
    if (tr_kernel_sleep_until(f, deadline) == TR_RAISED) return TR_RAISED;
    return TR_FIX(time(NULL) - start);
}

/* Thread.stop -> nil: sleeps until somebody wakes it, and is part of a deadlock when nobody can */
static MAY_SWITCH MAY_RAISE Value thread_s_stop(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    if (f->ractor->sched->thread_count == 1)
        return tr_raise(f, tr_class.thread_error, "stopping only thread\n\tnote: use sleep to stop forever");
    ThreadState *s = f->thread->state;
    s->is_stopped = true;
    Value result = tr_kernel_sleep_until(f, TR_FOREVER);
    s->is_stopped = false;
    return result == TR_RAISED ? TR_RAISED : TR_NIL;
}

/* Thread#wakeup -> self */
static MAY_GC MAY_RAISE Value thread_wakeup(Fiber *f, Value self, const Args *args) {
    (void)args;
    Thread *thread = ((ThreadObject *)self)->thread;
    if (!thread || thread->state->is_over) return tr_raise(f, tr_class.thread_error, "killed thread");
    ThreadState *s = thread->state;
    if (s->run_state == THREAD_PARKED && (s->wait == WAIT_SLEEP || s->wait == WAIT_SLEEP_FOREVER || s->wait == WAIT_CONDVAR)) {
        s->is_woken = true;
        tr_thread_unpark(thread);
    }
    return self;
}

/* Thread#run -> self: wakes it, and lets it run */
static MAY_SWITCH MAY_RAISE Value thread_run(Fiber *f, Value self, const Args *args) {
    if (thread_wakeup(f, self, args) == TR_RAISED) return TR_RAISED;
    tr_thread_pass(f);
    return TR_SAFEPOINT(f) == TR_RAISED ? TR_RAISED : self;
}

static const MethodDef kernel_methods[] = {
    {"sleep", kernel_sleep, ARITY(0, 1), METHOD_MODULE_FUNCTION},
    {NULL, NULL, 0, 0, 0},
};
static MAY_GC void sleep_init(Fiber *f) {
    tr_define_method(f, tr_class.thread, "wakeup", thread_wakeup, 0, 0, 0);
    tr_define_method(f, tr_class.thread, "run", thread_run, 0, 0, 0);
    tr_define_singleton_method(f, (Value)tr_class.thread, "stop", thread_s_stop, 0, 0, 0);
}
const ClassDef tr_thread_sleep_def = {.klass = &tr_class.kernel, .methods = kernel_methods, .init = sleep_init};
