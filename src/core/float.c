/* float.c - the methods of Float. A double is an immediate flonum where its exponent allows, else a heap object. */
#include "core/float.h"

#include <float.h>
#include <math.h>

#include "core/integer.h"

Value tr_float_new_slow(Fiber *f, double d) {
    FloatObject *object = tr_heap_alloc(f, sizeof(FloatObject), TYPE_FLOAT | TR_FLAG_FROZEN, tr_class.float_);
    object->value = d;
    return (Value)object;
}

static inline bool is_rational(Value v) { return tr_is_type(v, TYPE_RATIONAL); }

/* The right side of an operator as a double, when it is a real built-in number. */
static bool real_operand(Fiber *f, Value other, double *out) {
    if (tr_is_float(other)) *out = tr_float(other);
    else if (tr_is_integer(other)) *out = tr_integer_to_double(other);
    else if (is_rational(other)) *out = tr_rational_to_double(f, other);
    else return false;
    return true;
}

static MAY_SWITCH MAY_RAISE Value other_kind(Fiber *f, Value self, Value other, Id op) {
    if (tr_is_type(other, TYPE_COMPLEX)) return tr_call(f, tr_complex_raw(f, self, TR_FIX(0)), op, 1, other);
    return tr_coerce_binary(f, self, other, op);
}

double tr_double_modulo(double x, double y) {
    if (isinf(y) && !isinf(x) && !isnan(x)) {
        if (x == 0.0 || (x < 0) == (y < 0)) return x;
        return y;
    }
    double r = fmod(x, y);
    if (r != 0.0 && (r < 0) != (y < 0)) r += y;
    return r;
}

Value tr_double_divmod(Fiber *f, double x, double y) {
    if (y == 0.0) return tr_raise(f, tr_class.zero_division_error, "divided by 0");
    if (isinf(x)) return tr_raise(f, tr_class.float_domain_error, isnan(y) ? "NaN" : (x < 0) == (y < 0) ? "Infinity" : "-Infinity");
    double r = tr_double_modulo(x, y);
    double q = isinf(y) && !isinf(x) ? (x == 0.0 || (x < 0) == (y < 0) ? 0.0 : -1.0) : round((x - r) / y);
    Value quotient = tr_integer_from_double(f, q);
    if (quotient == TR_RAISED) return TR_RAISED;
    return tr_array_new_values(f, 2, quotient, tr_float_new(f, r));
}

#define OPERATOR(name, id, expression)                                                   \
    static MAY_SWITCH MAY_RAISE Value float_##name(Fiber *f, Value self, const Args *args) { \
        double x = tr_float(self), y;                                                    \
        if (!real_operand(f, args->argv[0], &y)) return other_kind(f, self, args->argv[0], id); \
        return tr_float_new(f, expression);                                              \
    }
OPERATOR(plus, TR_ID_plus, x + y)
OPERATOR(minus, TR_ID_minus, x - y)
OPERATOR(times, TR_ID_times, x * y)
OPERATOR(divide, TR_ID_divide, x / y)
OPERATOR(fdiv, TR_ID_divide, x / y)
#undef OPERATOR

static MAY_SWITCH MAY_RAISE Value float_modulo(Fiber *f, Value self, const Args *args) {
    double y;
    if (!real_operand(f, args->argv[0], &y)) return other_kind(f, self, args->argv[0], TR_ID_modulo);
    if (y == 0.0) return tr_raise(f, tr_class.zero_division_error, "divided by 0");
    return tr_float_new(f, tr_double_modulo(tr_float(self), y));
}

static MAY_SWITCH MAY_RAISE Value float_power(Fiber *f, Value self, const Args *args) {
    double x = tr_float(self), y;
    if (!real_operand(f, args->argv[0], &y)) return other_kind(f, self, args->argv[0], TR_ID_power);
    if (x < 0 && y != round(y)) return tr_negative_power(f, x, y);
    return tr_float_new(f, pow(x, y));
}

static MAY_SWITCH MAY_RAISE Value float_divmod(Fiber *f, Value self, const Args *args) {
    double y;
    if (!real_operand(f, args->argv[0], &y)) return tr_coerce_binary(f, self, args->argv[0], TR_ID_divmod);
    return tr_double_divmod(f, tr_float(self), y);
}

/* --- comparing: exact between Integer and Float --- */

