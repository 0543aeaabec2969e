/* string_edit.c - methods that change a string in place, or make a longer one around it.
 *
 * All changes go through tr_string_splice_bytes (a hole of any size in the middle) or through appending.
 * Arguments are converted first; the frozen check comes before the first change, and offsets are computed
 * after the last Ruby call.
 */
#include "core/regexp_match.h"
#include "core/string_internal.h"
#include "core/string_ops.h"

/* --- splicing --- */

Value tr_string_splice_bytes(Fiber *f, Value v, size_t offset, size_t count, const char *bytes, size_t size) {
    String *s = tr_string(v);
    size_t old = s->size, tail = old - offset - count;
    if (size > count && old + (size - count) < old) return tr_raise_no_memory(f);
    size_t fresh = old - count + size;
    bool is_inside = bytes >= s->bytes && bytes < s->bytes + old;
    Value copy = TR_NIL;
    if (is_inside && size > 0) { /* a piece of itself */
        copy = tr_string_new_encoded(f, bytes, size, ENCODING_BINARY);
        bytes = tr_string(copy)->bytes;
    }
    if (tr_string_reserve(f, v, fresh > old ? fresh : old) == TR_RAISED) return TR_RAISED;
    memmove(s->bytes + offset + size, s->bytes + offset + count, tail);
    memcpy(s->bytes + offset, bytes, size);
    s->size = fresh;
    s->bytes[fresh] = 0;
    tr_string_set_coderange(v, CODERANGE_UNKNOWN);
    TR_KEEP(copy);
    return v;
}

Value tr_string_splice(Fiber *f, Value v, size_t offset, size_t count, Value with) {
    int encoding = tr_encoding_negotiate(f, v, with);
    if (encoding < 0) return TR_RAISED;
    enum CodeRange mine = tr_string_coderange_known(v), its = tr_string_coderange(with);
    if (tr_string_splice_bytes(f, v, offset, count, tr_string(with)->bytes, tr_string(with)->size) ==
        TR_RAISED)
        return TR_RAISED;
    tr_string_set_encoding(v, encoding);
    if (mine == CODERANGE_7BIT && its == CODERANGE_7BIT) tr_string_set_coderange(v, CODERANGE_7BIT);
    else if (mine == CODERANGE_VALID && (its == CODERANGE_7BIT || its == CODERANGE_VALID) && count == 0)
        tr_string_set_coderange(v, CODERANGE_VALID);
    TR_KEEP(with);
    return v;
}

/* --- []= --- */

static MAY_GC MAY_RAISE Value raise_index(Fiber *f, int64_t index) {
    return tr_raise(f, tr_class.index_error, "index %ld out of string", (long)index);
}

/* self[start, count] = with, in characters. */
static MAY_GC MAY_RAISE Value assign_chars(Fiber *f, Value self, int64_t start, int64_t count, Value with) {
    size_t offset, size;
    if (count < 0) return tr_raise(f, tr_class.index_error, "negative length %ld", (long)count);
    if (!tr_string_char_bounds(self, start, count, &offset, &size)) return raise_index(f, start);
    return tr_string_splice(f, self, offset, size, with);
}

static MAY_SWITCH MAY_RAISE Value assign_match(Fiber *f, Value self, Value regexp, Value group, Value with) {
    Value match = tr_regexp_match_at(f, regexp, self, 0);
    if (match == TR_RAISED) return TR_RAISED;
    if (match == TR_NIL) return tr_raise(f, tr_class.index_error, "regexp not matched");
    int n = group == TR_UNDEF ? 0 : tr_match_group_number(f, match, group);
    if (n == -1 && group != TR_UNDEF && !tr_is_integer(group)) return TR_RAISED;
    int total = (int)tr_match(match)->count, asked = n;
    if (n < 0) n += total;
    if (n < 0 || n >= total || (asked < 0 && n == 0))
        return tr_raise(f, tr_class.index_error, "index %d out of regexp", asked);
    if (tr_match(match)->offsets[2 * n] < 0)
        return tr_raise(f, tr_class.index_error, "regexp group %d not matched", n);
    size_t begin = tr_match_begin(match, n), end = tr_match_end(match, n);
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    if (end > tr_string(self)->size) return tr_raise(f, tr_class.runtime_error, "string modified");
    return tr_string_splice(f, self, begin, end - begin, with);
}

