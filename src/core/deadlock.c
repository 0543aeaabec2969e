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

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "core/dump.h"
#include "core/exception.h"
#include "core/mutex.h"
#include "core/process.h"
#include "core/signal.h"
#include "core/thread.h"
#include "ractor/ractor.h"
#include "ractor/world.h"
#include "vm/backtrace_text.h"

enum Action { ACTION_REPORT, ACTION_RAISE, ACTION_IGNORE };
static _Atomic int action;           /* Thread.deadlock_action; relaxed */
static _Atomic bool ignores_all;     /* Thread.ignore_deadlock=; relaxed */
static Class *deadlock_error;        /* Thread::DeadlockError; written at boot */

/* ---- no live threads left ---- */

static bool has_interrupt(const ThreadState *s) {
    return atomic_load(&s->thread->interrupt_flags) & ~s->thread->interrupt_mask & ~(uint32_t)INTERRUPT_TIMER;
}

static bool waits_for_good(const ThreadState *s) {
    return s->run_state == THREAD_PARKED && !tr_timer_is_set(&s->timer) && !has_interrupt(s);
}

static bool waits_for_own_ractor(const ThreadState *s) {
    if (!waits_for_good(s)) return false;
    switch ((WaitReason)s->wait) {
    case WAIT_JOIN: case WAIT_MUTEX: case WAIT_CONDVAR: case WAIT_QUEUE: case WAIT_FIBER: return true;
    case WAIT_SLEEP_FOREVER: return s->is_stopped;
    default: return false;
    }
}

static bool waits_for_a_ractor(const ThreadState *s) {
    if (!waits_for_good(s)) return false;
    switch ((WaitReason)s->wait) {
    case WAIT_RACTOR_RECEIVE: case WAIT_RACTOR_TAKE: case WAIT_RACTOR_YIELD: case WAIT_RACTOR_VALUE: return true;
    default: return false;
    }
}

/* A thread as Ruby lists it, and what it waits for. */
static void print_thread(Text *text, const ThreadState *s) {
    tr_text_cstr(text, "* ");
    tr_print_thread_name(text, s->thread);
    tr_text_format(text, "\n   rb_thread_t:%p native:%p int:%u", (void *)s->thread, (void *)s,
                   atomic_load(&s->thread->interrupt_flags) & ~(uint32_t)INTERRUPT_TIMER);
    if (s->wait == WAIT_MUTEX && tr_is_mutex(s->wait_on)) {
        Mutex *mutex = (Mutex *)s->wait_on;
        tr_text_format(text, " mutex:%p cond:%d", (void *)mutex->owner, tr_waiters_count(&mutex->waiters));
    }
    for (const Waiter *w = s->joiners; w; w = w->next)
        tr_text_format(text, "\n    depended by: tb_thread_id:%p", (void *)w->fiber->thread);
    tr_text_cstr(text, "\n   ");
    tr_print_wait(text, s);
    tr_text_cstr(text, "\n");
    tr_print_held(text, s, "   ");
    if (s->thread->fiber) tr_backtrace_print(text, s->thread->fiber, "   ", UINT_MAX);
}

static void print_threads(Text *text, const RactorSched *rs) {
    for (ThreadState *s = rs->threads; s; s = s->all_next)
        if (!s->is_over) print_thread(text, s);
}

typedef struct Listing { Text *text; const Ractor *but; } Listing;

static void print_other_ractor(Ractor *ractor, void *data) {
    Listing *listing = data;
    if (ractor == listing->but || !ractor->sched) return;
    tr_print_ractor_name(listing->text, ractor);
    tr_text_cstr(listing->text, "\n");
    print_threads(listing->text, ractor->sched);
}

/* Ruby's own listing of one Ractor, what each of its threads waits for, and all the other Ractors. With the world stopped. */
static void print_listing(Text *text, const Ractor *ractor) {
    RactorSched *rs = ractor->sched;
    int sleepers = 0;
    for (ThreadState *s = rs->threads; s; s = s->all_next) sleepers += s->run_state == THREAD_PARKED;
    tr_text_format(text, "No live threads left. Deadlock?\n%u threads, %d sleeps current:%p main thread:%p\n", rs->thread_count,
                   sleepers, (void *)ractor->thread, (void *)ractor->main_thread);
    print_threads(text, rs);
    Listing listing = {text, ractor};
    tr_ractor_each(print_other_ractor, &listing);
}

static MAY_GC Value make_fatal(Fiber *f, Text *taken_text) {
    Value message = tr_string_new(f, taken_text->bytes, taken_text->size);
    tr_text_free(taken_text);
    return tr_exception_new(f, tr_class.fatal, message);
}

static MAY_SWITCH void check_ractor(Fiber *f) {
    RactorSched *rs = f->ractor->sched;
    if (atomic_load_explicit(&ignores_all, memory_order_relaxed)) return;
    for (ThreadState *s = rs->threads; s; s = s->all_next)
        if (!waits_for_own_ractor(s)) return;
    Text text = {0};
    tr_world_stop(f);
    print_listing(&text, f->ractor);
    tr_world_start();
    tr_thread_post(f, f->ractor->main_thread, make_fatal(f, &text));
}

