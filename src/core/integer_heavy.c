/* integer_heavy.c - arithmetic on numbers so big that one operation takes milliseconds, or hours.
 *
 * GMP knows no interrupts. So a heavy operation gets copies of its operands and runs on a helper thread, while the Ruby
 * thread is parked: others of its Ractor run, and Thread#raise, Timeout and Ctrl-C end the wait at once. What nobody waits
 * for any more is abandoned: powers stop at their next step, the rest at their end.
 */
#include "core/integer_heavy.h"

#include <string.h>

#include "core/integer.h"

enum {
    LIMBS_MUL = 20000,          /* both operands together: a multiplication or division of 2 ms */
    LIMBS_SHORT = 64,           /* the shorter one below that: the time is linear */
    LIMBS_LINEAR = 4000000,
    LIMBS_GCD = 4000,
    LIMBS_TEXT = 8000,
    WINDOW = 5                  /* bits of an exponent at once */
};
static const double POWER_WORK = 2e6; /* multiplications of limbs in a power modulo something */

typedef struct Work {
    IntegerWork op;
    mpz_t a, b, c;   /* copies */
    uint64_t exponent;
    int base;
    mpz_t result;
    char *text;
} Work;

static size_t limbs_of(Value v) { return tr_is_fixnum(v) ? 1 : mpz_size(((Bignum *)v)->value); }

bool tr_integer_is_heavy(IntegerWork op, Value a, Value b) {
    if (TR_LIKELY(tr_is_fixnum(a) && tr_is_fixnum(b))) return false;
    size_t n = limbs_of(a), m = limbs_of(b);
    if (TR_LIKELY(n + m < LIMBS_GCD)) return false;
    switch (op) {
    case INTEGER_GCD: case INTEGER_LCM: return n > 1 && m > 1;
    case INTEGER_SQRT: return n >= LIMBS_MUL;
    case INTEGER_TO_S: return n >= LIMBS_TEXT;
    case INTEGER_MUL: break;
    case INTEGER_DIV: case INTEGER_MOD: case INTEGER_REMAINDER:
        if (n < m) return false;
        break;
    case INTEGER_POWER: case INTEGER_POWER_MODULO: return true; /* judged by their own */
    }
    return n + m >= ((n < m ? n : m) < LIMBS_SHORT ? LIMBS_LINEAR : LIMBS_MUL);
}

/* ---- on the helper ---- */

/* Left to right, a window at a time, so that it can be left between two steps. modulus NULL: none. */
static void power(mpz_ptr result, mpz_srcptr base, mpz_srcptr exponent, mpz_srcptr modulus, const _Atomic bool *is_abandoned) {
    mpz_t table[1 << WINDOW];
    size_t bits = mpz_sizeinbase(exponent, 2);
    int width = bits < 64 ? 1 : WINDOW; /* few bits: a table is not worth it, and without a modulus it would be large */
    mpz_init_set_ui(table[0], 1);
    for (int i = 1; i < 1 << width; i++) {
        mpz_init(table[i]);
        mpz_mul(table[i], table[i - 1], base);
        if (modulus) mpz_fdiv_r(table[i], table[i], modulus);
    }
    mpz_set_ui(result, 1);
    for (size_t at = (bits + (size_t)width - 1) / (size_t)width; at-- > 0 && !atomic_load(is_abandoned);) {
        unsigned digit = 0;
        for (int i = width; i-- > 0;) digit = digit << 1 | (unsigned)mpz_tstbit(exponent, at * (size_t)width + (size_t)i);
        for (int i = 0; i < width && !atomic_load(is_abandoned); i++) {
            mpz_mul(result, result, result);
            if (modulus) mpz_tdiv_r(result, result, modulus);
        }
        if (digit == 0 || atomic_load(is_abandoned)) continue;
        mpz_mul(result, result, table[digit]);
        if (modulus) mpz_tdiv_r(result, result, modulus);
    }
    for (int i = 0; i < 1 << width; i++) mpz_clear(table[i]);
    if (modulus) mpz_fdiv_r(result, result, modulus);
}

