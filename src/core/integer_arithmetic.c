/* integer_arithmetic.c - Integer as one type over two representations: fixnum (63 bits) and GMP's mpz.
 *
 * Invariant: a Bignum object's value never fits a fixnum, so equality of representation is equality of number.
 * A fixnum is seen as an mpz without allocation (View). Results are computed into a local mpz that becomes the
 * object's (integer_take) or is given back when it turns out to fit a fixnum. The limbs are malloc'ed by GMP; the
 * heap is told their size, so that big numbers drive collections.
 */
#include "core/integer.h"

#include <math.h>

/* A read-only mpz for any Integer. Lives on the C stack; `v` must stay alive. */
typedef struct View {
    mp_limb_t limb;
    mpz_t own;
    mpz_srcptr z;
} View;

static void view_open(View *view, Value v) {
    if (tr_is_fixnum(v)) {
        int64_t n = tr_fixnum(v);
        view->limb = n < 0 ? (mp_limb_t)0 - (mp_limb_t)n : (mp_limb_t)n;
        view->z = mpz_roinit_n(view->own, &view->limb, n < 0 ? -1 : n > 0);
    } else {
        view->z = ((Bignum *)v)->value;
    }
}

static bool mpz_to_int64(mpz_srcptr z, int64_t *out) {
    size_t limbs = mpz_size(z);
    if (limbs == 0) { *out = 0; return true; }
    if (limbs > 1) return false;
    mp_limb_t limb = mpz_getlimbn(z, 0);
    if (mpz_sgn(z) > 0) {
        if (limb > (mp_limb_t)INT64_MAX) return false;
        *out = (int64_t)limb;
    } else {
        if (limb > (mp_limb_t)1 << 63) return false;
        *out = (int64_t)((mp_limb_t)0 - limb);
    }
    return true;
}

Value tr_integer_take(Fiber *f, mpz_t taken_z) {
    int64_t n;
    if (mpz_to_int64(taken_z, &n) && tr_fits_fixnum(n)) {
        mpz_clear(taken_z);
        return tr_value_from_fixnum(n);
    }
    Bignum *big = tr_heap_alloc(f, sizeof(Bignum), TYPE_BIGNUM | TR_FLAG_FROZEN,
                                tr_class.integer);
    *big->value = *taken_z;
    big->accounted = (size_t)taken_z->_mp_alloc * sizeof(mp_limb_t);
    tr_buffer_adopt(f->heap, big->accounted);
    return (Value)big;
}

static void bignum_free(Heap *heap, Value object) {
    Bignum *big = (Bignum *)object;
    tr_buffer_disown(heap, big->accounted);
    mpz_clear(big->value);
}

static size_t bignum_size(Value object) { return ((Bignum *)object)->accounted; }

void tr_integer_boot(void) {
    static const HeapType bignum_type = { .name = "Integer", .free = bignum_free, .size = bignum_size };
    tr_heap_register_type(TYPE_BIGNUM, &bignum_type);
}

Value tr_integer_from_int64(Fiber *f, int64_t n) {
    if (tr_fits_fixnum(n)) return tr_value_from_fixnum(n);
    mpz_t z;
    mpz_init_set_si(z, n);
    return tr_integer_take(f, z);
}

Value tr_integer_from_uint64(Fiber *f, uint64_t n) {
    if (n <= (uint64_t)TR_FIXNUM_MAX) return tr_value_from_fixnum((int64_t)n);
    mpz_t z;
    mpz_init_set_ui(z, n);
    return tr_integer_take(f, z);
}

Value tr_integer_from_double(Fiber *f, double d) {
    if (isnan(d)) return tr_raise(f, tr_class.float_domain_error, "NaN");
    if (isinf(d)) return tr_raise(f, tr_class.float_domain_error, d < 0 ? "-Infinity" : "Infinity");
    if (d > -4e18 && d < 4e18) return tr_integer_from_int64(f, (int64_t)d);
    mpz_t z;
    mpz_init_set_d(z, d);
    return tr_integer_take(f, z);
}

Value tr_integer_from_mpz(Fiber *f, const mpz_t z) {
    mpz_t copy;
    mpz_init_set(copy, z);
    return tr_integer_take(f, copy);
}

Value tr_integer_from_words(Fiber *f, bool negative, const uint32_t *words, size_t count) {
    mpz_t z;
    mpz_init(z);
    mpz_import(z, count, -1, sizeof(uint32_t), 0, 0, words);
    if (negative) mpz_neg(z, z);
    return tr_integer_take(f, z);
}

void tr_integer_to_mpz(Value v, mpz_t out) {
    View view;
    view_open(&view, v);
    mpz_set(out, view.z);
}

