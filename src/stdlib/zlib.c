/* zlib.c - the primitives behind lib/zlib.rb, over zlib: checksums, and a stream that deflates or inflates.
 *
 * A stream takes a String and gives what came out, how it went and how much was taken; lib/zlib.rb keeps what was not taken,
 * decides what is an error, and reads and writes the gzip format.
 */
#define ZLIB_CONST
#include <zlib.h>

#include "core/core.h"
#include "core/require.h"
#include "value/data.h"

enum { CHUNK = 16384 };

typedef struct Stream {
    Data base;
    z_stream z; /* zlib points back at it: objects do not move */
    bool is_open, inflates;
} Stream;

static void close_stream(Stream *s) {
    if (!s->is_open) return;
    if (s->inflates) inflateEnd(&s->z);
    else deflateEnd(&s->z);
    s->is_open = false;
}

static void stream_free(Heap *heap, Value object) {
    (void)heap;
    close_stream((Stream *)object);
}
static const DataType stream_type = { .name = "Zlib/Engine", .bytes = sizeof(Stream), .free = stream_free };
static MAY_GC Value stream_alloc(Fiber *f, Class *klass) { return (Value)tr_data_alloc(f, &stream_type, klass); }

/* __open(inflates, level, window_bits, memory_level, strategy) -> status */
static MAY_SWITCH MAY_RAISE Value stream_open(Fiber *f, Value self, const Args *args) {
    Stream *s = (Stream *)self;
    int64_t n[4];
    for (int i = 0; i < 4; i++)
        if (!tr_to_long(f, args->argv[i + 1], &n[i])) return TR_RAISED;
    close_stream(s);
    s->inflates = tr_is_truthy(args->argv[0]);
    int status = s->inflates ? inflateInit2(&s->z, (int)n[1])
                             : deflateInit2(&s->z, (int)n[0], Z_DEFLATED, (int)n[1], (int)n[2], (int)n[3]);
    s->is_open = status == Z_OK;
    return TR_FIX(status);
}

static MAY_SWITCH MAY_RAISE Stream *open_stream(Fiber *f, Value self) {
    Stream *s = (Stream *)self;
    if (s->is_open) return s;
    (void)!tr_raise(f, tr_class.runtime_error, "stream is not ready");
    return NULL;
}

/* __run(input, flush) -> [output, status, bytes taken] */
static MAY_SWITCH MAY_RAISE Value stream_run(Fiber *f, Value self, const Args *args) {
    Stream *s = open_stream(f, self);
    Value input = s ? tr_to_str(f, args->argv[0]) : TR_RAISED;
    int64_t flush;
    if (input == TR_RAISED || !tr_to_long(f, args->argv[1], &flush)) return TR_RAISED;
    input = tr_string_dup(f, input); /* what it shares nobody changes */
    size_t size = tr_string(input)->size, written = 0;
    if (size > UINT32_MAX) return tr_raise(f, tr_class.argument_error, "string too long for zlib");
    Value output = tr_string_new_capacity(f, CHUNK, ENCODING_BINARY);
    s->z.next_in = (const Bytef *)tr_string(input)->bytes;
    s->z.avail_in = (uInt)size;
    int status;
    size_t room = CHUNK;
    do {
        if (tr_string_resize(f, output, written + room) == TR_RAISED) return TR_RAISED;
        s->z.next_out = (Bytef *)tr_string(output)->bytes + written;
        s->z.avail_out = (uInt)room;
        status = s->inflates ? inflate(&s->z, (int)flush) : deflate(&s->z, (int)flush);
        written += room - s->z.avail_out;
        if (room < 1 << 24) room *= 2;
    } while (status == Z_OK && s->z.avail_out == 0);
    if (tr_string_resize(f, output, written) == TR_RAISED) return TR_RAISED;
    int64_t taken = (int64_t)(size - s->z.avail_in);
    s->z.next_in = NULL;
    s->z.avail_in = 0;
    TR_KEEP(input);
    return tr_array_new_values(f, 3, output, TR_FIX(status), TR_FIX(taken));
}

static MAY_GC Value stream_message(Fiber *f, Value self, const Args *args) {
    (void)args;
    const char *text = ((Stream *)self)->z.msg;
    return text ? tr_string_new_cstr(f, text) : TR_NIL;
}

