/* regexp_syntax.c - from Ruby's regexp syntax to libonig's.
 *
 * libonig's own Ruby syntax is nearly right. What is translated here: escapes that name bytes or code points
 * become the characters themselves (so that the pattern has an encoding); \w \d \s \h and their complements
 * mean ASCII unless (?u) is in force; the options a, d and u, which libonig does not have; and a few errors
 * that it does not see. Where the class escape stands under (?i), libonig's (?W:\w) is used, because case
 * folding must not widen it.
 *
 * The translator keeps a stack of the options in force, one entry per open group, and knows whether it is
 * inside a character class or a comment. It does not build a tree: libonig does that, and reports all other
 * errors.
 */
#include "core/regexp_syntax.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/encoding.h"
#include "core/regexp.h"

typedef struct Options {
    bool ignores_case, is_extended;
    char charset; /* 0 default, 'a', 'u', 'd' */
} Options;

#define MAX_DEPTH 4096

typedef struct Translator {
    RegexpPattern *out;
    const char *p, *end;
    int encoding, target;
    Options now;
    Options *stack;
    size_t depth, stack_capacity;
    int escapes; /* \\M-\\C-… within one another */
} Translator;

static void put(Translator *t, const char *bytes, size_t size) {
    RegexpPattern *out = t->out;
    if (out->size + size >= out->capacity) {
        out->capacity = (out->size + size) * 2 + 64;
        out->bytes = realloc(out->bytes, out->capacity);
        TR_CHECK(out->bytes != NULL);
    }
    if (size) memcpy(out->bytes + out->size, bytes, size);
    out->size += size;
}

static void put_text(Translator *t, const char *text) { put(t, text, strlen(text)); }

static bool fail(Translator *t, const char *message) {
    t->out->error = message;
    return false;
}

static bool fix_encoding(Translator *t, int encoding) {
    if (t->out->fixed_encoding >= 0 && t->out->fixed_encoding != encoding) {
        return fail(t, encoding == ENCODING_UTF8 ? "UTF-8 character in non UTF-8 regexp"
                                                 : "non UTF-8 character in UTF-8 regexp");
    }
    t->out->fixed_encoding = encoding;
    return true;
}

