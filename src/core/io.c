/* io.c - the IO object: state, closing, positions, questions. Reading, writing and opening have files of their own.
 *
 * The three standard streams exist once in the process (Stream), with an IO object over them in each Ractor that asks: so
 * output has one order, whichever Ractor writes.
 */
#include "core/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/fiber_scheduler.h"
#include "ractor/parcel_io.h"

static void io_trace(Tracer *tracer, Value object) {
    IO *io = (IO *)object;
    tr_trace(tracer, io->path);
    tr_trace(tracer, io->external);
    tr_trace(tracer, io->internal);
}

static void free_stream(Stream *stream) {
    if (!stream || stream->is_standard) return;
    if (stream->fd >= 0) {
        tr_stream_flush_at_exit(stream);
        tr_stream_close(stream);
    }
    tr_stream_free(stream);
}

static void io_free(Heap *heap, Value object) {
    IO *io = (IO *)object;
    (void)heap;
    free_stream(io->stream);
    free_stream(io->writer);
}

const DataType tr_io_type = { .name = "IO", .bytes = sizeof(IO), .trace = io_trace, .free = io_free };

static MAY_GC Value io_alloc(Fiber *f, Class *klass);

/* --- between Ractors: an IO moves, with its descriptor and what was read ahead --- */

static void drop_stream(void *stream) { free_stream(stream); }

static void write_parcel(ParcelWriter *w, Value self) {
    const IO *io = (const IO *)self;
    if (io->stream && io->stream->is_standard) {
        tr_parcel_refuse(w, tr_class.ractor_error, "can not move a standard stream");
        return;
    }
    tr_parcel_put_resource(w, io->stream, drop_stream);
    tr_parcel_put_resource(w, io->writer, drop_stream);
    tr_parcel_put_word(w, (uint64_t)io->lineno);
    tr_parcel_put_word(w, io->is_binary);
    tr_parcel_put_value(w, io->path, STEP_NAMED, tr_value_from_id(tr_intern_cstr("path")));
    tr_parcel_put_value(w, io->external, STEP_NAMED, tr_value_from_id(tr_intern_cstr("external_encoding")));
    tr_parcel_put_value(w, io->internal, STEP_NAMED, tr_value_from_id(tr_intern_cstr("internal_encoding")));
}

static MAY_GC Value make_from_parcel(ParcelReader *r, Class *klass) {
    IO *io = (IO *)io_alloc(tr_parcel_fiber(r), klass);
    io->stream = tr_parcel_take_resource(r, drop_stream);
    io->writer = tr_parcel_take_resource(r, drop_stream);
    io->lineno = (int64_t)tr_parcel_get_word(r);
    io->is_binary = tr_parcel_get_word(r) & 1;
    return (Value)io;
}

static bool fill_from_parcel(ParcelReader *r, Value self) {
    IO *io = (IO *)self;
    if (!tr_parcel_get_words(r, 4)) return false;
    tr_write(self, &io->path, tr_parcel_get_value(r));
    tr_write(self, &io->external, tr_parcel_get_value(r));
    tr_write(self, &io->internal, tr_parcel_get_value(r));
    return true;
}

static void release_moved(Heap *heap, Value self) {
    (void)heap;
    ((IO *)self)->stream = ((IO *)self)->writer = NULL;
}

static const ParcelType io_parcel = { .moves_only = true, .write = write_parcel, .make = make_from_parcel,
                                      .fill = fill_from_parcel, .release = release_moved };

static MAY_GC Value io_alloc(Fiber *f, Class *klass) {
    IO *io = tr_data_alloc(f, &tr_io_type, klass);
    io->path = io->external = io->internal = TR_NIL;
    return (Value)io;
}

Value tr_io_new(Fiber *f, Class *klass, int fd, bool can_read, bool can_write, Value path) {
    IO *io = (IO *)io_alloc(f, klass);
    io->stream = tr_stream_new(fd, can_read, can_write);
    tr_write((Value)io, &io->path, path);
    return (Value)io;
}

