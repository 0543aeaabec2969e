/* array_combine.c - Array: combinations of elements (product, permutation, combination, zip) and chance
 * (shuffle, sample).
 *
 * The enumerations work on a copy of the receiver, so the block may change it. shuffle and sample draw from
 * the generator in the order that makes their results Ruby's for the same seed.
 */
#include "core/array_internal.h"

#define ARG(i) (args->argv[i])

/* --- sizes --- */

/* from * (from - 1) * … , `factors` of them. */
static MAY_GC MAY_RAISE Value falling_product(Fiber *f, int64_t from, int64_t factors) {
    Value product = TR_FIX(1);
    for (int64_t i = 0; i < factors && product != TR_RAISED; i++)
        product = tr_integer_mul(f, product, tr_value_from_fixnum(from - i));
    return product;
}

static MAY_GC MAY_RAISE Value binomial(Fiber *f, int64_t n, int64_t k) {
    if (k > n - k) k = n - k;
    if (k < 0) return TR_FIX(0);
    Value result = TR_FIX(1);
    for (int64_t i = 1; i <= k; i++) {
        result = tr_integer_mul(f, result, tr_value_from_fixnum(n - k + i));
        if (result == TR_RAISED) return TR_RAISED;
        result = tr_integer_div(f, result, tr_value_from_fixnum(i));
        if (result == TR_RAISED) return TR_RAISED;
    }
    return result;
}

/* The first argument as a count, `otherwise` without one. */
static MAY_SWITCH MAY_RAISE bool optional_count(Fiber *f, const Args *args, int64_t otherwise,
                                                int64_t *count) {
    *count = otherwise;
    return args->argc == 0 || ARG(0) == TR_NIL || tr_to_long(f, ARG(0), count);
}

static MAY_SWITCH MAY_RAISE Value permutation_size(Fiber *f, Value self, const Args *args) {
    int64_t n = (int64_t)tr_array_count(self), k;
    if (!optional_count(f, args, n, &k)) return TR_RAISED;
    return k < 0 || k > n ? TR_FIX(0) : falling_product(f, n, k);
}

static MAY_SWITCH MAY_RAISE Value combination_size(Fiber *f, Value self, const Args *args) {
    int64_t n = (int64_t)tr_array_count(self), k;
    if (!optional_count(f, args, n, &k)) return TR_RAISED;
    return k < 0 || k > n ? TR_FIX(0) : binomial(f, n, k);
}

static MAY_SWITCH MAY_RAISE Value repeated_permutation_size(Fiber *f, Value self, const Args *args) {
    int64_t n = (int64_t)tr_array_count(self), k;
    if (!optional_count(f, args, n, &k)) return TR_RAISED;
    if (k < 0) return TR_FIX(0);
    Value product = TR_FIX(1);
    if (n <= 1) return k == 0 || n == 1 ? product : TR_FIX(0);
    for (int64_t i = 0; i < k && product != TR_RAISED; i++)
        product = tr_integer_mul(f, product, tr_value_from_fixnum(n));
    return product;
}

static MAY_SWITCH MAY_RAISE Value repeated_combination_size(Fiber *f, Value self, const Args *args) {
    int64_t n = (int64_t)tr_array_count(self), k;
    if (!optional_count(f, args, n, &k)) return TR_RAISED;
    if (k < 0) return TR_FIX(0);
    if (k == 0) return TR_FIX(1);
    return n == 0 ? TR_FIX(0) : binomial(f, n + k - 1, k);
}

/* --- choosing k of n --- */

/* How the next index tuple follows from the present one. false: there is none. */
typedef bool (*AdvanceFn)(int64_t *index, int64_t k, int64_t n);

static bool advance_combination(int64_t *index, int64_t k, int64_t n) {
    int64_t at = k - 1;
    while (at >= 0 && index[at] == n - k + at) at--;
    if (at < 0) return false;
    index[at]++;
    for (int64_t i = at + 1; i < k; i++) index[i] = index[i - 1] + 1;
    return true;
}

