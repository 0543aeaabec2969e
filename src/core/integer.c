/* integer.c - the methods of Integer.
 *
 * A binary operator looks at its right side in this order: Integer, Float, Rational, Complex, else coerce. Rational and
 * Complex answer through their own method with self converted, so that each pair of types is computed in one place.
 */
#include "core/integer.h"
#include "core/integer_heavy.h"

#include <math.h>

static MAY_GC Value as_rational(Fiber *f, Value v) { return tr_rational_raw(f, v, TR_FIX(1)); }
static MAY_GC Value as_complex(Fiber *f, Value v) { return tr_complex_raw(f, v, TR_FIX(0)); }
static inline bool is_rational(Value v) { return tr_is_type(v, TYPE_RATIONAL); }
static inline bool is_complex(Value v) { return tr_is_type(v, TYPE_COMPLEX); }

/* The right side is no Integer and no Float: Rational and Complex take over, all else coerces. */
static MAY_SWITCH MAY_RAISE Value other_kind(Fiber *f, Value self, Value other, Id op) {
    if (is_rational(other)) return tr_call(f, as_rational(f, self), op, 1, other);
    if (is_complex(other)) return tr_call(f, as_complex(f, self), op, 1, other);
    return tr_coerce_binary(f, self, other, op);
}

/* Two Integers, the right one not 0 for a division: at once, or so that it can be interrupted. */
static MAY_SWITCH MAY_RAISE Value operate(Fiber *f, IntegerWork op, Value a, Value b) {
    if (TR_UNLIKELY(tr_integer_is_heavy(op, a, b)) && (op == INTEGER_MUL || b != TR_FIX(0))) return tr_integer_work(f, op, a, b);
    switch (op) {
    case INTEGER_DIV: return tr_integer_div(f, a, b);
    case INTEGER_MOD: return tr_integer_mod(f, a, b);
    case INTEGER_REMAINDER: return tr_integer_remainder(f, a, b);
    case INTEGER_GCD: return tr_integer_gcd(f, a, b);
    case INTEGER_LCM: return tr_integer_lcm(f, a, b);
    default: return tr_integer_mul(f, a, b);
    }
}

static MAY_SWITCH MAY_RAISE Value integer_plus(Fiber *f, Value self, const Args *args) {
    Value other = args->argv[0];
    if (tr_is_integer(other)) return tr_integer_add(f, self, other);
    if (tr_is_float(other)) return tr_float_new(f, tr_integer_to_double(self) + tr_float(other));
    return other_kind(f, self, other, TR_ID_plus);
}

static MAY_SWITCH MAY_RAISE Value integer_minus(Fiber *f, Value self, const Args *args) {
    Value other = args->argv[0];
    if (tr_is_integer(other)) return tr_integer_sub(f, self, other);
    if (tr_is_float(other)) return tr_float_new(f, tr_integer_to_double(self) - tr_float(other));
    return other_kind(f, self, other, TR_ID_minus);
}

static MAY_SWITCH MAY_RAISE Value integer_times(Fiber *f, Value self, const Args *args) {
    Value other = args->argv[0];
    if (tr_is_integer(other)) return operate(f, INTEGER_MUL, self, other);
    if (tr_is_float(other)) return tr_float_new(f, tr_integer_to_double(self) * tr_float(other));
    return other_kind(f, self, other, TR_ID_times);
}

static MAY_SWITCH MAY_RAISE Value integer_divide(Fiber *f, Value self, const Args *args) {
    Value other = args->argv[0];
    if (tr_is_integer(other)) return operate(f, INTEGER_DIV, self, other);
    if (tr_is_float(other)) return tr_float_new(f, tr_integer_to_double(self) / tr_float(other));
    return other_kind(f, self, other, TR_ID_divide);
}

static MAY_SWITCH MAY_RAISE Value integer_modulo(Fiber *f, Value self, const Args *args) {
    Value other = args->argv[0];
    if (tr_is_integer(other)) return operate(f, INTEGER_MOD, self, other);
    if (tr_is_float(other)) return tr_float_new(f, tr_double_modulo(tr_integer_to_double(self), tr_float(other)));
    return other_kind(f, self, other, TR_ID_modulo);
}

