/* array_access.c - Array: construction, reading elements, searching, comparing, converting. Nothing here
 * changes an array that was there before.
 */
#include "core/array_internal.h"

#define ARG(i) (args->argv[i])

Value tr_array_enum_length(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_value_from_fixnum((int64_t)tr_array_count(self));
}

/* --- construction --- */

static MAY_SWITCH MAY_RAISE Value array_fill_from_block(Fiber *f, Value self, int64_t count, Block block) {
    for (int64_t i = 0; i < count; i++) {
        Value item = tr_yield1(f, block, tr_value_from_fixnum(i));
        if (item == TR_RAISED) return TR_RAISED;
        if (!tr_check_frozen(f, self)) return TR_RAISED;
        if (tr_is_raised(tr_array_store(f, self, i, item))) return TR_RAISED;
    }
    return self;
}

static MAY_SWITCH MAY_RAISE Value array_initialize(Fiber *f, Value self, const Args *args) {
    if (!tr_array_modify(f, self)) return TR_RAISED;
    tr_array(self)->count = 0;
    if (args->argc == 0) {
        if (tr_block_is_given(args->block)) tr_warning(f, "given block not used");
        return self;
    }
    if (args->argc == 1 && !tr_is_fixnum(ARG(0))) {
        Value from = tr_try_convert(f, ARG(0), tr_class.array, TR_ID_to_ary);
        if (from == TR_RAISED) return TR_RAISED;
        if (from != TR_NIL) return tr_array_replace(f, self, from);
    }
    int64_t count;
    if (!tr_to_long(f, ARG(0), &count)) return TR_RAISED;
    if (count < 0) return tr_raise(f, tr_class.argument_error, "negative array size");
    if ((uint64_t)count > ARRAY_COUNT_MAX) return tr_raise(f, tr_class.argument_error, "array size too big");
    if (tr_block_is_given(args->block)) {
        if (args->argc == 2) tr_warn(f, "block supersedes default value argument");
        return array_fill_from_block(f, self, count, args->block);
    }
    if (!tr_array_prepare(f, self, (size_t)count)) return TR_RAISED;
    Array *a = tr_array(self);
    Value item = args->argc == 2 ? ARG(1) : TR_NIL;
    for (int64_t i = 0; i < count; i++) a->items[i] = item;
    a->count = (size_t)count;
    tr_write_many(self);
    return self;
}

static MAY_GC MAY_RAISE Value array_s_create(Fiber *f, Value self, const Args *args) {
    Class *klass = (Class *)self;
    if (klass == tr_class.array) return tr_array_new_from(f, (size_t)args->argc, args->argv);
    if (!klass->alloc) return tr_raise(f, tr_class.type_error, "allocator undefined for %pC", klass);
    Value array = klass->alloc(f, klass);
    return tr_array_append(f, array, args->argv, (size_t)args->argc);
}

static MAY_SWITCH MAY_RAISE Value array_s_try_convert(Fiber *f, Value self, const Args *args) {
    (void)self;
    return tr_try_convert(f, ARG(0), tr_class.array, TR_ID_to_ary);
}

static MAY_SWITCH MAY_RAISE Value array_initialize_copy(Fiber *f, Value self, const Args *args) {
    if (!tr_array_modify(f, self)) return TR_RAISED;
    Value from = tr_to_ary(f, ARG(0));
    return from == TR_RAISED ? TR_RAISED : tr_array_replace(f, self, from);
}

/* --- elements --- */

static MAY_GC Value subsequence(Fiber *f, Value self, int64_t start, int64_t count) {
    int64_t total = (int64_t)tr_array_count(self);
    if (start > total || start < 0 || count < 0) return TR_NIL;
    if (count > total - start) count = total - start;
    return tr_array_sub(f, self, (size_t)start, (size_t)count);
}

static MAY_SWITCH MAY_RAISE Value aref_steps(Fiber *f, Value self, int64_t start, int64_t count,
                                             int64_t step) {
    if (step == 1) return subsequence(f, self, start, count);
    size_t distance = (size_t)(step < 0 ? -step : step);
    size_t taken = ((size_t)count + distance - 1) / distance;
    Value result = tr_array_new(f, taken);
    int64_t at = step < 0 ? start + count - 1 : start;
    for (size_t i = 0; i < taken; i++, at += step)
        if (tr_is_raised(tr_array_push(f, result, tr_array_at(self, (size_t)at)))) return TR_RAISED;
    return result;
}

