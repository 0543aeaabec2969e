/* thread.c - Thread: making, joining, waking, and what it says about itself.
 *
 * The Ruby object owns the thread's struct, which outlives the thread: status, value and error are asked for later. The
 * stacks go when the thread ends. Everything here belongs to one Ractor; only flags and wake-ups come from outside.
 */
#include "core/thread.h"

#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/core.h"
#include "core/deadlock.h"
#include "core/encoding.h"
#include "core/exception.h"
#include "core/fiber_scheduler.h"
#include "core/mutex.h"
#include "vm/fiber_stack.h"

/* Process-wide settings of Thread.report_on_exception= and abort_on_exception=; relaxed. */
static _Atomic bool reports_by_default = true, aborts_by_default;

/* ---- the object ---- */

static ThreadObject *object_of(Value v) { return (ThreadObject *)v; }

static void thread_trace(Tracer *tracer, Value v) {
    const Thread *thread = ((const ThreadObject *)v)->thread;
    if (thread) tr_thread_trace(tracer, thread);
}

static void thread_free(Heap *heap, Value v) {
    (void)heap;
    Thread *thread = object_of(v)->thread;
    if (thread && thread->state->run_state == THREAD_DEAD) tr_thread_free(thread);
}

const DataType tr_thread_type = {.name = "VM/thread", .bytes = sizeof(ThreadObject), .trace = thread_trace, .free = thread_free,
                                 .type = TYPE_THREAD};

static MAY_GC Value thread_alloc(Fiber *f, Class *klass) { return (Value)tr_data_alloc(f, &tr_thread_type, klass); }

Value tr_thread_face(Fiber *f, Thread *thread) {
    if (thread->face != TR_UNDEF) return thread->face;
    ThreadObject *o = object_of(thread_alloc(f, tr_class.thread));
    o->thread = thread;
    thread->face = (Value)o;
    tr_write_many((Value)o);
    return (Value)o;
}

/* The Thread behind self; NULL raised. */
static MAY_GC MAY_RAISE Thread *get_thread(Fiber *f, Value self) {
    Thread *thread = tr_data_is(self, &tr_thread_type) ? object_of(self)->thread : NULL;
    if (TR_LIKELY(thread != NULL)) return thread;
    Value raised = tr_is_type(self, TYPE_THREAD)
                       ? tr_raise(f, tr_class.thread_error, "uninitialized thread - check '%pC#initialize'", tr_real_class_of(self))
                       : tr_raise(f, tr_class.type_error, "wrong argument type %pV (expected VM/thread)", tr_kind_name(f, self));
    return raised == TR_RAISED ? NULL : thread;
}

static bool is_alive(const Thread *thread) { return !thread->state->is_over; }

/* ---- the end ---- */

void tr_thread_report(Fiber *f, Value exception) {
    Value text = tr_thread_inspect(f, tr_thread_face(f, f->thread));
    if (text == TR_RAISED) return;
    Value message = tr_exception_full_message(f, exception, false);
    if (message == TR_RAISED ||
        tr_string_append_cstr(f, text, " terminated with exception (report_on_exception is true):\n") == TR_RAISED ||
        tr_string_append(f, text, message) == TR_RAISED) {
        tr_rescue(f, NULL);
        return;
    }
    size_t size = tr_string(text)->size;
    if (size && tr_string(text)->bytes[size - 1] != '\n' && tr_string_append_bytes(f, text, "\n", 1) == TR_RAISED) return;
    if (tr_io_write_stderr(f, text) == TR_RAISED) tr_rescue(f, NULL);
}

static MAY_SWITCH void raise_in_main(Fiber *f, Value exception) {
    Thread *main = f->ractor->main_thread;
    if (main == f->thread) return;
    if (tr_thread_send(f, main, exception) == TR_RAISED) tr_rescue(f, NULL);
}

/* What its last exception means for others. */
static MAY_SWITCH void handle_error(Fiber *f, Value exception) {
    ThreadState *s = f->thread->state;
    tr_thread_write(f->thread, &s->error, exception);
    if (tr_is_kind_of(exception, tr_class.system_exit)) {
        raise_in_main(f, exception);
        return;
    }
    if (s->report_on_exception && !(tr_is_kind_of(exception, tr_class.signal_exception) && f->thread == f->ractor->main_thread))
        tr_thread_report(f, exception);
    if (s->abort_on_exception || atomic_load_explicit(&aborts_by_default, memory_order_relaxed)) raise_in_main(f, exception);
}

