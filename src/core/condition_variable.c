/* condition_variable.c - Thread::ConditionVariable: wait with a Mutex (or what quacks like one), signal, broadcast.
 *
 * A waiter lists itself before it lets the lock go, so a signal given in between is not lost.
 */
#include "core/core.h"
#include "core/mutex.h"

typedef struct ConditionVariable {
    Data base;
    WaiterList waiters;
} ConditionVariable;

static ConditionVariable *condition_of(Value v) { return (ConditionVariable *)v; }
static void condition_trace(Tracer *tracer, Value v) { tr_waiters_trace(tracer, &((const ConditionVariable *)v)->waiters); }
static const DataType condition_type = {.name = "condvar", .bytes = sizeof(ConditionVariable), .trace = condition_trace};
static MAY_GC Value condition_alloc(Fiber *f, Class *klass) { return (Value)tr_data_alloc(f, &condition_type, klass); }

/* Until the signal, the deadline, an interrupt, or Thread#wakeup. */
static MAY_SWITCH MAY_RAISE Value wait_for_signal(Fiber *f, Waiter *waiter, Value self, int64_t deadline) {
    if (tr_fiber_scheduler(f) != TR_NIL) return tr_waiters_wait_listed(f, waiter, self, WAIT_CONDVAR, deadline);
    ThreadState *s = f->thread->state;
    Value result = TR_TRUE;
    while (!waiter->is_woken && !s->is_woken && result == TR_TRUE) result = tr_thread_park(f, WAIT_CONDVAR, self, deadline);
    if (s->is_woken) waiter->is_woken = true;
    s->is_woken = false;
    return result;
}

/* The fast way: our own Mutex. Like Mutex#sleep, but woken by the signal alone. */
static MAY_SWITCH MAY_RAISE Value wait_with_mutex(Fiber *f, Value self, Value mutex, Value timeout) {
    int64_t deadline = TR_FOREVER, start = tr_now_ns();
    if (timeout != TR_NIL && !tr_deadline_from_interval(f, timeout, &deadline)) return TR_RAISED;
    if (!tr_mutex_is_owned((Mutex *)mutex, f)) return tr_mutex_unlock(f, mutex); /* raises, naming the reason */
    WaiterList *list = &condition_of(self)->waiters;
    Waiter waiter = {.fiber = f, .data = TR_NIL};
    tr_waiters_push(list, &waiter);
    tr_write_many(self);
    Value result = tr_mutex_unlock(f, mutex);
    if (result != TR_RAISED) result = wait_for_signal(f, &waiter, self, deadline);
    bool was_signalled = waiter.is_woken;
    tr_waiters_remove(list, &waiter);
    Unwind sent = f->unwind;
    bool is_sent = result == TR_RAISED;
    while (tr_mutex_lock(f, mutex) == TR_RAISED) { /* it goes on with the lock, whatever is sent meanwhile */
        sent = f->unwind;
        is_sent = true;
    }
    if (is_sent) {
        f->unwind = sent;
        if (was_signalled && list->first) (void)!tr_waiters_wake_first(f, list, self); /* the signal is for another one */
        f->unwind = sent;
        return TR_RAISED;
    }
    if (!was_signalled) return TR_NIL;
    return timeout == TR_NIL ? self : TR_FIX((tr_now_ns() - start + 500000000) / 1000000000);
}

/* ConditionVariable#wait(mutex, timeout = nil) -> a true value, nil when the time was over */
static MAY_SWITCH MAY_RAISE Value condition_wait(Fiber *f, Value self, const Args *args) {
    Value mutex = args->argv[0], timeout = args->argc > 1 ? args->argv[1] : TR_NIL;
    if (tr_is_mutex(mutex) && tr_method_is_basic(mutex, TR_ID_sleep)) return wait_with_mutex(f, self, mutex, timeout);
    WaiterList *list = &condition_of(self)->waiters;
    Waiter waiter = {.fiber = f, .data = TR_NIL, .is_sleeper = true};
    tr_waiters_push(list, &waiter);
    tr_write_many(self);
    Value result = tr_call(f, mutex, TR_ID_sleep, 1, timeout);
    tr_waiters_remove(list, &waiter);
    f->thread->state->is_woken = false;
    return result;
}

static MAY_SWITCH MAY_RAISE Value condition_signal(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_waiters_wake_first(f, &condition_of(self)->waiters, self) == TR_RAISED ? TR_RAISED : self;
}

static MAY_SWITCH MAY_RAISE Value condition_broadcast(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_waiters_wake_all(f, &condition_of(self)->waiters, self) == TR_RAISED ? TR_RAISED : self;
}

static MAY_GC MAY_RAISE Value condition_marshal_dump(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_raise(f, tr_class.type_error, "can't dump %pC", tr_real_class_of(self));
}

static const MethodDef condition_methods[] = {
    {"wait", condition_wait, ARITY(1, 2), 0},
    {"signal", condition_signal, ARITY(0, 0), 0},
    {"broadcast", condition_broadcast, ARITY(0, 0), 0},
    {"marshal_dump", condition_marshal_dump, ARITY(0, 0), 0},
    {NULL, NULL, 0, 0, 0},
};
static MAY_SWITCH void condition_init(Fiber *f) {
    int error = tr_method_undef(f, tr_class.condition_variable, TR_ID_initialize_copy) == TR_RAISED;
    TR_CHECK(!error);
    tr_const_define(f, tr_class.object, "ConditionVariable", (Value)tr_class.condition_variable);
}
const ClassDef tr_condition_variable_def = {
    .klass = &tr_class.condition_variable, .methods = condition_methods, .alloc = condition_alloc,
    .instance_type = TYPE_DATA, .init = condition_init,
};
