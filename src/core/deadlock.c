/* deadlock.c - programs that cannot go on: "No live threads left. Deadlock?", and circles of threads that wait for each other.
 *
 * When a thread parks and nothing else of its Ractor can run, and every thread waits for good for what only another thread
 * of this Ractor could bring (a Mutex, a Queue, a condition, an end, Thread.stop), the Ractor's main thread gets `fatal`.
 * Waits for other Ractors are judged when every worker is idle: then nothing can happen any more.
 *
 * A circle among some threads is reported when it closes, on standard error, while the others go on; TROUPE_DEADLOCK=raise
 * or Thread.deadlock_action = :raise makes it an exception in the thread that closed it, :ignore says nothing.
 */
#include "core/deadlock.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/core.h"
#include "core/dump.h"
#include "core/exception.h"
#include "core/mutex.h"
#include "core/process.h"
#include "core/thread.h"
#include "ractor/ractor.h"

enum Action { ACTION_REPORT, ACTION_RAISE, ACTION_IGNORE };
static _Atomic int action;           /* Thread.deadlock_action; relaxed */
static _Atomic bool ignores_all;     /* Thread.ignore_deadlock=; relaxed */
static Class *deadlock_error;        /* Thread::DeadlockError; written at boot */

/* ---- no live threads left ---- */

static bool waits_for_own_ractor(const ThreadState *s) {
    if (s->run_state != THREAD_PARKED || tr_timer_is_set(&s->timer)) return false;
    if (atomic_load(&s->thread->interrupt_flags) & ~s->thread->interrupt_mask & ~(uint32_t)INTERRUPT_TIMER) return false;
    switch ((WaitReason)s->wait) {
    case WAIT_JOIN: case WAIT_MUTEX: case WAIT_CONDVAR: case WAIT_QUEUE: case WAIT_FIBER: return true;
    case WAIT_SLEEP_FOREVER: return s->is_stopped;
    default: return false;
    }
}

static bool waits_for_a_ractor(const ThreadState *s) {
    if (s->run_state != THREAD_PARKED || tr_timer_is_set(&s->timer)) return false;
    switch ((WaitReason)s->wait) {
    case WAIT_RACTOR_RECEIVE: case WAIT_RACTOR_TAKE: case WAIT_RACTOR_YIELD: case WAIT_RACTOR_VALUE: return true;
    default: return false;
    }
}

static MAY_GC void append(Fiber *f, Value text, Value more) {
    if (more == TR_RAISED || tr_string_append(f, text, more) == TR_RAISED) tr_rescue(f, NULL);
}

/* Ruby's own listing, and a line of ours for what each thread waits for. */
static MAY_GC void append_listing(Fiber *f, Value text) {
    RactorSched *rs = f->ractor->sched;
    int sleepers = 0;
    for (ThreadState *s = rs->threads; s; s = s->all_next) sleepers += s->run_state == THREAD_PARKED;
    append(f, text, tr_string_format(f, "\n%u threads, %d sleeps current:%p main thread:%p\n", rs->thread_count, sleepers,
                                     (void *)f->thread, (void *)f->ractor->main_thread));
    for (ThreadState *s = rs->threads; s; s = s->all_next) {
        append(f, text, tr_string_new_cstr(f, "* "));
        append(f, text, tr_thread_inspect(f, tr_thread_face(f, s->thread)));
        append(f, text, tr_string_format(f, "\n   rb_thread_t:%p native:%p int:%u", (void *)s->thread, (void *)s,
                                         atomic_load(&s->thread->interrupt_flags) & ~(uint32_t)INTERRUPT_TIMER));
        if (s->wait == WAIT_MUTEX && tr_is_mutex(s->wait_on)) {
            Mutex *mutex = (Mutex *)s->wait_on;
            append(f, text, tr_string_format(f, " mutex:%p cond:%d", (void *)mutex->owner, tr_waiters_count(&mutex->waiters)));
        }
        for (const Waiter *w = s->joiners; w; w = w->next)
            append(f, text, tr_string_format(f, "\n    depended by: tb_thread_id:%p", (void *)w->fiber->thread));
        append(f, text, tr_string_new_cstr(f, "\n   "));
        append(f, text, tr_dump_wait(f, s->thread));
        Value lines = s->thread->fiber ? tr_backtrace_strings(f, tr_backtrace_capture(s->thread->fiber, 0, -1)) : TR_NIL;
        for (size_t i = 0; tr_is_array(lines) && i < tr_array_count(lines); i++) {
            append(f, text, tr_string_new_cstr(f, "\n   "));
            append(f, text, tr_array_at(lines, i));
        }
        append(f, text, tr_string_new_cstr(f, "\n"));
    }
}