static int hex_value(int c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static bool put_codepoint(Translator *t, uint32_t code) {
    char bytes[16];
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return fail(t, "invalid Unicode range");
    if (code < 0x80) {
        put(t, bytes, (size_t)snprintf(bytes, sizeof bytes, "\\x%02X", code));
        return true;
    }
    put(t, bytes, (size_t)tr_utf8_encode(code, bytes));
    return fix_encoding(t, ENCODING_UTF8);
}

/* \uXXXX and \u{X X …}, after the u. */
static bool translate_unicode(Translator *t) {
    uint32_t code = 0;
    if (t->p >= t->end) return fail(t, "too short escape sequence");
    if (*t->p != '{') {
        for (int i = 0; i < 4; i++) {
            int digit = t->p < t->end ? hex_value(*t->p) : -1;
            if (digit < 0)
                return fail(t,
                            i == 0 && t->p < t->end ? "invalid Unicode escape" : "too short escape sequence");
            code = code << 4 | (uint32_t)digit;
            t->p++;
        }
        return put_codepoint(t, code);
    }
    bool has_any = false;
    for (t->p++;;) {
        while (t->p < t->end && (*t->p == ' ' || *t->p == '\t')) t->p++;
        if (t->p >= t->end) return fail(t, "unterminated Unicode list");
        if (*t->p == '}') break;
        if (hex_value(*t->p) < 0) return fail(t, "invalid Unicode list");
        for (code = 0; t->p < t->end && hex_value(*t->p) >= 0; t->p++) {
            if (code > 0x10ffff) return fail(t, "invalid Unicode range");
            code = code << 4 | (uint32_t)hex_value(*t->p);
        }
        if (!put_codepoint(t, code)) return false;
        has_any = true;
    }
    t->p++;
    return has_any ? true : fail(t, "invalid Unicode list");
}

/* One byte escape at a backslash: \xHH \ooo \cx \C-x \M-x. 0 and 1: no such escape, done (*byte); -1: error.
 */
static int read_byte_escape(Translator *t, unsigned *byte) {
    const char *p = t->p + 1;
    if (p >= t->end) return fail(t, "too short escape sequence") - 1;
    int c = *p++;
    if (c == 'x') {
        int high = p < t->end ? hex_value(*p) : -1;
        if (high < 0) return fail(t, "invalid hex escape") - 1;
        *byte = (unsigned)high;
        p++;
        if (p < t->end && hex_value(*p) >= 0) *byte = *byte << 4 | (unsigned)hex_value(*p++);
    } else if (c >= '0' && c <= '7') {
        unsigned value = (unsigned)(c - '0');
        int digits = 1;
        for (; digits < 3 && p < t->end && *p >= '0' && *p <= '7'; digits++)
            value = value << 3 | (unsigned)(*p++ - '0');
        if (value > 0xff) return fail(t, "invalid escape code") - 1;
        if (c != '0' && digits < 3) return 0; /* a back reference */
        *byte = value;
    } else if (c == 'c' || (c == 'C' && p < t->end && *p == '-') || c == 'M') {
        bool is_meta = c == 'M';
        if (c != 'c' && (p >= t->end || *p++ != '-'))
            return fail(t, is_meta ? "too short meta escape" : "too short control escape") - 1;
        if (p >= t->end) return fail(t, is_meta ? "too short meta escape" : "too short control escape") - 1;
        unsigned value = (unsigned char)*p;
        if (value == '\\') {
            t->p = p;
            if (++t->escapes > 4) return fail(t, "duplicate meta escape") - 1;
            int kind = read_byte_escape(t, &value);
            t->escapes--;
            if (kind < 0) return -1;
            if (kind == 0) {
                value = (unsigned char)p[1];
                t->p = p + 2;
            }
            p = t->p;
        } else {
            p++;
        }
        *byte = is_meta ? value | 0x80 : value == '?' ? 0x7f : value & 0x9f;
    } else if (c == 'C') {
        return fail(t, "too short control escape") - 1;
    } else {
        return 0;
    }
    t->p = p;
    return 1;
}

/* Bytes above 0x7f, perhaps several escapes in a row, must make characters of the encoding. */
static bool translate_bytes(Translator *t, unsigned byte) {
    char bytes[8];
    if (byte < 0x80) {
        put(t, bytes, (size_t)snprintf(bytes, sizeof bytes, "\\x%02X", byte));
        return true;
    }
    int encoding = t->encoding == ENCODING_US_ASCII ? ENCODING_BINARY : t->encoding;
    int n = 0;
    bytes[n++] = (char)byte;
    for (;;) {
        int size = tr_char_size(encoding, bytes, bytes + n);
        if (size == n) break;
        if (size >= 0 || n >= 8 || t->p + 1 >= t->end)
            return fail(t, size >= 0 ? "invalid multibyte escape" : "too short multibyte escape");
        if (*t->p == '\\') {
            int kind = read_byte_escape(t, &byte);
            if (kind <= 0) return kind < 0 ? false : fail(t, "too short multibyte escape");
            bytes[n++] = (char)byte;
        } else {
            return fail(t, "too short multibyte escape");
        }
    }
    put(t, bytes, (size_t)n);
    return fix_encoding(t, encoding);
}

/* --- class escapes and POSIX brackets --- */

static const char *class_members(char c) {
    switch (c | 0x20) {
    case 'w': return "a-zA-Z0-9_";
    case 'd': return "0-9";
    case 's': return "\\t\\n\\v\\f\\r\\x20";
    default: return "0-9a-fA-F";
    }
}

static void put_class_escape(Translator *t, char c, bool is_inside) {
    char text[64];
    bool is_negated = c < 'a';
    bool is_unicode = t->now.charset == 'u' && (c | 0x20) != 'h';
    if (is_unicode) snprintf(text, sizeof text, "\\%c", c);
    else if (!is_inside && (c | 0x20) == 'w' && t->now.ignores_case)
        snprintf(text, sizeof text, "(?W:\\%c)", c);
    else snprintf(text, sizeof text, "[%s%s]", is_negated ? "^" : "", class_members(c));
    put_text(t, text);
}

static bool is_name(const char *p, size_t size, const char *name) {
    return strlen(name) == size && memcmp(p, name, size) == 0;
}

/* At "[:" inside a class; copies or, under (?a), writes the ASCII members. False: it is no POSIX bracket. */
static bool translate_posix(Translator *t) {
    static const char *const names[][2] = {
        {"alpha", "a-zA-Z"},
        {"digit", "0-9"},
        {"alnum", "a-zA-Z0-9"},
        {"upper", "A-Z"},
        {"lower", "a-z"},
        {"space", "\\t\\n\\v\\f\\r\\x20"},
        {"blank", "\\t\\x20"},
        {"punct", "!-/:-@\\[-`{-~"},
        {"cntrl", "\\x00-\\x1f\\x7f"},
        {"graph", "!-~"},
        {"print", "\\x20-~"},
        {"xdigit", "0-9a-fA-F"},
        {"word", "a-zA-Z0-9_"},
        {"ascii", "\\x00-\\x7f"},
    };
    const char *name = t->p + 2;
    bool is_negated = name < t->end && *name == '^';
    if (is_negated) name++;
    const char *q = name;
    while (q < t->end && *q >= 'a' && *q <= 'z') q++;
    if (q + 1 >= t->end || q[0] != ':' || q[1] != ']') return false;
    if (t->now.charset == 'a') {
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            if (!is_name(name, (size_t)(q - name), names[i][0])) continue;
            put_text(t, is_negated ? "[^" : "[");
            put_text(t, names[i][1]);
            put_text(t, "]");
            t->p = q + 2;
            return true;
        }
    }
    put(t, t->p, (size_t)(q + 2 - t->p));
    t->p = q + 2;
    return true;
}