MAY_SWITCH Value tr_io_raise(Fiber *f, Value io, ssize_t result) {
    if (result == STREAM_RAISED) return TR_RAISED;
    if (result == -EBADF && ((IO *)io)->stream && ((IO *)io)->stream->fd < 0)
        return tr_raise(f, tr_class.io_error, "stream closed in another thread");
    if (result == -ETIMEDOUT) {
        Value klass = tr_const_get(f, tr_class.io, tr_intern_cstr("TimeoutError"), false);
        return klass == TR_RAISED ? klass : tr_raise(f, (Class *)klass, "Blocking operation timed out!");
    }
    Value path = ((IO *)io)->path;
    return tr_raise_errno(f, (int)-result, tr_is_string(path) ? tr_string(path)->bytes : NULL);
}

/* A hook of a fiber scheduler will want to know whose stream it is; a standard one is every Ractor's. */
static Stream *in_use(Stream *stream, Value io) {
    if (!stream->is_standard) stream->io = io;
    return stream;
}

Stream *tr_io_stream(Fiber *f, Value io) {
    Stream *stream = ((IO *)io)->stream;
    if (TR_UNLIKELY(!stream)) (void)!tr_raise(f, tr_class.io_error, "uninitialized stream");
    else if (TR_UNLIKELY(stream->fd < 0)) (void)!tr_raise(f, tr_class.io_error, "closed stream");
    else return in_use(stream, io);
    return NULL;
}

Stream *tr_io_reader(Fiber *f, Value io) {
    Stream *stream = tr_io_stream(f, io);
    if (!stream) return NULL;
    if (!stream->can_read) {
        (void)!tr_raise(f, tr_class.io_error, "not opened for reading");
        return NULL;
    }
    if (stream->can_write && stream->write_count) { /* read after write on one descriptor: bytes out first */
        ssize_t result = tr_stream_flush(f, stream);
        if (result < 0) {
            (void)!tr_io_raise(f, io, result);
            return NULL;
        }
    }
    return stream;
}

Stream *tr_io_writer(Fiber *f, Value io) {
    IO *object = (IO *)io;
    if (object->writer && object->writer->fd >= 0) return object->writer;
    Stream *stream = tr_io_stream(f, io);
    if (!stream) return NULL;
    if (!stream->can_write) {
        (void)!tr_raise(f, tr_class.io_error, "not opened for writing");
        return NULL;
    }
    if (stream->can_read && tr_stream_available(stream)) tr_stream_forget_read(stream);
    return stream;
}

Value tr_to_io(Fiber *f, Value v) {
    if (tr_is_io(v)) return v;
    Value io = tr_call_if_responds(f, v, TR_ID_to_io, 0, NULL);
    if (io == TR_RAISED) return TR_RAISED;
    if (io == TR_UNDEF)
        return tr_raise(f, tr_class.type_error, "no implicit conversion of %s into IO",
                        v == TR_NIL ? "nil" : v == TR_TRUE ? "true" : v == TR_FALSE ? "false" : tr_class_cname(tr_real_class_of(v)));
    if (!tr_is_io(io))
        return tr_raise(f, tr_class.type_error, "can't convert %s to IO (%s#to_io gives %s)", tr_class_cname(tr_real_class_of(v)),
                        tr_class_cname(tr_real_class_of(v)), tr_class_cname(tr_real_class_of(io)));
    return io;
}

/* --- closing --- */

/* Whether the scheduler has closed the descriptor for us: 1, 0, -1 raised. */
static MAY_SWITCH MAY_RAISE int close_by_scheduler(Fiber *f, const Stream *stream) {
    if (tr_fiber_scheduler(f) == TR_NIL || !stream->owns_fd) return 0;
    Value fd = TR_FIX(stream->fd), result = tr_scheduler_call(f, "io_close", 1, &fd);
    return result == TR_RAISED ? -1 : result != TR_UNDEF && tr_is_truthy(result);
}

static MAY_SWITCH MAY_RAISE Value close_stream(Fiber *f, Value io, Stream *stream) {
    ssize_t flushed = stream->can_write ? tr_stream_flush(f, stream) : 0;
    if (stream->waits && tr_stream_interrupt_waits(f, stream) == TR_RAISED) return TR_RAISED;
    int by_scheduler = close_by_scheduler(f, stream);
    if (by_scheduler > 0) stream->owns_fd = false;
    int closed = tr_stream_close(stream);
    if (by_scheduler < 0) return TR_RAISED;
    if (flushed < 0) return tr_io_raise(f, io, flushed);
    return closed < 0 ? tr_io_raise(f, io, closed) : TR_NIL;
}


