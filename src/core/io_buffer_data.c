/* io_buffer_data.c - IO::Buffer's bytes: numbers, Strings, copying, comparing, bit masks.
 *
 * Everything that runs Ruby or allocates comes first; the memory is asked for last, and used at once.
 */

#include "core/encoding.h"
#include "core/fiber.h"
#include "core/integer.h"
#include "core/io_buffer.h"
#include "ractor/thread.h"

/* ---- numbers ---- */

typedef struct ValueType {
    const char *name; /* a capital letter: network order, a small one: little endian */
    uint8_t bytes;
    char kind;        /* 'u', 's', 'f' */
    bool is_big_endian;
} ValueType;

static const ValueType value_types[] = {
    { "U8", 1, 'u', true }, { "S8", 1, 's', true }, { "u16", 2, 'u', false }, { "U16", 2, 'u', true }, { "s16", 2, 's', false },
    { "S16", 2, 's', true }, { "u32", 4, 'u', false }, { "U32", 4, 'u', true }, { "s32", 4, 's', false }, { "S32", 4, 's', true },
    { "u64", 8, 'u', false }, { "U64", 8, 'u', true }, { "s64", 8, 's', false }, { "S64", 8, 's', true }, { "f32", 4, 'f', false },
    { "F32", 4, 'f', true }, { "f64", 8, 'f', false }, { "F64", 8, 'f', true } };

static MAY_GC MAY_RAISE const ValueType *find_type(Fiber *f, Value v) {
    if (!tr_is_symbol(v)) {
        (void)!tr_raise(f, tr_class.type_error, "wrong argument type %pC (expected Symbol)", tr_real_class_of(v));
        return NULL;
    }
    const char *name = tr_id_cstr(tr_symbol_id(v));
    for (size_t i = 0; i < sizeof value_types / sizeof *value_types; i++)
        if (strcmp(value_types[i].name, name) == 0) return &value_types[i];
    (void)!tr_raise(f, tr_class.argument_error, "Invalid type name!");
    return NULL;
}

static uint64_t load_bits(const ValueType *type, const uint8_t *from) {
    uint64_t bits = 0;
    for (int i = 0; i < type->bytes; i++) bits = bits << 8 | from[type->is_big_endian ? i : type->bytes - 1 - i];
    return bits;
}

static void store_bits(const ValueType *type, uint8_t *to, uint64_t bits) {
    for (int i = 0; i < type->bytes; i++, bits >>= 8) to[type->is_big_endian ? type->bytes - 1 - i : i] = (uint8_t)bits;
}

static MAY_GC Value number_from_bits(Fiber *f, const ValueType *type, uint64_t bits) {
    if (type->kind == 'u') return tr_integer_from_uint64(f, bits);
    if (type->kind == 's') {
        int unused = 64 - 8 * type->bytes;
        return tr_integer_from_int64(f, (int64_t)(bits << unused) >> unused);
    }
    double d;
    if (type->bytes == 4) {
        float single;
        uint32_t half = (uint32_t)bits;
        memcpy(&single, &half, sizeof single);
        d = (double)single;
    } else {
        memcpy(&d, &bits, sizeof d);
    }
    return tr_float_new(f, d);
}

/* Narrow ones lose what does not fit, as C's conversions do; 32 and 64 bits refuse it. */
static MAY_SWITCH MAY_RAISE bool bits_from_number(Fiber *f, const ValueType *type, Value v, uint64_t *bits) {
    if (type->kind == 'f') {
        double d;
        if (!tr_to_double(f, v, &d)) return false;
        float single = (float)d;
        uint32_t half;
        memcpy(&half, &single, sizeof half);
        memcpy(bits, &d, sizeof d);
        if (type->bytes == 4) *bits = half;
        return true;
    }
    v = tr_to_int(f, v);
    if (v == TR_RAISED) return false;
    int64_t n;
    if (type->bytes == 8 && type->kind == 'u' && !tr_integer_fits_int64(v, &n) && tr_integer_sign(v) > 0 && tr_integer_bit_length(v) <= 64) {
        Value low = tr_integer_sub(f, v, tr_integer_from_uint64(f, (uint64_t)1 << 63));
        if (low == TR_RAISED || !tr_integer_fits_int64(low, &n)) return false;
        *bits = (uint64_t)n | (uint64_t)1 << 63;
        return true;
    }
    if (!tr_to_long(f, v, &n)) return false;
    int64_t max = type->kind == 'u' ? UINT32_MAX : INT32_MAX;
    if (type->bytes < 8 && (n > max || n < INT32_MIN))
        return tr_raise(f, tr_class.range_error, "integer %ld too %s to convert to '%s'", (long)n, n < 0 ? "small" : "big",
                        type->kind == 'u' ? "unsigned int" : "int") != TR_RAISED;
    *bits = (uint64_t)n;
    return true;
}