static MAY_SWITCH MAY_RAISE Value assign_range(Fiber *f, Value self, Value range, Value with) {
    int64_t start, count;
    int kind = tr_range_bounds(f, range, (int64_t)tr_string_length(self), &start, &count, 1);
    return kind < 0 ? TR_RAISED : assign_chars(f, self, start, count, with);
}

/* String#[]=(index | start, count | range | regexp[, group] | string, replacement) */
static MAY_SWITCH MAY_RAISE Value string_aset(Fiber *f, Value self, const Args *args) {
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    Value index = args->argv[0], given = args->argv[args->argc - 1];
    int64_t start, count = 1;
    if (args->argc == 3 && !tr_is_regexp(index)) {
        if (!tr_to_long(f, index, &start) || !tr_to_long(f, args->argv[1], &count)) return TR_RAISED;
    }
    bool is_plain_index = args->argc == 2 && !tr_is_regexp(index) && !tr_is_string(index) &&
                          !tr_is_type(index, TYPE_RANGE);
    if (is_plain_index && !tr_to_long(f, index, &start)) return TR_RAISED;
    Value with = tr_to_str(f, given);
    if (with == TR_RAISED || !tr_check_frozen(f, self)) return TR_RAISED;
    Value done;
    if (tr_is_regexp(index)) {
        done = assign_match(f, self, index, args->argc == 3 ? args->argv[1] : TR_UNDEF, with);
    } else if (args->argc == 3) {
        done = assign_chars(f, self, start, count, with);
    } else if (tr_is_string(index)) {
        int64_t at = tr_string_find(self, index, 0);
        if (at < 0) return tr_raise(f, tr_class.index_error, "string not matched");
        done = tr_string_splice(f, self, (size_t)at, tr_string(index)->size, with);
    } else if (is_plain_index) {
        size_t offset, size;
        if (!tr_string_char_bounds(self, start, 1, &offset, &size)) return raise_index(f, start);
        done = tr_string_splice(f, self, offset, size, with);
    } else {
        done = assign_range(f, self, index, with);
    }
    return done == TR_RAISED ? TR_RAISED : given;
}

static MAY_SWITCH MAY_RAISE Value string_insert(Fiber *f, Value self, const Args *args) {
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    int64_t index;
    if (!tr_to_long(f, args->argv[0], &index)) return TR_RAISED;
    Value with = tr_to_str(f, args->argv[1]);
    if (with == TR_RAISED || !tr_check_frozen(f, self)) return TR_RAISED;
    if (index == -1) return tr_string_append(f, self, with);
    if (index < 0) index++;
    return assign_chars(f, self, index, 0, with) == TR_RAISED ? TR_RAISED : self;
}

/* String#slice!: what [] finds is taken out. */
static MAY_SWITCH MAY_RAISE Value string_slice_bang(Fiber *f, Value self, const Args *args) {
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    Value index = args->argv[0];
    size_t offset = 0, size = 0;
    int64_t start, count = 1;
    bool is_found;
    if (tr_is_regexp(index)) {
        Value match = tr_regexp_match_at(f, index, self, 0);
        if (match == TR_RAISED || match == TR_NIL) return match;
        int n = args->argc == 2 ? tr_match_group_number(f, match, args->argv[1]) : 0;
        if (n == -1 && !tr_is_integer(args->argv[1])) return TR_RAISED;
        if (n < 0) n += (int)tr_match(match)->count;
        is_found = n >= 0 && n < (int)tr_match(match)->count && tr_match(match)->offsets[2 * n] >= 0;
        if (is_found) offset = tr_match_begin(match, n), size = tr_match_end(match, n) - offset;
    } else if (args->argc == 2) {
        if (!tr_to_long(f, index, &start) || !tr_to_long(f, args->argv[1], &count)) return TR_RAISED;
        is_found = tr_string_char_bounds(self, start, count, &offset, &size);
    } else if (tr_is_string(index)) {
        int64_t at = tr_string_find(self, index, 0);
        is_found = at >= 0;
        if (is_found) offset = (size_t)at, size = tr_string(index)->size;
    } else {
        int kind = tr_range_bounds(f, index, (int64_t)tr_string_length(self), &start, &count, 0);
        if (kind == -1) return TR_RAISED;
        if (kind == -2 && !tr_to_long(f, index, &start)) return TR_RAISED;
        is_found = kind != 0 && tr_string_char_bounds(self, start, count, &offset, &size) &&
                   (kind == 1 || size > 0);
    }
    if (!is_found) return TR_NIL;
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    if (offset + size > tr_string(self)->size) return tr_raise(f, tr_class.runtime_error, "string modified");
    Value piece = tr_string_sub(f, self, offset, size);
    enum CodeRange range = tr_string_coderange_known(self);
    if (tr_string_splice_bytes(f, self, offset, size, "", 0) == TR_RAISED) return TR_RAISED;
    if (range == CODERANGE_7BIT) tr_string_set_coderange(self, range);
    return piece;
}

