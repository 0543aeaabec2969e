/* mutex.c - Thread::Mutex: held by a fiber, waited for in order.
 *
 * An unlock wakes the first waiter but leaves the lock free, so that a thread that locks again and again need not hand over
 * each time; a waiter that finds the lock taken again is given it by the next unlock. So nobody waits for ever, and the
 * order holds.
 *
 * What a thread holds is a list through the mutexes: a thread that ends lets everything go.
 */
#include "core/mutex.h"

#include "core/core.h"
#include "core/deadlock.h"
#include "ractor/parcel_io.h"

static Mutex *mutex_of(Value v) { return (Mutex *)v; }

static void mutex_trace(Tracer *tracer, Value v) { tr_waiters_trace(tracer, &((const Mutex *)v)->waiters); }

static void unlist(Mutex *m) {
    if (!m->held_link) return;
    *m->held_link = m->next_held;
    if (m->next_held) m->next_held->held_link = m->held_link;
    m->held_link = NULL;
}

static void mutex_free(Heap *heap, Value v) {
    (void)heap;
    unlist(mutex_of(v));
}

static const DataType mutex_type = {.name = "mutex", .bytes = sizeof(Mutex), .trace = mutex_trace, .free = mutex_free};

static MAY_GC Value mutex_alloc(Fiber *f, Class *klass) { return (Value)tr_data_alloc(f, &mutex_type, klass); }
Value tr_mutex_new(Fiber *f) { return mutex_alloc(f, tr_class.mutex); }
bool tr_is_mutex(Value v) { return tr_data_is(v, &mutex_type); }

bool tr_mutex_is_owned(const Mutex *m, const Fiber *f) { return m->owner == f && m->owner_serial == f->serial; }

static void take(Mutex *m, Fiber *owner) {
    m->owner = owner;
    m->owner_serial = owner->serial;
    m->thread = owner->thread;
    Mutex **list = &owner->thread->state->mutexes;
    m->next_held = *list;
    if (*list) (*list)->held_link = &m->next_held;
    m->held_link = list;
    *list = m;
}

bool tr_mutex_try_lock(Fiber *f, Value v) {
    Mutex *m = mutex_of(v);
    if (m->owner) return false;
    take(m, f);
    return true;
}

static MAY_SWITCH MAY_RAISE Value wait_for_lock(Fiber *f, Value v) {
    Mutex *m = mutex_of(v);
    if (f->thread->interrupt_mask & INTERRUPT_TRAP)
        return tr_raise(f, tr_class.thread_error, "can't be called from trap context");
    if (tr_mutex_is_owned(m, f)) return tr_raise(f, tr_class.thread_error, "deadlock; recursive locking");
    if (m->owner && m->thread == f->thread && tr_fiber_scheduler(f) == TR_NIL)
        return tr_raise(f, tr_class.thread_error, "deadlock; lock already owned by another fiber belonging to the same thread");
    Waiter waiter = {.fiber = f, .data = TR_NIL};
    tr_waiters_push(&m->waiters, &waiter);
    tr_write_many(v);
    Value result = TR_NIL;
    bool is_told = false;
    for (;;) {
        result = tr_deadlock_note_wait(f, WAIT_MUTEX, v, m->owner ? m->thread : NULL, &is_told);
        if (result == TR_RAISED) break;
        result = tr_waiters_wait_listed(f, &waiter, v, WAIT_MUTEX, TR_FOREVER);
        if (tr_mutex_is_owned(m, f)) break; /* handed over */
        if (result == TR_RAISED) break;
        if (!m->owner) {
            take(m, f);
            break;
        }
        waiter.is_woken = false;
        m->hands_over = true;
        if (!waiter.is_listed) tr_waiters_push_front(&m->waiters, &waiter);
    }
    tr_waiters_remove(&m->waiters, &waiter);
    if (result == TR_RAISED) { /* it came while we were woken, or given the lock: somebody else shall have it */
        Unwind unwind = f->unwind;
        if (tr_mutex_is_owned(m, f)) (void)!tr_mutex_unlock(f, v);
        else if (!m->owner && m->waiters.first) (void)!tr_waiters_wake_first(f, &m->waiters, v);
        f->unwind = unwind;
        return TR_RAISED;
    }
    return v;
}

Value tr_mutex_lock(Fiber *f, Value v) {
    Mutex *m = mutex_of(v);
    if (TR_UNLIKELY(m->owner != NULL || f->thread->interrupt_mask & INTERRUPT_TRAP)) return wait_for_lock(f, v);
    take(m, f);
    return v;
}

static MAY_SWITCH MAY_RAISE Value let_go(Fiber *f, Value v) {
    Mutex *m = mutex_of(v);
    unlist(m);
    m->owner = NULL;
    Waiter *first = m->waiters.first;
    if (TR_LIKELY(!first)) return v;
    if (m->hands_over) {
        m->hands_over = false;
        take(m, first->fiber);
    }
    return tr_waiters_wake_first(f, &m->waiters, v) == TR_RAISED ? TR_RAISED : v;
}

