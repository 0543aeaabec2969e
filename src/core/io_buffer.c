/* io_buffer.c - IO::Buffer: making, freeing, slicing, locking, and how it shows. What is done with the bytes:
 * io_buffer_data.c; reading and writing: io_buffer_io.c. See io_buffer.h for whose the memory is.
 *
 * A slice names the buffer it is of, and knows by that buffer's present memory whether its own part is still there. A
 * String that is lent out (IO::Buffer.for with a block) is locked, so that Ruby cannot change it under the buffer; should
 * its bytes go all the same (it was moved to another Ractor), the same question finds out.
 */
#include "core/io_buffer.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/io.h"

enum { PAGE_BYTES = 4096, DEFAULT_BYTES = 65536, DUMP_BYTES_MAX = 256, DUMP_WIDTH = 16, DUMP_WIDTH_MIN = 8 };

static Class *buffer_class; /* these are set at boot */
static struct { const char *name; Class *klass; } buffer_errors[] = {
    { "LockedError", NULL }, { "AllocationError", NULL }, { "AccessError", NULL }, { "InvalidatedError", NULL }, { "MaskError", NULL } };
enum { BUFFER_ERROR_COUNT = sizeof buffer_errors / sizeof *buffer_errors };

/* ---- memory ---- */

static void io_buffer_trace(Tracer *tracer, Value v) { tr_trace(tracer, tr_io_buffer(v)->source); }

/* Gives the memory back if it is ours; the buffer is null afterwards. */
static void release(Heap *heap, IoBuffer *b) {
    if (b->bytes && b->flags & BUFFER_INTERNAL && b->source == TR_NIL) tr_buffer_free(heap, b->bytes, b->size);
    if (b->bytes && b->flags & BUFFER_MAPPED && b->source == TR_NIL) munmap(b->bytes, b->size);
    b->bytes = NULL;
    b->size = 0;
    b->flags = 0;
}

static void io_buffer_free(Heap *heap, Value v) { release(heap, tr_io_buffer(v)); }
static size_t io_buffer_memory(Value v) { return tr_io_buffer(v)->flags & BUFFER_INTERNAL ? tr_io_buffer(v)->size : 0; }

const DataType tr_io_buffer_type = { .name = "IO::Buffer", .bytes = sizeof(IoBuffer), .trace = io_buffer_trace,
                                     .free = io_buffer_free, .size = io_buffer_memory };

static MAY_GC Value buffer_alloc(Fiber *f, Class *klass) {
    IoBuffer *b = tr_data_alloc(f, &tr_io_buffer_type, klass);
    b->source = TR_NIL;
    return (Value)b;
}

Value tr_io_buffer_raise(Fiber *f, const char *error_class, const char *message) {
    int i = 0;
    while (i < BUFFER_ERROR_COUNT - 1 && strcmp(buffer_errors[i].name, error_class) != 0) i++;
    return tr_raise(f, buffer_errors[i].klass, "%s", message);
}

static MAY_GC MAY_RAISE bool allocate(Fiber *f, Value self, size_t size, uint32_t flags) {
    uint8_t *bytes = NULL;
    if (size == 0) return true; /* a null buffer, whatever the flags */
    if (flags & BUFFER_INTERNAL) {
        bytes = size < SIZE_MAX / 2 ? tr_buffer_alloc(f, size) : NULL;
        if (bytes) memset(bytes, 0, size);
    } else if (flags & BUFFER_MAPPED) {
        int sharing = flags & BUFFER_SHARED ? MAP_SHARED : MAP_PRIVATE;
        bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, sharing | MAP_ANONYMOUS, -1, 0);
        if (bytes == MAP_FAILED) bytes = NULL;
    }
    if (!bytes) return tr_io_buffer_raise(f, "AllocationError", "Could not allocate buffer!") != TR_RAISED;
    IoBuffer *b = tr_io_buffer(self);
    b->bytes = bytes;
    b->size = size;
    b->flags = flags;
    return true;
}