/* --- appending --- */

static MAY_GC MAY_RAISE Value append_integer(Fiber *f, Value self, Value code) {
    int64_t c;
    if (!tr_is_fixnum(code)) return tr_raise(f, tr_class.range_error, "bignum out of char range");
    c = tr_fixnum(code);
    if (c < 0 || c > UINT32_MAX) return tr_raise(f, tr_class.range_error, "%ld out of char range", (long)c);
    if (c > 0x10ffff && tr_encoding_is_unicode(tr_string_encoding(self)))
        return tr_raise(f, tr_class.range_error, "%ld out of char range", (long)c);
    return tr_string_append_char(f, self, (uint32_t)c);
}

Value tr_string_lshift(Fiber *f, Value self, Value other) {
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    if (TR_LIKELY(tr_is_string(other))) return tr_string_append(f, self, other);
    if (tr_is_integer(other)) return append_integer(f, self, other);
    Value text = tr_to_str(f, other);
    if (text == TR_RAISED || !tr_check_frozen(f, self)) return TR_RAISED;
    return tr_string_append(f, self, text);
}

static MAY_SWITCH Value string_lshift(Fiber *f, Value self, const Args *args) {
    return tr_string_lshift(f, self, args->argv[0]);
}

/* String#concat(*objects): an argument may be self, which is taken as it was before. */
static MAY_SWITCH MAY_RAISE Value string_concat(Fiber *f, Value self, const Args *args) {
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    if (args->argc == 1) return tr_string_lshift(f, self, args->argv[0]);
    Value all = tr_string_new_capacity(f, 0, tr_string_encoding(self));
    for (int i = 0; i < args->argc; i++)
        if (tr_string_lshift(f, all, args->argv[i]) == TR_RAISED) return TR_RAISED;
    if (args->argc == 0) return self;
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    return tr_string_append(f, self, all);
}

static MAY_SWITCH MAY_RAISE Value string_prepend(Fiber *f, Value self, const Args *args) {
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    if (args->argc == 0) return self;
    Value all = TR_NIL;
    for (int i = 0; i < args->argc; i++) {
        Value part = tr_to_str(f, args->argv[i]);
        if (part == TR_RAISED) return TR_RAISED;
        if (i == 0) all = tr_string_dup(f, part);
        else if (tr_string_append(f, all, part) == TR_RAISED) return TR_RAISED;
    }
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    return tr_string_splice(f, self, 0, 0, all);
}

/* String#append_as_bytes(*strings_or_integers): no encoding is looked at. */
static MAY_SWITCH MAY_RAISE Value string_append_as_bytes(Fiber *f, Value self, const Args *args) {
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    for (int i = 0; i < args->argc; i++)
        if (!tr_is_string(args->argv[i]) && !tr_is_integer(args->argv[i]))
            return tr_raise(f, tr_class.type_error, "wrong argument type %pC (expected String or Integer)",
                            (void *)tr_real_class_of(args->argv[i]));
    for (int i = 0; i < args->argc; i++) {
        Value v = args->argv[i];
        Value done;
        if (tr_is_string(v)) {
            done = tr_string_append_bytes(f, self, tr_string(v)->bytes, tr_string(v)->size);
        } else {
            Value low = tr_is_fixnum(v) ? v : tr_call(f, v, TR_ID_and, 1, TR_FIX(255));
            if (low == TR_RAISED) return TR_RAISED;
            done = tr_string_append_bytes(f, self, (char[]){(char)tr_fixnum(low)}, 1);
        }
        if (done == TR_RAISED) return TR_RAISED;
    }
    return self;
}