static MAY_SWITCH MAY_RAISE Value integer_remainder(Fiber *f, Value self, const Args *args) {
    Value other = args->argv[0];
    if (tr_is_integer(other)) return operate(f, INTEGER_REMAINDER, self, other);
    if (tr_is_float(other)) return tr_float_new(f, fmod(tr_integer_to_double(self), tr_float(other)));
    Value rest = integer_modulo(f, self, args);
    if (rest == TR_RAISED) return TR_RAISED;
    Value is_zero = tr_call(f, rest, TR_ID_eq, 1, TR_FIX(0));
    if (is_zero != TR_FALSE) return is_zero == TR_RAISED ? TR_RAISED : rest;
    Value other_is_negative = tr_call(f, other, TR_ID_lt, 1, TR_FIX(0)); /* rest has other's sign; it must have self's */
    if (other_is_negative == TR_RAISED) return TR_RAISED;
    if (tr_is_truthy(other_is_negative) == (tr_integer_sign(self) < 0)) return rest;
    return tr_call(f, rest, TR_ID_minus, 1, other);
}

static MAY_SWITCH MAY_RAISE Value integer_div(Fiber *f, Value self, const Args *args) {
    Value other = args->argv[0];
    if (tr_is_integer(other)) return operate(f, INTEGER_DIV, self, other);
    if (tr_is_float(other)) {
        double d = tr_float(other);
        if (d == 0.0) return tr_raise(f, tr_class.zero_division_error, "divided by 0");
        return tr_integer_from_double(f, floor(tr_integer_to_double(self) / d));
    }
    if (is_complex(other)) return tr_call(f, as_complex(f, self), tr_intern_cstr("div"), 1, other);
    Value quotient = other_kind(f, self, other, TR_ID_divide);
    return quotient == TR_RAISED ? TR_RAISED : tr_call(f, quotient, TR_ID_floor, 0);
}

static MAY_SWITCH MAY_RAISE Value integer_divmod(Fiber *f, Value self, const Args *args) {
    Value other = args->argv[0];
    if (tr_is_float(other)) return tr_double_divmod(f, tr_integer_to_double(self), tr_float(other));
    if (!tr_is_integer(other)) return other_kind(f, self, other, TR_ID_divmod);
    Value q = operate(f, INTEGER_DIV, self, other);
    if (q == TR_RAISED) return TR_RAISED;
    Value r = operate(f, INTEGER_MOD, self, other);
    if (r == TR_RAISED) return TR_RAISED;
    return tr_array_new_values(f, 2, q, r);
}

static MAY_SWITCH MAY_RAISE Value integer_fdiv(Fiber *f, Value self, const Args *args) {
    Value other = args->argv[0];
    if (tr_is_float(other)) return tr_float_new(f, tr_integer_to_double(self) / tr_float(other));
    if (!tr_is_integer(other)) {
        double quotient;
        Value v = other_kind(f, self, other, TR_ID_fdiv);
        return v == TR_RAISED || !tr_to_double(f, v, &quotient) ? TR_RAISED : tr_float_new(f, quotient);
    }
    double x = tr_integer_to_double(self), y = tr_integer_to_double(other);
    if (tr_integer_sign(other) != 0 && (tr_is_bignum(self) || tr_is_bignum(other)) &&
        (isinf(x) || isinf(y) || fabs(x) > 9e15 || fabs(y) > 9e15)) {
        Value q = tr_rational_new(f, self, other); /* exact quotient, rounded once */
        return q == TR_RAISED ? TR_RAISED : tr_float_new(f, tr_rational_to_double(f, q));
    }
    return tr_float_new(f, x / y);
}

static MAY_SWITCH MAY_RAISE Value raise_to(Fiber *f, Value base, uint64_t exponent) {
    bool is_trivial = base == TR_FIX(0) || base == TR_FIX(1) || base == TR_FIX(-1) || tr_integer_power_is_refused(base, exponent);
    if (TR_LIKELY(is_trivial || !tr_integer_power_is_heavy(base, exponent))) return tr_integer_power(f, base, exponent);
    return tr_integer_heavy_power(f, base, exponent);
}

static MAY_SWITCH MAY_RAISE Value integer_power(Fiber *f, Value self, const Args *args) {
    Value other = args->argv[0];
    if (tr_is_integer(other)) {
        int64_t exponent;
        if (tr_integer_sign(other) < 0) {
            if (self == TR_FIX(0)) return tr_raise(f, tr_class.zero_division_error, "divided by 0");
            return tr_call(f, as_rational(f, self), TR_ID_power, 1, other);
        }
        if (!tr_integer_fits_int64(other, &exponent)) {
            if (self == TR_FIX(0) || self == TR_FIX(1)) return self;
            if (self == TR_FIX(-1)) return tr_integer_is_odd(other) ? self : TR_FIX(1);
            return tr_raise(f, tr_class.argument_error, "exponent is too large");
        }
        return raise_to(f, self, (uint64_t)exponent);
    }
    if (tr_is_float(other)) {
        double x = tr_integer_to_double(self), y = tr_float(other);
        if (x < 0 && y != round(y)) return tr_negative_power(f, x, y);
        return tr_float_new(f, x == 1.0 ? 1.0 : pow(x, y));
    }
    return other_kind(f, self, other, TR_ID_power);
}