/* -1, 0, 1; 2 unordered (NaN); 3 the other is no built-in real. */
static int order_with(Fiber *f, Value self, Value other) {
    double x = tr_float(self);
    if (tr_is_float(other)) {
        double y = tr_float(other);
        return isnan(x) || isnan(y) ? 2 : (x > y) - (x < y);
    }
    if (tr_is_integer(other)) return isnan(x) ? 2 : -tr_integer_compare_double(other, x);
    if (is_rational(other)) {
        double y = tr_rational_to_double(f, other);
        return isnan(x) ? 2 : (x > y) - (x < y);
    }
    return 3;
}

static MAY_SWITCH MAY_RAISE Value float_equal(Fiber *f, Value self, const Args *args) {
    int order = order_with(f, self, args->argv[0]);
    if (order < 3) return tr_bool(order == 0);
    int answer = tr_equal(f, args->argv[0], self);
    return answer < 0 ? TR_RAISED : tr_bool(answer);
}

static MAY_SWITCH MAY_RAISE Value float_cmp(Fiber *f, Value self, const Args *args) {
    Value other = args->argv[0];
    int order = order_with(f, self, other);
    if (order < 2) return TR_FIX(order);
    if (order == 2) return TR_NIL;
    double x = tr_float(self);
    if (isinf(x)) { /* an infinite? of the other side decides */
        int can = tr_responds_to(f, other, TR_ID_infinite_p, false);
        if (can < 0) return TR_RAISED;
        if (can) {
            Value infinite = tr_call(f, other, TR_ID_infinite_p, 0);
            if (infinite == TR_RAISED) return TR_RAISED;
            if (!tr_is_truthy(infinite)) return TR_FIX(x < 0 ? -1 : 1);
            int64_t sign = tr_is_fixnum(infinite) ? tr_fixnum(infinite) : 1;
            int mine = x < 0 ? -1 : 1, theirs = sign < 0 ? -1 : 1;
            return TR_FIX((mine > theirs) - (mine < theirs));
        }
    }
    return tr_coerce_compare(f, self, other, TR_ID_cmp);
}

#define RELATION(name, id, condition)                                                    \
    static MAY_SWITCH MAY_RAISE Value float_##name(Fiber *f, Value self, const Args *args) { \
        int order = order_with(f, self, args->argv[0]);                                  \
        if (order == 3) return tr_coerce_relation(f, self, args->argv[0], id);           \
        return tr_bool(order != 2 && (condition));                                       \
    }
RELATION(lt, TR_ID_lt, order < 0)
RELATION(le, TR_ID_le, order <= 0)
RELATION(gt, TR_ID_gt, order > 0)
RELATION(ge, TR_ID_ge, order >= 0)
#undef RELATION

static MAY_GC Value float_eql_p(Fiber *f, Value self, const Args *args) {
    (void)f;
    return tr_bool(tr_is_float(args->argv[0]) && tr_float(args->argv[0]) == tr_float(self));
}
static MAY_GC Value float_hash(Fiber *f, Value self, const Args *args) {
    (void)f; (void)args;
    return tr_value_from_fixnum((int64_t)tr_number_hash(self) >> 2);
}

static MAY_SWITCH MAY_RAISE Value float_coerce(Fiber *f, Value self, const Args *args) {
    double x;
    Value other = args->argv[0];
    if (tr_is_string(other)) {
        other = tr_string_to_float(f, other, true);
        if (other == TR_RAISED) return TR_RAISED;
    }
    if (!tr_to_double(f, other, &x)) return TR_RAISED;
    return tr_array_new_values(f, 2, tr_float_new(f, x), self);
}

/* --- conversions and questions --- */