/* --- one escape --- */

static bool translate_escape(Translator *t, bool is_inside, bool ends_range) {
    if (t->p + 1 >= t->end) return fail(t, "too short escape sequence");
    char c = t->p[1];
    if (strchr("wWdDsShH", c)) {
        if (ends_range) return fail(t, "char-class value at end of range");
        t->p += 2;
        put_class_escape(t, c, is_inside);
        return true;
    }
    if (c == 'u') {
        t->p += 2;
        return translate_unicode(t);
    }
    if (c == 'p' || c == 'P') {
        if (t->p + 2 < t->end && t->p[2] == '{') {
            const char *close = memchr(t->p, '}', (size_t)(t->end - t->p));
            if (!close) return fail(t, "invalid character property name {}");
            if (t->out->fixed_encoding < 0)
                t->out->fixed_encoding = t->encoding == ENCODING_US_ASCII ? ENCODING_UTF8 : t->encoding;
            put(t, t->p, (size_t)(close + 1 - t->p));
            t->p = close + 1;
            return true;
        }
    }
    if (!is_inside && ((c >= '1' && c <= '9') || c == 'k' || c == 'g')) t->out->is_linear = false;
    if (!is_inside && t->now.charset == 'a' && (c == 'b' || c == 'B')) {
        put_text(t, c == 'b' ? "(?W:\\b)" : "(?W:\\B)");
        t->p += 2;
        return true;
    }
    if (!is_inside && c == 'R') { /* libonig's own takes one newline where it may take several */
        bool is_unicode = t->target >= 0 ? tr_encoding_is_unicode(t->target)
                                         : t->target == -2 && t->out->fixed_encoding == ENCODING_UTF8;
        put_text(t, is_unicode ? "(?>\\x0D\\x0A|[\\x0A-\\x0D\\x{85}\\x{2028}\\x{2029}])"
                               : "(?>\\x0D\\x0A|[\\x0A-\\x0D])");
        t->p += 2;
        return true;
    }
    unsigned byte;
    int kind = read_byte_escape(t, &byte);
    if (kind < 0) return false;
    if (kind > 0) return translate_bytes(t, byte);
    int n = tr_char_step(t->encoding, t->p + 1, t->end);
    if ((signed char)c < 0 && !fix_encoding(t, t->encoding)) return false;
    put(t, t->p, (size_t)n + 1);
    t->p += n + 1;
    return true;
}

/* A character that means itself. */
static bool copy_char(Translator *t) {
    int n = tr_char_step(t->encoding, t->p, t->end);
    if ((signed char)*t->p < 0 && !fix_encoding(t, t->encoding)) return false;
    put(t, t->p, (size_t)n);
    t->p += n;
    return true;
}

/* --- character classes --- */