/* Integer#pow(exponent, modulus = nil) */
static MAY_SWITCH MAY_RAISE Value integer_pow(Fiber *f, Value self, const Args *args) {
    if (args->argc == 1) return integer_power(f, self, args);
    Value exponent = args->argv[0], modulus = args->argv[1];
    if (!tr_is_integer(exponent))
        return tr_raise(f, tr_class.type_error, "Integer#pow() 2nd argument not allowed unless a 1st argument is integer");
    if (tr_integer_sign(exponent) < 0)
        return tr_raise(f, tr_class.range_error, "Integer#pow() 1st argument cannot be negative when 2nd argument specified");
    if (!tr_is_integer(modulus))
        return tr_raise(f, tr_class.type_error, "Integer#pow() 2nd argument not allowed unless all arguments are integers");
    if (modulus == TR_FIX(0)) return tr_raise(f, tr_class.zero_division_error, "divided by 0");
    if (tr_integer_power_modulo_is_heavy(exponent, modulus)) return tr_integer_heavy_power_modulo(f, self, exponent, modulus);
    return tr_integer_power_modulo(f, self, exponent, modulus);
}

/* --- comparing --- */

static MAY_SWITCH MAY_RAISE Value integer_equal(Fiber *f, Value self, const Args *args) {
    Value other = args->argv[0];
    if (tr_is_integer(other)) return tr_bool(tr_integer_equal(self, other));
    if (tr_is_float(other)) {
        double d = tr_float(other);
        return tr_bool(!isnan(d) && tr_integer_compare_double(self, d) == 0);
    }
    int answer = tr_equal(f, other, self);
    return answer < 0 ? TR_RAISED : tr_bool(answer);
}

static MAY_SWITCH MAY_RAISE Value integer_cmp(Fiber *f, Value self, const Args *args) {
    Value other = args->argv[0];
    if (tr_is_integer(other)) return TR_FIX(tr_integer_compare(self, other));
    if (tr_is_float(other)) {
        double d = tr_float(other);
        return isnan(d) ? TR_NIL : TR_FIX(tr_integer_compare_double(self, d));
    }
    if (is_rational(other)) return tr_call(f, as_rational(f, self), TR_ID_cmp, 1, other);
    return tr_coerce_compare(f, self, other, TR_ID_cmp);
}

/* 1, 0 the answer; -1 raised; -2 for the caller to coerce. */
static int relate(Value self, Value other, bool (*holds)(int order)) {
    if (tr_is_integer(other)) return holds(tr_integer_compare(self, other));
    if (tr_is_float(other)) {
        double d = tr_float(other);
        return isnan(d) ? 0 : holds(tr_integer_compare_double(self, d));
    }
    return -2;
}

static bool holds_lt(int order) { return order < 0; }
static bool holds_le(int order) { return order <= 0; }
static bool holds_gt(int order) { return order > 0; }
static bool holds_ge(int order) { return order >= 0; }

static MAY_SWITCH MAY_RAISE Value relation(Fiber *f, Value self, Value other, bool (*holds)(int), Id op) {
    int answer = relate(self, other, holds);
    if (answer >= 0) return tr_bool(answer);
    if (is_rational(other)) return tr_call(f, as_rational(f, self), op, 1, other);
    return tr_coerce_relation(f, self, other, op);
}

static MAY_SWITCH MAY_RAISE Value integer_lt(Fiber *f, Value self, const Args *args) {
    return relation(f, self, args->argv[0], holds_lt, TR_ID_lt);
}
static MAY_SWITCH MAY_RAISE Value integer_le(Fiber *f, Value self, const Args *args) {
    return relation(f, self, args->argv[0], holds_le, TR_ID_le);
}
static MAY_SWITCH MAY_RAISE Value integer_gt(Fiber *f, Value self, const Args *args) {
    return relation(f, self, args->argv[0], holds_gt, TR_ID_gt);
}
static MAY_SWITCH MAY_RAISE Value integer_ge(Fiber *f, Value self, const Args *args) {
    return relation(f, self, args->argv[0], holds_ge, TR_ID_ge);
}

