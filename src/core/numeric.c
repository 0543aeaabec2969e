/* numeric.c - coercion, Rational and Complex objects, Math: the C side of the tower.
 *
 * Rational and Complex are plain pairs; their methods are Ruby (core/rational.rb, core/complex.rb, core/numeric.rb) over
 * the few primitives here.
 */
#include <float.h>
#include <math.h>

#include "core/integer.h"
#include "core/integer_heavy.h"

/* --- coerce --- */

/* "nil", "true", "1.5" for what is clear by itself, else the class's name: as Ruby's messages name an operand. */
static MAY_SWITCH MAY_RAISE Value operand_name(Fiber *f, Value v) {
    if (tr_is_immediate(v) || tr_is_float(v)) return tr_inspect(f, v);
    return tr_class_text(f, tr_real_class_of(v));
}

static MAY_SWITCH MAY_RAISE Value raise_not_coercible(Fiber *f, Value a, Value b) {
    Value name = operand_name(f, b);
    if (name == TR_RAISED) return TR_RAISED;
    return tr_raise(f, tr_class.type_error, "%s can't be coerced into %s", tr_string(name)->bytes,
                    tr_class_cname(tr_real_class_of(a)));
}

static MAY_SWITCH MAY_RAISE Value raise_not_comparable(Fiber *f, Value a, Value b) {
    Value name = operand_name(f, b);
    if (name == TR_RAISED) return TR_RAISED;
    return tr_raise(f, tr_class.argument_error, "comparison of %s with %s failed", tr_class_cname(tr_real_class_of(a)),
                    tr_string(name)->bytes);
}

/* b.coerce(a): the pair in *x, *y. 1 done, 0 b has no coerce (or answered nil), -1 raised. */
static MAY_SWITCH MAY_RAISE int coerce_pair(Fiber *f, Value a, Value b, Value *x, Value *y) {
    Value pair = tr_call_if_responds(f, b, TR_ID_coerce, 1, &a);
    if (pair == TR_RAISED) return -1;
    if (pair == TR_UNDEF || pair == TR_NIL) return 0;
    if (!tr_is_array(pair) || tr_array_count(pair) != 2) {
        (void)!tr_raise(f, tr_class.type_error, "coerce must return [x, y]");
        return -1;
    }
    *x = tr_array_at(pair, 0);
    *y = tr_array_at(pair, 1);
    return 1;
}

Value tr_coerce_binary(Fiber *f, Value a, Value b, Id operator_id) {
    Value x, y;
    int state = coerce_pair(f, a, b, &x, &y);
    if (state < 0) return TR_RAISED;
    return state ? tr_call(f, x, operator_id, 1, y) : raise_not_coercible(f, a, b);
}

Value tr_coerce_compare(Fiber *f, Value a, Value b, Id operator_id) {
    Value x, y;
    int state = coerce_pair(f, a, b, &x, &y);
    if (state < 0) return TR_RAISED;
    return state ? tr_call(f, x, operator_id, 1, y) : TR_NIL;
}

Value tr_coerce_relation(Fiber *f, Value a, Value b, Id operator_id) {
    Value x, y;
    int state = coerce_pair(f, a, b, &x, &y);
    if (state < 0) return TR_RAISED;
    if (!state) return raise_not_comparable(f, a, b);
    Value answer = tr_call(f, x, operator_id, 1, y);
    return answer == TR_NIL ? raise_not_comparable(f, a, b) : answer;
}

Value tr_coerce_bit(Fiber *f, Value a, Value b, Id op) {
    if (tr_is_float(b) || tr_is_immediate(b) || tr_is_string(b) || tr_is_type(b, TYPE_RATIONAL) || tr_is_type(b, TYPE_COMPLEX)) {
        Value name = operand_name(f, b);
        if (name == TR_RAISED) return TR_RAISED;
        return tr_raise(f, tr_class.type_error, "%s can't be coerced into %s", tr_string(name)->bytes,
                        tr_class_cname(tr_real_class_of(a)));
    }
    Value x, y;
    int state = coerce_pair(f, a, b, &x, &y);
    if (state < 0) return TR_RAISED;
    return state ? tr_call(f, x, op, 1, y) : raise_not_coercible(f, a, b);
}

/* --- arithmetic on any two numbers --- */

bool tr_is_real_builtin(Value v) { return tr_is_integer(v) || tr_is_float(v) || tr_is_type(v, TYPE_RATIONAL); }