static bool advance_repeated_combination(int64_t *index, int64_t k, int64_t n) {
    int64_t at = k - 1;
    while (at >= 0 && index[at] == n - 1) at--;
    if (at < 0) return false;
    index[at]++;
    for (int64_t i = at + 1; i < k; i++) index[i] = index[at];
    return true;
}

static bool advance_repeated_permutation(int64_t *index, int64_t k, int64_t n) {
    for (int64_t at = k - 1; at >= 0; at--) {
        if (++index[at] < n) return true;
        index[at] = 0;
    }
    return false;
}

static bool is_among(const int64_t *index, int64_t count, int64_t candidate) {
    for (int64_t i = 0; i < count; i++)
        if (index[i] == candidate) return true;
    return false;
}

static bool advance_permutation(int64_t *index, int64_t k, int64_t n) {
    int64_t at = k - 1;
    while (at >= 0) {
        int64_t next = index[at] + 1;
        while (next < n && is_among(index, at, next)) next++;
        if (next < n) {
            index[at] = next;
            break;
        }
        at--;
    }
    if (at < 0) return false;
    for (int64_t i = at + 1; i < k; i++) {
        int64_t lowest = 0;
        while (is_among(index, i, lowest)) lowest++;
        index[i] = lowest;
    }
    return true;
}

/* Yields every k-tuple of self's elements from the first one, whose indexes are 0, 1, … (distinct) or all 0.
 */
static MAY_SWITCH MAY_RAISE Value yield_tuples(Fiber *f, Value self, Block block, int64_t k, bool distinct,
                                               AdvanceFn advance) {
    int64_t n = (int64_t)tr_array_count(self);
    if (k < 0 || (distinct && k > n) || (n == 0 && k > 0)) return self;
    Value copy = tr_array_new_from(f, (size_t)n, tr_array(self)->items);
    size_t bytes = (size_t)(k ? k : 1) * sizeof(int64_t);
    int64_t *index = tr_buffer_alloc(f, bytes);
    if (!index) return tr_raise_no_memory(f);
    for (int64_t i = 0; i < k; i++) index[i] = distinct ? i : 0;
    Value outcome = self;
    do {
        Value tuple = tr_array_new(f, (size_t)k);
        for (int64_t i = 0; i < k && outcome != TR_RAISED; i++)
            outcome = tr_array_push(f, tuple, tr_array_at(copy, (size_t)index[i]));
        if (outcome != TR_RAISED) outcome = tr_yield1(f, block, tuple);
    } while (outcome != TR_RAISED && k > 0 && advance(index, k, n));
    tr_buffer_free(f->heap, index, bytes);
    return outcome == TR_RAISED ? TR_RAISED : self;
}

static MAY_SWITCH MAY_RAISE Value array_permutation(Fiber *f, Value self, const Args *args) {
    int64_t k;
    if (!tr_block_is_given(args->block)) return tr_enumerator(f, self, args, permutation_size);
    if (args->argc > 1) return tr_raise_argc(f, args->argc, 0, 1);
    if (!optional_count(f, args, (int64_t)tr_array_count(self), &k)) return TR_RAISED;
    return yield_tuples(f, self, args->block, k, true, advance_permutation);
}

static MAY_SWITCH MAY_RAISE Value array_combination(Fiber *f, Value self, const Args *args) {
    int64_t k;
    if (!tr_block_is_given(args->block)) return tr_enumerator(f, self, args, combination_size);
    if (!tr_to_long(f, ARG(0), &k)) return TR_RAISED;
    return yield_tuples(f, self, args->block, k, true, advance_combination);
}

static MAY_SWITCH MAY_RAISE Value array_repeated_permutation(Fiber *f, Value self, const Args *args) {
    int64_t k;
    if (!tr_block_is_given(args->block)) return tr_enumerator(f, self, args, repeated_permutation_size);
    if (!tr_to_long(f, ARG(0), &k)) return TR_RAISED;
    return yield_tuples(f, self, args->block, k, false, advance_repeated_permutation);
}

static MAY_SWITCH MAY_RAISE Value array_repeated_combination(Fiber *f, Value self, const Args *args) {
    int64_t k;
    if (!tr_block_is_given(args->block)) return tr_enumerator(f, self, args, repeated_combination_size);
    if (!tr_to_long(f, ARG(0), &k)) return TR_RAISED;
    return yield_tuples(f, self, args->block, k, false, advance_repeated_combination);
}