/* --- bits --- */

static MAY_SWITCH MAY_RAISE Value bit_operation(Fiber *f, Value self, Value other, Id op, Value (*fn)(Fiber *, Value, Value)) {
    return tr_is_integer(other) ? fn(f, self, other) : tr_coerce_bit(f, self, other, op);
}

static MAY_SWITCH MAY_RAISE Value integer_and(Fiber *f, Value self, const Args *args) {
    return bit_operation(f, self, args->argv[0], TR_ID_and, tr_integer_and);
}
static MAY_SWITCH MAY_RAISE Value integer_or(Fiber *f, Value self, const Args *args) {
    return bit_operation(f, self, args->argv[0], TR_ID_or, tr_integer_or);
}
static MAY_SWITCH MAY_RAISE Value integer_xor(Fiber *f, Value self, const Args *args) {
    return bit_operation(f, self, args->argv[0], TR_ID_xor, tr_integer_xor);
}
static MAY_GC Value integer_complement(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_integer_complement(f, self);
}

static MAY_SWITCH MAY_RAISE Value shift_by(Fiber *f, Value self, Value amount, bool left) {
    amount = tr_to_int(f, amount);
    if (amount == TR_RAISED) return TR_RAISED;
    int64_t n;
    if (tr_integer_fits_int64(amount, &n) && n != INT64_MIN) return tr_integer_shift(f, self, left ? n : -n);
    bool grows = (tr_integer_sign(amount) > 0) == left;
    if (!grows) return TR_FIX(tr_integer_sign(self) < 0 ? -1 : 0);
    if (self == TR_FIX(0)) return self;
    return tr_raise(f, tr_class.range_error, "shift width too big");
}

static MAY_SWITCH MAY_RAISE Value integer_lshift(Fiber *f, Value self, const Args *args) {
    return shift_by(f, self, args->argv[0], true);
}
static MAY_SWITCH MAY_RAISE Value integer_rshift(Fiber *f, Value self, const Args *args) {
    return shift_by(f, self, args->argv[0], false);
}

/* The low `count` bits of v. */
static MAY_GC MAY_RAISE Value low_bits(Fiber *f, Value v, int64_t count) {
    Value mask = tr_integer_shift(f, TR_FIX(1), count);
    if (mask == TR_RAISED) return TR_RAISED;
    mask = tr_integer_sub(f, mask, TR_FIX(1));
    return mask == TR_RAISED ? TR_RAISED : tr_integer_and(f, v, mask);
}

/* Integer#[](range): the bits of the range as a number; (..b) only when those bits are all zero. */
static MAY_SWITCH MAY_RAISE Value bits_of_range(Fiber *f, Value self, Range *range) {
    int64_t from = 0, to;
    Value begin = range->begin, end = range->end;
    bool excludes = range->excludes_end;
    if (begin == TR_NIL) {
        if (!tr_to_long(f, end, &to)) return TR_RAISED;
        if (!excludes) to++;
        Value low = low_bits(f, self, to < 0 ? 0 : to);
        if (low == TR_RAISED) return TR_RAISED;
        if (low == TR_FIX(0)) return TR_FIX(0);
        return tr_raise(f, tr_class.argument_error, "The beginless range for Integer#[] results in infinity");
    }
    if (!tr_to_long(f, begin, &from)) return TR_RAISED;
    Value shifted = tr_integer_shift(f, self, -from);
    if (shifted == TR_RAISED || end == TR_NIL) return shifted;
    if (!tr_to_long(f, end, &to)) return TR_RAISED;
    int64_t count = to - from + (excludes ? 0 : 1);
    return count < 0 || to < from ? shifted : low_bits(f, shifted, count);
}

static MAY_SWITCH MAY_RAISE Value integer_aref(Fiber *f, Value self, const Args *args) {
    Value index = args->argv[0];
    if (args->argc == 2) {
        int64_t from, count;
        if (!tr_to_long(f, index, &from) || !tr_to_long(f, args->argv[1], &count)) return TR_RAISED;
        Value shifted = tr_integer_shift(f, self, -from);
        return shifted == TR_RAISED || count < 0 ? shifted : low_bits(f, shifted, count);
    }
    if (tr_is_type(index, TYPE_RANGE)) return bits_of_range(f, self, (Range *)index);
    index = tr_to_int(f, index);
    if (index == TR_RAISED) return TR_RAISED;
    if (tr_integer_sign(index) < 0) return TR_FIX(0);
    int64_t n;
    if (!tr_integer_fits_int64(index, &n)) return TR_FIX(tr_integer_sign(self) < 0);
    return TR_FIX(tr_integer_bit(self, (uint64_t)n));
}