Value tr_number_add(Fiber *f, Value a, Value b) {
    if (tr_is_integer(a) && tr_is_integer(b)) return tr_integer_add(f, a, b);
    if (tr_is_float(a) && tr_is_float(b)) return tr_float_new(f, tr_float(a) + tr_float(b));
    return tr_call(f, a, TR_ID_plus, 1, b);
}
Value tr_number_sub(Fiber *f, Value a, Value b) {
    if (tr_is_integer(a) && tr_is_integer(b)) return tr_integer_sub(f, a, b);
    if (tr_is_float(a) && tr_is_float(b)) return tr_float_new(f, tr_float(a) - tr_float(b));
    return tr_call(f, a, TR_ID_minus, 1, b);
}
Value tr_number_mul(Fiber *f, Value a, Value b) {
    if (tr_is_integer(a) && tr_is_integer(b))
        return TR_UNLIKELY(tr_integer_is_heavy(INTEGER_MUL, a, b)) ? tr_integer_work(f, INTEGER_MUL, a, b) : tr_integer_mul(f, a, b);
    if (tr_is_float(a) && tr_is_float(b)) return tr_float_new(f, tr_float(a) * tr_float(b));
    return tr_call(f, a, TR_ID_times, 1, b);
}

/* --- Rational --- */

static void rational_trace(Tracer *tracer, Value object) {
    tr_trace(tracer, ((Rational *)object)->numerator);
    tr_trace(tracer, ((Rational *)object)->denominator);
}

Value tr_rational_raw(Fiber *f, Value numerator, Value denominator) {
    Rational *r = tr_heap_alloc(f, sizeof(Rational), TYPE_RATIONAL | TR_FLAG_FROZEN, tr_class.rational);
    tr_write((Value)r, &r->numerator, numerator);
    tr_write((Value)r, &r->denominator, denominator);
    return (Value)r;
}

Value tr_rational_new(Fiber *f, Value numerator, Value denominator) {
    if (denominator == TR_FIX(0)) return tr_raise(f, tr_class.zero_division_error, "divided by 0");
    if (tr_integer_sign(denominator) < 0) {
        numerator = tr_integer_negate(f, numerator);
        denominator = tr_integer_negate(f, denominator);
    }
    Value gcd = tr_integer_gcd(f, numerator, denominator);
    if (gcd != TR_FIX(1)) {
        numerator = tr_integer_div(f, numerator, gcd);
        denominator = tr_integer_div(f, denominator, gcd);
        if (numerator == TR_RAISED || denominator == TR_RAISED) return TR_RAISED;
    }
    return tr_rational_raw(f, numerator, denominator);
}

Value tr_float_to_rational(Fiber *f, double d) {
    if (isnan(d)) return tr_raise(f, tr_class.float_domain_error, "NaN");
    if (isinf(d)) return tr_raise(f, tr_class.float_domain_error, d < 0 ? "-Infinity" : "Infinity");
    int exponent;
    double fraction = frexp(d, &exponent);
    Value mantissa = tr_integer_from_double(f, ldexp(fraction, DBL_MANT_DIG));
    exponent -= DBL_MANT_DIG;
    if (mantissa == TR_RAISED) return TR_RAISED;
    Value shifted = tr_integer_shift(f, exponent > 0 ? mantissa : TR_FIX(1), exponent > 0 ? exponent : -exponent);
    if (shifted == TR_RAISED) return TR_RAISED;
    return exponent > 0 ? tr_rational_raw(f, shifted, TR_FIX(1)) : tr_rational_new(f, mantissa, shifted);
}

/* Correctly rounded: 64 significant bits of the quotient with a sticky bit, then one rounding by the conversion. */
double tr_rational_to_double(Fiber *f, Value rational) {
    Rational *r = (Rational *)rational;
    (void)f;
    if (tr_is_fixnum(r->numerator) && tr_is_fixnum(r->denominator)) {
        int64_t n = tr_fixnum(r->numerator), d = tr_fixnum(r->denominator);
        if (n > -((int64_t)1 << 53) && n < (int64_t)1 << 53 && d < (int64_t)1 << 53) return (double)n / (double)d;
    }
    mpz_t n, d, q, rest;
    mpz_inits(n, d, q, rest, NULL);
    tr_integer_to_mpz(r->numerator, n);
    tr_integer_to_mpz(r->denominator, d);
    bool negative = mpz_sgn(n) < 0;
    mpz_abs(n, n);
    long shift = 66 - ((long)mpz_sizeinbase(n, 2) - (long)mpz_sizeinbase(d, 2));
    if (shift > 0) mpz_mul_2exp(n, n, (mp_bitcnt_t)shift);
    else mpz_mul_2exp(d, d, (mp_bitcnt_t)-shift);
    mpz_tdiv_qr(q, rest, n, d);
    bool sticky = mpz_sgn(rest) != 0;
    long excess = (long)mpz_sizeinbase(q, 2) - 62; /* leave room for the sticky bit in 64 */
    if (excess > 0) {
        sticky |= mpz_scan1(q, 0) < (mp_bitcnt_t)excess;
        mpz_tdiv_q_2exp(q, q, (mp_bitcnt_t)excess);
        shift -= excess;
    }
    double value = ldexp((double)((mpz_get_ui(q) << 1) | sticky), (int)(-shift - 1 < -2000 ? -2000 : -shift - 1));
    mpz_clears(n, d, q, rest, NULL);
    TR_KEEP(rational);
    return negative ? -value : value;
}

