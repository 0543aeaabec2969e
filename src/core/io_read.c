/* io_read.c - reading: lines, characters, bytes, blocks.
 *
 * Everything is read through the stream's buffer into a String of bytes, which is then tagged with the IO's encoding (or
 * converted, when an internal one is set). Loops over lines, characters and bytes are Ruby (core/io.rb).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/fiber_scheduler.h"
#include "core/io.h"

static MAY_GC MAY_RAISE Value raise_eof(Fiber *f) { return tr_raise(f, tr_class.eof_error, "end of file reached"); }

/* 1 there is something in the buffer, 0 end of file, -1 raised. */
static MAY_SWITCH MAY_RAISE int need_bytes(Fiber *f, Value io, Stream *stream) {
    if (tr_stream_available(stream)) return 1;
    ssize_t count = tr_stream_fill(f, stream);
    if (count < 0) {
        (void)!tr_io_raise(f, io, count);
        return -1;
    }
    return tr_stream_available(stream) > 0;
}

/* Moves `size` buffered bytes to the end of the String. */
static MAY_GC MAY_RAISE Value take(Fiber *f, Stream *stream, Value string, size_t size) {
    if (tr_string_reserve(f, string, tr_string(string)->size + size) == TR_RAISED) return TR_RAISED;
    Value result = tr_string_append_bytes(f, string, (const char *)stream->read_buffer + stream->read_start, size);
    stream->read_start += size;
    return result;
}

/* Text mode: CR LF ends a line like LF. */
static MAY_GC MAY_RAISE Value plain_line_ends(Fiber *f, Value string) {
    if (tr_string_modify(f, string) == TR_RAISED) return TR_RAISED;
    String *s = tr_string(string);
    size_t to = 0;
    for (size_t from = 0; from < s->size; from++)
        if (s->bytes[from] != '\r' || from + 1 == s->size || s->bytes[from + 1] != '\n') s->bytes[to++] = s->bytes[from];
    return tr_string_resize(f, string, to);
}

Value tr_io_tag(Fiber *f, Value self, Value string) {
    IO *io = (IO *)self;
    if (TR_UNLIKELY(io->is_text) && plain_line_ends(f, string) == TR_RAISED) return TR_RAISED;
    if (io->external != TR_NIL) {
        Value tagged = tr_call(f, string, TR_ID_force_encoding, 1, io->external);
        if (tagged == TR_RAISED || io->internal == TR_NIL) return tagged;
        return tr_call(f, string, tr_intern_cstr("encode"), 1, io->internal);
    }
    if (io->is_binary) {
        tr_string_set_encoding(string, ENCODING_BINARY);
        return string;
    }
    static Id default_external, default_internal;
    if (!default_external) {
        default_external = tr_intern_cstr("default_external");
        default_internal = tr_intern_cstr("default_internal");
    }
    if (!tr_method_is_basic((Value)tr_class.encoding, default_external)) return string;
    Value external = tr_call(f, (Value)tr_class.encoding, default_external, 0);
    if (external == TR_RAISED || tr_call(f, string, TR_ID_force_encoding, 1, external) == TR_RAISED) return TR_RAISED;
    Value internal = tr_call(f, (Value)tr_class.encoding, default_internal, 0);
    if (internal == TR_RAISED || internal == TR_NIL || internal == external) return internal == TR_RAISED ? internal : string;
    return tr_call(f, string, tr_intern_cstr("encode"), 1, internal);
}

/* --- blocks of bytes --- */

Value tr_io_read_all(Fiber *f, Value self) {
    Stream *stream = tr_io_reader(f, self);
    if (!stream) return TR_RAISED;
    Value string = tr_string_new_capacity(f, tr_stream_available(stream), ENCODING_UTF8);
    for (;;) {
        int state = need_bytes(f, self, stream);
        if (state < 0) return TR_RAISED;
        if (state == 0) break;
        if (take(f, stream, string, tr_stream_available(stream)) == TR_RAISED) return TR_RAISED;
    }
    return tr_io_tag(f, self, string);
}

