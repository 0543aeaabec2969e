/* socket.c - BasicSocket: from socket(2) to close, with the waiting that connect and accept do.
 *
 * The methods whose names begin with __ are the system calls; what gives them their Ruby form is lib/ext/socket.rb.
 */
#include "stdlib/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/require.h"
#include "core/waiters.h"
#include "ractor/thread.h"

static _Atomic bool is_numeric_by_default = true; /* BasicSocket.do_not_reverse_lookup; relaxed */

/* --- objects --- */

static Stream *new_stream(int fd) {
    Stream *stream = tr_stream_new_socket(fd);
    stream->is_numeric = is_numeric_by_default;
    return stream;
}

Value tr_socket_new(Fiber *f, Class *klass, int fd) {
    Value self = klass->alloc(f, klass);
    ((IO *)self)->stream = new_stream(fd);
    ((IO *)self)->is_binary = true;
    return self;
}

Value tr_socket_address(Fiber *f, const struct sockaddr_storage *address, socklen_t size) {
    return tr_string_new_encoded(f, (const char *)address, size, ENCODING_BINARY);
}

Value tr_socket_address_argument(Fiber *f, Value v) {
    if (tr_is_string(v)) return v;
    Value address = tr_call_if_responds(f, v, tr_intern_cstr("to_sockaddr"), 0, NULL);
    return address == TR_UNDEF ? tr_to_str(f, v) : address == TR_RAISED ? TR_RAISED : tr_to_str(f, address);
}

Value tr_socket_raise_wait(Fiber *f, const char *name, const char *detail) {
    Value klass = tr_const_get(f, tr_class.io, tr_intern_cstr(name), false);
    if (klass == TR_RAISED) return TR_RAISED;
    Value text = tr_string_new_cstr(f, detail), exception = tr_new(f, (Class *)klass, 1, &text);
    return exception == TR_RAISED ? TR_RAISED : tr_raise_value(f, exception);
}

int tr_socket_again(Fiber *f, Stream *stream, int events, int error) {
    if (error == EAGAIN) return tr_stream_wait(f, stream, events);
    if (error != EINTR) return -error;
    return TR_SAFEPOINT(f) == TR_RAISED ? STREAM_RAISED : 0;
}

/* Before an accept or the like: interrupts strike; a descriptor that may block (a child got it) is waited for first. */
static MAY_SWITCH MAY_RAISE int begin_wait(Fiber *f, Stream *stream, int events) {
    if (tr_blocking_point(f) == TR_RAISED) return STREAM_RAISED;
    return stream->is_nonblocking ? 0 : tr_stream_wait(f, stream, events);
}

/* --- making and naming --- */

/* Socket.__create(domain, type, protocol) -> descriptor */
static MAY_SWITCH MAY_RAISE Value socket_s_create(Fiber *f, Value self, const Args *args) {
    int64_t n[3];
    (void)self;
    for (int i = 0; i < 3; i++)
        if (!tr_to_long(f, args->argv[i], &n[i])) return TR_RAISED;
    int fd = socket((int)n[0], (int)n[1] | SOCK_CLOEXEC | SOCK_NONBLOCK, (int)n[2]);
    return fd < 0 ? tr_raise_errno(f, errno, "socket(2)") : TR_FIX(fd);
}

/* klass.__pair(domain, type, protocol) -> [socket, socket] of that class */
static MAY_SWITCH MAY_RAISE Value socket_s_pair(Fiber *f, Value self, const Args *args) {
    int64_t n[3];
    int fds[2];
    for (int i = 0; i < 3; i++)
        if (!tr_to_long(f, args->argv[i], &n[i])) return TR_RAISED;
    if (socketpair((int)n[0], (int)n[1] | SOCK_CLOEXEC | SOCK_NONBLOCK, (int)n[2], fds) < 0)
        return tr_raise_errno(f, errno, "socketpair(2)");
    Value one = tr_socket_new(f, (Class *)self, fds[0]), other = tr_socket_new(f, (Class *)self, fds[1]);
    ((IO *)one)->stream->is_datagram = ((IO *)other)->stream->is_datagram = (n[1] & 0xf) != SOCK_STREAM;
    return tr_array_new_values(f, 2, one, other);
}

