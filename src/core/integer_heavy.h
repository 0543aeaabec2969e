/* integer_heavy.h - operations on numbers so big that they must be interruptible: integer_heavy.c. */
#ifndef TR_CORE_INTEGER_HEAVY_H
#define TR_CORE_INTEGER_HEAVY_H

#include "vm/vm.h"

typedef enum IntegerWork {
    INTEGER_MUL, INTEGER_DIV, INTEGER_MOD, INTEGER_REMAINDER, INTEGER_GCD, INTEGER_LCM, INTEGER_SQRT, INTEGER_TO_S,
    INTEGER_POWER, INTEGER_POWER_MODULO
} IntegerWork;

/* Will it take milliseconds? b is the base for INTEGER_TO_S, and any small number for INTEGER_SQRT; a divisor is not 0. */
bool tr_integer_is_heavy(IntegerWork op, Value a, Value b);
/* Does it while other threads run. TR_RAISED: interrupted. */
MAY_SWITCH MAY_RAISE Value tr_integer_work(Fiber *f, IntegerWork op, Value a, Value b);

bool tr_integer_power_is_heavy(Value base, uint64_t exponent);
MAY_SWITCH MAY_RAISE Value tr_integer_heavy_power(Fiber *f, Value base, uint64_t exponent);
bool tr_integer_power_modulo_is_heavy(Value exponent, Value modulus);
MAY_SWITCH MAY_RAISE Value tr_integer_heavy_power_modulo(Fiber *f, Value base, Value exponent, Value modulus);
/* More digits than that are parsed by tr_integer_heavy_parse. */
enum { TR_HEAVY_DIGITS = 100000 };
MAY_SWITCH MAY_RAISE Value tr_integer_heavy_parse(Fiber *f, const char *digits, size_t count, int base);

#endif
