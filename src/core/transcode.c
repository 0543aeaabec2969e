/* transcode.c - the engine of conversion: bytes to code points to bytes.
 *
 * The UTFs are done here, single-byte encodings through a table of 256 code points that iconv fills once,
 * other encodings by asking iconv character by character (ASCII never asks). ISO-2022-JP is EUC-JP behind
 * escape sequences.
 */
#include "core/transcode.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define NO_ICONV ((iconv_t)-1)

void tr_byte_buffer_add(ByteBuffer *buffer, const char *bytes, size_t size) {
    if (size == 0) return;
    if (buffer->size + size > buffer->capacity) {
        buffer->capacity = (buffer->size + size) * 2 + 64;
        buffer->bytes = realloc(buffer->bytes, buffer->capacity);
        TR_CHECK(buffer->bytes != NULL);
    }
    memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size += size;
}

/* --- single-byte tables --- */

static _Atomic(uint16_t *)
    single_tables[ENCODING_COUNT]; /* release on making pairs with the acquire of readers */

const uint16_t *tr_single_byte_table(int encoding) {
    uint16_t *table = atomic_load_explicit(&single_tables[encoding], memory_order_acquire);
    if (table) return table;
    const Encoding *e = tr_encoding(encoding);
    if (e->kind != KIND_SINGLE || !e->iconv) return NULL;
    iconv_t cd = iconv_open("UTF-16LE", e->iconv);
    if (cd == NO_ICONV) return NULL;
    table = malloc(256 * sizeof *table);
    TR_CHECK(table != NULL);
    for (int byte = 0; byte < 256; byte++) {
        char in = (char)byte, out[8];
        char *from = &in, *to = out;
        size_t in_left = 1, out_left = sizeof out;
        bool is_good = iconv(cd, &from, &in_left, &to, &out_left) != (size_t)-1 && to - out == 2;
        table[byte] = is_good ? (uint16_t)((unsigned char)out[0] | (unsigned char)out[1] << 8) : 0xffff;
    }
    iconv_close(cd);
    uint16_t *expected = NULL;
    if (!atomic_compare_exchange_strong_explicit(&single_tables[encoding], &expected, table,
                                                 memory_order_acq_rel, memory_order_acquire)) {
        free(table);
        table = expected;
    }
    return table;
}

bool tr_encoding_knows_letters(int encoding) {
    const char *name = tr_encoding(encoding)->name;
    return strncmp(name, "ISO-8859-", 9) == 0 || strncmp(name, "Windows-125", 11) == 0 ||
           strcmp(name, "TIS-620") == 0;
}

int tr_single_byte_find(const uint16_t *table, uint32_t code) {
    if (code < 0x80 && table[code] == code) return (int)code;
    for (int byte = 0; byte < 256 && code < 0xffff; byte++)
        if (table[byte] == code) return byte;
    return -1;
}

/* --- which way --- */

static int stateless_jp, euc_jp = ENCODING_EUC_JP, shift_jis, iso_2022_jp, cp50220, cp50221;
static void find_indexes(void) __attribute__((constructor));
static void find_indexes(void) { /* written before main */
    stateless_jp = tr_encoding_find("stateless-ISO-2022-JP", 21);
    shift_jis = tr_encoding_find("Shift_JIS", 9);
    iso_2022_jp = tr_encoding_find("ISO-2022-JP", 11);
    cp50220 = tr_encoding_find("CP50220", 7);
    cp50221 = tr_encoding_find("CP50221", 7);
}

static bool is_iso_2022_jp(int encoding) {
    return encoding == iso_2022_jp || encoding == cp50220 || encoding == cp50221;
}

/* Can characters of it be converted at all? */
static bool is_convertible(int encoding) {
    const Encoding *e = tr_encoding(encoding);
    if (encoding == ENCODING_UTF16 || encoding == ENCODING_UTF32 || e->is_unicode) return true;
    if (encoding == ENCODING_BINARY || encoding == ENCODING_US_ASCII || is_iso_2022_jp(encoding)) return true;
    if (strcmp(e->name, "UTF-7") == 0 || strcmp(e->name, "ISO-2022-JP-2") == 0 || !e->iconv) return false;
    if (e->kind == KIND_SINGLE) return tr_single_byte_table(encoding) != NULL;
    return true;
}

