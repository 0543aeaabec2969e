/* thread.c - the threads of one Ractor take turns; see thread.h.
 *
 * Everything here belongs to the Ractor: it runs on the worker that runs it, and needs no lock. The one door from outside is
 * `remote`, a list that any OS thread pushes to and that is taken whole.
 *
 * A thread that parks picks the next one itself and switches to it; with nobody to pick it switches to the worker's loop,
 * which runs ractor_settle. A poke comes as the TIMER bit of the running thread's flags, and ends in look_around.
 *
 * Fairness: woken threads go first, but when they have kept ready ones waiting for WOKEN_MOST_NS, one of those gets
 * PROTECT_NS that no wake-up cuts short.
 */
#include "ractor/thread.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ractor/schedule.h"

enum {
    SLOTS_PER_SLAB = 32,
    WOKEN_CHECK = 64,              /* look at the clock once in so many picks */
    FIRE_MOST = 64                 /* deadlines at one time */
};
static const int64_t TICK_NS = 10 * 1000 * 1000;
static const int64_t WOKEN_MOST_NS = 50 * 1000 * 1000, PROTECT_NS = 10 * 1000 * 1000, TURN_NS = 9 * 1000 * 1000;

Value (*tr_thread_take_interrupts)(Fiber *f, bool is_blocking);
void (*tr_thread_check_deadlock)(Fiber *f);
static int64_t quantum_ns = 100 * 1000 * 1000; /* written at boot */

static _Thread_local Fiber *current_fiber;
__attribute__((noinline)) Fiber *tr_current_fiber(void) { return current_fiber; }
__attribute__((noinline)) void tr_fiber_set_current(Fiber *fiber) { current_fiber = fiber; }

void tr_thread_set_quantum(int64_t ns) {
    quantum_ns = ns;
    if (ns < TICK_NS) tr_sched_set_tick(ns);
}
int64_t tr_thread_quantum(void) { return quantum_ns; }

/* ---- slots: type-stable memory, under slot_lock ---- */

typedef struct ThreadSlot {
    Thread thread;
    ThreadState state;
    struct ThreadSlot *next_free;
} ThreadSlot;
static atomic_flag slot_lock = ATOMIC_FLAG_INIT;
static ThreadSlot *free_slots;
static uint64_t next_serial;

static void lock_slots(void) {
    while (atomic_flag_test_and_set_explicit(&slot_lock, memory_order_acquire)) {}
}
static void unlock_slots(void) { atomic_flag_clear_explicit(&slot_lock, memory_order_release); }

static ThreadSlot *acquire_slot(uint64_t *serial) {
    lock_slots();
    if (!free_slots) {
        ThreadSlot *slab = calloc(SLOTS_PER_SLAB, sizeof *slab);
        TR_CHECK(slab);
        for (int i = 0; i < SLOTS_PER_SLAB; i++) {
            slab[i].next_free = free_slots;
            free_slots = &slab[i];
        }
    }
    ThreadSlot *slot = free_slots;
    free_slots = slot->next_free;
    *serial = ++next_serial;
    unlock_slots();
    return slot;
}

/* ---- queues ---- */

static void list_push(ThreadList *list, ThreadState *s) {
    s->queue = list;
    s->next = NULL;
    s->prev = list->last;
    if (list->last) list->last->next = s;
    else list->first = s;
    list->last = s;
}

static void list_push_front(ThreadList *list, ThreadState *s) {
    s->queue = list;
    s->prev = NULL;
    s->next = list->first;
    if (list->first) list->first->prev = s;
    else list->last = s;
    list->first = s;
}

static void list_remove(ThreadState *s) {
    ThreadList *list = s->queue;
    if (!list) return;
    if (s->prev) s->prev->next = s->next;
    else list->first = s->next;
    if (s->next) s->next->prev = s->prev;
    else list->last = s->prev;
    s->queue = NULL;
}

static ThreadState *list_shift(ThreadList *list) {
    ThreadState *s = list->first;
    if (s) list_remove(s);
    return s;
}

static bool is_anyone_ready(const RactorSched *rs) { return rs->woken.first || rs->ready.first; }

/* ---- what the collector need not look at ---- */

static void list_unsettled(ThreadState *s) {
    RactorSched *rs = s->sched;
    s->unsettled_next = rs->unsettled;
    s->unsettled_link = &rs->unsettled;
    if (s->unsettled_next) s->unsettled_next->unsettled_link = &s->unsettled_next;
    rs->unsettled = s;
}