Value tr_io_close(Fiber *f, Value self) {
    IO *io = (IO *)self;
    if (!io->stream) return tr_raise(f, tr_class.io_error, "uninitialized stream");
    if (io->writer && io->writer->fd >= 0 && close_stream(f, self, io->writer) == TR_RAISED) return TR_RAISED;
    if (io->stream->fd < 0) return TR_NIL;
    pid_t pid = io->stream->pid;
    if (close_stream(f, self, io->stream) == TR_RAISED) return TR_RAISED;
    return pid > 0 ? tr_process_reap_popen(f, pid) : TR_NIL;
}

static MAY_SWITCH MAY_RAISE Value io_close(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_io_close(f, self);
}

static MAY_SWITCH MAY_RAISE Value io_close_read(Fiber *f, Value self, const Args *args) {
    (void)args;
    IO *io = (IO *)self;
    if (io->stream && io->stream->fd < 0) return TR_NIL;
    Stream *stream = tr_io_stream(f, self);
    if (!stream) return TR_RAISED;
    if (io->writer) { /* two descriptors: the writer takes over */
        Value result = close_stream(f, self, stream);
        io->stream->can_read = false;
        return result;
    }
    if (!stream->can_read || stream->can_write) return tr_raise(f, tr_class.io_error, "closing non-duplex IO for reading");
    return tr_io_close(f, self);
}

static MAY_SWITCH MAY_RAISE Value io_close_write(Fiber *f, Value self, const Args *args) {
    (void)args;
    IO *io = (IO *)self;
    if (io->writer) return io->writer->fd < 0 ? TR_NIL : close_stream(f, self, io->writer);
    if (io->stream && io->stream->fd < 0) return TR_NIL;
    Stream *stream = tr_io_stream(f, self);
    if (!stream) return TR_RAISED;
    if (!stream->can_write || stream->can_read) return tr_raise(f, tr_class.io_error, "closing non-duplex IO for writing");
    return tr_io_close(f, self);
}

static MAY_GC MAY_RAISE Value io_closed_p(Fiber *f, Value self, const Args *args) {
    (void)args;
    IO *io = (IO *)self;
    if (!io->stream) return tr_raise(f, tr_class.io_error, "uninitialized stream");
    return tr_bool(io->stream->fd < 0 && !(io->writer && io->writer->fd >= 0));
}

/* --- positions --- */

static MAY_SWITCH MAY_RAISE Value io_tell(Fiber *f, Value self, const Args *args) {
    (void)args;
    Stream *stream = tr_io_stream(f, self);
    if (!stream) return TR_RAISED;
    ssize_t flushed = stream->can_write ? tr_stream_flush(f, stream) : 0;
    if (flushed < 0) return tr_io_raise(f, self, flushed);
    off_t position = lseek(stream->fd, 0, SEEK_CUR);
    if (position < 0) return tr_io_raise(f, self, -errno);
    return tr_integer_from_int64(f, position - (off_t)tr_stream_available(stream));
}

static MAY_SWITCH MAY_RAISE Value seek_to(Fiber *f, Value self, int64_t offset, int whence) {
    Stream *stream = tr_io_stream(f, self);
    if (!stream) return TR_RAISED;
    ssize_t flushed = stream->can_write ? tr_stream_flush(f, stream) : 0;
    if (flushed < 0) return tr_io_raise(f, self, flushed);
    int forgot = tr_stream_forget_read(stream);
    if (forgot < 0) return tr_io_raise(f, self, forgot);
    off_t position = lseek(stream->fd, offset, whence);
    return position < 0 ? tr_io_raise(f, self, -errno) : tr_integer_from_int64(f, position);
}

