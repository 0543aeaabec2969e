/* pack.c - Array#pack, and the reader of directives that unpack shares.
 */
#include "core/pack_format.h"

#include <math.h>
#include <stdio.h>

#include "core/string_internal.h"

/* --- directives --- */

Value tr_pack_unknown(Fiber *f, const PackReader *reader, char type) {
    Value shown = tr_string_new_encoded(f, &type, 1, ENCODING_BINARY);
    if ((unsigned char)type < 0x20 || (unsigned char)type >= 0x7f)
        shown = tr_string_format(f, "\\x%02X", (unsigned char)type);
    return tr_raise(f, tr_class.argument_error, "unknown %s directive '%pV' in '%.*s'", reader->what,
                    (void *)shown, (int)(reader->end - reader->start), reader->start);
}

int tr_pack_next(Fiber *f, PackReader *reader, Directive *d) {
    const char *p = reader->p, *end = reader->end;
    for (;;) {
        while (p < end && (*p == ' ' || (*p >= '\t' && *p <= '\r'))) p++;
        if (p >= end || *p != '#') break;
        while (p < end && *p != '\n') p++;
    }
    if (p >= end) return 0;
    *d = (Directive){.type = *p++, .count = 1};
    for (; p < end && (*p == '_' || *p == '!' || *p == '<' || *p == '>'); p++) {
        const char *allowed = "sSiIlLqQjJ";
        if (!strchr(allowed, d->type))
            return (void)!tr_raise(f, tr_class.argument_error, "'%c' allowed only after types %s", *p,
                                   allowed),
                   -1;
        if (*p == '>') d->is_big = true;
        else if (*p == '<') d->is_little = true;
        else d->is_native = true;
        if (d->is_big && d->is_little)
            return (void)!tr_raise(f, tr_class.range_error, "Can't use both '<' and '>'"), -1;
    }
    if (p < end && *p == '*') {
        d->is_star = true;
        p++;
    } else if (p < end && *p >= '0' && *p <= '9') {
        d->has_count = true;
        for (d->count = 0; p < end && *p >= '0' && *p <= '9'; p++)
            if (__builtin_mul_overflow(d->count, 10, &d->count) ||
                __builtin_add_overflow(d->count, *p - '0', &d->count))
                return (void)!tr_raise(f, tr_class.range_error, "pack length too big"), -1;
    }
    reader->p = p;
    return 1;
}

int tr_pack_integer_size(const Directive *d, bool *is_signed, bool *is_big) {
    *is_signed = d->type >= 'a';
    *is_big = d->is_big;
    switch (d->type) {
    case 'c': case 'C': return 1;
    case 's': case 'S': return 2;
    case 'i': case 'I': return 4;
    case 'l': case 'L': return d->is_native ? 8 : 4;
    case 'q': case 'Q': case 'j': case 'J': return 8;
    case 'n': *is_big = true; *is_signed = false; return 2;
    case 'N': *is_big = true; return 4;
    case 'v': *is_signed = false; return 2;
    case 'V': return 4;
    default: return 0;
    }
}

/* --- packing --- */

typedef struct Packer {
    Value array, out;
    size_t next;      /* item to take */
    PackReader reader;
    int kind;         /* of the result: 1 US-ASCII so far, 2 UTF-8, 0 binary */
} Packer;

static MAY_GC bool add(Fiber *f, Packer *k, const char *bytes, size_t size) {
    return tr_string_append_ranged(f, k->out, bytes, size, CODERANGE_UNKNOWN) != TR_RAISED;
}

static MAY_GC bool add_zeros(Fiber *f, Packer *k, int64_t count) {
    if (count <= 0) return true;
    size_t old = tr_string(k->out)->size;
    if (tr_string_resize(f, k->out, old + (size_t)count) == TR_RAISED) return false;
    return true;
}

static MAY_GC MAY_RAISE Value take(Fiber *f, Packer *k) {
    if (k->next >= tr_array_count(k->array)) return tr_raise(f, tr_class.argument_error, "too few arguments");
    return tr_array_at(k->array, k->next++);
}