/* The String that a read with a buffer argument fills: emptied; a new binary one without. */
static MAY_SWITCH MAY_RAISE Value result_buffer(Fiber *f, Value buffer) {
    if (buffer == TR_UNDEF || buffer == TR_NIL) return tr_string_new_capacity(f, 0, ENCODING_BINARY);
    buffer = tr_to_str(f, buffer);
    if (buffer == TR_RAISED || !tr_check_frozen(f, buffer)) return TR_RAISED;
    return tr_string_resize(f, buffer, 0) == TR_RAISED ? TR_RAISED : buffer;
}

/* IO#read(length = nil, buffer = nil) */
static MAY_SWITCH MAY_RAISE Value io_read(Fiber *f, Value self, const Args *args) {
    Value buffer_argument = args->argc > 1 ? args->argv[1] : TR_UNDEF;
    if (args->argc == 0 || args->argv[0] == TR_NIL) {
        Value all = tr_io_read_all(f, self);
        if (all == TR_RAISED || buffer_argument == TR_UNDEF || buffer_argument == TR_NIL) return all;
        Value buffer = result_buffer(f, buffer_argument);
        if (buffer == TR_RAISED) return TR_RAISED;
        return tr_call(f, buffer, tr_intern_cstr("replace"), 1, all);
    }
    int64_t length;
    if (!tr_to_long(f, args->argv[0], &length)) return TR_RAISED;
    if (length < 0) return tr_raise(f, tr_class.argument_error, "negative length %ld given", (long)length);
    Stream *stream = tr_io_reader(f, self);
    if (!stream) return TR_RAISED;
    Value string = result_buffer(f, buffer_argument);
    if (string == TR_RAISED) return TR_RAISED;
    while (tr_string(string)->size < (size_t)length) {
        int state = need_bytes(f, self, stream);
        if (state < 0) return TR_RAISED;
        if (state == 0) break;
        size_t want = (size_t)length - tr_string(string)->size, have = tr_stream_available(stream);
        if (take(f, stream, string, want < have ? want : have) == TR_RAISED) return TR_RAISED;
    }
    if (buffer_argument == TR_UNDEF) tr_string_set_encoding(string, ENCODING_BINARY);
    return tr_string(string)->size == 0 && length > 0 ? TR_NIL : string;
}

/* What is in the buffer, at most `length`. */
static MAY_GC MAY_RAISE Value take_some(Fiber *f, Stream *stream, Value string, int64_t length) {
    size_t have = tr_stream_available(stream);
    Value result = take(f, stream, string, (size_t)length < have ? (size_t)length : have);
    if (stream->is_datagram) stream->read_start = stream->read_end;
    return result;
}

/* What is there, at most `length`; waits only while nothing is. */
static MAY_SWITCH MAY_RAISE Value read_some(Fiber *f, Value self, const Args *args, bool past_buffer) {
    int64_t length;
    if (!tr_to_long(f, args->argv[0], &length)) return TR_RAISED;
    if (length < 0) return tr_raise(f, tr_class.argument_error, "negative length %ld given", (long)length);
    Stream *stream = tr_io_reader(f, self);
    if (!stream) return TR_RAISED;
    if (past_buffer && tr_stream_available(stream)) return tr_raise(f, tr_class.io_error, "sysread for buffered IO");
    Value string = result_buffer(f, args->argc > 1 ? args->argv[1] : TR_UNDEF);
    if (string == TR_RAISED || length == 0) return string;
    int state = need_bytes(f, self, stream);
    if (state < 0) return TR_RAISED;
    return state == 0 ? raise_eof(f) : take_some(f, stream, string, length);
}
static MAY_SWITCH MAY_RAISE Value io_readpartial(Fiber *f, Value self, const Args *args) { return read_some(f, self, args, false); }
static MAY_SWITCH MAY_RAISE Value io_sysread(Fiber *f, Value self, const Args *args) { return read_some(f, self, args, true); }

/* IO#__read_nonblock(length, buffer): nil at the end, :wait_readable when nothing is there yet. */
static MAY_SWITCH MAY_RAISE Value io_try_read(Fiber *f, Value self, const Args *args) {
    int64_t length;
    if (!tr_to_long(f, args->argv[0], &length)) return TR_RAISED;
    Stream *stream = tr_io_reader(f, self);
    if (!stream) return TR_RAISED;
    Value string = result_buffer(f, args->argv[1]);
    if (string == TR_RAISED || length == 0) return string;
    if (!tr_stream_available(stream)) {
        ssize_t count = tr_stream_try_fill(stream);
        if (count == -EAGAIN) return tr_value_from_id(tr_intern_cstr("wait_readable"));
        if (count <= 0) return count < 0 ? tr_io_raise(f, self, count) : TR_NIL;
    }
    return take_some(f, stream, string, length);
}