static MAY_SWITCH MAY_RAISE Value integer_allbits_p(Fiber *f, Value self, const Args *args) {
    Value mask = tr_to_int(f, args->argv[0]);
    return mask == TR_RAISED ? mask : tr_bool(tr_integer_equal(tr_integer_and(f, self, mask), mask));
}
static MAY_SWITCH MAY_RAISE Value integer_anybits_p(Fiber *f, Value self, const Args *args) {
    Value mask = tr_to_int(f, args->argv[0]);
    return mask == TR_RAISED ? mask : tr_bool(tr_integer_and(f, self, mask) != TR_FIX(0));
}
static MAY_SWITCH MAY_RAISE Value integer_nobits_p(Fiber *f, Value self, const Args *args) {
    Value mask = tr_to_int(f, args->argv[0]);
    return mask == TR_RAISED ? mask : tr_bool(tr_integer_and(f, self, mask) == TR_FIX(0));
}
static MAY_GC Value integer_bit_length(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_integer_from_uint64(f, tr_integer_bit_length(self));
}
static MAY_GC Value integer_size(Fiber *f, Value self, const Args *args) {
    (void)f; (void)args;
    return TR_FIX(tr_is_fixnum(self) ? 8 : (mpz_sizeinbase(((Bignum *)self)->value, 2) + 7) / 8);
}

/* --- conversions --- */

static MAY_SWITCH MAY_RAISE Value integer_to_s(Fiber *f, Value self, const Args *args) {
    int64_t base = 10;
    if (args->argc > 0 && !tr_to_long(f, args->argv[0], &base)) return TR_RAISED;
    if (base < 2 || base > 36) return tr_raise(f, tr_class.argument_error, "invalid radix %ld", (long)base);
    if (TR_UNLIKELY(tr_integer_is_heavy(INTEGER_TO_S, self, TR_FIX(base)))) return tr_integer_work(f, INTEGER_TO_S, self, TR_FIX(base));
    return tr_integer_to_s(f, self, (int)base);
}
static MAY_GC Value integer_to_i(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return self; }
static MAY_GC Value integer_to_f(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_float_new(f, tr_integer_to_double(self));
}
static MAY_GC Value integer_to_r(Fiber *f, Value self, const Args *args) { (void)args; return as_rational(f, self); }
static MAY_GC Value integer_rationalize(Fiber *f, Value self, const Args *args) { (void)args; return as_rational(f, self); }
static MAY_GC Value integer_denominator(Fiber *f, Value self, const Args *args) {
    (void)f; (void)self; (void)args;
    return TR_FIX(1);
}
static MAY_GC Value integer_hash(Fiber *f, Value self, const Args *args) {
    (void)f; (void)args;
    return tr_value_from_fixnum((int64_t)tr_number_hash(self) >> 2);
}

static MAY_SWITCH MAY_RAISE Value integer_chr(Fiber *f, Value self, const Args *args) {
    int64_t code;
    if (!tr_integer_fits_int64(self, &code)) return tr_raise(f, tr_class.range_error, "bignum out of char range");
    if (code < 0 || code > UINT32_MAX) return tr_raise(f, tr_class.range_error, "%ld out of char range", (long)code);
    return tr_integer_to_char(f, (uint32_t)code, args->argc > 0 ? args->argv[0] : TR_UNDEF);
}
static MAY_GC Value integer_ord(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return self; }

static MAY_SWITCH MAY_RAISE Value integer_coerce(Fiber *f, Value self, const Args *args) {
    Value other = args->argv[0];
    if (tr_is_integer(other)) return tr_array_new_values(f, 2, other, self);
    double x;
    if (tr_is_string(other)) {
        Value d = tr_string_to_float(f, other, true);
        if (d == TR_RAISED) return TR_RAISED;
        x = tr_float(d);
    } else if (!tr_to_double(f, other, &x)) return TR_RAISED;
    Value left = tr_float_new(f, x);
    return tr_array_new_values(f, 2, left, tr_float_new(f, tr_integer_to_double(self)));
}

/* --- small questions and neighbours --- */

