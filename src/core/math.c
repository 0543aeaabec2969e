/* math.c - the module Math: libm with Ruby's argument conversion and domain errors. */
#include <math.h>

#include "core/integer.h"

static Class *domain_error; /* Math::DomainError; written at boot only */

Class *tr_math_domain_error(void) { return domain_error; }

static MAY_GC MAY_RAISE Value raise_domain(Fiber *f, const char *function) {
    return tr_raise(f, domain_error, "Numerical argument is out of domain - %s", function);
}

static MAY_SWITCH MAY_RAISE bool argument(Fiber *f, const Args *args, int index, double *out) {
    Value v = args->argv[index];
    if (tr_is_float(v)) { *out = tr_float(v); return true; }
    if (tr_is_integer(v)) { *out = tr_integer_to_double(v); return true; }
    return tr_to_double(f, v, out);
}

/* cbrt with one Newton step: libm's result may be off by a unit. */
static double cube_root(double x) {
    double root = cbrt(x);
    return isfinite(root) && root != 0 ? (2.0 * root + (x / root / root)) / 3.0 : root;
}

/* A function of one argument that is defined where `domain` holds. */
#define FUNCTION(name, expression, domain)                                                   \
    static MAY_SWITCH MAY_RAISE Value math_##name(Fiber *f, Value self, const Args *args) {  \
        double x;                                                                            \
        (void)self;                                                                          \
        if (!argument(f, args, 0, &x)) return TR_RAISED;                                     \
        if (!(domain) && !isnan(x)) return raise_domain(f, #name);                           \
        return tr_float_new(f, expression);                                                  \
    }
FUNCTION(sin, sin(x), true)
FUNCTION(cos, cos(x), true)
FUNCTION(tan, tan(x), true)
FUNCTION(asin, asin(x), x >= -1 && x <= 1)
FUNCTION(acos, acos(x), x >= -1 && x <= 1)
FUNCTION(atan, atan(x), true)
FUNCTION(sinh, sinh(x), true)
FUNCTION(cosh, cosh(x), true)
FUNCTION(tanh, tanh(x), true)
FUNCTION(asinh, asinh(x), true)
FUNCTION(acosh, acosh(x), x >= 1)
FUNCTION(atanh, x == 1 ? INFINITY : x == -1 ? -INFINITY : atanh(x), x >= -1 && x <= 1)
FUNCTION(exp, exp(x), true)
FUNCTION(expm1, expm1(x), true)
FUNCTION(log1p, log1p(x), x >= -1)
FUNCTION(cbrt, cube_root(x), true)
FUNCTION(erf, erf(x), true)
FUNCTION(erfc, erfc(x), true)
#undef FUNCTION

/* Both roots of a half: of the length plus and minus the real part. */
static MAY_SWITCH MAY_RAISE Value complex_sqrt(Fiber *f, Value number) {
    double real, imaginary;
    if (!tr_to_double(f, ((Complex *)number)->real, &real) || !tr_to_double(f, ((Complex *)number)->imaginary, &imaginary))
        return TR_RAISED;
    double length = hypot(real, imaginary);
    Value root = tr_float_new(f, sqrt((length + real) / 2.0));
    return tr_complex_raw(f, root, tr_float_new(f, copysign(sqrt((length - real) / 2.0), imaginary)));
}

static MAY_SWITCH MAY_RAISE Value math_sqrt(Fiber *f, Value self, const Args *args) {
    double x;
    (void)self;
    if (tr_is_type(args->argv[0], TYPE_COMPLEX)) return complex_sqrt(f, args->argv[0]);
    if (!argument(f, args, 0, &x)) return TR_RAISED;
    if (x < 0) return raise_domain(f, "sqrt");
    return tr_float_new(f, x == 0.0 ? 0.0 : sqrt(x));
}

/* log2 |v| for numbers beyond a double's range: mantissa and exponent apart. */
static MAY_SWITCH MAY_RAISE bool log_argument(Fiber *f, Value v, const char *function, double *mantissa, double *exponent) {
    *exponent = 0;
    if (tr_is_bignum(v)) {
        if (tr_integer_sign(v) < 0) { (void)!raise_domain(f, function); return false; }
        double whole = tr_integer_to_double(v);
        if (isfinite(whole)) {
            *mantissa = whole;
            return true;
        }
        long power; /* the 53 leading bits as an Integer, and how many follow */
        *mantissa = ldexp(mpz_get_d_2exp(&power, ((Bignum *)v)->value), 53);
        *exponent = (double)power - 53;
        return true;
    }
    if (tr_is_fixnum(v)) *mantissa = (double)tr_fixnum(v);
    else if (!tr_to_double(f, v, mantissa)) return false;
    if (*mantissa < 0 || (*mantissa == 0 && signbit(*mantissa) && !tr_is_integer(v))) {
        if (*mantissa == 0) return true;
        (void)!raise_domain(f, function);
        return false;
    }
    return true;
}

static MAY_SWITCH MAY_RAISE Value math_log(Fiber *f, Value self, const Args *args) {
    double m, e, base_m, base_e;
    (void)self;
    if (!log_argument(f, args->argv[0], "log", &m, &e)) return TR_RAISED;
    double value = log(m) + e * M_LN2;
    if (args->argc == 1) return tr_float_new(f, value);
    if (!log_argument(f, args->argv[1], "log", &base_m, &base_e)) return TR_RAISED;
    if (base_m == 2.0 && base_e == 0) return tr_float_new(f, log2(m) + e);
    if (base_m == 10.0 && base_e == 0) return tr_float_new(f, log10(m) + e * log10(2.0));
    double base = log(base_m) + base_e * M_LN2;
    return tr_float_new(f, base == 0 ? NAN : value / base);
}
static MAY_SWITCH MAY_RAISE Value math_log2(Fiber *f, Value self, const Args *args) {
    double m, e;
    (void)self;
    return log_argument(f, args->argv[0], "log2", &m, &e) ? tr_float_new(f, log2(m) + e) : TR_RAISED;
}
static MAY_SWITCH MAY_RAISE Value math_log10(Fiber *f, Value self, const Args *args) {
    double m, e;
    (void)self;
    return log_argument(f, args->argv[0], "log10", &m, &e) ? tr_float_new(f, log10(m) + e * log10(2.0)) : TR_RAISED;
}

