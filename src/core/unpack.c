/* unpack.c - String#unpack, unpack1: the inverse of pack. Values are collected, yielded, or the first one is
 * taken.
 */
#include "core/pack_format.h"
#include "core/string_internal.h"

typedef struct Unpacker {
    Value text, list;      /* text: frozen copy of what is read */
    size_t at;
    PackReader reader;
    Block block;
    bool takes_one, is_done;
    Value first;
} Unpacker;

static MAY_SWITCH bool give(Fiber *f, Unpacker *u, Value v) {
    if (u->takes_one) {
        u->first = v;
        u->is_done = true;
        return true;
    }
    if (u->block != TR_NIL) return tr_yield1(f, u->block, v) != TR_RAISED;
    return tr_array_push(f, u->list, v) != TR_RAISED;
}

static inline size_t left(const Unpacker *u) { return tr_string(u->text)->size - u->at; }
static inline const unsigned char *here(const Unpacker *u) {
    return (const unsigned char *)tr_string(u->text)->bytes + u->at;
}

static uint64_t load(const unsigned char *p, int size, bool is_big) {
    uint64_t bits = 0;
    for (int i = 0; i < size; i++) bits |= (uint64_t)p[is_big ? size - 1 - i : i] << (8 * i);
    return bits;
}

static MAY_SWITCH bool give_missing(Fiber *f, Unpacker *u, const Directive *d, int64_t count) {
    if (d->is_star) return true;
    while (count-- > 0 && !u->is_done)
        if (!give(f, u, TR_NIL)) return false;
    return true;
}

static MAY_SWITCH bool unpack_integers(Fiber *f, Unpacker *u, const Directive *d, int size, bool is_signed,
                                       bool is_big) {
    int64_t count = d->is_star ? INT64_MAX : d->count;
    while (count > 0 && left(u) >= (size_t)size && !u->is_done) {
        uint64_t bits = load(here(u), size, is_big);
        u->at += (size_t)size;
        count--;
        if (TR_SAFEPOINT_EACH(f, count, 256) == TR_RAISED) return false;
        Value v;
        if (!is_signed) v = tr_integer_from_uint64(f, bits);
        else v = tr_integer_from_int64(f, (int64_t)(bits << (64 - 8 * size)) >> (64 - 8 * size));
        if (!give(f, u, v)) return false;
    }
    return give_missing(f, u, d, count);
}

static MAY_SWITCH bool unpack_floats(Fiber *f, Unpacker *u, const Directive *d) {
    bool is_single = strchr("fFeg", d->type) != NULL, is_big = d->type == 'g' || d->type == 'G';
    int size = is_single ? 4 : 8;
    int64_t count = d->is_star ? INT64_MAX : d->count;
    while (count > 0 && left(u) >= (size_t)size && !u->is_done) {
        uint64_t bits = load(here(u), size, is_big);
        u->at += (size_t)size;
        count--;
        double value;
        if (is_single) {
            uint32_t small = (uint32_t)bits;
            float s;
            memcpy(&s, &small, 4);
            value = (double)s;
        } else {
            memcpy(&value, &bits, 8);
        }
        if (!give(f, u, tr_float_new(f, value))) return false;
    }
    return give_missing(f, u, d, count);
}

static MAY_SWITCH bool unpack_text(Fiber *f, Unpacker *u, const Directive *d) { /* a A Z */
    size_t size = d->is_star || (size_t)d->count > left(u) ? left(u) : (size_t)d->count, taken = size;
    const char *p = (const char *)here(u);
    if (d->type == 'A') {
        while (size > 0 && (p[size - 1] == ' ' || p[size - 1] == 0)) size--;
    } else if (d->type == 'Z') {
        const char *nul = memchr(p, 0, size);
        if (nul) {
            size = (size_t)(nul - p);
            if (d->is_star) taken = size + 1;
        }
    }
    u->at += taken;
    return give(f, u, tr_string_new_encoded(f, p, size, ENCODING_BINARY));
}