static MAY_SWITCH MAY_RAISE bool whence_of(Fiber *f, Value v, int *whence) {
    if (tr_is_symbol(v)) {
        static const struct { const char *name; int whence; } names[] = {
            { "SET", SEEK_SET }, { "CUR", SEEK_CUR }, { "END", SEEK_END }, { "DATA", SEEK_DATA }, { "HOLE", SEEK_HOLE } };
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            if (strcmp(tr_id_cstr(tr_symbol_id(v)), names[i].name) == 0) { *whence = names[i].whence; return true; }
    }
    int64_t n;
    if (!tr_to_long(f, v, &n)) return false;
    *whence = (int)n;
    return true;
}

static MAY_SWITCH MAY_RAISE Value io_seek(Fiber *f, Value self, const Args *args) {
    int64_t offset;
    int whence = SEEK_SET;
    if (!tr_to_long(f, args->argv[0], &offset)) return TR_RAISED;
    if (args->argc > 1 && !whence_of(f, args->argv[1], &whence)) return TR_RAISED;
    return seek_to(f, self, offset, whence) == TR_RAISED ? TR_RAISED : TR_FIX(0);
}

static MAY_SWITCH MAY_RAISE Value io_sysseek(Fiber *f, Value self, const Args *args) {
    int64_t offset;
    int whence = SEEK_SET;
    if (!tr_to_long(f, args->argv[0], &offset)) return TR_RAISED;
    if (args->argc > 1 && !whence_of(f, args->argv[1], &whence)) return TR_RAISED;
    Stream *stream = tr_io_stream(f, self);
    if (!stream) return TR_RAISED;
    if (tr_stream_available(stream)) return tr_raise(f, tr_class.io_error, "sysseek for buffered IO");
    return seek_to(f, self, offset, whence);
}

static MAY_SWITCH MAY_RAISE Value io_set_pos(Fiber *f, Value self, const Args *args) {
    int64_t offset;
    if (!tr_to_long(f, args->argv[0], &offset)) return TR_RAISED;
    return seek_to(f, self, offset, SEEK_SET);
}

static MAY_SWITCH MAY_RAISE Value io_rewind(Fiber *f, Value self, const Args *args) {
    (void)args;
    if (seek_to(f, self, 0, SEEK_SET) == TR_RAISED) return TR_RAISED;
    ((IO *)self)->lineno = 0;
    return TR_FIX(0);
}

static MAY_SWITCH MAY_RAISE Value io_lineno(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_io_reader(f, self) ? tr_integer_from_int64(f, ((IO *)self)->lineno) : TR_RAISED;
}

static MAY_SWITCH MAY_RAISE Value io_set_lineno(Fiber *f, Value self, const Args *args) {
    if (!tr_io_reader(f, self) || !tr_to_long(f, args->argv[0], &((IO *)self)->lineno)) return TR_RAISED;
    return args->argv[0];
}

/* --- questions and settings --- */

