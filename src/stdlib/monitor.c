/* monitor.c - Monitor: a Mutex that its owner may enter again. MonitorMixin is lib/monitor.rb. */
#include "core/core.h"
#include "core/mutex.h"

typedef struct Monitor {
    Data base;
    Value mutex;
    int64_t count;
} Monitor;

static Monitor *monitor_of(Value v) { return (Monitor *)v; }
static void monitor_trace(Tracer *tracer, Value v) { tr_trace(tracer, ((const Monitor *)v)->mutex); }
static const DataType monitor_type = {.name = "monitor", .bytes = sizeof(Monitor), .trace = monitor_trace};

static MAY_GC Value monitor_alloc(Fiber *f, Class *klass) {
    Value mutex = tr_mutex_new(f);
    Value v = (Value)tr_data_alloc(f, &monitor_type, klass);
    tr_write(v, &monitor_of(v)->mutex, mutex);
    return v;
}

static bool is_owned(Fiber *f, Value self) { return tr_mutex_is_owned((Mutex *)monitor_of(self)->mutex, f); }

static MAY_GC MAY_RAISE Value check_owner(Fiber *f, Value self) {
    return is_owned(f, self) ? TR_NIL : tr_raise(f, tr_class.thread_error, "current fiber not owner");
}

static MAY_SWITCH MAY_RAISE Value enter(Fiber *f, Value self) {
    Monitor *m = monitor_of(self);
    if (!is_owned(f, self)) {
        if (tr_mutex_lock(f, m->mutex) == TR_RAISED) return TR_RAISED;
        m->count = 0;
    }
    m->count++;
    return TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value leave(Fiber *f, Value self) {
    Monitor *m = monitor_of(self);
    if (check_owner(f, self) == TR_RAISED) return TR_RAISED;
    if (--m->count > 0) return TR_NIL;
    return tr_mutex_unlock(f, m->mutex) == TR_RAISED ? TR_RAISED : TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value monitor_enter(Fiber *f, Value self, const Args *args) {
    (void)args;
    return enter(f, self);
}
static MAY_SWITCH MAY_RAISE Value monitor_exit(Fiber *f, Value self, const Args *args) {
    (void)args;
    return leave(f, self);
}
static MAY_SWITCH MAY_RAISE Value monitor_try_enter(Fiber *f, Value self, const Args *args) {
    (void)args;
    Monitor *m = monitor_of(self);
    if (!is_owned(f, self)) {
        if (!tr_mutex_try_lock(f, m->mutex)) return TR_FALSE;
        m->count = 0;
    }
    m->count++;
    return TR_TRUE;
}
static MAY_SWITCH MAY_RAISE Value monitor_synchronize(Fiber *f, Value self, const Args *args) {
    if (enter(f, self) == TR_RAISED) return TR_RAISED;
    Value result = tr_yield(f, args->block, 0, NULL);
    Unwind unwind = f->unwind;
    if (leave(f, self) == TR_RAISED) return TR_RAISED;
    f->unwind = unwind;
    return result;
}
static Value monitor_is_locked(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_bool(((Mutex *)monitor_of(self)->mutex)->owner != NULL);
}
static Value monitor_is_owned(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_bool(is_owned(f, self));
}
static MAY_GC MAY_RAISE Value monitor_check_owner(Fiber *f, Value self, const Args *args) {
    (void)args;
    return check_owner(f, self);
}

/* Monitor#wait_for_cond(condition, timeout) -> true, false when the time was over */
static MAY_SWITCH MAY_RAISE Value monitor_wait_for_cond(Fiber *f, Value self, const Args *args) {
    Monitor *m = monitor_of(self);
    int64_t count = m->count;
    Value result = tr_call(f, args->argv[0], tr_intern_cstr("wait"), 2, m->mutex, args->argv[1]);
    m->count = count;
    return result == TR_RAISED ? TR_RAISED : tr_bool(tr_is_truthy(result));
}

static const MethodDef monitor_methods[] = {
    {"enter", monitor_enter, ARITY(0, 0), 0},
    {"mon_enter", monitor_enter, ARITY(0, 0), 0},
    {"exit", monitor_exit, ARITY(0, 0), 0},
    {"mon_exit", monitor_exit, ARITY(0, 0), 0},
    {"try_enter", monitor_try_enter, ARITY(0, 0), 0},
    {"try_mon_enter", monitor_try_enter, ARITY(0, 0), 0},
    {"mon_try_enter", monitor_try_enter, ARITY(0, 0), 0},
    {"synchronize", monitor_synchronize, ARITY(0, 0), 0},
    {"mon_synchronize", monitor_synchronize, ARITY(0, 0), 0},
    {"mon_locked?", monitor_is_locked, ARITY(0, 0), 0},
    {"mon_owned?", monitor_is_owned, ARITY(0, 0), 0},
    {"mon_check_owner", monitor_check_owner, ARITY(0, 0), 0},
    {"wait_for_cond", monitor_wait_for_cond, ARITY(2, 2), 0},
    {NULL, NULL, 0, 0, 0},
};

MAY_SWITCH Value tr_monitor_init(Fiber *f) {
    Class *monitor = tr_class_define(f, "Monitor", tr_class.object, NULL);
    monitor->alloc = monitor_alloc;
    monitor->instance_type = TYPE_DATA;
    tr_define_methods(f, monitor, monitor_methods);
    return TR_TRUE;
}
