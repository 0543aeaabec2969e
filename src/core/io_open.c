/* io_open.c - opening: mode strings, IO.new, IO.sysopen, IO.pipe, File's open, reopen. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/io.h"

/* --- modes --- */

static MAY_SWITCH MAY_RAISE Value find_encoding(Fiber *f, const char *name, size_t size) {
    if (size == 1 && name[0] == '-') return TR_NIL;
    if (size > 4 && strncasecmp(name, "BOM|", 4) == 0) {
        name += 4;
        size -= 4;
    }
    Value text = tr_string_new(f, name, size);
    Value encoding = tr_call(f, (Value)tr_class.encoding, tr_intern_cstr("find"), 1, text);
    if (encoding != TR_RAISED) return encoding;
    if (tr_rescue(f, tr_class.argument_error) == TR_UNDEF) return TR_RAISED;
    tr_warn(f, "Unsupported encoding %.*s ignored", (int)size, name);
    return TR_NIL;
}

/* "ext" or "ext:int" */
static MAY_SWITCH MAY_RAISE bool encodings_of(Fiber *f, const char *text, OpenMode *mode) {
    const char *colon = strchr(text, ':');
    mode->skips_bom = strncasecmp(text, "BOM|", 4) == 0;
    mode->external = find_encoding(f, text, colon ? (size_t)(colon - text) : strlen(text));
    if (mode->external == TR_RAISED) return false;
    if (colon) mode->internal = find_encoding(f, colon + 1, strlen(colon + 1));
    if (mode->internal == TR_RAISED) return false;
    if (mode->internal == mode->external) mode->internal = TR_NIL;
    return true;
}

static MAY_SWITCH MAY_RAISE bool mode_from_text(Fiber *f, const char *text, OpenMode *mode) {
    const char *p = text;
    switch (*p++) {
    case 'r': mode->flags = O_RDONLY; break;
    case 'w': mode->flags = O_WRONLY | O_CREAT | O_TRUNC; break;
    case 'a': mode->flags = O_WRONLY | O_CREAT | O_APPEND; break;
    default: goto invalid;
    }
    for (; *p && *p != ':'; p++) {
        switch (*p) {
        case '+': mode->flags = (mode->flags & ~O_ACCMODE) | O_RDWR; break;
        case 'b': mode->is_binary = true; break;
        case 't': mode->is_text = true; break;
        case 'x':
            if (!(mode->flags & O_TRUNC)) goto invalid;
            mode->flags |= O_EXCL;
            break;
        default: goto invalid;
        }
    }
    if (mode->is_binary && mode->is_text) goto invalid;
    return *p != ':' || encodings_of(f, p + 1, mode);
invalid:
    return tr_raise(f, tr_class.argument_error, "invalid access mode %s", text) != TR_RAISED;
}

enum { KEY_MODE, KEY_FLAGS, KEY_EXTERNAL, KEY_INTERNAL, KEY_ENCODING, KEY_TEXT, KEY_BINARY, KEY_PERM, KEY_AUTOCLOSE, KEY_PATH, KEY_COUNT };

static MAY_SWITCH MAY_RAISE bool keyword_encoding(Fiber *f, Value v, Value *out) {
    if (v == TR_UNDEF || v == TR_NIL) return true;
    *out = tr_is_string(v) ? find_encoding(f, tr_string(v)->bytes, tr_string(v)->size) : v;
    return *out != TR_RAISED;
}

static MAY_SWITCH MAY_RAISE bool apply_keywords(Fiber *f, const Value *values, OpenMode *mode) {
    int64_t flags;
    if (values[KEY_FLAGS] != TR_UNDEF && values[KEY_FLAGS] != TR_NIL) {
        if (!tr_to_long(f, values[KEY_FLAGS], &flags)) return false;
        mode->flags |= (int)flags;
    }
    if (values[KEY_BINARY] != TR_UNDEF && tr_is_truthy(values[KEY_BINARY])) {
        if (mode->is_binary) return tr_raise(f, tr_class.argument_error, "binmode specified twice") != TR_RAISED;
        if (mode->is_text) return tr_raise(f, tr_class.argument_error, "both textmode and binmode specified") != TR_RAISED;
        mode->is_binary = true;
    }
    if (values[KEY_TEXT] != TR_UNDEF && tr_is_truthy(values[KEY_TEXT])) {
        if (mode->is_binary) return tr_raise(f, tr_class.argument_error, "both textmode and binmode specified") != TR_RAISED;
        mode->is_text = true;
    }
    if (values[KEY_ENCODING] != TR_UNDEF && values[KEY_ENCODING] != TR_NIL) {
        if (tr_is_string(values[KEY_ENCODING])) {
            if (!encodings_of(f, tr_string(values[KEY_ENCODING])->bytes, mode)) return false;
        } else {
            mode->external = values[KEY_ENCODING];
        }
    }
    return keyword_encoding(f, values[KEY_EXTERNAL], &mode->external) && keyword_encoding(f, values[KEY_INTERNAL], &mode->internal);
}

