/* string_number.c - strings read as numbers: to_i, to_f, to_r, to_c, hex, oct, and the strict readers behind
 * Integer() and its kin.
 *
 * All share the rule for digits: single underscores between digits are skipped, anything else ends the
 * number. The lax readers take the longest number at the front, the strict ones want nothing but blanks
 * around it.
 */
#include <math.h>
#include <stdlib.h>

#include "core/integer.h"
#include "core/integer_heavy.h"
#include "core/string_internal.h"

static bool is_space(int c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static bool is_digit(int c) { return c >= '0' && c <= '9'; }

static int digit_value(int c) {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'z') return c - 'a' + 10;
    if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
    return 99;
}

/* --- integers --- */

/* Skips a prefix that fits the base; turns a base that the text decides (0 or negative) into the one to read
 * with. */
static const char *skip_prefix(const char *p, const char *end, int *base) {
    int found = 0;
    if (end - p >= 2 && p[0] == '0') {
        switch (p[1] | 0x20) {
        case 'x': found = 16; break;
        case 'b': found = 2; break;
        case 'o': found = 8; break;
        case 'd': found = 10; break;
        }
    }
    if (*base <= 0) {
        if (found) {
            *base = found;
            return p + 2;
        }
        *base = end - p >= 2 && p[0] == '0' ? 8 : *base < -1 ? -*base : 10;
        return p;
    }
    return found == *base ? p + 2 : p;
}

typedef struct DigitRun {
    char *digits;    /* NUL-terminated, without underscores; malloc'ed when it does not fit `small` */
    size_t count;
    bool is_clean;   /* no stray underscore at the end */
    char small[64];
} DigitRun;

static const char *read_digits(DigitRun *run, const char *p, const char *end, int base) {
    size_t room = (size_t)(end - p) + 1;
    run->digits = room <= sizeof run->small ? run->small : malloc(room);
    TR_CHECK(run->digits != NULL);
    run->count = 0;
    run->is_clean = true;
    while (p < end) {
        if (*p == '_' && run->count > 0 && p + 1 < end && digit_value(p[1]) < base) {
            p++;
            continue;
        }
        if (digit_value(*p) >= base) break;
        run->digits[run->count++] = *p++;
    }
    if (p < end && *p == '_') run->is_clean = false;
    run->digits[run->count] = 0;
    return p;
}

static void free_digits(DigitRun *run) {
    if (run->digits != run->small) free(run->digits);
}

static MAY_SWITCH MAY_RAISE Value integer_from_digits(Fiber *f, const DigitRun *run, int base, bool is_negative) {
    if (run->count <= 11 || (base == 10 && run->count <= 18)) { /* 36**11 fits 63 bits */
        int64_t n = 0;
        for (size_t i = 0; i < run->count; i++) n = n * base + digit_value(run->digits[i]);
        return tr_integer_from_int64(f, is_negative ? -n : n);
    }
    if (run->count > TR_HEAVY_DIGITS) {
        Value big = tr_integer_heavy_parse(f, run->digits, run->count, base);
        return big == TR_RAISED || !is_negative ? big : tr_integer_negate(f, big);
    }
    mpz_t z;
    mpz_init_set_str(z, run->digits, base);
    if (is_negative) mpz_neg(z, z);
    Value v = tr_integer_from_mpz(f, z);
    mpz_clear(z);
    return v;
}

Value tr_string_parse_integer(Fiber *f, Value v, int base, bool strict) {
    if (base == 1 || base == -1 || base > 36 || base < -36)
        return tr_raise(f, tr_class.argument_error, "invalid radix %d", base);
    if (!tr_encoding_is_ascii_compatible(tr_string_encoding(v)))
        return tr_raise(f, tr_class.compatibility_error, "ASCII incompatible encoding: %s",
                        tr_encodings[tr_string_encoding(v)].name);
    const char *p = tr_string(v)->bytes, *end = tr_string_end(v);
    while (p < end && is_space(*p)) p++;
    bool is_negative = false;
    if (p < end && (*p == '+' || *p == '-')) is_negative = *p++ == '-';
    const char *prefix = p;
    p = skip_prefix(p, end, &base);
    if (p > prefix && (p >= end || digit_value(*p) >= base)) { /* "0x": the zero is the number */
        if (strict) return TR_UNDEF;
        return TR_FIX(0);
    }
    DigitRun run;
    p = read_digits(&run, p, end, base);
    if (strict) {
        bool is_good = run.count > 0 && run.is_clean;
        while (p < end && is_space(*p)) p++;
        if (!is_good || p < end) {
            free_digits(&run);
            return TR_UNDEF;
        }
    }
    Value result = integer_from_digits(f, &run, base, is_negative);
    free_digits(&run);
    TR_KEEP(v);
    return result;
}

