/* numeric.h - the tower: Integer (fixnum and GMP), Float, Rational, Complex, as other C code sees it. */
#ifndef TR_CORE_NUMERIC_H
#define TR_CORE_NUMERIC_H

#include <gmp.h>

#include "vm/vm.h"

typedef struct FloatObject { Header h; double value; } FloatObject;
typedef struct Bignum { Header h; mpz_t value; size_t accounted; } Bignum; /* always outside the fixnum range */
typedef struct Rational { Header h; Value numerator, denominator; } Rational; /* reduced, denominator > 0 */
typedef struct Complex { Header h; Value real, imaginary; } Complex;

static inline double tr_float(Value v) { return tr_is_flonum(v) ? tr_flonum(v) : ((FloatObject *)v)->value; }
MAY_GC Value tr_float_new_slow(Fiber *f, double d);
static inline MAY_GC Value tr_float_new(Fiber *f, double d) {
    Value v = tr_flonum_try(d);
    return TR_LIKELY(v != 0) ? v : tr_float_new_slow(f, d);
}
MAY_GC Value tr_integer_from_int64(Fiber *f, int64_t n);
MAY_GC Value tr_integer_from_uint64(Fiber *f, uint64_t n);
MAY_GC MAY_RAISE Value tr_integer_from_double(Fiber *f, double d); /* truncates; FloatDomainError */
MAY_GC Value tr_integer_from_mpz(Fiber *f, const mpz_t z);          /* normalises to fixnum */
/* Little-endian 32-bit words as Prism writes them. */
MAY_GC Value tr_integer_from_words(Fiber *f, bool negative, const uint32_t *words, size_t count);
/* Integer arithmetic with Ruby's semantics on any Integers (fixnum or bignum); the VM's opt_* slow paths. */
MAY_GC MAY_RAISE Value tr_integer_add(Fiber *f, Value a, Value b);
MAY_GC MAY_RAISE Value tr_integer_sub(Fiber *f, Value a, Value b);
MAY_GC MAY_RAISE Value tr_integer_mul(Fiber *f, Value a, Value b);
MAY_GC MAY_RAISE Value tr_integer_div(Fiber *f, Value a, Value b);   /* floor; ZeroDivisionError */
MAY_GC MAY_RAISE Value tr_integer_mod(Fiber *f, Value a, Value b);
MAY_GC MAY_RAISE Value tr_integer_shift(Fiber *f, Value a, int64_t left);
int tr_integer_compare(Value a, Value b);
bool tr_integer_equal(Value a, Value b);
bool tr_integer_fits_int64(Value v, int64_t *out);
MAY_GC MAY_RAISE Value tr_integer_to_s(Fiber *f, Value v, int base);
uint64_t tr_number_hash(Value v);
double tr_integer_to_double(Value v);
MAY_GC Value tr_float_to_s(Fiber *f, double d);                      /* shortest round trip, Ruby's format */
MAY_GC MAY_RAISE Value tr_rational_new(Fiber *f, Value numerator, Value denominator); /* reduces; ZeroDivisionError */
MAY_GC MAY_RAISE Value tr_complex_new(Fiber *f, Value real, Value imaginary);
/* a op b through coerce: for a numeric class that does not know b. */
MAY_SWITCH MAY_RAISE Value tr_coerce_binary(Fiber *f, Value a, Value b, Id operator_id);
MAY_SWITCH MAY_RAISE Value tr_coerce_compare(Fiber *f, Value a, Value b, Id operator_id); /* nil when not comparable (<=>) */
MAY_SWITCH MAY_RAISE Value tr_coerce_relation(Fiber *f, Value a, Value b, Id operator_id);/* ArgumentError "comparison of…" */
MAY_GC double tr_random_double(Fiber *f);                                   /* the Ractor's default generator, [0,1) */
MAY_GC uint64_t tr_random_below(Fiber *f, uint64_t limit);

#endif