static Value stream_close(Fiber *f, Value self, const Args *args) {
    (void)f, (void)args;
    close_stream((Stream *)self);
    return TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value stream_reset(Fiber *f, Value self, const Args *args) {
    (void)args;
    Stream *s = open_stream(f, self);
    if (!s) return TR_RAISED;
    return TR_FIX(s->inflates ? inflateReset(&s->z) : deflateReset(&s->z));
}

/* __dictionary(bytes) -> status */
static MAY_SWITCH MAY_RAISE Value stream_dictionary(Fiber *f, Value self, const Args *args) {
    Stream *s = open_stream(f, self);
    Value bytes = s ? tr_to_str(f, args->argv[0]) : TR_RAISED;
    if (bytes == TR_RAISED) return TR_RAISED;
    const Bytef *text = (const Bytef *)tr_string(bytes)->bytes;
    uInt size = (uInt)tr_string(bytes)->size;
    int status = s->inflates ? inflateSetDictionary(&s->z, text, size) : deflateSetDictionary(&s->z, text, size);
    TR_KEEP(bytes);
    return TR_FIX(status);
}

/* __params(level, strategy) -> [output, status]: what was compressed so far comes out */
static MAY_SWITCH MAY_RAISE Value stream_params(Fiber *f, Value self, const Args *args) {
    Stream *s = open_stream(f, self);
    int64_t level, strategy;
    if (!s || !tr_to_long(f, args->argv[0], &level) || !tr_to_long(f, args->argv[1], &strategy)) return TR_RAISED;
    Value output = tr_string_new_capacity(f, CHUNK, ENCODING_BINARY);
    size_t written = 0;
    int status;
    do {
        if (tr_string_resize(f, output, written + CHUNK) == TR_RAISED) return TR_RAISED;
        s->z.next_out = (Bytef *)tr_string(output)->bytes + written;
        s->z.avail_out = CHUNK;
        status = deflateParams(&s->z, (int)level, (int)strategy);
        written += CHUNK - s->z.avail_out;
    } while (status == Z_BUF_ERROR && s->z.avail_out == 0);
    if (tr_string_resize(f, output, written) == TR_RAISED) return TR_RAISED;
    return tr_array_new_values(f, 2, output, TR_FIX(status));
}

/* initialize_copy(other) */
static MAY_SWITCH MAY_RAISE Value stream_copy(Fiber *f, Value self, const Args *args) {
    if (!tr_data_is(args->argv[0], &stream_type)) return tr_raise(f, tr_class.type_error, "wrong argument type");
    Stream *to = (Stream *)self, *from = open_stream(f, args->argv[0]);
    if (!from) return TR_RAISED;
    close_stream(to);
    int status = from->inflates ? inflateCopy(&to->z, &from->z) : deflateCopy(&to->z, &from->z);
    to->inflates = from->inflates;
    to->is_open = status == Z_OK;
    return to->is_open ? self : tr_raise(f, tr_class.runtime_error, "stream error");
}

/* __sync(input) -> [found, bytes taken]: skips to the next full flush point */
static MAY_SWITCH MAY_RAISE Value stream_sync(Fiber *f, Value self, const Args *args) {
    Stream *s = open_stream(f, self);
    Value input = s ? tr_to_str(f, args->argv[0]) : TR_RAISED;
    if (input == TR_RAISED) return TR_RAISED;
    s->z.next_in = (const Bytef *)tr_string(input)->bytes;
    s->z.avail_in = (uInt)tr_string(input)->size;
    int status = inflateSync(&s->z);
    int64_t taken = (int64_t)(tr_string(input)->size - s->z.avail_in);
    s->z.next_in = NULL;
    s->z.avail_in = 0;
    TR_KEEP(input);
    return tr_array_new_values(f, 2, tr_bool(status == Z_OK), TR_FIX(taken));
}

#define READER(name, expression)                                                \
    static MAY_GC Value stream_##name(Fiber *f, Value self, const Args *args) { \
        const Stream *s = (const Stream *)self;                                 \
        (void)args;                                                             \
        return (expression);                                                    \
    }
READER(total_in, tr_integer_from_uint64(f, s->z.total_in))
READER(total_out, tr_integer_from_uint64(f, s->z.total_out))
READER(adler, tr_integer_from_uint64(f, s->z.adler))
READER(data_type, ((void)f, TR_FIX(s->z.data_type)))
READER(is_open, ((void)f, tr_bool(s->is_open)))
READER(sync_point, ((void)f, tr_bool(inflateSyncPoint((z_stream *)&s->z) == 1)))
#undef READER

/* --- checksums --- */