static MAY_GC MAY_RAISE Value string_clear(Fiber *f, Value self, const Args *args) {
    (void)args;
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    return tr_string_resize(f, self, 0);
}

/* --- bytes --- */

static MAY_SWITCH MAY_RAISE Value string_setbyte(Fiber *f, Value self, const Args *args) {
    int64_t index;
    if (!tr_check_frozen(f, self) || !tr_to_long(f, args->argv[0], &index)) return TR_RAISED;
    Value byte = args->argv[1];
    if (!tr_is_fixnum(byte)) {
        Value integer = tr_to_int(f, byte);
        if (integer == TR_RAISED) return TR_RAISED;
        byte = tr_is_fixnum(integer) ? integer : tr_call(f, integer, TR_ID_and, 1, TR_FIX(255));
        if (byte == TR_RAISED) return TR_RAISED;
    }
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    int64_t size = (int64_t)tr_string(self)->size, at = index < 0 ? index + size : index;
    if (at < 0 || at >= size) return raise_index(f, index);
    enum CodeRange range = tr_string_coderange_known(self);
    unsigned char old = (unsigned char)tr_string(self)->bytes[at], fresh = (unsigned char)tr_fixnum(byte);
    if (tr_string_modify(f, self) == TR_RAISED) return TR_RAISED;
    tr_string(self)->bytes[at] = (char)fresh;
    if (range == CODERANGE_7BIT && old < 0x80 && fresh < 0x80) tr_string_set_coderange(self, range);
    return args->argv[1];
}

/* Is a byte offset at a character's start (or the end)? Raises IndexError. */
static MAY_GC bool check_boundary(Fiber *f, Value v, size_t offset) {
    const char *start = tr_string(v)->bytes, *p = start + offset;
    if (tr_string_is_single_byte(v) || tr_char_left(tr_string_encoding(v), start, p, tr_string_end(v)) == p)
        return true;
    (void)!tr_raise(f, tr_class.index_error, "offset %zu does not land on character boundary", offset);
    return false;
}

/* Byte range from two integers or from a Range. False: raised. */
static MAY_SWITCH bool byte_bounds(Fiber *f, Value v, Value a, Value b, int64_t *start, int64_t *count) {
    int64_t size = (int64_t)tr_string(v)->size;
    if (b == TR_UNDEF) {
        int kind = tr_range_bounds(f, a, size, start, count, 1);
        if (kind == -2)
            (void)!tr_raise(f, tr_class.type_error, "wrong argument type %pC (expected Range)",
                            (void *)tr_real_class_of(a));
        if (kind != 1) return false;
    } else {
        if (!tr_to_long(f, a, start) || !tr_to_long(f, b, count)) return false;
        if (*count < 0) {
            (void)!tr_raise(f, tr_class.index_error, "negative length %ld", (long)*count);
            return false;
        }
        int64_t given = *start;
        if (*start < 0) *start += size;
        if (*start < 0 || *start > size) {
            (void)!raise_index(f, given);
            return false;
        }
        if (*count > size - *start) *count = size - *start;
    }
    return check_boundary(f, v, (size_t)*start) && check_boundary(f, v, (size_t)(*start + *count));
}

