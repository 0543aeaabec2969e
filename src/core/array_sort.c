/* array_sort.c - Array: sort, sort_by!, min, max, minmax, sum, bsearch.
 *
 * Sorting is a merge sort (stable, never more than n log n comparisons, safe against comparisons that lie)
 * over a copy in a hidden array, so that a block may do to the receiver what it wants. Short runs are sorted
 * by insertion. Arrays of fixnums only, floats only or Strings only are compared in C when `<=>` of their
 * class is the built-in one.
 */
#include <math.h>

#include "core/array_internal.h"

#define ARG(i) (args->argv[i])
#define RUN    10 /* elements up to which insertion sort is used */

typedef struct Sorter Sorter;
/* a > b? Sets failed when the comparison raised. */
typedef bool (*GreaterFn)(Sorter *s, Value a, Value b);
struct Sorter {
    Fiber *f;
    Block block;
    bool failed;
};

static bool greater_fixnum(Sorter *s, Value a, Value b) {
    (void)s;
    return (int64_t)a > (int64_t)b;
}

static bool greater_string(Sorter *s, Value a, Value b) {
    (void)s;
    return tr_string_compare(a, b) > 0;
}

static bool greater_float(Sorter *s, Value a, Value b) {
    (void)s;
    return tr_float(a) > tr_float(b);
}

static MAY_SWITCH bool greater_any(Sorter *s, Value a, Value b) {
    int order;
    if (s->failed || !tr_compare_strict(s->f, a, b, &order)) return s->failed = true, false;
    return order > 0;
}

/* The sign of what a comparison block answered. false: raised. */
static MAY_SWITCH MAY_RAISE bool order_from_answer(Fiber *f, Value answer, Value a, Value b, int *order) {
    if (answer == TR_RAISED) return false;
    if (TR_LIKELY(tr_is_fixnum(answer))) {
        *order = (int64_t)answer < (int64_t)TR_FIX(0) ? -1 : answer != TR_FIX(0);
        return true;
    }
    if (answer == TR_NIL) {
        Value text = tr_is_immediate(b) || tr_is_float(b) ? tr_inspect(f, b) : TR_NIL;
        if (text == TR_RAISED) return false;
        if (text != TR_NIL)
            return !tr_is_raised(tr_raise(f, tr_class.argument_error, "comparison of %pC with %pV failed",
                                          tr_real_class_of(a), text));
        return !tr_is_raised(tr_raise(f, tr_class.argument_error, "comparison of %pC with %pC failed",
                                      tr_real_class_of(a), tr_real_class_of(b)));
    }
    Value greater = tr_call(f, answer, TR_ID_gt, 1, TR_FIX(0));
    if (greater == TR_RAISED) return false;
    if (tr_is_truthy(greater)) return *order = 1, true;
    Value less = tr_call(f, answer, TR_ID_lt, 1, TR_FIX(0));
    if (less == TR_RAISED) return false;
    return *order = tr_is_truthy(less) ? -1 : 0, true;
}

static MAY_SWITCH bool greater_block(Sorter *s, Value a, Value b) {
    int order;
    if (s->failed) return false;
    Value answer = tr_yield2(s->f, s->block, a, b);
    if (!order_from_answer(s->f, answer, a, b, &order)) return s->failed = true, false;
    return order > 0;
}

/* A safepoint now and then. Whoever runs meanwhile does not see what is sorted. false: it raised. */
static MAY_SWITCH MAY_RAISE inline __attribute__((always_inline)) bool breathe(Sorter *s, size_t round) {
    if (TR_SAFEPOINT_EACH(s->f, round, 1024) == TR_RAISED) s->failed = true;
    return !s->failed;
}

/* Sorts items[0..count) with `spare` of the same size, in units of `width` words (sort_by: key and value).
 * Always inlined so that each comparison becomes code of its own. */