static MAY_SWITCH MAY_RAISE Value take_integer(Fiber *f, Packer *k) {
    Value v = take(f, k);
    if (v == TR_RAISED || tr_is_integer(v)) return v;
    if (v == TR_NIL || v == TR_TRUE || v == TR_FALSE)
        return tr_raise(f, tr_class.type_error, "no implicit conversion of %s into Integer",
                        v == TR_NIL    ? "nil"
                        : v == TR_TRUE ? "true"
                                       : "false");
    return tr_to_int(f, v);
}

static uint64_t low_bits(Value v) { /* of two's complement */
    if (tr_is_fixnum(v)) return (uint64_t)tr_fixnum(v);
    uint64_t low = mpz_get_ui(((Bignum *)v)->value); /* of the magnitude */
    return mpz_sgn(((Bignum *)v)->value) < 0 ? 0 - low : low;
}

static void store(char *to, uint64_t bits, int size, bool is_big) {
    for (int i = 0; i < size; i++) to[is_big ? size - 1 - i : i] = (char)(bits >> (8 * i));
}

static MAY_SWITCH bool pack_integers(Fiber *f, Packer *k, const Directive *d, int64_t count, int size,
                                     bool is_big) {
    while (count-- > 0) {
        Value v = take_integer(f, k);
        if (v == TR_RAISED || TR_SAFEPOINT_EACH(f, count, 256) == TR_RAISED) return false;
        char bytes[8];
        store(bytes, low_bits(v), size, is_big);
        if (!add(f, k, bytes, (size_t)size)) return false;
    }
    (void)d;
    return true;
}

static MAY_SWITCH bool pack_floats(Fiber *f, Packer *k, char type, int64_t count) {
    bool is_single = strchr("fFeg", type) != NULL, is_big = type == 'g' || type == 'G';
    while (count-- > 0) {
        if (TR_SAFEPOINT_EACH(f, count, 256) == TR_RAISED) return false;
        Value v = take(f, k);
        double d;
        if (v == TR_RAISED) return false;
        if (tr_is_string(v))
            return (void)!tr_raise(f, tr_class.type_error, "can't convert String into Float"), false;
        if (!tr_to_double(f, v, &d)) return false;
        char bytes[8];
        uint64_t bits = 0;
        if (is_single) {
            float s = (float)d;
            uint32_t small;
            memcpy(&small, &s, 4);
            if (isnan(s)) small = 0x7fc00000;
            bits = small;
        } else {
            memcpy(&bits, &d, 8);
            if (isnan(d)) bits = 0x7ff8000000000000;
        }
        store(bytes, bits, is_single ? 4 : 8, is_big);
        if (!add(f, k, bytes, is_single ? 4 : 8)) return false;
    }
    return true;
}

static MAY_SWITCH bool pack_utf8(Fiber *f, Packer *k, int64_t count) {
    while (count-- > 0) {
        if (TR_SAFEPOINT_EACH(f, count, 256) == TR_RAISED) return false;
        Value v = take_integer(f, k);
        int64_t code;
        if (v == TR_RAISED || !tr_to_long(f, v, &code)) return false;
        if (code < 0 || code > 0x7fffffff)
            return (void)!tr_raise(f, tr_class.range_error, "pack(U): value out of range"), false;
        char bytes[8];
        int n;
        if (code < 0x200000) {
            n = tr_utf8_encode((uint32_t)code, bytes);
        } else { /* the five and six byte forms of old */
            n = code < 0x4000000 ? 5 : 6;
            for (int i = n - 1; i > 0; i--, code >>= 6) bytes[i] = (char)(0x80 | (code & 63));
            bytes[0] = (char)((n == 5 ? 0xf8 : 0xfc) | code);
        }
        if (!add(f, k, bytes, (size_t)n)) return false;
    }
    return true;
}