void tr_thread_finish(Fiber *f, Value result) {
    Thread *thread = f->thread;
    ThreadState *s = thread->state;
    Unwind unwind = f->unwind;
    f->unwind = (Unwind){.kind = UNWIND_NONE, .value = TR_NIL, .tag = TR_NIL};
    /* It is too late; but what a scheduler's unblock locks is not locked in a trap. */
    thread->interrupt_mask = thread == f->ractor->main_thread ? ~(uint32_t)0 : ~(uint32_t)INTERRUPT_TRAP;
    if (result != TR_RAISED) {
        tr_thread_write(thread, &s->result, result);
        s->is_killed = false; /* an ensure raised, and that was rescued: it lived on */
    }
    else if (unwind.kind == UNWIND_RAISE) handle_error(f, unwind.value);
    else s->is_killed = true;
    tr_mutex_release_all(f, thread);
    tr_thread_write(thread, &s->locals, f->locals);
    s->is_over = true; /* who is woken now finds it dead */
    WaiterList joiners = {s->joiners, s->joiners_last};
    s->joiners = s->joiners_last = NULL;
    while (joiners.first)
        if (tr_waiters_wake_first(f, &joiners, thread->face) == TR_RAISED) tr_rescue(f, NULL);
    s->entry = s->arguments = s->keywords = s->pending = s->masks = TR_NIL;
    s->is_aborting = false;
}

static MAY_SWITCH void run_thread(Fiber *f) {
    ThreadState *s = f->thread->state;
    tr_fiber_vm_init(f);
    Value result = TR_SAFEPOINT(f); /* raised or killed before it began */
    if (result != TR_RAISED) {
        Value arguments = s->arguments;
        int argc = arguments == TR_NIL ? 0 : (int)tr_array_count(arguments);
        result = tr_fiber_run_proc(f, s->entry, TR_UNDEF, argc, argc ? tr_array(arguments)->items : NULL, s->keywords);
        TR_KEEP(arguments);
    }
    if (s->fiber_scheduler != TR_NIL) {
        Unwind unwind = f->unwind;
        if (tr_fiber_scheduler_close(f) == TR_RAISED) result = TR_RAISED;
        else f->unwind = unwind;
    }
    tr_thread_finish(f, result);
    tr_thread_end(f);
}

/* ---- making ---- */

static MAY_GC void inherit(Fiber *f, Thread *thread) {
    const ThreadState *mine = f->thread->state;
    ThreadState *s = thread->state;
    s->group = mine->group; /* nil: the default one, which is made when somebody asks */
    s->priority = mine->priority;
    s->masks = mine->masks == TR_NIL ? TR_NIL : tr_array_dup(f, mine->masks);
    s->report_on_exception = atomic_load_explicit(&reports_by_default, memory_order_relaxed);
}

Value tr_thread_create(Fiber *f, Value object, Value proc, int argc, const Value *argv, Value keywords) {
    Value arguments = argc ? tr_array_new_from(f, (size_t)argc, argv) : TR_NIL;
    Value storage = tr_fiber_inherited_storage(f);
    if (storage == TR_RAISED) return TR_RAISED;
    int line = 0;
    Value path = tr_caller_location(f, &line);
    Thread *thread = tr_thread_new(f->ractor);
    Fiber *root = tr_fiber_alloc(thread, run_thread);
    if (!root) {
        thread->state->run_state = THREAD_DEAD;
        tr_thread_free(thread);
        return tr_raise(f, tr_class.thread_error, "can't create Thread: Resource temporarily unavailable");
    }
    thread->fiber = thread->root_fiber = root;
    root->is_root = root->is_blocking = true;
    root->storage = storage;
    ThreadState *s = thread->state;
    s->entry = proc;
    s->arguments = arguments;
    s->keywords = keywords;
    s->path = path;
    s->line = line;
    thread->face = object;
    object_of(object)->thread = thread;
    inherit(f, thread);
    tr_write_many(object);
    tr_thread_start(thread);
    return object;
}

