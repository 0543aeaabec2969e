/* range.c - Range: construction, bounds, comparison, conversion. What iterates (each, step, reverse_each, …)
 * is in range.rb.
 *
 * A Range of the class itself is frozen from birth; instances of subclasses are not. `begin` is TR_UNDEF
 * between allocate and initialize.
 */
#include <math.h>

#include "core/core.h"
#include "core/integer.h"

#define ARG(i) (args->argv[i])

static inline Range *range(Value v) { return (Range *)v; }

static void trace_range(Tracer *tracer, Value object) {
    tr_trace(tracer, range(object)->begin);
    tr_trace(tracer, range(object)->end);
}

static MAY_GC Value range_alloc(Fiber *f, Class *klass) {
    Range *r = tr_heap_alloc(f, sizeof(Range), TYPE_RANGE, klass);
    r->begin = TR_UNDEF;
    r->end = TR_NIL;
    return (Value)r;
}

/* --- making --- */

/* Whether the two can be the ends of a range: they compare, or one is nil. */
static MAY_SWITCH MAY_RAISE bool check_ends(Fiber *f, Value begin, Value end) {
    if ((tr_is_fixnum(begin) && tr_is_fixnum(end)) || begin == TR_NIL || end == TR_NIL) return true;
    Value order = tr_call(f, begin, TR_ID_cmp, 1, end);
    if (order == TR_RAISED && tr_rescue(f, tr_class.standard_error) == TR_UNDEF) return false;
    if (order == TR_RAISED || order == TR_NIL)
        return !tr_is_raised(tr_raise(f, tr_class.argument_error, "bad value for range"));
    return true;
}

static void fill(Value self, Value begin, Value end, bool excludes_end) {
    Range *r = range(self);
    tr_write(self, &r->begin, begin);
    tr_write(self, &r->end, end);
    r->excludes_end = excludes_end;
    if (tr_real_class_of(self) == tr_class.range) tr_header(self)->flags |= TR_FLAG_FROZEN;
}

Value tr_range_new(Fiber *f, Value begin, Value end, bool excludes_end) {
    if (!check_ends(f, begin, end)) return TR_RAISED;
    Value r = range_alloc(f, tr_class.range);
    fill(r, begin, end, excludes_end);
    return r;
}