static MAY_SWITCH bool pack_ber(Fiber *f, Packer *k,
                                int64_t count) { /* w: base 128, most significant first */
    while (count-- > 0) {
        if (TR_SAFEPOINT_EACH(f, count, 256) == TR_RAISED) return false;
        Value v = take_integer(f, k);
        if (v == TR_RAISED) return false;
        mpz_t z;
        if (tr_is_fixnum(v)) mpz_init_set_si(z, tr_fixnum(v));
        else mpz_init_set(z, ((Bignum *)v)->value);
        if (mpz_sgn(z) < 0) {
            mpz_clear(z);
            return (void)!tr_raise(f, tr_class.argument_error, "can't compress negative numbers"), false;
        }
        size_t digits = (mpz_sizeinbase(z, 2) + 6) / 7;
        bool done = true;
        for (size_t i = digits; i-- > 0 && done;) {
            char byte = 0;
            for (int bit = 0; bit < 7; bit++)
                byte = (char)(byte | (mpz_tstbit(z, i * 7 + (size_t)bit) << bit));
            if (i > 0) byte = (char)(byte | 0x80);
            done = add(f, k, &byte, 1);
        }
        mpz_clear(z);
        if (!done) return false;
    }
    return true;
}

static int bit_digit(char c, bool is_hex) {
    if (!is_hex) return c & 1;
    bool is_alpha = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    return is_alpha ? ((c & 15) + 9) & 15 : c & 15;
}

/* B b H h: digits of 1 or 4 bits, most or least significant first. */
static MAY_GC bool pack_digits(Fiber *f, Packer *k, const Directive *d, Value text) {
    bool is_hex = (d->type | 0x20) == 'h', high_first = d->type < 'a';
    int per_byte = is_hex ? 2 : 8, bits = is_hex ? 4 : 1;
    int64_t size = (int64_t)tr_string(text)->size, count = d->is_star ? size : d->count, extra = 0;
    if (count > size) {
        extra = is_hex ? (count + 1) / 2 - (size + 1) / 2 : (count - size + 1) / 2;
        count = size;
    }
    unsigned byte = 0;
    for (int64_t i = 0; i < count; i++) {
        int at = (int)(i % per_byte), digit = bit_digit(tr_string(text)->bytes[i], is_hex);
        byte |= (unsigned)digit << (bits * (high_first ? per_byte - 1 - at : at));
        if (at == per_byte - 1 || i == count - 1) {
            if (!add(f, k, (char[]){(char)byte}, 1)) return false;
            byte = 0;
        }
    }
    return add_zeros(f, k, extra);
}

static MAY_SWITCH bool pack_text(Fiber *f, Packer *k, const Directive *d) { /* a A Z B b H h */
    Value v = take(f, k);
    if (v == TR_RAISED) return false;
    Value text = v == TR_NIL ? tr_string_new_encoded(f, "", 0, ENCODING_BINARY) : tr_to_str(f, v);
    if (text == TR_RAISED) return false;
    if (strchr("BbHh", d->type)) return pack_digits(f, k, d, text);
    int64_t size = (int64_t)tr_string(text)->size;
    int64_t count = d->is_star ? size + (d->type == 'Z') : d->count;
    int64_t copied = count < size ? count : size;
    if (!add(f, k, tr_string(text)->bytes, (size_t)copied)) return false;
    TR_KEEP(text);
    if (d->type != 'A') return add_zeros(f, k, count - copied);
    for (; copied < count; copied++)
        if (!add(f, k, " ", 1)) return false;
    return true;
}

