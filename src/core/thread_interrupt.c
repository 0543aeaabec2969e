/* thread_interrupt.c - what is sent to a thread: Thread#raise and kill, the masks of handle_interrupt, the safepoint.
 *
 * The pending queue is an Array in order of arrival; the masks are an Array of Hashes (class => timing), the innermost
 * last. At a safepoint the first pending one whose timing allows it is delivered. When the masks hold back all that is
 * there, the PENDING bit is cleared and is_deferred set, so that safepoints cost nothing until a mask goes, something new
 * comes, or the thread blocks.
 *
 * A kill stands in the queue as an Integer, TR_KILL_SIGNAL: handle_interrupt(Integer => :never) defers it.
 */
#include "core/core.h"
#include "core/deadlock.h"
#include "core/exception.h"
#include "core/signal.h"
#include "core/thread.h"
#include "ractor/schedule.h"
#include "vm/interp.h"

enum Timing { TIMING_NONE, TIMING_IMMEDIATE, TIMING_ON_BLOCKING, TIMING_NEVER };

static enum Timing timing_of(Value symbol) {
    if (symbol == tr_value_from_id(TR_ID_immediate)) return TIMING_IMMEDIATE;
    if (symbol == tr_value_from_id(TR_ID_on_blocking)) return TIMING_ON_BLOCKING;
    if (symbol == tr_value_from_id(TR_ID_never)) return TIMING_NEVER;
    return TIMING_NONE;
}

static MAY_SWITCH enum Timing timing_in(Fiber *f, Value mask, Value item) {
    for (Class *k = tr_class_of(item); k; k = atomic_load_explicit(&k->super, memory_order_acquire)) {
        Class *named = k->module && tr_object_type((Value)k) == TYPE_ICLASS ? k->module : k;
        Value symbol = tr_hash_get(f, mask, (Value)named);
        if (symbol == TR_RAISED) return TIMING_NONE;
        if (symbol != TR_UNDEF) return timing_of(symbol);
    }
    return TIMING_NONE;
}

/* The innermost mask that says something about it decides. */
static MAY_SWITCH enum Timing timing_for(Fiber *f, Value item) {
    Value masks = f->thread->state->masks;
    if (masks == TR_NIL) return TIMING_IMMEDIATE;
    for (size_t i = tr_array_count(masks); i-- > 0;) {
        enum Timing timing = timing_in(f, tr_array_at(masks, i), item);
        if (timing != TIMING_NONE) return timing;
    }
    return TIMING_IMMEDIATE;
}

/* Takes the first one out that may be delivered now; TR_UNDEF: none. */
static MAY_SWITCH Value next_deliverable(Fiber *f, bool is_blocking) {
    Value pending = f->thread->state->pending;
    if (pending == TR_NIL) return TR_UNDEF;
    size_t count = tr_array_count(pending);
    for (size_t i = 0; i < count; i++) {
        Value item = tr_array_at(pending, i);
        enum Timing timing = timing_for(f, item);
        if (timing == TIMING_NEVER || (timing == TIMING_ON_BLOCKING && !is_blocking)) continue;
        Array *array = tr_array(pending);
        memmove(array->items + i, array->items + i + 1, (count - i - 1) * sizeof(Value));
        (void)tr_array_pop(pending);
        return item;
    }
    return TR_UNDEF;
}

void tr_thread_take_back(Thread *thread, Value item) {
    Value pending = thread->state->pending;
    if (pending == TR_NIL) return;
    Array *array = tr_array(pending);
    for (size_t i = 0; i < array->count; i++) {
        if (array->items[i] != item) continue;
        memmove(array->items + i, array->items + i + 1, (array->count - i - 1) * sizeof(Value));
        (void)tr_array_pop(pending);
        return;
    }
}

static MAY_SWITCH MAY_RAISE Value start_to_die(Fiber *f) {
    ThreadState *s = f->thread->state;
    if (f->thread == f->ractor->main_thread && tr_ractor_is_main(f->ractor) && !s->is_aborting) {
        Value status[1] = {TR_FIX(0)}; /* killing the main thread ends the program */
        Value error = tr_new(f, tr_class.system_exit, 1, status);
        return error == TR_RAISED ? TR_RAISED : tr_raise_value(f, error);
    }
    s->is_killed = s->is_aborting = true;
    f->unwind = (Unwind){.kind = UNWIND_KILL, .value = TR_NIL, .tag = TR_NIL};
    return TR_RAISED;
}