static MAY_GC Value make_fatal(Fiber *f) {
    Value text = tr_string_new_cstr(f, "No live threads left. Deadlock?");
    append_listing(f, text);
    return tr_exception_new(f, tr_class.fatal, text);
}

static MAY_GC void check_ractor(Fiber *f) {
    RactorSched *rs = f->ractor->sched;
    if (atomic_load_explicit(&ignores_all, memory_order_relaxed)) return;
    for (ThreadState *s = rs->threads; s; s = s->all_next)
        if (!waits_for_own_ractor(s)) return;
    tr_thread_post(f, f->ractor->main_thread, make_fatal(f));
}

/* ---- every worker is idle ---- */

static void look_at_ractor(Ractor *ractor, void *data) {
    bool *is_stuck = data;
    RactorSched *rs = ractor->sched;
    if (!rs) return;
    for (ThreadState *s = rs->threads; s; s = s->all_next)
        if (!waits_for_own_ractor(s) && !waits_for_a_ractor(s)) *is_stuck = false;
    if (rs->timers.count || rs->woken.first || rs->ready.first || atomic_load(&rs->remote)) *is_stuck = false;
}

/* On a worker's own stack, all others idle too: what it reads was written before they went to sleep. */
static void check_all(void) {
    bool is_stuck = true;
    if (atomic_load_explicit(&ignores_all, memory_order_relaxed)) return;
    tr_ractor_each(look_at_ractor, &is_stuck);
    Thread *main = tr_ractor_main()->main_thread;
    if (tr_process_has_children()) return; /* one of them may yet send a signal */
    if (!is_stuck || !main || main->state->is_over || main->state->is_condemned) return;
    main->state->is_condemned = true; /* it makes the report itself */
    tr_thread_interrupt_remote(main, INTERRUPT_PENDING);
}

Value tr_deadlock_condemned(Fiber *f) {
    f->thread->state->is_condemned = false;
    return make_fatal(f);
}

/* ---- circles ---- */

/* Whom a parked thread waits for, if that is one thread. */
static Thread *blocker_of(const ThreadState *s) {
    if (s->wait == WAIT_MUTEX && tr_is_mutex(s->wait_on)) {
        const Mutex *mutex = (const Mutex *)s->wait_on;
        return mutex->owner ? mutex->thread : NULL;
    }
    if (s->wait == WAIT_JOIN && tr_data_is(s->wait_on, &tr_thread_type)) return ((ThreadObject *)s->wait_on)->thread;
    return NULL;
}

/* `s` as a link of a circle: for good, and nothing was sent to it. */
static bool is_stuck_link(const ThreadState *s) {
    return s->run_state == THREAD_PARKED && !tr_timer_is_set(&s->timer) && !s->is_over &&
           !(atomic_load(&s->thread->interrupt_flags) & INTERRUPT_PENDING);
}

static bool closes_circle(Fiber *f, Thread *first) {
    Thread *thread = first;
    for (uint32_t steps = 0; thread && steps <= f->ractor->sched->thread_count; steps++) {
        if (thread == f->thread) return true;
        if (!is_stuck_link(thread->state)) return false;
        thread = blocker_of(thread->state);
    }
    return false;
}

static MAY_GC void append_place(Fiber *f, Value text, Fiber *of) {
    Value lines = tr_backtrace_strings(f, tr_backtrace_capture(of, 0, 1));
    if (!tr_is_array(lines) || tr_array_count(lines) == 0) return;
    append(f, text, tr_string_new_cstr(f, "\n      at "));
    append(f, text, tr_array_at(lines, 0));
}

static MAY_GC void append_member(Fiber *f, Value text, Thread *thread, Value wanted, bool is_join) {
    append(f, text, tr_string_new_cstr(f, "\n  "));
    append(f, text, tr_thread_inspect(f, tr_thread_face(f, thread)));
    for (Mutex *m = thread->state->mutexes; m; m = m->next_held) {
        append(f, text, tr_string_new_cstr(f, "\n      holds "));
        append(f, text, tr_any_to_s(f, (Value)m));
    }
    append(f, text, tr_string_new_cstr(f, is_join ? "\n      waits for the end of " : "\n      waits for "));
    append(f, text, is_join ? tr_thread_inspect(f, wanted) : tr_any_to_s(f, wanted));
    append_place(f, text, thread->fiber);
}