/* ---- every worker is idle ---- */

static Text last_words; /* of the main thread that is condemned; written with the world stopped, taken by it */

static void look_at_ractor(Ractor *ractor, void *data) {
    bool *is_stuck = data;
    RactorSched *rs = ractor->sched;
    if (!rs) return;
    if (rs->timers.count || rs->woken.first || rs->ready.first || atomic_load(&rs->remote)) *is_stuck = false;
    for (ThreadState *s = rs->threads; s; s = s->all_next)
        if (!waits_for_own_ractor(s) && !waits_for_a_ractor(s)) *is_stuck = false;
}

static bool is_everyone_stuck(void) {
    bool is_stuck = true;
    if (!tr_sched_is_all_idle() || tr_signal_has_arrived()) return false;
    if (tr_process_has_children()) return false; /* one of them may yet send a signal */
    tr_ractor_each(look_at_ractor, &is_stuck);
    return is_stuck;
}

/* On a worker's own stack, all others seem to be idle too. With the world stopped we know: nothing runs, and what is read
 * here was written before. */
static void check_all(void) {
    if (atomic_load_explicit(&ignores_all, memory_order_relaxed) || !tr_sched_stop_idle_world()) return;
    Thread *main = tr_ractor_main()->main_thread;
    bool is_stuck = main && !main->state->is_over && !main->state->is_condemned && is_everyone_stuck();
    if (is_stuck) {
        tr_text_free(&last_words);
        print_listing(&last_words, main->ractor);
        main->state->is_condemned = true; /* it raises the error itself */
    }
    tr_sched_start_world();
    if (is_stuck) tr_thread_interrupt_remote(main, INTERRUPT_PENDING);
}

Value tr_deadlock_condemned(Fiber *f) {
    f->thread->state->is_condemned = false;
    Text text = last_words;
    last_words = (Text){0};
    return make_fatal(f, &text);
}

/* ---- circles ----
 *
 * Within a Ractor the chain of who waits for whom is walked when a wait begins. Between Ractors each one publishes whom its
 * main thread waits for in the end (blocked_by, under one lock); when that leads back to where it began, the world is
 * stopped, the chain of threads is walked, and what it says counts.
 */

typedef struct Wanted { WaitReason why; Value on; Thread *holder; } Wanted; /* of the current thread, which does not wait yet */

/* The thread whose doing is waited for, if it is one: who has the Mutex, who is joined, who runs the other Ractor's block
 * (others of its threads might yield to a taker). With `awaits` set: only while the world is stopped. */
static Thread *blocker_of(const ThreadState *s) {
    if (s->awaits) {
        const RactorSched *rs = s->awaits->sched;
        return rs && (s->wait != WAIT_RACTOR_TAKE || rs->thread_count == 1) ? s->awaits->main_thread : NULL;
    }
    if (s->wait == WAIT_MUTEX && tr_is_mutex(s->wait_on)) {
        const Mutex *mutex = (const Mutex *)s->wait_on;
        return mutex->owner ? mutex->thread : NULL;
    }
    if (s->wait == WAIT_JOIN && tr_data_is(s->wait_on, &tr_thread_type)) return ((ThreadObject *)s->wait_on)->thread;
    return NULL;
}

/* `s` as a link of a circle: for good, and nothing was sent to it. Who waits for a Ractor may be on the way to its park. */
static bool is_stuck_link(const ThreadState *s) {
    return (s->run_state == THREAD_PARKED || s->awaits) && !tr_timer_is_set(&s->timer) && !s->is_over &&
           !(atomic_load(&s->thread->interrupt_flags) & INTERRUPT_PENDING);
}

/* The next thread in the chain; NULL: it ends here, or leaves the Ractor. */
static Thread *next_in_ractor(const Thread *thread) {
    return is_stuck_link(thread->state) && !thread->state->awaits ? blocker_of(thread->state) : NULL;
}
static Thread *next_anywhere(const Thread *thread) { return is_stuck_link(thread->state) ? blocker_of(thread->state) : NULL; }

/* The end of the chain that begins at `first`, or `last` when it comes by there. NULL: it runs into a circle without it. */
static Thread *follow(Thread *first, const Thread *last, Thread *(*next)(const Thread *)) {
    Thread *slow = first;
    for (bool moves_slow = false; first != last; moves_slow = !moves_slow) {
        Thread *further = next(first);
        if (!further) return first;
        first = further;
        if (moves_slow) slow = next(slow);
        if (first == slow && first != last) return NULL;
    }
    return first;
}