/* m and u: three bytes in four digits, `line` bytes a line; 0: one line without an end. */
static MAY_GC bool encode_lines(Fiber *f, Packer *k, const char *p, int64_t size, int64_t line, bool is_uu) {
    static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static const char uu[] = "`!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_";
    const char *digits = is_uu ? uu : base64;
    char pad = is_uu ? '`' : '=';
    bool has_lines = line > 0;
    for (int64_t at = 0; at < size;) {
        int64_t n = has_lines && line < size - at ? line : size - at;
        if (is_uu && !add(f, k, (char[]){(char)(' ' + n)}, 1)) return false;
        for (int64_t i = 0; i < n; i += 3) {
            unsigned char b[3] = {0, 0, 0};
            int64_t have = n - i < 3 ? n - i : 3;
            memcpy(b, p + at + i, (size_t)have);
            char out[4] = {digits[b[0] >> 2], digits[(b[0] << 4 & 060) | b[1] >> 4],
                           have > 1 ? digits[(b[1] << 2 & 074) | b[2] >> 6] : pad,
                           have > 2 ? digits[b[2] & 077] : pad};
            if (!add(f, k, out, 4)) return false;
        }
        if (has_lines && !add(f, k, "\n", 1)) return false;
        at += n;
    }
    return true;
}

static MAY_SWITCH bool pack_lines(Fiber *f, Packer *k, const Directive *d) {
    Value v = take(f, k);
    if (v == TR_RAISED || (v = tr_to_str(f, v)) == TR_RAISED) return false;
    v = tr_string_frozen_copy(f, v);
    int64_t line = d->is_star ? 0 : d->count;
    if (d->type == 'm' && d->has_count && d->count == 0) line = 0;
    else if (line <= 2) line = 45;
    else if (line > 63 && d->type == 'u') line = 63;
    else line = line / 3 * 3;
    bool done = encode_lines(f, k, tr_string(v)->bytes, (int64_t)tr_string(v)->size, line, d->type == 'u');
    TR_KEEP(v);
    return done;
}

static MAY_SWITCH bool pack_quoted_printable(Fiber *f, Packer *k, const Directive *d) {
    Value v = take(f, k);
    if (v == TR_RAISED || (v = tr_to_s(f, v)) == TR_RAISED) return false;
    v = tr_string_frozen_copy(f, v);
    int64_t limit = d->is_star || d->count <= 1 ? 72 : d->count, column = 0;
    int previous = -1;
    for (size_t i = 0; i < tr_string(v)->size; i++) {
        unsigned char c = (unsigned char)tr_string(v)->bytes[i];
        char text[8];
        if (c > 126 || (c < 32 && c != '\n' && c != '\t') || c == '=') {
            snprintf(text, sizeof text, "=%02X", c);
            column += 3;
            previous = -1;
        } else if (c == '\n') {
            snprintf(text, sizeof text, "%s", previous == ' ' || previous == '\t' ? "=\n\n" : "\n");
            column = 0;
            previous = '\n';
        } else {
            text[0] = (char)c, text[1] = 0;
            column++;
            previous = c;
        }
        if (!add(f, k, text, strlen(text))) return false;
        if (column > limit) {
            if (!add(f, k, "=\n", 2)) return false;
            column = 0;
            previous = '\n';
        }
    }
    TR_KEEP(v);
    return column > 0 ? add(f, k, "=\n", 2) : true;
}

static MAY_SWITCH bool pack_pointers(Fiber *f, Packer *k, int64_t count) {
    while (count-- > 0) {
        Value v = take(f, k);
        if (v == TR_RAISED) return false;
        uint64_t address = 0;
        if (v != TR_NIL) {
            if ((v = tr_to_str(f, v)) == TR_RAISED) return false;
            address = (uint64_t)(uintptr_t)tr_string(v)->bytes;
        }
        char bytes[8];
        store(bytes, address, 8, false);
        if (!add(f, k, bytes, 8)) return false;
    }
    return true;
}

static MAY_GC bool move_to(Fiber *f, Packer *k, int64_t position) {
    int64_t size = (int64_t)tr_string(k->out)->size;
    if (position >= size) return add_zeros(f, k, position - size);
    return tr_string_resize(f, k->out, (size_t)position) != TR_RAISED;
}