int tr_transcode_path(int source, int dest, int *path) {
    int n = 0;
    if (source == dest || !is_convertible(source) || !is_convertible(dest)) return 0;
    path[n++] = source;
    if ((source == euc_jp && dest == shift_jis) || (source == shift_jis && dest == euc_jp)) {
        path[n++] = dest;
        return n;
    }
    if (source == iso_2022_jp) {
        path[n++] = stateless_jp;
        if (dest != stateless_jp) path[n++] = euc_jp;
        if (dest == euc_jp) return n;
    }
    if (source != ENCODING_UTF8 && dest != ENCODING_UTF8) path[n++] = ENCODING_UTF8;
    if (dest == iso_2022_jp) {
        if (source != euc_jp) path[n++] = euc_jp;
        path[n++] = stateless_jp;
    }
    path[n++] = dest;
    return n;
}

static const char *iconv_name(int encoding) {
    return is_iso_2022_jp(encoding) ? "EUC-JP-MS" : tr_encoding(encoding)->iconv;
}

static bool needs_iconv(int encoding) {
    const Encoding *e = tr_encoding(encoding);
    if (is_iso_2022_jp(encoding)) return true;
    return !e->is_unicode && e->kind != KIND_SINGLE && e->kind != KIND_ASCII && e->iconv;
}

bool tr_transcoder_init(Transcoder *t, int source, int dest, uint32_t flags) {
    memset(t, 0, sizeof *t);
    t->source = source, t->dest = dest, t->flags = flags;
    t->decoder = t->encoder = NO_ICONV;
    t->result = CONVERT_SOURCE_EMPTY;
    t->error_code = UINT32_MAX;
    if (source < 0) return true;
    if (source == dest) { /* only to replace what is invalid */
        if (!is_convertible(source)) return false;
        t->path[0] = t->path[1] = source;
        t->path_count = 2;
    } else {
        t->path_count = tr_transcode_path(source, dest, t->path);
        if (t->path_count == 0) return false;
    }
    if (needs_iconv(source)) t->decoder = iconv_open("UTF-32LE", iconv_name(source));
    if (needs_iconv(dest)) t->encoder = iconv_open(iconv_name(dest), "UTF-32LE");
    if ((needs_iconv(source) && t->decoder == NO_ICONV) || (needs_iconv(dest) && t->encoder == NO_ICONV)) {
        tr_transcoder_fini(t);
        return false;
    }
    if (tr_encoding(source)->kind == KIND_SINGLE) t->source_table = tr_single_byte_table(source);
    if (tr_encoding(dest)->kind == KIND_SINGLE) t->dest_table = tr_single_byte_table(dest);
    return true;
}

void tr_transcoder_fini(Transcoder *t) {
    if (t->decoder != NO_ICONV) iconv_close(t->decoder);
    if (t->encoder != NO_ICONV) iconv_close(t->encoder);
    t->decoder = t->encoder = NO_ICONV;
    free(t->overflow.bytes);
    t->overflow.bytes = NULL;
}

/* --- decoding --- */

typedef enum DecodeResult {
    DECODE_OK,
    DECODE_NOTHING,
    DECODE_MORE,
    DECODE_INVALID,
    DECODE_UNDEFINED
} DecodeResult;
typedef struct Decoded {
    uint32_t codes[4];
    int count;
    int size;
    int readagain;
} Decoded; /* size: bytes taken (or bad) */

/* The longest beginning that could have become a character; what follows it is read again. */
static DecodeResult invalid_at(int encoding, const char *p, const char *end, Decoded *d) {
    int prefix = 1;
    while (p + prefix < end && tr_char_size(encoding, p, p + prefix) < 0 &&
           tr_char_size(encoding, p, p + prefix + 1) < 0)
        prefix++;
    bool could_be = tr_char_size(encoding, p, p + prefix) < 0;
    int unit = tr_encoding(encoding)->min_size;
    if (unit > 1) {
        if (prefix < unit) prefix = unit;
        bool is_lead = prefix == 2 && end - p >= 4 && tr_encoding(encoding)->max_size == 4 && unit == 2 &&
                       tr_char_size(encoding, p, p + 2) < 0;
        d->size = is_lead ? 2 : prefix - prefix % unit;
        d->readagain = is_lead ? 2 : 0;
        if (!is_lead && unit == 2 && end - p >= 4 && tr_char_size(encoding, p, p + 2) < 0)
            d->size = 2, d->readagain = 2;
        return DECODE_INVALID;
    }
    d->size = prefix;
    d->readagain = could_be && p + prefix < end ? 1 : 0;
    return DECODE_INVALID;
}