static void unlist_unsettled(ThreadState *s) {
    if (!s->unsettled_link) return;
    *s->unsettled_link = s->unsettled_next;
    if (s->unsettled_next) s->unsettled_next->unsettled_link = s->unsettled_link;
    s->unsettled_link = NULL;
}

void tr_thread_settle(ThreadState *s) {
    bool is_running = s->run_state != THREAD_PARKED || s->sched->ractor->thread == s->thread;
    if (!is_running && tr_is_object(s->thread->face)) unlist_unsettled(s);
}

/* ---- waking ---- */

static void wake(ThreadState *s) {
    if (s->run_state != THREAD_PARKED) {
        s->has_permit = true;
        return;
    }
    if (!s->unsettled_link) list_unsettled(s);
    s->run_state = THREAD_READY;
    list_push(&s->sched->woken, s);
}

/* Somebody is ready now: does the running thread owe him its place? */
static void press_running(RactorSched *rs) {
    Thread *running = rs->ractor->thread;
    if (!running || !rs->worker) return;
    if (running->state->slice_mark_ns != 0 || running->state->slice_used_ns != 0) /* it has burned a tick or more */
        atomic_fetch_or_explicit(&running->interrupt_flags, INTERRUPT_TIMER, memory_order_relaxed);
    tr_worker_want_tick(rs->worker);
}

void tr_thread_unpark(Thread *thread) {
    wake(thread->state);
    if (thread->state->queue) press_running(thread->state->sched);
}

void tr_thread_unpark_remote(Thread *thread) {
    ThreadState *s = thread->state;
    RactorSched *rs = s->sched;
    if (!atomic_exchange(&s->is_remote_listed, true)) {
        ThreadState *head = atomic_load_explicit(&rs->remote, memory_order_relaxed);
        do atomic_store_explicit(&s->remote_next, head, memory_order_relaxed);
        while (!atomic_compare_exchange_weak(&rs->remote, &head, s));
    }
    tr_task_ready(&rs->task);
}

static void take_in_remote(RactorSched *rs) {
    if (!atomic_load_explicit(&rs->remote, memory_order_relaxed)) return;
    ThreadState *newest = atomic_exchange(&rs->remote, NULL), *oldest = NULL;
    while (newest) { /* they were pushed last first */
        ThreadState *next = atomic_load_explicit(&newest->remote_next, memory_order_relaxed);
        atomic_store_explicit(&newest->remote_next, oldest, memory_order_relaxed);
        oldest = newest;
        newest = next;
    }
    while (oldest) {
        ThreadState *next = atomic_load_explicit(&oldest->remote_next, memory_order_relaxed);
        atomic_store(&oldest->is_remote_listed, false); /* from here on it may be pushed again */
        if (oldest->run_state != THREAD_DEAD) wake(oldest);
        oldest = next;
    }
}

static ThreadState *state_of(Timer *timer) { return (ThreadState *)((char *)timer - offsetof(ThreadState, timer)); }

static void publish_deadline(RactorSched *rs, bool is_precise) {
    int64_t first = tr_timers_first(&rs->timers);
    if (first == rs->published_deadline || rs->has_more_due) return;
    rs->published_deadline = first;
    tr_task_set_deadline(&rs->task, first, is_precise);
}

enum TimerKind { TIMER_OF_THREAD, TIMER_EXPIRED };

static void expire(Timer *timer) {
    ExpiredTimer *expired = (ExpiredTimer *)((char *)timer - offsetof(ExpiredTimer, timer));
    ThreadState *s = expired->thread->state;
    expired->next = s->expired;
    expired->link = &s->expired;
    if (expired->next) expired->next->link = &expired->next;
    s->expired = expired;
    s->is_deferred = false;
    tr_thread_interrupt(expired->thread, INTERRUPT_PENDING);
}

void tr_expired_timer_set(ExpiredTimer *expired, Thread *thread, int64_t deadline_ns, Value (*make)(Fiber *, ExpiredTimer *)) {
    RactorSched *rs = thread->state->sched;
    expired->thread = thread;
    expired->make = make;
    expired->timer.kind = TIMER_EXPIRED;
    tr_timers_add(&rs->timers, &expired->timer, deadline_ns);
    if (tr_timers_first(&rs->timers) == deadline_ns) publish_deadline(rs, true);
}