/* The value at *offset, which moves past it. */
static MAY_GC MAY_RAISE Value read_value(Fiber *f, Value self, const ValueType *type, size_t *offset) {
    const uint8_t *bytes = tr_io_buffer_reading(f, self);
    size_t size = tr_io_buffer(self)->size, at = *offset;
    if (!bytes) return TR_RAISED;
    if (at > size || type->bytes > size - at)
        return tr_raise(f, tr_class.argument_error, "Type extends beyond end of buffer! (offset=%zu > size=%zu)", at, size);
    *offset = at + type->bytes;
    return number_from_bits(f, type, load_bits(type, bytes + at));
}

static MAY_SWITCH MAY_RAISE bool write_value(Fiber *f, Value self, const ValueType *type, size_t *offset, Value v) {
    uint64_t bits = 0;
    if (!bits_from_number(f, type, v, &bits)) return false;
    uint8_t *bytes = tr_io_buffer_writing(f, self);
    size_t size = tr_io_buffer(self)->size, at = *offset;
    if (!bytes) return false;
    if (at > size || type->bytes > size - at)
        return tr_raise(f, tr_class.argument_error, "Type extends beyond end of buffer! (offset=%zu > size=%zu)", at, size) != TR_RAISED;
    store_bits(type, bytes + at, bits);
    *offset = at + type->bytes;
    return true;
}

/* IO::Buffer.size_of(type or [type, …]) */
static MAY_GC MAY_RAISE Value buffer_s_size_of(Fiber *f, Value self, const Args *args) {
    Value v = args->argv[0];
    size_t total = 0;
    (void)self;
    if (!tr_is_array(v)) {
        const ValueType *type = find_type(f, v);
        return type ? TR_FIX(type->bytes) : TR_RAISED;
    }
    for (size_t i = 0; i < tr_array_count(v); i++) {
        const ValueType *type = find_type(f, tr_array_at(v, i));
        if (!type) return TR_RAISED;
        total += type->bytes;
    }
    return TR_FIX(total);
}

static MAY_SWITCH MAY_RAISE Value buffer_get_value(Fiber *f, Value self, const Args *args) {
    size_t offset;
    const ValueType *type = find_type(f, args->argv[0]);
    if (!type || !tr_io_buffer_size(f, args->argv[1], "Offset", &offset)) return TR_RAISED;
    return read_value(f, self, type, &offset);
}

static MAY_SWITCH MAY_RAISE Value buffer_get_values(Fiber *f, Value self, const Args *args) {
    size_t offset;
    Value types = args->argv[0];
    if (!tr_io_buffer_size(f, args->argv[1], "Offset", &offset)) return TR_RAISED;
    if (!tr_is_array(types)) return tr_raise(f, tr_class.argument_error, "Argument buffer_types should be an array!");
    Value values = tr_array_new(f, tr_array_count(types));
    for (size_t i = 0; i < tr_array_count(types); i++) {
        const ValueType *type = find_type(f, tr_array_at(types, i));
        Value v = type ? read_value(f, self, type, &offset) : TR_RAISED;
        if (v == TR_RAISED || tr_array_push(f, values, v) == TR_RAISED) return TR_RAISED;
    }
    return values;
}