static MAY_SWITCH MAY_RAISE Value io_pread(Fiber *f, Value self, const Args *args) {
    int64_t length, offset;
    if (!tr_to_long(f, args->argv[0], &length) || !tr_to_long(f, args->argv[1], &offset)) return TR_RAISED;
    if (length < 0) return tr_raise(f, tr_class.argument_error, "negative string size (or size too big)");
    Stream *stream = tr_io_reader(f, self);
    if (!stream) return TR_RAISED;
    Value string = result_buffer(f, args->argc > 2 ? args->argv[2] : TR_UNDEF);
    if (string == TR_RAISED || tr_string_resize(f, string, (size_t)length) == TR_RAISED) return TR_RAISED;
    ssize_t count = SCHEDULER_ABSENT;
    if (tr_fiber_scheduler(f) != TR_NIL) { /* a hook runs Ruby, which may change a String that is not ours */
        Value own = tr_string_new_capacity(f, (size_t)length, ENCODING_BINARY);
        count = tr_scheduler_io_read(f, self, tr_string(own)->bytes, (size_t)length, offset);
        if (count > 0 && tr_string_resize(f, string, (size_t)count) == TR_RAISED) return TR_RAISED;
        if (count > 0) memcpy(tr_string(string)->bytes, tr_string(own)->bytes, (size_t)count);
        TR_KEEP(own);
    }
    if (count == SCHEDULER_ABSENT) {
        count = pread(stream->fd, tr_string(string)->bytes, (size_t)length, offset);
        if (count < 0) count = -errno;
    }
    if (count < 0) return tr_io_raise(f, self, count);
    if (count == 0 && length > 0) return raise_eof(f);
    return tr_string_resize(f, string, (size_t)count);
}

/* --- lines --- */

/* Length of the character at `bytes` as UTF-8, at most `size`. */
static size_t character_size(const uint8_t *bytes, size_t size) {
    size_t want = bytes[0] < 0xc2 ? 1 : bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : bytes[0] < 0xf5 ? 4 : 1;
    size_t have = 1;
    while (have < want && have < size && (bytes[have] & 0xc0) == 0x80) have++;
    return have == want ? want : 1;
}

/* A limit must not cut a character: takes the rest of one whose lead byte is within the last three bytes. */
static MAY_SWITCH MAY_RAISE bool complete_character(Fiber *f, Value self, Stream *stream, Value line) {
    if (((IO *)self)->is_binary) return true;
    for (;;) {
        String *s = tr_string(line);
        size_t back = 1;
        while (back < 4 && back < s->size && ((uint8_t)s->bytes[s->size - back] & 0xc0) == 0x80) back++;
        uint8_t lead = (uint8_t)s->bytes[s->size - back];
        size_t want = lead < 0xc2 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 1;
        if (want <= back) return true;
        int state = need_bytes(f, self, stream);
        if (state <= 0) return state == 0;
        if ((stream->read_buffer[stream->read_start] & 0xc0) != 0x80) return true;
        if (take(f, stream, line, 1) == TR_RAISED) return false;
    }
}

static bool ends_with(Value line, const char *separator, size_t size) {
    String *s = tr_string(line);
    return s->size >= size && memcmp(s->bytes + s->size - size, separator, size) == 0;
}

/* Appends to `line` up to and with the separator, the limit or the end. 1 something read, 0 nothing, -1 raised. */
static MAY_SWITCH MAY_RAISE int read_line(Fiber *f, Value self, Stream *stream, Value line, const char *separator,
                                          size_t separator_size, int64_t limit) {
    char last = separator[separator_size - 1];
    for (;;) {
        int state = need_bytes(f, self, stream);
        if (state < 0) return -1;
        if (state == 0) return tr_string(line)->size > 0;
        size_t have = tr_stream_available(stream);
        size_t room = limit >= 0 ? (size_t)limit - tr_string(line)->size : SIZE_MAX;
        if (have > room) have = room;
        const uint8_t *from = stream->read_buffer + stream->read_start, *hit = memchr(from, last, have);
        size_t piece = hit ? (size_t)(hit - from) + 1 : have;
        if (take(f, stream, line, piece) == TR_RAISED) return -1;
        if (hit && ends_with(line, separator, separator_size)) return 1;
        if (limit >= 0 && tr_string(line)->size >= (size_t)limit)
            return complete_character(f, self, stream, line) ? 1 : -1;
    }
}