Value tr_array_aref(Fiber *f, Value array, Value index) {
    int64_t i;
    if (TR_LIKELY(tr_is_fixnum(index))) {
        i = tr_fixnum(index);
    } else {
        int64_t start, count, step;
        int outcome = tr_range_bounds(f, index, (int64_t)tr_array_count(array), &start, &count, 0);
        if (outcome == -1) return TR_RAISED;
        if (outcome == 0) return TR_NIL;
        if (outcome == 1) return subsequence(f, array, start, count);
        outcome =
            tr_arithmetic_sequence_bounds(f, index, (int64_t)tr_array_count(array), &start, &count, &step);
        if (outcome == -1) return TR_RAISED;
        if (outcome == 0) return TR_NIL;
        if (outcome == 1) return aref_steps(f, array, start, count, step);
        if (!tr_to_long(f, index, &i)) return TR_RAISED;
    }
    if (i < 0) i += (int64_t)tr_array_count(array);
    return i < 0 ? TR_NIL : tr_array_at(array, (size_t)i);
}

static MAY_SWITCH MAY_RAISE Value array_aref(Fiber *f, Value self, const Args *args) {
    if (args->argc == 1) return tr_array_aref(f, self, ARG(0));
    int64_t start, count;
    if (!tr_to_long(f, ARG(0), &start) || !tr_to_long(f, ARG(1), &count)) return TR_RAISED;
    if (start < 0) start += (int64_t)tr_array_count(self);
    return subsequence(f, self, start, count);
}

static MAY_SWITCH MAY_RAISE Value array_at(Fiber *f, Value self, const Args *args) {
    int64_t i;
    if (!tr_to_long(f, ARG(0), &i)) return TR_RAISED;
    i = tr_array_wrap_index(self, i);
    return i < 0 ? TR_NIL : tr_array_at(self, (size_t)i);
}

/* For the core library in Ruby: element i (a Fixnum ≥ 0), whatever a subclass makes of [] and size. */
static Value array_item(Fiber *f, Value self, const Args *args) {
    (void)f;
    return tr_array_at(self, (size_t)tr_fixnum(ARG(0)));
}

/* Array.__slice(array, start, count) */
static MAY_GC Value array_s_slice(Fiber *f, Value self, const Args *args) {
    (void)self;
    return subsequence(f, ARG(0), tr_fixnum(ARG(1)), tr_is_fixnum(ARG(2)) ? tr_fixnum(ARG(2)) : INT64_MAX);
}

/* Likewise: puts an element where one is. */
static MAY_GC MAY_RAISE Value array_set_item(Fiber *f, Value self, const Args *args) {
    if (!tr_array_modify(f, self)) return TR_RAISED;
    return tr_array_store(f, self, tr_fixnum(ARG(0)), ARG(1));
}

static MAY_GC MAY_RAISE Value array_check_frozen(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_array_modify(f, self) ? TR_NIL : TR_RAISED;
}

static MAY_GC Value array_s_with_capacity(Fiber *f, Value self, const Args *args) {
    (void)self;
    return tr_array_new(f, (size_t)tr_fixnum(ARG(0)));
}

static MAY_SWITCH MAY_RAISE Value array_s_to_int(Fiber *f, Value self, const Args *args) {
    (void)self;
    return tr_to_int(f, ARG(0));
}

/* The same for what must fit a machine word. */
static MAY_SWITCH MAY_RAISE Value array_s_to_long(Fiber *f, Value self, const Args *args) {
    (void)self;
    int64_t n;
    return tr_to_long(f, ARG(0), &n) ? tr_integer_from_int64(f, n) : TR_RAISED;
}

static Value array_length(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_value_from_fixnum((int64_t)tr_array_count(self));
}

static Value array_is_empty(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_bool(tr_array_count(self) == 0);
}