static DecodeResult decode_with_iconv(Transcoder *t, const char *p, int n, Decoded *d) {
    char out[32];
    char *from = (char *)p, *to = out;
    size_t in_left = (size_t)n, out_left = sizeof out;
    iconv(t->decoder, NULL, NULL, NULL, NULL);
    size_t r = iconv(t->decoder, &from, &in_left, &to, &out_left);
    if (r != (size_t)-1) iconv(t->decoder, NULL, NULL, &to, &out_left);
    d->size = n;
    d->count = (int)((to - out) / 4);
    if (r == (size_t)-1 || in_left > 0 || d->count == 0 || d->count > 4) return DECODE_UNDEFINED;
    for (int i = 0; i < d->count; i++) {
        const unsigned char *q = (unsigned char *)out + 4 * i;
        d->codes[i] = (uint32_t)q[0] | (uint32_t)q[1] << 8 | (uint32_t)q[2] << 16 | (uint32_t)q[3] << 24;
    }
    return DECODE_OK;
}

/* ISO-2022-JP: sets are 0 ASCII, 1 JIS X 0201 Roman, 2 JIS X 0208, 3 JIS X 0201 Katakana. */
static DecodeResult decode_jis(Transcoder *t, const char *p, const char *end, Decoded *d) {
    static const struct {
        char text[4];
        int set;
    } escapes[] = {{"\033(B", 0}, {"\033(J", 1}, {"\033$@", 2}, {"\033$B", 2}, {"\033(I", 3}};
    unsigned char c = (unsigned char)*p;
    if (c == 033) {
        for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++) {
            size_t room = (size_t)(end - p) < 3 ? (size_t)(end - p) : 3;
            if (memcmp(p, escapes[i].text, room) != 0) continue;
            if (room < 3) return DECODE_MORE;
            t->source_set = escapes[i].set;
            d->size = 3;
            return DECODE_NOTHING;
        }
        d->size = 1;
        return DECODE_INVALID;
    }
    d->size = 1;
    if (c >= 0x80) return DECODE_INVALID;
    if (t->source_set <= 1 || c < 0x21) {
        d->codes[0] = t->source_set == 1 && c == 0x5c ? 0xa5 : t->source_set == 1 && c == 0x7e ? 0x203e : c;
        d->count = 1;
        return DECODE_OK;
    }
    if (t->source_set == 3) {
        d->codes[0] = 0xff40u + c - 0x20;
        d->count = 1;
        return c <= 0x5f ? DECODE_OK : DECODE_INVALID;
    }
    if (end - p < 2) return DECODE_MORE;
    char euc[2] = {(char)(c | 0x80), (char)(p[1] | 0x80)};
    return decode_with_iconv(t, euc, 2, d);
}

static DecodeResult decode_marked(Transcoder *t, const char *p, const char *end,
                                  Decoded *d) { /* UTF-16, UTF-32 */
    bool is_16 = t->source == ENCODING_UTF16;
    int unit = is_16 ? 2 : 4;
    if (t->byte_order == 0) {
        if (end - p < unit) return DECODE_MORE;
        static const char marks[4][5] = {"\xfe\xff", "\xff\xfe", "\0\0\xfe\xff", "\xff\xfe\0\0"};
        if (memcmp(p, marks[is_16 ? 0 : 2], (size_t)unit) == 0) t->byte_order = 1;
        else if (memcmp(p, marks[is_16 ? 1 : 3], (size_t)unit) == 0) t->byte_order = 2;
        else {
            d->size = unit;
            return DECODE_INVALID;
        }
        d->size = unit;
        return DECODE_NOTHING;
    }
    int encoding = is_16 ? (t->byte_order == 1 ? ENCODING_UTF16BE : ENCODING_UTF16LE)
                         : (t->byte_order == 1 ? ENCODING_UTF32BE : ENCODING_UTF32LE);
    int n = tr_char_size(encoding, p, end);
    if (n < 0) return DECODE_MORE;
    if (n == 0) return invalid_at(encoding, p, end, d);
    d->codes[0] = tr_char_decode(encoding, p, n);
    d->count = 1;
    d->size = n;
    return DECODE_OK;
}