static MAY_SWITCH MAY_RAISE Value math_atan2(Fiber *f, Value self, const Args *args) {
    double y, x;
    (void)self;
    if (!argument(f, args, 0, &y) || !argument(f, args, 1, &x)) return TR_RAISED;
    return tr_float_new(f, atan2(y, x));
}
static MAY_SWITCH MAY_RAISE Value math_hypot(Fiber *f, Value self, const Args *args) {
    double x, y;
    (void)self;
    if (!argument(f, args, 0, &x) || !argument(f, args, 1, &y)) return TR_RAISED;
    return tr_float_new(f, hypot(x, y));
}
static MAY_SWITCH MAY_RAISE Value math_ldexp(Fiber *f, Value self, const Args *args) {
    double x;
    int64_t exponent;
    (void)self;
    if (!argument(f, args, 0, &x) || !tr_to_long(f, args->argv[1], &exponent)) return TR_RAISED;
    return tr_float_new(f, ldexp(x, exponent > 100000 ? 100000 : exponent < -100000 ? -100000 : (int)exponent));
}
static MAY_SWITCH MAY_RAISE Value math_frexp(Fiber *f, Value self, const Args *args) {
    double x;
    int exponent;
    (void)self;
    if (!argument(f, args, 0, &x)) return TR_RAISED;
    double fraction = frexp(x, &exponent);
    return tr_array_new_values(f, 2, tr_float_new(f, fraction), TR_FIX(isfinite(x) ? exponent : 0));
}

/* Exact up to 22!, where every factorial is a double. */
static double gamma_of(double x) {
    if (x == floor(x) && x >= 1 && x <= 23) {
        double product = 1;
        for (int i = 2; i < (int)x; i++) product *= i;
        return product;
    }
    return tgamma(x);
}
static MAY_SWITCH MAY_RAISE Value math_gamma(Fiber *f, Value self, const Args *args) {
    double x;
    (void)self;
    if (!argument(f, args, 0, &x)) return TR_RAISED;
    if ((x < 0 && (x == floor(x) || isinf(x)))) return raise_domain(f, "gamma");
    if (x == 0.0) return tr_float_new(f, signbit(x) ? -INFINITY : INFINITY);
    return tr_float_new(f, gamma_of(x));
}
static MAY_SWITCH MAY_RAISE Value math_lgamma(Fiber *f, Value self, const Args *args) {
    double x;
    int sign = 1;
    (void)self;
    if (!argument(f, args, 0, &x)) return TR_RAISED;
    if (isinf(x) && x < 0) return raise_domain(f, "lgamma");
    double value;
    if (x == 0.0) {
        value = INFINITY;
        sign = signbit(x) ? -1 : 1;
    } else {
        value = lgamma_r(x, &sign);
    }
    return tr_array_new_values(f, 2, tr_float_new(f, value), TR_FIX(sign < 0 ? -1 : 1));
}

#define M METHOD_MODULE_FUNCTION
static const MethodDef math_methods[] = {
    { "sin", math_sin, ARITY(1, 1), M }, { "cos", math_cos, ARITY(1, 1), M }, { "tan", math_tan, ARITY(1, 1), M },
    { "asin", math_asin, ARITY(1, 1), M }, { "acos", math_acos, ARITY(1, 1), M }, { "atan", math_atan, ARITY(1, 1), M },
    { "sinh", math_sinh, ARITY(1, 1), M }, { "cosh", math_cosh, ARITY(1, 1), M }, { "tanh", math_tanh, ARITY(1, 1), M },
    { "asinh", math_asinh, ARITY(1, 1), M }, { "acosh", math_acosh, ARITY(1, 1), M },
    { "atanh", math_atanh, ARITY(1, 1), M }, { "atan2", math_atan2, ARITY(2, 2), M },
    { "exp", math_exp, ARITY(1, 1), M }, { "expm1", math_expm1, ARITY(1, 1), M },
    { "log", math_log, ARITY(1, 2), M }, { "log1p", math_log1p, ARITY(1, 1), M },
    { "log2", math_log2, ARITY(1, 1), M }, { "log10", math_log10, ARITY(1, 1), M },
    { "sqrt", math_sqrt, ARITY(1, 1), M }, { "cbrt", math_cbrt, ARITY(1, 1), M },
    { "hypot", math_hypot, ARITY(2, 2), M }, { "ldexp", math_ldexp, ARITY(2, 2), M },
    { "frexp", math_frexp, ARITY(1, 1), M }, { "erf", math_erf, ARITY(1, 1), M }, { "erfc", math_erfc, ARITY(1, 1), M },
    { "gamma", math_gamma, ARITY(1, 1), M }, { "lgamma", math_lgamma, ARITY(1, 1), M },
    { NULL, NULL, 0, 0, 0 }
};
#undef M

static MAY_GC void math_init(Fiber *f) {
    domain_error = tr_class_define(f, "DomainError", tr_class.standard_error, tr_class.math);
    tr_const_define(f, tr_class.math, "PI", tr_float_new(f, M_PI));
    tr_const_define(f, tr_class.math, "E", tr_float_new(f, M_E));
}

const ClassDef tr_math_def = { .klass = &tr_class.math, .methods = math_methods, .init = math_init };
