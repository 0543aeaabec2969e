/* string_case.c - upcase, downcase, capitalize, swapcase and folding.
 *
 * Text of ASCII letters is mapped byte by byte. Unicode text goes through the full mappings, where one
 * character may become several; a single-byte encoding maps through its table when the result is one of its
 * characters; in all other encodings only ASCII letters have case.
 */
#include "core/string_internal.h"
#include "core/string_ops.h"
#include "core/transcode.h"
#include "core/unicode.h"

typedef enum CaseOp { OP_UPCASE, OP_DOWNCASE, OP_CAPITALIZE, OP_SWAPCASE } CaseOp;
enum { OPTION_ASCII = 1, OPTION_TURKIC = 2, OPTION_LITHUANIAN = 4, OPTION_FOLD = 8 };

static MAY_GC bool raise_option(Fiber *f, const char *message) {
    (void)!tr_raise(f, tr_class.argument_error, "%s", message);
    return false;
}

static MAY_GC bool read_options(Fiber *f, const Args *args, CaseOp op, int *options) {
    *options = 0;
    if (args->argc == 0) return true;
    if (args->argc > 2) return raise_option(f, "too many options");
    if (!tr_is_symbol(args->argv[0])) return raise_option(f, "invalid option");
    Id first = tr_symbol_id(args->argv[0]);
    if (first == TR_ID_ascii || first == TR_ID_fold) {
        if (args->argc > 1) return raise_option(f, "too many options");
        if (first == TR_ID_fold && op != OP_DOWNCASE)
            return raise_option(f, "option :fold only allowed for downcasing");
        *options = first == TR_ID_ascii ? OPTION_ASCII : OPTION_FOLD;
        return true;
    }
    if (first != TR_ID_turkic && first != TR_ID_lithuanian) return raise_option(f, "invalid option");
    *options = first == TR_ID_turkic ? OPTION_TURKIC : OPTION_LITHUANIAN;
    if (args->argc == 1) return true;
    Value other = tr_value_from_id(first == TR_ID_turkic ? TR_ID_lithuanian : TR_ID_turkic);
    if (args->argv[1] != other) return raise_option(f, "invalid second option");
    *options = OPTION_TURKIC | OPTION_LITHUANIAN;
    return true;
}

/* --- ASCII --- */

static inline char map_ascii(CaseOp op, bool is_first, char c) {
    bool is_lower = c >= 'a' && c <= 'z', is_upper = c >= 'A' && c <= 'Z';
    switch (op) {
    case OP_UPCASE: return is_lower ? (char)(c - 32) : c;
    case OP_DOWNCASE: return is_upper ? (char)(c + 32) : c;
    case OP_CAPITALIZE: return is_first ? (is_lower ? (char)(c - 32) : c) : is_upper ? (char)(c + 32) : c;
    default: return is_lower ? (char)(c - 32) : is_upper ? (char)(c + 32) : c;
    }
}

/* Flips the case of eight bytes at a time: those from `first` on, 26 of them. */
static inline uint64_t flip_letters(uint64_t word, unsigned first) {
    uint64_t ones = 0x0101010101010101u, low = word & 0x7f7f7f7f7f7f7f7fu;
    uint64_t from = low + ones * (0x80 - first), beyond = low + ones * (0x80 - first - 26);
    return word ^ ((from ^ beyond) & ~word & 0x8080808080808080u) >> 2;
}