static MAY_GC MAY_RAISE Value io_fileno(Fiber *f, Value self, const Args *args) {
    (void)args;
    Stream *stream = tr_io_stream(f, self);
    return stream ? TR_FIX(stream->fd) : TR_RAISED;
}
/* IO#__share: the descriptor for a child process, which expects it to block. From now on we write to it in small pieces. */
static MAY_GC MAY_RAISE Value io_share(Fiber *f, Value self, const Args *args) {
    (void)args;
    Stream *stream = tr_io_stream(f, self);
    if (!stream) return TR_RAISED;
    if (stream->is_nonblocking) {
        fcntl(stream->fd, F_SETFL, fcntl(stream->fd, F_GETFL) & ~O_NONBLOCK);
        stream->is_nonblocking = false;
    }
    return TR_FIX(stream->fd);
}
static MAY_GC MAY_RAISE Value io_tty_p(Fiber *f, Value self, const Args *args) {
    (void)args;
    Stream *stream = tr_io_stream(f, self);
    return stream ? tr_bool(isatty(stream->fd)) : TR_RAISED;
}
static MAY_GC MAY_RAISE Value io_sync(Fiber *f, Value self, const Args *args) {
    (void)args;
    Stream *stream = tr_io_stream(f, self);
    return stream ? tr_bool((((IO *)self)->writer ? ((IO *)self)->writer : stream)->is_sync) : TR_RAISED;
}
static MAY_SWITCH MAY_RAISE Value io_set_sync(Fiber *f, Value self, const Args *args) {
    Stream *stream = tr_io_stream(f, self);
    if (!stream) return TR_RAISED;
    stream->is_sync = tr_is_truthy(args->argv[0]);
    if (((IO *)self)->writer) ((IO *)self)->writer->is_sync = stream->is_sync;
    ssize_t flushed = stream->is_sync && stream->can_write ? tr_stream_flush(f, stream) : 0;
    return flushed < 0 ? tr_io_raise(f, self, flushed) : args->argv[0];
}
static MAY_GC MAY_RAISE Value io_pid(Fiber *f, Value self, const Args *args) {
    (void)args;
    Stream *stream = tr_io_stream(f, self);
    return !stream ? TR_RAISED : stream->pid > 0 ? TR_FIX(stream->pid) : TR_NIL;
}
static MAY_GC MAY_RAISE Value io_binmode(Fiber *f, Value self, const Args *args) {
    (void)args;
    if (!tr_io_stream(f, self)) return TR_RAISED;
    IO *io = (IO *)self;
    io->is_binary = true;
    io->external = io->internal = TR_NIL;
    return self;
}
static MAY_GC MAY_RAISE Value io_binmode_p(Fiber *f, Value self, const Args *args) {
    (void)args;
    return tr_io_stream(f, self) ? tr_bool(((IO *)self)->is_binary) : TR_RAISED;
}
static MAY_GC MAY_RAISE Value io_path(Fiber *f, Value self, const Args *args) {
    (void)args;
    Value path = ((IO *)self)->path;
    return tr_is_string(path) ? tr_string_dup(f, path) : path; /* theirs to change */
}
static MAY_GC MAY_RAISE Value io_autoclose_p(Fiber *f, Value self, const Args *args) {
    (void)args;
    Stream *stream = tr_io_stream(f, self);
    return stream ? tr_bool(stream->owns_fd) : TR_RAISED;
}
static MAY_GC MAY_RAISE Value io_set_autoclose(Fiber *f, Value self, const Args *args) {
    Stream *stream = tr_io_stream(f, self);
    if (!stream) return TR_RAISED;
    stream->owns_fd = tr_is_truthy(args->argv[0]);
    return args->argv[0];
}
static MAY_SWITCH MAY_RAISE Value io_close_on_exec_p(Fiber *f, Value self, const Args *args) {
    (void)args;
    Stream *stream = tr_io_stream(f, self);
    if (!stream) return TR_RAISED;
    int flags = fcntl(stream->fd, F_GETFD);
    return flags < 0 ? tr_io_raise(f, self, -errno) : tr_bool(flags & FD_CLOEXEC);
}
static MAY_SWITCH MAY_RAISE Value io_set_close_on_exec(Fiber *f, Value self, const Args *args) {
    Stream *stream = tr_io_stream(f, self);
    if (!stream) return TR_RAISED;
    int flags = fcntl(stream->fd, F_GETFD);
    flags = tr_is_truthy(args->argv[0]) ? flags | FD_CLOEXEC : flags & ~FD_CLOEXEC;
    return fcntl(stream->fd, F_SETFD, flags) < 0 ? tr_io_raise(f, self, -errno) : args->argv[0];
}
static MAY_GC MAY_RAISE Value io_timeout(Fiber *f, Value self, const Args *args) {
    (void)args;
    Stream *stream = tr_io_stream(f, self);
    if (!stream) return TR_RAISED;
    if (stream->timeout_ns == TR_FOREVER) return TR_NIL;
    return stream->timeout_ns % 1000000000 == 0 ? TR_FIX(stream->timeout_ns / 1000000000)
                                                 : tr_float_new(f, (double)stream->timeout_ns / 1e9);
}
static MAY_SWITCH MAY_RAISE Value io_set_timeout(Fiber *f, Value self, const Args *args) {
    Stream *stream = tr_io_stream(f, self);
    if (!stream) return TR_RAISED;
    double seconds = 0;
    if (args->argv[0] != TR_NIL && !tr_to_double(f, args->argv[0], &seconds)) return TR_RAISED;
    stream->timeout_ns = args->argv[0] == TR_NIL ? TR_FOREVER : (int64_t)(seconds * 1e9);
    return args->argv[0];
}
static MAY_SWITCH MAY_RAISE Value io_fcntl(Fiber *f, Value self, const Args *args) {
    Stream *stream = tr_io_stream(f, self);
    int64_t command, argument = 0;
    if (!stream || !tr_to_long(f, args->argv[0], &command)) return TR_RAISED;
    if (args->argc > 1 && !tr_to_long(f, args->argv[1], &argument)) return TR_RAISED;
    int result = fcntl(stream->fd, (int)command, (int)argument);
    return result < 0 ? tr_io_raise(f, self, -errno) : TR_FIX(result);
}
/* IO#ioctl(request, Integer or String = 0): a String's bytes are read and written, at least 256 of them */
static MAY_SWITCH MAY_RAISE Value io_ioctl(Fiber *f, Value self, const Args *args) {
    int64_t request, number = 0;
    char bytes[4096] = { 0 };
    void *argument = bytes;
    Value text = args->argc > 1 && tr_is_string(args->argv[1]) ? args->argv[1] : TR_NIL;
    Stream *stream = tr_io_stream(f, self);
    if (!stream || !tr_to_long(f, args->argv[0], &request)) return TR_RAISED;
    if (text != TR_NIL) {
        if (!tr_check_frozen(f, text)) return TR_RAISED;
        if (tr_string(text)->size > sizeof bytes) return tr_raise(f, tr_class.argument_error, "string too long for ioctl");
        memcpy(bytes, tr_string(text)->bytes, tr_string(text)->size);
    } else if (args->argc > 1 && tr_is_truthy(args->argv[1])) {
        if (args->argv[1] == TR_TRUE) number = 1;
        else if (!tr_to_long(f, args->argv[1], &number)) return TR_RAISED;
        argument = (void *)(intptr_t)number;
    }
    int result = ioctl(stream->fd, (unsigned long)request, text == TR_NIL ? argument : bytes);
    if (result < 0) return tr_io_raise(f, self, -errno);
    if (text != TR_NIL) {
        size_t size = tr_string(text)->size;
        if (tr_string_resize(f, text, 0) == TR_RAISED || tr_string_append_bytes(f, text, bytes, size) == TR_RAISED) return TR_RAISED;
    }
    return TR_FIX(result);
}