static MAY_SWITCH MAY_RAISE bool mode_from_value(Fiber *f, Value v, OpenMode *mode) {
    if (v == TR_NIL || v == TR_UNDEF) return true;
    if (tr_is_fixnum(v)) {
        mode->flags = (int)tr_fixnum(v);
        return true;
    }
    if (!tr_is_string(v)) {
        Value number = tr_try_convert(f, v, tr_class.integer, TR_ID_to_int);
        if (number == TR_RAISED) return false;
        if (number != TR_NIL) {
            mode->flags = (int)tr_fixnum(number);
            return true;
        }
        v = tr_to_str(f, v);
        if (v == TR_RAISED) return false;
    }
    bool ok = mode_from_text(f, tr_string(v)->bytes, mode);
    TR_KEEP(v);
    return ok;
}

bool tr_open_mode(Fiber *f, Value mode_value, Value permissions, Value keywords, OpenMode *mode) {
    static const char *const names[KEY_COUNT] = { "mode", "flags", "external_encoding", "internal_encoding", "encoding", "textmode",
                                                  "binmode", "perm", "autoclose", "path" };
    Id ids[KEY_COUNT];
    Value values[KEY_COUNT];
    *mode = (OpenMode){ .flags = O_RDONLY, .external = TR_NIL, .internal = TR_NIL, .permissions = 0666 };
    for (int i = 0; i < KEY_COUNT; i++) {
        ids[i] = tr_intern_cstr(names[i]);
        values[i] = TR_UNDEF;
    }
    if (keywords != TR_NIL && !tr_keywords(f, keywords, ids, 0, KEY_COUNT, values, true)) return false;
    if (values[KEY_MODE] != TR_UNDEF && values[KEY_MODE] != TR_NIL) {
        if (mode_value != TR_NIL && mode_value != TR_UNDEF)
            return tr_raise(f, tr_class.argument_error, "mode specified twice") != TR_RAISED;
        mode_value = values[KEY_MODE];
    }
    if (!mode_from_value(f, mode_value, mode)) return false;
    if (keywords != TR_NIL && !apply_keywords(f, values, mode)) return false;
    if (values[KEY_PERM] != TR_UNDEF && values[KEY_PERM] != TR_NIL) permissions = values[KEY_PERM];
    int64_t bits;
    if (permissions != TR_NIL && permissions != TR_UNDEF) {
        if (!tr_to_long(f, permissions, &bits)) return false;
        mode->permissions = (int)bits;
    }
    int access = mode->flags & O_ACCMODE;
    mode->can_read = access != O_WRONLY;
    mode->can_write = access != O_RDONLY;
    mode->flags |= O_CLOEXEC;
    return true;
}

void tr_io_apply_mode(Value self, const OpenMode *mode) {
    IO *io = (IO *)self;
    io->is_binary = mode->is_binary && mode->external == TR_NIL;
    io->is_text = mode->is_text;
    tr_write(self, &io->external, mode->external);
    tr_write(self, &io->internal, mode->internal);
    if (io->stream) io->stream->is_append = (mode->flags & O_APPEND) != 0;
}

/* --- opening --- */

Value tr_raise_errno_at(Fiber *f, int error, const char *detail) {
    Value raised = tr_raise_errno(f, error, NULL);
    if (f->unwind.kind != UNWIND_RAISE) return raised;
    Exception *exception = (Exception *)f->unwind.value;
    Value message = tr_string_format(f, "%s @ %s", strerror(error), detail);
    tr_write((Value)exception, &exception->message, message);
    return TR_RAISED;
}

static MAY_GC MAY_RAISE Value raise_open(Fiber *f, int error, Value path) {
    char detail[4200];
    snprintf(detail, sizeof detail, "rb_sysopen - %s", tr_string(path)->bytes);
    return tr_raise_errno_at(f, error, detail);
}