static MAY_SWITCH inline __attribute__((always_inline)) void merge_sort(Sorter *s, Value *items, Value *spare,
                                                             size_t count, size_t width, GreaterFn greater) {
    size_t bytes = width * sizeof(Value);
    for (size_t from = 0, i = 0; from < count; from += RUN, i++) {
        if (!breathe(s, i)) return;
        size_t end = from + RUN < count ? from + RUN : count;
        for (size_t i = from + 1; i < end; i++) {
            Value moving[2] = {items[i * width], width == 2 ? items[i * width + 1] : 0};
            size_t to = i;
            while (to > from && greater(s, items[(to - 1) * width], moving[0])) {
                items[to * width] = items[(to - 1) * width];
                if (width == 2) items[to * width + 1] = items[(to - 1) * width + 1];
                to--;
            }
            items[to * width] = moving[0];
            if (width == 2) items[to * width + 1] = moving[1];
            if (s->failed) return;
        }
    }
    Value *source = items, *target = spare;
    for (size_t run = RUN; run < count; run *= 2) {
        for (size_t from = 0; from < count; from += 2 * run) {
            size_t middle = from + run < count ? from + run : count,
                   end = from + 2 * run < count ? from + 2 * run : count;
            size_t left = from, right = middle, to = from;
            if (right < end && !greater(s, source[(right - 1) * width], source[right * width])) {
                memcpy(target + from * width, source + from * width,
                       (end - from) * bytes); /* in order already */
                if (s->failed) return;
                continue;
            }
            while (left < middle && right < end && breathe(s, to)) {
                size_t take = greater(s, source[left * width], source[right * width]) ? right++ : left++;
                target[to * width] = source[take * width];
                if (width == 2) target[to * width + 1] = source[take * width + 1];
                to++;
            }
            if (s->failed) return;
            memcpy(target + to * width, source + left * width, (middle - left) * bytes);
            to += middle - left;
            memcpy(target + to * width, source + right * width, (end - right) * bytes);
        }
        Value *sorted = target;
        target = source;
        source = sorted;
    }
    if (source != items) memcpy(items, source, count * bytes);
}

typedef enum Uniform { UNIFORM_NONE, UNIFORM_FIXNUM, UNIFORM_FLOAT, UNIFORM_STRING } Uniform;

/* Whether all keys (every `width`-th word) are of one kind that C can compare. NaNs are not. */
static Uniform uniform_kind(const Value *items, size_t count, size_t width) {
    Uniform kind = tr_is_fixnum(items[0])                                               ? UNIFORM_FIXNUM
                   : tr_is_float(items[0])                                              ? UNIFORM_FLOAT
                   : tr_is_string(items[0]) && tr_class_of(items[0]) == tr_class.string ? UNIFORM_STRING
                                                                                        : UNIFORM_NONE;
    for (size_t i = 0; i < count && kind != UNIFORM_NONE; i++) {
        Value v = items[i * width];
        if (kind == UNIFORM_FIXNUM && !tr_is_fixnum(v)) kind = UNIFORM_NONE;
        if (kind == UNIFORM_FLOAT && (!tr_is_float(v) || isnan(tr_float(v)))) kind = UNIFORM_NONE;
        if (kind == UNIFORM_STRING && (!tr_is_string(v) || tr_class_of(v) != tr_class.string))
            kind = UNIFORM_NONE;
    }
    if (kind == UNIFORM_FIXNUM && !tr_basic_op_intact(BOP_CMP, BOP_INTEGER)) return UNIFORM_NONE;
    if (kind == UNIFORM_FLOAT && !tr_basic_op_intact(BOP_CMP, BOP_FLOAT)) return UNIFORM_NONE;
    if (kind == UNIFORM_STRING && !tr_basic_op_intact(BOP_CMP, BOP_STRING)) return UNIFORM_NONE;
    return kind;
}

static MAY_SWITCH void sort_words(Sorter *s, Value *items, Value *spare, size_t count) {
    if (tr_block_is_given(s->block)) {
        merge_sort(s, items, spare, count, 1, greater_block);
        return;
    }
    switch (uniform_kind(items, count, 1)) {
    case UNIFORM_FIXNUM: merge_sort(s, items, spare, count, 1, greater_fixnum); break;
    case UNIFORM_FLOAT: merge_sort(s, items, spare, count, 1, greater_float); break;
    case UNIFORM_STRING: merge_sort(s, items, spare, count, 1, greater_string); break;
    case UNIFORM_NONE: merge_sort(s, items, spare, count, 1, greater_any); break;
    }
}

