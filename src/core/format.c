/* format.c - Kernel#format, sprintf and String#%.
 *
 * A specification is read into a Spec (flags, width, precision, the value), then written by its kind: text,
 * integer or float. Integers of any size go through GMP; negative ones in bases 2, 8 and 16 are shown as
 * two's complement with ".." for the endless leading digits, unless a sign is asked for. Floats are formatted
 * by C's printf, which is exact; Rationals and big Integers with %f by integer arithmetic.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/string_internal.h"

enum {
    FLAG_SHARP = 1,
    FLAG_MINUS = 2,
    FLAG_PLUS = 4,
    FLAG_ZERO = 8,
    FLAG_SPACE = 16,
    FLAG_WIDTH = 32,
    FLAG_PRECISION = 64
};

typedef struct Formatter {
    Value out, hash;            /* hash: TR_UNDEF until a name asks for it */
    const char *p, *end;
    int argc;
    const Value *argv;
    int unnumbered;             /* how many taken in order */
    bool is_numbered, is_named; /* which kinds were used */
    int encoding;
} Formatter;

typedef struct Spec {
    int flags;
    int64_t width, precision;
    Value value;                /* TR_UNDEF until given by number or name */
    Id name;                    /* of %<name> */
    const char *name_text;
    int name_size;
} Spec;

static MAY_GC bool fail(Fiber *f, const char *message) {
    (void)!tr_raise(f, tr_class.argument_error, "%s", message);
    return false;
}

/* --- arguments --- */

static MAY_GC MAY_RAISE Value next_argument(Fiber *f, Formatter *t) {
    if (t->is_numbered)
        return tr_raise(f, tr_class.argument_error, "unnumbered(%d) mixed with numbered", t->unnumbered + 1);
    if (t->is_named)
        return tr_raise(f, tr_class.argument_error, "unnumbered(%d) mixed with named", t->unnumbered + 1);
    if (t->unnumbered >= t->argc) return tr_raise(f, tr_class.argument_error, "too few arguments");
    return t->argv[t->unnumbered++];
}

static MAY_GC MAY_RAISE Value numbered_argument(Fiber *f, Formatter *t, int64_t n) {
    if (t->unnumbered > 0)
        return tr_raise(f, tr_class.argument_error, "numbered(%ld) after unnumbered(%d)", (long)n,
                        t->unnumbered);
    if (t->is_named) return tr_raise(f, tr_class.argument_error, "numbered(%ld) after named", (long)n);
    if (n < 1) return tr_raise(f, tr_class.argument_error, "invalid index - %ld$", (long)n);
    t->is_numbered = true;
    if (n > t->argc) return tr_raise(f, tr_class.argument_error, "too few arguments");
    return t->argv[n - 1];
}

/* The value of a name; `text` includes its brackets. */
static MAY_SWITCH MAY_RAISE Value named_argument(Fiber *f, Formatter *t, const char *text, int size,
                                                 Id *name) {
    if (t->unnumbered > 0)
        return tr_raise(f, tr_class.argument_error, "named%.*s after unnumbered(%d)", size, text,
                        t->unnumbered);
    if (t->is_numbered) return tr_raise(f, tr_class.argument_error, "named%.*s after numbered", size, text);
    t->is_named = true;
    if (t->hash == TR_UNDEF) {
        Value hash = t->argc == 1 ? tr_try_convert(f, t->argv[0], tr_class.hash, TR_ID_to_hash) : TR_NIL;
        if (hash == TR_RAISED) return TR_RAISED;
        if (hash == TR_NIL) return tr_raise(f, tr_class.argument_error, "one hash required");
        t->hash = hash;
    }
    *name = tr_intern(text + 1, (size_t)size - 2, t->encoding);
    Value key = tr_value_from_id(*name), v = tr_hash_get(f, t->hash, key);
    if (v != TR_UNDEF) return v;
    v = tr_call(f, t->hash, TR_ID_default, 1, key);
    if (v != TR_NIL) return v;
    Value message = tr_string_format(f, "key%.*s not found", size, text);
    Value error = tr_exception_new(f, tr_class.key_error, message);
    tr_write(error, &((Exception *)error)->receiver, t->hash);
    tr_write(error, &((Exception *)error)->key, key);
    return tr_raise_value(f, error);
}

