/* interp_arith.c - operators of built-in classes, beyond what the interpreter loop does itself. See
 * interp_arith.h. */
#include "vm/interp_arith.h"

#include <math.h>

#include "core/array.h"
#include "core/hash.h"
#include "core/numeric.h"
#include "core/string.h"

/* Both operands as doubles, when at least one is a Float and the other a Float or fixnum. */
static inline bool as_doubles(Value a, Value b, double *x, double *y) {
    if (tr_is_float(a)) {
        *x = tr_float(a);
        if (tr_is_float(b)) *y = tr_float(b);
        else if (tr_is_fixnum(b)) *y = (double)tr_fixnum(b);
        else return false;
        return true;
    }
    if (!tr_is_fixnum(a) || !tr_is_float(b)) return false;
    *x = (double)tr_fixnum(a);
    *y = tr_float(b);
    return true;
}

static inline uint16_t float_operands(Value a) { return tr_is_fixnum(a) ? BOP_INTEGER : BOP_FLOAT; }

Value tr_opt_plus_slow(Fiber *f, Value a, Value b) {
    double x, y;
    if (tr_is_fixnum(a) && tr_is_fixnum(b) && tr_basic_op_intact(BOP_PLUS, BOP_INTEGER))
        return tr_integer_add(f, a, b);
    if (as_doubles(a, b, &x, &y) && tr_basic_op_intact(BOP_PLUS, float_operands(a)))
        return tr_float_new(f, x + y);
    return TR_UNDEF;
}

Value tr_opt_minus_slow(Fiber *f, Value a, Value b) {
    double x, y;
    if (tr_is_fixnum(a) && tr_is_fixnum(b) && tr_basic_op_intact(BOP_MINUS, BOP_INTEGER))
        return tr_integer_sub(f, a, b);
    if (as_doubles(a, b, &x, &y) && tr_basic_op_intact(BOP_MINUS, float_operands(a)))
        return tr_float_new(f, x - y);
    return TR_UNDEF;
}

Value tr_opt_mult_slow(Fiber *f, Value a, Value b) {
    double x, y;
    if (tr_is_fixnum(a) && tr_is_fixnum(b) && tr_basic_op_intact(BOP_MULT, BOP_INTEGER))
        return tr_integer_mul(f, a, b);
    if (as_doubles(a, b, &x, &y) && tr_basic_op_intact(BOP_MULT, float_operands(a)))
        return tr_float_new(f, x * y);
    return TR_UNDEF;
}

Value tr_opt_div_slow(Fiber *f, Value a, Value b) {
    double x, y;
    if (tr_is_fixnum(a) && tr_is_fixnum(b) && b != TR_FIX(0) && tr_basic_op_intact(BOP_DIV, BOP_INTEGER)) {
        int64_t n = tr_fixnum(a), d = tr_fixnum(b);
        if (d == -1) return tr_integer_sub(f, TR_FIX(0), a);
        int64_t quotient = n / d;
        if (n % d != 0 && (n < 0) != (d < 0)) quotient--;
        return tr_value_from_fixnum(quotient);
    }
    if (as_doubles(a, b, &x, &y) && tr_basic_op_intact(BOP_DIV, float_operands(a)))
        return tr_float_new(f, x / y);
    return TR_UNDEF;
}

Value tr_opt_mod_slow(Fiber *f, Value a, Value b) {
    double x, y;
    if (tr_is_fixnum(a) && tr_is_fixnum(b) && b != TR_FIX(0) && tr_basic_op_intact(BOP_MOD, BOP_INTEGER)) {
        int64_t n = tr_fixnum(a), d = tr_fixnum(b);
        int64_t rest = d == -1 ? 0 : n % d;
        if (rest != 0 && (rest < 0) != (d < 0)) rest += d;
        return tr_value_from_fixnum(rest);
    }
    if (as_doubles(a, b, &x, &y) && tr_basic_op_intact(BOP_MOD, float_operands(a))) {
        if (y == 0.0) return tr_float_new(f, NAN);
        if (isinf(y) && !isinf(x) && !isnan(x))
            return tr_float_new(f, x == 0.0 || (x < 0) == (y < 0) ? x : y);
        double rest = fmod(x, y);
        if (rest != 0.0 && (rest < 0) != (y < 0)) rest += y;
        else if (rest == 0.0) rest = copysign(0.0, y);
        return tr_float_new(f, rest);
    }
    return TR_UNDEF;
}