static uint32_t kind_for(size_t size) { return size >= PAGE_BYTES ? BUFFER_MAPPED : BUFFER_INTERNAL; }

Value tr_io_buffer_new(Fiber *f, size_t size, uint32_t more_flags) {
    Value v = buffer_alloc(f, buffer_class);
    return allocate(f, v, size, BUFFER_INTERNAL | more_flags) ? v : TR_RAISED;
}

void tr_io_buffer_end(Fiber *f, Value buffer) { release(f->heap, tr_io_buffer(buffer)); }

/* ---- whether it is there ---- */

static bool lies_within(const IoBuffer *b, const uint8_t *bytes, size_t size) {
    return bytes && b->bytes >= bytes && b->size <= size && (size_t)(b->bytes - bytes) <= size - b->size;
}

static bool is_valid(const IoBuffer *b) {
    if (b->source == TR_NIL || !b->bytes) return true;
    if (tr_is_string(b->source)) return lies_within(b, (uint8_t *)tr_string(b->source)->bytes, tr_string(b->source)->size);
    if (!tr_data_is(b->source, &tr_io_buffer_type)) return false; /* it was moved to another Ractor */
    const IoBuffer *source = tr_io_buffer(b->source);
    return lies_within(b, source->bytes, source->size) && is_valid(source);
}

const uint8_t *tr_io_buffer_reading(Fiber *f, Value v) {
    const IoBuffer *b = tr_io_buffer(v);
    const char *error = !is_valid(b) ? "InvalidatedError" : !b->bytes ? "AllocationError" : NULL;
    if (TR_LIKELY(!error)) return b->bytes;
    (void)!tr_io_buffer_raise(f, error, is_valid(b) ? "The buffer is not allocated!" : "Buffer has been invalidated!");
    return NULL;
}

/* With nothing to read or write a null buffer will do, and any pointer that is none. */
static uint8_t nothing[1];

static MAY_GC MAY_RAISE const uint8_t *reading_or_nothing(Fiber *f, Value v) {
    return !tr_io_buffer(v)->bytes ? nothing : tr_io_buffer_reading(f, v);
}

uint8_t *tr_io_buffer_writing(Fiber *f, Value v) {
    const IoBuffer *b = tr_io_buffer(v);
    bool is_lent = !tr_is_string(b->source) || tr_has_flag(b->source, STRING_LOCKED); /* a String only while it is locked */
    if (b->flags & BUFFER_READONLY || !is_lent) {
        (void)!tr_io_buffer_raise(f, "AccessError", "Buffer is not writable!");
        return NULL;
    }
    return (uint8_t *)tr_io_buffer_reading(f, v);
}

bool tr_io_buffer_check(Fiber *f, Value v) {
    if (tr_data_is(v, &tr_io_buffer_type)) return true;
    const char *name = v == TR_NIL ? "nil" : v == TR_TRUE ? "true" : v == TR_FALSE ? "false" : tr_class_cname(tr_real_class_of(v));
    return tr_raise(f, tr_class.type_error, "wrong argument type %s (expected IO::Buffer)", name) != TR_RAISED;
}

/* ---- arguments ---- */

bool tr_io_buffer_size(Fiber *f, Value v, const char *what, size_t *size) {
    int64_t n;
    if (!tr_is_integer(v)) return tr_raise(f, tr_class.type_error, "not an Integer") != TR_RAISED;
    if (!tr_integer_fits_int64(v, &n))
        return tr_raise(f, tr_class.range_error, "bignum too big to convert into 'unsigned long'") != TR_RAISED;
    if (n < 0) return tr_raise(f, tr_class.argument_error, "%s can't be negative!", what) != TR_RAISED;
    *size = (size_t)n;
    return true;
}

bool tr_io_buffer_check_range(Fiber *f, Value self, size_t offset, size_t length) {
    size_t size = tr_io_buffer(self)->size;
    if (offset <= size && length <= size - offset) return true;
    return tr_raise(f, tr_class.argument_error, "Specified offset+length is bigger than the buffer size!") != TR_RAISED;
}