static MAY_SWITCH MAY_RAISE Value array_fetch(Fiber *f, Value self, const Args *args) {
    int64_t index;
    if (args->argc == 2 && tr_block_is_given(args->block))
        tr_warn(f, "block supersedes default value argument");
    if (!tr_to_long(f, ARG(0), &index)) return TR_RAISED;
    int64_t count = (int64_t)tr_array_count(self), i = index < 0 ? index + count : index;
    if (i >= 0 && i < count) return tr_array_at(self, (size_t)i);
    if (tr_block_is_given(args->block)) return tr_yield1(f, args->block, ARG(0));
    if (args->argc == 2) return ARG(1);
    return tr_raise(f, tr_class.index_error, "index %lld outside of array bounds: %lld...%lld",
                    (long long)index, (long long)-count, (long long)count);
}

static MAY_SWITCH MAY_RAISE Value array_fetch_values(Fiber *f, Value self, const Args *args) {
    Value result = tr_array_new(f, (size_t)args->argc);
    for (int i = 0; i < args->argc; i++) {
        Args one = {1, &ARG(i), args->block, TR_NIL};
        Value item = array_fetch(f, self, &one);
        if (item == TR_RAISED || tr_is_raised(tr_array_push(f, result, item))) return TR_RAISED;
    }
    return result;
}

static MAY_SWITCH MAY_RAISE bool take_count(Fiber *f, Value v, const char *what, int64_t *count) {
    if (!tr_to_long(f, v, count)) return false;
    if (*count < 0) return !tr_is_raised(tr_raise(f, tr_class.argument_error, "%s", what));
    return true;
}

static MAY_SWITCH MAY_RAISE Value array_first(Fiber *f, Value self, const Args *args) {
    if (args->argc == 0) return tr_array_at(self, 0);
    int64_t count;
    if (!take_count(f, ARG(0), "negative array size", &count)) return TR_RAISED;
    return subsequence(f, self, 0, count);
}

static MAY_SWITCH MAY_RAISE Value array_last(Fiber *f, Value self, const Args *args) {
    int64_t total = (int64_t)tr_array_count(self), count;
    if (args->argc == 0) return total ? tr_array_at(self, (size_t)total - 1) : TR_NIL;
    if (!take_count(f, ARG(0), "negative array size", &count)) return TR_RAISED;
    total = (int64_t)tr_array_count(self);
    if (count > total) count = total;
    return subsequence(f, self, total - count, count);
}

static MAY_SWITCH MAY_RAISE Value array_take(Fiber *f, Value self, const Args *args) {
    int64_t count;
    if (!take_count(f, ARG(0), "attempt to take negative size", &count)) return TR_RAISED;
    return subsequence(f, self, 0, count);
}

static MAY_SWITCH MAY_RAISE Value array_drop(Fiber *f, Value self, const Args *args) {
    int64_t count;
    if (!take_count(f, ARG(0), "attempt to drop negative size", &count)) return TR_RAISED;
    Value rest = subsequence(f, self, count, (int64_t)tr_array_count(self));
    return rest == TR_NIL ? tr_array_new(f, 0) : rest;
}

static MAY_SWITCH MAY_RAISE Value array_values_at(Fiber *f, Value self, const Args *args) {
    Value result = tr_array_new(f, (size_t)args->argc);
    for (int i = 0; i < args->argc; i++) {
        int64_t start, count, at;
        int64_t total = (int64_t)tr_array_count(self);
        int outcome = tr_is_fixnum(ARG(i)) ? -2 : tr_range_bounds(f, ARG(i), total, &start, &count, 2);
        if (outcome == -1) return TR_RAISED;
        if (outcome == 0) continue;
        if (outcome == 1) {
            for (int64_t j = start; j < start + count; j++)
                if (tr_is_raised(tr_array_push(f, result, tr_array_at(self, (size_t)j)))) return TR_RAISED;
            continue;
        }
        if (!tr_to_long(f, ARG(i), &at)) return TR_RAISED;
        at = tr_array_wrap_index(self, at);
        if (tr_is_raised(tr_array_push(f, result, at < 0 ? TR_NIL : tr_array_at(self, (size_t)at))))
            return TR_RAISED;
    }
    return result;
}