static MAY_GC Value value_of(Fiber *f, Formatter *t, Spec *spec) {
    return spec->value != TR_UNDEF ? spec->value : next_argument(f, t);
}

/* --- reading --- */

static MAY_GC bool read_number(Fiber *f, Formatter *t, const char *what, int64_t *n) {
    *n = 0;
    for (; t->p < t->end && *t->p >= '0' && *t->p <= '9'; t->p++) {
        *n = *n * 10 + (*t->p - '0');
        if (*n > INT32_MAX) {
            (void)!tr_raise(f, tr_class.argument_error, "%s too big", what);
            return false;
        }
    }
    return t->p < t->end ? true : fail(f, "malformed format string - %*[0-9]");
}

/* `*` or `*n$`: an argument as width or precision. */
static MAY_SWITCH bool read_star(Fiber *f, Formatter *t, const char *what, int64_t *n) {
    t->p++;
    const char *mark = t->p;
    int64_t index;
    if (t->p < t->end && *t->p >= '0' && *t->p <= '9') {
        if (!read_number(f, t, what, &index)) return false;
        if (*t->p == '$') {
            t->p++;
            Value v = numbered_argument(f, t, index);
            return v != TR_RAISED && tr_to_long(f, v, n);
        }
        t->p = mark;
    }
    Value v = next_argument(f, t);
    return v != TR_RAISED && tr_to_long(f, v, n);
}

static MAY_GC bool add_flag(Fiber *f, Formatter *t, Spec *spec, int flag) {
    if (spec->flags & FLAG_WIDTH) return fail(f, "flag after width");
    if (spec->flags & FLAG_PRECISION) return fail(f, "flag after precision");
    spec->flags |= flag;
    t->p++;
    return true;
}

static MAY_GC bool set_width(Fiber *f, Spec *spec, int64_t width) {
    if (spec->flags & FLAG_WIDTH) return fail(f, "width given twice");
    if (spec->flags & FLAG_PRECISION) return fail(f, "width after precision");
    spec->flags |= FLAG_WIDTH;
    spec->width = width;
    return true;
}

static MAY_SWITCH bool read_precision(Fiber *f, Formatter *t, Spec *spec) {
    if (spec->flags & FLAG_PRECISION) return fail(f, "precision given twice");
    spec->flags |= FLAG_PRECISION;
    t->p++;
    if (t->p < t->end && *t->p == '*') {
        if (!read_star(f, t, "precision", &spec->precision)) return false;
        if (spec->precision < 0) spec->flags &= ~FLAG_PRECISION; /* as if it were not there */
        return true;
    }
    return read_number(f, t, "precision", &spec->precision);
}

/* A digit: a width, or the number of an argument before a dollar. */
static MAY_GC bool read_digits(Fiber *f, Formatter *t, Spec *spec) {
    int64_t n;
    if (!read_number(f, t, "width", &n)) return false;
    if (*t->p != '$') return set_width(f, spec, n);
    if (spec->value != TR_UNDEF) {
        (void)!tr_raise(f, tr_class.argument_error, "value given twice - %ld$", (long)n);
        return false;
    }
    spec->value = numbered_argument(f, t, n);
    t->p++;
    return spec->value != TR_RAISED;
}

static MAY_SWITCH bool read_name(Fiber *f, Formatter *t, Spec *spec, char close) {
    const char *start = t->p, *stop = memchr(start, close, (size_t)(t->end - start));
    if (!stop) return fail(f, "malformed name - unmatched parenthesis");
    int size = (int)(stop + 1 - start);
    if (spec->name) {
        (void)!tr_raise(f, tr_class.argument_error, "named%.*s after <%s>", size, start,
                        tr_id_cstr(spec->name));
        return false;
    }
    spec->value = named_argument(f, t, start, size, &spec->name);
    t->p = stop + 1;
    return spec->value != TR_RAISED;
}