bool tr_io_buffer_range(Fiber *f, Value self, const Args *args, int length_at, int offset_at, size_t *length, size_t *offset) {
    *offset = 0;
    if (offset_at < args->argc && args->argv[offset_at] != TR_NIL &&
        !tr_io_buffer_size(f, args->argv[offset_at], "Offset", offset)) return false;
    if (length_at < args->argc && args->argv[length_at] != TR_NIL) return tr_io_buffer_size(f, args->argv[length_at], "Length", length);
    size_t size = tr_io_buffer(self)->size;
    if (*offset > size) return tr_raise(f, tr_class.argument_error, "The given offset is bigger than the buffer size!") != TR_RAISED;
    *length = size - *offset;
    return true;
}

/* ---- making ---- */

/* IO::Buffer.new(size = DEFAULT_SIZE, flags = by the size) */
static MAY_GC MAY_RAISE Value buffer_initialize(Fiber *f, Value self, const Args *args) {
    size_t size = DEFAULT_BYTES, flags;
    if (args->argc > 0 && !tr_io_buffer_size(f, args->argv[0], "Size", &size)) return TR_RAISED;
    flags = kind_for(size);
    if (args->argc > 1 && !tr_io_buffer_size(f, args->argv[1], "Flags", &flags)) return TR_RAISED;
    release(f->heap, tr_io_buffer(self));
    return allocate(f, self, size, (uint32_t)flags) ? self : TR_RAISED;
}

/* A copy has memory of its own. */
static MAY_GC MAY_RAISE Value buffer_initialize_copy(Fiber *f, Value self, const Args *args) {
    Value from = args->argv[0];
    if (!tr_io_buffer_check(f, from) || !reading_or_nothing(f, from)) return TR_RAISED;
    size_t size = tr_io_buffer(from)->size;
    release(f->heap, tr_io_buffer(self));
    tr_io_buffer(self)->source = TR_NIL;
    if (!allocate(f, self, size, kind_for(size))) return TR_RAISED;
    if (size) memcpy(tr_io_buffer(self)->bytes, tr_io_buffer(from)->bytes, size);
    return self;
}

static MAY_GC Value over_string(Fiber *f, Class *klass, Value string, uint32_t more_flags) {
    Value v = buffer_alloc(f, klass);
    IoBuffer *b = tr_io_buffer(v);
    tr_write(v, &b->source, string);
    b->bytes = (uint8_t *)tr_string(string)->bytes;
    b->size = tr_string(string)->size;
    b->flags = BUFFER_EXTERNAL | more_flags;
    return v;
}

/* Runs the block with a buffer over the String, which nobody changes otherwise meanwhile. */
static MAY_SWITCH MAY_RAISE Value lend_string(Fiber *f, Class *klass, Value string, Block block) {
    if (tr_has_flag(string, STRING_LOCKED)) return tr_raise(f, tr_class.runtime_error, "temporal locking already locked string");
    if (tr_string_reserve(f, string, tr_string(string)->size) == TR_RAISED) return TR_RAISED;
    tr_header(string)->flags |= STRING_LOCKED | TR_FLAG_CHILLED;
    Value buffer = over_string(f, klass, string, 0);
    Value result = tr_yield1(f, block, buffer);
    release(f->heap, tr_io_buffer(buffer));
    tr_io_buffer(buffer)->source = TR_NIL;
    if (tr_is_string(string)) {
        tr_header(string)->flags &= ~(uint32_t)(STRING_LOCKED | TR_FLAG_CHILLED);
        tr_string_set_coderange(string, CODERANGE_UNKNOWN);
    }
    return result;
}