static void print_member(Text *text, const Thread *thread, const Wanted *wanted) {
    tr_text_cstr(text, "\n  ");
    tr_print_thread_name(text, thread);
    if (!tr_ractor_is_main(thread->ractor)) {
        tr_text_cstr(text, " of ");
        tr_print_ractor_name(text, thread->ractor);
    }
    tr_text_cstr(text, "\n");
    tr_print_held(text, thread->state, "      ");
    tr_text_cstr(text, "      ");
    if (wanted) tr_print_wait_for(text, wanted->why, wanted->on);
    else tr_print_wait(text, thread->state);
    tr_text_cstr(text, "\n");
    if (thread->fiber) tr_backtrace_print(text, thread->fiber, "      at ", 1);
    if (text->size > 0) text->bytes[--text->size] = '\0'; /* the last newline */
}

/* f's thread, and whoever it will wait for in the end. */
static void print_circle(Text *text, Fiber *f, const Wanted *wanted) {
    tr_text_cstr(text, "threads wait for each other in a circle:");
    print_member(text, f->thread, wanted);
    for (Thread *t = wanted->holder; t != f->thread; t = blocker_of(t->state)) print_member(text, t, NULL);
}

static MAY_SWITCH MAY_RAISE Value tell(Fiber *f, Text *taken_text) {
    Value text = tr_string_new(f, taken_text->bytes, taken_text->size);
    tr_text_free(taken_text);
    if (atomic_load_explicit(&action, memory_order_relaxed) == ACTION_RAISE)
        return tr_raise_value(f, tr_exception_new(f, deadlock_error, text));
    Value line = tr_string_new_cstr(f, "[deadlock] ");
    if (tr_string_append(f, line, text) == TR_RAISED || tr_string_append_cstr(f, line, "\n") == TR_RAISED ||
        tr_io_write_stderr(f, line) == TR_RAISED)
        tr_rescue(f, NULL);
    return TR_TRUE;
}

/* ---- between Ractors ---- */

static pthread_mutex_t blocked_lock = PTHREAD_MUTEX_INITIALIZER; /* every Ractor's blocked_by */

/* The main thread of f's Ractor waits for `by` in the end. Does `by`, by way of others, wait for it? A guess: some of them
 * may be going on by now. */
static bool publish(Ractor *self, Ractor *by) {
    uint32_t rest = tr_ractor_count();
    pthread_mutex_lock(&blocked_lock);
    self->state->blocked_by = by;
    Ractor *at = by;
    while (at && at != self && rest-- > 0) at = at->state->blocked_by; /* whoever waits for a Ractor keeps it alive */
    pthread_mutex_unlock(&blocked_lock);
    return at == self;
}

static MAY_SWITCH MAY_RAISE Value check_foreign(Fiber *f, Ractor *by, const Wanted *wanted) {
    if (follow(f->ractor->main_thread, f->thread, next_in_ractor) != f->thread) return TR_NIL; /* nobody waits for us */
    if (!publish(f->ractor, by)) return TR_NIL;
    Text text = {0};
    tr_world_stop(f);
    bool is_circle = wanted->holder && follow(wanted->holder, f->thread, next_anywhere) == f->thread;
    if (is_circle) print_circle(&text, f, wanted);
    tr_world_start();
    return is_circle ? tell(f, &text) : TR_NIL;
}

Value tr_deadlock_begin_ractor_wait(Fiber *f, WaitReason why, Ractor *on, bool *is_told) {
    if (atomic_load_explicit(&action, memory_order_relaxed) == ACTION_IGNORE) return TR_NIL;
    Value face = tr_ractor_face(f, on);
    f->thread->state->awaits = on;
    f->thread->state->wait = (uint8_t)why;
    if (*is_told) return TR_NIL;
    Wanted wanted = {why, face, on == f->ractor ? f->ractor->main_thread : on->main_thread};
    Value result = check_foreign(f, on, &wanted);
    *is_told = result != TR_NIL;
    TR_KEEP(face);
    return result;
}

void tr_deadlock_end_ractor_wait(Fiber *f) {
    ThreadState *s = f->thread->state;
    if (!s->awaits) return;
    s->awaits = NULL;
    Thread *end = follow(f->ractor->main_thread, NULL, next_in_ractor); /* another thread may block the main thread, too */
    pthread_mutex_lock(&blocked_lock);
    f->ractor->state->blocked_by = end ? end->state->awaits : NULL;
    pthread_mutex_unlock(&blocked_lock);
}

/* ---- within a Ractor ---- */

Value tr_deadlock_note_wait(Fiber *f, WaitReason why, Value on, Thread *holder, bool *is_told) {
    if (*is_told || !holder || atomic_load_explicit(&action, memory_order_relaxed) == ACTION_IGNORE) return TR_NIL;
    if (tr_fiber_scheduler(f) != TR_NIL) return TR_NIL; /* the thread goes on with other fibers */
    Thread *end = follow(holder, f->thread, next_in_ractor);
    Wanted wanted = {why, on, holder};
    Value result = TR_NIL;
    if (end == f->thread) {
        Text text = {0};
        print_circle(&text, f, &wanted);
        result = tell(f, &text);
    } else if (end && end->state->awaits) {
        result = check_foreign(f, end->state->awaits, &wanted);
    }
    *is_told = result != TR_NIL;
    return result == TR_RAISED ? TR_RAISED : TR_NIL;
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
