/* io_write.c - writing: IO#write, puts, print, <<, printf, putc, and Kernel's, which go through $stdout.
 *
 * The built-in $stdout is written without a method call; anything else that sits there (a StringIO, a user's object) gets
 * its `write` called, as Ruby does.
 */
#include <errno.h>
#include <unistd.h>

#include "core/fiber_scheduler.h"
#include "core/io.h"

/* --- the standard streams --- */

static Stream *standard_streams[3];  /* process-wide; written at boot only */
static uint32_t standard_keys[3];    /* Ractor locals: the IO object of each stream */
static uint32_t stdout_key, stderr_key, stdin_key; /* what $stdout, $stderr, $stdin hold */

Value tr_io_standard(Fiber *f, int fd) {
    Value v = tr_ractor_local_get(f->ractor, standard_keys[fd]);
    if (v != TR_UNDEF) return v;
    static const char *const names[3] = { "<STDIN>", "<STDOUT>", "<STDERR>" };
    Value path = tr_string_interned(f, names[fd], strlen(names[fd]), ENCODING_UTF8);
    IO *io = tr_data_alloc(f, &tr_io_type, tr_class.io);
    io->stream = standard_streams[fd];
    io->external = io->internal = TR_NIL;
    tr_write((Value)io, &io->path, path);
    tr_ractor_local_set(f->ractor, standard_keys[fd], (Value)io);
    return (Value)io;
}

Value tr_io_of_stream(Fiber *f, const Stream *stream) {
    for (int fd = 0; fd < 3; fd++)
        if (stream == standard_streams[fd]) return tr_io_standard(f, fd);
    if (stream->io) return stream->io;
    Value io = tr_io_new(f, tr_class.io, stream->fd, stream->can_read, stream->can_write, TR_NIL); /* popen's other end */
    ((IO *)io)->stream->owns_fd = false;
    return io;
}

static MAY_GC Value current(Fiber *f, uint32_t key, int fd) {
    Value v = tr_ractor_local_get(f->ractor, key);
    return v != TR_UNDEF ? v : tr_io_standard(f, fd);
}
Value tr_stdin(Fiber *f) { return current(f, stdin_key, 0); }
MAY_GC Value tr_stdout(Fiber *f) { return current(f, stdout_key, 1); }
MAY_GC Value tr_stderr(Fiber *f) { return current(f, stderr_key, 2); }

static MAY_GC Value get_stdin(Fiber *f, Id name) { (void)name; return tr_stdin(f); }
static MAY_GC Value get_stdout(Fiber *f, Id name) { (void)name; return tr_stdout(f); }
static MAY_GC Value get_stderr(Fiber *f, Id name) { (void)name; return tr_stderr(f); }

static MAY_SWITCH MAY_RAISE Value set_writable(Fiber *f, Id name, Value value, uint32_t key) {
    int writes = tr_responds_to(f, value, TR_ID_write, false);
    if (writes < 0) return TR_RAISED;
    if (!writes)
        return tr_raise(f, tr_class.type_error, "%s must have write method, %s given", tr_id_cstr(name),
                        tr_class_cname(tr_real_class_of(value)));
    tr_ractor_local_set(f->ractor, key, value);
    return value;
}
static MAY_SWITCH Value set_stdout(Fiber *f, Id name, Value value) { return set_writable(f, name, value, stdout_key); }
static MAY_SWITCH Value set_stderr(Fiber *f, Id name, Value value) { return set_writable(f, name, value, stderr_key); }
static Value set_stdin(Fiber *f, Id name, Value value) {
    (void)name;
    tr_ractor_local_set(f->ractor, stdin_key, value);
    return value;
}

MAY_GC void tr_io_globals_init(Fiber *f) {
    static const char *const constants[3] = { "STDIN", "STDOUT", "STDERR" };
    for (int fd = 0; fd < 3; fd++) {
        standard_streams[fd] = tr_stream_new(fd, fd == 0, fd != 0);
        standard_streams[fd]->is_standard = true;
        standard_streams[fd]->is_sync = fd == 2;
        standard_keys[fd] = tr_ractor_local_reserve();
        tr_const_define(f, tr_class.object, constants[fd], tr_io_standard(f, fd));
    }
    stdin_key = tr_ractor_local_reserve();
    stdout_key = tr_ractor_local_reserve();
    stderr_key = tr_ractor_local_reserve();
    tr_global_define("$stdin", get_stdin, set_stdin, true);
    tr_global_define("$stdout", get_stdout, set_stdout, true);
    tr_global_define("$stderr", get_stderr, set_stderr, true);
    tr_global_alias(tr_intern_cstr("$>"), tr_intern_cstr("$stdout"));
}