static MAY_GC MAY_RAISE Value map_bytes(Fiber *f, Value self,
                                        CaseOp op) { /* every byte below 0x80 is a character */
    size_t size = tr_string(self)->size, i = 0;
    Value out = tr_string_alloc(f, tr_class.string, size, size, tr_string_encoding(self));
    if (out == TR_RAISED) return TR_RAISED;
    const char *from = tr_string(self)->bytes;
    char *to = tr_string(out)->bytes;
    if (op == OP_CAPITALIZE && size > 0) to[0] = map_ascii(op, true, from[0]), i = 1;
    for (; i + 8 <= size; i += 8) {
        uint64_t word;
        memcpy(&word, from + i, 8);
        if (op == OP_UPCASE) word = flip_letters(word, 'a');
        else if (op == OP_SWAPCASE) word = flip_letters(word, 'a') ^ word ^ flip_letters(word, 'A');
        else word = flip_letters(word, 'A');
        memcpy(to + i, &word, 8);
    }
    for (; i < size; i++) to[i] = map_ascii(op, i == 0, from[i]);
    tr_string_set_coderange(out, tr_string_coderange_known(self));
    return out;
}

static MAY_GC Value map_ascii_chars(Fiber *f, Value self, CaseOp op) { /* trail bytes may look like letters */
    int encoding = tr_string_encoding(self);
    Value out = tr_string_new_encoded(f, tr_string(self)->bytes, tr_string(self)->size, encoding);
    char *start = tr_string(out)->bytes, *end = start + tr_string(out)->size;
    for (char *p = start; p < end;) {
        int n = tr_char_step(encoding, p, end);
        if (n == 1) *p = map_ascii(op, p == start, *p);
        p += n;
    }
    tr_string_set_coderange(out, tr_string_coderange_known(self));
    return out;
}

/* --- code points --- */

static int map_code(CaseOp op, int options, bool is_first, uint32_t code, uint32_t *to) {
    if (options & OPTION_FOLD) return tr_unicode_map_case(CASE_FOLD, code, to);
    CaseMap map = op == OP_UPCASE ? CASE_UPPER : op == OP_DOWNCASE ? CASE_LOWER
                  : op == OP_CAPITALIZE ? (is_first ? CASE_TITLE : CASE_LOWER)
                  : tr_unicode_is_upper(code) ? CASE_LOWER : CASE_UPPER;
    if (options & OPTION_TURKIC) {
        uint32_t turkic = map == CASE_LOWER ? (code == 'I'     ? 0x131
                                               : code == 0x130 ? 'i'
                                                               : 0)
                          : code == 'i'     ? 0x130
                                            : 0;
        if (turkic) {
            *to = turkic;
            return 1;
        }
    }
    return tr_unicode_map_case(map, code, to);
}

static MAY_GC MAY_RAISE Value map_unicode(Fiber *f, Value self, CaseOp op, int options) {
    int encoding = tr_string_encoding(self);
    if (tr_string_is_broken(self)) return tr_raise(f, tr_class.argument_error, "input string invalid");
    Value out = tr_string_alloc(f, tr_class.string, 0, tr_string(self)->size, encoding);
    if (out == TR_RAISED) return TR_RAISED;
    const char *start = tr_string(self)->bytes, *end = tr_string_end(self), *p = start;
    char chunk[512];
    size_t filled = 0;
    while (p < end) {
        int n = tr_char_size(encoding, p, end);
        uint32_t codes[TR_CASE_MAX];
        int count = map_code(op, options, p == start, tr_char_decode(encoding, p, n), codes);
        for (int i = 0; i < count; i++) filled += (size_t)tr_char_encode(encoding, codes[i], chunk + filled);
        p += n;
        if (filled > sizeof chunk - 8 * TR_CASE_MAX || p == end) {
            if (tr_string_append_ranged(f, out, chunk, filled, CODERANGE_UNKNOWN) == TR_RAISED)
                return TR_RAISED;
            filled = 0;
        }
    }
    TR_KEEP(self);
    return out;
}