static MAY_GC MAY_RAISE Value raise_invalid(Fiber *f, const char *what, Value v) {
    Value text = tr_string_inspect(f, v);
    if (text == TR_RAISED) return TR_RAISED;
    return tr_raise(f, tr_class.argument_error, "invalid value for %s(): %pV", what, (void *)text);
}

Value tr_string_to_integer(Fiber *f, Value v, int base, bool strict) {
    Value result = tr_string_parse_integer(f, v, base, strict);
    return result == TR_UNDEF ? raise_invalid(f, "Integer", v) : result;
}

/* --- floats --- */

/* Copies a decimal number at p without its underscores for strtod; *next is where it ends. False: there is
 * none. */
static bool copy_decimal(const char *p, const char *end, char *to, const char **next) {
    const char *start = p;
    bool has_digits = false;
    if (p < end && (*p == '+' || *p == '-')) *to++ = *p++;
    for (; p < end; p++) {
        if (*p == '_' && p > start && is_digit(p[-1]) && p + 1 < end && is_digit(p[1])) continue;
        if (!is_digit(*p)) break;
        *to++ = *p;
        has_digits = true;
    }
    if (p < end && *p == '.' && p + 1 < end && is_digit(p[1])) {
        *to++ = *p++;
        for (; p < end; p++) {
            if (*p == '_' && is_digit(p[-1]) && p + 1 < end && is_digit(p[1])) continue;
            if (!is_digit(*p)) break;
            *to++ = *p;
        }
        has_digits = true;
    } else if (has_digits && p < end && *p == '.' && (p + 1 == end || (p[1] != '_' && !is_digit(p[1])))) {
        const char *q = p + 1; /* "1." and "1.e5" */
        bool is_exponent = q < end && (*q | 0x20) == 'e';
        bool is_end = q == end || is_space(*q);
        if (is_end || is_exponent) p = q;
    }
    if (!has_digits) return false;
    if (p < end && (*p | 0x20) == 'e') {
        const char *q = p + 1;
        if (q < end && (*q == '+' || *q == '-')) q++;
        if (q < end && is_digit(*q)) {
            while (p < q) *to++ = *p++;
            for (; p < end; p++) {
                if (*p == '_' && is_digit(p[-1]) && p + 1 < end && is_digit(p[1])) continue;
                if (!is_digit(*p)) break;
                *to++ = *p;
            }
        }
    }
    *to = 0;
    *next = p;
    return true;
}

static bool parse_hex_float(const char *p, const char *end, double *out) {
    const char *start = p;
    if (p < end && (*p == '+' || *p == '-')) p++;
    if (end - p < 3 || p[0] != '0' || (p[1] | 0x20) != 'x' || digit_value(p[2]) >= 16) return false;
    char *stop;
    *out = strtod(start, &stop);
    while (stop < end && is_space(*stop)) stop++;
    return stop == end && stop[-1] != '.';
}

bool tr_string_parse_float(Value v, bool strict, double *out) {
    const char *p = tr_string(v)->bytes, *end = tr_string_end(v);
    while (p < end && is_space(*p)) p++;
    *out = 0;
    if (strict && parse_hex_float(p, end, out)) return true;
    char small[128];
    size_t room = (size_t)(end - p) + 1;
    char *copy = room <= sizeof small ? small : malloc(room);
    TR_CHECK(copy != NULL);
    const char *next = p;
    bool is_good = copy_decimal(p, end, copy, &next);
    if (is_good) *out = strtod(copy, NULL);
    if (copy != small) free(copy);
    if (!strict) return true;
    while (next < end && is_space(*next)) next++;
    return is_good && next == end;
}

Value tr_string_to_float(Fiber *f, Value v, bool strict) {
    double d;
    if (strict && memchr(tr_string(v)->bytes, 0, tr_string(v)->size))
        return tr_raise(f, tr_class.argument_error, "string for Float contains null byte");
    if (!tr_string_parse_float(v, strict, &d)) return raise_invalid(f, "Float", v);
    return tr_float_new(f, d);
}

/* --- rationals --- */