Value tr_thread_create_c(Fiber *f, CBlockFn fn, Value data) {
    Value proc = tr_proc_from_c(f, fn, data, 0, -1, false);
    return tr_thread_create(f, thread_alloc(f, tr_class.thread), proc, 0, NULL, TR_NIL);
}

void tr_thread_adopt(Thread *thread) {
    thread->root_fiber->is_root = thread->root_fiber->is_blocking = true;
    thread->state->report_on_exception = atomic_load_explicit(&reports_by_default, memory_order_relaxed);
}

/* Thread.new(*arguments) { … } */
static MAY_SWITCH MAY_RAISE Value thread_s_new(Fiber *f, Value self, const Args *args) {
    Value object = thread_alloc(f, (Class *)self);
    Value done = tr_call_full(f, object, TR_ID_initialize, args->argc, args->argv, args->block, args->keywords, false);
    if (done == TR_RAISED) return TR_RAISED;
    if (!object_of(object)->thread)
        return tr_raise(f, tr_class.thread_error, "uninitialized thread - check '%pC#initialize'", (Class *)self);
    return object;
}

static MAY_SWITCH MAY_RAISE Value thread_initialize(Fiber *f, Value self, const Args *args) {
    if (!tr_block_is_given(args->block)) return tr_raise(f, tr_class.thread_error, "must be called with a block");
    if (object_of(self)->thread) {
        const ThreadState *s = object_of(self)->thread->state;
        if (!tr_is_string(s->path)) return tr_raise(f, tr_class.thread_error, "already initialized thread");
        return tr_raise(f, tr_class.thread_error, "already initialized thread - %s:%d", tr_string(s->path)->bytes, s->line);
    }
    Value proc = tr_block_to_proc(f, args->block);
    if (proc == TR_RAISED) return TR_RAISED;
    return tr_thread_create(f, self, proc, args->argc, args->argv, args->keywords);
}

/* Thread.start: like new, but initialize of a subclass is not called */
static MAY_SWITCH MAY_RAISE Value thread_s_start(Fiber *f, Value self, const Args *args) {
    if (!tr_block_is_given(args->block))
        return tr_raise(f, tr_class.argument_error, "tried to create Proc object without a block");
    Value proc = tr_block_to_proc(f, args->block);
    if (proc == TR_RAISED) return TR_RAISED;
    return tr_thread_create(f, thread_alloc(f, (Class *)self), proc, args->argc, args->argv, args->keywords);
}

/* ---- joining ---- */

Value tr_thread_wait(Fiber *f, Thread *thread, int64_t deadline_ns) {
    ThreadState *s = thread->state;
    if (!is_alive(thread)) return TR_TRUE;
    Waiter waiter = {.fiber = f, .data = TR_NIL};
    WaiterList list = {s->joiners, s->joiners_last};
    tr_waiters_push(&list, &waiter);
    s->joiners = list.first, s->joiners_last = list.last;
    Value face = tr_thread_face(f, thread);
    Value result = TR_NIL;
    bool is_told = false;
    if (deadline_ns == TR_FOREVER) result = tr_deadlock_note_wait(f, WAIT_JOIN, face, thread, &is_told);
    if (result != TR_RAISED) result = tr_waiters_wait_listed(f, &waiter, face, WAIT_JOIN, deadline_ns);
    if (waiter.is_listed) {
        list = (WaiterList){s->joiners, s->joiners_last};
        tr_waiters_remove(&list, &waiter);
        s->joiners = list.first, s->joiners_last = list.last;
    }
    TR_KEEP(face);
    if (result == TR_RAISED) return result;
    return tr_bool(!is_alive(thread));
}

/* self, nil at the deadline, TR_RAISED: also with what ended the thread. */
static MAY_SWITCH MAY_RAISE Value join(Fiber *f, Value self, int64_t deadline_ns) {
    Thread *thread = get_thread(f, self);
    if (!thread) return TR_RAISED;
    if (thread == f->thread) return tr_raise(f, tr_class.thread_error, "Target thread must not be current thread");
    if (thread == f->ractor->main_thread) return tr_raise(f, tr_class.thread_error, "Target thread must not be main thread");
    Value result = tr_thread_wait(f, thread, deadline_ns);
    if (result == TR_RAISED) return TR_RAISED;
    if (result == TR_FALSE) return TR_NIL;
    if (thread->state->error != TR_NIL) return tr_raise_value(f, thread->state->error);
    return self;
}