/* --- writing --- */

static MAY_GC bool put(Fiber *f, Formatter *t, const char *bytes, size_t size) {
    return tr_string_append_bytes(f, t->out, bytes, size) != TR_RAISED;
}

static MAY_GC bool fill(Fiber *f, Formatter *t, char c, int64_t count) {
    if (count <= 0) return true;
    size_t old = tr_string(t->out)->size;
    if (tr_string_reserve(f, t->out, old + (size_t)count) == TR_RAISED) return false;
    enum CodeRange range = tr_string_coderange_known(t->out);
    memset(tr_string(t->out)->bytes + old, c, (size_t)count);
    tr_string(t->out)->size = old + (size_t)count;
    tr_string(t->out)->bytes[old + (size_t)count] = 0;
    tr_string_set_coderange(t->out, range);
    return true;
}

/* Text in its field; precision cuts characters. */
static MAY_GC bool put_text(Fiber *f, Formatter *t, const Spec *spec, Value text) {
    if (tr_encoding_negotiate(f, t->out, text) < 0) return false;
    if (spec->flags & (FLAG_WIDTH | FLAG_PRECISION)) {
        int64_t length = (int64_t)tr_string_length(text);
        if (spec->flags & FLAG_PRECISION && spec->precision < length) {
            text = tr_string_sub(f, text, 0, tr_string_byte_offset(text, (size_t)spec->precision));
            length = spec->precision;
        }
        int64_t pad = spec->flags & FLAG_WIDTH ? spec->width - length : 0;
        if (!(spec->flags & FLAG_MINUS) && !fill(f, t, ' ', pad)) return false;
        if (tr_string_append(f, t->out, text) == TR_RAISED) return false;
        return spec->flags & FLAG_MINUS ? fill(f, t, ' ', pad) : true;
    }
    return tr_string_append(f, t->out, text) != TR_RAISED;
}

static MAY_SWITCH bool put_char(Fiber *f, Formatter *t, Spec *spec) {
    Value v = value_of(f, t, spec), text;
    if (v == TR_RAISED) return false;
    text = tr_is_string(v) ? v : tr_try_convert(f, v, tr_class.string, TR_ID_to_str);
    if (text == TR_RAISED) return false;
    if (text != TR_NIL) {
        text = tr_string_sub(f, text, 0, tr_string_byte_offset(text, 1));
    } else {
        int64_t code;
        char bytes[8];
        if (!tr_to_long(f, v, &code)) return false;
        int encoding = tr_string_encoding(t->out);
        int n = code < 0 || code > UINT32_MAX ? 0 : tr_char_encode(encoding, (uint32_t)code, bytes);
        if (code < 0) return fail(f, "invalid character");
        if (n == 0) {
            if (code <= UINT32_MAX) (void)!tr_raise_char(f, (uint32_t)code, encoding);
            else (void)!tr_raise(f, tr_class.range_error, "%ld out of char range", (long)code);
            return false;
        }
        text = tr_string_new_encoded(f, bytes, (size_t)n, encoding);
    }
    Spec plain = *spec;
    plain.flags &= ~FLAG_PRECISION;
    return put_text(f, t, &plain, text);
}

/* --- integers --- */

static MAY_SWITCH Value to_integer(Fiber *f, Value v) {
    if (tr_is_integer(v)) return v;
    if (tr_is_float(v)) return tr_integer_from_double(f, tr_float(v));
    if (tr_is_string(v)) return tr_string_to_integer(f, v, 0, true);
    return tr_call(f, (Value)tr_class.kernel, tr_intern_cstr("Integer"), 1, v);
}

static void integer_to_mpz(Value v, mpz_t z) {
    if (tr_is_fixnum(v)) mpz_init_set_si(z, tr_fixnum(v));
    else mpz_init_set(z, ((Bignum *)v)->value);
}