static MAY_GC MAY_RAISE Value add_pending(Fiber *f, Thread *thread, Value item) {
    ThreadState *s = thread->state;
    if (s->pending == TR_NIL) {
        Value queue = tr_array_new(f, 2);
        tr_thread_write(thread, &s->pending, queue);
    }
    return tr_array_push(f, s->pending, item);
}

/* Timeouts that came due: their exceptions join the queue. */
static MAY_SWITCH MAY_RAISE Value take_in_expired(Fiber *f) {
    ThreadState *s = f->thread->state;
    while (s->expired) {
        ExpiredTimer *expired = s->expired;
        Value (*make)(Fiber *, ExpiredTimer *) = expired->make;
        *expired->link = expired->next;
        if (expired->next) expired->next->link = expired->link;
        expired->link = NULL;
        Value exception = make(f, expired);
        if (exception == TR_RAISED) return TR_RAISED;
        if (add_pending(f, f->thread, exception) == TR_RAISED) return TR_RAISED;
    }
    return TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value deliver(Fiber *f, bool is_blocking) {
    ThreadState *s = f->thread->state;
    if (s->expired && take_in_expired(f) == TR_RAISED) return TR_RAISED;
    if (s->is_condemned && add_pending(f, f->thread, tr_deadlock_condemned(f)) == TR_RAISED) return TR_RAISED;
    Value item = next_deliverable(f, is_blocking);
    if (item == TR_UNDEF) {
        s->is_deferred = s->pending != TR_NIL && tr_array_count(s->pending) > 0;
        return TR_NIL;
    }
    s->is_deferred = tr_array_count(s->pending) > 0; /* the next one waits for a blocking operation or a tick */
    if (item == TR_KILL_SIGNAL || s->is_killed) return start_to_die(f); /* who is dying goes on to die */
    if (!tr_method_is_basic(item, TR_ID_exception)) { /* what is raised is asked once more, here */
        item = tr_call(f, item, TR_ID_exception, 0);
        if (item == TR_RAISED) return TR_RAISED;
        if (!tr_is_type(item, TYPE_EXCEPTION)) return tr_raise(f, tr_class.type_error, "exception object expected");
    }
    return tr_raise_object(f, item);
}

static MAY_SWITCH MAY_RAISE Value take_interrupts(Fiber *f, bool is_blocking) {
    Thread *thread = f->thread;
    ThreadState *s = thread->state;
    if (is_blocking && s->is_deferred) {
        s->is_deferred = false;
        atomic_fetch_or(&thread->interrupt_flags, INTERRUPT_PENDING);
    }
    uint32_t seen = 0; /* a made schedule has had its look; its bit stays for the next safepoint */
    for (;;) {
        uint32_t flags = atomic_load(&thread->interrupt_flags) & ~thread->interrupt_mask & ~seen;
        if (flags == 0) return TR_NIL;
        if (flags & INTERRUPT_TIMER) { /* also how a signal gets our attention */
            tr_signal_look(f);
            tr_thread_look_around(f);
            if (tr_schedule_is_made()) seen = INTERRUPT_TIMER;
            if (s->is_deferred) {
                s->is_deferred = false;
                atomic_fetch_or(&thread->interrupt_flags, INTERRUPT_PENDING);
            }
        } else if (flags & INTERRUPT_VM_BARRIER) {
            atomic_fetch_and(&thread->interrupt_flags, ~(uint32_t)INTERRUPT_VM_BARRIER);
            tr_thread_look_around(f);
        } else if (flags & INTERRUPT_TRAP) {
            atomic_fetch_and(&thread->interrupt_flags, ~(uint32_t)INTERRUPT_TRAP);
            if (tr_signal_run_handlers(f) == TR_RAISED) return TR_RAISED;
        } else if (flags & INTERRUPT_POSTPONED_JOB) {
            atomic_fetch_and(&thread->interrupt_flags, ~(uint32_t)INTERRUPT_POSTPONED_JOB);
            if (tr_postponed_job_hook) tr_postponed_job_hook(f);
        } else if (flags & INTERRUPT_TERMINATE) {
            atomic_fetch_and(&thread->interrupt_flags, ~(uint32_t)INTERRUPT_TERMINATE);
            s->is_killed = s->is_aborting = true;
            f->unwind = (Unwind){.kind = UNWIND_KILL, .value = TR_NIL, .tag = TR_NIL};
            return TR_RAISED;
        } else {
            atomic_fetch_and(&thread->interrupt_flags, ~flags);
            if (deliver(f, is_blocking) == TR_RAISED) return TR_RAISED;
        }
    }
}

void (*tr_postponed_job_hook)(Fiber *f);

Value tr_safepoint_slow(Fiber *f) {
    Value result = take_interrupts(f, false);
    if (tr_schedule_is_made()) tr_thread_look_again(f->thread);
    return result;
}

Value tr_blocking_point(Fiber *f) {
    return tr_interrupt_pending(f) || f->thread->state->is_deferred ? take_interrupts(f, true) : TR_NIL;
}

/* ---- sending ---- */

void tr_thread_post(Fiber *f, Thread *thread, Value item) {
    if (add_pending(f, thread, item) == TR_RAISED) {
        tr_rescue(f, NULL);
        return;
    }
    thread->state->is_deferred = false;
    tr_thread_interrupt(thread, INTERRUPT_PENDING);
}

Value tr_thread_send(Fiber *f, Thread *thread, Value item) {
    if (thread->state->is_over) return TR_NIL;
    if (thread == f->thread && item == TR_KILL_SIGNAL) return start_to_die(f);
    tr_thread_post(f, thread, item);
    return thread == f->thread ? TR_SAFEPOINT(f) : TR_NIL; /* handle_interrupt may hold it back */
}

static MAY_GC MAY_RAISE Thread *thread_of(Fiber *f, Value v) {
    if (!tr_data_is(v, &tr_thread_type) || !((ThreadObject *)v)->thread) {
        Value raised = tr_raise(f, tr_class.type_error, "wrong argument type %pV (expected VM/thread)", tr_kind_name(f, v));
        return raised == TR_RAISED ? NULL : ((ThreadObject *)v)->thread;
    }
    return ((ThreadObject *)v)->thread;
}

Value tr_exception_to_send(Fiber *f, const Args *args) {
    Value exception;
    if (args->argc == 0 && args->keywords == TR_NIL)
        exception = tr_exception_new(f, tr_class.runtime_error, tr_string_new_cstr(f, ""));
    else exception = tr_make_exception(f, args);
    if (exception == TR_RAISED || ((Exception *)exception)->cause != TR_UNDEF) return exception;
    Value cause = tr_current_error(f); /* what is being handled here, not there */
    tr_write(exception, &((Exception *)exception)->cause, cause == exception ? TR_NIL : cause);
    return exception;
}

/* Thread#raise(…) -> nil */
static MAY_SWITCH MAY_RAISE Value thread_raise(Fiber *f, Value self, const Args *args) {
    Thread *thread = thread_of(f, self);
    if (!thread) return TR_RAISED;
    if (thread->state->is_over) return TR_NIL;
    Value exception = tr_exception_to_send(f, args);
    if (exception == TR_RAISED) return TR_RAISED;
    if (tr_thread_send(f, thread, exception) == TR_RAISED) return TR_RAISED;
    return TR_SAFEPOINT(f) == TR_RAISED ? TR_RAISED : TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value kill(Fiber *f, Value v) {
    Thread *thread = thread_of(f, v);
    if (!thread) return TR_RAISED;
    if (thread->state->is_over || (thread->state->is_aborting && thread != f->thread)) return v;
    if (thread == f->ractor->main_thread && tr_ractor_is_main(f->ractor) && thread != f->thread) {
        Value status[1] = {TR_FIX(0)};
        Value error = tr_new(f, tr_class.system_exit, 1, status);
        if (error == TR_RAISED || tr_thread_send(f, thread, error) == TR_RAISED) return TR_RAISED;
        return v;
    }
    return tr_thread_send(f, thread, TR_KILL_SIGNAL) == TR_RAISED ? TR_RAISED : v;
}

static MAY_SWITCH MAY_RAISE Value thread_kill(Fiber *f, Value self, const Args *args) {
    (void)args;
    return kill(f, self);
}
static MAY_SWITCH MAY_RAISE Value thread_s_kill(Fiber *f, Value self, const Args *args) {
    (void)self;
    return kill(f, args->argv[0]);
}
static MAY_SWITCH MAY_RAISE Value thread_s_exit(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return tr_thread_send(f, f->thread, TR_KILL_SIGNAL);
}

/* ---- masks ---- */

static MAY_SWITCH MAY_RAISE Value check_masks(Fiber *f, Value given) {
    Value mask = tr_is_hash(given) ? given : tr_to_hash(f, given);
    if (mask == TR_RAISED) return TR_RAISED;
    Value key, value;
    for (size_t position = 0; tr_hash_next(mask, &position, &key, &value);)
        if (!tr_is_symbol(value) || timing_of(value) == TIMING_NONE)
            return tr_raise(f, tr_class.argument_error, "unknown mask signature");
    return tr_hash_dup(f, mask);
}

/* Masks have changed: what was held back is looked at again. */
static MAY_SWITCH MAY_RAISE Value look_again(Fiber *f) {
    ThreadState *s = f->thread->state;
    if (s->pending == TR_NIL || tr_array_count(s->pending) == 0) return TR_NIL;
    s->is_deferred = false;
    atomic_fetch_or(&f->thread->interrupt_flags, INTERRUPT_PENDING);
    return tr_safepoint_slow(f);
}

/* Thread.handle_interrupt(class => timing, …) { … } */
static MAY_SWITCH MAY_RAISE Value thread_s_handle_interrupt(Fiber *f, Value self, const Args *args) {
    (void)self;
    ThreadState *s = f->thread->state;
    if (!tr_block_is_given(args->block)) return tr_raise(f, tr_class.argument_error, "block is needed.");
    Value mask = check_masks(f, args->argv[0]);
    if (mask == TR_RAISED) return TR_RAISED;
    if (s->masks == TR_NIL) {
        Value masks = tr_array_new(f, 2);
        tr_thread_write(f->thread, &s->masks, masks);
    }
    if (tr_array_push(f, s->masks, mask) == TR_RAISED) return TR_RAISED;
    Value result = look_again(f);
    if (result != TR_RAISED) result = tr_yield(f, args->block, 0, NULL);
    (void)tr_array_pop(s->masks);
    Unwind unwind = f->unwind;
    if (look_again(f) == TR_RAISED) return TR_RAISED;
    f->unwind = unwind;
    return result;
}

static MAY_SWITCH MAY_RAISE Value is_pending(Fiber *f, Thread *thread, const Args *args) {
    Value pending = thread->state->pending;
    if (pending == TR_NIL || tr_array_count(pending) == 0) return TR_FALSE;
    if (args->argc == 0) return TR_TRUE;
    if (!tr_is_module(args->argv[0])) return tr_raise(f, tr_class.type_error, "class or module required for rescue clause");
    for (size_t i = 0; i < tr_array_count(pending); i++)
        if (tr_is_kind_of(tr_array_at(pending, i), (Class *)args->argv[0])) return TR_TRUE;
    return TR_FALSE;
}
static MAY_SWITCH MAY_RAISE Value thread_is_pending(Fiber *f, Value self, const Args *args) {
    Thread *thread = thread_of(f, self);
    return thread ? is_pending(f, thread, args) : TR_RAISED;
}
static MAY_SWITCH MAY_RAISE Value thread_s_is_pending(Fiber *f, Value self, const Args *args) {
    (void)self;
    return is_pending(f, f->thread, args);
}

const MethodDef tr_thread_interrupt_methods[] = {
    {"raise", thread_raise, ARITY(0, 3), METHOD_KEYWORDS},
    {"kill", thread_kill, ARITY(0, 0), 0},
    {"pending_interrupt?", thread_is_pending, ARITY(0, 1), 0},
    {NULL, NULL, 0, 0, 0},
};
const MethodDef tr_thread_interrupt_singleton_methods[] = {
    {"kill", thread_s_kill, ARITY(1, 1), 0},
    {"exit", thread_s_exit, ARITY(0, 0), 0},
    {"handle_interrupt", thread_s_handle_interrupt, ARITY(1, 1), 0},
    {"pending_interrupt?", thread_s_is_pending, ARITY(0, 1), 0},
    {NULL, NULL, 0, 0, 0},
};

void tr_threads_boot(Fiber *f) {
    (void)f;
    tr_thread_take_interrupts = take_interrupts;
}
