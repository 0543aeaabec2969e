/* string_access.c - making, comparing, joining and looking into strings; the class itself.
 *
 * Indexes are characters. Where every character is one byte (7-bit text, single-byte encodings) an index is
 * an offset; otherwise characters are stepped over from the front.
 */
#include <dlfcn.h>

#include "core/regexp_match.h"
#include "core/string_internal.h"
#include "core/string_ops.h"
#include "core/string_succ.h"

/* --- making --- */

static MAY_GC Value string_alloc(Fiber *f, Class *klass) {
    return tr_string_alloc(f, klass, 0, 0, ENCODING_BINARY);
}

/* String.new(string = "", encoding: nil, capacity: nil) */
static MAY_SWITCH MAY_RAISE Value string_initialize(Fiber *f, Value self, const Args *args) {
    static const Id names[] = {TR_ID_encoding, TR_ID_capacity};
    Value options[2] = {TR_UNDEF, TR_UNDEF};
    if (args->keywords != TR_NIL && !tr_keywords(f, args->keywords, names, 0, 2, options, false))
        return TR_RAISED;
    if (args->argc > 0) {
        Value content = tr_to_str(f, args->argv[0]);
        if (content == TR_RAISED || !tr_check_frozen(f, self)) return TR_RAISED;
        if (tr_string_replace(f, self, content) == TR_RAISED) return TR_RAISED;
    }
    if (options[0] != TR_UNDEF && options[0] != TR_NIL) {
        int encoding = tr_encoding_from_value(f, options[0]);
        if (encoding < 0) return TR_RAISED;
        tr_string_set_encoding(self, encoding);
    }
    if (options[1] != TR_UNDEF && options[1] != TR_NIL) {
        int64_t capacity;
        if (!tr_to_long(f, options[1], &capacity)) return TR_RAISED;
        if (capacity > 0 && tr_string_reserve(f, self, (size_t)capacity) == TR_RAISED) return TR_RAISED;
    }
    return self;
}

static MAY_SWITCH Value string_s_try_convert(Fiber *f, Value self, const Args *args) {
    (void)self;
    return tr_try_convert(f, args->argv[0], tr_class.string, TR_ID_to_str);
}

static MAY_SWITCH MAY_RAISE Value string_replace(Fiber *f, Value self, const Args *args) {
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    Value other = tr_to_str(f, args->argv[0]);
    if (other == TR_RAISED || !tr_check_frozen(f, self)) return TR_RAISED;
    return tr_string_replace(f, self, other);
}

static MAY_GC Value string_to_s(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_real_class_of(self) == tr_class.string ? self : tr_string_dup(f, self);
}

static MAY_SWITCH Value string_dup(Fiber *f, Value self, const Args *args) {
    (void)args;
    if (tr_header(self)->klass == tr_class.string && !tr_has_flag(self, TR_FLAG_IVARS))
        return tr_string_dup(f, self);
    return tr_dup(f, self);
}

static MAY_GC Value string_unary_plus(Fiber *f, Value self, const Args *args) {
    (void)args;
    if (!tr_has_flag(self, TR_FLAG_FROZEN | TR_FLAG_CHILLED) || tr_has_flag(self, STRING_LOCKED)) return self;
    return tr_string_dup(f, self);
}

static MAY_SWITCH MAY_RAISE Value string_unary_minus(Fiber *f, Value self, const Args *args) {
    (void)args;
    if (tr_header(self)->klass == tr_class.string && !tr_has_flag(self, TR_FLAG_IVARS))
        return tr_string_intern(f, self);
    if (tr_has_flag(self, TR_FLAG_FROZEN)) return self; /* its class or its variables are its own */
    Value copy = tr_dup(f, self);
    return copy == TR_RAISED ? TR_RAISED : tr_freeze(f, copy);
}

static MAY_GC Value string_freeze(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_freeze(f, self); /* clears TR_FLAG_CHILLED */
}

static MAY_GC Value string_to_sym(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_string_to_symbol(f, self);
}

/* --- comparing --- */

static MAY_SWITCH MAY_RAISE Value string_equal(Fiber *f, Value self, const Args *args) {
    Value other = args->argv[0];
    if (tr_is_string(other)) return tr_bool(tr_string_equal(self, other));
    if (!tr_is_object(other)) return TR_FALSE;
    int responds = tr_responds_to(f, other, TR_ID_to_str, false);
    if (responds <= 0) return responds < 0 ? TR_RAISED : TR_FALSE;
    int equal = tr_equal(f, other, self);
    return equal < 0 ? TR_RAISED : tr_bool(equal);
}