static MAY_SWITCH bool unpack_digits(Fiber *f, Unpacker *u, const Directive *d) { /* B b H h */
    bool is_hex = (d->type | 0x20) == 'h', high_first = d->type < 'a';
    size_t per_byte = is_hex ? 2 : 8, bits = is_hex ? 4 : 1;
    size_t count = d->is_star || (size_t)d->count > left(u) * per_byte ? left(u) * per_byte
                                                                       : (size_t)d->count;
    Value v = tr_string_alloc(f, tr_class.string, count, count, ENCODING_US_ASCII);
    if (v == TR_RAISED) return false;
    char *to = tr_string(v)->bytes;
    const unsigned char *p = here(u);
    for (size_t i = 0; i < count; i++) {
        size_t at = i % per_byte, shift = bits * (high_first ? per_byte - 1 - at : at);
        to[i] = "0123456789abcdef"[(p[i / per_byte] >> shift) & ((1u << bits) - 1)];
    }
    u->at += (count + per_byte - 1) / per_byte;
    return give(f, u, v);
}

static MAY_GC bool fail(Fiber *f, const char *message) {
    (void)!tr_raise(f, tr_class.argument_error, "%s", message);
    return false;
}

static MAY_SWITCH bool unpack_utf8(Fiber *f, Unpacker *u, const Directive *d) {
    int64_t count = d->is_star ? INT64_MAX : d->count;
    for (; count > 0 && left(u) > 0 && !u->is_done; count--) {
        const unsigned char *p = here(u);
        unsigned char c = p[0];
        int size = c < 0x80   ? 1
                   : c < 0xc0 ? 0
                   : c < 0xe0 ? 2
                   : c < 0xf0 ? 3
                   : c < 0xf8 ? 4
                   : c < 0xfc ? 5
                   : c < 0xfe ? 6
                              : 0;
        if (size == 0) return fail(f, "malformed UTF-8 character");
        if ((size_t)size > left(u)) {
            (void)!tr_raise(f, tr_class.argument_error,
                            "malformed UTF-8 character (expected %d bytes, given %zu bytes)", size, left(u));
            return false;
        }
        uint32_t code = size == 1 ? c : c & (0x7fu >> size);
        for (int i = 1; i < size; i++) {
            if ((p[i] & 0xc0) != 0x80) return fail(f, "malformed UTF-8 character");
            code = code << 6 | (p[i] & 0x3f);
        }
        static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000, 0x200000, 0x4000000};
        if (code < smallest[size]) return fail(f, "redundant UTF-8 sequence");
        u->at += (size_t)size;
        if (!give(f, u, TR_FIX(code))) return false;
    }
    return true;
}

static MAY_SWITCH bool unpack_ber(Fiber *f, Unpacker *u, const Directive *d) {
    int64_t count = d->is_star ? INT64_MAX : d->count;
    while (count > 0 && left(u) > 0 && !u->is_done) {
        mpz_t z;
        mpz_init(z);
        bool is_whole = false;
        while (left(u) > 0 && !is_whole) {
            unsigned char c = *here(u);
            u->at++;
            mpz_mul_2exp(z, z, 7);
            mpz_add_ui(z, z, c & 0x7f);
            is_whole = !(c & 0x80);
        }
        Value v = is_whole ? tr_integer_from_mpz(f, z) : TR_UNDEF;
        mpz_clear(z);
        if (v == TR_UNDEF) break;
        count--;
        if (!give(f, u, v)) return false;
    }
    return true;
}