static DecodeResult decode(Transcoder *t, const char *p, const char *end, Decoded *d) {
    d->count = d->readagain = 0;
    int encoding = t->source;
    if (encoding < 0) {
        d->codes[0] = (unsigned char)*p;
        d->count = d->size = 1;
        return DECODE_OK;
    }
    if (encoding == ENCODING_UTF16 || encoding == ENCODING_UTF32) return decode_marked(t, p, end, d);
    if (is_iso_2022_jp(encoding)) return decode_jis(t, p, end, d);
    if (encoding == ENCODING_BINARY || t->source_table) {
        uint32_t code = t->source_table            ? t->source_table[(unsigned char)*p]
                        : (unsigned char)*p < 0x80 ? (unsigned char)*p
                                                   : 0xffff;
        d->codes[0] = code;
        d->count = d->size = 1;
        return code == 0xffff ? DECODE_UNDEFINED : DECODE_OK;
    }
    int n = tr_char_size(encoding, p, end);
    if (n < 0) return DECODE_MORE;
    if (n == 0) return invalid_at(encoding, p, end, d);
    d->size = n;
    if (tr_encoding(encoding)->is_unicode || n == 1) {
        d->codes[0] = tr_char_decode(encoding, p, n);
        d->count = 1;
        if (d->codes[0] < 0x80 || tr_encoding(encoding)->is_unicode) return DECODE_OK;
    }
    return decode_with_iconv(t, p, n, d);
}

/* --- encoding --- */

static void switch_set(Transcoder *t, int set, ByteBuffer *out) {
    static const char *const escapes[] = {"\033(B", "\033(J", "\033$B", "\033(I"};
    if (t->dest_set == set) return;
    tr_byte_buffer_add(out, escapes[set], 3);
    t->dest_set = set;
}

static int encode_with_iconv(Transcoder *t, uint32_t code, char *to) {
    char in[4] = {(char)code, (char)(code >> 8), (char)(code >> 16), (char)(code >> 24)};
    char *from = in, *start = to;
    size_t in_left = 4, out_left = 16;
    iconv(t->encoder, NULL, NULL, NULL, NULL);
    size_t r = iconv(t->encoder, &from, &in_left, &to, &out_left);
    if (r != 0) return 0; /* an error, or a character that was not converted exactly */
    iconv(t->encoder, NULL, NULL, &to, &out_left);
    return (int)(to - start);
}

bool tr_transcoder_put(Transcoder *t, uint32_t code, ByteBuffer *out) {
    char bytes[32];
    int encoding = t->dest, n = 0;
    if (encoding < 0) {
        bytes[0] = (char)code;
        n = 1;
    } else if (encoding == ENCODING_UTF16 || encoding == ENCODING_UTF32) {
        bool is_16 = encoding == ENCODING_UTF16;
        if (!t->has_begun) tr_byte_buffer_add(out, is_16 ? "\xfe\xff" : "\0\0\xfe\xff", is_16 ? 2 : 4);
        t->has_begun = true;
        n = tr_char_encode(is_16 ? ENCODING_UTF16BE : ENCODING_UTF32BE, code, bytes);
    } else if (is_iso_2022_jp(encoding)) {
        if (code < 0x80) {
            switch_set(t, 0, out);
            bytes[0] = (char)code;
            n = 1;
        } else {
            n = encode_with_iconv(t, code, bytes);
            if (n != 2 || (unsigned char)bytes[0] < 0xa1) return false;
            switch_set(t, 2, out);
            bytes[0] &= 0x7f, bytes[1] &= 0x7f;
        }
    } else if (encoding == ENCODING_BINARY || encoding == ENCODING_US_ASCII) {
        if (code >= 0x80) return false;
        bytes[0] = (char)code;
        n = 1;
    } else if (t->dest_table) {
        int byte = tr_single_byte_find(t->dest_table, code);
        if (byte < 0) return false;
        bytes[0] = (char)byte;
        n = 1;
    } else if (tr_encoding(encoding)->is_unicode) {
        n = tr_char_encode(encoding, code, bytes);
    } else if (code < 0x80) {
        bytes[0] = (char)code;
        n = 1;
    } else {
        n = encode_with_iconv(t, code, bytes);
    }
    if (n <= 0) return false;
    tr_byte_buffer_add(out, bytes, (size_t)n);
    return true;
}