/* Fixnums beyond 2^53 against Floats are compared exactly by the method. */
static inline bool comparable_doubles(Value a, Value b, double *x, double *y) {
    if (!as_doubles(a, b, x, y)) return false;
    return fabs(*x) < 9007199254740992.0 || fabs(*y) < 9007199254740992.0 ||
           (tr_is_float(a) && tr_is_float(b));
}

#define COMPARE_SLOW(name, bop, op) \
    Value name(Fiber *f, Value a, Value b) { \
        double x, y; \
        (void)f; \
        if (comparable_doubles(a, b, &x, &y) && tr_basic_op_intact(bop, float_operands(a))) \
            return tr_bool(x op y); \
        return TR_UNDEF; \
    }
COMPARE_SLOW(tr_opt_lt_slow, BOP_LT, <)
COMPARE_SLOW(tr_opt_le_slow, BOP_LE, <=)
COMPARE_SLOW(tr_opt_gt_slow, BOP_GT, >)
COMPARE_SLOW(tr_opt_ge_slow, BOP_GE, >=)

Value tr_opt_eq_slow(Fiber *f, Value a, Value b) {
    (void)f;
    double x, y;
    if (tr_is_fixnum(a) && tr_is_fixnum(b) && tr_basic_op_intact(BOP_EQ, BOP_INTEGER)) return tr_bool(a == b);
    if (comparable_doubles(a, b, &x, &y) && tr_basic_op_intact(BOP_EQ, float_operands(a)))
        return tr_bool(x == y);
    if (tr_is_symbol(a) && tr_basic_op_intact(BOP_EQ, BOP_SYMBOL)) return tr_bool(a == b);
    if (a == TR_NIL && tr_basic_op_intact(BOP_EQ, BOP_NIL)) return tr_bool(b == TR_NIL);
    if (tr_is_object(a) && tr_header(a)->klass == tr_class.string && tr_is_string(b) &&
        tr_basic_op_intact(BOP_EQ, BOP_STRING))
        return tr_bool(tr_string_equal(a, b));
    return TR_UNDEF;
}

Value tr_opt_ltlt_slow(Fiber *f, Value a, Value b) {
    if (tr_is_object(a)) {
        Class *klass = tr_header(a)->klass;
        if (klass == tr_class.array && tr_basic_op_intact(BOP_LTLT, BOP_ARRAY)) {
            if (!tr_check_frozen(f, a)) return TR_RAISED;
            return tr_array_push(f, a, b);
        }
        if (klass == tr_class.string && tr_is_string(b) && tr_basic_op_intact(BOP_LTLT, BOP_STRING)) {
            if (!tr_check_frozen(f, a)) return TR_RAISED;
            return tr_string_append(f, a, b);
        }
    }
    return TR_UNDEF;
}

Value tr_opt_hash_aset(Fiber *f, Value hash, Value key, Value value) {
    if (tr_is_object(key))
        return TR_UNDEF; /* the method knows when iteration forbids new keys, and runs #hash */
    if (tr_hash_get(f, hash, key) == TR_UNDEF) return TR_UNDEF;
    return tr_hash_set(f, hash, key, value);
}

Value tr_opt_length(Value v, BasicOp op) {
    if (!tr_is_object(v)) return TR_UNDEF;
    Class *klass = tr_header(v)->klass;
    if (klass == tr_class.array && tr_basic_op_intact(op, BOP_ARRAY))
        return tr_value_from_fixnum((int64_t)tr_array_count(v));
    if (klass == tr_class.string && tr_basic_op_intact(op, BOP_STRING))
        return tr_value_from_fixnum((int64_t)tr_string_length(v));
    if (klass == tr_class.hash && tr_basic_op_intact(op, BOP_HASH_))
        return tr_value_from_fixnum((int64_t)tr_hash_count(v));
    return TR_UNDEF;
}

Value tr_opt_empty_p(Value v) {
    if (!tr_is_object(v)) return TR_UNDEF;
    Class *klass = tr_header(v)->klass;
    if (klass == tr_class.array && tr_basic_op_intact(BOP_EMPTY_P, BOP_ARRAY))
        return tr_bool(tr_array_count(v) == 0);
    if (klass == tr_class.string && tr_basic_op_intact(BOP_EMPTY_P, BOP_STRING))
        return tr_bool(tr_string(v)->size == 0);
    if (klass == tr_class.hash && tr_basic_op_intact(BOP_EMPTY_P, BOP_HASH_))
        return tr_bool(tr_hash_count(v) == 0);
    return TR_UNDEF;
}