/* Paragraph mode: newlines before and after a paragraph are skipped. -1 raised. */
static MAY_SWITCH MAY_RAISE int skip_newlines(Fiber *f, Value self, Stream *stream) {
    for (;;) {
        int state = need_bytes(f, self, stream);
        if (state <= 0) return state;
        if (stream->read_buffer[stream->read_start] != '\n') return 0;
        stream->read_start++;
    }
}

Value tr_io_gets(Fiber *f, Value self, Value separator, int64_t limit, bool chomp) {
    Stream *stream = tr_io_reader(f, self);
    if (!stream) return TR_RAISED;
    if (limit == 0) return tr_io_tag(f, self, tr_string_new(f, "", 0));
    Value line = tr_string_new_capacity(f, 0, ENCODING_UTF8);
    int state;
    if (separator == TR_NIL) {
        state = 1;
        while (limit < 0 || tr_string(line)->size < (size_t)limit) {
            state = need_bytes(f, self, stream);
            if (state <= 0) break;
            size_t have = tr_stream_available(stream), room = limit >= 0 ? (size_t)limit - tr_string(line)->size : have;
            if (take(f, stream, line, have < room ? have : room) == TR_RAISED) return TR_RAISED;
        }
        if (state == 0) state = tr_string(line)->size > 0;
        else if (state > 0 && !complete_character(f, self, stream, line)) return TR_RAISED;
        chomp = false;
    } else if (tr_string(separator)->size == 0) {
        if (skip_newlines(f, self, stream) < 0) return TR_RAISED;
        state = read_line(f, self, stream, line, "\n\n", 2, limit);
        if (state > 0 && skip_newlines(f, self, stream) < 0) return TR_RAISED;
        if (state > 0 && chomp && ends_with(line, "\n\n", 2) &&
            tr_string_resize(f, line, tr_string(line)->size - 2) == TR_RAISED) return TR_RAISED;
    } else {
        size_t size = tr_string(separator)->size;
        state = read_line(f, self, stream, line, tr_string(separator)->bytes, size, limit);
        if (state > 0 && chomp && ends_with(line, tr_string(separator)->bytes, size)) {
            size_t keep = tr_string(line)->size - size;
            if (size == 1 && tr_string(separator)->bytes[0] == '\n' && keep > 0 && tr_string(line)->bytes[keep - 1] == '\r') keep--;
            if (tr_string_resize(f, line, keep) == TR_RAISED) return TR_RAISED;
        }
        TR_KEEP(separator);
    }
    if (state <= 0) return state < 0 ? TR_RAISED : TR_NIL;
    ((IO *)self)->lineno++;
    return tr_io_tag(f, self, line);
}

/* The arguments (separator = $/, limit = nil, chomp: false) in all their forms. */
static MAY_SWITCH MAY_RAISE bool line_arguments(Fiber *f, const Args *args, Value *separator, int64_t *limit, bool *chomp) {
    static Id separator_id, chomp_id;
    if (!separator_id) {
        chomp_id = tr_intern_cstr("chomp");
        separator_id = tr_intern_cstr("$/");
    }
    Value chomp_value = TR_UNDEF;
    *limit = -1;
    if (args->keywords != TR_NIL && !tr_keywords(f, args->keywords, &chomp_id, 0, 1, &chomp_value, false)) return false;
    *chomp = chomp_value != TR_UNDEF && tr_is_truthy(chomp_value);
    *separator = tr_global_get(f, separator_id);
    if (*separator == TR_RAISED) return false;
    if (args->argc == 0) return true;
    if (args->argc == 1 && args->argv[0] != TR_NIL) {
        Value text = tr_try_convert(f, args->argv[0], tr_class.string, TR_ID_to_str);
        if (text == TR_RAISED) return false;
        if (text != TR_NIL) {
            *separator = text;
            return true;
        }
        return tr_to_long(f, args->argv[0], limit);
    }
    *separator = args->argv[0] == TR_NIL ? TR_NIL : tr_to_str(f, args->argv[0]);
    if (*separator == TR_RAISED) return false;
    return args->argc < 2 || args->argv[1] == TR_NIL || tr_to_long(f, args->argv[1], limit);
}

