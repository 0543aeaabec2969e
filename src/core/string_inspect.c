/* string_inspect.c - strings and symbols as Ruby source: inspect, dump, undump.
 *
 * inspect keeps what can be printed in the default external encoding; dump is pure ASCII and can be undone.
 * Runs of plain characters are copied in one piece.
 */
#include <stdio.h>

#include "core/string_internal.h"
#include "core/unicode.h"

static char short_escape(uint32_t c) { /* the letter of \n and its kin, 0 if there is none */
    switch (c) {
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    case '\f': return 'f';
    case 013: return 'v';
    case 010: return 'b';
    case 007: return 'a';
    case 033: return 'e';
    default: return 0;
    }
}

static bool starts_interpolation(int encoding, const char *p, const char *end) {
    if (p >= end) return false;
    int n = tr_char_size(encoding, p, end);
    if (n <= 0) return false;
    uint32_t c = tr_char_decode(encoding, p, n);
    return c == '{' || c == '$' || c == '@';
}

static MAY_GC MAY_RAISE Value append_bytes_escaped(Fiber *f, Value out, const char *p, int n) {
    char text[8];
    for (int i = 0; i < n; i++) {
        snprintf(text, sizeof text, "\\x%02X", (unsigned char)p[i]);
        if (tr_string_append_bytes(f, out, text, 4) == TR_RAISED) return TR_RAISED;
    }
    return out;
}

static MAY_GC Value append_char_escaped(Fiber *f, Value out, uint32_t c, bool is_unicode) {
    char text[16];
    int n;
    if (is_unicode) n = snprintf(text, sizeof text, c < 0x10000 ? "\\u%04X" : "\\u{%X}", c);
    else n = snprintf(text, sizeof text, c < 0x100 ? "\\x%02X" : "\\x{%X}", c);
    return tr_string_append_bytes(f, out, text, (size_t)n);
}

static bool is_printable(uint32_t c, bool is_unicode) {
    if (c < 0x80) return c >= 0x20 && c < 0x7f;
    return is_unicode ? c != 0x85 && tr_unicode_is_print(c) : true;
}

/* Can a character of `encoding` stand as it is in a text of `result`? */
static bool stands_as_is(int encoding, int result, uint32_t c, int n) {
    if (c < 0x80) return c >= 0x20 && c < 0x7f;
    if (encoding != result) return false;
    if (!tr_encoding_is_unicode(encoding) && n == 1) return encoding != ENCODING_BINARY && c >= 0xa0;
    return is_printable(c, tr_encoding_is_unicode(encoding));
}

Value tr_string_inspect(Fiber *f, Value v) {
    int encoding = tr_string_encoding(v);
    int result = tr_encoding_default_internal();
    if (result < 0) result = tr_encoding_default_external();
    if (!tr_encoding_is_ascii_compatible(result)) result = ENCODING_US_ASCII;
    bool is_unicode = tr_encoding_is_unicode(encoding),
         is_compatible = tr_encoding_is_ascii_compatible(encoding);
    Value out = tr_string_new_capacity(f, tr_string(v)->size + 2, result);
    if (tr_string_append_bytes(f, out, "\"", 1) == TR_RAISED) return TR_RAISED;
    const char *p = tr_string(v)->bytes, *end = p + tr_string(v)->size, *run = p;
    while (p < end) {
        int n = tr_char_size(encoding, p, end);
        if (n <= 0) {
            n = tr_char_step(encoding, p, end);
            if (run < p && tr_string_append_bytes(f, out, run, (size_t)(p - run)) == TR_RAISED)
                return TR_RAISED;
            if (append_bytes_escaped(f, out, p, n) == TR_RAISED) return TR_RAISED;
            run = p += n;
            continue;
        }
        uint32_t c = tr_char_decode(encoding, p, n);
        char escape = c == '"' || c == '\\' ? (char)c : short_escape(c);
        if (c == '#' && starts_interpolation(encoding, p + n, end)) escape = '#';
        if (!escape && is_compatible && stands_as_is(encoding, result, c, n)) {
            p += n;
            continue;
        }
        if (run < p && tr_string_append_bytes(f, out, run, (size_t)(p - run)) == TR_RAISED) return TR_RAISED;
        Value appended;
        if (escape) appended = tr_string_append_bytes(f, out, (char[]){'\\', escape}, 2);
        else if (c >= 0x20 && c < 0x7f && (is_unicode || is_compatible))
            appended = tr_string_append_bytes(f, out, (char[]){(char)c}, 1);
        else appended = append_char_escaped(f, out, c, is_unicode);
        if (appended == TR_RAISED) return TR_RAISED;
        run = p += n;
    }
    if (run < p && tr_string_append_bytes(f, out, run, (size_t)(p - run)) == TR_RAISED) return TR_RAISED;
    TR_KEEP(v);
    return tr_string_append_bytes(f, out, "\"", 1);
}