/* IO::Buffer#set_value(type, offset, value) -> the offset behind it */
static MAY_SWITCH MAY_RAISE Value buffer_set_value(Fiber *f, Value self, const Args *args) {
    size_t offset;
    if (!tr_io_buffer_size(f, args->argv[1], "Offset", &offset)) return TR_RAISED;
    const ValueType *type = find_type(f, args->argv[0]);
    return type && write_value(f, self, type, &offset, args->argv[2]) ? TR_FIX(offset) : TR_RAISED;
}

static MAY_SWITCH MAY_RAISE Value buffer_set_values(Fiber *f, Value self, const Args *args) {
    size_t offset;
    Value types = args->argv[0], values = args->argv[2];
    if (!tr_is_array(types)) return tr_raise(f, tr_class.argument_error, "Argument buffer_types should be an array!");
    if (!tr_io_buffer_size(f, args->argv[1], "Offset", &offset)) return TR_RAISED;
    if (!tr_is_array(values)) return tr_raise(f, tr_class.argument_error, "Argument values should be an array!");
    if (tr_array_count(types) != tr_array_count(values))
        return tr_raise(f, tr_class.argument_error, "Argument buffer_types and values should have equal length!");
    for (size_t i = 0; i < tr_array_count(types) && i < tr_array_count(values); i++) {
        const ValueType *type = find_type(f, tr_array_at(types, i));
        if (!type || !write_value(f, self, type, &offset, tr_array_at(values, i))) return TR_RAISED;
    }
    return TR_FIX(offset);
}

/* Arguments (offset = 0, count = as many as there are) from `at`. */
static MAY_GC MAY_RAISE bool sequence(Fiber *f, Value self, const Args *args, int at, const ValueType *type, size_t *offset, size_t *count) {
    *offset = 0;
    if (at < args->argc && args->argv[at] != TR_NIL && !tr_io_buffer_size(f, args->argv[at], "Offset", offset)) return false;
    if (at + 1 < args->argc && args->argv[at + 1] != TR_NIL) return tr_io_buffer_size(f, args->argv[at + 1], "Count", count);
    size_t size = tr_io_buffer(self)->size;
    *count = *offset < size ? (size - *offset) / type->bytes : 0;
    return true;
}

/* IO::Buffer#each(type, offset = 0, count = all) { |offset, value| … } -> self */
static MAY_SWITCH MAY_RAISE Value buffer_each(Fiber *f, Value self, const Args *args) {
    size_t offset, count;
    if (!tr_block_is_given(args->block)) return tr_enumerator(f, self, args, NULL);
    const ValueType *type = args->argc > 0 ? find_type(f, args->argv[0]) : &value_types[0];
    if (!type || !sequence(f, self, args, 1, type, &offset, &count)) return TR_RAISED;
    for (; count > 0; count--) {
        size_t at = offset;
        Value v = read_value(f, self, type, &offset);
        if (v == TR_RAISED || tr_yield2(f, args->block, TR_FIX(at), v) == TR_RAISED || TR_SAFEPOINT(f) == TR_RAISED) return TR_RAISED;
    }
    return self;
}

static MAY_SWITCH MAY_RAISE Value buffer_each_byte(Fiber *f, Value self, const Args *args) {
    size_t offset, count;
    if (!tr_block_is_given(args->block)) return tr_enumerator(f, self, args, NULL);
    if (!sequence(f, self, args, 0, &value_types[0], &offset, &count)) return TR_RAISED;
    for (; count > 0; count--) {
        Value v = read_value(f, self, &value_types[0], &offset);
        if (v == TR_RAISED || tr_yield1(f, args->block, v) == TR_RAISED || TR_SAFEPOINT(f) == TR_RAISED) return TR_RAISED;
    }
    return self;
}

/* IO::Buffer#values(type, offset = 0, count = all) -> Array */
static MAY_SWITCH MAY_RAISE Value buffer_values(Fiber *f, Value self, const Args *args) {
    size_t offset, count;
    const ValueType *type = args->argc > 0 ? find_type(f, args->argv[0]) : &value_types[0];
    if (!type || !sequence(f, self, args, 1, type, &offset, &count)) return TR_RAISED;
    Value values = tr_array_new(f, 0);
    for (; count > 0; count--) {
        Value v = read_value(f, self, type, &offset);
        if (v == TR_RAISED || tr_array_push(f, values, v) == TR_RAISED) return TR_RAISED;
    }
    return values;
}

