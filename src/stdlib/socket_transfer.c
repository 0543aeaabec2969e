/* socket_transfer.c - BasicSocket: recv, send, recvmsg, sendmsg. What is read and written as a stream is IO's.
 *
 * Every call is made with MSG_DONTWAIT, so it blocks no worker even when a child process shares the socket and wants
 * it blocking. The room that it writes into is made before and looked up again after each wait.
 */
#include "stdlib/socket.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* --- receiving --- */

typedef struct Receipt {
    Value string;
    struct sockaddr_storage address;
    socklen_t address_size;
    ssize_t count; /* or for tr_io_raise */
} Receipt;

static MAY_SWITCH MAY_RAISE Stream *unread_stream(Fiber *f, Value self, const char *what) {
    Stream *stream = tr_io_reader(f, self);
    if (!stream) return NULL;
    if (!tr_stream_available(stream)) return stream;
    (void)!tr_raise(f, tr_class.io_error, "%s for buffered IO", what);
    return NULL;
}

/* The String that receives: the given one, or a new one; with room for `length`. */
static MAY_SWITCH MAY_RAISE Value receiving_string(Fiber *f, Value buffer, int64_t length) {
    if (length < 0) return tr_raise(f, tr_class.argument_error, "negative string size (or size too big)");
    if (buffer == TR_NIL) return tr_string_new_capacity(f, (size_t)length, ENCODING_BINARY);
    buffer = tr_to_str(f, buffer);
    if (buffer == TR_RAISED || !tr_check_frozen(f, buffer)) return TR_RAISED;
    return buffer;
}

/* One message of at most `length` bytes. False: raised. */
static MAY_SWITCH MAY_RAISE bool receive(Fiber *f, Value self, Stream *stream, int64_t length, int flags, bool waits, Receipt *r) {
    int state = 0;
    if (waits && tr_blocking_point(f) == TR_RAISED) return false;
    while (state == 0) {
        if (tr_string_resize(f, r->string, (size_t)length) == TR_RAISED) return false;
        r->address_size = sizeof r->address;
        r->count = recvfrom(stream->fd, tr_string(r->string)->bytes, (size_t)length, flags | MSG_DONTWAIT,
                            (struct sockaddr *)&r->address, &r->address_size);
        int error = errno;
        if (tr_string_resize(f, r->string, r->count > 0 ? (size_t)r->count : 0) == TR_RAISED) return false;
        if (r->count >= 0) return true;
        if (!waits && (error == EAGAIN || error == EINTR)) {
            r->count = -EAGAIN;
            return true;
        }
        state = tr_socket_again(f, stream, TR_POLL_IN, error);
    }
    if (state == STREAM_RAISED || state == -EBADF || state == -ETIMEDOUT) (void)!tr_io_raise(f, self, state);
    else (void)!tr_raise_errno(f, -state, "recvfrom(2)");
    return false;
}

/* Nothing came: is it the end, or an empty datagram? */
static bool is_end(const Stream *stream, const Receipt *r, int64_t length) {
    return r->count == 0 && length > 0 && !stream->is_datagram;
}

/* (length, flags = 0, buffer = nil): the String, nil at the end; with `with_address`, [String, address]. */
static MAY_SWITCH MAY_RAISE Value receive_as(Fiber *f, Value self, const Args *args, bool with_address, bool waits, bool raises) {
    Receipt r;
    int64_t length, flags = 0;
    Stream *stream = unread_stream(f, self, "recv");
    if (!stream || !tr_to_long(f, args->argv[0], &length)) return TR_RAISED;
    if (args->argc > 1 && args->argv[1] != TR_NIL && !tr_to_long(f, args->argv[1], &flags)) return TR_RAISED;
    r.string = receiving_string(f, args->argc > 2 ? args->argv[2] : TR_NIL, length);
    if (r.string == TR_RAISED || !receive(f, self, stream, length, (int)flags, waits, &r)) return TR_RAISED;
    if (r.count == -EAGAIN)
        return raises ? tr_socket_raise_wait(f, "EAGAINWaitReadable", "recvfrom(2) would block")
                      : tr_socket_would_block("wait_readable");
    if (is_end(stream, &r, length)) return TR_NIL;
    return with_address ? tr_array_new_values(f, 2, r.string, tr_socket_address(f, &r.address, r.address_size)) : r.string;
}

static MAY_SWITCH MAY_RAISE Value socket_recv(Fiber *f, Value self, const Args *args) {
    return receive_as(f, self, args, false, true, true);
}
/* BasicSocket#__recv_nonblock(length, flags, buffer, exception) */
static MAY_SWITCH MAY_RAISE Value socket_try_recv(Fiber *f, Value self, const Args *args) {
    return receive_as(f, self, args, false, false, args->argv[3] != TR_FALSE);
}
/* BasicSocket#__recvfrom(length, flags, buffer) -> [String, address] or nil */
static MAY_SWITCH MAY_RAISE Value socket_recvfrom(Fiber *f, Value self, const Args *args) {
    return receive_as(f, self, args, true, true, true);
}
/* BasicSocket#__try_recvfrom(length, flags, buffer, exception) -> the same or :wait_readable */
static MAY_SWITCH MAY_RAISE Value socket_try_recvfrom(Fiber *f, Value self, const Args *args) {
    return receive_as(f, self, args, true, false, args->argv[3] != TR_FALSE);
}