void tr_expired_timer_cancel(ExpiredTimer *expired) {
    if (!expired->thread) return;
    tr_timers_remove(&expired->thread->state->sched->timers, &expired->timer);
    if (expired->link) {
        *expired->link = expired->next;
        if (expired->next) expired->next->link = expired->link;
        expired->link = NULL;
    }
    expired->thread = NULL;
}

/* Of thousands that are due at once only some are woken, and more when those had their turn (pick): the first need not
 * wait until the last is in the queue, and each is still in the cache when it runs. */
static void fire_timers(RactorSched *rs) {
    rs->has_more_due = false;
    if (rs->timers.count == 0) return;
    int64_t now = tr_now_ns();
    Timer *timer = NULL;
    for (int i = 0; i < FIRE_MOST && (timer = tr_timers_pop_due(&rs->timers, now)); i++) {
        if (timer->kind == TIMER_EXPIRED) {
            expire(timer);
            continue;
        }
        ThreadState *s = state_of(timer);
        s->is_timed_out = true;
        wake(s);
    }
    rs->has_more_due = rs->woken.first && tr_timers_first(&rs->timers) <= now;
    rs->published_deadline = 0; /* whoever poked us took it out */
}

static void take_in_all(RactorSched *rs) {
    atomic_store(&rs->task.is_poked, false);
    take_in_remote(rs);
    fire_timers(rs);
}

void tr_thread_interrupt(Thread *thread, uint32_t bits) {
    atomic_fetch_or_explicit(&thread->interrupt_flags, bits, memory_order_release);
    ThreadState *s = thread->state;
    if (s->run_state == THREAD_PARKED && !s->is_uninterruptible) tr_thread_unpark(thread);
}

void tr_thread_interrupt_remote(Thread *thread, uint32_t bits) {
    atomic_fetch_or(&thread->interrupt_flags, bits);
    tr_thread_unpark_remote(thread);
}

/* ---- whose turn ---- */

/* Woken threads have kept ready ones waiting: is it enough? */
static bool is_ready_ones_turn(RactorSched *rs) {
    if (++rs->woken_picks % WOKEN_CHECK != 0) return false;
    int64_t now = tr_now_ns();
    if (rs->woken_mark_ns == 0) rs->woken_mark_ns = now;
    if (now - rs->woken_mark_ns < WOKEN_MOST_NS) return false;
    rs->protect_until_ns = now + PROTECT_NS;
    return true;
}

/* Any of the ready ones, whichever the made schedule says. */
static ThreadState *pick_chosen(RactorSched *rs) {
    uint32_t count = 0;
    for (ThreadState *s = rs->woken.first; s; s = s->next) count++;
    for (ThreadState *s = rs->ready.first; s; s = s->next) count++;
    if (count == 0) return NULL;
    uint32_t left = tr_schedule_choose(count);
    ThreadState *s = rs->woken.first ? rs->woken.first : rs->ready.first;
    while (left-- > 0) s = s->next ? s->next : rs->ready.first;
    list_remove(s);
    return s;
}

static ThreadState *pick_in_order(RactorSched *rs) {
    ThreadList *list = &rs->woken;
    if (!list->first || (rs->ready.first && is_ready_ones_turn(rs))) {
        rs->woken_picks = 0;
        rs->woken_mark_ns = 0;
        list = &rs->ready;
    }
    ThreadState *s = list_shift(list);
    if (TR_UNLIKELY(list->first != NULL)) tr_thread_prefetch(list->first, list->first->next);
    return s;
}

static ThreadState *pick(RactorSched *rs) {
    if (TR_UNLIKELY(atomic_load_explicit(&rs->task.is_poked, memory_order_relaxed))) take_in_all(rs);
    ThreadState *s = tr_schedule_is_made() ? pick_chosen(rs) : pick_in_order(rs);
    if (TR_UNLIKELY(rs->has_more_due && !rs->woken.first)) fire_timers(rs);
    return s;
}

static void enter(RactorSched *rs, ThreadState *s) {
    Thread *thread = s->thread;
    s->run_state = THREAD_RUNNING;
    s->slice_mark_ns = 0;
    rs->ractor->thread = thread;
    tr_fiber_set_current(thread->fiber);
    tr_worker_set_flags(rs->worker, &thread->interrupt_flags);
    if (is_anyone_ready(rs)) tr_worker_want_tick(rs->worker);
    if (tr_schedule_is_made()) tr_thread_look_again(thread);
}