static MAY_SWITCH MAY_RAISE Value checksum(Fiber *f, const Args *args, uLong (*function)(uLong, const Bytef *, z_size_t)) {
    int64_t start = (int64_t)function(0, NULL, 0);
    if (args->argc > 1 && !tr_to_long(f, args->argv[1], &start)) return TR_RAISED;
    if (args->argc == 0 || args->argv[0] == TR_NIL) return tr_integer_from_uint64(f, (uint32_t)start);
    Value text = tr_to_str(f, args->argv[0]);
    if (text == TR_RAISED) return TR_RAISED;
    uLong sum = function((uLong)start, (const Bytef *)tr_string(text)->bytes, tr_string(text)->size);
    TR_KEEP(text);
    return tr_integer_from_uint64(f, sum);
}
static MAY_SWITCH Value zlib_crc32(Fiber *f, Value self, const Args *args) { (void)self; return checksum(f, args, crc32_z); }
static MAY_SWITCH Value zlib_adler32(Fiber *f, Value self, const Args *args) { (void)self; return checksum(f, args, adler32_z); }

static MAY_SWITCH MAY_RAISE Value combine(Fiber *f, const Args *args, uLong (*function)(uLong, uLong, z_off_t)) {
    int64_t n[3];
    for (int i = 0; i < 3; i++)
        if (!tr_to_long(f, args->argv[i], &n[i])) return TR_RAISED;
    return tr_integer_from_uint64(f, function((uLong)n[0], (uLong)n[1], (z_off_t)n[2]));
}
static MAY_SWITCH Value zlib_crc32_combine(Fiber *f, Value self, const Args *args) { (void)self; return combine(f, args, crc32_combine); }
static MAY_SWITCH Value zlib_adler32_combine(Fiber *f, Value self, const Args *args) { (void)self; return combine(f, args, adler32_combine); }

static MAY_GC MAY_RAISE Value zlib_crc_table(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    Value list = tr_array_new(f, 256);
    const z_crc_t *table = get_crc_table();
    for (int i = 0; i < 256; i++)
        if (tr_array_push(f, list, tr_integer_from_uint64(f, table[i])) == TR_RAISED) return TR_RAISED;
    return list;
}

static MAY_GC Value library_version(Fiber *f, Value self, const Args *args) {
    (void)self, (void)args;
    return tr_string_new_cstr(f, zlibVersion());
}

static const MethodDef stream_methods[] = {
    { "__open", stream_open, ARITY(5, 5), 0 }, { "__run", stream_run, ARITY(2, 2), 0 },
    { "__message", stream_message, ARITY(0, 0), 0 }, { "__close", stream_close, ARITY(0, 0), 0 },
    { "__reset", stream_reset, ARITY(0, 0), 0 }, { "__dictionary", stream_dictionary, ARITY(1, 1), 0 },
    { "__params", stream_params, ARITY(2, 2), 0 }, { "initialize_copy", stream_copy, ARITY(1, 1), METHOD_PRIVATE },
    { "__sync", stream_sync, ARITY(1, 1), 0 }, { "total_in", stream_total_in, ARITY(0, 0), 0 },
    { "total_out", stream_total_out, ARITY(0, 0), 0 }, { "adler", stream_adler, ARITY(0, 0), 0 },
    { "data_type", stream_data_type, ARITY(0, 0), 0 }, { "open?", stream_is_open, ARITY(0, 0), 0 },
    { "sync_point?", stream_sync_point, ARITY(0, 0), 0 },
    { NULL, NULL, 0, 0, 0 }
};
static const MethodDef zlib_methods[] = {
    { "crc32", zlib_crc32, ARITY(0, 2), 0 }, { "adler32", zlib_adler32, ARITY(0, 2), 0 },
    { "crc32_combine", zlib_crc32_combine, ARITY(3, 3), 0 }, { "adler32_combine", zlib_adler32_combine, ARITY(3, 3), 0 },
    { "crc_table", zlib_crc_table, ARITY(0, 0), 0 }, { "zlib_version", library_version, ARITY(0, 0), 0 },
    { NULL, NULL, 0, 0, 0 }
};

MAY_SWITCH Value tr_zlib_init(Fiber *f) {
    Class *module = tr_module_define(f, "Zlib", NULL);
    for (const MethodDef *m = zlib_methods; m->name; m++)
        tr_define_singleton_method(f, (Value)module, m->name, m->fn, m->min, m->max, 0);
    Class *engine = tr_class_define(f, "Engine", tr_class.object, module);
    engine->alloc = stream_alloc;
    engine->instance_type = TYPE_DATA;
    tr_define_methods(f, engine, stream_methods);
    return TR_NIL;
}