void tr_io_flush_at_exit(void) {
    if (standard_streams[1]) tr_stream_flush_at_exit(standard_streams[1]);
    if (standard_streams[2]) tr_stream_flush_at_exit(standard_streams[2]);
}

void tr_io_flush_all(Fiber *f) {
    for (int fd = 1; fd < 3; fd++)
        if (standard_streams[fd] && standard_streams[fd]->fd >= 0) (void)!tr_stream_flush(f, standard_streams[fd]);
}

Value tr_io_finish(Fiber *f) {
    Stream *out = standard_streams[1];
    ssize_t result = out && out->fd >= 0 ? tr_stream_flush(f, out) : 0;
    if (result == -EBADF) result = -EPIPE; /* closed before we began: as quiet as when the reader has gone */
    return result < 0 ? tr_io_raise(f, tr_io_standard(f, 1), result) : TR_NIL;
}

/* --- writing strings --- */

/* What is written for a String: converted to the external encoding if one was set and differs. */
static MAY_SWITCH MAY_RAISE Value encode_for(Fiber *f, IO *io, Value string) {
    if (io->external == TR_NIL || io->is_binary || tr_string_coderange(string) == CODERANGE_7BIT) return string;
    Value mine = tr_call(f, string, TR_ID_encoding, 0);
    if (mine == TR_RAISED || mine == io->external || tr_string_encoding(string) == ENCODING_BINARY) return mine == TR_RAISED ? mine : string;
    return tr_call(f, string, tr_intern_cstr("encode"), 1, io->external);
}

Value tr_io_write(Fiber *f, Value self, Value string) {
    Stream *stream = tr_io_writer(f, self);
    if (!stream) return TR_RAISED;
    string = encode_for(f, (IO *)self, string);
    if (string == TR_RAISED) return TR_RAISED;
    size_t size = tr_string(string)->size;
    ssize_t result = tr_stream_write(f, stream, tr_string(string)->bytes, size);
    TR_KEEP(string);
    return result < 0 ? tr_io_raise(f, self, result) : TR_FIX(size);
}

static MAY_GC bool is_plain_io(Value out) { return tr_is_io(out) && tr_method_is_basic(out, TR_ID_write); }

/* out.write(string) */
static MAY_SWITCH MAY_RAISE Value write_to(Fiber *f, Value out, Value string) {
    return is_plain_io(out) ? tr_io_write(f, out, string) : tr_call(f, out, TR_ID_write, 1, string);
}

Value tr_io_write_stdout(Fiber *f, Value string) { return write_to(f, tr_stdout(f), string); }
Value tr_io_write_stderr(Fiber *f, Value string) { return write_to(f, tr_stderr(f), string); }

static MAY_SWITCH MAY_RAISE Value io_write(Fiber *f, Value self, const Args *args) {
    int64_t total = 0;
    for (int i = 0; i < args->argc; i++) {
        Value string = tr_to_s(f, args->argv[i]);
        if (string == TR_RAISED) return TR_RAISED;
        Value count = tr_io_write(f, self, string);
        if (count == TR_RAISED) return TR_RAISED;
        total += tr_fixnum(count);
    }
    if (args->argc == 0 && !tr_io_writer(f, self)) return TR_RAISED;
    return tr_value_from_fixnum(total);
}

static MAY_SWITCH MAY_RAISE Value io_append(Fiber *f, Value self, const Args *args) {
    Value string = tr_to_s(f, args->argv[0]);
    return string == TR_RAISED || write_to(f, self, string) == TR_RAISED ? TR_RAISED : self;
}

/* --- puts --- */

static MAY_SWITCH MAY_RAISE Value puts_value(Fiber *f, Value out, Value v);