Value tr_mutex_unlock(Fiber *f, Value v) {
    Mutex *m = mutex_of(v);
    if (TR_UNLIKELY(!m->owner)) return tr_raise(f, tr_class.thread_error, "Attempt to unlock a mutex which is not locked");
    if (TR_UNLIKELY(!tr_mutex_is_owned(m, f)))
        return tr_raise(f, tr_class.thread_error, "Attempt to unlock a mutex which is locked by another thread/fiber");
    return let_go(f, v);
}

void tr_mutex_release_all(Fiber *f, Thread *thread) {
    while (thread->state->mutexes) {
        Unwind unwind = f->unwind;
        (void)!let_go(f, (Value)thread->state->mutexes);
        f->unwind = unwind;
    }
}

/* Locks again, whatever is sent meanwhile; that is raised afterwards. */
static MAY_SWITCH MAY_RAISE Value relock(Fiber *f, Value v) {
    Unwind sent = {.kind = UNWIND_NONE};
    while (tr_mutex_lock(f, v) == TR_RAISED) sent = f->unwind;
    if (sent.kind == UNWIND_NONE) return TR_NIL;
    f->unwind = sent;
    return TR_RAISED;
}

MAY_SWITCH MAY_RAISE Value tr_kernel_sleep_until(Fiber *f, int64_t deadline_ns); /* core/thread_sleep.c */

Value tr_mutex_sleep(Fiber *f, Value v, Value seconds) {
    int64_t deadline = TR_FOREVER, start = tr_now_ns();
    if (seconds != TR_NIL && !tr_deadline_from_interval(f, seconds, &deadline)) return TR_RAISED;
    if (tr_mutex_unlock(f, v) == TR_RAISED) return TR_RAISED;
    Value result = tr_kernel_sleep_until(f, deadline);
    Unwind unwind = f->unwind;
    if (relock(f, v) == TR_RAISED) return TR_RAISED;
    f->unwind = unwind;
    if (result == TR_RAISED) return TR_RAISED;
    if (result == TR_FALSE && deadline != TR_FOREVER) return TR_NIL;
    return TR_FIX((tr_now_ns() - start + 500000000) / 1000000000);
}

/* ---- methods ---- */

static MAY_SWITCH MAY_RAISE Value mutex_lock(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_mutex_lock(f, self);
}
static MAY_SWITCH MAY_RAISE Value mutex_unlock(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_mutex_unlock(f, self);
}
static Value mutex_try_lock(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_bool(tr_mutex_try_lock(f, self));
}
static Value mutex_is_locked(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_bool(mutex_of(self)->owner != NULL);
}
static Value mutex_is_owned(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_bool(tr_mutex_is_owned(mutex_of(self), f));
}

/* Mutex#synchronize { … } */
static MAY_SWITCH MAY_RAISE Value mutex_synchronize(Fiber *f, Value self, const Args *args) {
    if (!tr_block_is_given(args->block)) return tr_raise(f, tr_class.thread_error, "must be called with a block");
    if (tr_mutex_lock(f, self) == TR_RAISED) return TR_RAISED;
    Value result = tr_yield(f, args->block, 0, NULL);
    Unwind unwind = f->unwind;
    if (tr_mutex_unlock(f, self) == TR_RAISED) return TR_RAISED; /* the block may have unlocked it */
    f->unwind = unwind;
    return result;
}

/* Mutex#sleep(seconds = nil) -> Integer, nil when the time was over */
static MAY_SWITCH MAY_RAISE Value mutex_sleep(Fiber *f, Value self, const Args *args) {
    return tr_mutex_sleep(f, self, args->argc > 0 ? args->argv[0] : TR_NIL);
}

static const MethodDef mutex_methods[] = {
    {"lock", mutex_lock, ARITY(0, 0), 0},
    {"unlock", mutex_unlock, ARITY(0, 0), 0},
    {"try_lock", mutex_try_lock, ARITY(0, 0), METHOD_LEAF},
    {"locked?", mutex_is_locked, ARITY(0, 0), METHOD_LEAF},
    {"owned?", mutex_is_owned, ARITY(0, 0), METHOD_LEAF},
    {"synchronize", mutex_synchronize, ARITY(0, 0), 0},
    {"sleep", mutex_sleep, ARITY(0, 1), 0},
    {NULL, NULL, 0, 0, 0},
};
static MAY_GC void mutex_init(Fiber *f) {
    tr_const_define(f, tr_class.object, "Mutex", (Value)tr_class.mutex);
    tr_parcel_register_data(&mutex_type, &tr_parcel_fresh);
}
const ClassDef tr_mutex_def = {.klass = &tr_class.mutex, .methods = mutex_methods, .alloc = mutex_alloc,
                               .instance_type = TYPE_DATA, .init = mutex_init};