static MAY_GC MAY_RAISE Value integer_uminus(Fiber *f, Value self, const Args *args) { (void)args; return tr_integer_negate(f, self); }
static MAY_GC MAY_RAISE Value integer_succ(Fiber *f, Value self, const Args *args) { (void)args; return tr_integer_add(f, self, TR_FIX(1)); }
static MAY_GC MAY_RAISE Value integer_pred(Fiber *f, Value self, const Args *args) { (void)args; return tr_integer_sub(f, self, TR_FIX(1)); }
static MAY_GC Value integer_abs(Fiber *f, Value self, const Args *args) { (void)args; return tr_integer_abs(f, self); }
static MAY_GC Value integer_zero_p(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return tr_bool(self == TR_FIX(0)); }
static MAY_GC Value integer_even_p(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return tr_bool(!tr_integer_is_odd(self)); }
static MAY_GC Value integer_odd_p(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return tr_bool(tr_integer_is_odd(self)); }
static MAY_GC Value integer_integer_p(Fiber *f, Value self, const Args *args) { (void)f; (void)self; (void)args; return TR_TRUE; }

static MAY_GC MAY_RAISE Value raise_not_integer(Fiber *f) { return tr_raise(f, tr_class.type_error, "not an integer"); }

static MAY_SWITCH MAY_RAISE Value integer_gcd(Fiber *f, Value self, const Args *args) {
    return tr_is_integer(args->argv[0]) ? operate(f, INTEGER_GCD, self, args->argv[0]) : raise_not_integer(f);
}
static MAY_SWITCH MAY_RAISE Value integer_lcm(Fiber *f, Value self, const Args *args) {
    return tr_is_integer(args->argv[0]) ? operate(f, INTEGER_LCM, self, args->argv[0]) : raise_not_integer(f);
}
static MAY_SWITCH MAY_RAISE Value integer_gcdlcm(Fiber *f, Value self, const Args *args) {
    if (!tr_is_integer(args->argv[0])) return raise_not_integer(f);
    Value gcd = operate(f, INTEGER_GCD, self, args->argv[0]);
    Value lcm = gcd == TR_RAISED ? TR_RAISED : operate(f, INTEGER_LCM, self, args->argv[0]);
    return lcm == TR_RAISED ? TR_RAISED : tr_array_new_values(f, 2, gcd, lcm);
}

/* --- rounding to a power of ten --- */

typedef enum Direction { TOWARDS_FLOOR, TOWARDS_CEIL, TOWARDS_ZERO, TO_NEAREST } Direction;

/* self rounded to a multiple of `unit` (> 0). */
static MAY_GC MAY_RAISE Value round_to_unit(Fiber *f, Value self, Value unit, Direction direction, RoundMode mode) {
    Value rest = tr_integer_mod(f, self, unit); /* 0 ≤ rest < unit */
    if (rest == TR_RAISED) return TR_RAISED;
    if (rest == TR_FIX(0)) return self;
    Value below = tr_integer_sub(f, self, rest);
    if (below == TR_RAISED) return TR_RAISED;
    bool up;
    bool negative = tr_integer_sign(self) < 0;
    switch (direction) {
    case TOWARDS_FLOOR: up = false; break;
    case TOWARDS_CEIL: up = true; break;
    case TOWARDS_ZERO: up = negative; break;
    default: {
        Value twice = tr_integer_mul(f, rest, TR_FIX(2));
        if (twice == TR_RAISED) return TR_RAISED;
        int order = tr_integer_compare(twice, unit);
        if (order != 0) up = order > 0;
        else if (mode == ROUND_HALF_UP) up = !negative;
        else if (mode == ROUND_HALF_DOWN) up = negative;
        else {
            Value quotient = tr_integer_div(f, below, unit);
            if (quotient == TR_RAISED) return TR_RAISED;
            up = tr_integer_is_odd(quotient);
        }
    }
    }
    return up ? tr_integer_add(f, below, unit) : below;
}

static MAY_SWITCH MAY_RAISE Value round_integer(Fiber *f, Value self, const Args *args, Direction direction, RoundMode mode) {
    int64_t digits = 0;
    if (args->argc > 0 && !tr_to_long(f, args->argv[0], &digits)) return TR_RAISED;
    if (digits >= 0) return self;
    /* 10**-digits larger than twice |self| leaves nothing to compute with */
    if (-digits > (int64_t)(tr_integer_bit_size(self) / 3 + 2) &&
        (direction == TOWARDS_ZERO || direction == TO_NEAREST)) return TR_FIX(0);
    Value unit = tr_integer_power(f, TR_FIX(10), (uint64_t)-digits);
    return unit == TR_RAISED ? TR_RAISED : round_to_unit(f, self, unit, direction, mode);
}

