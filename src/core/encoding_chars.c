/* encoding_chars.c - the table of encodings, and how to step over, decode and write characters in each.
 *
 * Everything here works on plain memory: no Ruby objects. A stepper answers n > 0 for a valid character, 0
 * for bytes that no continuation can make valid, and -n when the text ends before the character does and n
 * bytes could complete it.
 */
#include "core/encoding.h"

#include <oniguruma.h>

#define IS_ASCII_COMPATIBLE(kind, dummy, min) ((min) == 1 && !(dummy))
#define IS_UNICODE(kind) \
    ((kind) == KIND_UTF8 || (kind) == KIND_CESU8 || ((kind) >= KIND_UTF16BE && (kind) <= KIND_UTF32LE))

const Encoding tr_encodings[ENCODING_COUNT] = {
#define ENCODING(name, aliases, kind, min, max, dummy, onig, iconv) \
    {name, aliases "\0", ONIG_ENCODING_##onig, iconv, KIND_##kind, min, max, dummy, \
     IS_ASCII_COMPATIBLE(KIND_##kind, dummy, min), IS_UNICODE(KIND_##kind)},
#include "core/encodings.def"
#undef ENCODING
};

typedef unsigned char Byte;

static inline bool is_between(Byte b, int low, int high) { return b >= low && b <= high; }

int tr_utf8_char_size(const char *text, const char *end) {
    const Byte *p = (const Byte *)text;
    ptrdiff_t room = end - text;
    Byte c = p[0];
    if (c < 0x80) return 1;
    if (c < 0xc2 || c > 0xf4) return 0;
    if (c < 0xe0) {
        if (room < 2) return -1;
        return (p[1] & 0xc0) == 0x80 ? 2 : 0;
    }
    int need = c < 0xf0 ? 3 : 4;
    if (room < 2) return 1 - need;
    int low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    int high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    if (!is_between(p[1], low, high)) return 0;
    for (int i = 2; i < need; i++) {
        if (room <= i) return i - need;
        if ((p[i] & 0xc0) != 0x80) return 0;
    }
    return need;
}

uint32_t tr_utf8_decode(const char *text, int n) {
    const Byte *p = (const Byte *)text;
    switch (n) {
    case 1: return p[0];
    case 2: return (uint32_t)(p[0] & 0x1f) << 6 | (p[1] & 0x3f);
    case 3: return (uint32_t)(p[0] & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
    default:
        return (uint32_t)(p[0] & 0x07) << 18 | (uint32_t)(p[1] & 0x3f) << 12 | (uint32_t)(p[2] & 0x3f) << 6 |
               (p[3] & 0x3f);
    }
}

/* CESU-8: like UTF-8, but characters beyond the BMP are two three-byte surrogates. */
static int cesu8_size(const char *text, const char *end) {
    const Byte *p = (const Byte *)text;
    if (p[0] < 0x80) return 1;
    if (p[0] >= 0xf0) return 0;
    if (p[0] != 0xed) return tr_utf8_char_size(text, end);
    if (end - text < 2) return -2;
    if ((p[1] & 0xc0) != 0x80) return 0;
    if (end - text < 3) return -1;
    if ((p[2] & 0xc0) != 0x80) return 0;
    if (p[1] < 0xa0) return 3;
    if (p[1] >= 0xb0) return 0;
    if (end - text < 6) return -(int)(6 - (end - text));
    return p[3] == 0xed && is_between(p[4], 0xb0, 0xbf) && (p[5] & 0xc0) == 0x80 ? 6 : 0;
}

static int utf16_size(const char *text, const char *end, int high_byte) {
    const Byte *p = (const Byte *)text;
    ptrdiff_t room = end - text;
    if (room < 2) return -1;
    Byte high = p[high_byte];
    if (!is_between(high, 0xd8, 0xdf)) return 2;
    if (high >= 0xdc) return 0;
    if (room < 4) return -(int)(4 - room);
    return is_between(p[2 + high_byte], 0xdc, 0xdf) ? 4 : 0;
}

static uint32_t read_u32(const Byte *p, bool is_big) {
    return is_big ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]
                  : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static int utf32_size(const char *text, const char *end, bool is_big) {
    if (end - text < 4) return -(int)(4 - (end - text));
    uint32_t c = read_u32((const Byte *)text, is_big);
    return c < 0xd800 || (c >= 0xe000 && c <= 0x10ffff) ? 4 : 0;
}

static int two_bytes(const Byte *p, ptrdiff_t room, bool is_trail) {
    (void)p;
    return room < 2 ? -1 : is_trail ? 2 : 0;
}

static int euc_jp_size(const Byte *p, ptrdiff_t room) {
    if (p[0] < 0x80) return 1;
    if (p[0] == 0x8e) return two_bytes(p, room, room >= 2 && is_between(p[1], 0xa1, 0xfe));
    if (p[0] == 0x8f) {
        if (room < 2) return -2;
        if (!is_between(p[1], 0xa1, 0xfe)) return 0;
        if (room < 3) return -1;
        return is_between(p[2], 0xa1, 0xfe) ? 3 : 0;
    }
    if (!is_between(p[0], 0xa1, 0xfe)) return 0;
    return two_bytes(p, room, room >= 2 && is_between(p[1], 0xa1, 0xfe));
}

static int euc_tw_size(const Byte *p, ptrdiff_t room) {
    if (p[0] < 0x80) return 1;
    if (p[0] == 0x8e) {
        if (room < 2) return -3;
        if (!is_between(p[1], 0xa1, 0xb0)) return 0;
        for (int i = 2; i < 4; i++) {
            if (room <= i) return i - 4;
            if (!is_between(p[i], 0xa1, 0xfe)) return 0;
        }
        return 4;
    }
    if (!is_between(p[0], 0xa1, 0xfe)) return 0;
    return two_bytes(p, room, room >= 2 && is_between(p[1], 0xa1, 0xfe));
}

static int sjis_size(const Byte *p, ptrdiff_t room) {
    Byte c = p[0];
    if (c < 0x80 || is_between(c, 0xa1, 0xdf)) return 1;
    if (!is_between(c, 0x81, 0x9f) && !is_between(c, 0xe0, 0xfc)) return 0;
    return two_bytes(p, room, room >= 2 && (is_between(p[1], 0x40, 0x7e) || is_between(p[1], 0x80, 0xfc)));
}

static int gb18030_size(const Byte *p, ptrdiff_t room) {
    if (p[0] < 0x80) return 1;
    if (!is_between(p[0], 0x81, 0xfe)) return 0;
    if (room < 2) return -1;
    if (is_between(p[1], 0x40, 0x7e) || is_between(p[1], 0x80, 0xfe)) return 2;
    if (!is_between(p[1], 0x30, 0x39)) return 0;
    if (room < 3) return -2;
    if (!is_between(p[2], 0x81, 0xfe)) return 0;
    if (room < 4) return -1;
    return is_between(p[3], 0x30, 0x39) ? 4 : 0;
}

static int emacs_mule_size(const Byte *p, ptrdiff_t room) {
    Byte c = p[0];
    int need = c < 0x81 ? 1 : c <= 0x8f ? 2 : c <= 0x99 ? 3 : c <= 0x9b ? 3 : c <= 0x9d ? 4 : 0;
    if (need == 0) return 0;
    for (int i = 1; i < need; i++) {
        if (room <= i) return i - need;
        if (p[i] < 0xa0) return 0;
    }
    return need;
}

int tr_char_size_slow(int encoding, const char *text, const char *end) {
    const Byte *p = (const Byte *)text;
    ptrdiff_t room = end - text;
    switch ((EncodingKind)tr_encodings[encoding].kind) {
    case KIND_SINGLE: return 1;
    case KIND_ASCII: return p[0] < 0x80;
    case KIND_UTF8: return tr_utf8_char_size(text, end);
    case KIND_CESU8: return cesu8_size(text, end);
    case KIND_UTF16BE: return utf16_size(text, end, 0);
    case KIND_UTF16LE: return utf16_size(text, end, 1);
    case KIND_UTF32BE: return utf32_size(text, end, true);
    case KIND_UTF32LE: return utf32_size(text, end, false);
    case KIND_EUC_JP: return euc_jp_size(p, room);
    case KIND_EUC_TW: return euc_tw_size(p, room);
    case KIND_SJIS: return sjis_size(p, room);
    case KIND_GB18030: return gb18030_size(p, room);
    case KIND_EMACS_MULE: return emacs_mule_size(p, room);
    case KIND_EUC_KR:
        if (p[0] < 0x80) return 1;
        if (!is_between(p[0], 0xa1, 0xfe)) return 0;
        return two_bytes(p, room, room >= 2 && is_between(p[1], 0xa1, 0xfe));
    case KIND_BIG5:
    case KIND_BIG5_UAO:
        if (p[0] < 0x80) return 1;
        if (!is_between(p[0], tr_encodings[encoding].kind == KIND_BIG5 ? 0xa1 : 0x81, 0xfe)) return 0;
        return two_bytes(p, room,
                         room >= 2 && (is_between(p[1], 0x40, 0x7e) || is_between(p[1], 0xa1, 0xfe)));
    case KIND_CP949:
        if (p[0] < 0x80) return 1;
        if (!is_between(p[0], 0x81, 0xfe)) return 0;
        return two_bytes(p, room,
                         room >= 2 && (is_between(p[1], 0x41, 0x5a) || is_between(p[1], 0x61, 0x7a) ||
                                       is_between(p[1], 0x81, 0xfe)));
    case KIND_GBK:
        if (p[0] <= 0x80) return 1;
        if (!is_between(p[0], 0x81, 0xfe)) return 0;
        return two_bytes(p, room,
                         room >= 2 && (is_between(p[1], 0x40, 0x7e) || is_between(p[1], 0x80, 0xfe)));
    }
    TR_UNREACHABLE();
}

uint32_t tr_char_decode(int encoding, const char *text, int n) {
    const Byte *p = (const Byte *)text;
    switch ((EncodingKind)tr_encodings[encoding].kind) {
    case KIND_UTF8: return tr_utf8_decode(text, n);
    case KIND_CESU8:
        if (n < 6) return tr_utf8_decode(text, n);
        return 0x10000 + ((((uint32_t)(p[1] & 0x0f) << 6 | (p[2] & 0x3f)) << 10) |
                          (uint32_t)(p[4] & 0x0f) << 6 | (p[5] & 0x3f));
    case KIND_UTF16BE:
    case KIND_UTF16LE: {
        int high = tr_encodings[encoding].kind == KIND_UTF16LE, low = !high;
        uint32_t unit = (uint32_t)p[high] << 8 | p[low];
        if (n == 2) return unit;
        uint32_t second = (uint32_t)p[2 + high] << 8 | p[2 + low];
        return 0x10000 + ((unit & 0x3ff) << 10 | (second & 0x3ff));
    }
    case KIND_UTF32BE: return read_u32(p, true);
    case KIND_UTF32LE: return read_u32(p, false);
    default: {
        uint32_t code = 0;
        for (int i = 0; i < n; i++) code = code << 8 | p[i];
        return code;
    }
    }
}

static int put_u16(uint32_t unit, char *to, bool is_big) {
    to[is_big ? 0 : 1] = (char)(unit >> 8);
    to[is_big ? 1 : 0] = (char)unit;
    return 2;
}

int tr_char_encode(int encoding, uint32_t c, char *to) {
    const Encoding *e = &tr_encodings[encoding];
    if (e->is_unicode && (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))) return 0;
    switch ((EncodingKind)e->kind) {
    case KIND_SINGLE:
        if (c > 0xff) return 0;
        to[0] = (char)c;
        return 1;
    case KIND_ASCII:
        if (c > 0x7f) return 0;
        to[0] = (char)c;
        return 1;
    case KIND_UTF8: return tr_utf8_encode(c, to);
    case KIND_CESU8:
        if (c < 0x10000) return tr_utf8_encode(c, to);
        c -= 0x10000;
        tr_utf8_encode(0xd800 | c >> 10, to);
        tr_utf8_encode(0xdc00 | (c & 0x3ff), to + 3);
        return 6;
    case KIND_UTF16BE:
    case KIND_UTF16LE: {
        bool is_big = e->kind == KIND_UTF16BE;
        if (c < 0x10000) return put_u16(c, to, is_big);
        c -= 0x10000;
        put_u16(0xd800 | c >> 10, to, is_big);
        return 2 + put_u16(0xdc00 | (c & 0x3ff), to + 2, is_big);
    }
    case KIND_UTF32BE:
    case KIND_UTF32LE:
        for (int i = 0; i < 4; i++) to[e->kind == KIND_UTF32BE ? i : 3 - i] = (char)(c >> (24 - 8 * i));
        return 4;
    default: {
        int n = c > 0xffffff ? 4 : c > 0xffff ? 3 : c > 0xff ? 2 : 1;
        for (int i = 0; i < n; i++) to[i] = (char)(c >> (8 * (n - 1 - i)));
        return tr_char_size(encoding, to, to + n) == n ? n : 0;
    }
    }
}

const char *tr_char_left(int encoding, const char *start, const char *p, const char *end) {
    const Encoding *e = &tr_encodings[encoding];
    if (e->max_size == 1 || p <= start || p >= end) return p;
    if (e->kind ==
        KIND_UTF8) { /* at most three continuation bytes back; an invalid sequence is bytes of their own */
        const char *lead = p;
        for (int i = 0; i < 3 && lead > start && ((Byte)*lead & 0xc0) == 0x80; i++) lead--;
        if (lead == p) return p;
        int n = tr_utf8_char_size(lead, end);
        return n > p - lead ? lead : p;
    }
    if (e->kind == KIND_UTF32BE || e->kind == KIND_UTF32LE) return start + ((p - start) & ~(ptrdiff_t)3);
    if (e->kind == KIND_UTF16BE || e->kind == KIND_UTF16LE) {
        const char *unit = start + ((p - start) & ~(ptrdiff_t)1);
        return unit - 2 >= start && tr_char_size(encoding, unit - 2, end) == 4 ? unit - 2 : unit;
    }
    /* Trail bytes may look like lead bytes: step from a place that is certainly a boundary (after a control
     * byte, or the start of the text). */
    const char *from = p;
    while (from > start && (Byte)from[-1] >= 0x30) from--;
    for (;;) {
        int n = tr_char_step(encoding, from, end);
        if (from + n > p) return from;
        from += n;
    }
}

size_t tr_ascii_prefix(const char *bytes, size_t size) {
    size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, 8);
        word &= 0x8080808080808080u;
        if (word) return i + (size_t)(__builtin_ctzll(word) >> 3);
    }
    while (i < size && (signed char)bytes[i] >= 0) i++;
    return i;
}

enum CodeRange tr_coderange_scan(int encoding, const char *bytes, size_t size) {
    const Encoding *e = &tr_encodings[encoding];
    const char *p = bytes, *end = bytes + size;
    if (e->is_ascii_compatible) {
        p += tr_ascii_prefix(bytes, size);
        if (p == end) return CODERANGE_7BIT;
        if (e->kind == KIND_SINGLE) return CODERANGE_VALID;
        if (e->kind == KIND_ASCII) return CODERANGE_BROKEN;
        while (p < end) {
            int n = tr_char_size(encoding, p, end);
            if (n <= 0) return CODERANGE_BROKEN;
            p += n;
            if (p < end && (signed char)*p >= 0) p += tr_ascii_prefix(p, (size_t)(end - p));
        }
        return CODERANGE_VALID;
    }
    while (p < end) {
        int n = tr_char_size(encoding, p, end);
        if (n <= 0) return CODERANGE_BROKEN;
        p += n;
    }
    return CODERANGE_VALID;
}