/* --- sending --- */

/* BasicSocket#send(message, flags, address = nil) -> bytes sent */
static MAY_SWITCH MAY_RAISE Value socket_send(Fiber *f, Value self, const Args *args) {
    int64_t flags;
    Value address = TR_NIL, message = tr_to_str(f, args->argv[0]);
    if (message == TR_RAISED || !tr_to_long(f, args->argv[1], &flags)) return TR_RAISED;
    if (args->argc > 2 && args->argv[2] != TR_NIL) address = tr_socket_address_argument(f, args->argv[2]);
    if (address == TR_RAISED) return TR_RAISED;
    Stream *stream = tr_io_stream(f, self);
    if (!stream) return TR_RAISED;
    if (!stream->can_write) return tr_raise(f, tr_class.io_error, "not opened for writing");
    if (stream->write_count) return tr_raise(f, tr_class.io_error, "send for buffered IO");
    if (tr_blocking_point(f) == TR_RAISED) return TR_RAISED;
    for (;;) {
        ssize_t count = sendto(stream->fd, tr_string(message)->bytes, tr_string(message)->size,
                               (int)flags | MSG_DONTWAIT | MSG_NOSIGNAL,
                               address == TR_NIL ? NULL : (const struct sockaddr *)tr_string(address)->bytes,
                               address == TR_NIL ? 0 : (socklen_t)tr_string(address)->size);
        if (count >= 0) return TR_FIX(count);
        int state = tr_socket_again(f, stream, TR_POLL_OUT, errno);
        if (state == 0) continue;
        if (state == STREAM_RAISED || state == -EBADF || state == -ETIMEDOUT) return tr_io_raise(f, self, state);
        return tr_raise_errno(f, -state, address == TR_NIL ? "send(2)" : "sendto(2)");
    }
}

/* --- messages with control data --- */

enum { CONTROL_BYTES = 4096, DATA_BYTES = 65536 };

/* The control messages of `header` as [[level, type, String], …]; the descriptors that come with one are closed unless
 * they are kept. */
static MAY_GC MAY_RAISE Value control_list(Fiber *f, struct msghdr *header, bool keeps_fds) {
    Value list = tr_array_new(f, 0);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
        size_t size = c->cmsg_len - CMSG_LEN(0);
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && !keeps_fds) {
            for (size_t i = 0; i + sizeof(int) <= size; i += sizeof(int)) {
                int fd;
                memcpy(&fd, CMSG_DATA(c) + i, sizeof fd);
                close(fd);
            }
            size = 0;
        }
        Value data = tr_string_new_encoded(f, (const char *)CMSG_DATA(c), size, ENCODING_BINARY);
        Value message = tr_array_new_values(f, 3, TR_FIX(c->cmsg_level), TR_FIX(c->cmsg_type), data);
        if (tr_array_push(f, list, message) == TR_RAISED) return TR_RAISED;
    }
    return list;
}

/* BasicSocket#__receive_message(length or nil, flags, control length or nil, keeps descriptors, waits)
 * -> [String, address, flags, controls], nil at the end, :wait_readable */