/* --- dump --- */

static MAY_GC MAY_RAISE Value string_dump(Fiber *f, Value self, const Args *args) {
    (void)args;
    int encoding = tr_string_encoding(self);
    bool is_utf8 = tr_encodings[encoding].kind == KIND_UTF8;
    Value out = tr_string_new_capacity(
        f, tr_string(self)->size + 2, tr_encoding_is_ascii_compatible(encoding) ? encoding : ENCODING_BINARY);
    if (tr_string_append_bytes(f, out, "\"", 1) == TR_RAISED) return TR_RAISED;
    const char *p = tr_string(self)->bytes, *end = p + tr_string(self)->size;
    while (p < end) {
        unsigned char c = (unsigned char)*p;
        char escape = c == '"' || c == '\\' ? (char)c : short_escape(c);
        Value appended;
        int n = 1;
        if (c == '#' && p + 1 < end && (p[1] == '{' || p[1] == '$' || p[1] == '@')) escape = '#';
        if (escape) appended = tr_string_append_bytes(f, out, (char[]){'\\', escape}, 2);
        else if (c >= 0x20 && c < 0x7f) appended = tr_string_append_bytes(f, out, p, 1);
        else if (is_utf8 && c >= 0x80 && (n = tr_utf8_char_size(p, end)) > 0)
            appended = append_char_escaped(f, out, tr_utf8_decode(p, n), true);
        else appended = append_bytes_escaped(f, out, p, n = 1);
        if (appended == TR_RAISED) return TR_RAISED;
        p += n;
    }
    if (tr_string_append_bytes(f, out, "\"", 1) == TR_RAISED) return TR_RAISED;
    if (!tr_encoding_is_ascii_compatible(encoding)) {
        if (tr_string_append_cstr(f, out, ".dup.force_encoding(\"") == TR_RAISED ||
            tr_string_append_cstr(f, out, tr_encodings[encoding].name) == TR_RAISED ||
            tr_string_append_cstr(f, out, "\")") == TR_RAISED)
            return TR_RAISED;
    }
    TR_KEEP(self);
    return out;
}

/* --- undump --- */