static MAY_SWITCH MAY_RAISE Value range_initialize(Fiber *f, Value self, const Args *args) {
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    if (range(self)->begin != TR_UNDEF) return tr_raise(f, tr_class.name_error, "'initialize' called twice");
    if (!check_ends(f, ARG(0), ARG(1))) return TR_RAISED;
    fill(self, ARG(0), ARG(1), args->argc > 2 && tr_is_truthy(ARG(2)));
    return TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value range_initialize_copy(Fiber *f, Value self, const Args *args) {
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    if (range(self)->begin != TR_UNDEF) return tr_raise(f, tr_class.name_error, "'initialize' called twice");
    if (!tr_is_type(ARG(0), TYPE_RANGE))
        return tr_raise(f, tr_class.type_error, "initialize_copy should take same class object");
    Range *from = range(ARG(0));
    fill(self, from->begin, from->end, from->excludes_end);
    return self;
}

/* --- bounds for indexing --- */

static MAY_SWITCH MAY_RAISE int out_of_range(Fiber *f, Value v, int error_mode) {
    if (error_mode == 0) return 0;
    Value text = tr_inspect(f, v);
    if (text == TR_RAISED) return -1;
    (void)!tr_raise(f, tr_class.range_error, "%pV out of range", text);
    return -1;
}

/* error_mode 2: no upper limit (the caller extends), RangeError when the range begins before the start. */
int tr_range_component_bounds(Fiber *f, Value shown, Value begin, Value end, bool excludes_end,
                              int64_t length, int64_t *start, int64_t *count, int error_mode) {
    int64_t from = 0, to = length;
    if (begin != TR_NIL && !tr_to_long(f, begin, &from)) return -1;
    if (end != TR_NIL && !tr_to_long(f, end, &to)) return -1;
    if (from < 0) {
        from += length;
        if (from < 0) return out_of_range(f, shown, error_mode);
    }
    if (end != TR_NIL) {
        if (to < 0) to += length;
        if (!excludes_end) to++;
    }
    if (error_mode != 2) {
        if (from > length) return out_of_range(f, shown, error_mode);
        if (to > length) to = length;
    }
    *start = from;
    *count = to > from ? to - from : 0;
    return 1;
}

int tr_range_bounds(Fiber *f, Value v, int64_t length, int64_t *start, int64_t *count, int error_mode) {
    if (!tr_is_type(v, TYPE_RANGE)) return -2;
    Range *r = range(v);
    return tr_range_component_bounds(f, v, r->begin, r->end, r->excludes_end, length, start, count,
                                     error_mode);
}

/* --- attributes --- */

static Value range_begin(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return range(self)->begin;
}

static Value range_end(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return range(self)->end;
}

static Value range_excludes_end(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_bool(range(self)->excludes_end);
}

static MAY_SWITCH MAY_RAISE Value range_first(Fiber *f, Value self, const Args *args) {
    if (args->argc > 1) return tr_raise_argc(f, args->argc, 1, 1);
    if (range(self)->begin == TR_NIL)
        return tr_raise(f, tr_class.range_error, "cannot get the first element of beginless range");
    if (args->argc == 0) return range(self)->begin;
    int64_t count;
    if (!tr_to_long(f, ARG(0), &count)) return TR_RAISED;
    if (count < 0) return tr_raise(f, tr_class.argument_error, "negative array size (or size too big)");
    return tr_call_super(f, args->argc, args->argv);
}

static MAY_SWITCH MAY_RAISE Value range_last(Fiber *f, Value self, const Args *args) {
    if (args->argc > 1) return tr_raise_argc(f, args->argc, 1, 1);
    Range *r = range(self);
    if (r->end == TR_NIL)
        return tr_raise(f, tr_class.range_error, "cannot get the last element of endless range");
    if (args->argc == 0) return r->end;
    int64_t count;
    if (tr_is_fixnum(r->begin) && tr_is_fixnum(r->end)) {
        if (!tr_to_long(f, ARG(0), &count)) return TR_RAISED;
        if (count < 0) return tr_raise(f, tr_class.argument_error, "negative array size");
        int64_t last = tr_fixnum(r->end) - r->excludes_end, from = tr_fixnum(r->begin);
        if (last - from + 1 > count) from = last - count + 1;
        Value result = tr_array_new(f, 0);
        for (; from <= last; from++)
            if (tr_is_raised(tr_array_push(f, result, tr_value_from_fixnum(from)))) return TR_RAISED;
        return result;
    }
    Value all = tr_call(f, self, TR_ID_to_a, 0);
    return all == TR_RAISED ? TR_RAISED : tr_callv(f, all, TR_ID_last, args->argc, args->argv);
}

/* --- comparison --- */

/* a <=> b as -1, 0, 1; 2 when they do not compare; -2 raised. */
static MAY_SWITCH MAY_RAISE int order_of(Fiber *f, Value a, Value b) {
    if (tr_is_fixnum(a) && tr_is_fixnum(b))
        return tr_fixnum(a) < tr_fixnum(b) ? -1 : tr_fixnum(a) > tr_fixnum(b);
    Value order = tr_call(f, a, TR_ID_cmp, 1, b);
    if (order == TR_RAISED) return -2;
    if (order == TR_NIL) return 2;
    if (tr_is_fixnum(order)) return tr_fixnum(order) < 0 ? -1 : tr_fixnum(order) > 0;
    int sign;
    return tr_compare_strict(f, order, TR_FIX(0), &sign) ? sign : -2;
}

/* Whether begin ≤ v and v ≤ end (or < end); -1 raised. */
static MAY_SWITCH MAY_RAISE int covers(Fiber *f, Value self, Value v) {
    Range *r = range(self);
    if (r->begin != TR_NIL) {
        int order = order_of(f, r->begin, v);
        if (order == -2) return -1;
        if (order > 0) return 0;
    }
    if (r->end != TR_NIL) {
        int order = order_of(f, v, r->end);
        if (order == -2) return -1;
        if (order > 0 || (order == 0 && r->excludes_end)) return 0;
    }
    return 1;
}

static MAY_SWITCH MAY_RAISE int covers_range(Fiber *f, Value self, Value other) {
    Range *r = range(self), *o = range(other);
    if ((r->end != TR_NIL && o->end == TR_NIL) || (r->begin != TR_NIL && o->begin == TR_NIL)) return 0;
    int order;
    if (o->begin != TR_NIL && o->end != TR_NIL) {
        order = order_of(f, o->begin, o->end);
        if (order == -2) return -1;
        if (order > (o->excludes_end ? -1 : 0)) return 0;
    }
    if (o->begin != TR_NIL) {
        int inside = covers(f, self, o->begin);
        if (inside <= 0) return inside;
    }
    if (r->end == TR_NIL) return 1;
    order = order_of(f, r->end, o->end);
    if (order == -2) return -1;
    if (order == 2) return 0;
    if (r->excludes_end == o->excludes_end) return order >= 0;
    if (r->excludes_end) return order > 0;
    if (order >= 0) return 1;
    Value greatest = tr_call(f, other, TR_ID_max, 0);
    if (greatest == TR_RAISED) return tr_rescue(f, tr_class.type_error) == TR_UNDEF ? -1 : 0;
    if (greatest == TR_NIL) return 0;
    order = order_of(f, r->end, greatest);
    return order == -2 ? -1 : order == 0 || order == 1;
}

static MAY_SWITCH MAY_RAISE Value range_cover(Fiber *f, Value self, const Args *args) {
    int answer = tr_is_type(ARG(0), TYPE_RANGE) ? covers_range(f, self, ARG(0)) : covers(f, self, ARG(0));
    return answer < 0 ? TR_RAISED : tr_bool(answer);
}

static MAY_SWITCH MAY_RAISE Value range_eqq(Fiber *f, Value self, const Args *args) {
    int answer = covers(f, self, ARG(0));
    return answer < 0 ? TR_RAISED : tr_bool(answer);
}

static bool is_numeric(Value v) {
    return tr_is_integer(v) || tr_is_float(v) || (tr_is_object(v) && tr_is_kind_of(v, tr_class.numeric));
}

/* Between any two there may be others: include? is cover?. */
static bool is_linear(Value v) {
    return is_numeric(v) || (tr_is_object(v) && tr_is_kind_of(v, tr_class.time));
}

static MAY_SWITCH MAY_RAISE Value range_include(Fiber *f, Value self, const Args *args) {
    Range *r = range(self);
    if (is_linear(r->begin) || is_linear(r->end)) return range_eqq(f, self, args);
    for (int i = 0; i < 2; i++) { /* what converts to an Integer is as good as one */
        Value end = i == 0 ? r->begin : r->end;
        int responds = tr_is_string(end) || end == TR_NIL ? 0 : tr_responds_to(f, end, TR_ID_to_int, false);
        if (responds < 0) return TR_RAISED;
        if (responds) return range_eqq(f, self, args);
    }
    if (tr_is_string(r->begin) || tr_is_string(r->end)) {
        if (tr_is_string(r->begin) && tr_is_string(r->end))
            return tr_call(f, self, tr_intern_cstr("__include_string"), 1, ARG(0));
        if (r->begin == TR_NIL)
            return tr_raise(f, tr_class.type_error, "cannot determine inclusion in beginless/endless ranges");
    }
    if (r->begin == TR_NIL && r->end == TR_NIL && is_numeric(ARG(0))) return TR_TRUE;
    if (r->begin == TR_NIL || r->end == TR_NIL)
        return tr_raise(f, tr_class.type_error, "cannot determine inclusion in beginless/endless ranges");
    return tr_call_super(f, args->argc, args->argv);
}

typedef int (*SameFn)(Fiber *f, Value a, Value b);

static MAY_SWITCH MAY_RAISE Value same_ends(Fiber *f, Value self, Value other, SameFn same) {
    if (self == other) return TR_TRUE;
    if (!tr_is_type(other, TYPE_RANGE)) return TR_FALSE;
    Range *a = range(self), *b = range(other);
    int equal = same(f, a->begin, b->begin);
    if (equal > 0) equal = same(f, a->end, b->end);
    return equal < 0 ? TR_RAISED : tr_bool(equal && a->excludes_end == b->excludes_end);
}

static MAY_SWITCH MAY_RAISE Value equal_guarded(Fiber *f, Value self, Value other, bool is_recursive) {
    return is_recursive ? TR_TRUE : same_ends(f, self, other, tr_equal);
}

static MAY_SWITCH MAY_RAISE Value eql_guarded(Fiber *f, Value self, Value other, bool is_recursive) {
    return is_recursive ? TR_TRUE : same_ends(f, self, other, tr_eql);
}

static MAY_SWITCH MAY_RAISE Value range_equal(Fiber *f, Value self, const Args *args) {
    return tr_recursion_guard(f, TR_ID_eq, self, ARG(0), equal_guarded, ARG(0));
}

static MAY_SWITCH MAY_RAISE Value range_eql(Fiber *f, Value self, const Args *args) {
    return tr_recursion_guard(f, TR_ID_eql_p, self, ARG(0), eql_guarded, ARG(0));
}

static MAY_SWITCH MAY_RAISE Value range_hash(Fiber *f, Value self, const Args *args) {
    (void)args;
    Range *r = range(self);
    uint64_t begin, end;
    if (!tr_hash_of(f, r->begin, &begin) || !tr_hash_of(f, r->end, &end)) return TR_RAISED;
    return tr_value_from_fixnum((int64_t)(tr_hash_mix(tr_hash_mix(begin, end), r->excludes_end) >> 2));
}

static MAY_SWITCH MAY_RAISE int is_empty_range(Fiber *f, Value begin, Value end, bool excludes_end) {
    if (begin == TR_NIL || end == TR_NIL) return 0;
    int order = order_of(f, begin, end);
    return order == -2 ? -1 : order > 0 || (order == 0 && excludes_end);
}

static MAY_SWITCH MAY_RAISE Value range_overlap(Fiber *f, Value self, const Args *args) {
    if (!tr_is_type(ARG(0), TYPE_RANGE))
        return tr_raise(f, tr_class.type_error, "wrong argument type %pC (expected Range)",
                        tr_real_class_of(ARG(0)));
    Range *a = range(self), *b = range(ARG(0));
    Value lower_a = a->begin, upper_a = a->end, lower_b = b->begin, upper_b = b->end;
    int empty = is_empty_range(f, lower_a, upper_b, b->excludes_end);
    if (empty == 0) empty = is_empty_range(f, lower_b, upper_a, a->excludes_end);
    if (empty) return empty < 0 ? TR_RAISED : TR_FALSE;
    if (lower_a != TR_NIL && lower_b != TR_NIL) {
        int order = order_of(f, lower_a, lower_b);
        if (order == -2) return TR_RAISED;
        if (order == 0) {
            empty = is_empty_range(f, lower_a, upper_a, a->excludes_end);
            if (empty == 0) empty = is_empty_range(f, lower_b, upper_b, b->excludes_end);
            return empty < 0 ? TR_RAISED : tr_bool(!empty);
        }
    }
    empty = is_empty_range(f, lower_a, upper_a, a->excludes_end);
    if (empty == 0) empty = is_empty_range(f, lower_b, upper_b, b->excludes_end);
    return empty < 0 ? TR_RAISED : tr_bool(!empty);
}

/* --- extremes --- */

static MAY_SWITCH MAY_RAISE Value range_min(Fiber *f, Value self, const Args *args) {
    if (args->argc > 1) return tr_raise_argc(f, args->argc, 1, 1);
    Range *r = range(self);
    if (r->begin == TR_NIL)
        return tr_raise(f, tr_class.range_error, "cannot get the minimum of beginless range");
    if (tr_block_is_given(args->block)) {
        if (r->end == TR_NIL)
            return tr_raise(f, tr_class.range_error,
                            "cannot get the minimum of endless range with custom comparison method");
        return tr_call_super(f, args->argc, args->argv);
    }
    if (args->argc > 0) return tr_callv(f, self, TR_ID_first, args->argc, args->argv);
    if (r->end == TR_NIL) return r->begin;
    int order = order_of(f, r->begin, r->end);
    if (order == -2) return TR_RAISED;
    return order > 0 || (order == 0 && r->excludes_end) ? TR_NIL : r->begin;
}

static MAY_SWITCH MAY_RAISE Value range_max(Fiber *f, Value self, const Args *args) {
    if (args->argc > 1) return tr_raise_argc(f, args->argc, 1, 1);
    Range *r = range(self);
    if (r->end == TR_NIL) return tr_raise(f, tr_class.range_error, "cannot get the maximum of endless range");
    if (tr_block_is_given(args->block) || args->argc > 0 || (r->excludes_end && !is_numeric(r->end))) {
        if (r->begin == TR_NIL)
            return tr_raise(f, tr_class.range_error,
                            "cannot get the maximum of beginless range with custom comparison method");
        return tr_call_super(f, args->argc, args->argv);
    }
    int order = r->begin == TR_NIL ? -1 : order_of(f, r->begin, r->end);
    if (order == -2) return TR_RAISED;
    if (order > 0) return TR_NIL;
    if (!r->excludes_end) return r->end;
    if (!tr_is_integer(r->end))
        return tr_raise(f, tr_class.type_error, "cannot exclude non Integer end value");
    if (order == 0) return TR_NIL;
    if (r->begin != TR_NIL && !tr_is_integer(r->begin))
        return tr_raise(f, tr_class.type_error, "cannot exclude end value with non Integer begin value");
    return tr_integer_sub(f, r->end, TR_FIX(1));
}

static MAY_SWITCH MAY_RAISE Value range_minmax(Fiber *f, Value self, const Args *args) {
    if (tr_block_is_given(args->block)) {
        if (range(self)->begin == TR_NIL)
            return tr_raise(f, tr_class.range_error,
                            "cannot get the minimum of beginless range with custom comparison method");
        if (range(self)->end == TR_NIL)
            return tr_raise(f, tr_class.range_error,
                            "cannot get the maximum of endless range with custom comparison method");
        return tr_call_super(f, 0, NULL);
    }
    if (range(self)->end == TR_NIL)
        return tr_raise(f, tr_class.range_error, "cannot get the maximum of endless range");
    Value min = tr_call(f, self, TR_ID_min, 0);
    if (min == TR_RAISED) return TR_RAISED;
    Value max = tr_call(f, self, TR_ID_max, 0);
    return max == TR_RAISED ? TR_RAISED : tr_array_new_values(f, 2, min, max);
}

/* --- size --- */

static MAY_SWITCH MAY_RAISE Value infinity(Fiber *f) { return tr_float_new(f, INFINITY); }

/* How many Integers from begin (an Integer) to end (an Integer). */
static MAY_GC MAY_RAISE Value integer_span(Fiber *f, Value begin, Value end, bool excludes_end) {
    Value span = tr_integer_sub(f, end, begin);
    if (span == TR_RAISED) return TR_RAISED;
    if (!excludes_end) span = tr_integer_add(f, span, TR_FIX(1));
    if (span == TR_RAISED) return TR_RAISED;
    return tr_integer_compare(span, TR_FIX(0)) < 0 ? TR_FIX(0) : span;
}

static MAY_GC MAY_RAISE Value cannot_iterate(Fiber *f, Value from) {
    return tr_raise(f, tr_class.type_error, "can't iterate from %pC", tr_real_class_of(from));
}

static MAY_SWITCH MAY_RAISE Value range_size(Fiber *f, Value self, const Args *args) {
    (void)args;
    Range *r = range(self);
    if (tr_is_integer(r->begin)) {
        if (r->end == TR_NIL) return infinity(f);
        if (tr_is_integer(r->end)) return integer_span(f, r->begin, r->end, r->excludes_end);
        if (is_numeric(r->end)) {
            double end;
            if (!tr_to_double(f, r->end, &end)) return TR_RAISED;
            if (isinf(end)) return end > 0 ? infinity(f) : TR_FIX(0);
            Value last = tr_call(f, r->end, TR_ID_floor, 0);
            if (last == TR_RAISED) return TR_RAISED;
            int whole = tr_equal(f, last, r->end);
            if (whole < 0) return TR_RAISED;
            return integer_span(f, r->begin, last, r->excludes_end && whole);
        }
        return TR_NIL;
    }
    if (r->begin == TR_NIL && tr_is_integer(r->end)) return cannot_iterate(f, r->begin);
    if (is_numeric(r->begin) || (r->begin == TR_NIL && is_numeric(r->end)))
        return cannot_iterate(f, r->begin);
    if (r->begin == TR_NIL) return cannot_iterate(f, r->begin);
    int iterable = tr_responds_to(f, r->begin, TR_ID_succ, false);
    if (iterable < 0) return TR_RAISED;
    return iterable ? TR_NIL : cannot_iterate(f, r->begin);
}

static MAY_SWITCH MAY_RAISE Value range_count(Fiber *f, Value self, const Args *args) {
    if (args->argc > 1) return tr_raise_argc(f, args->argc, 1, 1);
    Range *r = range(self);
    if (args->argc > 0 || tr_block_is_given(args->block)) return tr_call_super(f, args->argc, args->argv);
    if (r->begin == TR_NIL || r->end == TR_NIL) return infinity(f);
    if (tr_is_integer(r->begin) && tr_is_integer(r->end)) return range_size(f, self, args);
    return tr_call_super(f, 0, NULL);
}

/* --- conversion --- */

static MAY_SWITCH MAY_RAISE Value range_to_s(Fiber *f, Value self, const Args *args) {
    (void)args;
    Range *r = range(self);
    Value begin = tr_to_s(f, r->begin);
    if (begin == TR_RAISED) return TR_RAISED;
    Value end = tr_to_s(f, r->end);
    if (end == TR_RAISED) return TR_RAISED;
    Value text = tr_string_dup(f, begin);
    if (tr_is_raised(tr_string_append_cstr(f, text, r->excludes_end ? "..." : ".."))) return TR_RAISED;
    return tr_string_append(f, text, end);
}

static MAY_SWITCH MAY_RAISE Value inspect_guarded(Fiber *f, Value self, Value data, bool is_recursive) {
    (void)data;
    Range *r = range(self);
    if (is_recursive) return tr_string_new_cstr(f, r->excludes_end ? "(... ... ...)" : "(... .. ...)");
    Value text = tr_string_new_cstr(f, ""), part;
    if (r->begin != TR_NIL || r->end == TR_NIL) {
        part = tr_inspect(f, r->begin);
        if (part == TR_RAISED || tr_is_raised(tr_string_append(f, text, part))) return TR_RAISED;
    }
    if (tr_is_raised(tr_string_append_cstr(f, text, r->excludes_end ? "..." : ".."))) return TR_RAISED;
    if (r->begin == TR_NIL || r->end != TR_NIL) {
        part = tr_inspect(f, r->end);
        if (part == TR_RAISED || tr_is_raised(tr_string_append(f, text, part))) return TR_RAISED;
    }
    return text;
}

static MAY_SWITCH MAY_RAISE Value range_inspect(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_recursion_guard(f, TR_ID_inspect, self, TR_UNDEF, inspect_guarded, TR_NIL);
}

/* With an end that is no fixnum: too many elements must not be found out one by one. */
static MAY_SWITCH MAY_RAISE Value big_range_to_a(Fiber *f, const Range *r) {
    Value begin = r->begin, count = tr_integer_sub(f, r->end, begin), result = tr_array_new(f, 0);
    if (!r->excludes_end) count = tr_integer_add(f, count, TR_FIX(1));
    if (tr_integer_sign(count) <= 0) return result;
    if (!tr_array_reserve(f, result, tr_is_fixnum(count) ? (size_t)tr_fixnum(count) : SIZE_MAX)) return TR_RAISED;
    for (int64_t i = 0; i < tr_fixnum(count); i++) {
        Value item = tr_integer_add(f, begin, TR_FIX(i));
        if (TR_SAFEPOINT(f) == TR_RAISED || tr_is_raised(tr_array_push(f, result, item))) return TR_RAISED;
    }
    return result;
}

static MAY_SWITCH MAY_RAISE Value range_to_a(Fiber *f, Value self, const Args *args) {
    Range *r = range(self);
    if (r->end == TR_NIL)
        return tr_raise(f, tr_class.range_error, "cannot convert endless range to an array");
    if (tr_is_integer(r->begin) && tr_is_bignum(r->end)) return big_range_to_a(f, r);
    if (!tr_is_fixnum(r->begin) || !tr_is_fixnum(r->end)) return tr_call_super(f, args->argc, args->argv);
    int64_t from = tr_fixnum(r->begin), last = tr_fixnum(r->end) - r->excludes_end;
    Value result = tr_array_new(f, 0);
    if (last >= from && !tr_array_reserve(f, result, (size_t)(last - from + 1))) return TR_RAISED; /* too many: at once */
    for (; from <= last; from++)
        if (TR_SAFEPOINT_EACH(f, from, 1024) == TR_RAISED || tr_is_raised(tr_array_push(f, result, tr_value_from_fixnum(from))))
            return TR_RAISED;
    return result;
}

/* Range.__integers(from, to): both ends included, for each_slice. */
static MAY_SWITCH MAY_RAISE Value range_s_integers(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value from = ARG(0), to = ARG(1);
    Value result = tr_array_new(f, 0);
    while (from != TR_RAISED && tr_integer_compare(from, to) <= 0) {
        if (tr_is_raised(tr_array_push(f, result, from))) return TR_RAISED;
        from = tr_integer_add(f, from, TR_FIX(1));
    }
    return from == TR_RAISED ? TR_RAISED : result;
}

/* --- bsearch --- */

/* What the block says of `v`: -1 look lower, 1 look higher, 0 found in find-any mode, 2 "true, and look
 * lower"; -2 raised. */
static MAY_SWITCH MAY_RAISE int bsearch_step(Fiber *f, Block block, Value v) {
    Value answer = tr_yield1(f, block, v);
    if (answer == TR_RAISED) return -2;
    if (answer == TR_TRUE) return 2;
    if (answer == TR_FALSE || answer == TR_NIL) return 1;
    if (tr_is_fixnum(answer)) return answer == TR_FIX(0) ? 0 : tr_fixnum(answer) < 0 ? -1 : 1;
    if (!is_numeric(answer))
        return (void)!tr_raise(f, tr_class.type_error,
                               "wrong argument type %pC (must be numeric, true, false or nil)",
                               tr_real_class_of(answer)),
               -2;
    int order;
    if (!tr_compare_strict(f, answer, TR_FIX(0), &order)) return -2;
    return order;
}

static MAY_SWITCH MAY_RAISE Value bsearch_integers(Fiber *f, Block block, Value low, Value high,
                                                   bool excludes_end) {
    Value found = TR_NIL;
    if (excludes_end) high = tr_integer_sub(f, high, TR_FIX(1));
    while (tr_integer_compare(low, high) <= 0) {
        Value sum = tr_integer_add(f, low, high);
        if (sum == TR_RAISED) return TR_RAISED;
        Value middle = tr_integer_div(f, sum, TR_FIX(2));
        if (middle == TR_RAISED) return TR_RAISED;
        int step = bsearch_step(f, block, middle);
        if (step == -2) return TR_RAISED;
        if (step == 0) return middle;
        if (step == 2) found = middle;
        if (step == 1) low = tr_integer_add(f, middle, TR_FIX(1));
        else high = tr_integer_sub(f, middle, TR_FIX(1));
        if (low == TR_RAISED || high == TR_RAISED) return TR_RAISED;
    }
    return found;
}

/* No end (or no begin): doubles the distance until the answer lies between, then searches there. */
static MAY_SWITCH MAY_RAISE Value bsearch_open(Fiber *f, Block block, Value from, bool upwards) {
    Value distance = TR_FIX(1), near = from;
    for (;;) {
        Value far = upwards ? tr_integer_add(f, from, distance) : tr_integer_sub(f, from, distance);
        if (far == TR_RAISED) return TR_RAISED;
        int step = bsearch_step(f, block, far);
        if (step == -2) return TR_RAISED;
        if (step == 0) return far;
        if (upwards ? step != 1 : step == 1)
            return upwards ? bsearch_integers(f, block, near, far, false)
                           : bsearch_integers(f, block, far, near, false);
        near = far;
        distance = tr_integer_mul(f, distance, TR_FIX(2));
        if (distance == TR_RAISED) return TR_RAISED;
    }
}

/* Doubles in the order of their values are int64s in order: -0.0 and 0.0 are both 0. */
static int64_t double_to_order(double d) {
    int64_t bits;
    d = d == 0 ? 0.0 : d;
    memcpy(&bits, &d, sizeof bits);
    return bits < 0 ? -(bits & INT64_MAX) : bits;
}

static double double_from_order(int64_t order) {
    int64_t bits = order < 0 ? (-order) | INT64_MIN : order;
    double d;
    memcpy(&d, &bits, sizeof d);
    return d;
}

static MAY_SWITCH MAY_RAISE Value bsearch_doubles(Fiber *f, Block block, double low, double high,
                                                  bool excludes_end) {
    int64_t from = double_to_order(low), to = double_to_order(high) - excludes_end;
    Value found = TR_NIL;
    while (from <= to) {
        int64_t middle = (from < 0) == (to < 0) ? from + (to - from) / 2 : (from + to) / 2;
        Value v = tr_float_new(f, double_from_order(middle));
        int step = bsearch_step(f, block, v);
        if (step == -2) return TR_RAISED;
        if (step == 0) return v;
        if (step == 2) found = v;
        if (step == 1) from = middle + 1;
        else to = middle - 1;
    }
    return found;
}

static MAY_SWITCH MAY_RAISE Value range_bsearch(Fiber *f, Value self, const Args *args) {
    Range *r = range(self);
    if (!tr_block_is_given(args->block)) return tr_enumerator(f, self, args, NULL);
    if (tr_is_float(r->begin) || tr_is_float(r->end)) {
        double low = -INFINITY, high = INFINITY;
        if (r->begin != TR_NIL && !tr_to_double(f, r->begin, &low)) return TR_RAISED;
        if (r->end != TR_NIL && !tr_to_double(f, r->end, &high)) return TR_RAISED;
        return bsearch_doubles(f, args->block, low, high, r->excludes_end && r->end != TR_NIL);
    }
    if (tr_is_integer(r->begin) && tr_is_integer(r->end))
        return bsearch_integers(f, args->block, r->begin, r->end, r->excludes_end);
    if (tr_is_integer(r->begin) && r->end == TR_NIL) return bsearch_open(f, args->block, r->begin, true);
    if (r->begin == TR_NIL && tr_is_integer(r->end)) {
        Value last = r->excludes_end ? tr_integer_sub(f, r->end, TR_FIX(1)) : r->end;
        return last == TR_RAISED ? TR_RAISED : bsearch_open(f, args->block, last, false);
    }
    return tr_raise(f, tr_class.type_error, "can't do binary search for %pC", tr_real_class_of(r->begin));
}

static const MethodDef range_methods[] = {
    {"initialize", range_initialize, ARITY(2, 3), METHOD_PRIVATE},
    {"initialize_copy", range_initialize_copy, ARITY(1, 1), METHOD_PRIVATE},
    {"__begin", range_begin, ARITY(0, 0), METHOD_PRIVATE | METHOD_LEAF},
    {"__end", range_end, ARITY(0, 0), METHOD_PRIVATE | METHOD_LEAF},
    {"__excludes_end", range_excludes_end, ARITY(0, 0), METHOD_PRIVATE | METHOD_LEAF},
    {"begin", range_begin, ARITY(0, 0), METHOD_LEAF},
    {"end", range_end, ARITY(0, 0), METHOD_LEAF},
    {"exclude_end?", range_excludes_end, ARITY(0, 0), METHOD_LEAF},
    {"first", range_first, ARITY_REST(0), 0},
    {"last", range_last, ARITY_REST(0), 0},
    {"==", range_equal, ARITY(1, 1), 0},
    {"eql?", range_eql, ARITY(1, 1), 0},
    {"hash", range_hash, ARITY(0, 0), 0},
    {"===", range_eqq, ARITY(1, 1), 0},
    {"cover?", range_cover, ARITY(1, 1), 0},
    {"include?", range_include, ARITY(1, 1), 0},
    {"member?", range_include, ARITY(1, 1), 0},
    {"overlap?", range_overlap, ARITY(1, 1), 0},
    {"min", range_min, ARITY_REST(0), 0},
    {"max", range_max, ARITY_REST(0), 0},
    {"minmax", range_minmax, ARITY(0, 0), 0},
    {"size", range_size, ARITY(0, 0), 0},
    {"count", range_count, ARITY_REST(0), 0},
    {"to_s", range_to_s, ARITY(0, 0), 0},
    {"inspect", range_inspect, ARITY(0, 0), 0},
    {"to_a", range_to_a, ARITY(0, 0), 0},
    {"entries", range_to_a, ARITY(0, 0), 0},
    {"bsearch", range_bsearch, ARITY(0, 0), 0},
    {NULL, NULL, 0, 0, 0},
};

static const MethodDef range_singleton_methods[] = {
    {"__integers", range_s_integers, ARITY(2, 2), 0},
    {NULL, NULL, 0, 0, 0},
};

static MAY_SWITCH void init_range(Fiber *f) {
    static const HeapType type = {"Range", trace_range, NULL, NULL};
    tr_heap_register_type(TYPE_RANGE, &type);
    if (tr_is_raised(tr_module_include(f, tr_class.range, tr_class.enumerable))) (void)tr_rescue(f, NULL);
}

const ClassDef tr_range_class_def = {
    &tr_class.range, range_methods, range_singleton_methods, range_alloc, false, TYPE_RANGE, init_range,
};