/* --- product and zip --- */

static MAY_SWITCH MAY_RAISE Value array_product(Fiber *f, Value self, const Args *args) {
    int count = args->argc + 1;
    Value lists = tr_array_new(f, (size_t)count), counters = tr_array_new(f, (size_t)count);
    bool has_block = tr_block_is_given(args->block);
    unsigned __int128 total = 1;
    for (int i = 0; i < count; i++) {
        Value list = i == 0 ? self : tr_to_ary(f, ARG(i - 1));
        if (list == TR_RAISED) return TR_RAISED;
        list = tr_array_dup(f, list);
        if (tr_is_raised(tr_array_push(f, lists, list)) ||
            tr_is_raised(tr_array_push(f, counters, TR_FIX(0))))
            return TR_RAISED;
        total *= tr_array_count(list);
        if (total > INT64_MAX && !has_block) return tr_raise(f, tr_class.range_error, "too big to product");
    }
    Value result = has_block ? self : tr_array_new(f, 0);
    if (total == 0) return result;
    for (;;) {
        if (TR_SAFEPOINT(f) == TR_RAISED) return TR_RAISED;
        Value tuple = tr_array_new(f, (size_t)count);
        for (int i = 0; i < count; i++) {
            size_t at = (size_t)tr_fixnum(tr_array_at(counters, (size_t)i));
            if (tr_is_raised(tr_array_push(f, tuple, tr_array_at(tr_array_at(lists, (size_t)i), at))))
                return TR_RAISED;
        }
        if (tr_is_raised(has_block ? tr_yield1(f, args->block, tuple) : tr_array_push(f, result, tuple)))
            return TR_RAISED;
        int digit = count - 1;
        while (digit >= 0) {
            Value *counter = &tr_array(counters)->items[digit];
            *counter = tr_value_from_fixnum(tr_fixnum(*counter) + 1);
            if ((size_t)tr_fixnum(*counter) < tr_array_count(tr_array_at(lists, (size_t)digit))) break;
            *counter = TR_FIX(0);
            digit--;
        }
        if (digit < 0) return result;
    }
}

/* --- chance --- */

/* The random: keyword: an object with rand, or TR_UNDEF for the Ractor's default generator. */
static MAY_SWITCH MAY_RAISE bool generator_from(Fiber *f, const Args *args, Value *generator) {
    static Id names[1]; /* the same whoever writes it first */
    if (!names[0]) names[0] = tr_intern_cstr("random");
    return tr_keywords(f, args->keywords, names, 0, 1, generator, false);
}

/* A random number below limit; -1 raised. */
static MAY_SWITCH MAY_RAISE int64_t draw(Fiber *f, Value generator, size_t limit) {
    if (generator == TR_UNDEF) return (int64_t)tr_random_below(f, limit);
    Value most = tr_value_from_fixnum((int64_t)limit);
    Value drawn = tr_call_full(f, generator, TR_ID_rand, 1, &most, TR_NIL, TR_NIL, true);
    int64_t n;
    if (drawn == TR_RAISED || !tr_to_long(f, drawn, &n)) return -1;
    if (n < 0)
        return (void)!tr_raise(f, tr_class.range_error, "random number too small %lld", (long long)n), -1;
    if ((size_t)n >= limit)
        return (void)!tr_raise(f, tr_class.range_error, "random number too big %lld", (long long)n), -1;
    return n;
}

static MAY_SWITCH MAY_RAISE Value shuffle(Fiber *f, Value array, Value generator) {
    size_t count = tr_array_count(array);
    for (size_t i = count; i > 0; i--) {
        int64_t at = draw(f, generator, i);
        if (at < 0 || TR_SAFEPOINT_EACH(f, i, 256) == TR_RAISED) return TR_RAISED;
        if (tr_array_count(array) != count)
            return tr_raise(f, tr_class.runtime_error, "modified during shuffle!");
        if (!tr_array_modify(f, array)) return TR_RAISED;
        Array *a = tr_array(array);
        Value item = a->items[i - 1];
        a->items[i - 1] = a->items[at];
        a->items[at] = item;
    }
    return array;
}

