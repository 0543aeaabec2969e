/* waiters.c - lists of who waits, and times to wait; see waiters.h. */
#include "core/waiters.h"

#include <math.h>

#include "core/core.h"

void tr_waiters_push(WaiterList *list, Waiter *waiter) {
    waiter->next = NULL;
    waiter->prev = list->last;
    if (list->last) list->last->next = waiter;
    else list->first = waiter;
    list->last = waiter;
    waiter->is_listed = true;
}

void tr_waiters_push_front(WaiterList *list, Waiter *waiter) {
    waiter->prev = NULL;
    waiter->next = list->first;
    if (list->first) list->first->prev = waiter;
    else list->last = waiter;
    list->first = waiter;
    waiter->is_listed = true;
}

void tr_waiters_remove(WaiterList *list, Waiter *waiter) {
    if (!waiter->is_listed) return;
    if (waiter->prev) waiter->prev->next = waiter->next;
    else list->first = waiter->next;
    if (waiter->next) waiter->next->prev = waiter->prev;
    else list->last = waiter->prev;
    waiter->is_listed = false;
}

void tr_waiters_trace(Tracer *tracer, const WaiterList *list) {
    for (const Waiter *w = list->first; w; w = w->next) {
        tr_trace(tracer, w->fiber->face);
        tr_trace(tracer, w->data);
    }
}

int tr_waiters_count(const WaiterList *list) {
    int count = 0;
    for (const Waiter *w = list->first; w; w = w->next) count++;
    return count;
}

Value tr_timeout_from_deadline(Fiber *f, int64_t deadline_ns) {
    if (deadline_ns == TR_FOREVER) return TR_NIL;
    int64_t left = deadline_ns - tr_now_ns();
    return tr_float_new(f, left > 0 ? (double)left / 1e9 : 0.0);
}

static MAY_SWITCH MAY_RAISE Value wait_through_scheduler(Fiber *f, Value scheduler, Waiter *waiter, Value owner, int64_t deadline_ns) {
    Value face = tr_fiber_face(f), timeout = tr_timeout_from_deadline(f, deadline_ns);
    while (!waiter->is_woken) {
        Value result = tr_call(f, scheduler, TR_ID_block, 2, owner, timeout);
        if (result == TR_RAISED) return TR_RAISED;
        if (deadline_ns != TR_FOREVER && (!tr_is_truthy(result) || tr_now_ns() >= deadline_ns)) break;
    }
    TR_KEEP(face);
    return tr_bool(waiter->is_woken);
}

Value tr_waiters_wait_listed(Fiber *f, Waiter *waiter, Value owner, WaitReason why, int64_t deadline_ns) {
    Value scheduler = tr_fiber_scheduler(f);
    if (TR_UNLIKELY(scheduler != TR_NIL)) return wait_through_scheduler(f, scheduler, waiter, owner, deadline_ns);
    while (!waiter->is_woken) {
        Value result = tr_thread_park(f, why, owner, deadline_ns);
        if (result == TR_RAISED) return TR_RAISED;
        if (result == TR_FALSE) break;
    }
    return tr_bool(waiter->is_woken);
}

Value tr_waiters_wait(Fiber *f, WaiterList *list, Value owner, WaitReason why, int64_t deadline_ns) {
    Waiter waiter = {.fiber = f, .data = TR_NIL};
    tr_waiters_push(list, &waiter);
    if (tr_is_object(owner)) tr_write_many(owner);
    Value result = tr_waiters_wait_listed(f, &waiter, owner, why, deadline_ns);
    tr_waiters_remove(list, &waiter);
    TR_KEEP(owner);
    return result;
}

Value tr_waiters_wake(Fiber *f, WaiterList *list, Waiter *waiter, Value owner) {
    Fiber *fiber = waiter->fiber;
    tr_waiters_remove(list, waiter);
    waiter->is_woken = true;
    if (TR_UNLIKELY(tr_fiber_scheduler(fiber) != TR_NIL))
        return tr_call(f, fiber->thread->state->fiber_scheduler, TR_ID_unblock, 2, owner, tr_fiber_face(fiber));
    if (waiter->is_sleeper) fiber->thread->state->is_woken = true;
    tr_thread_unpark(fiber->thread);
    return TR_TRUE;
}

Value tr_waiters_wake_first(Fiber *f, WaiterList *list, Value owner) {
    return list->first ? tr_waiters_wake(f, list, list->first, owner) : TR_FALSE;
}

Value tr_waiters_wake_all(Fiber *f, WaiterList *list, Value owner) {
    while (list->first)
        if (tr_waiters_wake(f, list, list->first, owner) == TR_RAISED) return TR_RAISED;
    return TR_NIL;
}

/* ---- times ---- */

static void deadline_in(double seconds, int64_t *deadline_ns) {
    double ns = seconds * 1e9;
    int64_t now = tr_now_ns();
    if (ns >= (double)(INT64_MAX - now - 1)) *deadline_ns = TR_FOREVER;
    else *deadline_ns = now + (int64_t)ns;
}

bool tr_deadline_from_interval(Fiber *f, Value v, int64_t *deadline_ns) {
    double seconds;
    if (tr_is_fixnum(v)) seconds = (double)tr_fixnum(v);
    else if (tr_is_float(v)) seconds = tr_float(v);
    else if (tr_is_bignum(v)) seconds = tr_integer_to_double(v);
    else if (tr_is_type(v, TYPE_RATIONAL)) {
        if (!tr_to_double(f, v, &seconds)) return false;
    } else {
        int responds = tr_is_string(v) || v == TR_NIL ? 0 : tr_responds_to(f, v, tr_intern_cstr("divmod"), false);
        if (responds < 0) return false;
        if (!responds) {
            Value raised = tr_raise(f, tr_class.type_error, "can't convert %pC into time interval", tr_real_class_of(v));
            return raised != TR_RAISED;
        }
        Value parts = tr_call(f, v, tr_intern_cstr("divmod"), 1, TR_FIX(1));
        double fraction;
        if (parts == TR_RAISED || (parts = tr_to_ary(f, parts)) == TR_RAISED) return false;
        if (!tr_to_double(f, tr_array_at(parts, 0), &seconds) || !tr_to_double(f, tr_array_at(parts, 1), &fraction)) return false;
        seconds += fraction;
    }
    if (seconds < 0 || isnan(seconds)) {
        Value raised = tr_raise(f, tr_class.argument_error, "time interval must not be negative");
        return raised != TR_RAISED;
    }
    deadline_in(seconds, deadline_ns);
    return true;
}

bool tr_deadline_from_timeout(Fiber *f, Value v, int64_t *deadline_ns) {
    *deadline_ns = TR_FOREVER;
    if (v == TR_NIL || v == TR_UNDEF) return true;
    double seconds;
    if (tr_is_string(v) || v == TR_TRUE || v == TR_FALSE) {
        const char *what = tr_is_string(v) ? "String" : v == TR_TRUE ? "true" : "false";
        Value raised = tr_raise(f, tr_class.type_error, "no implicit conversion of %s into Float", what);
        return raised != TR_RAISED;
    }
    if (!tr_to_double(f, v, &seconds)) return false;
    deadline_in(seconds > 0 ? seconds : 0, deadline_ns);
    return true;
}