/* IO::Buffer.for(string) -> a read-only buffer over a copy; with a block: over the String itself, for its duration */
static MAY_SWITCH MAY_RAISE Value buffer_s_for(Fiber *f, Value self, const Args *args) {
    Value string = tr_to_str(f, args->argv[0]);
    if (string == TR_RAISED) return TR_RAISED;
    if (!tr_block_is_given(args->block)) {
        string = tr_string_frozen_copy(f, string);
        return over_string(f, (Class *)self, string, BUFFER_READONLY);
    }
    if (!tr_is_frozen(string)) return lend_string(f, (Class *)self, string, args->block);
    Value buffer = over_string(f, (Class *)self, string, BUFFER_READONLY);
    Value result = tr_yield1(f, args->block, buffer);
    release(f->heap, tr_io_buffer(buffer));
    return result;
}

/* IO::Buffer.string(length) { |buffer| … } -> the String that the block filled */
static MAY_SWITCH MAY_RAISE Value buffer_s_string(Fiber *f, Value self, const Args *args) {
    int64_t size;
    if (!tr_to_long(f, args->argv[0], &size)) return TR_RAISED;
    if (size < 0) return tr_raise(f, tr_class.argument_error, "negative string size (or size too big)");
    if (!tr_block_is_given(args->block)) return tr_raise(f, tr_class.local_jump_error, "no block given");
    Value string = tr_string_new_encoded(f, "", 0, ENCODING_BINARY);
    if (tr_string_resize(f, string, (size_t)size) == TR_RAISED) return TR_RAISED;
    return lend_string(f, (Class *)self, string, args->block) == TR_RAISED ? TR_RAISED : string;
}

static MAY_GC MAY_RAISE Value map_file(Fiber *f, Class *klass, int fd, size_t size, int64_t offset, uint32_t flags) {
    int protection = PROT_READ | (flags & BUFFER_READONLY ? 0 : PROT_WRITE);
    uint8_t *bytes = mmap(NULL, size, protection, flags & BUFFER_PRIVATE ? MAP_PRIVATE : MAP_SHARED, fd, (off_t)offset);
    if (bytes == MAP_FAILED) return tr_raise_errno(f, errno, "io_buffer_map_file:mmap");
    Value v = buffer_alloc(f, klass);
    IoBuffer *b = tr_io_buffer(v);
    b->bytes = bytes;
    b->size = size;
    b->flags = BUFFER_MAPPED | BUFFER_FILE | (flags & (BUFFER_READONLY | BUFFER_PRIVATE));
    b->flags |= flags & BUFFER_PRIVATE ? 0 : BUFFER_SHARED | BUFFER_EXTERNAL;
    return v;
}

/* IO::Buffer.map(file, size = all, offset = 0, flags = 0) */
static MAY_SWITCH MAY_RAISE Value buffer_s_map(Fiber *f, Value self, const Args *args) {
    Value io = tr_to_io(f, args->argv[0]);
    Stream *stream = io == TR_RAISED ? NULL : tr_io_stream(f, io);
    struct stat status;
    size_t size = 0, flags = 0;
    int64_t offset = 0;
    if (!stream) return TR_RAISED;
    if (fstat(stream->fd, &status) < 0) return tr_raise_errno(f, errno, NULL);
    if (args->argc > 2 && !tr_to_long(f, args->argv[2], &offset)) return TR_RAISED;
    if (offset < 0) return tr_raise(f, tr_class.argument_error, "Offset can't be negative!");
    if (args->argc > 1 && args->argv[1] != TR_NIL) {
        if (!tr_io_buffer_size(f, args->argv[1], "Size", &size)) return TR_RAISED;
        if (size == 0) return tr_raise(f, tr_class.argument_error, "Size can't be zero!");
        if ((int64_t)size > status.st_size) return tr_raise(f, tr_class.argument_error, "Size can't be larger than file size!");
    } else {
        if (status.st_size <= 0) return tr_raise(f, tr_class.argument_error, "Invalid negative or zero file size!");
        size = (size_t)(status.st_size - (offset < status.st_size ? offset : 0));
    }
    if (offset >= status.st_size || (size_t)(status.st_size - offset) < size)
        return tr_raise(f, tr_class.argument_error, "Offset too large!");
    if (args->argc > 3 && !tr_io_buffer_size(f, args->argv[3], "Flags", &flags)) return TR_RAISED;
    return map_file(f, (Class *)self, stream->fd, size, offset, (uint32_t)flags);
}