/* IO#__gets(…): a line without touching $_ ; the loops of core/io.rb use it. */
static MAY_SWITCH MAY_RAISE Value io_next_line(Fiber *f, Value self, const Args *args) {
    Value separator;
    int64_t limit;
    bool chomp;
    if (!line_arguments(f, args, &separator, &limit, &chomp)) return TR_RAISED;
    return tr_io_gets(f, self, separator, limit, chomp);
}

static uint32_t lineno_key;
static MAY_SWITCH MAY_RAISE Value io_gets(Fiber *f, Value self, const Args *args) {
    Value line = io_next_line(f, self, args);
    if (line == TR_RAISED) return TR_RAISED;
    tr_lastline_set(f, line);
    if (line != TR_NIL) tr_ractor_local_set(f->ractor, lineno_key, tr_value_from_fixnum(((IO *)self)->lineno));
    return line;
}
static MAY_SWITCH MAY_RAISE Value io_readline(Fiber *f, Value self, const Args *args) {
    Value line = io_gets(f, self, args);
    return line == TR_NIL ? raise_eof(f) : line;
}

/* --- bytes and characters --- */

static MAY_SWITCH MAY_RAISE Value io_getbyte(Fiber *f, Value self, const Args *args) {
    (void)args;
    Stream *stream = tr_io_reader(f, self);
    if (!stream) return TR_RAISED;
    int state = need_bytes(f, self, stream);
    if (state <= 0) return state < 0 ? TR_RAISED : TR_NIL;
    return TR_FIX(stream->read_buffer[stream->read_start++]);
}
static MAY_SWITCH MAY_RAISE Value io_readbyte(Fiber *f, Value self, const Args *args) {
    Value byte = io_getbyte(f, self, args);
    return byte == TR_NIL ? raise_eof(f) : byte;
}

static MAY_SWITCH MAY_RAISE Value io_getc(Fiber *f, Value self, const Args *args) {
    (void)args;
    Stream *stream = tr_io_reader(f, self);
    if (!stream) return TR_RAISED;
    int state = need_bytes(f, self, stream);
    if (state <= 0) return state < 0 ? TR_RAISED : TR_NIL;
    size_t size = 1;
    if (!((IO *)self)->is_binary) {
        while (tr_stream_available(stream) < 4 && stream->read_buffer[stream->read_start] >= 0xc2) {
            ssize_t count = tr_stream_fill(f, stream); /* the whole character, if there is more */
            if (count < 0) return tr_io_raise(f, self, count);
            if (count == 0) break;
        }
        size = character_size(stream->read_buffer + stream->read_start, tr_stream_available(stream));
    }
    Value character = tr_string_new_capacity(f, size, ENCODING_UTF8);
    return take(f, stream, character, size) == TR_RAISED ? TR_RAISED : tr_io_tag(f, self, character);
}
static MAY_SWITCH MAY_RAISE Value io_readchar(Fiber *f, Value self, const Args *args) {
    Value character = io_getc(f, self, args);
    return character == TR_NIL ? raise_eof(f) : character;
}

static MAY_SWITCH MAY_RAISE Value unread(Fiber *f, Value self, const void *bytes, size_t size) {
    Stream *stream = tr_io_reader(f, self);
    if (!stream) return TR_RAISED;
    int result = tr_stream_unread(stream, bytes, size);
    return result < 0 ? tr_io_raise(f, self, result) : TR_NIL;
}
static MAY_SWITCH MAY_RAISE Value io_ungetbyte(Fiber *f, Value self, const Args *args) {
    Value v = args->argv[0];
    if (tr_is_integer(v)) {
        uint8_t byte = tr_is_fixnum(v) ? (uint8_t)tr_fixnum(v) : 0;
        return unread(f, self, &byte, 1);
    }
    v = tr_to_str(f, v);
    return v == TR_RAISED ? TR_RAISED : unread(f, self, tr_string(v)->bytes, tr_string(v)->size);
}
static MAY_SWITCH MAY_RAISE Value io_ungetc(Fiber *f, Value self, const Args *args) {
    Value v = args->argv[0];
    if (v == TR_NIL) return TR_NIL;
    if (tr_is_integer(v)) {
        Value encoding = ((IO *)self)->external;
        if (encoding == TR_NIL) encoding = tr_call(f, (Value)tr_class.encoding, tr_intern_cstr("default_external"), 0);
        v = encoding == TR_RAISED ? encoding : tr_call(f, v, tr_intern_cstr("chr"), 1, encoding);
    } else {
        v = tr_to_str(f, v);
    }
    return v == TR_RAISED ? TR_RAISED : unread(f, self, tr_string(v)->bytes, tr_string(v)->size);
}