/* The working space: a hidden array of `words` elements, all nil. */
static MAY_GC MAY_RAISE Value working_space(Fiber *f, size_t words) {
    Value array = tr_array_new(f, words);
    if (!tr_array_prepare(f, array, words)) return TR_RAISED;
    for (size_t i = 0; i < words; i++) tr_array(array)->items[i] = TR_NIL;
    tr_array(array)->count = words;
    return array;
}

Value tr_array_sort(Fiber *f, Value array, Block block) {
    size_t count = tr_array_count(array);
    if (count < 2) return array;
    /* The first half is sorted, the second is room to merge into; nobody else sees the array, so items stays.
     */
    Value work = working_space(f, 2 * count);
    if (work == TR_RAISED) return TR_RAISED;
    Value *items = tr_array(work)->items;
    memcpy(items, tr_array(array)->items, count * sizeof(Value));
    tr_write_many(work);
    Sorter sorter = {f, block, false};
    sort_words(&sorter, items, items + count, count);
    if (sorter.failed) return TR_RAISED;
    if (!tr_array_prepare(f, array, count)) return TR_RAISED;
    memcpy(tr_array(array)->items, items, count * sizeof(Value));
    tr_array(array)->count = count;
    tr_write_many(array);
    TR_KEEP(work);
    return array;
}

static MAY_SWITCH MAY_RAISE Value array_sort_bang(Fiber *f, Value self, const Args *args) {
    if (!tr_array_modify(f, self)) return TR_RAISED;
    Value sorted =
        tr_array_sort(f, tr_array_new_from(f, tr_array_count(self), tr_array(self)->items), args->block);
    if (sorted == TR_RAISED || !tr_check_frozen(f, self)) return TR_RAISED;
    return tr_array_replace(f, self, sorted);
}

static MAY_SWITCH MAY_RAISE Value array_sort(Fiber *f, Value self, const Args *args) {
    Value copy = tr_array_new_from(f, tr_array_count(self), tr_array(self)->items);
    TR_KEEP(self);
    return tr_array_sort(f, copy, args->block);
}

/* The items of [key, item, …], ordered by their keys. */
static MAY_SWITCH MAY_RAISE Value sort_pairs(Fiber *f, Value pairs) {
    size_t count = tr_array_count(pairs) / 2;
    Value result = tr_array_new(f, count);
    if (count == 0) return result;
    if (!tr_array_prepare(f, pairs, count * 4)) return TR_RAISED;
    Value *items = tr_array(pairs)->items, *spare = items + count * 2;
    memcpy(spare, items, count * 2 * sizeof(Value));
    tr_array(pairs)->count = count * 4;
    Sorter sorter = {f, TR_NIL, false};
    switch (uniform_kind(items, count, 2)) {
    case UNIFORM_FIXNUM: merge_sort(&sorter, items, spare, count, 2, greater_fixnum); break;
    case UNIFORM_FLOAT: merge_sort(&sorter, items, spare, count, 2, greater_float); break;
    case UNIFORM_STRING: merge_sort(&sorter, items, spare, count, 2, greater_string); break;
    case UNIFORM_NONE: merge_sort(&sorter, items, spare, count, 2, greater_any); break;
    }
    if (sorter.failed) return TR_RAISED;
    for (size_t i = 0; i < count; i++)
        if (tr_is_raised(tr_array_push(f, result, tr_array_at(pairs, 2 * i + 1)))) return TR_RAISED;
    return result;
}

/* The elements of self, ordered by what the block says of each. */
static MAY_SWITCH MAY_RAISE Value sorted_by(Fiber *f, Value self, Block block) {
    Value pairs = tr_array_new(f, tr_array_count(self) * 4);
    for (size_t i = 0; i < tr_array_count(self); i++) {
        Value item = tr_array_at(self, i), key = tr_yield1(f, block, item);
        if (key == TR_RAISED) return TR_RAISED;
        if (tr_is_raised(tr_array_push(f, pairs, key)) || tr_is_raised(tr_array_push(f, pairs, item)))
            return TR_RAISED;
    }
    return sort_pairs(f, pairs);
}

static MAY_SWITCH MAY_RAISE Value array_sort_by_bang(Fiber *f, Value self, const Args *args) {
    if (!tr_block_is_given(args->block)) return tr_enumerator(f, self, args, tr_array_enum_length);
    if (!tr_array_modify(f, self)) return TR_RAISED;
    Value sorted = sorted_by(f, self, args->block);
    if (sorted == TR_RAISED || !tr_check_frozen(f, self)) return TR_RAISED;
    return tr_array_replace(f, self, sorted);
}