static int hex_digit(int c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

typedef struct Undump {
    Value out;
    const char *p, *end;
    int encoding;             /* of the result */
    bool saw_utf8, saw_bytes; /* \u and \x exclude each other */
} Undump;

static MAY_GC MAY_RAISE Value undump_error(Fiber *f, const char *message) {
    return tr_raise(f, tr_class.runtime_error, "%s", message);
}

static MAY_GC Value append_codepoint(Fiber *f, Undump *u, uint32_t c) {
    if (c >= 0xd800 && c <= 0xdfff) return undump_error(f, "invalid Unicode codepoint");
    char bytes[8];
    int n = tr_char_encode(u->encoding, c, bytes);
    if (n == 0) return undump_error(f, "invalid Unicode codepoint");
    return tr_string_append_bytes(f, u->out, bytes, (size_t)n);
}

static MAY_GC MAY_RAISE Value undump_unicode(Fiber *f, Undump *u) { /* at what follows \u */
    if (u->saw_bytes) return undump_error(f, "hex escape and Unicode escape are mixed");
    u->saw_utf8 = true;
    if (u->p >= u->end) return undump_error(f, "invalid Unicode escape");
    if (!tr_encoding_is_unicode(u->encoding)) {
        u->encoding = ENCODING_UTF8;
        tr_string_set_encoding(u->out, ENCODING_UTF8);
    }
    uint32_t c = 0;
    if (*u->p != '{') {
        int digits = 0;
        for (; digits < 4 && u->p < u->end && hex_digit(*u->p) >= 0; digits++)
            c = c << 4 | (uint32_t)hex_digit(*u->p++);
        if (digits != 4) return undump_error(f, "invalid Unicode escape");
        return append_codepoint(f, u, c);
    }
    u->p++;
    for (;;) {
        while (u->p < u->end && *u->p == ' ') u->p++;
        if (u->p >= u->end) return undump_error(f, "unterminated Unicode escape");
        if (*u->p == '}') break;
        if (hex_digit(*u->p) < 0) return undump_error(f, "invalid Unicode escape");
        for (c = 0; u->p < u->end && hex_digit(*u->p) >= 0; u->p++) {
            c = c << 4 | (uint32_t)hex_digit(*u->p);
            if (c > 0x10ffff) return undump_error(f, "invalid Unicode codepoint (too large)");
        }
        if (append_codepoint(f, u, c) == TR_RAISED) return TR_RAISED;
    }
    u->p++;
    return TR_NIL;
}

static MAY_GC Value undump_escape(Fiber *f, Undump *u) { /* after the backslash */
    if (u->p >= u->end) return undump_error(f, "invalid escape");
    char c = *u->p++;
    static const char letters[] = "n\nr\rt\tf\fv\013b\010a\007e\033";
    for (const char *l = letters; *l; l += 2)
        if (*l == c) return tr_string_append_bytes(f, u->out, l + 1, 1);
    if (c == 'u') return undump_unicode(f, u);
    if (c == 'x') {
        if (u->saw_utf8) return undump_error(f, "hex escape and Unicode escape are mixed");
        u->saw_bytes = true;
        int high = u->p < u->end ? hex_digit(*u->p) : -1;
        int low = u->p + 1 < u->end ? hex_digit(u->p[1]) : -1;
        if (high < 0 || low < 0) return undump_error(f, "invalid hex escape");
        u->p += 2;
        return tr_string_append_bytes(f, u->out, (char[]){(char)(high << 4 | low)}, 1);
    }
    if (c == '\\' || c == '"' || c == '#') return tr_string_append_bytes(f, u->out, &c, 1);
    return tr_string_append_bytes(f, u->out, (char[]){'\\', c}, 2);
}

/* What follows the closing quote: nothing, or .dup.force_encoding("NAME"). */
static MAY_GC MAY_RAISE Value undump_tail(Fiber *f, Undump *u) {
    static const char *const heads[] = {".dup.force_encoding(\"", ".force_encoding(\""};
    if (u->p == u->end) return u->out;
    size_t room = (size_t)(u->end - u->p);
    for (int i = 0; i < 2; i++) {
        size_t n = strlen(heads[i]);
        if (room < n || memcmp(u->p, heads[i], n) != 0) continue;
        if (u->saw_utf8)
            return undump_error(f, "dumped string contained Unicode escape but used force_encoding");
        const char *name = u->p + n, *close = memchr(name, '"', (size_t)(u->end - name));
        if (!close) return undump_error(f, "unterminated dumped string");
        if (close + 2 != u->end || close[1] != ')')
            return undump_error(
                f, "invalid dumped string; not wrapped with '\"' nor '\"...\".force_encoding(\"...\")' form");
        int encoding = tr_encoding_find(name, (size_t)(close - name));
        if (encoding < 0)
            return tr_raise(f, tr_class.argument_error, "dumped string has unknown encoding name: %.*s",
                            (int)(close - name), name);
        tr_string_set_encoding(u->out, encoding);
        return u->out;
    }
    return undump_error(
        f, "invalid dumped string; not wrapped with '\"' nor '\"...\".force_encoding(\"...\")' form");
}

static MAY_GC MAY_RAISE Value string_undump(Fiber *f, Value self, const Args *args) {
    (void)args;
    int encoding = tr_string_encoding(self);
    const char *start = tr_string(self)->bytes;
    size_t size = tr_string(self)->size;
    if (tr_string_coderange(self) != CODERANGE_7BIT) return undump_error(f, "non-ASCII character detected");
    if (memchr(start, 0, size)) return undump_error(f, "string contains null byte");
    if (size < 2 || start[0] != '"')
        return undump_error(
            f, "invalid dumped string; not wrapped with '\"' nor '\"...\".force_encoding(\"...\")' form");
    Undump u = {.out = tr_string_new_capacity(f, size, encoding),
                .p = start + 1,
                .end = start + size,
                .encoding = encoding};
    for (;;) {
        const char *run = u.p;
        while (u.p < u.end && *u.p != '"' && *u.p != '\\') u.p++;
        if (tr_string_append_bytes(f, u.out, run, (size_t)(u.p - run)) == TR_RAISED) return TR_RAISED;
        if (u.p >= u.end) return undump_error(f, "unterminated dumped string");
        if (*u.p++ == '"') break;
        if (undump_escape(f, &u) == TR_RAISED) return TR_RAISED;
    }
    Value result = undump_tail(f, &u);
    TR_KEEP(self);
    return result;
}

/* --- symbols --- */

static bool is_identifier_start(unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}
static bool is_identifier(unsigned char c) { return is_identifier_start(c) || (c >= '0' && c <= '9'); }

static const char *skip_identifier(const char *p, const char *end) { /* p itself when there is none */
    if (p >= end || !is_identifier_start((unsigned char)*p)) return p;
    while (p < end && is_identifier((unsigned char)*p)) p++;
    return p;
}

static bool is_global_name(const char *p, const char *end) { /* after the dollar */
    if (p >= end) return false;
    if (*p >= '0' && *p <= '9') {
        if (*p == '0') return p + 1 == end;
        while (p < end && *p >= '0' && *p <= '9') p++;
        return p == end;
    }
    if (*p == '-') return p + 2 == end && is_identifier((unsigned char)p[1]);
    if (p + 1 == end && strchr("~*$?!@/\\;,.=:<>\"&`'+_", *p)) return true;
    const char *q = skip_identifier(p, end);
    return q > p && q == end;
}

/* Could this name follow a colon without quotes? */
static bool is_plain_symbol(const char *p, size_t size) {
    static const char *const operators[] = {"+",  "-", "*",  "/",  "%",  "**",  "==",  "!=", "===", "=~",
                                            "!~", "<", "<=", ">",  ">=", "<=>", "<<",  ">>", "&",   "|",
                                            "^",  "!", "~",  "+@", "-@", "[]",  "[]=", "`",  NULL};
    const char *end = p + size;
    if (size == 0) return false;
    if (*p == '$') return is_global_name(p + 1, end);
    if (*p == '@') {
        const char *name = p + (size > 1 && p[1] == '@' ? 2 : 1);
        const char *q = skip_identifier(name, end);
        return q > name && q == end;
    }
    if (!is_identifier_start((unsigned char)*p)) {
        for (const char *const *o = operators; *o; o++)
            if (strlen(*o) == size && memcmp(*o, p, size) == 0) return true;
        return false;
    }
    const char *q = skip_identifier(p, end);
    if (q < end && (*q == '?' || *q == '!' || *q == '=')) q++;
    return q == end;
}

static bool is_plain_id(const IdName *name) {
    return tr_encoding_is_ascii_compatible(name->encoding) && is_plain_symbol(name->bytes, name->size);
}

static bool is_printable_text(Value text) { /* quotes are needed for what inspect would escape */
    int encoding = tr_string_encoding(text);
    const char *p = tr_string(text)->bytes, *end = tr_string_end(text);
    while (p < end) {
        int n = tr_char_size(encoding, p, end);
        if (n <= 0 ||
            !stands_as_is(encoding, tr_encoding_default_external(), tr_char_decode(encoding, p, n), n))
            return false;
        p += n;
    }
    return true;
}

Value tr_symbol_inspect(Fiber *f, Value symbol) {
    Value text = tr_symbol_name(f, tr_symbol_id(symbol));
    bool is_plain = is_plain_id(tr_id_name(tr_symbol_id(symbol))) && is_printable_text(text);
    if (!is_plain && (text = tr_string_inspect(f, text)) == TR_RAISED) return TR_RAISED;
    Value out = tr_string_new_capacity(f, tr_string(text)->size + 1, tr_string_encoding(text));
    if (tr_string_append_bytes(f, out, ":", 1) == TR_RAISED) return TR_RAISED;
    return tr_string_append(f, out, text);
}

bool tr_symbol_is_plain_key(Value symbol) {
    const IdName *name = tr_id_name(tr_symbol_id(symbol));
    if (!is_plain_id(name) || strchr("@$!", name->bytes[0])) return false;
    return strchr("+-*/`%^&|]<=>~@", name->bytes[name->size - 1]) == NULL;
}

static MAY_GC Value string_inspect(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_string_inspect(f, self);
}

const MethodDef tr_string_inspect_methods[] = {
    {"inspect", string_inspect, ARITY(0, 0), 0},
    {"dump", string_dump, ARITY(0, 0), 0},
    {"undump", string_undump, ARITY(0, 0), 0},
    {NULL, NULL, 0, 0, 0}
};