static MAY_SWITCH MAY_RAISE Value thread_join(Fiber *f, Value self, const Args *args) {
    int64_t deadline = TR_FOREVER;
    if (args->argc > 0 && !tr_deadline_from_timeout(f, args->argv[0], &deadline)) return TR_RAISED;
    return join(f, self, deadline);
}

static MAY_SWITCH MAY_RAISE Value thread_value(Fiber *f, Value self, const Args *args) {
    (void)args;
    if (join(f, self, TR_FOREVER) == TR_RAISED) return TR_RAISED;
    const ThreadState *s = object_of(self)->thread->state;
    return s->is_killed ? TR_NIL : s->result;
}

void tr_threads_terminate_others(Fiber *f) {
    RactorSched *rs = f->ractor->sched;
    for (ThreadState *s = rs->threads; s; s = s->all_next) {
        if (s->thread == f->thread || s->is_over) continue;
        tr_thread_interrupt(s->thread, INTERRUPT_TERMINATE);
    }
    while (rs->threads && (rs->threads->all_next || rs->threads->thread != f->thread)) {
        ThreadState *other = rs->threads->thread == f->thread ? rs->threads->all_next : rs->threads;
        if (other->is_over) tr_thread_pass(f); /* on its way out */
        else if (tr_thread_wait(f, other->thread, TR_FOREVER) == TR_RAISED) tr_rescue(f, NULL);
    }
}

/* ---- what it says about itself ---- */

const char *tr_thread_status_name(const Thread *thread) {
    const ThreadState *s = thread->state;
    if (s->is_over) return "dead";
    if (s->run_state != THREAD_PARKED) return s->is_aborting ? "aborting" : "run";
    if (tr_timer_is_set(&s->timer) || s->wait == WAIT_FD || s->wait == WAIT_PROCESS || s->wait == WAIT_BLOCKING_POOL) return "sleep";
    return "sleep_forever";
}

static MAY_GC MAY_RAISE Value thread_status(Fiber *f, Value self, const Args *args) {
    (void)args;
    Thread *thread = get_thread(f, self);
    if (!thread) return TR_RAISED;
    const ThreadState *s = thread->state;
    if (s->is_over) return s->error != TR_NIL ? TR_NIL : TR_FALSE;
    return tr_string_new_cstr(f, s->run_state == THREAD_PARKED ? "sleep" : s->is_aborting ? "aborting" : "run");
}

static MAY_GC MAY_RAISE Value thread_is_alive(Fiber *f, Value self, const Args *args) {
    (void)args;
    Thread *thread = get_thread(f, self);
    return thread ? tr_bool(is_alive(thread)) : TR_RAISED;
}

static MAY_GC MAY_RAISE Value thread_is_stopped(Fiber *f, Value self, const Args *args) {
    (void)args;
    Thread *thread = get_thread(f, self);
    if (!thread) return TR_RAISED;
    return tr_bool(thread->state->is_over || thread->state->run_state == THREAD_PARKED);
}

/* #<Thread:0x…@name file:line status> */
Value tr_thread_inspect(Fiber *f, Value self) {
    Thread *thread = get_thread(f, self);
    if (!thread) return TR_RAISED;
    const ThreadState *s = thread->state;
    Value text = tr_string_dup(f, tr_any_to_s(f, self));
    tr_string_set_encoding(text, ENCODING_BINARY); /* until a name or a path brings its own */
    if (tr_string_resize(f, text, tr_string(text)->size - 1) == TR_RAISED) return TR_RAISED;
    if (s->name != TR_NIL &&
        (tr_string_append_bytes(f, text, "@", 1) == TR_RAISED || tr_string_append(f, text, s->name) == TR_RAISED))
        return TR_RAISED;
    if (tr_is_string(s->path)) {
        Value place = tr_string_format(f, " %s:%d", tr_string(s->path)->bytes, s->line);
        if (tr_string_append(f, text, place) == TR_RAISED) return TR_RAISED;
    }
    Value status = tr_string_format(f, " %s>", tr_thread_status_name(thread));
    return tr_string_append(f, text, status) == TR_RAISED ? TR_RAISED : text;
}
static MAY_GC MAY_RAISE Value thread_inspect(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_thread_inspect(f, self);
}