/* ---- life ---- */

static MAY_GC MAY_RAISE bool check_unlocked(Fiber *f, Value self, const char *message) {
    if (!(tr_io_buffer(self)->flags & BUFFER_LOCKED)) return true;
    return tr_io_buffer_raise(f, "LockedError", message) != TR_RAISED;
}

static MAY_GC MAY_RAISE Value buffer_free_now(Fiber *f, Value self, const Args *args) {
    (void)args;
    if (!check_unlocked(f, self, "Buffer is locked!")) return TR_RAISED;
    release(f->heap, tr_io_buffer(self));
    tr_io_buffer(self)->source = TR_NIL;
    return self;
}

static MAY_GC MAY_RAISE bool resize_own(Fiber *f, Value self, size_t size) {
    IoBuffer *b = tr_io_buffer(self);
    size_t old = b->size;
    uint8_t *bytes;
    if (b->flags & BUFFER_INTERNAL) {
        bytes = tr_buffer_realloc(f, b->bytes, old, size);
    } else {
        bytes = mremap(b->bytes, old, size, MREMAP_MAYMOVE);
        if (bytes == MAP_FAILED) bytes = NULL;
    }
    if (!bytes) return tr_io_buffer_raise(f, "AllocationError", "Could not allocate buffer!") != TR_RAISED;
    if (size > old) memset(bytes + old, 0, size - old); /* a mapping may still hold what lay in the rest of its page */
    b->bytes = bytes;
    b->size = size;
    return true;
}

/* IO::Buffer#resize(size) -> self; what is new is zero */
static MAY_GC MAY_RAISE Value buffer_resize(Fiber *f, Value self, const Args *args) {
    size_t size;
    IoBuffer *b = tr_io_buffer(self);
    if (!tr_io_buffer_size(f, args->argv[0], "Size", &size)) return TR_RAISED;
    if (!check_unlocked(f, self, "Cannot resize locked buffer!")) return TR_RAISED;
    if (!b->bytes) {
        b->source = TR_NIL;
        return allocate(f, self, size, kind_for(size)) ? self : TR_RAISED;
    }
    if (b->flags & BUFFER_EXTERNAL || b->source != TR_NIL)
        return tr_io_buffer_raise(f, "AccessError", "Cannot resize external buffer!");
    if (size == 0) release(f->heap, b);
    else if (!resize_own(f, self, size)) return TR_RAISED;
    return self;
}

/* IO::Buffer#transfer -> a new buffer with our memory; self is null then */
static MAY_GC MAY_RAISE Value buffer_transfer(Fiber *f, Value self, const Args *args) {
    (void)args;
    if (!check_unlocked(f, self, "Cannot transfer ownership of locked buffer!")) return TR_RAISED;
    Value v = buffer_alloc(f, tr_real_class_of(self));
    IoBuffer *to = tr_io_buffer(v), *from = tr_io_buffer(self);
    to->bytes = from->bytes;
    to->size = from->size;
    to->flags = from->flags;
    tr_write(v, &to->source, from->source);
    from->bytes = NULL;
    from->size = from->flags = 0;
    from->source = TR_NIL;
    return v;
}