/* Digits of |v|, or of its two's complement with one leading sign digit; malloc'ed. */
static char *integer_digits(Value v, int base, bool as_complement) {
    mpz_t z;
    integer_to_mpz(v, z);
    if (as_complement) {
        int bits = base == 16 ? 4 : base == 8 ? 3 : 1;
        size_t count = mpz_sizeinbase(z, 2) / (size_t)bits + 2;
        mpz_t modulus;
        mpz_init(modulus);
        mpz_setbit(modulus, count * (size_t)bits);
        mpz_add(z, z, modulus);
        mpz_clear(modulus);
    } else {
        mpz_abs(z, z);
    }
    char *digits = malloc(mpz_sizeinbase(z, base) + 2);
    TR_CHECK(digits != NULL);
    mpz_get_str(digits, base, z);
    mpz_clear(z);
    if (as_complement) { /* endless leading digits are shown by one */
        char lead = base == 16 ? 'f' : base == 8 ? '7' : '1';
        size_t skip = 0;
        while (digits[skip] == lead && digits[skip + 1] == lead) skip++;
        memmove(digits, digits + skip, strlen(digits + skip) + 1);
    }
    return digits;
}

static MAY_SWITCH bool put_integer(Fiber *f, Formatter *t, Spec *spec, char kind) {
    Value v = value_of(f, t, spec);
    if (v == TR_RAISED || (v = to_integer(f, v)) == TR_RAISED) return false;
    int base = kind == 'x' || kind == 'X' ? 16 : kind == 'o' ? 8 : kind == 'b' || kind == 'B' ? 2 : 10;
    bool is_negative = tr_is_fixnum(v) ? tr_fixnum(v) < 0 : mpz_sgn(((Bignum *)v)->value) < 0;
    bool dots = is_negative && base != 10 && !(spec->flags & (FLAG_PLUS | FLAG_SPACE));
    char sign = is_negative && !dots       ? '-'
                : is_negative              ? 0
                : spec->flags & FLAG_PLUS  ? '+'
                : spec->flags & FLAG_SPACE ? ' '
                                           : 0;
    char small[24], *digits = small;
    if (base == 10 && tr_is_fixnum(v)) snprintf(small, sizeof small, "%lld", (long long)llabs(tr_fixnum(v)));
    else digits = integer_digits(v, base, dots);
    if (kind == 'X')
        for (char *p = digits; *p; p++)
            if (*p >= 'a') *p = (char)(*p - 32);
    int64_t length = (int64_t)strlen(digits), width = spec->flags & FLAG_WIDTH ? spec->width : 0;
    int64_t precision = spec->flags & FLAG_PRECISION ? spec->precision : -1;
    const char *prefix = "", *shown = digits;
    bool is_zero = v == TR_FIX(0);
    if (spec->flags & FLAG_SHARP && !is_zero)
        prefix = kind == 'x'   ? "0x"
                 : kind == 'X' ? "0X"
                 : kind == 'b' ? "0b"
                 : kind == 'B' ? "0B"
                 : kind == 'o' ? "0"
                               : "";
    if (kind == 'o' && *prefix && (dots || precision > length)) prefix = "";
    width -= (sign != 0) + (int64_t)strlen(prefix);
    if (dots) {
        width -= 2;
        precision -= 2;
    }
    if ((spec->flags & (FLAG_ZERO | FLAG_MINUS | FLAG_PRECISION)) == FLAG_ZERO) {
        precision = width;
        width = 0;
    } else {
        if (precision < length) {
            if (spec->flags & FLAG_PRECISION && spec->precision == 0 && is_zero) length = 0;
            precision = length;
        }
        width -= precision;
    }
    char pad = dots ? (kind == 'X' ? 'F' : base == 16 ? 'f' : base == 8 ? '7' : '1') : '0';
    bool done = (spec->flags & FLAG_MINUS || fill(f, t, ' ', width)) && (!sign || put(f, t, &sign, 1)) &&
                put(f, t, prefix, strlen(prefix)) && (!dots || put(f, t, "..", 2)) &&
                fill(f, t, pad, precision - length) && put(f, t, shown, (size_t)length) &&
                (!(spec->flags & FLAG_MINUS) || fill(f, t, ' ', width));
    if (digits != small) free(digits);
    return done;
}