static MAY_GC Value float_to_s(Fiber *f, Value self, const Args *args) { (void)args; return tr_float_to_s(f, tr_float(self)); }
static MAY_GC MAY_RAISE Value float_to_i(Fiber *f, Value self, const Args *args) { (void)args; return tr_integer_from_double(f, tr_float(self)); }
static MAY_GC Value float_to_f(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return self; }
static MAY_GC MAY_RAISE Value float_to_r(Fiber *f, Value self, const Args *args) { (void)args; return tr_float_to_rational(f, tr_float(self)); }
static MAY_GC Value float_nan_p(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return tr_bool(isnan(tr_float(self))); }
static MAY_GC Value float_finite_p(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return tr_bool(isfinite(tr_float(self))); }
static MAY_GC Value float_infinite_p(Fiber *f, Value self, const Args *args) {
    (void)f; (void)args;
    return isinf(tr_float(self)) ? TR_FIX(tr_float(self) < 0 ? -1 : 1) : TR_NIL;
}
static MAY_GC Value float_zero_p(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return tr_bool(tr_float(self) == 0.0); }
static MAY_GC Value float_positive_p(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return tr_bool(tr_float(self) > 0.0); }
static MAY_GC Value float_negative_p(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return tr_bool(tr_float(self) < 0.0); }
static MAY_GC Value float_uminus(Fiber *f, Value self, const Args *args) { (void)args; return tr_float_new(f, -tr_float(self)); }
static MAY_GC Value float_abs(Fiber *f, Value self, const Args *args) { (void)args; return tr_float_new(f, fabs(tr_float(self))); }
static MAY_GC Value float_next_float(Fiber *f, Value self, const Args *args) { (void)args; return tr_float_new(f, nextafter(tr_float(self), INFINITY)); }
static MAY_GC Value float_prev_float(Fiber *f, Value self, const Args *args) { (void)args; return tr_float_new(f, nextafter(tr_float(self), -INFINITY)); }

/* --- rounding --- */

/* So many decimals that the double has nothing beyond them. */
static bool has_no_more_digits(double d, int64_t digits) {
    int exponent;
    frexp(d, &exponent);
    return digits >= DBL_DIG + 2 - (exponent > 0 ? exponent / 4 : exponent / 3 - 1);
}
/* A unit so large that the double is less than half of it. */
static bool is_below_unit(double d, int64_t digits) {
    int exponent;
    frexp(d, &exponent);
    return digits < -(exponent > 0 ? exponent / 3 + 1 : exponent / 4);
}

/* d * scale rounded to an integer; the product's own rounding error is put right by comparing the halfway points. */
static double round_scaled(double d, double scale, RoundMode mode) {
    double scaled = d * scale, nearest = round(scaled);
    if (mode == ROUND_HALF_UP) {
        double away = nearest + (d > 0 ? 0.5 : -0.5);
        if (scale != 1.0 && (d > 0 ? away / scale <= d : away / scale >= d)) nearest += d > 0 ? 1 : -1;
        return nearest;
    }
    double towards_zero = nearest - (d > 0 ? 0.5 : -0.5);
    bool is_half = scaled == towards_zero || towards_zero / scale == d;
    if (!is_half) return nearest;
    if (mode == ROUND_HALF_DOWN) return nearest - (d > 0 ? 1 : -1);
    return fmod(nearest, 2.0) == 0.0 ? nearest : nearest - (d > 0 ? 1 : -1);
}

/* floor of d to `digits` (> 0) decimals: the largest k / scale that is not above d. */
static double floor_digits(double d, int digits) {
    double scale = pow(10, digits), k = floor(d * scale);
    double above = (k + 1) / scale;
    return above > d ? k / scale : above;
}
static double ceil_digits(double d, int digits) {
    double scale = pow(10, digits), k = ceil(d * scale);
    double below = (k - 1) / scale;
    return below < d ? k / scale : below;
}

/* The Integer method of the same name on the truncated number: for digits ≤ 0. */
static MAY_SWITCH MAY_RAISE Value round_as_integer(Fiber *f, double whole, int64_t digits, const char *method) {
    Value n = tr_integer_from_double(f, whole);
    if (n == TR_RAISED || digits == 0) return n;
    return tr_call(f, n, tr_intern_cstr(method), 1, tr_value_from_fixnum(digits));
}

static MAY_SWITCH MAY_RAISE bool digits_argument(Fiber *f, const Args *args, int64_t *digits) {
    *digits = 0;
    return args->argc == 0 || args->argv[0] == TR_NIL || tr_to_long(f, args->argv[0], digits);
}

static MAY_SWITCH MAY_RAISE Value float_floor(Fiber *f, Value self, const Args *args) {
    int64_t digits;
    double d = tr_float(self);
    if (!digits_argument(f, args, &digits)) return TR_RAISED;
    if (digits <= 0) return round_as_integer(f, floor(d), digits, "floor");
    if (d == 0.0 || !isfinite(d) || has_no_more_digits(d, digits)) return self;
    if (d > 0 && is_below_unit(d, digits)) return tr_float_new(f, 0.0);
    return tr_float_new(f, floor_digits(d, (int)digits));
}