/* ---- Strings and other buffers ---- */

/* IO::Buffer#get_string(offset = 0, length = the rest, encoding = BINARY) */
static MAY_SWITCH MAY_RAISE Value buffer_get_string(Fiber *f, Value self, const Args *args) {
    size_t offset, length;
    int encoding = ENCODING_BINARY;
    if (!tr_io_buffer_range(f, self, args, 1, 0, &length, &offset) || !tr_io_buffer_check_range(f, self, offset, length))
        return TR_RAISED;
    if (args->argc > 2 && args->argv[2] != TR_NIL && (encoding = tr_encoding_from_value(f, args->argv[2])) < 0) return TR_RAISED;
    Value string = tr_string_new_capacity(f, length, encoding);
    const uint8_t *bytes = tr_io_buffer_reading(f, self);
    if (!bytes) return TR_RAISED;
    return tr_string_append_bytes(f, string, (const char *)bytes + offset, length);
}

typedef struct CopyWork { uint8_t *to; const uint8_t *from; size_t size; } CopyWork;

static void copy_bytes(void *data) {
    CopyWork *work = data;
    memmove(work->to, work->from, work->size); /* they may be parts of one buffer */
}

/* (source, offset = 0, length = what source has from source_offset, source_offset = 0) with source of `size` bytes. */
static MAY_SWITCH MAY_RAISE bool copy_range(Fiber *f, Value self, const Args *args, size_t size, size_t *offset, size_t *length,
                                            size_t *source_offset) {
    *offset = *source_offset = 0;
    if (args->argc > 1 && args->argv[1] != TR_NIL && !tr_io_buffer_size(f, args->argv[1], "Offset", offset)) return false;
    if (args->argc > 3 && args->argv[3] != TR_NIL && !tr_io_buffer_size(f, args->argv[3], "Offset", source_offset)) return false;
    if (*source_offset > size)
        return tr_raise(f, tr_class.argument_error, "The given source offset is bigger than the buffer size!") != TR_RAISED;
    *length = size - *source_offset;
    if (args->argc > 2 && args->argv[2] != TR_NIL && !tr_io_buffer_size(f, args->argv[2], "Length", length)) return false;
    if (*length > size - *source_offset)
        return tr_raise(f, tr_class.argument_error, "Specified source offset+length is bigger than the buffer size!") != TR_RAISED;
    return tr_io_buffer_check_range(f, self, *offset, *length);
}

enum { COPY_APART_BYTES = 1 << 20 }; /* so much is worth a helper thread while other fibers go on */

/* Both buffers keep their memory meanwhile, since they are locked. */
static MAY_SWITCH MAY_RAISE Value copy_apart(Fiber *f, Value self, Value source, CopyWork *work) {
    IoBuffer *to = tr_io_buffer(self), *from = tr_io_buffer(source);
    uint32_t to_lock = ~to->flags & BUFFER_LOCKED, from_lock = ~from->flags & BUFFER_LOCKED;
    to->flags |= BUFFER_LOCKED;
    from->flags |= BUFFER_LOCKED;
    Value result = tr_blocking_call(f, copy_bytes, work);
    from->flags &= ~from_lock;
    to->flags &= ~to_lock;
    return result;
}