static MAY_SWITCH bool pack_one(Fiber *f, Packer *k, const Directive *d) {
    bool is_signed, is_big;
    int size = tr_pack_integer_size(d, &is_signed, &is_big);
    int64_t count = d->is_star ? (int64_t)(tr_array_count(k->array) - k->next) : d->count;
    if (d->is_star && strchr("@Xx", d->type)) count = 0;
    if (d->type == 'U') {
        if (k->kind == 1) k->kind = 2;
    } else if (!strchr("mMu", d->type)) {
        k->kind = 0;
    }
    if (size) return pack_integers(f, k, d, count, size, is_big);
    switch (d->type) {
    case 'a': case 'A': case 'Z': case 'B': case 'b': case 'H': case 'h': return pack_text(f, k, d);
    case 'd':
    case 'D':
    case 'f':
    case 'F':
    case 'e':
    case 'E':
    case 'g':
    case 'G': return pack_floats(f, k, d->type, count);
    case 'U': return pack_utf8(f, k, count);
    case 'w': return pack_ber(f, k, count);
    case 'm': case 'u': return pack_lines(f, k, d);
    case 'M': return pack_quoted_printable(f, k, d);
    case 'p': return pack_pointers(f, k, count);
    case 'P': return pack_pointers(f, k, 1);
    case 'x': return add_zeros(f, k, count);
    case 'X':
        if (count > (int64_t)tr_string(k->out)->size)
            return (void)!tr_raise(f, tr_class.argument_error, "X outside of string"), false;
        return move_to(f, k, (int64_t)tr_string(k->out)->size - count);
    case '@': return move_to(f, k, count);
    case '%': return (void)!tr_raise(f, tr_class.argument_error, "%% is not supported"), false;
    default: return (void)!tr_pack_unknown(f, &k->reader, d->type), false;
    }
}

Value tr_pack(Fiber *f, Value array, Value format, Value buffer) {
    format = tr_to_str(f, format);
    if (format == TR_RAISED) return TR_RAISED;
    if (buffer != TR_NIL) {
        if (!tr_is_string(buffer))
            return tr_raise(f, tr_class.type_error, "buffer must be String, not %pC",
                            (void *)tr_real_class_of(buffer));
        if (!tr_check_frozen(f, buffer)) return TR_RAISED;
    }
    format = tr_string_frozen_copy(f, format);
    const char *p = tr_string(format)->bytes;
    Packer k = {.array = array,
                .out = buffer != TR_NIL ? buffer : tr_string_new_capacity(f, 32, ENCODING_BINARY),
                .kind = 1,
                .reader = {p, p, tr_string_end(format), "pack"}};
    if (buffer != TR_NIL) tr_string_set_coderange(buffer, CODERANGE_UNKNOWN);
    Directive d;
    int more;
    while ((more = tr_pack_next(f, &k.reader, &d)) > 0)
        if (!pack_one(f, &k, &d)) return TR_RAISED;
    if (more < 0) return TR_RAISED;
    TR_KEEP(format);
    tr_string_set_coderange(k.out, CODERANGE_UNKNOWN);
    if (buffer == TR_NIL)
        tr_string_set_encoding(k.out, k.kind == 1   ? ENCODING_US_ASCII
                                      : k.kind == 2 ? ENCODING_UTF8
                                                    : ENCODING_BINARY);
    return k.out;
}

static MAY_SWITCH MAY_RAISE Value array_pack(Fiber *f, Value self, const Args *args) {
    static const Id names[] = {TR_ID_buffer};
    Value buffer = TR_UNDEF;
    if (args->keywords != TR_NIL && !tr_keywords(f, args->keywords, names, 0, 1, &buffer, false))
        return TR_RAISED;
    return tr_pack(f, self, args->argv[0], buffer == TR_UNDEF ? TR_NIL : buffer);
}

static const MethodDef pack_methods[] = {
    {"pack", array_pack, ARITY(1, 1), METHOD_KEYWORDS},
    {NULL, NULL, 0, 0, 0}
};
const ClassDef tr_pack_def = {.klass = &tr_class.array, .methods = pack_methods};