/* BasicSocket#__adopt(descriptor): the object's, from now on */
static MAY_SWITCH MAY_RAISE Value socket_adopt(Fiber *f, Value self, const Args *args) {
    int64_t fd;
    if (!tr_to_long(f, args->argv[0], &fd)) return TR_RAISED;
    int flags = fcntl((int)fd, F_GETFL);
    if (flags < 0) return tr_raise_errno(f, errno, NULL);
    int type;
    socklen_t size = sizeof type;
    if (getsockopt((int)fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0) return tr_raise_errno(f, errno, NULL);
    if (!(flags & O_NONBLOCK)) fcntl((int)fd, F_SETFL, flags | O_NONBLOCK);
    IO *io = (IO *)self;
    if (io->stream) return tr_raise(f, tr_class.runtime_error, "reinitializing %pC", tr_real_class_of(self));
    io->stream = new_stream((int)fd);
    io->stream->is_datagram = type != SOCK_STREAM;
    io->is_binary = true;
    return self;
}

/* BasicSocket#__take(socket): its descriptor is this object's now */
static MAY_GC MAY_RAISE Value socket_take(Fiber *f, Value self, const Args *args) {
    IO *io = (IO *)self, *from = (IO *)args->argv[0];
    if (io->stream) return tr_raise(f, tr_class.runtime_error, "reinitializing %pC", tr_real_class_of(self));
    io->stream = from->stream;
    io->is_binary = true;
    from->stream = tr_stream_new_socket(-1);
    return self;
}

/* BasicSocket#__path = path, for inspect and errors */
static MAY_GC Value socket_set_path(Fiber *f, Value self, const Args *args) {
    (void)f;
    tr_write(self, &((IO *)self)->path, args->argv[0]);
    return self;
}

/* BasicSocket#__bind(address, detail) -> 0 */
static MAY_SWITCH MAY_RAISE Value socket_bind(Fiber *f, Value self, const Args *args) {
    Stream *stream = tr_io_stream(f, self);
    if (!stream) return TR_RAISED;
    const String *address = tr_string(args->argv[0]);
    if (bind(stream->fd, (const struct sockaddr *)address->bytes, (socklen_t)address->size) == 0) return TR_FIX(0);
    return tr_raise_errno(f, errno, tr_string(args->argv[1])->bytes);
}

static MAY_SWITCH MAY_RAISE Value socket_listen(Fiber *f, Value self, const Args *args) {
    int64_t backlog;
    Stream *stream = tr_io_stream(f, self);
    if (!stream || !tr_to_long(f, args->argv[0], &backlog)) return TR_RAISED;
    return listen(stream->fd, (int)backlog) < 0 ? tr_raise_errno(f, errno, "listen(2)") : TR_FIX(0);
}

static MAY_SWITCH MAY_RAISE Value name_of(Fiber *f, Value self, int (*get)(int, struct sockaddr *, socklen_t *), const char *what) {
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    Stream *stream = tr_io_stream(f, self);
    if (!stream) return TR_RAISED;
    memset(&address, 0, sizeof address);
    if (get(stream->fd, (struct sockaddr *)&address, &size) < 0) return tr_raise_errno(f, errno, what);
    return tr_socket_address(f, &address, size);
}
static int local_name(int fd, struct sockaddr *address, socklen_t *size) { return getsockname(fd, address, size); }
static int peer_name(int fd, struct sockaddr *address, socklen_t *size) { return getpeername(fd, address, size); }
static MAY_SWITCH MAY_RAISE Value socket_getsockname(Fiber *f, Value self, const Args *args) {
    (void)args;
    return name_of(f, self, local_name, "getsockname(2)");
}
static MAY_SWITCH MAY_RAISE Value socket_getpeername(Fiber *f, Value self, const Args *args) {
    (void)args;
    return name_of(f, self, peer_name, "getpeername(2)");
}
static MAY_SWITCH MAY_RAISE Value socket_getpeereid(Fiber *f, Value self, const Args *args) {
    (void)args;
    struct ucred peer;
    socklen_t size = sizeof peer;
    Stream *stream = tr_io_stream(f, self);
    if (!stream) return TR_RAISED;
    if (getsockopt(stream->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        return tr_raise_errno(f, errno, "getsockopt(SO_PEERCRED)");
    return tr_array_new_values(f, 2, TR_FIX(peer.uid), TR_FIX(peer.gid));
}

/* --- connecting --- */

/* The connection that connect(2) began: 0 when it stands, else for tr_io_raise. */
static MAY_SWITCH MAY_RAISE int finish_connect(Fiber *f, Stream *stream, int64_t deadline) {
    int fd = stream->fd, error;
    if (deadline == TR_FOREVER && stream->timeout_ns != TR_FOREVER) deadline = tr_now_ns() + stream->timeout_ns;
    for (Value ready = TR_FIX(0); ready == TR_FIX(0);) {
        ready = tr_stream_wait_events(f, stream, TR_POLL_OUT, tr_timeout_from_deadline(f, deadline), deadline);
        if (ready == TR_RAISED) return STREAM_RAISED;
        if (stream->fd != fd) return -EBADF;
        if (ready == TR_FIX(0) && deadline != TR_FOREVER && tr_now_ns() >= deadline) return -ETIMEDOUT;
    }
    socklen_t size = sizeof error;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? -errno : -error;
}

/* BasicSocket#__connect(address, seconds or nil, detail) -> 0 */
static MAY_SWITCH MAY_RAISE Value socket_connect(Fiber *f, Value self, const Args *args) {
    double seconds = 0;
    int64_t deadline = TR_FOREVER;
    if (args->argv[1] != TR_NIL) {
        if (!tr_to_double(f, args->argv[1], &seconds)) return TR_RAISED;
        deadline = tr_now_ns() + (int64_t)(seconds * 1e9);
    }
    Stream *stream = tr_io_stream(f, self);
    if (!stream || tr_blocking_point(f) == TR_RAISED) return TR_RAISED;
    const String *address = tr_string(args->argv[0]);
    int state = connect(stream->fd, (const struct sockaddr *)address->bytes, (socklen_t)address->size) < 0 ? -errno : 0;
    while (state == -EAGAIN && address->size >= 2 && *(const sa_family_t *)address->bytes == AF_UNIX) {
        /* a full backlog of a UNIX socket gives no event to wait for */
        if (tr_thread_park(f, WAIT_FD, TR_FIX(stream->fd), tr_now_ns() + 1000000) == TR_RAISED) return TR_RAISED;
        if (stream->fd < 0) state = -EBADF;
        else if (deadline != TR_FOREVER && tr_now_ns() >= deadline) state = -ETIMEDOUT;
        else state = connect(stream->fd, (const struct sockaddr *)address->bytes, (socklen_t)address->size) < 0 ? -errno : 0;
    }
    if (state == -EINPROGRESS || state == -EINTR) state = finish_connect(f, stream, deadline);
    if (state == 0) return TR_FIX(0);
    if (state == STREAM_RAISED || (state == -EBADF && stream->fd < 0) ||
        (state == -ETIMEDOUT && args->argv[1] == TR_NIL && stream->timeout_ns != TR_FOREVER)) return tr_io_raise(f, self, state);
    return tr_raise_errno(f, -state, tr_string(args->argv[2])->bytes);
}

/* BasicSocket#__try_connect(address, exception, detail) -> 0 or :wait_writable */
static MAY_SWITCH MAY_RAISE Value socket_try_connect(Fiber *f, Value self, const Args *args) {
    Stream *stream = tr_io_stream(f, self);
    if (!stream) return TR_RAISED;
    const String *address = tr_string(args->argv[0]);
    if (connect(stream->fd, (const struct sockaddr *)address->bytes, (socklen_t)address->size) == 0) return TR_FIX(0);
    if (errno == EINPROGRESS) {
        if (args->argv[1] == TR_FALSE) return tr_socket_would_block("wait_writable");
        return tr_socket_raise_wait(f, "EINPROGRESSWaitWritable", "connect(2) would block");
    }
    if (errno == EISCONN && args->argv[1] == TR_FALSE) return TR_FIX(0);
    return tr_raise_errno(f, errno, tr_string(args->argv[2])->bytes);
}

/* --- accepting --- */

/* The new descriptor, or for tr_io_raise. */
static MAY_SWITCH MAY_RAISE int accept_one(Fiber *f, Stream *stream, struct sockaddr_storage *address, socklen_t *size) {
    int state = begin_wait(f, stream, TR_POLL_IN);
    while (state == 0) {
        *size = sizeof *address;
        int fd = accept4(stream->fd, (struct sockaddr *)address, size, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) return fd;
        if (errno == ECONNABORTED || errno == EPROTO) continue; /* that one went away meanwhile */
        state = tr_socket_again(f, stream, TR_POLL_IN, errno);
    }
    return state;
}

static MAY_SWITCH MAY_RAISE Value raise_accept(Fiber *f, Value self, int state) {
    return state == -EBADF || state == STREAM_RAISED || state == -ETIMEDOUT ? tr_io_raise(f, self, state)
                                                                            : tr_raise_errno(f, -state, "accept(2)");
}

/* BasicSocket#__accept(class) -> [socket, address] */
static MAY_SWITCH MAY_RAISE Value socket_accept(Fiber *f, Value self, const Args *args) {
    struct sockaddr_storage address;
    socklen_t size;
    Stream *stream = tr_io_stream(f, self);
    if (!stream) return TR_RAISED;
    int fd = accept_one(f, stream, &address, &size);
    if (fd < 0) return raise_accept(f, self, fd);
    Value socket = tr_socket_new(f, (Class *)args->argv[0], fd);
    return tr_array_new_values(f, 2, socket, tr_socket_address(f, &address, size));
}

/* BasicSocket#__try_accept(class, exception) -> [socket, address] or :wait_readable */
static MAY_SWITCH MAY_RAISE Value socket_try_accept(Fiber *f, Value self, const Args *args) {
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    Stream *stream = tr_io_stream(f, self);
    if (!stream) return TR_RAISED;
    int fd = accept4(stream->fd, (struct sockaddr *)&address, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
        Value socket = tr_socket_new(f, (Class *)args->argv[0], fd);
        return tr_array_new_values(f, 2, socket, tr_socket_address(f, &address, size));
    }
    if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED && errno != EPROTO)
        return tr_raise_errno(f, errno, "accept(2)");
    if (args->argv[1] == TR_FALSE) return tr_socket_would_block("wait_readable");
    return tr_socket_raise_wait(f, "EAGAINWaitReadable", "accept(2) would block");
}

/* TCPServer#accept, UNIXServer#accept -> TCPSocket, UNIXSocket */
static MAY_SWITCH MAY_RAISE Value accept_as(Fiber *f, Value self, Class *klass) {
    struct sockaddr_storage address;
    socklen_t size;
    Stream *stream = tr_io_stream(f, self);
    if (!stream) return TR_RAISED;
    int fd = accept_one(f, stream, &address, &size);
    return fd < 0 ? raise_accept(f, self, fd) : tr_socket_new(f, klass, fd);
}
static Class *tcp_socket, *unix_socket; /* fixed when the library is loaded */
static MAY_SWITCH MAY_RAISE Value tcp_server_accept(Fiber *f, Value self, const Args *args) {
    (void)args;
    return accept_as(f, self, tcp_socket);
}
static MAY_SWITCH MAY_RAISE Value unix_server_accept(Fiber *f, Value self, const Args *args) {
    (void)args;
    return accept_as(f, self, unix_socket);
}

/* BasicSocket#__sysaccept -> [descriptor, address] */
static MAY_SWITCH MAY_RAISE Value socket_sysaccept(Fiber *f, Value self, const Args *args) {
    (void)args;
    struct sockaddr_storage address;
    socklen_t size;
    Stream *stream = tr_io_stream(f, self);
    if (!stream) return TR_RAISED;
    int fd = accept_one(f, stream, &address, &size);
    if (fd < 0) return raise_accept(f, self, fd);
    return tr_array_new_values(f, 2, TR_FIX(fd), tr_socket_address(f, &address, size));
}

/* --- options --- */

/* BasicSocket#__getsockopt(level, option) -> String */
static MAY_SWITCH MAY_RAISE Value socket_getsockopt(Fiber *f, Value self, const Args *args) {
    char data[256];
    socklen_t size = sizeof data;
    int64_t level, option;
    if (!tr_to_long(f, args->argv[0], &level) || !tr_to_long(f, args->argv[1], &option)) return TR_RAISED;
    Stream *stream = tr_io_stream(f, self);
    if (!stream) return TR_RAISED;
    if (getsockopt(stream->fd, (int)level, (int)option, data, &size) < 0) return tr_raise_errno(f, errno, "getsockopt(2)");
    return tr_string_new_encoded(f, data, size, ENCODING_BINARY);
}

/* BasicSocket#__setsockopt(level, option, Integer or String) -> 0 */
static MAY_SWITCH MAY_RAISE Value socket_setsockopt(Fiber *f, Value self, const Args *args) {
    int64_t level, option, number;
    int as_int;
    const void *data = &as_int;
    socklen_t size = sizeof as_int;
    if (!tr_to_long(f, args->argv[0], &level) || !tr_to_long(f, args->argv[1], &option)) return TR_RAISED;
    if (tr_is_string(args->argv[2])) {
        data = tr_string(args->argv[2])->bytes;
        size = (socklen_t)tr_string(args->argv[2])->size;
    } else {
        if (!tr_to_long(f, args->argv[2], &number)) return TR_RAISED;
        as_int = (int)number;
    }
    Stream *stream = tr_io_stream(f, self);
    if (!stream) return TR_RAISED;
    if (setsockopt(stream->fd, (int)level, (int)option, data, size) < 0) return tr_raise_errno(f, errno, "setsockopt(2)");
    return TR_FIX(0);
}

/* --- ending --- */

/* BasicSocket#__shutdown(how) -> 0 */
static MAY_SWITCH MAY_RAISE Value socket_shutdown(Fiber *f, Value self, const Args *args) {
    int64_t how;
    if (!tr_to_long(f, args->argv[0], &how)) return TR_RAISED;
    Stream *stream = tr_io_stream(f, self);
    if (!stream) return TR_RAISED;
    if (how != SHUT_RD && stream->can_write) {
        ssize_t flushed = tr_stream_flush(f, stream);
        if (flushed < 0) return tr_io_raise(f, self, flushed);
    }
    return shutdown(stream->fd, (int)how) < 0 ? tr_raise_errno(f, errno, NULL) : TR_FIX(0);
}

/* close_read and close_write: half of the connection ends; with the second half the socket closes. */
static MAY_SWITCH MAY_RAISE Value close_half(Fiber *f, Value self, bool is_read) {
    Stream *stream = tr_io_stream(f, self);
    if (!stream) return TR_RAISED;
    bool *this_half = is_read ? &stream->can_read : &stream->can_write;
    bool other_half = is_read ? stream->can_write : stream->can_read;
    if (!is_read && stream->can_write) {
        ssize_t flushed = tr_stream_flush(f, stream);
        if (flushed < 0) return tr_io_raise(f, self, flushed);
    }
    shutdown(stream->fd, is_read ? SHUT_RD : SHUT_WR);
    if (!other_half) return tr_io_close(f, self);
    *this_half = false;
    return TR_NIL;
}
static MAY_SWITCH MAY_RAISE Value socket_close_read(Fiber *f, Value self, const Args *args) {
    (void)args;
    return close_half(f, self, true);
}
static MAY_SWITCH MAY_RAISE Value socket_close_write(Fiber *f, Value self, const Args *args) {
    (void)args;
    return close_half(f, self, false);
}

/* --- looking up names of addresses --- */

static MAY_GC MAY_RAISE Value socket_is_numeric(Fiber *f, Value self, const Args *args) {
    (void)args;
    Stream *stream = tr_io_stream(f, self);
    return stream ? tr_bool(stream->is_numeric) : TR_RAISED;
}
static MAY_GC MAY_RAISE Value socket_set_numeric(Fiber *f, Value self, const Args *args) {
    Stream *stream = tr_io_stream(f, self);
    if (!stream) return TR_RAISED;
    stream->is_numeric = tr_is_truthy(args->argv[0]);
    return args->argv[0];
}
static Value socket_s_is_numeric(Fiber *f, Value self, const Args *args) {
    (void)f, (void)self, (void)args;
    return tr_bool(is_numeric_by_default);
}
static Value socket_s_set_numeric(Fiber *f, Value self, const Args *args) {
    (void)f, (void)self;
    is_numeric_by_default = tr_is_truthy(args->argv[0]);
    return args->argv[0];
}

static const MethodDef basic_socket_methods[] = {
    { "__adopt", socket_adopt, ARITY(1, 1), METHOD_PRIVATE },
    { "__take", socket_take, ARITY(1, 1), METHOD_PRIVATE },
    { "__path=", socket_set_path, ARITY(1, 1), METHOD_PRIVATE },
    { "__bind", socket_bind, ARITY(2, 2), METHOD_PRIVATE },
    { "__listen", socket_listen, ARITY(1, 1), METHOD_PRIVATE },
    { "__connect", socket_connect, ARITY(3, 3), METHOD_PRIVATE },
    { "__try_connect", socket_try_connect, ARITY(3, 3), METHOD_PRIVATE },
    { "__accept", socket_accept, ARITY(1, 1), METHOD_PRIVATE },
    { "__try_accept", socket_try_accept, ARITY(2, 2), METHOD_PRIVATE },
    { "__sysaccept", socket_sysaccept, ARITY(0, 0), METHOD_PRIVATE },
    { "__getsockopt", socket_getsockopt, ARITY(2, 2), METHOD_PRIVATE },
    { "__setsockopt", socket_setsockopt, ARITY(3, 3), METHOD_PRIVATE },
    { "__shutdown", socket_shutdown, ARITY(1, 1), METHOD_PRIVATE },
    { "close_read", socket_close_read, ARITY(0, 0), 0 },
    { "close_write", socket_close_write, ARITY(0, 0), 0 },
    { "getsockname", socket_getsockname, ARITY(0, 0), 0 },
    { "getpeername", socket_getpeername, ARITY(0, 0), 0 },
    { "getpeereid", socket_getpeereid, ARITY(0, 0), 0 },
    { "do_not_reverse_lookup", socket_is_numeric, ARITY(0, 0), 0 },
    { "do_not_reverse_lookup=", socket_set_numeric, ARITY(1, 1), 0 },
    { NULL, NULL, 0, 0, 0 }
};

/* The classes, all of them: lib/ext/socket.rb reopens them. */
MAY_SWITCH Value tr_socket_init(Fiber *f) {
    Class *basic = tr_class_define(f, "BasicSocket", tr_class.io, NULL);
    Class *socket = tr_class_define(f, "Socket", basic, NULL), *ip = tr_class_define(f, "IPSocket", basic, NULL);
    tcp_socket = tr_class_define(f, "TCPSocket", ip, NULL);
    Class *tcp_server = tr_class_define(f, "TCPServer", tcp_socket, NULL);
    tr_class_define(f, "UDPSocket", ip, NULL);
    unix_socket = tr_class_define(f, "UNIXSocket", basic, NULL);
    Class *unix_server = tr_class_define(f, "UNIXServer", unix_socket, NULL);
    Class *error = tr_class_define(f, "SocketError", tr_class.standard_error, NULL);
    tr_class_define(f, "ResolutionError", error, socket);
    tr_define_methods(f, basic, basic_socket_methods);
    tr_define_methods(f, basic, tr_socket_transfer_methods);
    tr_define_singleton_method(f, (Value)basic, "do_not_reverse_lookup", socket_s_is_numeric, 0, 0, 0);
    tr_define_singleton_method(f, (Value)basic, "do_not_reverse_lookup=", socket_s_set_numeric, 1, 1, 0);
    tr_define_singleton_method(f, (Value)basic, "__pair", socket_s_pair, 3, 3, METHOD_PRIVATE);
    tr_define_singleton_method(f, (Value)basic, "__create", socket_s_create, 3, 3, METHOD_PRIVATE);
    for (const MethodDef *m = tr_socket_lookup_methods; m->name; m++)
        tr_define_singleton_method(f, (Value)socket, m->name, m->fn, m->min, m->max, m->flags);
    tr_define_method(f, tcp_server, "accept", tcp_server_accept, 0, 0, 0);
    tr_define_method(f, unix_server, "accept", unix_server_accept, 0, 0, 0);
    tr_socket_constants_init(f, socket);
    return TR_TRUE;
}