static MAY_SWITCH MAY_RAISE Value array_dig(Fiber *f, Value self, const Args *args) {
    Value item = array_at(f, self, args);
    return item == TR_RAISED ? TR_RAISED : tr_dig(f, item, args->argc - 1, args->argv + 1);
}

/* The rest of a dig: `object` is what the first key gave. */
Value tr_dig(Fiber *f, Value object, int argc, const Value *argv) {
    for (; argc > 0; argc--, argv++) {
        if (object == TR_NIL) return TR_NIL;
        Id dig = tr_intern_cstr("dig");
        if (tr_is_hash(object) && tr_method_is_basic(object, dig)) {
            object = tr_hash_aref(f, object, *argv);
        } else if (tr_is_array(object) && tr_method_is_basic(object, dig)) {
            Args one = {1, argv, TR_NIL, TR_NIL};
            object = array_at(f, object, &one);
        } else {
            int responds = tr_responds_to(f, object, dig, true);
            if (responds < 0) return TR_RAISED;
            if (!responds)
                return tr_raise(f, tr_class.type_error, "%pC does not have #dig method",
                                tr_real_class_of(object));
            return tr_callv(f, object, dig, argc, argv);
        }
        if (object == TR_RAISED) return TR_RAISED;
    }
    return object;
}

/* --- searching --- */

int tr_array_includes(Fiber *f, Value array, Value item) {
    for (size_t i = 0; i < tr_array_count(array); i++) {
        Value have = tr_array_at(array, i);
        int same = have == item && !tr_is_float(item) ? 1 : tr_equal(f, have, item);
        if (same) return same;
        if (TR_SAFEPOINT_EACH(f, i, 256) == TR_RAISED) return -1;
    }
    return 0;
}

static MAY_SWITCH MAY_RAISE Value array_include(Fiber *f, Value self, const Args *args) {
    int found = tr_array_includes(f, self, ARG(0));
    return found < 0 ? TR_RAISED : tr_bool(found);
}

/* Whether element `item` is what index and its kin look for: the argument, or what the block accepts. */
static MAY_SWITCH MAY_RAISE int is_sought(Fiber *f, Value item, const Args *args) {
    if (tr_interrupt_pending(f) && tr_safepoint_slow(f) == TR_RAISED) return -1;
    if (args->argc > 0) return tr_equal(f, item, ARG(0));
    Value answer = tr_yield1(f, args->block, item);
    return answer == TR_RAISED ? -1 : tr_is_truthy(answer);
}