Value tr_deadlock_note_wait(Fiber *f, Value wanted, Thread *holder, bool is_join) {
    int what = atomic_load_explicit(&action, memory_order_relaxed);
    if (what == ACTION_IGNORE || !holder || !closes_circle(f, holder)) return TR_NIL;
    Value text = tr_string_new_cstr(f, "threads wait for each other in a circle:");
    append_member(f, text, f->thread, wanted, is_join);
    for (Thread *t = holder; t != f->thread; t = blocker_of(t->state))
        append_member(f, text, t, t->state->wait_on, t->state->wait == WAIT_JOIN);
    if (what == ACTION_RAISE) return tr_raise_value(f, tr_exception_new(f, deadlock_error, text));
    Value line = tr_string_new_cstr(f, "[deadlock] ");
    append(f, line, text);
    append(f, line, tr_string_new_cstr(f, "\n"));
    if (tr_io_write_stderr(f, line) == TR_RAISED) tr_rescue(f, NULL);
    return TR_NIL;
}

/* ---- settings ---- */

static const char *const action_names[] = {"report", "raise", "ignore"};

/* Thread.deadlock_action -> :report, :raise or :ignore */
static Value thread_s_deadlock_action(Fiber *f, Value self, const Args *args) {
    (void)f, (void)self, (void)args;
    return tr_value_from_id(tr_intern_cstr(action_names[atomic_load_explicit(&action, memory_order_relaxed)]));
}

static MAY_GC MAY_RAISE Value thread_s_set_deadlock_action(Fiber *f, Value self, const Args *args) {
    (void)self;
    for (int i = 0; i < 3; i++) {
        if (args->argv[0] != tr_value_from_id(tr_intern_cstr(action_names[i]))) continue;
        atomic_store_explicit(&action, i, memory_order_relaxed);
        return args->argv[0];
    }
    return tr_raise(f, tr_class.argument_error, "unknown deadlock action (:report, :raise and :ignore are known)");
}

static Value thread_s_ignore_deadlock(Fiber *f, Value self, const Args *args) {
    (void)f, (void)self, (void)args;
    return tr_bool(atomic_load_explicit(&ignores_all, memory_order_relaxed));
}
static Value thread_s_set_ignore_deadlock(Fiber *f, Value self, const Args *args) {
    (void)f, (void)self;
    atomic_store_explicit(&ignores_all, tr_is_truthy(args->argv[0]), memory_order_relaxed);
    return args->argv[0];
}

static const MethodDef action_methods[] = {
    {"deadlock_action", thread_s_deadlock_action, ARITY(0, 0), 0},
    {"deadlock_action=", thread_s_set_deadlock_action, ARITY(1, 1), 0},
    {NULL, NULL, 0, 0, 0},
};
static const MethodDef deadlock_singleton_methods[] = {
    {"ignore_deadlock", thread_s_ignore_deadlock, ARITY(0, 0), 0},
    {"ignore_deadlock=", thread_s_set_ignore_deadlock, ARITY(1, 1), 0},
    {NULL, NULL, 0, 0, 0},
};

/* deadlock_action is not Ruby's: it comes by a module, so that Thread.singleton_methods(false) stays as it is known. */
static MAY_SWITCH void extend_thread(Fiber *f) {
    Class *module = tr_module_define(f, "DeadlockAction", tr_class.thread);
    tr_define_methods(f, module, action_methods);
    Class *singleton = tr_singleton_class(f, (Value)tr_class.thread);
    Value included = singleton ? tr_module_include(f, singleton, module) : TR_RAISED;
    TR_CHECK(included != TR_RAISED);
}

static MAY_SWITCH void deadlock_init(Fiber *f) {
    extend_thread(f);
    deadlock_error = tr_class_define(f, "DeadlockError", tr_class.thread_error, tr_class.thread);
    const char *text = getenv("TROUPE_DEADLOCK");
    for (int i = 0; text && i < 3; i++)
        if (strcmp(text, action_names[i]) == 0) atomic_store(&action, i);
    tr_thread_check_deadlock = check_ractor;
    tr_sched_all_idle = check_all;
}

const ClassDef tr_deadlock_def = {.klass = &tr_class.thread, .singleton_methods = deadlock_singleton_methods,
                                  .init = deadlock_init};