/* --- floats --- */

/* %f of an exact fraction: round half up at the precision. */
static MAY_GC bool put_fraction(Fiber *f, Formatter *t, const Spec *spec, Value numerator,
                                Value denominator) {
    int64_t precision = spec->flags & FLAG_PRECISION ? spec->precision : 6;
    mpz_t n, d, scale;
    integer_to_mpz(numerator, n);
    integer_to_mpz(denominator, d);
    bool is_negative = mpz_sgn(n) < 0;
    mpz_abs(n, n);
    mpz_init(scale);
    mpz_ui_pow_ui(scale, 10, (unsigned long)precision);
    mpz_mul(n, n, scale);
    mpz_mul_ui(n, n, 2);
    mpz_add(n, n, d);
    mpz_mul_ui(d, d, 2);
    mpz_fdiv_q(n, n, d);
    size_t room = mpz_sizeinbase(n, 10) + 2 + (size_t)precision;
    char *digits = malloc(room + 1);
    TR_CHECK(digits != NULL);
    mpz_get_str(digits, 10, n);
    mpz_clear(n);
    mpz_clear(d);
    mpz_clear(scale);
    int64_t length = (int64_t)strlen(digits);
    if (length <= precision) { /* at least one digit before the point */
        memmove(digits + (precision + 1 - length), digits, (size_t)length + 1);
        memset(digits, '0', (size_t)(precision + 1 - length));
        length = precision + 1;
    }
    char sign = is_negative ? '-' : spec->flags & FLAG_PLUS ? '+' : spec->flags & FLAG_SPACE ? ' ' : 0;
    bool has_point = precision > 0 || spec->flags & FLAG_SHARP;
    int64_t pad = (spec->flags & FLAG_WIDTH ? spec->width : 0) - length - has_point - (sign != 0);
    bool zeros = (spec->flags & (FLAG_ZERO | FLAG_MINUS)) == FLAG_ZERO;
    bool done = (zeros || spec->flags & FLAG_MINUS || fill(f, t, ' ', pad)) &&
                (!sign || put(f, t, &sign, 1)) && (!zeros || fill(f, t, '0', pad)) &&
                put(f, t, digits, (size_t)(length - precision)) && (!has_point || put(f, t, ".", 1)) &&
                put(f, t, digits + length - precision, (size_t)precision) &&
                (!(spec->flags & FLAG_MINUS) || fill(f, t, ' ', pad));
    free(digits);
    return done;
}

static MAY_GC bool put_not_finite(Fiber *f, Formatter *t, const Spec *spec, double d) {
    const char *text = isnan(d) ? "NaN" : "Inf";
    char sign = !isnan(d) && d < 0 ? '-' : spec->flags & FLAG_PLUS ? '+' : spec->flags & FLAG_SPACE ? ' ' : 0;
    int64_t pad = (spec->flags & FLAG_WIDTH ? spec->width : 0) - 3 - (sign != 0);
    return (spec->flags & FLAG_MINUS || fill(f, t, ' ', pad)) && (!sign || put(f, t, &sign, 1)) &&
           put(f, t, text, 3) && (!(spec->flags & FLAG_MINUS) || fill(f, t, ' ', pad));
}