static MAY_SWITCH MAY_RAISE Value array_shuffle_bang(Fiber *f, Value self, const Args *args) {
    Value generator;
    if (!tr_array_modify(f, self) || !generator_from(f, args, &generator)) return TR_RAISED;
    return shuffle(f, self, generator);
}

static MAY_SWITCH MAY_RAISE Value array_shuffle(Fiber *f, Value self, const Args *args) {
    Value generator;
    if (!generator_from(f, args, &generator)) return TR_RAISED;
    return shuffle(f, tr_array_new_from(f, tr_array_count(self), tr_array(self)->items), generator);
}

#define FEW 10

/* A few elements: each draw counts among those not yet taken; `taken` is kept sorted. */
static MAY_SWITCH MAY_RAISE Value sample_few(Fiber *f, Value self, Value generator, size_t count) {
    int64_t taken[FEW], chosen[FEW], drawn[FEW];
    size_t total = tr_array_count(self);
    for (size_t i = 0; i < count; i++) {
        drawn[i] = draw(f, generator, total - i);
        if (drawn[i] < 0) return TR_RAISED;
    }
    Value result = tr_array_new(f, count);
    for (size_t i = 0; i < count; i++) {
        int64_t at = drawn[i];
        size_t place = 0;
        while (place < i && at >= taken[place]) {
            at++;
            place++;
        }
        memmove(&taken[place + 1], &taken[place], (i - place) * sizeof taken[0]);
        taken[place] = chosen[i] = at;
        if (tr_is_raised(tr_array_push(f, result, tr_array_at(self, (size_t)chosen[i])))) return TR_RAISED;
    }
    return result;
}

static MAY_SWITCH MAY_RAISE Value sample_many(Fiber *f, Value self, Value generator, size_t count) {
    Value result = tr_array_new_from(f, tr_array_count(self), tr_array(self)->items);
    size_t total = tr_array_count(result);
    for (size_t i = 0; i < count; i++) {
        int64_t at = draw(f, generator, total - i);
        if (at < 0 || TR_SAFEPOINT_EACH(f, i, 256) == TR_RAISED) return TR_RAISED;
        Array *a = tr_array(result);
        Value item = a->items[(size_t)at + i];
        a->items[(size_t)at + i] = a->items[i];
        a->items[i] = item;
    }
    tr_array(result)->count = count;
    return result;
}

static MAY_SWITCH MAY_RAISE Value array_sample(Fiber *f, Value self, const Args *args) {
    Value generator;
    if (!generator_from(f, args, &generator)) return TR_RAISED;
    if (args->argc == 0) {
        size_t count = tr_array_count(self);
        int64_t at = count < 2 ? 0 : draw(f, generator, count);
        return at < 0 ? TR_RAISED : tr_array_at(self, (size_t)at);
    }
    int64_t count;
    if (!tr_to_long(f, ARG(0), &count)) return TR_RAISED;
    if (count < 0) return tr_raise(f, tr_class.argument_error, "negative sample number");
    if ((size_t)count > tr_array_count(self)) count = (int64_t)tr_array_count(self);
    return count <= FEW ? sample_few(f, self, generator, (size_t)count)
                        : sample_many(f, self, generator, (size_t)count);
}

const MethodDef tr_array_combine_methods[] = {
    {"permutation", array_permutation, ARITY_REST(0), 0},
    {"combination", array_combination, ARITY(1, 1), 0},
    {"repeated_permutation", array_repeated_permutation, ARITY(1, 1), 0},
    {"repeated_combination", array_repeated_combination, ARITY(1, 1), 0},
    {"product", array_product, ARITY_REST(0), 0},
    {"shuffle", array_shuffle, ARITY(0, 0), METHOD_KEYWORDS},
    {"shuffle!", array_shuffle_bang, ARITY(0, 0), METHOD_KEYWORDS},
    {"sample", array_sample, ARITY(0, 1), METHOD_KEYWORDS},
    {NULL, NULL, 0, 0, 0},
};