static Value string_eql(Fiber *f, Value self, const Args *args) {
    (void)f;
    return tr_bool(tr_is_string(args->argv[0]) && tr_string_equal(self, args->argv[0]));
}

static Value string_hash(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return TR_FIX(tr_string_hash(self) >> 2);
}

static MAY_SWITCH MAY_RAISE Value string_compare(Fiber *f, Value self, const Args *args) {
    Value other = args->argv[0];
    if (tr_is_string(other)) return TR_FIX(tr_string_compare(self, other));
    if (!tr_is_object(other)) return TR_NIL;
    Value converted = tr_call_if_responds(f, other, TR_ID_to_str, 0, NULL);
    if (converted == TR_RAISED) return TR_RAISED;
    if (converted != TR_UNDEF && tr_is_string(converted)) return TR_FIX(tr_string_compare(self, converted));
    if (!tr_method_is_basic(other, TR_ID_cmp)) {
        Value order = tr_call(f, other, TR_ID_cmp, 1, self);
        if (order == TR_RAISED || order == TR_NIL) return order;
        if (tr_is_fixnum(order)) return TR_FIX(-tr_fixnum(order));
        return tr_call(f, TR_FIX(0), TR_ID_minus, 1, order);
    }
    return TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value string_casecmp(Fiber *f, Value self, const Args *args) {
    Value other = tr_try_convert(f, args->argv[0], tr_class.string, TR_ID_to_str);
    if (other == TR_RAISED || other == TR_NIL) return other;
    if (tr_encoding_compatible(self, other) < 0) return TR_NIL;
    const unsigned char *p = (const unsigned char *)tr_string(self)->bytes,
                        *q = (const unsigned char *)tr_string(other)->bytes;
    size_t m = tr_string(self)->size, n = tr_string(other)->size;
    for (size_t i = 0; i < m && i < n; i++) {
        int a = p[i] >= 'A' && p[i] <= 'Z' ? p[i] + 32 : p[i],
            b = q[i] >= 'A' && q[i] <= 'Z' ? q[i] + 32 : q[i];
        if (a != b) return TR_FIX(a < b ? -1 : 1);
    }
    return TR_FIX(m < n ? -1 : m > n ? 1 : 0);
}

static MAY_SWITCH MAY_RAISE Value string_casecmp_p(Fiber *f, Value self, const Args *args) {
    Value other = tr_try_convert(f, args->argv[0], tr_class.string, TR_ID_to_str);
    if (other == TR_RAISED || other == TR_NIL) return other;
    if (tr_encoding_compatible(self, other) < 0) return TR_NIL;
    Value a = tr_string_fold(f, self);
    if (a == TR_RAISED) return TR_RAISED;
    Value b = tr_string_fold(f, other);
    return b == TR_RAISED ? TR_RAISED : tr_bool(tr_string_equal(a, b));
}

/* --- joining --- */

Value tr_string_plus(Fiber *f, Value a, Value b) {
    int encoding = tr_string_encoding(a);
    if (encoding != tr_string_encoding(b) && (encoding = tr_encoding_negotiate(f, a, b)) < 0)
        return TR_RAISED;
    size_t m = tr_string(a)->size, n = tr_string(b)->size;
    Value v = tr_string_alloc(f, tr_class.string, m + n, m + n, encoding);
    if (v == TR_RAISED) return TR_RAISED;
    memcpy(tr_string(v)->bytes, tr_string(a)->bytes, m);
    memcpy(tr_string(v)->bytes + m, tr_string(b)->bytes, n);
    enum CodeRange ra = tr_string_coderange_known(a), rb = tr_string_coderange_known(b);
    if ((ra == CODERANGE_7BIT || ra == CODERANGE_VALID) && (rb == CODERANGE_7BIT || rb == CODERANGE_VALID))
        tr_string_set_coderange(v, ra > rb ? ra : rb);
    TR_KEEP(a);
    TR_KEEP(b);
    return v;
}

static MAY_SWITCH MAY_RAISE Value string_plus(Fiber *f, Value self, const Args *args) {
    Value other = tr_to_str(f, args->argv[0]);
    return other == TR_RAISED ? TR_RAISED : tr_string_plus(f, self, other);
}

static MAY_SWITCH MAY_RAISE Value string_times(Fiber *f, Value self, const Args *args) {
    int64_t count;
    if (!tr_to_long(f, args->argv[0], &count)) return TR_RAISED;
    if (count < 0) return tr_raise(f, tr_class.argument_error, "negative argument");
    size_t size = tr_string(self)->size, total;
    if (size == 0 || count == 0) total = 0;
    else if (__builtin_mul_overflow(size, (size_t)count, &total))
        return tr_raise(f, tr_class.argument_error, "argument too big");
    Value v = tr_string_alloc(f, tr_class.string, total, total, tr_string_encoding(self));
    if (v == TR_RAISED) return TR_RAISED;
    char *to = tr_string(v)->bytes;
    if (size == 1) {
        memset(to, tr_string(self)->bytes[0], total);
    } else if (total > 0) { /* doubling copies */
        memcpy(to, tr_string(self)->bytes, size);
        size_t done = size;
        for (; done <= total - done; done *= 2) memcpy(to + done, to, done);
        memcpy(to + done, to, total - done);
    }
    tr_string_set_coderange(v, tr_string_coderange_known(self));
    return v;
}

static MAY_SWITCH MAY_RAISE Value string_modulo(Fiber *f, Value self, const Args *args) {
    Value list = tr_try_convert(f, args->argv[0], tr_class.array, TR_ID_to_ary);
    if (list == TR_RAISED) return TR_RAISED;
    if (list == TR_NIL) return tr_format(f, self, 1, args->argv);
    Value copy = tr_array_dup(f, list); /* arguments run Ruby code, which may change the list */
    Value result = tr_format(f, self, (int)tr_array_count(copy), tr_array(copy)->items);
    TR_KEEP(copy);
    return result;
}

/* --- sizes --- */

static Value string_length(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return TR_FIX(tr_string_length(self));
}

static Value string_bytesize(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return TR_FIX(tr_string(self)->size);
}

static Value string_is_empty(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    return tr_bool(tr_string(self)->size == 0);
}

/* --- pieces --- */

bool tr_string_char_bounds(Value v, int64_t start, int64_t count, size_t *offset, size_t *size) {
    const String *s = tr_string(v);
    if (count < 0) return false;
    if (tr_string_is_single_byte(v)) {
        int64_t length = (int64_t)s->size;
        if (start < 0) start += length;
        if (start < 0 || start > length) return false;
        if (count > length - start) count = length - start;
        *offset = (size_t)start, *size = (size_t)count;
        return true;
    }
    int encoding = tr_string_encoding(v);
    bool is_valid = !tr_string_is_broken(v);
    const char *end = s->bytes + s->size;
    if (start < 0 && (start += (int64_t)tr_string_length(v)) < 0) return false;
    if ((size_t)start > s->size) return false;
    const char *p = tr_chars_advance(encoding, s->bytes, end, (size_t)start, is_valid);
    if (!p) return false;
    const char *q = (size_t)count >= (size_t)(end - p)
                        ? end
                        : tr_chars_advance(encoding, p, end, (size_t)count, is_valid);
    *offset = (size_t)(p - s->bytes);
    *size = (size_t)((q ? q : end) - p);
    return true;
}

Value tr_string_substr(Fiber *f, Value v, int64_t start, int64_t count) {
    size_t offset, size;
    if (!tr_string_char_bounds(v, start, count, &offset, &size)) return TR_NIL;
    return tr_string_sub(f, v, offset, size);
}

static MAY_GC Value char_at(Fiber *f, Value self, int64_t index) {
    size_t offset, size;
    if (!tr_string_char_bounds(self, index, 1, &offset, &size) || size == 0) return TR_NIL;
    return tr_string_sub(f, self, offset, size);
}

/* String#[](index | start, count | range | regexp[, group] | string) */
Value tr_string_aref(Fiber *f, Value self, int argc, const Value *argv) {
    Value index = argv[0];
    int64_t start, count;
    if (argc == 2) {
        if (tr_is_regexp(index)) {
            Value match = tr_regexp_match_at(f, index, self, 0);
            if (match == TR_RAISED || match == TR_NIL) return match;
            return tr_match_group(f, match, argv[1]);
        }
        if (!tr_to_long(f, index, &start) || !tr_to_long(f, argv[1], &count)) return TR_RAISED;
        return tr_string_substr(f, self, start, count);
    }
    if (tr_is_fixnum(index)) return char_at(f, self, tr_fixnum(index));
    if (tr_is_regexp(index)) {
        Value match = tr_regexp_match_at(f, index, self, 0);
        return match == TR_RAISED || match == TR_NIL ? match : tr_match_nth(f, match, 0);
    }
    if (tr_is_string(index)) return tr_string_find(self, index, 0) >= 0 ? tr_string_dup(f, index) : TR_NIL;
    switch (tr_range_bounds(f, index, (int64_t)tr_string_length(self), &start, &count, 0)) {
    case -1: return TR_RAISED;
    case 0: return TR_NIL;
    case 1: return tr_string_substr(f, self, start, count);
    }
    if (!tr_to_long(f, index, &start)) return TR_RAISED;
    return char_at(f, self, start);
}

static MAY_SWITCH Value string_aref(Fiber *f, Value self, const Args *args) {
    return tr_string_aref(f, self, args->argc, args->argv);
}

static MAY_GC Value byte_slice(Fiber *f, Value self, int64_t start, int64_t count) {
    int64_t size = (int64_t)tr_string(self)->size;
    if (start < 0) start += size;
    if (count < 0 || start < 0 || start > size) return TR_NIL;
    if (count > size - start) count = size - start;
    return tr_string_sub(f, self, (size_t)start, (size_t)count);
}

static MAY_SWITCH MAY_RAISE Value string_byteslice(Fiber *f, Value self, const Args *args) {
    int64_t start, count = 1;
    if (args->argc == 2) {
        if (!tr_to_long(f, args->argv[0], &start) || !tr_to_long(f, args->argv[1], &count)) return TR_RAISED;
        return byte_slice(f, self, start, count);
    }
    if (!tr_is_fixnum(args->argv[0])) {
        switch (tr_range_bounds(f, args->argv[0], (int64_t)tr_string(self)->size, &start, &count, 0)) {
        case -1: return TR_RAISED;
        case 0: return TR_NIL;
        case 1: return byte_slice(f, self, start, count);
        }
    }
    if (!tr_to_long(f, args->argv[0], &start)) return TR_RAISED;
    int64_t size = (int64_t)tr_string(self)->size;
    if (start < -size || start >= size) return TR_NIL;
    return byte_slice(f, self, start, 1);
}

static MAY_SWITCH MAY_RAISE Value string_getbyte(Fiber *f, Value self, const Args *args) {
    int64_t index;
    if (TR_LIKELY(tr_is_fixnum(args->argv[0]))) index = tr_fixnum(args->argv[0]);
    else if (!tr_to_long(f, args->argv[0], &index)) return TR_RAISED;
    int64_t size = (int64_t)tr_string(self)->size;
    if (index < 0) index += size;
    if (index < 0 || index >= size) return TR_NIL;
    return TR_FIX((unsigned char)tr_string(self)->bytes[index]);
}

static MAY_GC Value string_chr(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_string_substr(f, self, 0, 1);
}

static MAY_GC MAY_RAISE Value string_ord(Fiber *f, Value self, const Args *args) {
    (void)args;
    if (tr_string(self)->size == 0) return tr_raise(f, tr_class.argument_error, "empty string");
    int encoding = tr_string_encoding(self);
    const char *p = tr_string(self)->bytes;
    int n = tr_char_size(encoding, p, tr_string_end(self));
    if (n <= 0)
        return tr_raise(f, tr_class.argument_error, "invalid byte sequence in %s",
                        tr_encodings[encoding].name);
    return TR_FIX(tr_char_decode(encoding, p, n));
}

/* String#sum(bits = 16): the sum of the bytes modulo 2**bits; bits <= 0: all of it. */
static MAY_SWITCH MAY_RAISE Value string_sum(Fiber *f, Value self, const Args *args) {
    int64_t bits = 16;
    if (args->argc > 0 && !tr_to_long(f, args->argv[0], &bits)) return TR_RAISED;
    uint64_t sum = 0;
    const unsigned char *p = (const unsigned char *)tr_string(self)->bytes;
    for (size_t i = 0; i < tr_string(self)->size; i++) sum += p[i];
    if (bits > 0 && bits < 64) sum &= ((uint64_t)1 << bits) - 1;
    return tr_integer_from_uint64(f, sum);
}

/* String#crypt(salt): the C library's crypt(3), which lives in libcrypt. */
static MAY_SWITCH MAY_RAISE Value string_crypt(Fiber *f, Value self, const Args *args) {
    Value salt = tr_to_str(f, args->argv[0]);
    if (salt == TR_RAISED) return TR_RAISED;
    if (tr_string(salt)->size < 2)
        return tr_raise(f, tr_class.argument_error, "salt too short (need >=2 bytes)");
    if (memchr(tr_string(self)->bytes, 0, tr_string(self)->size))
        return tr_raise(f, tr_class.argument_error, "string contains null byte");
    typedef char *(*CryptFn)(const char *, const char *, void *);
    void *library = dlopen("libcrypt.so.1", RTLD_NOW);
    CryptFn crypt_r = library ? (CryptFn)dlsym(library, "crypt_r") : NULL;
    if (!crypt_r)
        return tr_raise(f, tr_class.not_implemented_error,
                        "crypt() function is unimplemented on this machine");
    Value scratch = tr_string_alloc(f, tr_class.string, 0, 64 * 1024,
                                    ENCODING_BINARY); /* struct crypt_data */
    if (scratch == TR_RAISED) return TR_RAISED;
    memset(tr_string(scratch)->bytes, 0, 64 * 1024);
    char *result = crypt_r(tr_string(self)->bytes, tr_string(salt)->bytes, tr_string(scratch)->bytes);
    if (!result || result[0] == '*') return tr_raise_errno(f, 22, "crypt");
    Value v = tr_string_new_encoded(f, result, strlen(result), ENCODING_BINARY);
    TR_KEEP(scratch);
    TR_KEEP(salt);
    return v;
}

/* --- the class --- */

static const MethodDef access_methods[] = {
    {"initialize", string_initialize, ARITY(0, 1), METHOD_KEYWORDS},
    {"initialize_copy", string_replace, ARITY(1, 1), 0},
    {"replace", string_replace, ARITY(1, 1), 0},
    {"to_s", string_to_s, ARITY(0, 0), 0},
    {"to_str", string_to_s, ARITY(0, 0), 0},
    {"dup", string_dup, ARITY(0, 0), 0},
    {"+@", string_unary_plus, ARITY(0, 0), 0},
    {"-@", string_unary_minus, ARITY(0, 0), 0},
    {"dedup", string_unary_minus, ARITY(0, 0), 0},
    {"freeze", string_freeze, ARITY(0, 0), 0},
    {"to_sym", string_to_sym, ARITY(0, 0), 0},
    {"intern", string_to_sym, ARITY(0, 0), 0},
    {"==", string_equal, ARITY(1, 1), 0},
    {"===", string_equal, ARITY(1, 1), 0},
    {"eql?", string_eql, ARITY(1, 1), METHOD_LEAF},
    {"hash", string_hash, ARITY(0, 0), METHOD_LEAF},
    {"<=>", string_compare, ARITY(1, 1), 0},
    {"casecmp", string_casecmp, ARITY(1, 1), 0},
    {"casecmp?", string_casecmp_p, ARITY(1, 1), 0},
    {"+", string_plus, ARITY(1, 1), 0},
    {"*", string_times, ARITY(1, 1), 0},
    {"%", string_modulo, ARITY(1, 1), 0},
    {"length", string_length, ARITY(0, 0), METHOD_LEAF},
    {"size", string_length, ARITY(0, 0), METHOD_LEAF},
    {"bytesize", string_bytesize, ARITY(0, 0), METHOD_LEAF},
    {"empty?", string_is_empty, ARITY(0, 0), METHOD_LEAF},
    {"[]", string_aref, ARITY(1, 2), 0},
    {"slice", string_aref, ARITY(1, 2), 0},
    {"byteslice", string_byteslice, ARITY(1, 2), 0},
    {"getbyte", string_getbyte, ARITY(1, 1), 0},
    {"chr", string_chr, ARITY(0, 0), 0},
    {"ord", string_ord, ARITY(0, 0), 0},
    {"sum", string_sum, ARITY(0, 1), 0},
    {"crypt", string_crypt, ARITY(1, 1), 0},
    {NULL, NULL, 0, 0, 0}
};
static const MethodDef singleton_methods[] = {
    {"try_convert", string_s_try_convert, ARITY(1, 1), 0},
    {NULL, NULL, 0, 0, 0}
};

static MAY_SWITCH void string_init(Fiber *f) {
    static const MethodDef *const tables[] = {
        tr_string_case_methods,    tr_string_edit_methods,      tr_string_trim_methods,
        tr_string_search_methods,  tr_string_iterate_methods,   tr_string_number_methods,
        tr_string_encode_methods,  tr_string_inspect_methods,   tr_string_set_methods,
        tr_string_pattern_methods, tr_string_split_methods,     tr_unpack_methods,
        tr_string_succ_methods,    tr_string_normalize_methods,
    };
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        tr_define_methods(f, tr_class.string, tables[i]);
    if (tr_module_include(f, tr_class.string, tr_class.comparable) == TR_RAISED) TR_UNREACHABLE();
}

const ClassDef tr_string_class = {
    .klass = &tr_class.string, .methods = access_methods, .singleton_methods = singleton_methods,
    .alloc = string_alloc, .instance_type = TYPE_STRING, .init = string_init
};