static MAY_SWITCH MAY_RAISE Value puts_string(Fiber *f, Value out, Value string) {
    String *s = tr_string(string);
    if (s->size > 0 && s->bytes[s->size - 1] == '\n') return write_to(f, out, string);
    if (is_plain_io(out) && s->size < 4096) { /* one write, so that lines of several Ractors stay whole */
        Stream *stream = tr_io_writer(f, out);
        if (!stream) return TR_RAISED;
        string = encode_for(f, (IO *)out, string);
        if (string == TR_RAISED) return TR_RAISED;
        char line[1024]; /* a larger one would commit a page of every thread's stack */
        size_t size = tr_string(string)->size;
        if (size < sizeof line - 1) {
            memcpy(line, tr_string(string)->bytes, size);
            line[size] = '\n';
            ssize_t result = tr_stream_write(f, stream, line, size + 1);
            return result < 0 ? tr_io_raise(f, out, result) : TR_NIL;
        }
    }
    Value newline = tr_string_new_cstr(f, "\n");
    if (is_plain_io(out)) {
        Value line = tr_string_dup(f, string);
        if (tr_string_append_cstr(f, line, "\n") == TR_RAISED) return TR_RAISED;
        return tr_io_write(f, out, line);
    }
    const CallCache *write = tr_method_find(tr_class_of(out), TR_ID_write);
    if (write->resolved && tr_method_arity(write->resolved) == 1) /* as writers were before Ruby 2.5 */
        return write_to(f, out, string) == TR_RAISED ? TR_RAISED : write_to(f, out, newline);
    return tr_call(f, out, TR_ID_write, 2, string, newline);
}