bool tr_integer_fits_int64(Value v, int64_t *out) {
    if (tr_is_fixnum(v)) { *out = tr_fixnum(v); return true; }
    return mpz_to_int64(((Bignum *)v)->value, out);
}

/* --- arithmetic --- */

typedef void (*MpzBinary)(mpz_ptr, mpz_srcptr, mpz_srcptr);

static MAY_GC Value mpz_apply(Fiber *f, MpzBinary fn, Value a, Value b) {
    View x, y;
    mpz_t z;
    view_open(&x, a);
    view_open(&y, b);
    mpz_init(z);
    fn(z, x.z, y.z);
    TR_KEEP(a);
    TR_KEEP(b);
    return tr_integer_take(f, z);
}

Value tr_integer_add(Fiber *f, Value a, Value b) {
    if (tr_is_fixnum(a) && tr_is_fixnum(b)) return tr_integer_from_int64(f, tr_fixnum(a) + tr_fixnum(b));
    return mpz_apply(f, mpz_add, a, b);
}

Value tr_integer_sub(Fiber *f, Value a, Value b) {
    if (tr_is_fixnum(a) && tr_is_fixnum(b)) return tr_integer_from_int64(f, tr_fixnum(a) - tr_fixnum(b));
    return mpz_apply(f, mpz_sub, a, b);
}

Value tr_integer_mul(Fiber *f, Value a, Value b) {
    int64_t product;
    if (tr_is_fixnum(a) && tr_is_fixnum(b) && !__builtin_mul_overflow(tr_fixnum(a), tr_fixnum(b), &product))
        return tr_integer_from_int64(f, product);
    return mpz_apply(f, mpz_mul, a, b);
}

static MAY_GC MAY_RAISE Value raise_zero_division(Fiber *f) {
    return tr_raise(f, tr_class.zero_division_error, "divided by 0");
}

Value tr_integer_div(Fiber *f, Value a, Value b) {
    if (b == TR_FIX(0)) return raise_zero_division(f);
    if (tr_is_fixnum(a) && tr_is_fixnum(b)) {
        int64_t x = tr_fixnum(a), y = tr_fixnum(b), q = x / y;
        if (x % y != 0 && (x < 0) != (y < 0)) q--;
        return tr_integer_from_int64(f, q);
    }
    return mpz_apply(f, mpz_fdiv_q, a, b);
}

Value tr_integer_mod(Fiber *f, Value a, Value b) {
    if (b == TR_FIX(0)) return raise_zero_division(f);
    if (tr_is_fixnum(a) && tr_is_fixnum(b)) {
        int64_t x = tr_fixnum(a), y = tr_fixnum(b), r = x % y;
        if (r != 0 && (r < 0) != (y < 0)) r += y;
        return tr_value_from_fixnum(r);
    }
    return mpz_apply(f, mpz_fdiv_r, a, b);
}

Value tr_integer_remainder(Fiber *f, Value a, Value b) {
    if (b == TR_FIX(0)) return raise_zero_division(f);
    if (tr_is_fixnum(a) && tr_is_fixnum(b)) return tr_value_from_fixnum(tr_fixnum(a) % tr_fixnum(b));
    return mpz_apply(f, mpz_tdiv_r, a, b);
}

Value tr_integer_negate(Fiber *f, Value a) {
    if (tr_is_fixnum(a)) return tr_integer_from_int64(f, -tr_fixnum(a));
    return mpz_apply(f, mpz_sub, TR_FIX(0), a);
}

Value tr_integer_abs(Fiber *f, Value a) { return tr_integer_sign(a) < 0 ? tr_integer_negate(f, a) : a; }

int tr_integer_sign(Value v) {
    if (tr_is_fixnum(v)) return (tr_fixnum(v) > 0) - (tr_fixnum(v) < 0);
    return mpz_sgn(((Bignum *)v)->value);
}

bool tr_integer_is_odd(Value v) {
    return tr_is_fixnum(v) ? (tr_fixnum(v) & 1) != 0 : mpz_odd_p(((Bignum *)v)->value) != 0;
}

/* Results beyond this many bits are refused rather than computed for hours. */
#define RESULT_BITS_MAX ((uint64_t)1 << 34)
#define SHIFT_MAX ((int64_t)1 << 32)

