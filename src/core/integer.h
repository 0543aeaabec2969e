/* integer.h - Integer arithmetic beyond core/numeric.h, for the numeric classes, format and pack.
 * Arguments named Value are Integers (fixnum or Bignum); none of these functions runs Ruby code. */
#ifndef TR_CORE_INTEGER_H
#define TR_CORE_INTEGER_H

#include <stdlib.h>

#include "core/core.h"

void tr_integer_boot(void);
MAY_GC Value tr_integer_take(Fiber *f, mpz_t taken_z); /* normalises; z is moved or cleared */
void tr_integer_to_mpz(Value v, mpz_t out);            /* out is initialised by the caller */
MAY_GC MAY_RAISE Value tr_integer_remainder(Fiber *f, Value a, Value b); /* sign of a; ZeroDivisionError */
MAY_GC Value tr_integer_negate(Fiber *f, Value a);
MAY_GC Value tr_integer_abs(Fiber *f, Value a);
int tr_integer_sign(Value v);
bool tr_integer_is_odd(Value v);
MAY_GC Value tr_integer_and(Fiber *f, Value a, Value b);
MAY_GC Value tr_integer_or(Fiber *f, Value a, Value b);
MAY_GC Value tr_integer_xor(Fiber *f, Value a, Value b);
MAY_GC Value tr_integer_complement(Fiber *f, Value a);
MAY_GC Value tr_integer_gcd(Fiber *f, Value a, Value b);
MAY_GC Value tr_integer_lcm(Fiber *f, Value a, Value b);
MAY_GC MAY_RAISE Value tr_integer_power(Fiber *f, Value base, uint64_t exponent); /* ArgumentError: exponent is too large */
bool tr_integer_power_is_refused(Value base, uint64_t exponent); /* base is not 0 */
MAY_GC Value tr_integer_power_modulo(Fiber *f, Value base, Value exponent, Value modulus); /* modulus not 0 */
MAY_GC Value tr_integer_sqrt(Fiber *f, Value a);       /* of a non-negative one */
int tr_integer_compare_double(Value a, double d);      /* d not NaN; exact */
uint64_t tr_integer_bit_size(Value v);
uint64_t tr_integer_bit_length(Value v);
bool tr_integer_bit(Value v, uint64_t index);

/* Rounding, shared by Integer, Float and Rational. */
typedef enum RoundMode { ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_HALF_DOWN } RoundMode;
MAY_SWITCH MAY_RAISE bool tr_round_mode(Fiber *f, Value keywords, RoundMode *mode); /* half: */

/* Arithmetic on any numbers (fast for the built-in ones, else a call). */
MAY_SWITCH MAY_RAISE Value tr_number_add(Fiber *f, Value a, Value b);
MAY_SWITCH MAY_RAISE Value tr_number_sub(Fiber *f, Value a, Value b);
MAY_SWITCH MAY_RAISE Value tr_number_mul(Fiber *f, Value a, Value b);
bool tr_is_real_builtin(Value v); /* Integer, Float or Rational */
Class *tr_math_domain_error(void);
/* self op other for & | ^ with a right side that is no Integer: coerce, or TypeError as Ruby words it. */
MAY_SWITCH MAY_RAISE Value tr_coerce_bit(Fiber *f, Value a, Value b, Id op);
double tr_double_modulo(double x, double y);                /* sign of y */
MAY_GC MAY_RAISE Value tr_double_divmod(Fiber *f, double x, double y);
MAY_GC Value tr_rational_raw(Fiber *f, Value numerator, Value denominator); /* already reduced */
MAY_GC Value tr_complex_raw(Fiber *f, Value real, Value imaginary);
/* x ** y for x < 0 and a y that is no integer: a Complex in polar form, exact on the axes. */
MAY_GC Value tr_negative_power(Fiber *f, double x, double y);
double tr_rational_to_double(Fiber *f, Value rational);
/* Integer#chr; encoding TR_UNDEF when not given (core/string_number.c). */
MAY_SWITCH MAY_RAISE Value tr_integer_to_char(Fiber *f, uint32_t code, Value encoding_or_undef);
MAY_GC MAY_RAISE Value tr_float_to_rational(Fiber *f, double d);

#endif