static MAY_SWITCH MAY_RAISE Value puts_array(Fiber *f, Value array, Value out, bool is_recursive) {
    if (is_recursive) return puts_string(f, out, tr_string_new_cstr(f, "[...]"));
    for (size_t i = 0; i < tr_array_count(array); i++)
        if (puts_value(f, out, tr_array_at(array, i)) == TR_RAISED) return TR_RAISED;
    return TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value puts_value(Fiber *f, Value out, Value v) {
    if (tr_is_string(v)) return puts_string(f, out, v);
    if (tr_is_object(v)) {
        Value array = tr_try_convert(f, v, tr_class.array, TR_ID_to_ary);
        if (array == TR_RAISED) return TR_RAISED;
        if (array != TR_NIL) return tr_recursion_guard(f, TR_ID_puts, array, TR_UNDEF, puts_array, out);
    }
    Value string = tr_to_s(f, v);
    return string == TR_RAISED ? TR_RAISED : puts_string(f, out, string);
}

static MAY_SWITCH MAY_RAISE Value puts_all(Fiber *f, Value out, const Args *args) {
    if (args->argc == 0) return write_to(f, out, tr_string_new_cstr(f, "\n")) == TR_RAISED ? TR_RAISED : TR_NIL;
    for (int i = 0; i < args->argc; i++)
        if (puts_value(f, out, args->argv[i]) == TR_RAISED) return TR_RAISED;
    return TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value io_puts(Fiber *f, Value self, const Args *args) { return puts_all(f, self, args); }
static MAY_SWITCH MAY_RAISE Value kernel_puts(Fiber *f, Value self, const Args *args) {
    Value out = tr_stdout(f);
    if (tr_is_io(out) || out == self) /* itself: its puts is this one */
        return puts_all(f, out, args);
    return tr_callv(f, out, TR_ID_puts, args->argc, args->argv);
}

/* --- print, p, putc, printf, display --- */

static MAY_SWITCH MAY_RAISE Value print_all(Fiber *f, Value out, const Args *args) {
    static Id separator_id, terminator_id;
    if (!separator_id) {
        separator_id = tr_intern_cstr("$,");
        terminator_id = tr_intern_cstr("$\\");
    }
    Value separator = tr_global_get(f, separator_id), terminator = tr_global_get(f, terminator_id);
    if (separator == TR_RAISED || terminator == TR_RAISED) return TR_RAISED;
    Value line = TR_NIL;
    if (args->argc == 0) line = tr_lastline_get(f);
    for (int i = 0; i < (args->argc ? args->argc : 1); i++) {
        Value string = tr_to_s(f, args->argc ? args->argv[i] : line);
        if (string == TR_RAISED) return TR_RAISED;
        if (i > 0 && separator != TR_NIL && write_to(f, out, separator) == TR_RAISED) return TR_RAISED;
        if (write_to(f, out, string) == TR_RAISED) return TR_RAISED;
    }
    if (terminator != TR_NIL && write_to(f, out, terminator) == TR_RAISED) return TR_RAISED;
    return TR_NIL;
}
static MAY_SWITCH MAY_RAISE Value io_print(Fiber *f, Value self, const Args *args) { return print_all(f, self, args); }
static MAY_SWITCH MAY_RAISE Value kernel_print(Fiber *f, Value self, const Args *args) {
    (void)self;
    return print_all(f, tr_stdout(f), args);
}

static MAY_SWITCH MAY_RAISE Value kernel_p(Fiber *f, Value self, const Args *args) {
    (void)self;
    Value out = tr_stdout(f);
    for (int i = 0; i < args->argc; i++) {
        Value text = tr_inspect(f, args->argv[i]);
        if (text == TR_RAISED || puts_string(f, out, text) == TR_RAISED) return TR_RAISED;
    }
    if (args->argc == 0) return TR_NIL;
    if (is_plain_io(out)) { /* who looks with p wants to see it before the program dies */
        Stream *stream = tr_io_writer(f, out);
        if (!stream) return TR_RAISED;
        ssize_t result = tr_stream_flush(f, stream);
        if (result < 0) return tr_io_raise(f, out, result);
    }
    return args->argc == 1 ? args->argv[0] : tr_array_new_from(f, (size_t)args->argc, args->argv);
}

static MAY_SWITCH MAY_RAISE Value putc_to(Fiber *f, Value out, Value v) {
    Value string;
    if (tr_is_string(v)) {
        string = tr_call(f, v, TR_ID_aref, 2, TR_FIX(0), TR_FIX(1));
        if (string == TR_RAISED) return TR_RAISED;
    } else {
        int64_t code;
        if (!tr_to_long(f, v, &code)) return TR_RAISED;
        char byte = (char)code;
        string = tr_string_new_encoded(f, &byte, 1, ENCODING_BINARY);
    }
    return write_to(f, out, string) == TR_RAISED ? TR_RAISED : v;
}
static MAY_SWITCH MAY_RAISE Value io_putc(Fiber *f, Value self, const Args *args) { return putc_to(f, self, args->argv[0]); }
static MAY_SWITCH MAY_RAISE Value kernel_putc(Fiber *f, Value self, const Args *args) {
    (void)self;
    return putc_to(f, tr_stdout(f), args->argv[0]);
}

static MAY_SWITCH MAY_RAISE Value io_printf(Fiber *f, Value self, const Args *args) {
    if (args->argc == 0) return TR_NIL;
    Value format = tr_to_str(f, args->argv[0]);
    if (format == TR_RAISED) return TR_RAISED;
    Value text = tr_format(f, format, args->argc - 1, args->argv + 1);
    return text == TR_RAISED || write_to(f, self, text) == TR_RAISED ? TR_RAISED : TR_NIL;
}
static MAY_SWITCH MAY_RAISE Value kernel_printf(Fiber *f, Value self, const Args *args) {
    (void)self;
    if (args->argc == 0) return TR_NIL;
    Value out = tr_stdout(f);
    Args rest = *args;
    if (!tr_is_string(args->argv[0])) {
        out = args->argv[0];
        rest.argv++;
        rest.argc--;
    }
    return io_printf(f, out, &rest);
}

static MAY_SWITCH MAY_RAISE Value object_display(Fiber *f, Value self, const Args *args) {
    Value string = tr_to_s(f, self);
    if (string == TR_RAISED) return TR_RAISED;
    return write_to(f, args->argc > 0 ? args->argv[0] : tr_stdout(f), string) == TR_RAISED ? TR_RAISED : TR_NIL;
}

/* --- unbuffered and positioned writing --- */

static MAY_SWITCH MAY_RAISE Value io_flush(Fiber *f, Value self, const Args *args) {
    (void)args;
    Stream *stream = tr_io_stream(f, self);
    if (!stream) return TR_RAISED;
    if (((IO *)self)->writer) stream = ((IO *)self)->writer;
    ssize_t result = stream->can_write ? tr_stream_flush(f, stream) : 0;
    return result < 0 ? tr_io_raise(f, self, result) : self;
}

static MAY_SWITCH MAY_RAISE Value io_syswrite(Fiber *f, Value self, const Args *args) {
    Value string = tr_to_s(f, args->argv[0]);
    if (string == TR_RAISED) return TR_RAISED;
    Stream *stream = tr_io_writer(f, self);
    if (!stream) return TR_RAISED;
    ssize_t result = tr_stream_flush(f, stream);
    if (result >= 0) result = tr_stream_write_direct(f, stream, tr_string(string)->bytes, tr_string(string)->size);
    TR_KEEP(string);
    return result < 0 ? tr_io_raise(f, self, result) : TR_FIX(result);
}

/* IO#__try_write(string): how many bytes the descriptor took at once, or :wait_writable */
static MAY_SWITCH MAY_RAISE Value io_try_write(Fiber *f, Value self, const Args *args) {
    Value string = tr_to_s(f, args->argv[0]);
    if (string == TR_RAISED) return TR_RAISED;
    Stream *stream = tr_io_writer(f, self);
    if (!stream) return TR_RAISED;
    ssize_t flushed = tr_stream_flush(f, stream);
    if (flushed < 0) return tr_io_raise(f, self, flushed);
    ssize_t count = tr_stream_try_write(stream, tr_string(string)->bytes, tr_string(string)->size);
    TR_KEEP(string);
    if (count == -EAGAIN) return tr_value_from_id(tr_intern_cstr("wait_writable"));
    return count < 0 ? tr_io_raise(f, self, count) : TR_FIX(count);
}

static MAY_SWITCH MAY_RAISE Value io_pwrite(Fiber *f, Value self, const Args *args) {
    Value string = tr_to_s(f, args->argv[0]);
    int64_t offset;
    if (string == TR_RAISED || !tr_to_long(f, args->argv[1], &offset)) return TR_RAISED;
    Stream *stream = tr_io_writer(f, self);
    if (!stream) return TR_RAISED;
    ssize_t count = SCHEDULER_ABSENT;
    if (tr_fiber_scheduler(f) != TR_NIL)
        count = tr_scheduler_io_write(f, self, tr_string(string)->bytes, tr_string(string)->size, offset);
    if (count == SCHEDULER_ABSENT) {
        count = pwrite(stream->fd, tr_string(string)->bytes, tr_string(string)->size, offset);
        if (count < 0) count = -errno;
    }
    TR_KEEP(string);
    return count < 0 ? tr_io_raise(f, self, count) : TR_FIX(count);
}

const MethodDef tr_io_write_methods[] = {
    { "write", io_write, ARITY_REST(0), 0 },
    { "<<", io_append, ARITY(1, 1), 0 },
    { "puts", io_puts, ARITY_REST(0), 0 },
    { "print", io_print, ARITY_REST(0), 0 },
    { "putc", io_putc, ARITY(1, 1), 0 },
    { "printf", io_printf, ARITY_REST(0), 0 },
    { "flush", io_flush, ARITY(0, 0), 0 },
    { "syswrite", io_syswrite, ARITY(1, 1), 0 },
    { "__try_write", io_try_write, ARITY(1, 1), METHOD_PRIVATE },
    { "pwrite", io_pwrite, ARITY(2, 2), 0 },
    { NULL, NULL, 0, 0, 0 }
};

static const MethodDef kernel_output_methods[] = {
    { "puts", kernel_puts, ARITY_REST(0), METHOD_MODULE_FUNCTION },
    { "print", kernel_print, ARITY_REST(0), METHOD_MODULE_FUNCTION },
    { "p", kernel_p, ARITY_REST(0), METHOD_MODULE_FUNCTION },
    { "putc", kernel_putc, ARITY(1, 1), METHOD_MODULE_FUNCTION },
    { "printf", kernel_printf, ARITY_REST(0), METHOD_MODULE_FUNCTION },
    { "display", object_display, ARITY(0, 1), 0 },
    { NULL, NULL, 0, 0, 0 }
};
const ClassDef tr_kernel_output_def = { .klass = &tr_class.kernel, .methods = kernel_output_methods };