static bool translate_class(Translator *t) {
    int depth = 0;
    bool is_start = false;   /* right after [ or [^ */
    bool has_item = false;   /* something that a following - could start a range from */
    bool ends_range = false; /* right after that - */
    while (t->p < t->end) {
        char c = *t->p;
        bool was_start = is_start, was_range = ends_range;
        is_start = ends_range = false;
        if (c == '[') {
            if (depth > 0 && t->p + 1 < t->end && t->p[1] == ':' && translate_posix(t)) {
                has_item = false;
                continue;
            }
            put(t, "[", 1);
            t->p++;
            if (t->p < t->end && *t->p == '^') put(t, t->p++, 1);
            if (++depth > t->out->depth) t->out->depth = depth;
            if (depth > MAX_DEPTH) return fail(t, "too deep nest level character class");
            is_start = true;
            has_item = false;
        } else if (c == ']') {
            t->p++;
            if (was_start && memchr(t->p, ']', (size_t)(t->end - t->p))) {
                put(t, "\\]", 2);
                has_item = true;
                continue;
            }
            put(t, "]", 1);
            has_item = false;
            if (--depth == 0) return true;
        } else if (c == '\\') {
            bool is_class = t->p + 1 < t->end && strchr("wWdDsShHpP", t->p[1]);
            if (!translate_escape(t, true, was_range)) return false;
            has_item = !is_class && !was_range;
        } else if (c == '-' && has_item && !was_range) {
            put(t, "-", 1);
            t->p++;
            ends_range = true;
        } else {
            if (!copy_char(t)) return false;
            has_item = !was_range;
        }
    }
    return fail(t, "premature end of char-class");
}

/* --- groups --- */

static bool push_options(Translator *t) {
    if (t->depth == t->stack_capacity) {
        t->stack_capacity = t->stack_capacity * 2 + 16;
        t->stack = realloc(t->stack, t->stack_capacity * sizeof(Options));
        TR_CHECK(t->stack != NULL);
    }
    t->stack[t->depth++] = t->now;
    if ((int)t->depth > t->out->depth) t->out->depth = (int)t->depth;
    return t->depth <= MAX_DEPTH ? true : fail(t, "too deep nest level");
}

/* (?imx-imx) and (?imx-imx:…), after "(?". */
static bool translate_options(Translator *t) {
    char text[16];
    size_t n = 0;
    Options fresh = t->now;
    bool turns_on = true;
    for (;; t->p++) {
        if (t->p >= t->end) return fail(t, "end pattern in group");
        char c = *t->p;
        if (c == ')' || c == ':') break;
        if (c == '-' && turns_on) turns_on = false;
        else if (c == 'i') fresh.ignores_case = turns_on;
        else if (c == 'x') fresh.is_extended = turns_on;
        else if ((c == 'a' || c == 'd' || c == 'u') && turns_on) { fresh.charset = c; continue; }
        else if (c != 'm') return fail(t, "undefined group option");
        if (n < sizeof text - 1) text[n++] = c;
    }
    if (n == 1 && text[0] == '-') n = 0;
    bool is_group = *t->p++ == ':';
    if (is_group && !push_options(t)) return false;
    put_text(t, "(?");
    put(t, text, n);
    put_text(t, is_group ? ":" : n ? ")" : ":)");
    t->now = fresh;
    return true;
}

/* (?~text): libonig stops in front of the text, Ruby within it. So: up to the text, then as much of it as is
 * not all of it. False: what is absent is more than plain text. */
static bool translate_absent_text(Translator *t) {
    const char *start = t->p + 3, *p = start;
    const char *items[64];
    int sizes[64], count = 0;
    while (p < t->end && *p != ')') {
        bool is_escaped = *p == '\\' && p + 1 < t->end;
        const char *c = p + is_escaped;
        bool is_word = (*c >= '0' && *c <= '9') || ((*c | 0x20) >= 'a' && (*c | 0x20) <= 'z');
        if (count == 64 || (signed char)*c < 0 ||
            (is_escaped ? is_word : strchr("\\[](){}|*+?.^$# ", *c) != NULL))
            return false;
        items[count] = p;
        sizes[count++] = 1 + is_escaped;
        p += 1 + is_escaped;
    }
    if (p >= t->end || count == 0) return false;
    put_text(t, "(?:(?m:(?!");
    put(t, start, (size_t)(p - start));
    put_text(t, ").)*");
    for (int i = 0; i + 1 < count; i++) {
        put_text(t, "(?:");
        put(t, items[i], (size_t)sizes[i]);
    }
    for (int i = 0; i + 1 < count; i++) put_text(t, ")?");
    put_text(t, ")");
    t->p = p + 1;
    return true;
}