static MAY_SWITCH MAY_RAISE Value array_index(Fiber *f, Value self, const Args *args) {
    if (args->argc == 0 && !tr_block_is_given(args->block)) return tr_enumerator(f, self, args, NULL);
    if (args->argc > 0 && tr_block_is_given(args->block)) tr_warn(f, "given block not used");
    for (size_t i = 0; i < tr_array_count(self); i++) {
        int found = is_sought(f, tr_array_at(self, i), args);
        if (found < 0) return TR_RAISED;
        if (found) return tr_value_from_fixnum((int64_t)i);
    }
    return TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value array_rindex(Fiber *f, Value self, const Args *args) {
    if (args->argc == 0 && !tr_block_is_given(args->block)) return tr_enumerator(f, self, args, NULL);
    if (args->argc > 0 && tr_block_is_given(args->block)) tr_warn(f, "given block not used");
    for (size_t i = tr_array_count(self); i-- > 0;) {
        int found = is_sought(f, tr_array_at(self, i), args);
        if (found < 0) return TR_RAISED;
        if (found) return tr_value_from_fixnum((int64_t)i);
        if (i > tr_array_count(self)) i = tr_array_count(self);
    }
    return TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value array_count(Fiber *f, Value self, const Args *args) {
    if (args->argc == 0 && !tr_block_is_given(args->block)) return array_length(f, self, args);
    if (args->argc > 0 && tr_block_is_given(args->block)) tr_warn(f, "given block not used");
    int64_t count = 0;
    for (size_t i = 0; i < tr_array_count(self); i++) {
        int found = is_sought(f, tr_array_at(self, i), args);
        if (found < 0) return TR_RAISED;
        count += found;
    }
    return tr_value_from_fixnum(count);
}

static MAY_SWITCH MAY_RAISE Value pair_search(Fiber *f, Value self, Value key, size_t column, bool convert) {
    for (size_t i = 0; i < tr_array_count(self); i++) {
        if (TR_SAFEPOINT_EACH(f, i, 256) == TR_RAISED) return TR_RAISED;
        Value pair = tr_array_at(self, i);
        if (convert) {
            pair = tr_try_convert(f, pair, tr_class.array, TR_ID_to_ary);
            if (pair == TR_RAISED) return TR_RAISED;
        }
        if (!tr_is_array(pair) || tr_array_count(pair) <= column) continue;
        int same = tr_equal(f, tr_array_at(pair, column), key);
        if (same < 0) return TR_RAISED;
        if (same) return pair;
    }
    return TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value array_assoc(Fiber *f, Value self, const Args *args) {
    return pair_search(f, self, ARG(0), 0, true);
}

static MAY_SWITCH MAY_RAISE Value array_rassoc(Fiber *f, Value self, const Args *args) {
    return pair_search(f, self, ARG(0), 1, true);
}

/* --- comparison --- */

static MAY_SWITCH MAY_RAISE Value compare_elements(Fiber *f, Value a, Value b,
                                                   int (*same)(Fiber *, Value, Value)) {
    for (size_t i = 0; i < tr_array_count(a); i++) {
        if (i >= tr_array_count(b)) return TR_FALSE;
        Value x = tr_array_at(a, i), y = tr_array_at(b, i);
        if (x == y && !tr_is_float(x)) continue;
        int equal = same(f, x, y);
        if (equal < 0) return TR_RAISED;
        if (!equal) return TR_FALSE;
    }
    return tr_bool(tr_array_count(a) == tr_array_count(b));
}

static MAY_SWITCH MAY_RAISE Value equal_guarded(Fiber *f, Value a, Value b, bool is_recursive) {
    return is_recursive ? TR_TRUE : compare_elements(f, a, b, tr_equal);
}

static MAY_SWITCH MAY_RAISE Value eql_guarded(Fiber *f, Value a, Value b, bool is_recursive) {
    return is_recursive ? TR_TRUE : compare_elements(f, a, b, tr_eql);
}

/* Whether comparing needs no guard: no element that could contain the array again. */
static bool is_flat(Value array) {
    for (size_t i = 0; i < tr_array_count(array); i++) {
        Value v = tr_array_at(array, i);
        if (tr_is_object(v) && !tr_is_string(v) && !tr_is_float(v)) return false;
    }
    return true;
}

int tr_array_equal(Fiber *f, Value a, Value b) {
    if (a == b) return 1;
    if (tr_array_count(a) != tr_array_count(b)) return 0;
    Value answer = is_flat(a) ? compare_elements(f, a, b, tr_equal)
                              : tr_recursion_guard(f, TR_ID_eq, a, b, equal_guarded, b);
    return answer == TR_RAISED ? -1 : tr_is_truthy(answer);
}

static MAY_SWITCH MAY_RAISE Value array_equal(Fiber *f, Value self, const Args *args) {
    Value other = ARG(0);
    if (self == other) return TR_TRUE;
    if (!tr_is_array(other)) {
        int responds = tr_responds_to(f, other, TR_ID_to_ary, true);
        if (responds <= 0) return responds < 0 ? TR_RAISED : TR_FALSE;
        int same = tr_equal(f, other, self);
        return same < 0 ? TR_RAISED : tr_bool(same);
    }
    int same = tr_array_equal(f, self, other);
    return same < 0 ? TR_RAISED : tr_bool(same);
}

static MAY_SWITCH MAY_RAISE Value array_eql(Fiber *f, Value self, const Args *args) {
    Value other = ARG(0);
    if (self == other) return TR_TRUE;
    if (!tr_is_array(other) || tr_array_count(self) != tr_array_count(other)) return TR_FALSE;
    if (is_flat(self)) return compare_elements(f, self, other, tr_eql);
    return tr_recursion_guard(f, TR_ID_eql_p, self, other, eql_guarded, other);
}

/* A recursive array hashes as its length does: all that is certain to agree for equal ones. */
static MAY_SWITCH MAY_RAISE Value hash_guarded(Fiber *f, Value self, Value data, bool is_recursive) {
    (void)data;
    uint64_t hash = tr_hash_mix(tr_array_count(self), 0x41727261);
    if (!is_recursive) {
        for (size_t i = 0; i < tr_array_count(self); i++) {
            uint64_t item;
            if (!tr_hash_of(f, tr_array_at(self, i), &item)) return TR_RAISED;
            hash = tr_hash_mix(hash, item);
        }
    }
    return tr_value_from_fixnum((int64_t)(hash >> 2));
}

Value tr_array_hash(Fiber *f, Value array) {
    if (is_flat(array)) return hash_guarded(f, array, TR_NIL, false);
    return tr_recursion_guard(f, TR_ID_hash, array, TR_UNDEF, hash_guarded, TR_NIL);
}

static MAY_SWITCH MAY_RAISE Value array_hash(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_array_hash(f, self);
}

static MAY_SWITCH MAY_RAISE Value cmp_guarded(Fiber *f, Value a, Value b, bool is_recursive) {
    if (is_recursive) return TR_NIL;
    for (size_t i = 0; i < tr_array_count(a) && i < tr_array_count(b); i++) {
        Value order = tr_call(f, tr_array_at(a, i), TR_ID_cmp, 1, tr_array_at(b, i));
        if (order != TR_FIX(0)) return order;
    }
    int64_t difference = (int64_t)tr_array_count(a) - (int64_t)tr_array_count(b);
    return TR_FIX(difference < 0 ? -1 : difference > 0);
}

static MAY_SWITCH MAY_RAISE Value array_cmp(Fiber *f, Value self, const Args *args) {
    Value other = tr_try_convert(f, ARG(0), tr_class.array, TR_ID_to_ary);
    if (other == TR_RAISED || other == TR_NIL) return other;
    if (self == other) return TR_FIX(0);
    return tr_recursion_guard(f, TR_ID_cmp, self, other, cmp_guarded, other);
}

/* --- conversion --- */

static MAY_SWITCH MAY_RAISE Value inspect_guarded(Fiber *f, Value self, Value data, bool is_recursive) {
    (void)data;
    if (is_recursive) return tr_string_new_cstr(f, "[...]");
    Value text = tr_string_new_cstr(f, "[");
    for (size_t i = 0; i < tr_array_count(self); i++) {
        if (TR_SAFEPOINT_EACH(f, i, 256) == TR_RAISED) return TR_RAISED;
        if (i > 0 && tr_is_raised(tr_string_append_bytes(f, text, ", ", 2))) return TR_RAISED;
        Value item = tr_inspect(f, tr_array_at(self, i));
        if (item == TR_RAISED || tr_is_raised(tr_string_append(f, text, item))) return TR_RAISED;
    }
    return tr_string_append_bytes(f, text, "]", 1);
}

static MAY_SWITCH MAY_RAISE Value array_inspect(Fiber *f, Value self, const Args *args) {
    (void)args;
    if (tr_array_count(self) == 0) return tr_string_new_ascii(f, "[]");
    return tr_recursion_guard(f, TR_ID_inspect, self, TR_UNDEF, inspect_guarded, TR_NIL);
}

static MAY_SWITCH MAY_RAISE Value join_guarded(Fiber *f, Value self, Value data, bool is_recursive);

/* data: [text, separator, whether something was appended]. */
static MAY_SWITCH MAY_RAISE bool join_into(Fiber *f, Value self, Value data) {
    for (size_t i = 0; i < tr_array_count(self); i++) {
        if (TR_SAFEPOINT_EACH(f, i, 256) == TR_RAISED) return false;
        Value item = tr_array_at(self, i), text = tr_array_at(data, 0), separator = tr_array_at(data, 1);
        if (!tr_is_string(item)) {
            Value list = item;
            if (!tr_is_array(item)) {
                Value string =
                    tr_is_immediate(item) ? TR_NIL : tr_try_convert(f, item, tr_class.string, TR_ID_to_str);
                if (string == TR_RAISED) return false;
                if (string != TR_NIL) {
                    item = string;
                    list = TR_NIL;
                } else {
                    list = tr_is_immediate(item) ? TR_NIL
                                                 : tr_try_convert(f, item, tr_class.array, TR_ID_to_ary);
                    if (list == TR_RAISED) return false;
                    if (list == TR_NIL) item = tr_to_s(f, item);
                    if (item == TR_RAISED) return false;
                }
            }
            if (list != TR_NIL) {
                if (i > 0 && separator != TR_NIL && tr_is_raised(tr_string_append(f, text, separator)))
                    return false;
                if (tr_is_raised(tr_recursion_guard(f, TR_ID_join, list, TR_UNDEF, join_guarded, data)))
                    return false;
                continue;
            }
        }
        if (i > 0 && separator != TR_NIL && tr_is_raised(tr_string_append(f, text, separator))) return false;
        if (tr_array_at(data, 2) == TR_FALSE) { /* the first piece decides the encoding */
            if (tr_string(text)->size == 0) tr_string_set_encoding(text, tr_string_encoding(item));
            tr_array(data)->items[2] = TR_TRUE;
        }
        if (tr_is_raised(tr_string_append(f, text, item))) return false;
    }
    return true;
}

static MAY_SWITCH MAY_RAISE Value join_guarded(Fiber *f, Value self, Value data, bool is_recursive) {
    if (is_recursive) return tr_raise(f, tr_class.argument_error, "recursive array join");
    return join_into(f, self, data) ? TR_NIL : TR_RAISED;
}

Value tr_array_join(Fiber *f, Value array, Value separator) {
    if (separator != TR_NIL) {
        separator = tr_to_str(f, separator);
        if (separator == TR_RAISED) return TR_RAISED;
    }
    if (tr_array_count(array) == 0) return tr_string_new_ascii(f, "");
    Value text = tr_string_new_capacity(f, tr_array_count(array) * 4, ENCODING_US_ASCII);
    Value data = tr_array_new_values(f, 3, text, separator, TR_FALSE);
    if (tr_is_raised(tr_recursion_guard(f, TR_ID_join, array, TR_UNDEF, join_guarded, data)))
        return TR_RAISED;
    return text;
}

static MAY_SWITCH MAY_RAISE Value array_join(Fiber *f, Value self, const Args *args) {
    Value separator = args->argc > 0 ? ARG(0) : TR_NIL;
    if (separator == TR_NIL) {
        separator = tr_global_get(f, tr_intern_cstr("$,"));
        if (separator == TR_RAISED) return TR_RAISED;
        if (separator != TR_NIL) tr_warn(f, "$, is set to non-nil value");
    }
    return tr_array_join(f, self, separator);
}

static MAY_GC MAY_RAISE Value array_to_a(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_real_class_of(self) == tr_class.array ? self : tr_array_dup(f, self);
}

static Value array_itself(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return self;
}

static MAY_SWITCH MAY_RAISE Value array_to_h(Fiber *f, Value self, const Args *args) {
    Value hash = tr_hash_new_capacity(f, tr_array_count(self));
    for (size_t i = 0; i < tr_array_count(self); i++) {
        Value item = tr_array_at(self, i);
        if (tr_block_is_given(args->block)) {
            item = tr_yield1(f, args->block, item);
            if (item == TR_RAISED) return TR_RAISED;
        }
        Value pair = tr_try_convert(f, item, tr_class.array, TR_ID_to_ary);
        if (pair == TR_RAISED) return TR_RAISED;
        if (pair == TR_NIL)
            return tr_raise(f, tr_class.type_error, "wrong element type %pC at %zu (expected array)",
                            tr_real_class_of(item), i);
        if (tr_array_count(pair) != 2)
            return tr_raise(f, tr_class.argument_error, "wrong array length at %zu (expected 2, was %zu)", i,
                            tr_array_count(pair));
        if (tr_is_raised(tr_hash_set(f, hash, tr_array_at(pair, 0), tr_array_at(pair, 1)))) return TR_RAISED;
    }
    return hash;
}

static MAY_GC Value array_freeze(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_freeze(f, self);
}

static MAY_SWITCH MAY_RAISE Value array_pack(Fiber *f, Value self, const Args *args) {
    static Id names[1];
    if (!names[0]) names[0] = tr_intern_cstr("buffer");
    Value buffer;
    if (!tr_keywords(f, args->keywords, names, 0, 1, &buffer, false)) return TR_RAISED;
    return tr_pack(f, self, ARG(0), buffer == TR_UNDEF ? TR_NIL : buffer);
}

const MethodDef tr_array_singleton_methods[] = {
    {"__extremes_by", tr_array_s_extremes_by, ARITY(3, 3), 0},
    {"[]", array_s_create, ARITY_REST(0), 0},
    {"try_convert", array_s_try_convert, ARITY(1, 1), 0},
    {"__with_capacity", array_s_with_capacity, ARITY(1, 1), 0},
    {"__slice", array_s_slice, ARITY(3, 3), 0},
    {"__to_int", array_s_to_int, ARITY(1, 1), 0},
    {"__to_long", array_s_to_long, ARITY(1, 1), 0},
    {NULL, NULL, 0, 0, 0},
};

const MethodDef tr_array_access_methods[] = {
    {"initialize", array_initialize, ARITY(0, 2), METHOD_PRIVATE},
    {"initialize_copy", array_initialize_copy, ARITY(1, 1), METHOD_PRIVATE},
    {"__at", array_item, ARITY(1, 1), METHOD_PRIVATE | METHOD_LEAF},
    {"__set", array_set_item, ARITY(2, 2), METHOD_PRIVATE},
    {"__check_frozen", array_check_frozen, ARITY(0, 0), METHOD_PRIVATE},
    {"__count", array_length, ARITY(0, 0), METHOD_PRIVATE | METHOD_LEAF},
    {"[]", array_aref, ARITY(1, 2), 0},
    {"slice", array_aref, ARITY(1, 2), 0},
    {"at", array_at, ARITY(1, 1), 0},
    {"fetch", array_fetch, ARITY(1, 2), 0},
    {"fetch_values", array_fetch_values, ARITY_REST(0), 0},
    {"first", array_first, ARITY(0, 1), 0},
    {"last", array_last, ARITY(0, 1), 0},
    {"take", array_take, ARITY(1, 1), 0},
    {"drop", array_drop, ARITY(1, 1), 0},
    {"values_at", array_values_at, ARITY_REST(0), 0},
    {"dig", array_dig, ARITY_REST(1), 0},
    {"length", array_length, ARITY(0, 0), METHOD_LEAF},
    {"size", array_length, ARITY(0, 0), METHOD_LEAF},
    {"empty?", array_is_empty, ARITY(0, 0), METHOD_LEAF},
    {"include?", array_include, ARITY(1, 1), 0},
    {"index", array_index, ARITY(0, 1), 0},
    {"find_index", array_index, ARITY(0, 1), 0},
    {"rindex", array_rindex, ARITY(0, 1), 0},
    {"count", array_count, ARITY(0, 1), 0},
    {"assoc", array_assoc, ARITY(1, 1), 0},
    {"rassoc", array_rassoc, ARITY(1, 1), 0},
    {"==", array_equal, ARITY(1, 1), 0},
    {"eql?", array_eql, ARITY(1, 1), 0},
    {"hash", array_hash, ARITY(0, 0), 0},
    {"<=>", array_cmp, ARITY(1, 1), 0},
    {"inspect", array_inspect, ARITY(0, 0), 0},
    {"to_s", array_inspect, ARITY(0, 0), 0},
    {"join", array_join, ARITY(0, 1), 0},
    {"to_a", array_to_a, ARITY(0, 0), 0},
    {"to_ary", array_itself, ARITY(0, 0), 0},
    {"deconstruct", array_itself, ARITY(0, 0), 0},
    {"to_h", array_to_h, ARITY(0, 0), 0},
    {"freeze", array_freeze, ARITY(0, 0), 0},
    {"pack", array_pack, ARITY(1, 1), METHOD_KEYWORDS},
    {NULL, NULL, 0, 0, 0},
};