/* A fifo that waits for its other end: a helper thread does, and an interrupt leaves it to itself. */
typedef struct OpenCall { int fd, error, flags; mode_t permissions; char path[]; } OpenCall;
static void run_open(void *data) {
    OpenCall *call = data;
    call->fd = open(call->path, call->flags, call->permissions);
    call->error = errno;
}
static void drop_open(void *data) {
    OpenCall *call = data;
    if (call->fd >= 0) close(call->fd);
    free(call);
}
static MAY_SWITCH MAY_RAISE int open_fifo(Fiber *f, Value path, const OpenMode *mode) {
    size_t size = tr_string(path)->size + 1;
    OpenCall *call = malloc(sizeof *call + size);
    if (!call) {
        (void)!tr_raise_no_memory(f);
        return -1;
    }
    *call = (OpenCall){.fd = -1, .flags = mode->flags, .permissions = mode->permissions};
    memcpy(call->path, tr_string(path)->bytes, size);
    if (tr_blocking_call_detachable(f, run_open, drop_open, call, TR_FOREVER) != TR_TRUE) return -1;
    int fd = call->fd, error = call->error;
    free(call);
    if (fd < 0) (void)!raise_open(f, error, path);
    return fd;
}

static bool waits_for_other_end(const char *path, int flags) {
    struct stat st;
    return !(flags & O_NONBLOCK) && (flags & O_ACCMODE) != O_RDWR && stat(path, &st) == 0 && S_ISFIFO(st.st_mode);
}

/* The descriptor, -1 raised. */
static MAY_SWITCH MAY_RAISE int open_path(Fiber *f, Value path, const OpenMode *mode) {
    if (TR_UNLIKELY(waits_for_other_end(tr_string(path)->bytes, mode->flags))) return open_fifo(f, path, mode);
    for (;;) {
        int fd = open(tr_string(path)->bytes, mode->flags, mode->permissions);
        if (fd >= 0) return fd;
        if (errno != EINTR) {
            (void)!raise_open(f, errno, path);
            return -1;
        }
        if (TR_SAFEPOINT(f) == TR_RAISED) return -1;
    }
}

Value tr_io_open_path(Fiber *f, Value self, Value path, const OpenMode *mode) {
    IO *io = (IO *)self;
    if (!tr_string_cstr(f, &path)) return TR_RAISED;
    int fd = open_path(f, path, mode);
    if (fd < 0) return TR_RAISED;
    char mark[3];
    if (mode->skips_bom && mode->can_read && pread(fd, mark, sizeof mark, 0) == 3 && memcmp(mark, "\xEF\xBB\xBF", 3) == 0)
        lseek(fd, sizeof mark, SEEK_SET);
    io->stream = tr_stream_new(fd, mode->can_read, mode->can_write);
    path = tr_string_dup(f, path);
    tr_freeze(f, path);
    tr_write(self, &io->path, path);
    tr_io_apply_mode(self, mode);
    return self;
}

/* File.new(path_or_fd, mode = "r", perm = 0666, **options) */
static MAY_SWITCH MAY_RAISE Value io_from_fd(Fiber *f, Value self, const Args *args);
MAY_SWITCH MAY_RAISE Value tr_file_initialize(Fiber *f, Value self, const Args *args) {
    OpenMode mode;
    if (((IO *)self)->stream) return tr_raise(f, tr_class.runtime_error, "reinitializing File");
    if (tr_is_integer(args->argv[0])) return io_from_fd(f, self, args);
    Value path = tr_to_path(f, args->argv[0]);
    if (path == TR_RAISED) return TR_RAISED;
    if (memchr(tr_string(path)->bytes, 0, tr_string(path)->size))
        return tr_raise(f, tr_class.argument_error, "path name contains null byte");
    if (!tr_open_mode(f, args->argc > 1 ? args->argv[1] : TR_NIL, args->argc > 2 ? args->argv[2] : TR_NIL, args->keywords, &mode))
        return TR_RAISED;
    return tr_io_open_path(f, self, path, &mode);
}