static MAY_GC MAY_RAISE Value thread_name(Fiber *f, Value self, const Args *args) {
    (void)args;
    Thread *thread = get_thread(f, self);
    return thread ? thread->state->name : TR_RAISED;
}

static MAY_SWITCH MAY_RAISE Value thread_set_name(Fiber *f, Value self, const Args *args) {
    Thread *thread = get_thread(f, self);
    Value name = args->argv[0];
    if (!thread) return TR_RAISED;
    if (name != TR_NIL) {
        name = tr_to_str(f, name);
        if (name == TR_RAISED) return TR_RAISED;
        int compatible = tr_encoding_is_ascii_compatible(tr_string_encoding(name));
        if (!compatible)
            return tr_raise(f, tr_class.argument_error, "ASCII incompatible encoding (%s)", tr_encodings[tr_string_encoding(name)].name);
        if (!tr_string_cstr(f, &name)) return TR_RAISED;
        name = tr_string_intern(f, name);
    }
    tr_thread_write(thread, &thread->state->name, name);
    return name;
}

static MAY_GC MAY_RAISE Value thread_priority(Fiber *f, Value self, const Args *args) {
    (void)args;
    Thread *thread = get_thread(f, self);
    return thread ? TR_FIX(thread->state->priority) : TR_RAISED;
}

static MAY_SWITCH MAY_RAISE Value thread_set_priority(Fiber *f, Value self, const Args *args) {
    int64_t priority;
    Thread *thread = get_thread(f, self);
    if (!thread || !tr_to_long(f, args->argv[0], &priority)) return TR_RAISED;
    thread->state->priority = (int8_t)(priority > 3 ? 3 : priority < -3 ? -3 : priority);
    return TR_FIX(thread->state->priority);
}

static MAY_GC MAY_RAISE Value thread_group(Fiber *f, Value self, const Args *args) {
    (void)args;
    Thread *thread = get_thread(f, self);
    return thread ? tr_thread_group(f, thread) : TR_RAISED;
}

static MAY_GC MAY_RAISE Value thread_native_id(Fiber *f, Value self, const Args *args) {
    (void)args;
    Thread *thread = get_thread(f, self);
    if (!thread) return TR_RAISED;
    if (!is_alive(thread)) return TR_NIL;
    /* threads share OS threads here; what is asked for is a number that no other thread of the process has */
    return thread == f->ractor->main_thread ? TR_FIX(getpid()) : TR_FIX((int64_t)getpid() << 24 | (int64_t)thread->state->serial);
}

/* ---- flags ---- */

static MAY_GC MAY_RAISE Value thread_report_on_exception(Fiber *f, Value self, const Args *args) {
    (void)args;
    Thread *thread = get_thread(f, self);
    return thread ? tr_bool(thread->state->report_on_exception) : TR_RAISED;
}
static MAY_GC MAY_RAISE Value thread_set_report_on_exception(Fiber *f, Value self, const Args *args) {
    Thread *thread = get_thread(f, self);
    if (!thread) return TR_RAISED;
    thread->state->report_on_exception = tr_is_truthy(args->argv[0]);
    return args->argv[0];
}
static MAY_GC MAY_RAISE Value thread_abort_on_exception(Fiber *f, Value self, const Args *args) {
    (void)args;
    Thread *thread = get_thread(f, self);
    return thread ? tr_bool(thread->state->abort_on_exception) : TR_RAISED;
}
static MAY_GC MAY_RAISE Value thread_set_abort_on_exception(Fiber *f, Value self, const Args *args) {
    Thread *thread = get_thread(f, self);
    if (!thread) return TR_RAISED;
    thread->state->abort_on_exception = tr_is_truthy(args->argv[0]);
    return args->argv[0];
}
static Value thread_s_report_on_exception(Fiber *f, Value self, const Args *args) {
    (void)f, (void)self, (void)args;
    return tr_bool(atomic_load_explicit(&reports_by_default, memory_order_relaxed));
}
static Value thread_s_set_report_on_exception(Fiber *f, Value self, const Args *args) {
    (void)f, (void)self;
    atomic_store_explicit(&reports_by_default, tr_is_truthy(args->argv[0]), memory_order_relaxed);
    return args->argv[0];
}
static Value thread_s_abort_on_exception(Fiber *f, Value self, const Args *args) {
    (void)f, (void)self, (void)args;
    return tr_bool(atomic_load_explicit(&aborts_by_default, memory_order_relaxed));
}
static Value thread_s_set_abort_on_exception(Fiber *f, Value self, const Args *args) {
    (void)f, (void)self;
    atomic_store_explicit(&aborts_by_default, tr_is_truthy(args->argv[0]), memory_order_relaxed);
    return args->argv[0];
}