/* An unsigned decimal ("12.5e3", "1_000") as numerator and power of ten. NULL: none here. */
static const char *read_decimal(const char *p, const char *end, mpz_t number, long *exponent,
                                bool allow_exponent) {
    DigitRun whole, fraction;
    const char *start = p;
    *exponent = 0;
    p = read_digits(&whole, p, end, 10);
    bool has_fraction = p + 1 < end && *p == '.' && is_digit(p[1]);
    if (whole.count == 0 && !has_fraction) {
        free_digits(&whole);
        return NULL;
    }
    mpz_set_str(number, whole.count ? whole.digits : "0", 10);
    free_digits(&whole);
    if (has_fraction) {
        p = read_digits(&fraction, p + 1, end, 10);
        mpz_t part;
        mpz_init_set_str(part, fraction.digits, 10);
        mpz_t scale;
        mpz_init(scale);
        mpz_ui_pow_ui(scale, 10, fraction.count);
        mpz_mul(number, number, scale);
        mpz_add(number, number, part);
        mpz_clear(part);
        mpz_clear(scale);
        *exponent = -(long)fraction.count;
        free_digits(&fraction);
    }
    if (allow_exponent && p > start && p < end && (*p | 0x20) == 'e') {
        const char *q = p + 1;
        bool is_negative = q < end && *q == '-';
        if (q < end && (*q == '+' || *q == '-')) q++;
        if (q < end && is_digit(*q)) {
            DigitRun power;
            p = read_digits(&power, q, end, 10);
            long n = power.count > 7 ? 10000000 : strtol(power.digits, NULL, 10);
            free_digits(&power);
            *exponent += is_negative ? -n : n;
        }
    }
    return p;
}

static void scale_by_ten(mpz_t numerator, mpz_t denominator, long exponent) {
    mpz_t scale;
    mpz_init(scale);
    mpz_ui_pow_ui(scale, 10, (unsigned long)labs(exponent));
    if (exponent > 0) mpz_mul(numerator, numerator, scale);
    else mpz_mul(denominator, denominator, scale);
    mpz_clear(scale);
}

/* sign, decimal, optionally "/" decimal at p, as a Rational; *next is the end. TR_UNDEF: none. */
static MAY_GC Value read_rational(Fiber *f, const char *p, const char *end, const char **next) {
    bool is_negative = false;
    if (p < end && (*p == '+' || *p == '-')) is_negative = *p++ == '-';
    mpz_t numerator, denominator;
    mpz_init(numerator);
    mpz_init_set_ui(denominator, 1);
    long exponent;
    Value result = TR_UNDEF;
    const char *after = read_decimal(p, end, numerator, &exponent, true);
    if (after) {
        p = after;
        if (labs(exponent) < 1000000) scale_by_ten(numerator, denominator, exponent);
        mpz_t divisor;
        mpz_init(divisor);
        if (p + 1 < end && *p == '/' && is_digit(p[1]) &&
            (after = read_decimal(p + 1, end, divisor, &exponent, true))) {
            p = after;
            mpz_mul(denominator, denominator, divisor);
            if (labs(exponent) < 1000000) scale_by_ten(numerator, denominator, -exponent);
        }
        mpz_clear(divisor);
        if (is_negative) mpz_neg(numerator, numerator);
        *next = p;
        Value top = tr_integer_from_mpz(f, numerator);
        result = tr_rational_new(f, top, tr_integer_from_mpz(f, denominator));
    }
    mpz_clear(numerator);
    mpz_clear(denominator);
    return result;
}

static MAY_GC MAY_RAISE Value check_ascii(Fiber *f, Value v) {
    if (tr_encoding_is_ascii_compatible(tr_string_encoding(v))) return v;
    return tr_raise(f, tr_class.compatibility_error, "ASCII incompatible encoding: %s",
                    tr_encodings[tr_string_encoding(v)].name);
}

Value tr_string_parse_rational(Fiber *f, Value v, bool strict) {
    if (check_ascii(f, v) == TR_RAISED) return TR_RAISED;
    if (strict && memchr(tr_string(v)->bytes, 0, tr_string(v)->size))
        return tr_raise(f, tr_class.argument_error, "string contains null byte");
    const char *p = tr_string(v)->bytes, *end = tr_string_end(v), *next = p;
    while (p < end && is_space(*p)) p++;
    Value result = read_rational(f, p, end, &next);
    if (result == TR_RAISED) return TR_RAISED;
    if (strict && result != TR_UNDEF) {
        while (next < end && is_space(*next)) next++;
        if (next < end) result = TR_UNDEF;
    }
    if (!strict && result == TR_UNDEF) result = tr_rational_new(f, TR_FIX(0), TR_FIX(1));
    TR_KEEP(v);
    return result;
}

/* --- complex numbers --- */

/* A real number at p: Integer, Float ("1.5", "1e2") or Rational ("1/2"). TR_UNDEF: none. */
static MAY_SWITCH MAY_RAISE Value read_real(Fiber *f, const char *p, const char *end, const char **next) {
    const char *start = p, *after;
    if (p < end && (*p == '+' || *p == '-')) p++;
    if (p >= end || !is_digit(*p)) return TR_UNDEF;
    mpz_t n;
    mpz_init(n);
    long exponent;
    after = read_decimal(p, end, n, &exponent, true);
    mpz_clear(n);
    if (after + 1 < end && *after == '/' && is_digit(after[1])) {
        Value rational = read_rational(f, start, end, next);
        return rational;
    }
    bool is_float = false;
    for (const char *q = p; q < after; q++) is_float |= *q == '.' || (*q | 0x20) == 'e';
    Value piece = tr_string_new(f, start, (size_t)(after - start));
    *next = after;
    return is_float ? tr_string_to_float(f, piece, false) : tr_string_parse_integer(f, piece, 10, false);
}