/* IO#nonblock? and nonblock=: the flag that others who share the descriptor see; no read or write of ours blocks others. */
static MAY_SWITCH MAY_RAISE Value io_nonblock_p(Fiber *f, Value self, const Args *args) {
    (void)args;
    Stream *stream = tr_io_stream(f, self);
    if (!stream) return TR_RAISED;
    int flags = fcntl(stream->fd, F_GETFL);
    return flags < 0 ? tr_io_raise(f, self, -errno) : tr_bool(flags & O_NONBLOCK);
}
static MAY_SWITCH MAY_RAISE Value io_set_nonblock(Fiber *f, Value self, const Args *args) {
    Stream *stream = tr_io_stream(f, self);
    if (!stream) return TR_RAISED;
    int flags = fcntl(stream->fd, F_GETFL);
    bool is_set = tr_is_truthy(args->argv[0]);
    if (flags < 0 || fcntl(stream->fd, F_SETFL, is_set ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) < 0)
        return tr_io_raise(f, self, -errno);
    if (!stream->is_standard) stream->is_nonblocking = is_set;
    return args->argv[0];
}

static MAY_SWITCH MAY_RAISE Value io_fsync(Fiber *f, Value self, const Args *args) {
    (void)args;
    Stream *stream = tr_io_writer(f, self);
    if (!stream) return TR_RAISED;
    ssize_t flushed = tr_stream_flush(f, stream);
    if (flushed < 0) return tr_io_raise(f, self, flushed);
    return fsync(stream->fd) < 0 ? tr_io_raise(f, self, -errno) : TR_FIX(0);
}