/* String#bytesplice(start, count | range, string[, start, count | range]) */
static MAY_SWITCH MAY_RAISE Value string_bytesplice(Fiber *f, Value self, const Args *args) {
    const Value *v = args->argv;
    if (args->argc == 4) return tr_raise_argc(f, 4, 2, 5);
    bool has_counts = args->argc == 3 && !tr_is_type(v[0], TYPE_RANGE);
    if (args->argc == 5) has_counts = true;
    int64_t start, count, from = 0, from_count;
    if (args->argc == 2 || (args->argc == 3 && !has_counts)) {
        if (!tr_is_type(v[0], TYPE_RANGE))
            return tr_raise(f, tr_class.type_error, "wrong argument type %pC (expected Range)",
                            (void *)tr_real_class_of(v[0]));
    }
    Value with = tr_to_str(f, v[has_counts ? 2 : 1]);
    if (with == TR_RAISED) return TR_RAISED;
    if (!byte_bounds(f, self, v[0], has_counts ? v[1] : TR_UNDEF, &start, &count)) return TR_RAISED;
    from_count = (int64_t)tr_string(with)->size;
    if (args->argc == 5 && !byte_bounds(f, with, v[3], v[4], &from, &from_count)) return TR_RAISED;
    if (args->argc == 3 && !has_counts && !byte_bounds(f, with, v[2], TR_UNDEF, &from, &from_count))
        return TR_RAISED;
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    if (start + count > (int64_t)tr_string(self)->size || from + from_count > (int64_t)tr_string(with)->size)
        return tr_raise(f, tr_class.runtime_error, "string modified");
    Value piece = tr_string_sub(f, with, (size_t)from, (size_t)from_count);
    return tr_string_splice(f, self, (size_t)start, (size_t)count, piece) == TR_RAISED ? TR_RAISED : self;
}

/* --- reverse --- */

static void reverse_into(Value v, char *to) {
    const char *p = tr_string(v)->bytes, *end = tr_string_end(v);
    size_t size = tr_string(v)->size;
    if (tr_string_is_single_byte(v)) {
        size_t i = 0;
        for (; i + 8 <= size; i += 8) {
            uint64_t word;
            memcpy(&word, p + size - 8 - i, 8);
            word = __builtin_bswap64(word);
            memcpy(to + i, &word, 8);
        }
        for (; i < size; i++) to[i] = p[size - 1 - i];
        return;
    }
    int encoding = tr_string_encoding(v);
    char *q = to + size;
    while (p < end) {
        int n = tr_char_step(encoding, p, end);
        q -= n;
        memcpy(q, p, (size_t)n);
        p += n;
    }
}

static MAY_GC MAY_RAISE Value string_reverse(Fiber *f, Value self, const Args *args) {
    (void)args;
    size_t size = tr_string(self)->size;
    Value v = tr_string_alloc(f, tr_class.string, size, size, tr_string_encoding(self));
    if (v == TR_RAISED) return TR_RAISED;
    reverse_into(self, tr_string(v)->bytes);
    if (!tr_string_is_broken(self)) tr_string_set_coderange(v, tr_string_coderange_known(self));
    return v;
}

static MAY_GC MAY_RAISE Value string_reverse_bang(Fiber *f, Value self, const Args *args) {
    if (!tr_check_frozen(f, self)) return TR_RAISED;
    if (tr_string(self)->size < 2) return self;
    Value reversed = string_reverse(f, self, args);
    return reversed == TR_RAISED ? TR_RAISED : tr_string_replace(f, self, reversed);
}

/* --- padding --- */

/* Appends `count` characters of the pad, repeated. */
static MAY_GC MAY_RAISE Value append_padding(Fiber *f, Value out, Value pad, size_t pad_length,
                                             size_t count) {
    const String *p = tr_string(pad);
    if (p->size == 1) {
        size_t old = tr_string(out)->size;
        char fill = p->bytes[0];
        enum CodeRange range = tr_string_coderange_known(out);
        bool stays = (range == CODERANGE_7BIT || range == CODERANGE_VALID) && (signed char)fill >= 0;
        if (tr_string_reserve(f, out, old + count) == TR_RAISED) return TR_RAISED;
        memset(tr_string(out)->bytes + old, fill, count);
        tr_string(out)->size = old + count;
        tr_string(out)->bytes[old + count] = 0;
        tr_string_set_coderange(out, stays ? range : CODERANGE_UNKNOWN);
        return out;
    }
    for (; count >= pad_length; count -= pad_length)
        if (tr_string_append_bytes(f, out, tr_string(pad)->bytes, tr_string(pad)->size) == TR_RAISED)
            return TR_RAISED;
    size_t rest = tr_string_byte_offset(pad, count);
    return count == 0 ? out : tr_string_append_bytes(f, out, tr_string(pad)->bytes, rest);
}