/* IO::Buffer#slice(offset = 0, length = the rest) -> a buffer that shows part of our memory */
static MAY_SWITCH MAY_RAISE Value buffer_slice(Fiber *f, Value self, const Args *args) {
    size_t offset, length;
    if (!tr_io_buffer_range(f, self, args, 1, 0, &length, &offset) || !tr_io_buffer_check_range(f, self, offset, length))
        return TR_RAISED;
    if (!reading_or_nothing(f, self)) return TR_RAISED;
    Value v = buffer_alloc(f, tr_real_class_of(self));
    IoBuffer *slice = tr_io_buffer(v), *b = tr_io_buffer(self);
    if (!b->bytes) return v;
    slice->bytes = b->bytes + offset;
    slice->size = length;
    slice->flags = b->flags & BUFFER_READONLY;
    tr_write(v, &slice->source, tr_is_string(b->source) ? b->source : self);
    return v;
}

/* IO::Buffer#locked { … }: nobody resizes, frees or transfers it meanwhile */
static MAY_SWITCH MAY_RAISE Value buffer_locked(Fiber *f, Value self, const Args *args) {
    if (tr_need_block(f, args) == TR_RAISED || !check_unlocked(f, self, "Buffer already locked!")) return TR_RAISED;
    tr_io_buffer(self)->flags |= BUFFER_LOCKED;
    Value result = tr_yield(f, args->block, 0, NULL);
    tr_io_buffer(self)->flags &= ~(uint32_t)BUFFER_LOCKED;
    return result;
}

/* ---- questions ---- */

static Value buffer_size(Fiber *f, Value self, const Args *args) { (void)f, (void)args; return TR_FIX(tr_io_buffer(self)->size); }
static Value buffer_is_valid(Fiber *f, Value self, const Args *args) { (void)f, (void)args; return tr_bool(is_valid(tr_io_buffer(self))); }
static Value buffer_is_null(Fiber *f, Value self, const Args *args) { (void)f, (void)args; return tr_bool(!tr_io_buffer(self)->bytes); }
static Value buffer_is_empty(Fiber *f, Value self, const Args *args) { (void)f, (void)args; return tr_bool(tr_io_buffer(self)->size == 0); }

static Value has_flag(Value self, uint32_t flag) { return tr_bool(tr_io_buffer(self)->flags & flag); }
static Value buffer_is_external(Fiber *f, Value self, const Args *args) { (void)f, (void)args; return has_flag(self, BUFFER_EXTERNAL); }
static Value buffer_is_internal(Fiber *f, Value self, const Args *args) { (void)f, (void)args; return has_flag(self, BUFFER_INTERNAL); }
static Value buffer_is_mapped(Fiber *f, Value self, const Args *args) { (void)f, (void)args; return has_flag(self, BUFFER_MAPPED); }
static Value buffer_is_shared(Fiber *f, Value self, const Args *args) { (void)f, (void)args; return has_flag(self, BUFFER_SHARED); }
static Value buffer_is_locked(Fiber *f, Value self, const Args *args) { (void)f, (void)args; return has_flag(self, BUFFER_LOCKED); }
static Value buffer_is_private(Fiber *f, Value self, const Args *args) { (void)f, (void)args; return has_flag(self, BUFFER_PRIVATE); }
static Value buffer_is_readonly(Fiber *f, Value self, const Args *args) { (void)f, (void)args; return has_flag(self, BUFFER_READONLY); }

/* #<IO::Buffer 0x…+size INTERNAL LOCKED …> */
static MAY_GC MAY_RAISE Value buffer_to_s(Fiber *f, Value self, const Args *args) {
    static const struct { uint32_t flag; const char *name; } names[] = {
        { BUFFER_EXTERNAL, " EXTERNAL" }, { BUFFER_INTERNAL, " INTERNAL" }, { BUFFER_MAPPED, " MAPPED" }, { BUFFER_FILE, " FILE" },
        { BUFFER_SHARED, " SHARED" }, { BUFFER_LOCKED, " LOCKED" }, { BUFFER_PRIVATE, " PRIVATE" }, { BUFFER_READONLY, " READONLY" } };
    (void)args;
    IoBuffer *b = tr_io_buffer(self);
    Value class_path = tr_class_path(f, tr_real_class_of(self));
    Value text = tr_string_format(f, "#<%s 0x%016zx+%zu", tr_string(class_path)->bytes, (size_t)b->bytes, b->size);
    TR_KEEP(class_path);
    if (!b->bytes && tr_string_append_cstr(f, text, " NULL") == TR_RAISED) return TR_RAISED;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (b->flags & names[i].flag && tr_string_append_cstr(f, text, names[i].name) == TR_RAISED) return TR_RAISED;
    if (b->source != TR_NIL && tr_string_append_cstr(f, text, " SLICE") == TR_RAISED) return TR_RAISED;
    return tr_string_append_cstr(f, text, ">");
}

