/* comparable.c - Comparable: order by <=>. */
#include "core/core.h"

static MAY_SWITCH MAY_RAISE Value equal_visit(Fiber *f, Value self, Value other, bool is_recursive) {
    if (is_recursive) return TR_FALSE;
    Value order = tr_compare(f, self, other);
    if (order == TR_RAISED) return TR_RAISED;
    return tr_bool(order == TR_FIX(0));
}

static MAY_SWITCH Value comparable_equal(Fiber *f, Value self, const Args *args) {
    if (self == args->argv[0]) return TR_TRUE;
    return tr_recursion_guard(f, TR_ID_eq, self, TR_UNDEF, equal_visit, args->argv[0]);
}

static MAY_SWITCH Value comparable_gt(Fiber *f, Value self, const Args *args) {
    int order;
    return tr_compare_strict(f, self, args->argv[0], &order) ? tr_bool(order > 0) : TR_RAISED;
}

static MAY_SWITCH Value comparable_ge(Fiber *f, Value self, const Args *args) {
    int order;
    return tr_compare_strict(f, self, args->argv[0], &order) ? tr_bool(order >= 0) : TR_RAISED;
}

static MAY_SWITCH Value comparable_lt(Fiber *f, Value self, const Args *args) {
    int order;
    return tr_compare_strict(f, self, args->argv[0], &order) ? tr_bool(order < 0) : TR_RAISED;
}

static MAY_SWITCH Value comparable_le(Fiber *f, Value self, const Args *args) {
    int order;
    return tr_compare_strict(f, self, args->argv[0], &order) ? tr_bool(order <= 0) : TR_RAISED;
}

static MAY_SWITCH Value comparable_between(Fiber *f, Value self, const Args *args) {
    int order;
    if (!tr_compare_strict(f, self, args->argv[0], &order)) return TR_RAISED;
    if (order < 0) return TR_FALSE;
    if (!tr_compare_strict(f, self, args->argv[1], &order)) return TR_RAISED;
    return tr_bool(order <= 0);
}

/* Comparable#clamp(min, max) or clamp(range): nil at either end leaves it open */
static MAY_SWITCH Value comparable_clamp(Fiber *f, Value self, const Args *args) {
    Value min, max;
    int order;
    if (args->argc == 2) {
        min = args->argv[0], max = args->argv[1];
    } else {
        Value v = args->argv[0];
        if (!tr_is_type(v, TYPE_RANGE))
            return tr_raise(f, tr_class.type_error, "wrong argument type %pC (expected Range)", tr_real_class_of(v));
        const Range *range = (const Range *)v;
        min = range->begin, max = range->end;
        if (range->excludes_end && max != TR_NIL)
            return tr_raise(f, tr_class.argument_error, "cannot clamp with an exclusive range");
    }
    if (min != TR_NIL && max != TR_NIL) {
        if (!tr_compare_strict(f, min, max, &order)) return TR_RAISED;
        if (order > 0) return tr_raise(f, tr_class.argument_error, "min argument must be less than or equal to max argument");
    }
    if (min != TR_NIL) {
        if (!tr_compare_strict(f, self, min, &order)) return TR_RAISED;
        if (order == 0) return self;
        if (order < 0) return min;
    }
    if (max != TR_NIL) {
        if (!tr_compare_strict(f, self, max, &order)) return TR_RAISED;
        if (order > 0) return max;
    }
    return self;
}

static const MethodDef comparable_methods[] = {
    {"==", comparable_equal, ARITY(1, 1), 0},
    {">", comparable_gt, ARITY(1, 1), 0},
    {">=", comparable_ge, ARITY(1, 1), 0},
    {"<", comparable_lt, ARITY(1, 1), 0},
    {"<=", comparable_le, ARITY(1, 1), 0},
    {"between?", comparable_between, ARITY(2, 2), 0},
    {"clamp", comparable_clamp, ARITY(1, 2), 0},
    {NULL, NULL, 0, 0, 0},
};
const ClassDef tr_comparable_def = {.klass = &tr_class.comparable, .methods = comparable_methods};