/* --- extremes --- */

static MAY_SWITCH MAY_RAISE bool order_by(Fiber *f, Block block, Value a, Value b, int *order) {
    if (!tr_block_is_given(block)) return tr_compare_strict(f, a, b, order);
    return order_from_answer(f, tr_yield2(f, block, a, b), a, b, order);
}

/* The least (sign -1) or greatest (sign 1) element, nil when empty; TR_RAISED. */
static MAY_SWITCH MAY_RAISE Value extreme(Fiber *f, Value self, Block block, int sign) {
    if (tr_array_count(self) == 0) return TR_NIL;
    Value best = tr_array_at(self, 0);
    bool plain = !tr_block_is_given(block) && tr_basic_op_intact(BOP_CMP, BOP_INTEGER);
    for (size_t i = 1; i < tr_array_count(self); i++) {
        Value item = tr_array_at(self, i);
        int order;
        if (plain && tr_is_fixnum(item) && tr_is_fixnum(best))
            order = (int64_t)item < (int64_t)best ? -1 : (int64_t)item > (int64_t)best;
        else if (tr_block_is_given(block)) {
            if (!order_by(f, block, item, best, &order)) return TR_RAISED;
        } else {
            if (!tr_compare_strict(f, best, item, &order)) return TR_RAISED;
            order = -order;
        }
        if (order * sign > 0) best = item;
    }
    return best;
}

/* A selection of the `limit` least (or greatest, rev) of many: they gather in `items`, keys with their
 * values, and are cut down to the best by partitioning whenever there are four times too many. Which of equal
 * ones stay is as in CRuby. */
typedef struct Selection {
    Fiber *f;
    Block block;
    Value items; /* Array of units of `width`: the key first */
    Value bound; /* the greatest key that can still get in; TR_UNDEF while all can */
    size_t width, limit;
    int sign; /* 1: least, -1: greatest */
} Selection;

static inline Value *unit(const Selection *s, size_t i) { return tr_array(s->items)->items + i * s->width; }

static void swap_units(const Selection *s, size_t i, size_t j) {
    for (size_t k = 0; k < s->width; k++) {
        Value v = unit(s, i)[k];
        unit(s, i)[k] = unit(s, j)[k];
        unit(s, j)[k] = v;
    }
}

static MAY_SWITCH MAY_RAISE bool select_order(const Selection *s, Value a, Value b, int *order) {
    if (!order_by(s->f, s->block, a, b, order)) return false;
    *order *= s->sign;
    return true;
}

/* Cuts down to the best `limit`. */
static MAY_SWITCH MAY_RAISE bool select_cut(Selection *s) {
    size_t count = tr_array_count(s->items) / s->width;
    if (count <= s->limit) return true;
    size_t left = 0, right = count - 1, store;
    for (;;) {
        size_t equal_count = 1;
        swap_units(s, left + (right - left + 1) / 2, right);
        store = left;
        for (size_t i = left; i + equal_count <= right;) {
            int order;
            if (!select_order(s, unit(s, i)[0], unit(s, right)[0], &order)) return false;
            if (order == 0) {
                swap_units(s, i, right - equal_count);
                equal_count++;
                continue;
            }
            if (order < 0) swap_units(s, i, store++);
            i++;
        }
        size_t to = store;
        for (size_t i = right; i + equal_count > right && i > to; i--) swap_units(s, to++, i);
        if (store <= s->limit && s->limit <= store + equal_count) break;
        if (s->limit < store) right = store - 1;
        else left = store + equal_count;
    }
    s->bound = unit(s, store)[0];
    tr_array(s->items)->count = s->limit * s->width;
    return true;
}

static MAY_SWITCH MAY_RAISE bool select_add(Selection *s, const Value *from) {
    if (s->bound != TR_UNDEF) {
        int order;
        if (!select_order(s, from[0], s->bound, &order)) return false;
        if (order >= 0) return true;
    }
    if (tr_is_raised(tr_array_append(s->f, s->items, from, s->width))) return false;
    return tr_array_count(s->items) < s->limit * 4 * s->width || select_cut(s);
}