/* ---- all of them ---- */

static MAY_GC Value thread_s_current(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return tr_thread_face(f, f->thread);
}
static MAY_GC Value thread_s_main(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return tr_thread_face(f, f->ractor->main_thread);
}
static MAY_GC MAY_RAISE Value thread_s_list(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    Value list = tr_array_new(f, f->ractor->sched->thread_count);
    for (ThreadState *s = f->ractor->sched->threads; s; s = s->all_next)
        if (!s->is_over && tr_array_push(f, list, tr_thread_face(f, s->thread)) == TR_RAISED) return TR_RAISED;
    return list;
}

static MAY_SWITCH MAY_RAISE Value thread_s_pass(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    if (tr_fiber_scheduler(f) != TR_NIL && tr_scheduler_call(f, "yield", 0, NULL) == TR_RAISED) return TR_RAISED;
    tr_thread_pass(f);
    return TR_SAFEPOINT(f) == TR_RAISED ? TR_RAISED : TR_NIL;
}

/* ---- places ---- */

/* The part of `list` that (level, size = all) or (range) asks for; nil beyond its end. */
static MAY_SWITCH MAY_RAISE Value part_of(Fiber *f, Value list, const Args *args) {
    if (list == TR_RAISED || args->argc == 0) return list;
    if (args->argc == 1 && tr_is_type(args->argv[0], TYPE_RANGE)) return tr_callv(f, list, TR_ID_aref, 1, args->argv);
    int64_t from, count = (int64_t)tr_array_count(list);
    if (!tr_to_long(f, args->argv[0], &from)) return TR_RAISED;
    if (from < 0) return tr_raise(f, tr_class.argument_error, "negative level (%lld)", (long long)from);
    if (args->argc > 1 && args->argv[1] != TR_NIL && !tr_to_long(f, args->argv[1], &count)) return TR_RAISED;
    if (count < 0) return tr_raise(f, tr_class.argument_error, "negative size (%lld)", (long long)count);
    return tr_call(f, list, TR_ID_aref, 2, TR_FIX(from), TR_FIX(count));
}

static MAY_SWITCH MAY_RAISE Value places(Fiber *f, Value self, const Args *args, Value (*convert)(Fiber *, Value)) {
    Thread *thread = get_thread(f, self);
    if (!thread) return TR_RAISED;
    if (!is_alive(thread)) return TR_NIL;
    return part_of(f, convert(f, tr_backtrace_capture(thread->fiber, 0, -1)), args);
}
static MAY_SWITCH MAY_RAISE Value thread_backtrace(Fiber *f, Value self, const Args *args) {
    return places(f, self, args, tr_backtrace_strings);
}
static MAY_SWITCH MAY_RAISE Value thread_backtrace_locations(Fiber *f, Value self, const Args *args) {
    return places(f, self, args, tr_backtrace_locations);
}

/* Thread.each_caller_location(...) { |location| … }: the arguments are caller_locations' */
static MAY_SWITCH MAY_RAISE Value thread_s_each_caller_location(Fiber *f, Value self, const Args *args) {
    (void)self;
    if (args->keywords != TR_NIL && !tr_keywords(f, args->keywords, NULL, 0, 0, NULL, false)) return TR_RAISED;
    if (tr_need_block(f, args) == TR_RAISED) return TR_RAISED;
    Value list = tr_backtrace_locations(f, tr_backtrace_capture(f, args->argc > 0 ? 1 : 2, -1));
    list = part_of(f, list, args);
    if (list == TR_RAISED) return TR_RAISED;
    if (list == TR_NIL) return TR_NIL;
    for (size_t i = 0; i < tr_array_count(list); i++)
        if (tr_yield1(f, args->block, tr_array_at(list, i)) == TR_RAISED) return TR_RAISED;
    return TR_NIL;
}