static void put_text(Transcoder *t, const char *text, ByteBuffer *out) {
    while (*text) (void)tr_transcoder_put(t, (unsigned char)*text++, out);
}

static const char *xml_escape(uint32_t flags, uint32_t code) {
    if (!(flags & (CONVERT_XML_TEXT | CONVERT_XML_ATTR_CONTENT))) return NULL;
    switch (code) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return flags & CONVERT_XML_ATTR_CONTENT ? "&quot;" : NULL;
    case '\'': return flags & CONVERT_XML_ATTR_CONTENT ? "&apos;" : NULL;
    default: return NULL;
    }
}

/* One code point through the decorators. */
static bool put_decorated(Transcoder *t, uint32_t code, ByteBuffer *out) {
    if (t->flags & (CONVERT_UNIVERSAL_NEWLINE | CONVERT_LF_NEWLINE)) {
        bool was_cr = t->after_cr;
        t->after_cr = code == '\r';
        if (code == '\r') return tr_transcoder_put(t, '\n', out);
        if (code == '\n' && was_cr) return true;
    } else if (code == '\n' && t->flags & (CONVERT_CRLF_NEWLINE | CONVERT_CR_NEWLINE)) {
        (void)tr_transcoder_put(t, '\r', out);
        return t->flags & CONVERT_CR_NEWLINE ? true : tr_transcoder_put(t, '\n', out);
    }
    const char *escape = xml_escape(t->flags, code);
    if (escape) {
        put_text(t, escape, out);
        return true;
    }
    if (tr_transcoder_put(t, code, out)) return true;
    if ((t->flags & CONVERT_UNDEF_MASK) == CONVERT_UNDEF_HEX_CHARREF) {
        char text[16];
        snprintf(text, sizeof text, "&#x%X;", code);
        put_text(t, text, out);
        return true;
    }
    return false;
}

/* --- the loop --- */

static ConvertResult fail(Transcoder *t, ConvertResult result, const char *bytes, int size, int readagain,
                          int from, int to) {
    t->result = result;
    if (size + readagain > (int)sizeof t->error_bytes) readagain = 0;
    memcpy(t->error_bytes, bytes, (size_t)(size + readagain));
    t->error_size = size;
    t->readagain_size = readagain;
    t->error_from = from;
    t->error_to = to;
    t->error_code = UINT32_MAX;
    return result;
}

/* The step of the path in which decoding happens, and the one in which encoding does. */
static int decode_step_end(const Transcoder *t) { return t->path_count > 1 ? t->path[1] : t->dest; }

static ConvertResult fail_undefined(Transcoder *t, uint32_t code) {
    char bytes[8];
    int n = tr_utf8_encode(code, bytes);
    int to = t->dest;
    for (int i = 0; i + 1 < t->path_count; i++)
        if (t->path[i] == ENCODING_UTF8) to = t->path[i + 1];
    fail(t, CONVERT_UNDEFINED, bytes, n, 0, ENCODING_UTF8, to);
    t->error_code = code;
    return CONVERT_UNDEFINED;
}

static ConvertResult finish(Transcoder *t, ByteBuffer *out) {
    if (!t->is_finished) {
        if (t->flags & CONVERT_XML_ATTR_QUOTE) {
            if (!t->has_begun) put_text(t, "\"", out);
            put_text(t, "\"", out);
        }
        if (t->dest >= 0 && is_iso_2022_jp(t->dest)) switch_set(t, 0, out);
        t->is_finished = true;
    }
    return t->result = CONVERT_FINISHED;
}