Value tr_integer_shift(Fiber *f, Value a, int64_t left) {
    if (left == 0 || a == TR_FIX(0)) return a;
    if (tr_is_fixnum(a)) {
        int64_t n = tr_fixnum(a);
        if (left < 0) return tr_value_from_fixnum(left <= -63 ? (n < 0 ? -1 : 0) : n >> -left);
        if (left < 62 && (n << left) >> left == n && tr_fits_fixnum(n << left)) return tr_value_from_fixnum(n << left);
    }
    if (left >= SHIFT_MAX) return tr_raise(f, tr_class.range_error, "shift width too big");
    View x;
    mpz_t z;
    view_open(&x, a);
    mpz_init(z);
    if (left > 0) mpz_mul_2exp(z, x.z, (mp_bitcnt_t)left);
    else mpz_fdiv_q_2exp(z, x.z, (mp_bitcnt_t)-left);
    TR_KEEP(a);
    return tr_integer_take(f, z);
}

Value tr_integer_and(Fiber *f, Value a, Value b) {
    return tr_is_fixnum(a) && tr_is_fixnum(b) ? tr_value_from_fixnum(tr_fixnum(a) & tr_fixnum(b)) : mpz_apply(f, mpz_and, a, b);
}

Value tr_integer_or(Fiber *f, Value a, Value b) {
    return tr_is_fixnum(a) && tr_is_fixnum(b) ? tr_value_from_fixnum(tr_fixnum(a) | tr_fixnum(b)) : mpz_apply(f, mpz_ior, a, b);
}

Value tr_integer_xor(Fiber *f, Value a, Value b) {
    return tr_is_fixnum(a) && tr_is_fixnum(b) ? tr_value_from_fixnum(tr_fixnum(a) ^ tr_fixnum(b)) : mpz_apply(f, mpz_xor, a, b);
}

Value tr_integer_complement(Fiber *f, Value a) {
    return tr_is_fixnum(a) ? tr_value_from_fixnum(~tr_fixnum(a)) : mpz_apply(f, mpz_sub, TR_FIX(-1), a);
}

Value tr_integer_gcd(Fiber *f, Value a, Value b) { return mpz_apply(f, mpz_gcd, a, b); }
Value tr_integer_lcm(Fiber *f, Value a, Value b) { return mpz_apply(f, mpz_lcm, a, b); }

bool tr_integer_power_is_refused(Value base, uint64_t exponent) {
    return exponent >= RESULT_BITS_MAX / tr_integer_bit_size(base);
}

Value tr_integer_power(Fiber *f, Value base, uint64_t exponent) {
    if (exponent == 0) return TR_FIX(1);
    if (base == TR_FIX(0) || base == TR_FIX(1)) return base;
    if (base == TR_FIX(-1)) return exponent & 1 ? base : TR_FIX(1);
    if (tr_integer_power_is_refused(base, exponent)) return tr_raise(f, tr_class.argument_error, "exponent is too large");
    View x;
    mpz_t z;
    view_open(&x, base);
    mpz_init(z);
    mpz_pow_ui(z, x.z, exponent);
    TR_KEEP(base);
    return tr_integer_take(f, z);
}

Value tr_integer_power_modulo(Fiber *f, Value base, Value exponent, Value modulus) {
    View b, e, m;
    mpz_t z;
    view_open(&b, base);
    view_open(&e, exponent);
    view_open(&m, modulus);
    mpz_init(z);
    mpz_powm(z, b.z, e.z, m.z);
    if (mpz_sgn(m.z) < 0 && mpz_sgn(z) > 0) mpz_add(z, z, m.z);
    TR_KEEP(base);
    TR_KEEP(exponent);
    TR_KEEP(modulus);
    return tr_integer_take(f, z);
}

Value tr_integer_sqrt(Fiber *f, Value a) {
    View x;
    mpz_t z;
    view_open(&x, a);
    mpz_init(z);
    mpz_sqrt(z, x.z);
    TR_KEEP(a);
    return tr_integer_take(f, z);
}

/* --- comparing, converting --- */

int tr_integer_compare(Value a, Value b) {
    if (tr_is_fixnum(a) && tr_is_fixnum(b)) return (tr_fixnum(a) > tr_fixnum(b)) - (tr_fixnum(a) < tr_fixnum(b));
    View x, y;
    view_open(&x, a);
    view_open(&y, b);
    int order = mpz_cmp(x.z, y.z);
    return (order > 0) - (order < 0);
}

bool tr_integer_equal(Value a, Value b) {
    if (tr_is_fixnum(a) || tr_is_fixnum(b)) return a == b;
    return mpz_cmp(((Bignum *)a)->value, ((Bignum *)b)->value) == 0;
}

int tr_integer_compare_double(Value a, double d) { /* d is not NaN */
    if (isinf(d)) return d > 0 ? -1 : 1;
    if (tr_is_fixnum(a)) {
        int64_t n = tr_fixnum(a);
        if (d >= 4611686018427387904.0) return -1;
        if (d < -4611686018427387904.0) return 1;
        int64_t whole = (int64_t)d;
        if (n != whole) return n < whole ? -1 : 1;
        double fraction = d - (double)whole;
        return (fraction < 0) - (fraction > 0);
    }
    int order = mpz_cmp_d(((Bignum *)a)->value, d);
    return (order > 0) - (order < 0);
}