static bool translate_group(Translator *t) { /* at ( */
    if (t->p + 1 >= t->end || t->p[1] != '?') {
        if (t->p + 1 < t->end && t->p[1] == '*') return fail(t, "target of repeat operator is not specified");
        put(t, t->p++, 1);
        return push_options(t);
    }
    if (t->p + 2 >= t->end) return fail(t, "end pattern in group");
    char c = t->p[2];
    if (c == '#') { /* a comment, up to an unescaped ) */
        for (t->p += 3;; t->p++) {
            if (t->p >= t->end) return fail(t, "end pattern in group");
            if (*t->p == '\\' && t->p + 1 < t->end) t->p++;
            else if (*t->p == ')') break;
        }
        t->p++;
        return true;
    }
    if (c == '~' && translate_absent_text(t)) return true;
    if (strchr(":=!>~", c)) {
        put(t, t->p, 3);
        t->p += 3;
        return push_options(t);
    }
    if (c == '(') { /* the condition of (?(1)…) is no group */
        const char *close = memchr(t->p, ')', (size_t)(t->end - t->p));
        if (!close) return fail(t, "end pattern with unmatched parenthesis");
        put(t, t->p, (size_t)(close + 1 - t->p));
        t->p = close + 1;
        return push_options(t);
    }
    if (c == '<' || c == '\'') {
        put(t, t->p, 3);
        t->p += 3;
        if (t->p < t->end && c == '<' && (*t->p == '=' || *t->p == '!')) {
            put(t, t->p++, 1);
            return push_options(t);
        }
        char close = c == '<' ? '>' : '\'';
        if (t->p >= t->end) return fail(t, "end pattern with unmatched parenthesis");
        while (t->p < t->end && *t->p != close && *t->p != ')')
            if (!copy_char(t)) return false;
        return push_options(t);
    }
    t->p += 2;
    return translate_options(t);
}

/* {n,m} with n > m is a mistake; libonig reads it as possessive. */
static bool check_interval(Translator *t) {
    const char *p = t->p + 1;
    long low = 0, high = 0;
    const char *digits = p;
    for (; p < t->end && *p >= '0' && *p <= '9' && low < 1000000; p++) low = low * 10 + (*p - '0');
    if (p == digits || p >= t->end || *p++ != ',') return true;
    digits = p;
    for (; p < t->end && *p >= '0' && *p <= '9' && high < 1000000; p++) high = high * 10 + (*p - '0');
    if (p == digits || p >= t->end || *p != '}') return true;
    return low <= high ? true : fail(t, "upper is smaller than lower in repeat range");
}

static bool translate_all(Translator *t) {
    while (t->p < t->end) {
        switch (*t->p) {
        case '\\':
            if (!translate_escape(t, false, false)) return false;
            break;
        case '[':
            if (!translate_class(t)) return false;
            break;
        case '(':
            if (!translate_group(t)) return false;
            break;
        case ')':
            if (t->depth > 0) t->now = t->stack[--t->depth];
            put(t, t->p++, 1);
            break;
        case '{':
            if (!check_interval(t)) return false;
            put(t, t->p++, 1);
            break;
        case '#':
            if (!t->now.is_extended) {
                put(t, t->p++, 1);
                break;
            }
            while (t->p < t->end && *t->p != '\n') t->p++;
            break;
        default:
            if (!copy_char(t)) return false;
        }
    }
    return true;
}

bool tr_regexp_translate(const char *source, size_t size, int encoding, int options, int target,
                         RegexpPattern *out) {
    *out = (RegexpPattern){.fixed_encoding = options & REGEXP_FIXEDENCODING ? encoding : -1,
                           .is_linear = true};
    Translator t = {.out = out, .p = source, .end = source + size, .encoding = encoding, .target = target};
    t.now.ignores_case = (options & REGEXP_IGNORECASE) != 0;
    t.now.is_extended = (options & REGEXP_EXTENDED) != 0;
    put(&t, "", 0);
    bool is_good = translate_all(&t);
    free(t.stack);
    return is_good;
}

void tr_regexp_pattern_free(RegexpPattern *pattern) {
    free(pattern->bytes);
    pattern->bytes = NULL;
}