static MAY_SWITCH bool put_float(Fiber *f, Formatter *t, Spec *spec, char kind) {
    Value v = value_of(f, t, spec);
    if (v == TR_RAISED) return false;
    if (kind == 'f' && tr_is_type(v, TYPE_RATIONAL))
        return put_fraction(f, t, spec, ((Rational *)v)->numerator, ((Rational *)v)->denominator);
    if (kind == 'f' && tr_is_integer(v)) return put_fraction(f, t, spec, v, TR_FIX(1));
    double d;
    if (tr_is_float(v)) d = tr_float(v);
    else {
        Value number = tr_is_string(v) ? tr_string_to_float(f, v, true)
                                       : tr_call(f, (Value)tr_class.kernel, tr_intern_cstr("Float"), 1, v);
        if (number == TR_RAISED) return false;
        d = tr_float(number);
    }
    if (!isfinite(d)) return put_not_finite(f, t, spec, d);
    char directive[16], *p = directive;
    *p++ = '%';
    if (spec->flags & FLAG_SHARP) *p++ = '#';
    if (spec->flags & FLAG_PLUS) *p++ = '+';
    if (spec->flags & FLAG_SPACE) *p++ = ' ';
    if (spec->flags & FLAG_MINUS) *p++ = '-';
    else if (spec->flags & FLAG_ZERO) *p++ = '0';
    snprintf(p, 8, spec->flags & FLAG_PRECISION ? "*.*%c" : "*%c", kind);
    int width = spec->flags & FLAG_WIDTH ? (int)spec->width : 0, precision = (int)spec->precision;
    char small[512], *text = small;
    int n = spec->flags & FLAG_PRECISION ? snprintf(small, sizeof small, directive, width, precision, d)
                                         : snprintf(small, sizeof small, directive, width, d);
    if (n < 0) return (void)!tr_raise_no_memory(f), false;
    if ((size_t)n >= sizeof small) {
        text = malloc((size_t)n + 1);
        if (!text) return (void)!tr_raise_no_memory(f), false;
        if (spec->flags & FLAG_PRECISION) snprintf(text, (size_t)n + 1, directive, width, precision, d);
        else snprintf(text, (size_t)n + 1, directive, width, d);
    }
    bool done = put(f, t, text, (size_t)n);
    if (text != small) free(text);
    return done;
}

/* --- the loop --- */

static MAY_GC bool malformed(Fiber *f, char c) {
    if (c < 0x20 || c >= 0x7f) return fail(f, "malformed format string");
    (void)!tr_raise(f, tr_class.argument_error, "malformed format string - %%%c", c);
    return false;
}

static MAY_SWITCH bool put_by_kind(Fiber *f, Formatter *t, Spec *spec, char kind) {
    switch (kind) {
    case 'd':
    case 'i':
    case 'u':
    case 'x':
    case 'X':
    case 'o':
    case 'b':
    case 'B': return put_integer(f, t, spec, kind);
    case 'f': case 'e': case 'E': case 'g': case 'G': case 'a': case 'A': return put_float(f, t, spec, kind);
    case 'c': return put_char(f, t, spec);
    case 's': case 'p': {
        Value v = value_of(f, t, spec);
        if (v == TR_RAISED) return false;
        v = kind == 's' ? tr_to_s(f, v) : tr_inspect(f, v);
        return v != TR_RAISED && put_text(f, t, spec, v);
    }
    default: return malformed(f, kind);
    }
}