/* Rounds to nearest even, as Ruby does (mpz_get_d truncates). */
double tr_integer_to_double(Value v) {
    if (tr_is_fixnum(v)) return (double)tr_fixnum(v);
    mpz_srcptr z = ((Bignum *)v)->value;
    size_t bits = mpz_sizeinbase(z, 2);
    if (bits > 1024) return mpz_sgn(z) < 0 ? -INFINITY : INFINITY;
    size_t drop = bits - 64; /* keep 64 bits, fold the rest into a sticky bit */
    mpz_t top;
    mpz_init(top);
    uint64_t mantissa;
    if (bits > 64) {
        mpz_tdiv_q_2exp(top, z, drop);
        mantissa = mpz_getlimbn(top, 0);
        if (mpz_scan1(z, 0) < drop) mantissa |= 1;
    } else {
        drop = 0;
        mantissa = mpz_getlimbn(z, 0);
    }
    mpz_clear(top);
    double d = ldexp((double)mantissa, (int)drop);
    return mpz_sgn(z) < 0 ? -d : d;
}

uint64_t tr_integer_bit_size(Value v) { /* of the magnitude */
    View x;
    view_open(&x, v);
    return mpz_sizeinbase(x.z, 2);
}

uint64_t tr_integer_bit_length(Value v) { /* Integer#bit_length: of ~v when negative */
    if (tr_is_fixnum(v)) {
        int64_t n = tr_fixnum(v);
        if (n < 0) n = ~n;
        return n == 0 ? 0 : 64 - (uint64_t)__builtin_clzll((unsigned long long)n);
    }
    mpz_srcptr z = ((Bignum *)v)->value;
    uint64_t bits = mpz_sizeinbase(z, 2);
    /* -(2**n) needs one bit less, as its complement is 2**n - 1 */
    return mpz_sgn(z) < 0 && mpz_scan1(z, 0) == bits - 1 ? bits - 1 : bits;
}

bool tr_integer_bit(Value v, uint64_t index) {
    if (tr_is_fixnum(v)) return index >= 62 ? tr_fixnum(v) < 0 : ((tr_fixnum(v) >> index) & 1) != 0;
    return mpz_tstbit(((Bignum *)v)->value, index) != 0;
}

Value tr_integer_to_s(Fiber *f, Value v, int base) {
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    if (tr_is_fixnum(v)) {
        char buffer[72], *p = buffer + sizeof buffer;
        int64_t n = tr_fixnum(v);
        uint64_t magnitude = n < 0 ? (uint64_t)0 - (uint64_t)n : (uint64_t)n;
        do {
            *--p = digits[magnitude % (unsigned)base];
            magnitude /= (unsigned)base;
        } while (magnitude);
        if (n < 0) *--p = '-';
        return tr_string_new_encoded(f, p, (size_t)(buffer + sizeof buffer - p), ENCODING_US_ASCII);
    }
    mpz_srcptr z = ((Bignum *)v)->value;
    size_t capacity = mpz_sizeinbase(z, base) + 2;
    char *text = malloc(capacity);
    if (!text) return tr_raise_no_memory(f);
    mpz_get_str(text, base, z);
    TR_KEEP(v);
    Value string = tr_string_new_encoded(f, text, strlen(text), ENCODING_US_ASCII);
    free(text);
    return string;
}

uint64_t tr_number_hash(Value v) {
    if (tr_is_fixnum(v)) return tr_hash_mix(v, 1);
    if (tr_is_float(v)) {
        double d = tr_float(v);
        uint64_t bits;
        if (d == 0.0) d = 0.0; /* -0.0.eql?(0.0) is false, but hash equal is allowed */
        memcpy(&bits, &d, sizeof bits);
        return tr_hash_mix(bits, 2);
    }
    if (tr_is_type(v, TYPE_RATIONAL)) {
        Rational *r = (Rational *)v;
        return tr_hash_mix(tr_number_hash(r->numerator), tr_number_hash(r->denominator) + 3);
    }
    if (tr_is_type(v, TYPE_COMPLEX)) {
        Complex *c = (Complex *)v;
        return tr_hash_mix(tr_number_hash(c->real), tr_number_hash(c->imaginary) + 4);
    }
    mpz_srcptr z = ((Bignum *)v)->value;
    return tr_hash_mix(tr_hash_bytes(mpz_limbs_read(z), mpz_size(z) * sizeof(mp_limb_t)), (uint64_t)(mpz_sgn(z) + 1));
}