static int base64_digit(int c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool check_strict_base64(const unsigned char *p, size_t size) {
    if (size % 4 != 0) return false;
    size_t pads = size > 0 && p[size - 1] == '=' ? (p[size - 2] == '=' ? 2 : 1) : 0;
    for (size_t i = 0; i < size - pads; i++)
        if (base64_digit(p[i]) < 0) return false;
    if (pads == 1 && base64_digit(p[size - 2]) & 3) return false;
    return !(pads == 2 && base64_digit(p[size - 3]) & 15);
}

static MAY_SWITCH bool unpack_base64(Fiber *f, Unpacker *u, const Directive *d) {
    const unsigned char *p = here(u), *end = p + left(u);
    if (d->has_count && d->count == 0 && !check_strict_base64(p, left(u))) return fail(f, "invalid base64");
    Value v = tr_string_alloc(f, tr_class.string, 0, left(u) * 3 / 4 + 3, ENCODING_BINARY);
    if (v == TR_RAISED) return false;
    p = here(u), end = p + left(u);
    char *to = tr_string(v)->bytes;
    unsigned bits = 0;
    int have = 0;
    for (; p < end && *p != '='; p++) {
        int digit = base64_digit(*p);
        if (digit < 0) continue;
        bits = bits << 6 | (unsigned)digit;
        if (++have == 4) {
            *to++ = (char)(bits >> 16), *to++ = (char)(bits >> 8), *to++ = (char)bits;
            have = 0;
            bits = 0;
        }
    }
    if (have == 2) *to++ = (char)(bits >> 4);
    if (have == 3) *to++ = (char)(bits >> 10), *to++ = (char)(bits >> 2);
    tr_string(v)->size = (size_t)(to - tr_string(v)->bytes);
    *to = 0;
    u->at = tr_string(u->text)->size;
    return give(f, u, v);
}

static MAY_SWITCH bool unpack_uuencoded(Fiber *f, Unpacker *u) {
    const unsigned char *p = here(u), *end = p + left(u);
    Value v = tr_string_new_capacity(f, left(u), ENCODING_BINARY);
    while (p < end && *p > ' ' && *p < 'a') {
        int length = (*p++ - ' ') & 077;
        while (length > 0 && p < end) {
            unsigned digit[4] = {0, 0, 0, 0};
            for (int i = 0; i < 4 && p < end && *p != '\n'; i++) digit[i] = (unsigned)(*p++ - ' ') & 077;
            char out[3] = {(char)(digit[0] << 2 | digit[1] >> 4), (char)(digit[1] << 4 | digit[2] >> 2),
                           (char)(digit[2] << 6 | digit[3])};
            int n = length < 3 ? length : 3;
            if (tr_string_append_bytes(f, v, out, (size_t)n) == TR_RAISED) return false;
            length -= n;
            if (p < end && *p == '\n') break;
        }
        while (p < end && *p != '\n') p++;
        if (p < end) p++;
    }
    u->at = tr_string(u->text)->size;
    return give(f, u, v);
}

static int hex_value(int c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static MAY_SWITCH bool unpack_quoted_printable(Fiber *f, Unpacker *u) {
    const unsigned char *p = here(u), *end = p + left(u);
    Value v = tr_string_new_capacity(f, left(u), ENCODING_BINARY);
    while (p < end) {
        char c = (char)*p;
        if (c == '=' && p + 1 < end && (p[1] == '\n' || (p[1] == '\r' && p + 2 < end && p[2] == '\n'))) {
            p += p[1] == '\n' ? 2 : 3;
            continue;
        }
        if (c == '=' && p + 2 < end && hex_value(p[1]) >= 0 && hex_value(p[2]) >= 0) {
            c = (char)(hex_value(p[1]) << 4 | hex_value(p[2]));
            p += 3;
        } else if (c == '=') { /* not an escape: the rest is as it stands */
            if (tr_string_append_bytes(f, v, (const char *)p, (size_t)(end - p)) == TR_RAISED) return false;
            break;
        } else {
            p++;
        }
        if (tr_string_append_bytes(f, v, &c, 1) == TR_RAISED) return false;
    }
    u->at = tr_string(u->text)->size;
    return give(f, u, v);
}

static MAY_SWITCH bool unpack_one(Fiber *f, Unpacker *u, const Directive *d) {
    bool is_signed, is_big;
    int size = tr_pack_integer_size(d, &is_signed, &is_big);
    if (size) return unpack_integers(f, u, d, size, is_signed, is_big);
    switch (d->type) {
    case 'a': case 'A': case 'Z': return unpack_text(f, u, d);
    case 'B': case 'b': case 'H': case 'h': return unpack_digits(f, u, d);
    case 'd':
    case 'D':
    case 'f':
    case 'F':
    case 'e':
    case 'E':
    case 'g':
    case 'G': return unpack_floats(f, u, d);
    case 'U': return unpack_utf8(f, u, d);
    case 'w': return unpack_ber(f, u, d);
    case 'm': return unpack_base64(f, u, d);
    case 'u': return unpack_uuencoded(f, u);
    case 'M': return unpack_quoted_printable(f, u);
    case 'p': case 'P': return fail(f, "non associated pointer");
    case '@':
        if (!d->is_star && (size_t)d->count > tr_string(u->text)->size) return fail(f, "@ outside of string");
        u->at = d->is_star ? u->at : (size_t)d->count;
        return true;
    case 'x':
        if (!d->is_star && (size_t)d->count > left(u)) return fail(f, "x outside of string");
        u->at += d->is_star ? left(u) : (size_t)d->count;
        return true;
    case 'X':
        if (!d->is_star && (size_t)d->count > u->at) return fail(f, "X outside of string");
        u->at -= d->is_star ? 0 : (size_t)d->count;
        return true;
    case '%': return fail(f, "% is not supported");
    default: return (void)!tr_pack_unknown(f, &u->reader, d->type), false;
    }
}

static MAY_SWITCH MAY_RAISE Value unpack(Fiber *f, Value self, const Args *args, bool takes_one) {
    static const Id names[] = {TR_ID_offset};
    Value given = TR_UNDEF;
    int64_t offset = 0;
    if (args->keywords != TR_NIL && !tr_keywords(f, args->keywords, names, 0, 1, &given, false))
        return TR_RAISED;
    Value format = tr_to_str(f, args->argv[0]);
    if (format == TR_RAISED || (given != TR_UNDEF && !tr_to_long(f, given, &offset))) return TR_RAISED;
    if (offset < 0) return tr_raise(f, tr_class.argument_error, "offset can't be negative");
    if ((size_t)offset > tr_string(self)->size)
        return tr_raise(f, tr_class.argument_error, "offset outside of string");
    format = tr_string_frozen_copy(f, format);
    const char *p = tr_string(format)->bytes;
    Unpacker u = {.text = tr_string_frozen_copy(f, self),
                  .at = (size_t)offset,
                  .reader = {p, p, tr_string_end(format), "unpack"},
                  .block = takes_one ? TR_NIL : args->block,
                  .takes_one = takes_one,
                  .first = TR_NIL};
    bool collects = !takes_one && u.block == TR_NIL;
    u.list = collects ? tr_array_new(f, 4) : TR_NIL;
    Directive d;
    int more;
    while ((more = tr_pack_next(f, &u.reader, &d)) > 0) {
        if (!unpack_one(f, &u, &d)) return TR_RAISED;
        if (u.is_done) break;
    }
    if (more < 0) return TR_RAISED;
    TR_KEEP(format);
    TR_KEEP(u.text);
    return takes_one ? u.first : collects ? u.list : TR_NIL;
}

static MAY_SWITCH Value string_unpack(Fiber *f, Value self, const Args *args) {
    return unpack(f, self, args, false);
}
static MAY_SWITCH Value string_unpack1(Fiber *f, Value self, const Args *args) {
    return unpack(f, self, args, true);
}

const MethodDef tr_unpack_methods[] = {
    {"unpack", string_unpack, ARITY(1, 1), METHOD_KEYWORDS},
    {"unpack1", string_unpack1, ARITY(1, 1), METHOD_KEYWORDS},
    {NULL, NULL, 0, 0, 0}
};