static MAY_GC Value rational_numerator(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return ((Rational *)self)->numerator; }
static MAY_GC Value rational_denominator(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return ((Rational *)self)->denominator; }
static MAY_GC Value rational_to_f(Fiber *f, Value self, const Args *args) { (void)args; return tr_float_new(f, tr_rational_to_double(f, self)); }
static MAY_GC Value number_hash(Fiber *f, Value self, const Args *args) {
    (void)f; (void)args;
    return tr_value_from_fixnum((int64_t)tr_number_hash(self) >> 2);
}
/* Rational.reduce(n, d) for Integers: the core library's own constructor. */
static MAY_GC MAY_RAISE Value rational_s_reduce(Fiber *f, Value self, const Args *args) {
    (void)self;
    return tr_rational_new(f, args->argv[0], args->argv[1]);
}

static const MethodDef rational_methods[] = {
    { "numerator", rational_numerator, ARITY(0, 0), METHOD_LEAF },
    { "denominator", rational_denominator, ARITY(0, 0), METHOD_LEAF },
    { "to_f", rational_to_f, ARITY(0, 0), 0 },
    { "hash", number_hash, ARITY(0, 0), 0 },
    { NULL, NULL, 0, 0, 0 }
};
static const MethodDef rational_singleton_methods[] = {
    { "__reduce", rational_s_reduce, ARITY(2, 2), METHOD_PRIVATE },
    { NULL, NULL, 0, 0, 0 }
};
static void rational_init(Fiber *f) {
    (void)f;
    static const HeapType type = { .name = "Rational", .trace = rational_trace };
    tr_heap_register_type(TYPE_RATIONAL, &type);
}
const ClassDef tr_rational_def = {
    .klass = &tr_class.rational, .methods = rational_methods, .singleton_methods = rational_singleton_methods,
    .no_alloc = true, .instance_type = TYPE_RATIONAL, .init = rational_init,
};

/* --- Complex --- */

static void complex_trace(Tracer *tracer, Value object) {
    tr_trace(tracer, ((Complex *)object)->real);
    tr_trace(tracer, ((Complex *)object)->imaginary);
}

Value tr_complex_raw(Fiber *f, Value real, Value imaginary) {
    Complex *c = tr_heap_alloc(f, sizeof(Complex), TYPE_COMPLEX | TR_FLAG_FROZEN, tr_class.complex);
    tr_write((Value)c, &c->real, real);
    tr_write((Value)c, &c->imaginary, imaginary);
    return (Value)c;
}

Value tr_complex_new(Fiber *f, Value real, Value imaginary) { return tr_complex_raw(f, real, imaginary); }

Value tr_negative_power(Fiber *f, double x, double y) {
    double magnitude = pow(-x, y), turns = fmod(y, 2.0); /* the angle is turns * pi */
    if (turns < 0) turns += 2.0;
    double real = cos(M_PI * turns), imaginary = sin(M_PI * turns);
    if (turns == 0.5 || turns == 1.5) {
        real = 0.0;
        imaginary = turns == 0.5 ? 1.0 : -1.0;
    }
    return tr_complex_raw(f, tr_float_new(f, magnitude * real), tr_float_new(f, magnitude * imaginary));
}

static MAY_GC Value complex_real(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return ((Complex *)self)->real; }
static MAY_GC Value complex_imaginary(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return ((Complex *)self)->imaginary; }
static MAY_GC Value complex_s_make(Fiber *f, Value self, const Args *args) {
    (void)self;
    return tr_complex_raw(f, args->argv[0], args->argv[1]);
}

static const MethodDef complex_methods[] = {
    { "real", complex_real, ARITY(0, 0), METHOD_LEAF },
    { "imaginary", complex_imaginary, ARITY(0, 0), METHOD_LEAF },
    { "imag", complex_imaginary, ARITY(0, 0), METHOD_LEAF },
    { "hash", number_hash, ARITY(0, 0), 0 },
    { NULL, NULL, 0, 0, 0 }
};
static const MethodDef complex_singleton_methods[] = {
    { "__make", complex_s_make, ARITY(2, 2), METHOD_PRIVATE },
    { NULL, NULL, 0, 0, 0 }
};
static MAY_GC void complex_init(Fiber *f) {
    static const HeapType type = { .name = "Complex", .trace = complex_trace };
    tr_heap_register_type(TYPE_COMPLEX, &type);
    Value i = tr_complex_raw(f, TR_FIX(0), TR_FIX(1));
    tr_header(i)->flags |= TR_FLAG_SHAREABLE;
    tr_const_define(f, tr_class.complex, "I", i);
}
const ClassDef tr_complex_def = {
    .klass = &tr_class.complex, .methods = complex_methods, .singleton_methods = complex_singleton_methods,
    .no_alloc = true, .instance_type = TYPE_COMPLEX, .init = complex_init,
};