static void reap(RactorSched *rs) {
    if (TR_UNLIKELY(rs->dead_fiber != NULL)) tr_fiber_reap(rs);
}

/* Gives the worker up: the Ractor goes on when a worker takes it again, with any of its ready threads. */
static void leave_worker(Fiber *f, int ends) {
    RactorSched *rs = f->ractor->sched;
    tr_coroutine_switch(&f->coroutine, tr_worker_coroutine(rs->worker), ends);
}

/* Lets another Ractor have the worker; the running thread is in a queue. */
static void yield_worker(Fiber *f) {
    leave_worker(f, 0);
    reap(f->ractor->sched);
}

/* The current thread does not run on (it is parked, in a queue, or dead): somebody else does. Comes back when it is its
 * turn again. */
static void switch_away(Fiber *f, int ends) {
    RactorSched *rs = f->ractor->sched;
    ThreadState *s = f->thread->state;
    s->stack_top = __builtin_frame_address(0);
    s->frame_top = (const char *)((uintptr_t)f->frame - TR_FRAME_LINES / 2 * TR_LINE_BYTES);
    ThreadState *next = pick(rs);
    if (!next) {
        leave_worker(f, ends);
    } else if (next == s && !ends) {
        enter(rs, next);
        return;
    } else {
        if (rs->timers.count) publish_deadline(rs, true);
        enter(rs, next);
        tr_coroutine_switch(&f->coroutine, &next->thread->fiber->coroutine, ends);
    }
    reap(f->ractor->sched);
}

/* ---- parking ---- */

static void park(Fiber *f, WaitReason why, Value on, int64_t deadline_ns) {
    ThreadState *s = f->thread->state;
    RactorSched *rs = s->sched;
    s->wait = (uint8_t)why;
    s->wait_on = on;
    s->is_timed_out = false;
    if (deadline_ns != TR_FOREVER) tr_timers_add(&rs->timers, &s->timer, deadline_ns);
    s->run_state = THREAD_PARKED;
    s->slice_used_ns = 0;
    if (!is_anyone_ready(rs) && !atomic_load_explicit(&rs->remote, memory_order_relaxed) && tr_thread_check_deadlock &&
        deadline_ns == TR_FOREVER && rs->timers.count == 0)
        tr_thread_check_deadlock(f);
    switch_away(f, 0);
    tr_timers_remove(&rs->timers, &s->timer);
    s->wait = WAIT_NONE;
    s->wait_on = TR_NIL;
}

Value tr_thread_park(Fiber *f, WaitReason why, Value on, int64_t deadline_ns) {
    ThreadState *s = f->thread->state;
    if (tr_interrupt_pending(f) || s->is_deferred) {
        Value result = tr_thread_take_interrupts(f, true);
        if (result == TR_RAISED) return result;
    }
    if (s->has_permit) {
        s->has_permit = false;
        return TR_TRUE;
    }
    park(f, why, on, deadline_ns);
    bool is_timed_out = s->is_timed_out;
    if (tr_interrupt_pending(f)) {
        Value result = tr_thread_take_interrupts(f, true);
        if (result == TR_RAISED) return result;
    }
    return tr_bool(!is_timed_out);
}

Value tr_thread_park_uninterruptible(Fiber *f, WaitReason why, Value on, int64_t deadline_ns) {
    ThreadState *s = f->thread->state;
    if (s->has_permit) {
        s->has_permit = false;
        return TR_TRUE;
    }
    s->is_uninterruptible = true;
    park(f, why, on, deadline_ns);
    s->is_uninterruptible = false;
    return tr_bool(!s->is_timed_out);
}

void tr_thread_pass(Fiber *f) {
    RactorSched *rs = f->ractor->sched;
    ThreadState *s = f->thread->state;
    take_in_all(rs);
    if (!is_anyone_ready(rs)) {
        if (!tr_worker_has_others(rs->worker)) return;
        s->run_state = THREAD_READY;
        list_push(&rs->ready, s);
        yield_worker(f);
        return;
    }
    s->run_state = THREAD_READY;
    list_push(&rs->ready, s);
    switch_away(f, 0);
}