static MAY_GC MAY_RAISE Value thread_trace_func(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return tr_raise(f, tr_class.not_implemented_error, "%pI is not supported by Troupe", tr_current_method_id(f));
}

static const MethodDef thread_methods[] = {
    {"initialize", thread_initialize, ARITY_REST(0), METHOD_PRIVATE | METHOD_KEYWORDS},
    {"join", thread_join, ARITY(0, 1), 0},
    {"value", thread_value, ARITY(0, 0), 0},
    {"status", thread_status, ARITY(0, 0), 0},
    {"alive?", thread_is_alive, ARITY(0, 0), 0},
    {"stop?", thread_is_stopped, ARITY(0, 0), 0},
    {"to_s", thread_inspect, ARITY(0, 0), 0},
    {"name", thread_name, ARITY(0, 0), 0},
    {"name=", thread_set_name, ARITY(1, 1), 0},
    {"priority", thread_priority, ARITY(0, 0), 0},
    {"priority=", thread_set_priority, ARITY(1, 1), 0},
    {"group", thread_group, ARITY(0, 0), 0},
    {"native_thread_id", thread_native_id, ARITY(0, 0), 0},
    {"report_on_exception", thread_report_on_exception, ARITY(0, 0), 0},
    {"report_on_exception=", thread_set_report_on_exception, ARITY(1, 1), 0},
    {"abort_on_exception", thread_abort_on_exception, ARITY(0, 0), 0},
    {"abort_on_exception=", thread_set_abort_on_exception, ARITY(1, 1), 0},
    {"backtrace", thread_backtrace, ARITY(0, 2), 0},
    {"backtrace_locations", thread_backtrace_locations, ARITY(0, 2), 0},
    {"set_trace_func", thread_trace_func, ARITY(1, 1), 0},
    {"add_trace_func", thread_trace_func, ARITY(1, 1), 0},
    {NULL, NULL, 0, 0, 0},
};
static const MethodDef thread_singleton_methods[] = {
    {"new", thread_s_new, ARITY_REST(0), METHOD_KEYWORDS},
    {"start", thread_s_start, ARITY_REST(0), METHOD_KEYWORDS},
    {"current", thread_s_current, ARITY(0, 0), 0},
    {"main", thread_s_main, ARITY(0, 0), 0},
    {"list", thread_s_list, ARITY(0, 0), 0},
    {"pass", thread_s_pass, ARITY(0, 0), 0},
    {"each_caller_location", thread_s_each_caller_location, ARITY(0, 2), METHOD_KEYWORDS},
    {"report_on_exception", thread_s_report_on_exception, ARITY(0, 0), 0},
    {"report_on_exception=", thread_s_set_report_on_exception, ARITY(1, 1), 0},
    {"abort_on_exception", thread_s_abort_on_exception, ARITY(0, 0), 0},
    {"abort_on_exception=", thread_s_set_abort_on_exception, ARITY(1, 1), 0},
    {NULL, NULL, 0, 0, 0},
};
static void read_timeslice(void) {
    const char *text = getenv("RUBY_THREAD_TIMESLICE");
    long ms = text ? strtol(text, NULL, 10) : 0;
    if (ms > 0 && ms < 1000000) tr_thread_set_quantum((int64_t)ms * 1000000);
}

static MAY_GC void thread_init(Fiber *f) {
    read_timeslice();
    tr_define_alias(f, tr_class.thread, "inspect", "to_s");
    tr_define_alias(f, tr_singleton_class(f, (Value)tr_class.thread), "fork", "start");
    tr_define_methods(f, tr_class.thread, tr_thread_local_methods);
    tr_define_methods(f, tr_class.thread, tr_thread_interrupt_methods);
    for (const MethodDef *m = tr_thread_interrupt_singleton_methods; m->name; m++)
        tr_define_singleton_method(f, (Value)tr_class.thread, m->name, m->fn, m->min, m->max, m->flags);
    tr_define_alias(f, tr_class.thread, "exit", "kill");
    tr_define_alias(f, tr_class.thread, "terminate", "kill");
}
const ClassDef tr_thread_def = {
    .klass = &tr_class.thread, .methods = thread_methods, .singleton_methods = thread_singleton_methods, .no_alloc = true,
    .instance_type = TYPE_THREAD, .init = thread_init,
};