static void compute(void *data, const _Atomic bool *is_abandoned) {
    Work *w = data;
    switch (w->op) {
    case INTEGER_MUL: mpz_mul(w->result, w->a, w->b); break;
    case INTEGER_DIV: mpz_fdiv_q(w->result, w->a, w->b); break;
    case INTEGER_MOD: mpz_fdiv_r(w->result, w->a, w->b); break;
    case INTEGER_REMAINDER: mpz_tdiv_r(w->result, w->a, w->b); break;
    case INTEGER_GCD: mpz_gcd(w->result, w->a, w->b); break;
    case INTEGER_LCM: mpz_lcm(w->result, w->a, w->b); break;
    case INTEGER_SQRT: mpz_sqrt(w->result, w->a); break;
    case INTEGER_TO_S:
        w->text = malloc(mpz_sizeinbase(w->a, w->base) + 2);
        if (w->text) mpz_get_str(w->text, w->base, w->a);
        break;
    case INTEGER_POWER:
        mpz_set_ui(w->b, w->exponent);
        power(w->result, w->a, w->b, NULL, is_abandoned);
        break;
    case INTEGER_POWER_MODULO: power(w->result, w->a, w->b, w->c, is_abandoned); break;
    }
}

static void parse(void *data, const _Atomic bool *is_abandoned) {
    (void)is_abandoned;
    Work *w = data;
    mpz_set_str(w->result, w->text, w->base);
}

static void drop(void *data) {
    Work *w = data;
    mpz_clears(w->a, w->b, w->c, w->result, NULL);
    free(w->text);
    free(w);
}

/* ---- on the Ruby thread ---- */

static Work *work_new(IntegerWork op) {
    Work *w = calloc(1, sizeof *w);
    TR_CHECK(w);
    w->op = op;
    mpz_inits(w->a, w->b, w->c, w->result, NULL);
    return w;
}

static MAY_SWITCH MAY_RAISE Value run(Fiber *f, Work *taken_work, void (*fn)(void *, const _Atomic bool *)) {
    Work *w = taken_work;
    if (tr_abandonable_call(f, fn, w, drop) == TR_RAISED) return TR_RAISED;
    Value value;
    if (w->op == INTEGER_TO_S && fn == compute) {
        value = w->text ? tr_string_new_encoded(f, w->text, strlen(w->text), ENCODING_US_ASCII) : tr_raise_no_memory(f);
    } else {
        mpz_t result;
        mpz_init(result);
        mpz_swap(result, w->result);
        value = tr_integer_take(f, result);
    }
    drop(w);
    return value;
}

Value tr_integer_work(Fiber *f, IntegerWork op, Value a, Value b) {
    Work *w = work_new(op);
    if (op == INTEGER_TO_S) w->base = (int)tr_fixnum(b);
    tr_integer_to_mpz(a, w->a);
    tr_integer_to_mpz(b, w->b);
    return run(f, w, compute);
}

bool tr_integer_power_is_heavy(Value base, uint64_t exponent) {
    double limbs = (double)tr_integer_bit_size(base) * (double)exponent / 64;
    return limbs >= LIMBS_MUL;
}

Value tr_integer_heavy_power(Fiber *f, Value base, uint64_t exponent) {
    Work *w = work_new(INTEGER_POWER);
    tr_integer_to_mpz(base, w->a);
    w->exponent = exponent;
    return run(f, w, compute);
}

bool tr_integer_power_modulo_is_heavy(Value exponent, Value modulus) {
    double limbs = (double)limbs_of(modulus);
    return (double)tr_integer_bit_size(exponent) * limbs * limbs > POWER_WORK;
}

Value tr_integer_heavy_power_modulo(Fiber *f, Value base, Value exponent, Value modulus) {
    Work *w = work_new(INTEGER_POWER_MODULO);
    tr_integer_to_mpz(base, w->a);
    tr_integer_to_mpz(exponent, w->b);
    tr_integer_to_mpz(modulus, w->c);
    return run(f, w, compute);
}

Value tr_integer_heavy_parse(Fiber *f, const char *digits, size_t count, int base) {
    Work *w = work_new(INTEGER_TO_S);
    w->base = base;
    w->text = strndup(digits, count);
    if (w->text) return run(f, w, parse);
    drop(w);
    return tr_raise_no_memory(f);
}