/* Appends lines "0x00000010  68 65 6c … hel…" for the bytes; each but the first begins with a newline, if `is_more` all. */
static MAY_GC MAY_RAISE Value dump(Fiber *f, Value self, Value text, size_t offset, size_t length, size_t width, bool is_more) {
    for (size_t at = offset; at < offset + length; at += width, is_more = true) {
        size_t count = offset + length - at < width ? offset + length - at : width;
        Value line = tr_string_format(f, "%s0x%08zx ", is_more ? "\n" : "", at);
        for (size_t i = 0; i < width; i++) {
            char pair[8] = "   ";
            if (i < count) snprintf(pair, sizeof pair, " %02x", tr_io_buffer(self)->bytes[at + i]);
            if (tr_string_append_cstr(f, line, pair) == TR_RAISED) return TR_RAISED;
        }
        if (tr_string_append_cstr(f, line, " ") == TR_RAISED) return TR_RAISED;
        for (size_t i = 0; i < count; i++) {
            uint8_t byte = tr_io_buffer(self)->bytes[at + i];
            char shown[2] = { byte >= 32 && byte < 127 ? (char)byte : '.', 0 };
            if (tr_string_append_cstr(f, line, shown) == TR_RAISED) return TR_RAISED;
        }
        if (tr_string_append(f, text, line) == TR_RAISED) return TR_RAISED;
    }
    return text;
}

/* IO::Buffer#hexdump(offset = 0, length = the rest, width = 16) -> String */
static MAY_SWITCH MAY_RAISE Value buffer_hexdump(Fiber *f, Value self, const Args *args) {
    size_t offset, length, width = DUMP_WIDTH;
    if (!tr_io_buffer_range(f, self, args, 1, 0, &length, &offset) || !tr_io_buffer_check_range(f, self, offset, length))
        return TR_RAISED;
    if (args->argc > 2 && !tr_io_buffer_size(f, args->argv[2], "Width", &width)) return TR_RAISED;
    if (width < DUMP_WIDTH_MIN) return tr_raise(f, tr_class.argument_error, "Width must be at least %d!", DUMP_WIDTH_MIN);
    if (!tr_io_buffer(self)->bytes) return TR_NIL;
    if (!tr_io_buffer_reading(f, self)) return TR_RAISED;
    return dump(f, self, tr_string_new_ascii(f, ""), offset, length, width, false);
}

/* IO::Buffer#inspect: to_s, and the first bytes as hexdump shows them */
static MAY_GC MAY_RAISE Value buffer_inspect(Fiber *f, Value self, const Args *args) {
    Value text = buffer_to_s(f, self, args);
    IoBuffer *b = tr_io_buffer(self);
    if (text == TR_RAISED || !b->bytes || !is_valid(b)) return text;
    size_t shown = b->size < DUMP_BYTES_MAX ? b->size : DUMP_BYTES_MAX;
    if (dump(f, self, text, 0, shown, DUMP_WIDTH, true) == TR_RAISED || shown == b->size) return text;
    return tr_string_append(f, text, tr_string_format(f, "\n(and %zu more bytes not printed)", b->size - shown));
}