/* IO.new(fd, mode = what the descriptor allows, **options) */
static MAY_SWITCH MAY_RAISE Value io_from_fd(Fiber *f, Value self, const Args *args) {
    int64_t fd;
    OpenMode mode;
    if (!tr_to_long(f, args->argv[0], &fd)) return TR_RAISED;
    int flags = fcntl((int)fd, F_GETFL);
    if (flags < 0) return tr_raise_errno(f, errno, NULL);
    if (!tr_open_mode(f, args->argc > 1 ? args->argv[1] : TR_NIL, TR_NIL, args->keywords, &mode)) return TR_RAISED;
    int access = flags & O_ACCMODE;
    Id mode_key = tr_intern_cstr("mode");
    bool mode_given = (args->argc > 1 && args->argv[1] != TR_NIL) ||
                      (args->keywords != TR_NIL && tr_hash_get_symbol(args->keywords, mode_key) != TR_UNDEF);
    if (!mode_given) {
        mode.can_read = access != O_WRONLY;
        mode.can_write = access != O_RDONLY;
    } else if ((mode.can_read && access == O_WRONLY) || (mode.can_write && access == O_RDONLY)) {
        return tr_raise_errno(f, EINVAL, NULL);
    }
    IO *io = (IO *)self;
    io->stream = tr_stream_new((int)fd, mode.can_read, mode.can_write);
    io->stream->is_sync = fd == 2;
    tr_io_apply_mode(self, &mode);
    if (args->keywords != TR_NIL) {
        Value autoclose = tr_hash_get_symbol(args->keywords, tr_intern_cstr("autoclose"));
        Value path = tr_hash_get_symbol(args->keywords, tr_intern_cstr("path"));
        if (autoclose == TR_FALSE) io->stream->owns_fd = false;
        if (path != TR_UNDEF) tr_write(self, &io->path, path);
    }
    return self;
}

/* IO.open / File.open: new, and with a block its value, closing at the end. */
static MAY_SWITCH MAY_RAISE Value io_s_open(Fiber *f, Value self, const Args *args) {
    Value io = tr_call_full(f, self, TR_ID_new, args->argc, args->argv, TR_NIL, args->keywords, false);
    if (io == TR_RAISED || !tr_block_is_given(args->block)) return io;
    return tr_io_with_close(f, io, args->block);
}

/* Closes quietly when the block raised, so that its exception is the one that travels. */
Value tr_io_with_close(Fiber *f, Value io, Block block) {
    Value result = tr_yield1(f, block, io);
    Unwind pending = f->unwind;
    if (tr_is_io(io) && ((IO *)io)->stream && ((IO *)io)->stream->fd >= 0) {
        Value closed = tr_call(f, io, TR_ID_close, 0);
        if (result != TR_RAISED) return closed == TR_RAISED ? TR_RAISED : result;
        f->unwind = pending;
    }
    return result;
}

static MAY_SWITCH MAY_RAISE Value io_s_sysopen(Fiber *f, Value self, const Args *args) {
    OpenMode mode;
    (void)self;
    Value path = tr_to_path(f, args->argv[0]);
    if (path == TR_RAISED || !tr_string_cstr(f, &path)) return TR_RAISED;
    if (!tr_open_mode(f, args->argc > 1 ? args->argv[1] : TR_NIL, args->argc > 2 ? args->argv[2] : TR_NIL, TR_NIL, &mode))
        return TR_RAISED;
    int fd = open_path(f, path, &mode);
    return fd < 0 ? TR_RAISED : TR_FIX(fd);
}

/* IO.pipe(external = nil, internal = nil) -> [reader, writer] */
static MAY_SWITCH MAY_RAISE Value io_s_pipe(Fiber *f, Value self, const Args *args) {
    int fds[2];
    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0) return tr_raise_errno(f, errno, NULL);
    Value reader = tr_io_new(f, (Class *)self, fds[0], true, false, TR_NIL);
    Value writer = tr_io_new(f, (Class *)self, fds[1], false, true, TR_NIL);
    ((IO *)reader)->stream->is_nonblocking = ((IO *)writer)->stream->is_nonblocking = true;
    ((IO *)writer)->stream->is_sync = true;
    if (args->argc > 0 &&
        tr_callv(f, reader, tr_intern_cstr("set_encoding"), args->argc, args->argv) == TR_RAISED) return TR_RAISED;
    Value pair = tr_array_new_values(f, 2, reader, writer);
    if (!tr_block_is_given(args->block)) return pair;
    Value result = tr_yield(f, args->block, 1, &pair);
    Unwind pending = f->unwind;
    for (int i = 0; i < 2; i++) {
        Value io = i ? writer : reader;
        if (((IO *)io)->stream->fd >= 0 && tr_io_close(f, io) == TR_RAISED && result != TR_RAISED) return TR_RAISED;
    }
    if (result == TR_RAISED) f->unwind = pending;
    return result;
}