void tr_thread_pass_after_io(Fiber *f) {
    if (is_anyone_ready(f->ractor->sched)) tr_thread_pass(f);
}

/* Has the running thread used its quantum up? Counts its time from tick to tick. */
static bool is_slice_over(ThreadState *s, int64_t now) {
    s->slice_used_ns += s->slice_mark_ns ? now - s->slice_mark_ns : quantum_ns < TICK_NS ? quantum_ns / 2 : TICK_NS / 2;
    s->slice_mark_ns = now;
    int64_t quantum = s->priority >= 0 ? quantum_ns << s->priority : quantum_ns >> -s->priority;
    if (s->slice_used_ns < quantum) return false;
    s->slice_used_ns = 0;
    return true;
}

static bool should_leave_worker(RactorSched *rs, int64_t now) {
    if (!tr_worker_has_others(rs->worker)) {
        rs->turn_mark_ns = 0;
        return false;
    }
    if (tr_worker_must_stop()) return true;
    if (rs->turn_mark_ns == 0) rs->turn_mark_ns = now;
    return now - rs->turn_mark_ns >= TURN_NS;
}

void tr_thread_look_again(Thread *thread) {
    atomic_fetch_or_explicit(&thread->interrupt_flags, INTERRUPT_TIMER, memory_order_relaxed);
}

/* What the made schedule says instead of the clock. */
static void look_around_by_schedule(Fiber *f) {
    RactorSched *rs = f->ractor->sched;
    ThreadState *s = f->thread->state;
    if (!tr_schedule_gives_way() && !tr_worker_must_stop()) return;
    s->run_state = THREAD_READY;
    list_push(&rs->ready, s);
    if (tr_worker_has_others(rs->worker)) yield_worker(f);
    else switch_away(f, 0);
}

void tr_thread_look_around(Fiber *f) {
    RactorSched *rs = f->ractor->sched;
    ThreadState *s = f->thread->state;
    tr_worker_looked(rs->worker);
    atomic_fetch_and_explicit(&f->thread->interrupt_flags, ~(uint32_t)INTERRUPT_TIMER, memory_order_relaxed);
    take_in_all(rs);
    if (tr_schedule_is_made()) {
        look_around_by_schedule(f);
        return;
    }
    int64_t now = tr_now_ns();
    bool is_over = is_slice_over(s, now);
    if (should_leave_worker(rs, now)) {
        rs->turn_mark_ns = 0;
        s->run_state = THREAD_READY;
        if (is_over) list_push(&rs->ready, s);
        else list_push_front(&rs->ready, s);
        yield_worker(f);
        return;
    }
    bool is_pressed = rs->woken.first && now >= rs->protect_until_ns;
    if (is_pressed || (is_over && rs->ready.first)) {
        s->run_state = THREAD_READY;
        if (is_over) list_push(&rs->ready, s);
        else list_push_front(&rs->ready, s);
        switch_away(f, 0);
        return;
    }
    if (rs->timers.count) publish_deadline(rs, true);
    if (is_anyone_ready(rs) || tr_worker_has_others(rs->worker)) tr_worker_want_tick(rs->worker);
}

/* ---- life of a thread ---- */

Thread *tr_thread_new(Ractor *ractor) {
    uint64_t serial;
    ThreadSlot *slot = acquire_slot(&serial);
    Thread *thread = &slot->thread;
    ThreadState *s = &slot->state;
    atomic_store_explicit(&thread->interrupt_flags, 0, memory_order_relaxed);
    thread->ractor = ractor;
    thread->fiber = thread->root_fiber = NULL;
    thread->interrupt_mask = 0;
    thread->state = s;
    thread->face = TR_UNDEF;
    memset(s, 0, sizeof *s);
    s->thread = thread;
    s->sched = ractor->sched;
    s->serial = serial;
    s->wait_on = s->pending = s->masks = s->result = s->error = s->name = s->group = s->variables = s->entry = TR_NIL;
    s->arguments = s->path = s->fiber_scheduler = s->last_status = s->locals = s->keywords = TR_NIL;
    s->report_on_exception = 1;
    RactorSched *rs = ractor->sched;
    s->all_link = rs->threads_last;
    *rs->threads_last = s;
    rs->threads_last = &s->all_next;
    rs->thread_count++;
    list_unsettled(s);
    return thread;
}