/* The `count` least or greatest units of `from`, in order; of each the value. */
static MAY_SWITCH MAY_RAISE Value select_extremes(Fiber *f, Value from, size_t width, int64_t count,
                                                  Block block, int sign) {
    if (count < 0) return tr_raise(f, tr_class.argument_error, "negative size (%lld)", (long long)count);
    Selection s = {f, block, tr_array_new(f, 0), TR_UNDEF, width, (size_t)count, sign};
    if (count == 0) return s.items;
    for (size_t i = 0; (i + 1) * width <= tr_array_count(from); i++) {
        Value copy[2] = {tr_array_at(from, i * width),
                         width == 2 ? tr_array_at(from, i * width + 1) : TR_NIL};
        if (!select_add(&s, copy)) return TR_RAISED;
    }
    if (!select_cut(&s)) return TR_RAISED;
    size_t taken = tr_array_count(s.items) / width;
    Value sorted = width == 1 ? tr_array_sort(f, s.items, block) : sort_pairs(f, s.items);
    if (sorted == TR_RAISED || sign > 0) return sorted;
    for (size_t i = 0; i < taken / 2; i++) {
        Value *items = tr_array(sorted)->items, v = items[i];
        items[i] = items[taken - 1 - i];
        items[taken - 1 - i] = v;
    }
    return sorted;
}

/* Array.__extremes_by(pairs, count, greatest): for min_by(n) and max_by(n); pairs is [key, item, …]. */
Value tr_array_s_extremes_by(Fiber *f, Value self, const Args *args) {
    (void)self;
    int64_t count;
    if (!tr_to_long(f, ARG(1), &count)) return TR_RAISED;
    return select_extremes(f, ARG(0), 2, count, TR_NIL, ARG(2) == TR_TRUE ? -1 : 1);
}

static MAY_SWITCH MAY_RAISE Value extremes(Fiber *f, Value self, const Args *args, int sign) {
    if (args->argc == 0 || ARG(0) == TR_NIL) return extreme(f, self, args->block, sign);
    int64_t count;
    if (!tr_to_long(f, ARG(0), &count)) return TR_RAISED;
    return select_extremes(f, self, 1, count, args->block, -sign);
}

static MAY_SWITCH MAY_RAISE Value array_min(Fiber *f, Value self, const Args *args) {
    return extremes(f, self, args, -1);
}

static MAY_SWITCH MAY_RAISE Value array_max(Fiber *f, Value self, const Args *args) {
    return extremes(f, self, args, 1);
}

static MAY_SWITCH MAY_RAISE Value array_minmax(Fiber *f, Value self, const Args *args) {
    Value min = extreme(f, self, args->block, -1);
    if (min == TR_RAISED) return TR_RAISED;
    Value max = extreme(f, self, args->block, 1);
    return max == TR_RAISED ? TR_RAISED : tr_array_new_values(f, 2, min, max);
}

/* --- sum --- */

/* Kahan-Babuska: `error` collects what each addition rounds away. */
typedef struct FloatSum {
    double sum, error;
} FloatSum;

static void float_sum_add(FloatSum *s, double x) {
    if (isnan(s->sum)) return;
    if (isnan(x) || isinf(x)) {
        s->sum = isinf(x) && isinf(s->sum) && signbit(x) != signbit(s->sum) ? NAN
                 : isinf(s->sum)                                            ? s->sum
                                                                            : x;
        s->error = 0.0;
        return;
    }
    if (isinf(s->sum)) return;
    double t = s->sum + x;
    s->error += fabs(s->sum) >= fabs(x) ? (s->sum - t) + x : (x - t) + s->sum;
    s->sum = t;
}