static MAY_SWITCH MAY_RAISE Value integer_round(Fiber *f, Value self, const Args *args) {
    RoundMode mode;
    if (!tr_round_mode(f, args->keywords, &mode)) return TR_RAISED;
    return round_integer(f, self, args, TO_NEAREST, mode);
}
static MAY_SWITCH MAY_RAISE Value integer_floor(Fiber *f, Value self, const Args *args) {
    return round_integer(f, self, args, TOWARDS_FLOOR, ROUND_HALF_UP);
}
static MAY_SWITCH MAY_RAISE Value integer_ceil(Fiber *f, Value self, const Args *args) {
    return round_integer(f, self, args, TOWARDS_CEIL, ROUND_HALF_UP);
}
static MAY_SWITCH MAY_RAISE Value integer_truncate(Fiber *f, Value self, const Args *args) {
    return round_integer(f, self, args, TOWARDS_ZERO, ROUND_HALF_UP);
}

/* Integer#digits(base = 10) */
static MAY_SWITCH MAY_RAISE Value integer_digits(Fiber *f, Value self, const Args *args) {
    Value base = TR_FIX(10);
    if (args->argc > 0) {
        base = tr_to_int(f, args->argv[0]);
        if (base == TR_RAISED) return TR_RAISED;
    }
    if (tr_integer_sign(base) < 0) return tr_raise(f, tr_class.argument_error, "negative radix");
    if (tr_integer_compare(base, TR_FIX(2)) < 0)
        return tr_raise(f, tr_class.argument_error, "invalid radix %ld", (long)tr_fixnum(base));
    if (tr_integer_sign(self) < 0) return tr_raise(f, tr_math_domain_error(), "out of domain");
    if (self == TR_FIX(0)) return tr_array_new_values(f, 1, TR_FIX(0));
    Value digits = tr_array_new(f, 0);
    if (base == TR_FIX(10) && tr_is_bignum(self)) { /* one conversion instead of a division for each digit */
        Value text = tr_integer_is_heavy(INTEGER_TO_S, self, base) ? tr_integer_work(f, INTEGER_TO_S, self, base)
                                                                   : tr_integer_to_s(f, self, 10);
        if (text == TR_RAISED) return TR_RAISED;
        for (size_t i = tr_string(text)->size; i-- > 0;)
            if (tr_array_push(f, digits, TR_FIX(tr_string(text)->bytes[i] - '0')) == TR_RAISED) return TR_RAISED;
        return digits;
    }
    for (Value rest = self; rest != TR_FIX(0);) {
        Value digit = operate(f, INTEGER_MOD, rest, base);
        if (digit == TR_RAISED || TR_SAFEPOINT(f) == TR_RAISED || tr_array_push(f, digits, digit) == TR_RAISED) return TR_RAISED;
        rest = operate(f, INTEGER_DIV, rest, base);
        if (rest == TR_RAISED) return TR_RAISED;
    }
    return digits;
}

static MAY_SWITCH MAY_RAISE Value integer_s_sqrt(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value n = tr_to_int(f, args->argv[0]);
    if (n == TR_RAISED) return TR_RAISED;
    if (tr_integer_sign(n) < 0)
        return tr_raise(f, tr_math_domain_error(), "Numerical argument is out of domain - \"isqrt\"");
    if (tr_integer_is_heavy(INTEGER_SQRT, n, TR_FIX(1))) return tr_integer_work(f, INTEGER_SQRT, n, TR_FIX(1));
    return tr_integer_sqrt(f, n);
}

static MAY_SWITCH MAY_RAISE Value integer_s_try_convert(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value v = args->argv[0];
    if (tr_is_integer(v)) return v;
    return tr_try_convert(f, v, tr_class.integer, TR_ID_to_int);
}