/* What is beyond the limit goes to the overflow. */
static bool is_full(Transcoder *t, ByteBuffer *out, size_t start, size_t limit) {
    if (limit == SIZE_MAX || out->size - start <= limit) return false;
    tr_byte_buffer_add(&t->overflow, out->bytes + start + limit, out->size - start - limit);
    out->size = start + limit;
    return true;
}

static bool flush_overflow(Transcoder *t, ByteBuffer *out, size_t limit) { /* false: still some left */
    size_t n = t->overflow.size < limit ? t->overflow.size : limit;
    tr_byte_buffer_add(out, t->overflow.bytes ? t->overflow.bytes : "", n);
    memmove(t->overflow.bytes, t->overflow.bytes + n, t->overflow.size - n);
    t->overflow.size -= n;
    return t->overflow.size == 0;
}

ConvertResult tr_transcode(Transcoder *t, const char **at, const char *end, ByteBuffer *out, size_t limit,
                           uint32_t call_flags) {
    const char *p = *at;
    size_t start = out->size;
    if (t->overflow.size > 0 && !flush_overflow(t, out, limit)) return t->result = CONVERT_FULL;
    if (t->flags & CONVERT_XML_ATTR_QUOTE && !t->has_begun) {
        put_text(t, "\"", out);
        t->has_begun = true;
    }
    while (p < end || (t->held_size > 0 && !t->is_held_partial)) {
        /* What an earlier call held back comes first, put together with what follows. */
        const char *from = p, *stop = end;
        int held = t->held_size;
        if (held > 0) {
            int room = (int)sizeof t->held - held, more = end - p < room ? (int)(end - p) : room;
            if (more > 0) memcpy(t->held + held, p, (size_t)more);
            from = t->held;
            stop = t->held + held + more;
        }
        Decoded d;
        DecodeResult result = decode(t, from, stop, &d);
        if (result == DECODE_MORE) {
            t->held_size = (int)(stop - from);
            memmove(t->held, from, (size_t)t->held_size);
            t->is_held_partial = true;
            p = end;
            break;
        }
        char bad[sizeof t->error_bytes];
        int bad_size = 0;
        if (result == DECODE_INVALID || result == DECODE_UNDEFINED) {
            bad_size = d.size + d.readagain;
            memcpy(bad, from, (size_t)bad_size);
        }
        int taken = d.size + (result == DECODE_INVALID ? d.readagain : 0);
        if (taken >= held) {
            p += taken - held;
            t->held_size = 0;
        } else {
            t->held_size = held - taken;
            memmove(t->held, t->held + taken, (size_t)t->held_size);
        }
        t->is_held_partial = false;
        if (result == DECODE_NOTHING) continue;
        if (result == DECODE_INVALID || result == DECODE_UNDEFINED) {
            int again = result == DECODE_INVALID ? d.readagain : 0;
            memmove(t->held + again, t->held, (size_t)t->held_size);
            memcpy(t->held, bad + d.size, (size_t)again);
            t->held_size += again;
            *at = p;
            return fail(t, result == DECODE_INVALID ? CONVERT_INVALID : CONVERT_UNDEFINED, bad, d.size, again,
                        t->source, decode_step_end(t));
        }
        for (int i = 0; i < d.count; i++) {
            if (put_decorated(t, d.codes[i], out)) continue;
            *at = p;
            return fail_undefined(t, d.codes[i]);
        }
        if (is_full(t, out, start, limit)) {
            *at = p;
            return t->result = CONVERT_FULL;
        }
        if (call_flags & CONVERT_AFTER_OUTPUT && out->size > start) {
            *at = p;
            return t->result = CONVERT_AFTER;
        }
    }
    *at = p;
    if (call_flags & CONVERT_PARTIAL_INPUT) return t->result = CONVERT_SOURCE_EMPTY;
    if (t->held_size > 0) {
        int n = t->held_size;
        t->held_size = 0;
        char bytes[sizeof t->held];
        memcpy(bytes, t->held, (size_t)n);
        return fail(t, CONVERT_INCOMPLETE, bytes, n, 0, t->source, decode_step_end(t));
    }
    finish(t, out);
    if (is_full(t, out, start, limit)) return t->result = CONVERT_FULL;
    return CONVERT_FINISHED;
}