static bool is_imaginary_unit(const char *p, const char *end) {
    return p < end && strchr("ijIJ", *p) != NULL && *p != 0;
}

static MAY_SWITCH MAY_RAISE Value read_complex(Fiber *f, const char *p, const char *end, const char **next) {
    const char *start = p;
    Value real = TR_FIX(0);
    if (p < end && (*p == '+' || *p == '-') && is_imaginary_unit(p + 1, end)) {
        *next = p + 2;
        return tr_complex_new(f, real, TR_FIX(*p == '-' ? -1 : 1));
    }
    if (is_imaginary_unit(p, end)) {
        *next = p + 1;
        return tr_complex_new(f, real, TR_FIX(1));
    }
    real = read_real(f, start, end, &p);
    if (real == TR_RAISED || real == TR_UNDEF) return real;
    *next = p;
    if (is_imaginary_unit(p, end)) {
        *next = p + 1;
        return tr_complex_new(f, TR_FIX(0), real);
    }
    if (p < end && *p == '@') {
        Value angle = read_real(f, p + 1, end, &p);
        if (angle == TR_RAISED) return TR_RAISED;
        if (angle == TR_UNDEF) return tr_complex_new(f, real, TR_FIX(0));
        *next = p;
        return tr_call(f, (Value)tr_class.complex, TR_ID_polar, 2, real, angle);
    }
    if (p < end && (*p == '+' || *p == '-')) {
        if (is_imaginary_unit(p + 1, end)) {
            *next = p + 2;
            return tr_complex_new(f, real, TR_FIX(*p == '-' ? -1 : 1));
        }
        const char *after = p;
        Value imaginary = read_real(f, p, end, &after);
        if (imaginary == TR_RAISED) return TR_RAISED;
        if (imaginary != TR_UNDEF && is_imaginary_unit(after, end)) {
            *next = after + 1;
            return tr_complex_new(f, real, imaginary);
        }
    }
    return tr_complex_new(f, real, TR_FIX(0));
}

Value tr_string_parse_complex(Fiber *f, Value v, bool strict) {
    if (check_ascii(f, v) == TR_RAISED) return TR_RAISED;
    if (strict && memchr(tr_string(v)->bytes, 0, tr_string(v)->size))
        return tr_raise(f, tr_class.argument_error, "string contains null byte");
    /* The parser allocates: it reads a copy that cannot change. */
    Value text = tr_string_dup(f, v);
    tr_header(text)->flags |= TR_FLAG_FROZEN;
    const char *p = tr_string(text)->bytes, *end = tr_string_end(text), *next = p;
    while (p < end && is_space(*p)) p++;
    next = p;
    Value result = read_complex(f, p, end, &next);
    if (result == TR_RAISED) return TR_RAISED;
    if (strict && result != TR_UNDEF) {
        while (next < end && is_space(*next)) next++;
        if (next < end) result = TR_UNDEF;
    }
    if (!strict && result == TR_UNDEF) result = tr_complex_new(f, TR_FIX(0), TR_FIX(0));
    TR_KEEP(text);
    return result;
}

/* --- methods --- */

static MAY_SWITCH MAY_RAISE Value string_to_i(Fiber *f, Value self, const Args *args) {
    int64_t base = 10;
    if (args->argc > 0 && !tr_to_long(f, args->argv[0], &base)) return TR_RAISED;
    if (base < 0 || base == 1 || base > 36)
        return tr_raise(f, tr_class.argument_error, "invalid radix %ld", (long)base);
    return tr_string_parse_integer(f, self, (int)base, false);
}

static MAY_GC Value string_to_f(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_string_to_float(f, self, false);
}

static MAY_SWITCH MAY_RAISE Value string_hex(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_string_parse_integer(f, self, 16, false);
}

static MAY_SWITCH MAY_RAISE Value string_oct(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_string_parse_integer(f, self, -8, false);
}

static MAY_SWITCH Value string_to_r(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_string_parse_rational(f, self, false);
}

static MAY_SWITCH Value string_to_c(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_string_parse_complex(f, self, false);
}

const MethodDef tr_string_number_methods[] = {
    {"to_i", string_to_i, ARITY(0, 1), 0},
    {"to_f", string_to_f, ARITY(0, 0), 0},
    {"to_r", string_to_r, ARITY(0, 0), 0},
    {"to_c", string_to_c, ARITY(0, 0), 0},
    {"hex", string_hex, ARITY(0, 0), 0},
    {"oct", string_oct, ARITY(0, 0), 0},
    {NULL, NULL, 0, 0, 0}
};