static MAY_SWITCH MAY_RAISE Value float_ceil(Fiber *f, Value self, const Args *args) {
    int64_t digits;
    double d = tr_float(self);
    if (!digits_argument(f, args, &digits)) return TR_RAISED;
    if (digits <= 0) return round_as_integer(f, ceil(d), digits, "ceil");
    if (d == 0.0 || !isfinite(d) || has_no_more_digits(d, digits)) return self;
    if (d < 0 && is_below_unit(d, digits)) return tr_float_new(f, -0.0);
    return tr_float_new(f, ceil_digits(d, (int)digits));
}

static MAY_SWITCH MAY_RAISE Value float_truncate(Fiber *f, Value self, const Args *args) {
    return tr_float(self) < 0 ? float_ceil(f, self, args) : float_floor(f, self, args);
}

static MAY_SWITCH MAY_RAISE Value round_through_rational(Fiber *f, double d, int64_t digits, Value keywords) {
    Value exact = tr_float_to_rational(f, d);
    if (exact == TR_RAISED) return TR_RAISED;
    Value count = tr_value_from_fixnum(digits);
    exact = tr_call_full(f, exact, TR_ID_round, 1, &count, TR_NIL, keywords, false);
    return exact == TR_RAISED ? TR_RAISED : tr_call(f, exact, TR_ID_to_f, 0);
}

static MAY_SWITCH MAY_RAISE Value float_round(Fiber *f, Value self, const Args *args) {
    int64_t digits;
    RoundMode mode;
    double d = tr_float(self);
    if (args->argc > 0 && args->argv[0] == TR_NIL)
        return tr_raise(f, tr_class.type_error, "no implicit conversion from nil to integer");
    if (!digits_argument(f, args, &digits) || !tr_round_mode(f, args->keywords, &mode)) return TR_RAISED;
    if (digits < 0) {
        if (!isfinite(d)) return tr_integer_from_double(f, d);
        Value whole = tr_integer_from_double(f, d), count = tr_value_from_fixnum(digits);
        return whole == TR_RAISED ? whole : tr_call_full(f, whole, TR_ID_round, 1, &count, TR_NIL, args->keywords, false);
    }
    if (digits == 0) return tr_integer_from_double(f, isfinite(d) ? round_scaled(d, 1.0, mode) : d);
    if (d == 0.0 || !isfinite(d) || has_no_more_digits(d, digits)) return self;
    if (is_below_unit(d, digits)) return tr_float_new(f, 0.0);
    if (digits > 14) return round_through_rational(f, d, digits, args->keywords);
    double scale = pow(10, (double)digits), rounded = round_scaled(d, scale, mode) / scale;
    return isfinite(rounded) ? tr_float_new(f, rounded) : self;
}

bool tr_round_mode(Fiber *f, Value keywords, RoundMode *mode) {
    *mode = ROUND_HALF_UP;
    if (keywords == TR_NIL) return true;
    Id names[1] = { tr_intern_cstr("half") };
    Value half;
    if (!tr_keywords(f, keywords, names, 0, 1, &half, false)) return false;
    if (half == TR_UNDEF || half == TR_NIL) return true;
    Value text = half;
    if (tr_is_symbol(half)) text = tr_symbol_to_s(f, half);
    else if (!tr_is_string(half)) {
        text = tr_try_convert(f, half, tr_class.string, TR_ID_to_str);
        if (text == TR_RAISED) return false;
    }
    if (text != TR_NIL) {
        if (tr_string_is(text, "up")) return true;
        if (tr_string_is(text, "even")) { *mode = ROUND_HALF_EVEN; return true; }
        if (tr_string_is(text, "down")) { *mode = ROUND_HALF_DOWN; return true; }
    }
    if (text == TR_NIL) {
        text = tr_inspect(f, half);
        if (text == TR_RAISED) return false;
    }
    return tr_raise(f, tr_class.argument_error, "invalid rounding mode: %.*s", (int)tr_string(text)->size,
                    tr_string(text)->bytes) != TR_RAISED;
}