void tr_thread_start(Thread *thread) {
    ThreadState *s = thread->state;
    s->run_state = THREAD_READY;
    list_push(&s->sched->ready, s);
    if (s->sched->worker) tr_worker_want_tick(s->sched->worker);
}

static void unlist(ThreadState *s) {
    RactorSched *rs = s->sched;
    if (!s->all_link) return;
    *s->all_link = s->all_next;
    if (s->all_next) s->all_next->all_link = s->all_link;
    else rs->threads_last = s->all_link;
    s->all_link = NULL;
    rs->thread_count--;
    unlist_unsettled(s);
}

void tr_thread_bury(Thread *thread) {
    ThreadState *s = thread->state;
    tr_timers_remove(&s->sched->timers, &s->timer);
    list_remove(s);
    s->run_state = THREAD_DEAD;
    s->is_over = true;
    s->joiners = s->joiners_last = NULL;
    atomic_store(&s->is_remote_listed, false);
    thread->fiber = thread->root_fiber = NULL; /* the stacks are never used again: their blocks are lost to the child */
    unlist(s);
    s->sched->published_deadline = 0;
    s->sched->has_more_due = false;
}

void tr_thread_end(Fiber *f) {
    Thread *thread = f->thread;
    ThreadState *s = thread->state;
    RactorSched *rs = s->sched;
    s->run_state = THREAD_DEAD;
    unlist(s);
    thread->fiber = thread->root_fiber = NULL;
    rs->dead_fiber = f;
    switch_away(f, 1);
    TR_UNREACHABLE();
    abort();
}

void tr_thread_free(Thread *thread) {
    ThreadSlot *slot = (ThreadSlot *)thread;
    if (atomic_load(&slot->state.is_remote_listed)) take_in_remote(slot->state.sched);
    unlist(&slot->state);
    lock_slots();
    slot->next_free = free_slots;
    free_slots = slot;
    unlock_slots();
}

/* ---- life of a Ractor ---- */

static void ractor_run(Task *task, Worker *worker) {
    RactorSched *rs = (RactorSched *)task;
    rs->worker = worker;
    rs->turn_mark_ns = 0;
    take_in_all(rs);
    ThreadState *s = pick(rs);
    if (!s) return;
    if (rs->timers.count) publish_deadline(rs, false);
    enter(rs, s);
    tr_coroutine_switch(tr_worker_coroutine(worker), &s->thread->fiber->coroutine, 0);
}

static TaskOutcome ractor_settle(Task *task, Worker *worker) {
    (void)worker;
    RactorSched *rs = (RactorSched *)task;
    tr_fiber_set_current(NULL);
    reap(rs);
    if (rs->release) {
        tr_task_forget(task);
        rs->release(rs->ractor);
        return TASK_ENDED;
    }
    rs->worker = NULL;
    if (is_anyone_ready(rs)) return TASK_READY;
    publish_deadline(rs, false);
    return TASK_PARKED;
}

RactorSched *tr_ractor_sched_new(Ractor *ractor) {
    RactorSched *rs = malloc(sizeof *rs);
    TR_CHECK(rs);
    memset(rs, 0, sizeof *rs);
    rs->ractor = ractor;
    rs->threads_last = &rs->threads;
    rs->published_deadline = TR_NO_DEADLINE;
    tr_task_init(&rs->task, ractor_run, ractor_settle);
    ractor->sched = rs;
    return rs;
}

void tr_ractor_sched_boot(Ractor *ractor, int worker_count) {
    RactorSched *rs = ractor->sched;
    tr_sched_boot(tr_schedule_boot(worker_count), &rs->task);
    rs->worker = tr_worker_current();
    enter(rs, ractor->main_thread->state);
}

void tr_ractor_sched_start(Ractor *ractor) { tr_task_ready(&ractor->sched->task); }

void tr_ractor_sched_end(Fiber *f, void (*release)(Ractor *)) {
    RactorSched *rs = f->ractor->sched;
    rs->release = release;
    f->thread->state->run_state = THREAD_DEAD;
    unlist(f->thread->state);
    f->thread->fiber = f->thread->root_fiber = NULL;
    rs->dead_fiber = f;
    leave_worker(f, 1);
    TR_UNREACHABLE();
    abort();
}

void tr_ractor_sched_free(RactorSched *rs) {
    tr_timers_fini(&rs->timers);
    free(rs);
}