/* IO::Buffer#copy(source, offset = 0, length = all, source_offset = 0) -> length */
static MAY_SWITCH MAY_RAISE Value buffer_copy(Fiber *f, Value self, const Args *args) {
    Value source = args->argv[0];
    size_t offset, length, source_offset;
    if (!tr_io_buffer_check(f, source)) return TR_RAISED;
    if (!copy_range(f, self, args, tr_io_buffer(source)->size, &offset, &length, &source_offset)) return TR_RAISED;
    uint8_t *to = tr_io_buffer_writing(f, self);
    const uint8_t *from = to ? tr_io_buffer_reading(f, source) : NULL;
    if (!from) return TR_RAISED;
    CopyWork work = { to + offset, from + source_offset, length };
    bool is_apart = length >= COPY_APART_BYTES && tr_fiber_scheduler(f) != TR_NIL && tr_io_buffer(self)->source == TR_NIL &&
                    tr_io_buffer(source)->source == TR_NIL;
    if (!is_apart) copy_bytes(&work);
    else if (copy_apart(f, self, source, &work) == TR_RAISED) return TR_RAISED;
    return TR_FIX(length);
}

/* IO::Buffer#set_string(string, offset = 0, length = all, source_offset = 0) -> length */
static MAY_SWITCH MAY_RAISE Value buffer_set_string(Fiber *f, Value self, const Args *args) {
    Value source = tr_to_str(f, args->argv[0]);
    size_t offset, length, source_offset;
    if (source == TR_RAISED) return TR_RAISED;
    uint8_t *to = tr_io_buffer_writing(f, self);
    if (!to || !copy_range(f, self, args, tr_string(source)->size, &offset, &length, &source_offset)) return TR_RAISED;
    memmove(to + offset, tr_string(source)->bytes + source_offset, length);
    TR_KEEP(source);
    return TR_FIX(length);
}

/* IO::Buffer#clear(value = 0, offset = 0, length = the rest) -> self */
static MAY_SWITCH MAY_RAISE Value buffer_clear(Fiber *f, Value self, const Args *args) {
    int64_t value = 0;
    size_t offset, length;
    if (args->argc > 0 && !tr_to_long(f, args->argv[0], &value)) return TR_RAISED;
    if (!tr_io_buffer_range(f, self, args, 2, 1, &length, &offset) || !tr_io_buffer_check_range(f, self, offset, length))
        return TR_RAISED;
    uint8_t *bytes = tr_io_buffer_writing(f, self);
    if (!bytes) return TR_RAISED;
    memset(bytes + offset, (uint8_t)value, length);
    return self;
}

/* IO::Buffer#<=>: the shorter one first, then byte by byte */
static MAY_GC MAY_RAISE Value buffer_compare(Fiber *f, Value self, const Args *args) {
    Value other = args->argv[0];
    if (!tr_io_buffer_check(f, other)) return TR_RAISED;
    const uint8_t *mine = tr_io_buffer_reading(f, self), *theirs = mine ? tr_io_buffer_reading(f, other) : NULL;
    if (!theirs) return TR_RAISED;
    size_t a = tr_io_buffer(self)->size, b = tr_io_buffer(other)->size;
    if (a != b) return TR_FIX(a < b ? -1 : 1);
    int order = memcmp(mine, theirs, a);
    return TR_FIX(order < 0 ? -1 : order > 0);
}

/* ---- bits ---- */

static uint8_t combine(char operator, uint8_t byte, uint8_t mask) {
    switch (operator) {
    case '&': return byte & mask;
    case '|': return byte | mask;
    case '^': return byte ^ mask;
    default: return (uint8_t)~byte;
    }
}

/* to[i] = from[i] op mask[i], the mask being repeated. `mask` is TR_UNDEF for ~. */
static MAY_GC MAY_RAISE Value apply_mask(Fiber *f, Value to, Value from, Value mask, char operator) {
    const uint8_t *mask_bytes = NULL;
    size_t mask_size = 1, size = tr_io_buffer(from)->size;
    if (mask != TR_UNDEF) {
        if (!tr_io_buffer_check(f, mask)) return TR_RAISED;
        mask_size = tr_io_buffer(mask)->size;
        if (mask_size == 0) return tr_io_buffer_raise(f, "MaskError", "Zero-length mask given!");
        if (!(mask_bytes = tr_io_buffer_reading(f, mask))) return TR_RAISED;
    }
    const uint8_t *bytes = tr_io_buffer_reading(f, from);
    uint8_t *result = bytes ? tr_io_buffer_writing(f, to) : NULL;
    if (!result) return TR_RAISED;
    if (to == from && mask_bytes && mask_bytes < bytes + size && bytes < mask_bytes + mask_size)
        return tr_io_buffer_raise(f, "MaskError", "Mask overlaps source buffer!");
    for (size_t i = 0, m = 0; i < size; i++, m = m + 1 == mask_size ? 0 : m + 1)
        result[i] = combine(operator, bytes[i], mask_bytes ? mask_bytes[m] : 0);
    return to;
}