typedef enum Justify { JUSTIFY_LEFT, JUSTIFY_RIGHT, JUSTIFY_CENTER } Justify;

static MAY_SWITCH MAY_RAISE Value justify(Fiber *f, Value self, const Args *args, Justify where) {
    int64_t width;
    if (!tr_to_long(f, args->argv[0], &width)) return TR_RAISED;
    Value pad;
    if (args->argc > 1) {
        pad = tr_to_str(f, args->argv[1]);
        if (pad == TR_RAISED) return TR_RAISED;
    } else {
        char space[8];
        int n = tr_char_encode(tr_string_encoding(self), ' ', space);
        pad = tr_string_new_encoded(f, space, (size_t)n, tr_string_encoding(self));
    }
    int encoding = tr_encoding_negotiate(f, self, pad);
    if (encoding < 0) return TR_RAISED;
    if (tr_string(pad)->size == 0) return tr_raise(f, tr_class.argument_error, "zero width padding");
    int64_t length = (int64_t)tr_string_length(self);
    if (width <= length) return tr_string_dup(f, self);
    size_t missing = (size_t)(width - length), pad_length = tr_string_length(pad), bytes;
    if (__builtin_mul_overflow(missing / pad_length + 1, tr_string(pad)->size, &bytes) ||
        bytes > (size_t)INT64_MAX / 2)
        return tr_raise(f, tr_class.argument_error, "argument too big");
    size_t left = where == JUSTIFY_LEFT ? 0 : where == JUSTIFY_RIGHT ? missing : missing / 2;
    Value out = tr_string_alloc(f, tr_class.string, 0, tr_string(self)->size + bytes, encoding);
    if (out == TR_RAISED) return TR_RAISED;
    tr_string_set_coderange(out, CODERANGE_7BIT);
    if (append_padding(f, out, pad, pad_length, left) == TR_RAISED) return TR_RAISED;
    if (tr_string_append_ranged(f, out, tr_string(self)->bytes, tr_string(self)->size,
                                tr_string_coderange(self)) == TR_RAISED)
        return TR_RAISED;
    Value result = append_padding(f, out, pad, pad_length, missing - left);
    TR_KEEP(self);
    TR_KEEP(pad);
    return result;
}

static MAY_SWITCH Value string_ljust(Fiber *f, Value self, const Args *args) {
    return justify(f, self, args, JUSTIFY_LEFT);
}
static MAY_SWITCH Value string_rjust(Fiber *f, Value self, const Args *args) {
    return justify(f, self, args, JUSTIFY_RIGHT);
}
static MAY_SWITCH Value string_center(Fiber *f, Value self, const Args *args) {
    return justify(f, self, args, JUSTIFY_CENTER);
}

const MethodDef tr_string_edit_methods[] = {
    {"[]=", string_aset, ARITY(2, 3), 0},
    {"insert", string_insert, ARITY(2, 2), 0},
    {"slice!", string_slice_bang, ARITY(1, 2), 0},
    {"<<", string_lshift, ARITY(1, 1), 0},
    {"concat", string_concat, ARITY_REST(0), 0},
    {"prepend", string_prepend, ARITY_REST(0), 0},
    {"append_as_bytes", string_append_as_bytes, ARITY_REST(0), 0},
    {"clear", string_clear, ARITY(0, 0), 0},
    {"setbyte", string_setbyte, ARITY(2, 2), 0},
    {"bytesplice", string_bytesplice, ARITY(2, 5), 0},
    {"reverse", string_reverse, ARITY(0, 0), 0},
    {"reverse!", string_reverse_bang, ARITY(0, 0), 0},
    {"ljust", string_ljust, ARITY(1, 2), 0},
    {"rjust", string_rjust, ARITY(1, 2), 0},
    {"center", string_center, ARITY(1, 2), 0},
    {NULL, NULL, 0, 0, 0}
};