static MAY_SWITCH Value io_external_encoding(Fiber *f, Value self, const Args *args) {
    (void)args;
    IO *io = (IO *)self;
    if (io->external != TR_NIL) return io->external;
    if (io->is_binary) return tr_const_find(f, tr_class.encoding, tr_intern_cstr("BINARY"), true);
    if (io->stream && io->stream->can_write) return TR_NIL;
    return tr_call(f, (Value)tr_class.encoding, tr_intern_cstr("default_external"), 0);
}
static MAY_GC Value io_internal_encoding(Fiber *f, Value self, const Args *args) {
    (void)f; (void)args;
    return ((IO *)self)->internal;
}

static MAY_SWITCH MAY_RAISE Value find_encoding(Fiber *f, Value v) {
    if (v == TR_NIL || tr_is_kind_of(v, tr_class.encoding)) return v;
    return tr_call(f, (Value)tr_class.encoding, tr_intern_cstr("find"), 1, v);
}

/* IO#set_encoding(external, internal = nil) and ("ext:int") */
static MAY_SWITCH MAY_RAISE Value io_set_encoding(Fiber *f, Value self, const Args *args) {
    IO *io = (IO *)self;
    Value external = args->argv[0], internal = args->argc > 1 ? args->argv[1] : TR_NIL;
    if (tr_is_string(external)) {
        OpenMode mode;
        Value text = tr_string_new_cstr(f, "r:");
        if (tr_string_append(f, text, external) == TR_RAISED || !tr_open_mode(f, text, TR_NIL, TR_NIL, &mode)) return TR_RAISED;
        external = mode.external;
        if (internal == TR_NIL) internal = mode.internal;
    }
    external = find_encoding(f, external);
    if (external == TR_RAISED) return TR_RAISED;
    internal = find_encoding(f, internal);
    if (internal == TR_RAISED) return TR_RAISED;
    if (external != TR_NIL && internal == TR_NIL && !io->is_binary) {
        Value compatible = tr_call(f, external, tr_intern_cstr("ascii_compatible?"), 0);
        if (compatible == TR_RAISED) return TR_RAISED;
        if (!tr_is_truthy(compatible)) return tr_raise(f, tr_class.argument_error, "ASCII incompatible encoding needs binmode");
    }
    tr_write(self, &io->external, external);
    tr_write(self, &io->internal, internal == external ? TR_NIL : internal);
    io->is_binary = false;
    return self;
}

static MAY_SWITCH MAY_RAISE Value io_inspect(Fiber *f, Value self, const Args *args) {
    (void)args;
    IO *io = (IO *)self;
    Value name = tr_class_path(f, tr_real_class_of(self));
    if (!io->stream) return tr_any_to_s(f, self);
    const char *closed = io->stream->fd < 0 ? " (closed)" : "";
    if (tr_is_string(io->path))
        return tr_string_format(f, "#<%s:%s%s>", tr_string(name)->bytes, tr_string(io->path)->bytes, closed);
    if (io->stream->fd < 0) return tr_string_format(f, "#<%s:(closed)>", tr_string(name)->bytes);
    return tr_string_format(f, "#<%s:fd %d>", tr_string(name)->bytes, io->stream->fd);
}

/* IO.__popen(reader or nil, writer or nil, pid): one object over the ends of a child's pipes, which it takes over */
static MAY_GC Value io_s_popen(Fiber *f, Value self, const Args *args) {
    IO *io = (IO *)io_alloc(f, (Class *)self);
    IO *reader = args->argv[0] == TR_NIL ? NULL : (IO *)args->argv[0];
    IO *writer = args->argv[1] == TR_NIL ? NULL : (IO *)args->argv[1];
    io->stream = reader ? reader->stream : writer->stream;
    if (reader && writer) io->writer = writer->stream;
    if (reader) reader->stream = NULL;
    if (writer) writer->stream = NULL;
    io->stream->pid = (pid_t)tr_fixnum(args->argv[2]);
    return (Value)io;
}

static MAY_GC Value io_to_io(Fiber *f, Value self, const Args *args) { (void)f; (void)args; return self; }