static const MethodDef float_methods[] = {
    { "+", float_plus, ARITY(1, 1), 0 },
    { "-", float_minus, ARITY(1, 1), 0 },
    { "*", float_times, ARITY(1, 1), 0 },
    { "/", float_divide, ARITY(1, 1), 0 },
    { "%", float_modulo, ARITY(1, 1), 0 },
    { "modulo", float_modulo, ARITY(1, 1), 0 },
    { "quo", float_divide, ARITY(1, 1), 0 },
    { "fdiv", float_fdiv, ARITY(1, 1), 0 },
    { "**", float_power, ARITY(1, 1), 0 },
    { "divmod", float_divmod, ARITY(1, 1), 0 },
    { "==", float_equal, ARITY(1, 1), 0 },
    { "===", float_equal, ARITY(1, 1), 0 },
    { "<=>", float_cmp, ARITY(1, 1), 0 },
    { "<", float_lt, ARITY(1, 1), 0 },
    { "<=", float_le, ARITY(1, 1), 0 },
    { ">", float_gt, ARITY(1, 1), 0 },
    { ">=", float_ge, ARITY(1, 1), 0 },
    { "eql?", float_eql_p, ARITY(1, 1), 0 },
    { "hash", float_hash, ARITY(0, 0), 0 },
    { "coerce", float_coerce, ARITY(1, 1), 0 },
    { "to_s", float_to_s, ARITY(0, 0), 0 },
    { "inspect", float_to_s, ARITY(0, 0), 0 },
    { "to_i", float_to_i, ARITY(0, 0), 0 },
    { "to_int", float_to_i, ARITY(0, 0), 0 },
    { "to_f", float_to_f, ARITY(0, 0), 0 },
    { "to_r", float_to_r, ARITY(0, 0), 0 },
    { "nan?", float_nan_p, ARITY(0, 0), 0 },
    { "finite?", float_finite_p, ARITY(0, 0), 0 },
    { "infinite?", float_infinite_p, ARITY(0, 0), 0 },
    { "zero?", float_zero_p, ARITY(0, 0), 0 },
    { "positive?", float_positive_p, ARITY(0, 0), 0 },
    { "negative?", float_negative_p, ARITY(0, 0), 0 },
    { "-@", float_uminus, ARITY(0, 0), 0 },
    { "abs", float_abs, ARITY(0, 0), 0 },
    { "magnitude", float_abs, ARITY(0, 0), 0 },
    { "next_float", float_next_float, ARITY(0, 0), 0 },
    { "prev_float", float_prev_float, ARITY(0, 0), 0 },
    { "floor", float_floor, ARITY(0, 1), 0 },
    { "ceil", float_ceil, ARITY(0, 1), 0 },
    { "truncate", float_truncate, ARITY(0, 1), 0 },
    { "round", float_round, ARITY(0, 1), METHOD_KEYWORDS },
    { NULL, NULL, 0, 0, 0 }
};

static MAY_GC void float_init(Fiber *f) {
    static const HeapType float_type = { .name = "Float" };
    tr_heap_register_type(TYPE_FLOAT, &float_type);
    Class *klass = tr_class.float_;
    tr_const_define(f, klass, "INFINITY", tr_float_new(f, INFINITY));
    tr_const_define(f, klass, "NAN", tr_float_new(f, NAN));
    tr_const_define(f, klass, "EPSILON", tr_float_new(f, DBL_EPSILON));
    tr_const_define(f, klass, "MAX", tr_float_new(f, DBL_MAX));
    tr_const_define(f, klass, "MIN", tr_float_new(f, DBL_MIN));
    tr_const_define(f, klass, "DIG", TR_FIX(DBL_DIG));
    tr_const_define(f, klass, "MANT_DIG", TR_FIX(DBL_MANT_DIG));
    tr_const_define(f, klass, "RADIX", TR_FIX(FLT_RADIX));
    tr_const_define(f, klass, "MAX_EXP", TR_FIX(DBL_MAX_EXP));
    tr_const_define(f, klass, "MIN_EXP", TR_FIX(DBL_MIN_EXP));
    tr_const_define(f, klass, "MAX_10_EXP", TR_FIX(DBL_MAX_10_EXP));
    tr_const_define(f, klass, "MIN_10_EXP", TR_FIX(DBL_MIN_10_EXP));
}

const ClassDef tr_float_def = {
    .klass = &tr_class.float_, .methods = float_methods, .no_alloc = true, .instance_type = TYPE_FLOAT,
    .init = float_init,
};