static MAY_SWITCH bool put_spec(Fiber *f, Formatter *t) { /* after the % */
    Spec spec = {.value = TR_UNDEF};
    if (t->p >= t->end) return fail(f, "incomplete format specifier; use %% (double %) instead");
    for (;;) {
        if (t->p >= t->end) return fail(f, "malformed format string");
        bool is_good;
        char c = *t->p;
        switch (c) {
        case ' ': is_good = add_flag(f, t, &spec, FLAG_SPACE); break;
        case '#': is_good = add_flag(f, t, &spec, FLAG_SHARP); break;
        case '+': is_good = add_flag(f, t, &spec, FLAG_PLUS); break;
        case '-': is_good = add_flag(f, t, &spec, FLAG_MINUS); break;
        case '0': is_good = add_flag(f, t, &spec, FLAG_ZERO); break;
        case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
            is_good = read_digits(f, t, &spec);
            break;
        case '*': {
            int64_t width;
            is_good = read_star(f, t, "width", &width);
            if (is_good && width < 0) spec.flags |= FLAG_MINUS;
            is_good = is_good && set_width(f, &spec, width < 0 ? -width : width);
            break;
        }
        case '.': is_good = read_precision(f, t, &spec); break;
        case '<': is_good = read_name(f, t, &spec, '>'); break;
        case '{': {
            if (!read_name(f, t, &spec, '}')) return false;
            Value text = tr_to_s(f, spec.value);
            return text != TR_RAISED && put_text(f, t, &spec, text);
        }
        case '%':
            if (spec.flags || spec.value != TR_UNDEF) return fail(f, "invalid format character - %");
            t->p++;
            return put(f, t, "%", 1);
        default:
            t->p++;
            return put_by_kind(f, t, &spec, c);
        }
        if (!is_good) return false;
    }
}

Value tr_format(Fiber *f, Value format, int argc, const Value *argv) {
    format = tr_to_str(f, format);
    if (format == TR_RAISED) return TR_RAISED;
    int encoding = tr_string_encoding(format);
    if (!tr_encoding_is_ascii_compatible(encoding))
        return tr_raise(f, tr_class.compatibility_error, "ASCII incompatible encoding: %s",
                        tr_encodings[encoding].name);
    format = tr_string_frozen_copy(f, format); /* what is formatted runs Ruby code */
    const char *p = tr_string(format)->bytes;
    Formatter t = {
        .out = tr_string_new_capacity(f, tr_string(format)->size + 32, encoding), .hash = TR_UNDEF, .p = p,
        .end = tr_string_end(format), .argc = argc, .argv = argv, .encoding = encoding
    };
    tr_string_set_coderange(t.out, CODERANGE_7BIT);
    while (t.p < t.end) {
        const char *percent = memchr(t.p, '%', (size_t)(t.end - t.p));
        const char *stop = percent ? percent : t.end;
        if (stop > t.p && !put(f, &t, t.p, (size_t)(stop - t.p))) return TR_RAISED;
        if (!percent) break;
        t.p = percent + 1;
        if (!put_spec(f, &t)) return TR_RAISED;
    }
    TR_KEEP(format);
    return t.out;
}

/* --- Kernel --- */

static MAY_SWITCH MAY_RAISE Value kernel_format(Fiber *f, Value self, const Args *args) {
    (void)self;
    if (args->argc == 0) return tr_raise(f, tr_class.argument_error, "too few arguments");
    return tr_format(f, args->argv[0], args->argc - 1, args->argv + 1);
}

/* Kernel#printf([io, ] format, …) */
static MAY_SWITCH MAY_RAISE Value kernel_printf(Fiber *f, Value self, const Args *args) {
    (void)self;
    if (args->argc == 0) return TR_NIL;
    bool has_io = !tr_is_string(args->argv[0]);
    if (has_io && args->argc == 1) return tr_raise(f, tr_class.argument_error, "too few arguments");
    const Value *argv = args->argv + has_io;
    Value text = tr_format(f, argv[0], args->argc - has_io - 1, argv + 1);
    if (text == TR_RAISED) return TR_RAISED;
    Value written = has_io ? tr_call(f, args->argv[0], TR_ID_write, 1, text) : tr_io_write_stdout(f, text);
    return written == TR_RAISED ? TR_RAISED : TR_NIL;
}

static const MethodDef kernel_methods[] = {
    {"format", kernel_format, ARITY_REST(0), METHOD_MODULE_FUNCTION},
    {"sprintf", kernel_format, ARITY_REST(0), METHOD_MODULE_FUNCTION},
    {"printf", kernel_printf, ARITY_REST(0), METHOD_MODULE_FUNCTION},
    {NULL, NULL, 0, 0, 0}
};
const ClassDef tr_kernel_format_def = {.klass = &tr_class.kernel, .methods = kernel_methods};