static MAY_SWITCH MAY_RAISE Value io_eof_p(Fiber *f, Value self, const Args *args) {
    (void)args;
    Stream *stream = tr_io_reader(f, self);
    if (!stream) return TR_RAISED;
    int state = need_bytes(f, self, stream);
    return state < 0 ? TR_RAISED : tr_bool(state == 0);
}

/* IO#ready? in core: buffered bytes count. IO#wait(events, timeout) -> events or nil */
static MAY_SWITCH MAY_RAISE Value io_wait_events(Fiber *f, Value self, const Args *args) {
    int64_t events;
    double seconds = -1;
    if (!tr_to_long(f, args->argv[0], &events)) return TR_RAISED;
    if (args->argv[1] != TR_NIL && !tr_to_double(f, args->argv[1], &seconds)) return TR_RAISED;
    Stream *stream = tr_io_stream(f, self);
    if (!stream) return TR_RAISED;
    if ((events & TR_POLL_IN) && tr_stream_available(stream)) return TR_FIX(TR_POLL_IN);
    if (stream->is_regular) return tr_value_from_fixnum(events);
    int64_t deadline = seconds < 0 ? TR_FOREVER : tr_now_ns() + (int64_t)(seconds * 1e9);
    Value ready = tr_stream_wait_events(f, stream, (int)events, args->argv[1], deadline);
    return ready == TR_FIX(0) ? TR_NIL : ready;
}

static Value get_lineno(Fiber *f, Id name) {
    (void)name;
    Value v = tr_ractor_local_get(f->ractor, lineno_key);
    return v == TR_UNDEF ? TR_FIX(0) : v;
}
static MAY_SWITCH Value set_lineno(Fiber *f, Id name, Value value) {
    int64_t n;
    (void)name;
    if (!tr_to_long(f, value, &n)) return TR_RAISED;
    tr_ractor_local_set(f->ractor, lineno_key, tr_value_from_fixnum(n));
    return value;
}

void tr_io_read_init(void) {
    lineno_key = tr_ractor_local_reserve();
    tr_global_define("$.", get_lineno, set_lineno, true);
}

const MethodDef tr_io_read_methods[] = {
    { "read", io_read, ARITY(0, 2), 0 },
    { "readpartial", io_readpartial, ARITY(1, 2), 0 },
    { "sysread", io_sysread, ARITY(1, 2), 0 },
    { "__try_read", io_try_read, ARITY(2, 2), METHOD_PRIVATE },
    { "pread", io_pread, ARITY(2, 3), 0 },
    { "gets", io_gets, ARITY(0, 2), METHOD_KEYWORDS },
    { "readline", io_readline, ARITY(0, 2), METHOD_KEYWORDS },
    { "__gets", io_next_line, ARITY(0, 2), METHOD_KEYWORDS | METHOD_PRIVATE },
    { "getbyte", io_getbyte, ARITY(0, 0), 0 },
    { "readbyte", io_readbyte, ARITY(0, 0), 0 },
    { "getc", io_getc, ARITY(0, 0), 0 },
    { "readchar", io_readchar, ARITY(0, 0), 0 },
    { "ungetbyte", io_ungetbyte, ARITY(1, 1), 0 },
    { "ungetc", io_ungetc, ARITY(1, 1), 0 },
    { "eof?", io_eof_p, ARITY(0, 0), 0 },
    { "eof", io_eof_p, ARITY(0, 0), 0 },
    { "__wait", io_wait_events, ARITY(2, 2), METHOD_PRIVATE },
    { NULL, NULL, 0, 0, 0 }
};