static const MethodDef integer_methods[] = {
    { "+", integer_plus, ARITY(1, 1), 0 },
    { "-", integer_minus, ARITY(1, 1), 0 },
    { "*", integer_times, ARITY(1, 1), 0 },
    { "/", integer_divide, ARITY(1, 1), 0 },
    { "%", integer_modulo, ARITY(1, 1), 0 },
    { "modulo", integer_modulo, ARITY(1, 1), 0 },
    { "remainder", integer_remainder, ARITY(1, 1), 0 },
    { "div", integer_div, ARITY(1, 1), 0 },
    { "divmod", integer_divmod, ARITY(1, 1), 0 },
    { "fdiv", integer_fdiv, ARITY(1, 1), 0 },
    { "**", integer_power, ARITY(1, 1), 0 },
    { "pow", integer_pow, ARITY(1, 2), 0 },
    { "==", integer_equal, ARITY(1, 1), 0 },
    { "===", integer_equal, ARITY(1, 1), 0 },
    { "<=>", integer_cmp, ARITY(1, 1), 0 },
    { "<", integer_lt, ARITY(1, 1), 0 },
    { "<=", integer_le, ARITY(1, 1), 0 },
    { ">", integer_gt, ARITY(1, 1), 0 },
    { ">=", integer_ge, ARITY(1, 1), 0 },
    { "&", integer_and, ARITY(1, 1), 0 },
    { "|", integer_or, ARITY(1, 1), 0 },
    { "^", integer_xor, ARITY(1, 1), 0 },
    { "~", integer_complement, ARITY(0, 0), 0 },
    { "<<", integer_lshift, ARITY(1, 1), 0 },
    { ">>", integer_rshift, ARITY(1, 1), 0 },
    { "[]", integer_aref, ARITY(1, 2), 0 },
    { "allbits?", integer_allbits_p, ARITY(1, 1), 0 },
    { "anybits?", integer_anybits_p, ARITY(1, 1), 0 },
    { "nobits?", integer_nobits_p, ARITY(1, 1), 0 },
    { "bit_length", integer_bit_length, ARITY(0, 0), 0 },
    { "size", integer_size, ARITY(0, 0), 0 },
    { "to_s", integer_to_s, ARITY(0, 1), 0 },
    { "inspect", integer_to_s, ARITY(0, 1), 0 },
    { "to_i", integer_to_i, ARITY(0, 0), 0 },
    { "to_int", integer_to_i, ARITY(0, 0), 0 },
    { "numerator", integer_to_i, ARITY(0, 0), 0 },
    { "denominator", integer_denominator, ARITY(0, 0), 0 },
    { "to_f", integer_to_f, ARITY(0, 0), 0 },
    { "to_r", integer_to_r, ARITY(0, 0), 0 },
    { "rationalize", integer_rationalize, ARITY(0, 1), 0 },
    { "hash", integer_hash, ARITY(0, 0), 0 },
    { "chr", integer_chr, ARITY(0, 1), 0 },
    { "ord", integer_ord, ARITY(0, 0), 0 },
    { "coerce", integer_coerce, ARITY(1, 1), 0 },
    { "-@", integer_uminus, ARITY(0, 0), 0 },
    { "succ", integer_succ, ARITY(0, 0), 0 },
    { "next", integer_succ, ARITY(0, 0), 0 },
    { "pred", integer_pred, ARITY(0, 0), 0 },
    { "abs", integer_abs, ARITY(0, 0), 0 },
    { "magnitude", integer_abs, ARITY(0, 0), 0 },
    { "zero?", integer_zero_p, ARITY(0, 0), 0 },
    { "even?", integer_even_p, ARITY(0, 0), 0 },
    { "odd?", integer_odd_p, ARITY(0, 0), 0 },
    { "integer?", integer_integer_p, ARITY(0, 0), 0 },
    { "gcd", integer_gcd, ARITY(1, 1), 0 },
    { "lcm", integer_lcm, ARITY(1, 1), 0 },
    { "gcdlcm", integer_gcdlcm, ARITY(1, 1), 0 },
    { "round", integer_round, ARITY(0, 1), METHOD_KEYWORDS },
    { "floor", integer_floor, ARITY(0, 1), 0 },
    { "ceil", integer_ceil, ARITY(0, 1), 0 },
    { "truncate", integer_truncate, ARITY(0, 1), 0 },
    { "digits", integer_digits, ARITY(0, 1), 0 },
    { NULL, NULL, 0, 0, 0 }
};
static const MethodDef integer_singleton_methods[] = {
    { "sqrt", integer_s_sqrt, ARITY(1, 1), 0 },
    { "try_convert", integer_s_try_convert, ARITY(1, 1), 0 },
    { NULL, NULL, 0, 0, 0 }
};

static void integer_init(Fiber *f) {
    (void)f;
    tr_integer_boot();
}

const ClassDef tr_integer_def = {
    .klass = &tr_class.integer, .methods = integer_methods, .singleton_methods = integer_singleton_methods,
    .no_alloc = true, .instance_type = TYPE_BIGNUM, .init = integer_init,
};
