/* enumerator_external.c - Enumerator as a cursor: next, peek, rewind, feed.
 *
 * `each` runs in a Fiber of its own; its block hands each step's values (an Array) out with Fiber.yield. When
 * `each` has returned, the fiber's last value is a StopIteration with the result, which every later next
 * raises again.
 */
#include "core/enumerator.h"
#include "core/fiber.h"

/* The block that `each` gets in the fiber; data is the enumerator. */
static MAY_SWITCH MAY_RAISE Value hand_out(Fiber *f, Value self, const Args *args) {
    Value values = tr_array_new_from(f, (size_t)args->argc, args->argv);
    if (tr_is_raised(tr_fiber_yield(f, 1, &values))) return TR_RAISED;
    Enumerator *e = tr_enumerator_of(self);
    Value fed = e->fed;
    e->fed = TR_UNDEF;
    return fed == TR_UNDEF ? TR_NIL : fed;
}

static MAY_SWITCH MAY_RAISE Value fiber_body(Fiber *f, Value self, const Args *args) {
    (void)args;
    Value result = tr_call_with_cblock(f, self, TR_ID_each, 0, NULL, hand_out, self);
    if (result == TR_RAISED) return TR_RAISED;
    Enumerator *e = tr_enumerator_of(self);
    Value stop =
        tr_exception_new(f, tr_class.stop_iteration, tr_string_new_cstr(f, "iteration reached an end"));
    tr_write(stop, &((Exception *)stop)->result, result);
    tr_write(self, &e->stop, stop);
    return TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value raise_stop(Fiber *f, Enumerator *e) {
    Exception *first = (Exception *)e->stop;
    Value again = tr_exception_new(f, tr_class.stop_iteration, first->message);
    tr_write(again, &((Exception *)again)->result, first->result);
    return tr_raise_value(f, again);
}

/* The next step's values as an Array, left in `ahead`. */
static MAY_SWITCH MAY_RAISE Value look_ahead(Fiber *f, Value self) {
    Enumerator *e = tr_enumerator_get(f, self);
    if (!e || !tr_check_frozen(f, self)) return TR_RAISED;
    if (e->ahead != TR_UNDEF) return e->ahead;
    if (e->stop != TR_NIL) return raise_stop(f, e);
    if (e->fiber == TR_NIL) {
        Value body = tr_proc_from_c(f, fiber_body, self, 0, -1, false);
        Value made = tr_fiber_object_new(f, tr_class.fiber, body, true);
        if (made == TR_RAISED) return TR_RAISED;
        tr_write(self, &e->fiber, made);
    }
    Value fiber = e->fiber, values = tr_fiber_resume(f, fiber, 0, NULL);
    if (values == TR_RAISED) {
        if (e->fiber == fiber) e->fiber = TR_NIL;
        return TR_RAISED;
    }
    if (e->stop != TR_NIL) {
        e->fiber = TR_NIL;
        return raise_stop(f, e);
    }
    tr_write(self, &e->ahead, values);
    return values;
}

static MAY_SWITCH MAY_RAISE Value enumerator_next_values(Fiber *f, Value self, const Args *args) {
    (void)args;
    Value values = look_ahead(f, self);
    tr_enumerator_of(self)->ahead = TR_UNDEF;
    return values;
}

static MAY_SWITCH MAY_RAISE Value enumerator_next(Fiber *f, Value self, const Args *args) {
    Value values = enumerator_next_values(f, self, args);
    if (values == TR_RAISED || tr_array_count(values) > 1) return values;
    return tr_array_at(values, 0);
}

static MAY_SWITCH MAY_RAISE Value enumerator_peek_values(Fiber *f, Value self, const Args *args) {
    (void)args;
    Value values = look_ahead(f, self);
    return values == TR_RAISED ? values : tr_array_dup(f, values);
}

static MAY_SWITCH MAY_RAISE Value enumerator_peek(Fiber *f, Value self, const Args *args) {
    (void)args;
    Value values = look_ahead(f, self);
    if (values == TR_RAISED || tr_array_count(values) > 1) return values;
    return tr_array_at(values, 0);
}

static MAY_SWITCH MAY_RAISE Value enumerator_rewind(Fiber *f, Value self, const Args *args) {
    (void)args;
    Enumerator *e = tr_enumerator_get(f, self);
    if (!e || !tr_check_frozen(f, self)) return TR_RAISED;
    if (tr_call_if_responds(f, e->receiver, TR_ID_rewind, 0, NULL) == TR_RAISED) return TR_RAISED;
    e->fiber = e->stop = TR_NIL;
    e->ahead = e->fed = TR_UNDEF;
    return self;
}

static MAY_GC MAY_RAISE Value enumerator_feed(Fiber *f, Value self, const Args *args) {
    Enumerator *e = tr_enumerator_get(f, self);
    if (!e || !tr_check_frozen(f, self)) return TR_RAISED;
    if (e->fed != TR_UNDEF) return tr_raise(f, tr_class.type_error, "feed value already set");
    tr_write(self, &e->fed, args->argv[0]);
    return TR_NIL;
}

const MethodDef tr_enumerator_external_methods[] = {
    {"next", enumerator_next, ARITY(0, 0), 0},
    {"next_values", enumerator_next_values, ARITY(0, 0), 0},
    {"peek", enumerator_peek, ARITY(0, 0), 0},
    {"peek_values", enumerator_peek_values, ARITY(0, 0), 0},
    {"rewind", enumerator_rewind, ARITY(0, 0), 0},
    {"feed", enumerator_feed, ARITY(1, 1), 0},
    {NULL, NULL, 0, 0, 0},
};