/* Adds while everything is Integer, Rational or Float; then plain `+`. */
static MAY_SWITCH MAY_RAISE Value array_sum(Fiber *f, Value self, const Args *args) {
    Value sum = args->argc > 0 ? ARG(0) : TR_FIX(0), item;
    bool intact = tr_basic_op_intact(BOP_PLUS, BOP_INTEGER | BOP_FLOAT);
    FloatSum floats = {0.0, 0.0};
    bool in_floats = false;
    for (size_t i = 0; i < tr_array_count(self); i++) {
        item = tr_array_at(self, i);
        if (tr_block_is_given(args->block)) {
            item = tr_yield1(f, args->block, item);
            if (item == TR_RAISED) return TR_RAISED;
        }
        if (in_floats) {
            double x;
            if (tr_is_float(item)) x = tr_float(item);
            else if (tr_is_integer(item)) x = tr_integer_to_double(item);
            else if (tr_is_type(item, TYPE_RATIONAL)) {
                if (!tr_to_double(f, item, &x)) return TR_RAISED;
            } else {
                sum = tr_float_new(f, floats.sum + floats.error);
                in_floats = intact = false;
                goto generic;
            }
            float_sum_add(&floats, x);
            continue;
        }
        if (intact && tr_is_integer(sum) && tr_is_integer(item)) {
            sum = tr_integer_add(f, sum, item);
            if (sum == TR_RAISED) return TR_RAISED;
            continue;
        }
        if (intact && tr_is_float(item) &&
            (tr_is_float(sum) || tr_is_integer(sum) || tr_is_type(sum, TYPE_RATIONAL))) {
            if (!tr_to_double(f, sum, &floats.sum)) return TR_RAISED;
            in_floats = true;
            float_sum_add(&floats, tr_float(item));
            continue;
        }
        if (intact && tr_is_float(sum) && tr_is_integer(item)) {
            floats.sum = tr_float(sum);
            in_floats = true;
            float_sum_add(&floats, tr_integer_to_double(item));
            continue;
        }
    generic:
        sum = tr_call(f, sum, TR_ID_plus, 1, item);
        if (sum == TR_RAISED) return TR_RAISED;
    }
    return in_floats ? tr_float_new(f, floats.sum + floats.error) : sum;
}

/* --- bsearch --- */

/* The index found, nil, or TR_RAISED. */
static MAY_SWITCH MAY_RAISE Value search_index(Fiber *f, Value self, Block block) {
    size_t low = 0, high = tr_array_count(self);
    Value found = TR_NIL;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        Value answer = tr_yield1(f, block, tr_array_at(self, middle));
        if (answer == TR_RAISED) return TR_RAISED;
        int order = 1;
        if (answer == TR_TRUE) {
            found = tr_value_from_fixnum((int64_t)middle);
            order = -1;
        } else if (tr_is_fixnum(answer)) {
            order = tr_fixnum(answer) < 0 ? -1 : tr_fixnum(answer) > 0;
        } else if (answer != TR_FALSE && answer != TR_NIL) {
            if (!tr_is_kind_of(answer, tr_class.numeric))
                return tr_raise(f, tr_class.type_error,
                                "wrong argument type %pC (must be numeric, true, false or nil)",
                                tr_real_class_of(answer));
            if (!tr_compare_strict(f, answer, TR_FIX(0), &order)) return TR_RAISED;
        }
        if (order == 0) return tr_value_from_fixnum((int64_t)middle);
        if (order < 0) high = middle;
        else low = middle + 1;
    }
    return found;
}

static MAY_SWITCH MAY_RAISE Value array_bsearch_index(Fiber *f, Value self, const Args *args) {
    if (!tr_block_is_given(args->block)) return tr_enumerator(f, self, args, NULL);
    return search_index(f, self, args->block);
}

static MAY_SWITCH MAY_RAISE Value array_bsearch(Fiber *f, Value self, const Args *args) {
    if (!tr_block_is_given(args->block)) return tr_enumerator(f, self, args, NULL);
    Value index = search_index(f, self, args->block);
    return tr_is_fixnum(index) ? tr_array_at(self, (size_t)tr_fixnum(index)) : index;
}

const MethodDef tr_array_sort_methods[] = {
    {"sort", array_sort, ARITY(0, 0), 0},
    {"sort!", array_sort_bang, ARITY(0, 0), 0},
    {"sort_by!", array_sort_by_bang, ARITY(0, 0), 0},
    {"min", array_min, ARITY(0, 1), 0},
    {"max", array_max, ARITY(0, 1), 0},
    {"minmax", array_minmax, ARITY(0, 0), 0},
    {"sum", array_sum, ARITY(0, 1), 0},
    {"bsearch", array_bsearch, ARITY(0, 0), 0},
    {"bsearch_index", array_bsearch_index, ARITY(0, 0), 0},
    {NULL, NULL, 0, 0, 0},
};