static const MethodDef buffer_methods[] = {
    { "initialize", buffer_initialize, ARITY(0, 2), METHOD_PRIVATE },
    { "initialize_copy", buffer_initialize_copy, ARITY(1, 1), METHOD_PRIVATE },
    { "free", buffer_free_now, ARITY(0, 0), 0 },
    { "resize", buffer_resize, ARITY(1, 1), 0 },
    { "transfer", buffer_transfer, ARITY(0, 0), 0 },
    { "slice", buffer_slice, ARITY(0, 2), 0 },
    { "locked", buffer_locked, ARITY(0, 0), 0 },
    { "size", buffer_size, ARITY(0, 0), 0 },
    { "valid?", buffer_is_valid, ARITY(0, 0), 0 },
    { "null?", buffer_is_null, ARITY(0, 0), 0 },
    { "empty?", buffer_is_empty, ARITY(0, 0), 0 },
    { "external?", buffer_is_external, ARITY(0, 0), 0 },
    { "internal?", buffer_is_internal, ARITY(0, 0), 0 },
    { "mapped?", buffer_is_mapped, ARITY(0, 0), 0 },
    { "shared?", buffer_is_shared, ARITY(0, 0), 0 },
    { "locked?", buffer_is_locked, ARITY(0, 0), 0 },
    { "private?", buffer_is_private, ARITY(0, 0), 0 },
    { "readonly?", buffer_is_readonly, ARITY(0, 0), 0 },
    { "to_s", buffer_to_s, ARITY(0, 0), 0 },
    { "inspect", buffer_inspect, ARITY(0, 0), 0 },
    { "hexdump", buffer_hexdump, ARITY(0, 3), 0 },
    { NULL, NULL, 0, 0, 0 }
};

static MAY_SWITCH void buffer_init(Fiber *f) {
    static const struct { const char *name; int value; } constants[] = {
        { "PAGE_SIZE", PAGE_BYTES }, { "DEFAULT_SIZE", DEFAULT_BYTES }, { "EXTERNAL", BUFFER_EXTERNAL },
        { "INTERNAL", BUFFER_INTERNAL }, { "MAPPED", BUFFER_MAPPED }, { "SHARED", BUFFER_SHARED }, { "LOCKED", BUFFER_LOCKED },
        { "PRIVATE", BUFFER_PRIVATE }, { "READONLY", BUFFER_READONLY }, { "FILE", BUFFER_FILE }, { "LITTLE_ENDIAN", 4 },
        { "BIG_ENDIAN", 8 }, { "HOST_ENDIAN", __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 4 : 8 }, { "NETWORK_ENDIAN", 8 } };
    Class *klass = buffer_class = tr_class_define(f, "Buffer", tr_class.object, tr_class.io);
    klass->alloc = buffer_alloc;
    klass->instance_type = TYPE_DATA;
    tr_define_methods(f, klass, buffer_methods);
    tr_define_methods(f, klass, tr_io_buffer_data_methods);
    tr_define_methods(f, klass, tr_io_buffer_io_methods);
    tr_define_singleton_method(f, (Value)klass, "for", buffer_s_for, 1, 1, 0);
    tr_define_singleton_method(f, (Value)klass, "string", buffer_s_string, 1, 1, 0);
    tr_define_singleton_method(f, (Value)klass, "map", buffer_s_map, 1, 4, 0);
    for (const MethodDef *m = tr_io_buffer_data_singleton_methods; m->name; m++)
        tr_define_singleton_method(f, (Value)klass, m->name, m->fn, m->min, m->max, m->flags);
    if (tr_module_include(f, klass, tr_class.comparable) == TR_RAISED) tr_rescue(f, NULL);
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        tr_const_define(f, klass, constants[i].name, TR_FIX(constants[i].value));
    for (int i = 0; i < BUFFER_ERROR_COUNT; i++) {
        Class *parent = i == BUFFER_ERROR_COUNT - 1 ? tr_class.argument_error : tr_class.runtime_error;
        buffer_errors[i].klass = tr_class_define(f, buffer_errors[i].name, parent, klass);
    }
}
const ClassDef tr_io_buffer_def = { .klass = &tr_class.io, .init = buffer_init };