/* IO#reopen(other_io) or (path, mode = nil): the same object over another file, keeping the descriptor's number. */
static MAY_SWITCH MAY_RAISE Value io_reopen(Fiber *f, Value self, const Args *args) {
    IO *io = (IO *)self;
    Stream *stream = tr_io_stream(f, self);
    if (!stream) return TR_RAISED;
    if (stream->can_write && tr_stream_flush(f, stream) == STREAM_RAISED) return TR_RAISED;
    Value other = args->argc == 1 && !tr_is_string(args->argv[0]) ? tr_try_convert(f, args->argv[0], tr_class.io, TR_ID_to_io) : TR_NIL;
    if (other == TR_RAISED) return TR_RAISED;
    if (other != TR_NIL) {
        Stream *from = tr_io_stream(f, other);
        if (!from) return TR_RAISED;
        if (from->can_write && tr_stream_flush(f, from) == STREAM_RAISED) return TR_RAISED;
        tr_stream_forget_read(stream);
        stream->read_start = stream->read_end = 0;
        if (dup3(from->fd, stream->fd, stream->fd > 2 ? O_CLOEXEC : 0) < 0 && from->fd != stream->fd) return tr_io_raise(f, self, -errno);
        stream->can_read = from->can_read;
        stream->can_write = from->can_write;
        stream->is_regular = from->is_regular;
        stream->is_nonblocking = from->is_nonblocking;
        stream->is_tty = from->is_tty;
        tr_write(self, &io->path, ((IO *)other)->path);
        return self;
    }
    OpenMode mode;
    Value path = tr_to_path(f, args->argv[0]);
    if (path == TR_RAISED || !tr_string_cstr(f, &path)) return TR_RAISED;
    Value mode_value = args->argc > 1 ? args->argv[1] : TR_NIL;
    if (mode_value == TR_NIL && stream->can_write)
        mode_value = tr_string_new_cstr(f, stream->can_read ? "r+" : "w");
    if (!tr_open_mode(f, mode_value, TR_NIL, args->keywords, &mode)) return TR_RAISED;
    int fd = open_path(f, path, &mode);
    if (fd < 0) return TR_RAISED;
    tr_stream_forget_read(stream);
    stream->read_start = stream->read_end = 0;
    int result = dup3(fd, stream->fd, stream->fd > 2 ? O_CLOEXEC : 0);
    int error = errno;
    close(fd);
    if (result < 0) return tr_io_raise(f, self, -error);
    Stream *probe = tr_stream_new(stream->fd, true, true);
    stream->is_regular = probe->is_regular;
    stream->is_nonblocking = false;
    stream->is_tty = probe->is_tty;
    tr_stream_free(probe);
    stream->can_read = mode.can_read;
    stream->can_write = mode.can_write;
    tr_write(self, &io->path, path);
    return self;
}

static MAY_SWITCH MAY_RAISE Value io_initialize_copy(Fiber *f, Value self, const Args *args) {
    IO *to = (IO *)self, *from = (IO *)args->argv[0];
    if (!tr_is_io(args->argv[0])) return tr_raise(f, tr_class.type_error, "initialize_copy should take same class object");
    Stream *stream = tr_io_stream(f, args->argv[0]);
    if (!stream) return TR_RAISED;
    if (stream->can_write && tr_stream_flush(f, stream) == STREAM_RAISED) return TR_RAISED;
    tr_stream_forget_read(stream);
    int fd = fcntl(stream->fd, F_DUPFD_CLOEXEC, 3);
    if (fd < 0) return tr_raise_errno(f, errno, NULL);
    to->stream = tr_stream_new(fd, stream->can_read, stream->can_write);
    to->stream->is_sync = stream->is_sync;
    to->stream->is_nonblocking = stream->is_nonblocking; /* a property of what both descriptors stand for */
    to->stream->is_numeric = stream->is_numeric;
    to->stream->is_datagram = stream->is_datagram;
    to->lineno = from->lineno;
    to->is_binary = from->is_binary;
    tr_write(self, &to->path, from->path);
    tr_write(self, &to->external, from->external);
    tr_write(self, &to->internal, from->internal);
    return self;
}

const MethodDef tr_io_open_methods[] = {
    { "initialize", io_from_fd, ARITY(1, 2), METHOD_KEYWORDS | METHOD_PRIVATE },
    { "initialize_copy", io_initialize_copy, ARITY(1, 1), METHOD_PRIVATE },
    { "reopen", io_reopen, ARITY(1, 2), METHOD_KEYWORDS },
    { NULL, NULL, 0, 0, 0 }
};
const MethodDef tr_io_open_singleton_methods[] = {
    { "open", io_s_open, ARITY_REST(0), METHOD_KEYWORDS },
    { "sysopen", io_s_sysopen, ARITY(1, 3), 0 },
    { "pipe", io_s_pipe, ARITY(0, 2), METHOD_KEYWORDS },
    { NULL, NULL, 0, 0, 0 }
};