static MAY_GC Value map_single_byte(Fiber *f, Value self, CaseOp op, int options, const uint16_t *table) {
    size_t size = tr_string(self)->size;
    Value out = tr_string_new_encoded(f, tr_string(self)->bytes, size, tr_string_encoding(self));
    char *p = tr_string(out)->bytes;
    for (size_t i = 0; i < size; i++) {
        uint32_t codes[TR_CASE_MAX];
        uint32_t code = table[(unsigned char)p[i]];
        if (code == 0xffff) continue;
        int byte = map_code(op, options & ~OPTION_TURKIC, i == 0, code, codes) == 1
                       ? tr_single_byte_find(table, codes[0])
                       : -1;
        if (byte >= 0) p[i] = (char)byte;
    }
    return out;
}

static MAY_GC Value mapped(Fiber *f, Value self, CaseOp op, int options) {
    int encoding = tr_string_encoding(self);
    bool is_unicode = tr_encoding_is_unicode(encoding);
    if (options & OPTION_ASCII) {
        if (tr_encoding_is_single_byte(encoding) || tr_encodings[encoding].kind == KIND_UTF8)
            return map_bytes(f, self, op);
        if (tr_encoding_is_ascii_compatible(encoding)) return map_ascii_chars(f, self, op);
    }
    if (tr_string_coderange(self) == CODERANGE_7BIT && !(is_unicode && options & OPTION_TURKIC))
        return map_bytes(f, self, op);
    if (is_unicode) return map_unicode(f, self, op, options);
    if (tr_encoding_is_single_byte(encoding)) {
        const uint16_t *table = tr_encoding_knows_letters(encoding) ? tr_single_byte_table(encoding) : NULL;
        return table ? map_single_byte(f, self, op, options, table) : map_bytes(f, self, op);
    }
    return map_ascii_chars(f, self, op);
}

Value tr_string_fold(Fiber *f, Value v) {
    return mapped(f, v, OP_DOWNCASE, OPTION_FOLD);
}

static MAY_GC MAY_RAISE Value case_method(Fiber *f, Value self, const Args *args, CaseOp op) {
    int options;
    if (!read_options(f, args, op, &options)) return TR_RAISED;
    return mapped(f, self, op, options);
}

static MAY_GC MAY_RAISE Value case_method_bang(Fiber *f, Value self, const Args *args, CaseOp op) {
    int options;
    if (!read_options(f, args, op, &options) || !tr_check_frozen(f, self)) return TR_RAISED;
    Value fresh = mapped(f, self, op, options);
    if (fresh == TR_RAISED) return TR_RAISED;
    if (tr_string(fresh)->size == tr_string(self)->size &&
        memcmp(tr_string(fresh)->bytes, tr_string(self)->bytes, tr_string(self)->size) == 0)
        return TR_NIL;
    return tr_string_replace(f, self, fresh);
}

#define CASE_METHODS(name, op) \
    static MAY_SWITCH MAY_RAISE Value string_##name(Fiber *f, Value self, const Args *args) { \
        return case_method(f, self, args, op); \
    } \
    static MAY_SWITCH MAY_RAISE Value string_##name##_bang(Fiber *f, Value self, const Args *args) { \
        return case_method_bang(f, self, args, op); \
    }
MAY_GC CASE_METHODS(upcase, OP_UPCASE)
MAY_GC CASE_METHODS(downcase, OP_DOWNCASE)
MAY_GC CASE_METHODS(capitalize, OP_CAPITALIZE)
MAY_GC CASE_METHODS(swapcase, OP_SWAPCASE)

const MethodDef tr_string_case_methods[] = {
    {"upcase", string_upcase, ARITY_REST(0), 0},
    {"upcase!", string_upcase_bang, ARITY_REST(0), 0},
    {"downcase", string_downcase, ARITY_REST(0), 0},
    {"downcase!", string_downcase_bang, ARITY_REST(0), 0},
    {"capitalize", string_capitalize, ARITY_REST(0), 0},
    {"capitalize!", string_capitalize_bang, ARITY_REST(0), 0},
    {"swapcase", string_swapcase, ARITY_REST(0), 0},
    {"swapcase!", string_swapcase_bang, ARITY_REST(0), 0},
    {NULL, NULL, 0, 0, 0}
};