static MAY_GC MAY_RAISE Value masked_copy(Fiber *f, Value self, Value mask, char operator) {
    if (mask != TR_UNDEF && !tr_io_buffer_check(f, mask)) return TR_RAISED;
    Value result = tr_io_buffer_new(f, tr_io_buffer(self)->size, 0);
    return result == TR_RAISED ? TR_RAISED : apply_mask(f, result, self, mask, operator);
}

static MAY_GC MAY_RAISE Value buffer_and(Fiber *f, Value self, const Args *args) { return masked_copy(f, self, args->argv[0], '&'); }
static MAY_GC MAY_RAISE Value buffer_or(Fiber *f, Value self, const Args *args) { return masked_copy(f, self, args->argv[0], '|'); }
static MAY_GC MAY_RAISE Value buffer_xor(Fiber *f, Value self, const Args *args) { return masked_copy(f, self, args->argv[0], '^'); }
static MAY_GC MAY_RAISE Value buffer_not(Fiber *f, Value self, const Args *args) { (void)args; return masked_copy(f, self, TR_UNDEF, '~'); }
static MAY_GC MAY_RAISE Value buffer_and_here(Fiber *f, Value self, const Args *args) { return apply_mask(f, self, self, args->argv[0], '&'); }
static MAY_GC MAY_RAISE Value buffer_or_here(Fiber *f, Value self, const Args *args) { return apply_mask(f, self, self, args->argv[0], '|'); }
static MAY_GC MAY_RAISE Value buffer_xor_here(Fiber *f, Value self, const Args *args) { return apply_mask(f, self, self, args->argv[0], '^'); }
static MAY_GC MAY_RAISE Value buffer_not_here(Fiber *f, Value self, const Args *args) { (void)args; return apply_mask(f, self, self, TR_UNDEF, '~'); }

const MethodDef tr_io_buffer_data_singleton_methods[] = {
    { "size_of", buffer_s_size_of, ARITY(1, 1), 0 },
    { NULL, NULL, 0, 0, 0 }
};
const MethodDef tr_io_buffer_data_methods[] = {
    { "get_value", buffer_get_value, ARITY(2, 2), 0 },
    { "get_values", buffer_get_values, ARITY(2, 2), 0 },
    { "set_value", buffer_set_value, ARITY(3, 3), 0 },
    { "set_values", buffer_set_values, ARITY(3, 3), 0 },
    { "each", buffer_each, ARITY(0, 3), 0 },
    { "each_byte", buffer_each_byte, ARITY(0, 2), 0 },
    { "values", buffer_values, ARITY(0, 3), 0 },
    { "get_string", buffer_get_string, ARITY(0, 3), 0 },
    { "set_string", buffer_set_string, ARITY(1, 4), 0 },
    { "copy", buffer_copy, ARITY(1, 4), 0 },
    { "clear", buffer_clear, ARITY(0, 3), 0 },
    { "<=>", buffer_compare, ARITY(1, 1), 0 },
    { "&", buffer_and, ARITY(1, 1), 0 },
    { "|", buffer_or, ARITY(1, 1), 0 },
    { "^", buffer_xor, ARITY(1, 1), 0 },
    { "~", buffer_not, ARITY(0, 0), 0 },
    { "and!", buffer_and_here, ARITY(1, 1), 0 },
    { "or!", buffer_or_here, ARITY(1, 1), 0 },
    { "xor!", buffer_xor_here, ARITY(1, 1), 0 },
    { "not!", buffer_not_here, ARITY(0, 0), 0 },
    { NULL, NULL, 0, 0, 0 }
};