static const MethodDef io_methods[] = {
    { "close", io_close, ARITY(0, 0), 0 },
    { "close_read", io_close_read, ARITY(0, 0), 0 },
    { "close_write", io_close_write, ARITY(0, 0), 0 },
    { "closed?", io_closed_p, ARITY(0, 0), 0 },
    { "tell", io_tell, ARITY(0, 0), 0 },
    { "pos", io_tell, ARITY(0, 0), 0 },
    { "pos=", io_set_pos, ARITY(1, 1), 0 },
    { "seek", io_seek, ARITY(1, 2), 0 },
    { "sysseek", io_sysseek, ARITY(1, 2), 0 },
    { "rewind", io_rewind, ARITY(0, 0), 0 },
    { "lineno", io_lineno, ARITY(0, 0), 0 },
    { "lineno=", io_set_lineno, ARITY(1, 1), 0 },
    { "fileno", io_fileno, ARITY(0, 0), 0 },
    { "to_i", io_fileno, ARITY(0, 0), 0 },
    { "__share", io_share, ARITY(0, 0), METHOD_PRIVATE },
    { "tty?", io_tty_p, ARITY(0, 0), 0 },
    { "isatty", io_tty_p, ARITY(0, 0), 0 },
    { "sync", io_sync, ARITY(0, 0), 0 },
    { "sync=", io_set_sync, ARITY(1, 1), 0 },
    { "fsync", io_fsync, ARITY(0, 0), 0 },
    { "fdatasync", io_fsync, ARITY(0, 0), 0 },
    { "pid", io_pid, ARITY(0, 0), 0 },
    { "binmode", io_binmode, ARITY(0, 0), 0 },
    { "binmode?", io_binmode_p, ARITY(0, 0), 0 },
    { "path", io_path, ARITY(0, 0), 0 },
    { "to_path", io_path, ARITY(0, 0), 0 },
    { "autoclose?", io_autoclose_p, ARITY(0, 0), 0 },
    { "autoclose=", io_set_autoclose, ARITY(1, 1), 0 },
    { "close_on_exec?", io_close_on_exec_p, ARITY(0, 0), 0 },
    { "close_on_exec=", io_set_close_on_exec, ARITY(1, 1), 0 },
    { "timeout", io_timeout, ARITY(0, 0), 0 },
    { "timeout=", io_set_timeout, ARITY(1, 1), 0 },
    { "fcntl", io_fcntl, ARITY(1, 2), 0 },
    { "ioctl", io_ioctl, ARITY(1, 2), 0 },
    { "nonblock?", io_nonblock_p, ARITY(0, 0), 0 },
    { "nonblock=", io_set_nonblock, ARITY(1, 1), 0 },
    { "external_encoding", io_external_encoding, ARITY(0, 0), 0 },
    { "internal_encoding", io_internal_encoding, ARITY(0, 0), 0 },
    { "set_encoding", io_set_encoding, ARITY(1, 2), METHOD_KEYWORDS },
    { "inspect", io_inspect, ARITY(0, 0), 0 },
    { "to_io", io_to_io, ARITY(0, 0), 0 },
    { NULL, NULL, 0, 0, 0 }
};

static MAY_GC void io_init(Fiber *f) {
    tr_parcel_register_data(&tr_io_type, &io_parcel);
    tr_define_methods(f, tr_class.io, tr_io_read_methods);
    tr_define_methods(f, tr_class.io, tr_io_write_methods);
    tr_define_methods(f, tr_class.io, tr_io_open_methods);
    tr_define_singleton_method(f, (Value)tr_class.io, "__popen", io_s_popen, 3, 3, METHOD_PRIVATE);
    static const struct { const char *name; int value; } constants[] = {
        { "SEEK_SET", SEEK_SET }, { "SEEK_CUR", SEEK_CUR }, { "SEEK_END", SEEK_END }, { "SEEK_DATA", SEEK_DATA },
        { "SEEK_HOLE", SEEK_HOLE }, { "READABLE", 1 }, { "PRIORITY", 2 }, { "WRITABLE", 4 } };
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        tr_const_define(f, tr_class.io, constants[i].name, TR_FIX(constants[i].value));
    tr_io_globals_init(f);
    tr_io_read_init();
}

const ClassDef tr_io_def = {
    .klass = &tr_class.io, .methods = io_methods, .singleton_methods = tr_io_open_singleton_methods, .alloc = io_alloc,
    .instance_type = TYPE_DATA, .init = io_init,
};