static MAY_SWITCH MAY_RAISE Value socket_receive_message(Fiber *f, Value self, const Args *args) {
    int64_t length = DATA_BYTES, flags, control_length = CONTROL_BYTES;
    bool keeps_fds = tr_is_truthy(args->argv[3]), waits = tr_is_truthy(args->argv[4]);
    if (args->argv[0] != TR_NIL && !tr_to_long(f, args->argv[0], &length)) return TR_RAISED;
    if (!tr_to_long(f, args->argv[1], &flags)) return TR_RAISED;
    if (args->argv[2] != TR_NIL && !tr_to_long(f, args->argv[2], &control_length)) return TR_RAISED;
    Stream *stream = unread_stream(f, self, "recvmsg");
    if (!stream) return TR_RAISED;
    _Alignas(struct cmsghdr) char control[CONTROL_BYTES];
    if (control_length < 0 || control_length > CONTROL_BYTES) control_length = CONTROL_BYTES;
    Receipt r = { .string = receiving_string(f, TR_NIL, length) };
    if (r.string == TR_RAISED || (waits && tr_blocking_point(f) == TR_RAISED)) return TR_RAISED;
    struct msghdr header;
    for (;;) {
        if (tr_string_resize(f, r.string, (size_t)length) == TR_RAISED) return TR_RAISED;
        struct iovec part = { .iov_base = tr_string(r.string)->bytes, .iov_len = (size_t)length };
        header = (struct msghdr){ .msg_name = &r.address, .msg_namelen = sizeof r.address, .msg_iov = &part, .msg_iovlen = 1,
                                  .msg_control = control, .msg_controllen = (size_t)control_length };
        r.count = recvmsg(stream->fd, &header, (int)flags | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (r.count >= 0) break;
        if (!waits && errno == EAGAIN) return tr_socket_would_block("wait_readable");
        int state = tr_socket_again(f, stream, TR_POLL_IN, errno);
        if (state == 0) continue;
        if (state == STREAM_RAISED || state == -EBADF || state == -ETIMEDOUT) return tr_io_raise(f, self, state);
        return tr_raise_errno(f, -state, "recvmsg(2)");
    }
    Value controls = control_list(f, &header, keeps_fds);
    if (controls == TR_RAISED || tr_string_resize(f, r.string, (size_t)r.count) == TR_RAISED) return TR_RAISED;
    if (is_end(stream, &r, length) && tr_array_count(controls) == 0) return TR_NIL;
    Value address = tr_socket_address(f, &r.address, header.msg_namelen);
    return tr_array_new_values(f, 4, r.string, address, TR_FIX(header.msg_flags & ~MSG_CMSG_CLOEXEC), controls);
}

/* The control messages [[level, type, String], …] as bytes; their count, -1 when there is no room. */
static ssize_t put_controls(Value list, char *control) {
    struct msghdr header = { .msg_control = control, .msg_controllen = CONTROL_BYTES };
    size_t used = 0;
    struct cmsghdr *c = CMSG_FIRSTHDR(&header);
    for (size_t i = 0; i < tr_array_count(list); i++) {
        Value item = tr_array_at(list, i);
        const String *data = tr_string(tr_array_at(item, 2));
        if (!c || used + CMSG_SPACE(data->size) > CONTROL_BYTES) return -1;
        c->cmsg_level = (int)tr_fixnum(tr_array_at(item, 0));
        c->cmsg_type = (int)tr_fixnum(tr_array_at(item, 1));
        c->cmsg_len = CMSG_LEN(data->size);
        memcpy(CMSG_DATA(c), data->bytes, data->size);
        used += CMSG_SPACE(data->size);
        c = (struct cmsghdr *)(control + used);
    }
    return (ssize_t)used;
}

/* BasicSocket#__send_message(message, flags, address or nil, [[level, type, String], …], waits) -> bytes, :wait_writable */
static MAY_SWITCH MAY_RAISE Value socket_send_message(Fiber *f, Value self, const Args *args) {
    int64_t flags;
    Value message = tr_to_str(f, args->argv[0]), address = args->argv[2];
    bool waits = tr_is_truthy(args->argv[4]);
    if (message == TR_RAISED || !tr_to_long(f, args->argv[1], &flags)) return TR_RAISED;
    if (address != TR_NIL) address = tr_socket_address_argument(f, address);
    if (address == TR_RAISED) return TR_RAISED;
    Stream *stream = tr_io_stream(f, self);
    if (!stream) return TR_RAISED;
    _Alignas(struct cmsghdr) char control[CONTROL_BYTES] = { 0 };
    ssize_t control_size = put_controls(args->argv[3], control);
    if (control_size < 0) return tr_raise(f, tr_class.argument_error, "control messages too big");
    if (waits && tr_blocking_point(f) == TR_RAISED) return TR_RAISED;
    for (;;) {
        struct iovec part = { .iov_base = tr_string(message)->bytes, .iov_len = tr_string(message)->size };
        struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control_size ? control : NULL,
                                 .msg_controllen = (size_t)control_size };
        if (address != TR_NIL) {
            header.msg_name = tr_string(address)->bytes;
            header.msg_namelen = (socklen_t)tr_string(address)->size;
        }
        ssize_t count = sendmsg(stream->fd, &header, (int)flags | MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count >= 0) return TR_FIX(count);
        if (!waits && errno == EAGAIN) return tr_socket_would_block("wait_writable");
        int state = tr_socket_again(f, stream, TR_POLL_OUT, errno);
        if (state == 0) continue;
        if (state == STREAM_RAISED || state == -EBADF || state == -ETIMEDOUT) return tr_io_raise(f, self, state);
        return tr_raise_errno(f, -state, "sendmsg(2)");
    }
}

const MethodDef tr_socket_transfer_methods[] = {
    { "recv", socket_recv, ARITY(1, 3), 0 },
    { "send", socket_send, ARITY(2, 3), 0 },
    { "__recv_nonblock", socket_try_recv, ARITY(4, 4), METHOD_PRIVATE },
    { "__recvfrom", socket_recvfrom, ARITY(1, 3), METHOD_PRIVATE },
    { "__try_recvfrom", socket_try_recvfrom, ARITY(4, 4), METHOD_PRIVATE },
    { "__receive_message", socket_receive_message, ARITY(5, 5), METHOD_PRIVATE },
    { "__send_message", socket_send_message, ARITY(5, 5), METHOD_PRIVATE },
    { NULL, NULL, 0, 0, 0 }
};
