/* io_buffer_io.c - IO::Buffer#read, write, pread, pwrite: between a descriptor and the memory, past the IO's own buffers.
 *
 * They answer a count or -errno and raise only for wrong arguments: a fiber scheduler is written with them. A descriptor
 * that is non-blocking answers -EAGAIN when it is not ready; for one that is not, the thread waits.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "core/fiber_scheduler.h"
#include "core/io.h"
#include "core/io_buffer.h"

typedef struct Transfer {
    Value self, io;
    const char *hook;
    bool is_write;
    size_t length, offset; /* `length` bytes, 0: what one call gives; from `offset` in the buffer */
    int64_t from;          /* in the file; -1: at its position */
} Transfer;

static int descriptor_of(Value io, bool is_write) {
    const IO *object = (const IO *)io;
    return is_write && object->writer && object->writer->fd >= 0 ? object->writer->fd : object->stream->fd;
}

static ssize_t call_system(const Transfer *t, uint8_t *bytes, size_t size) {
    int fd = descriptor_of(t->io, t->is_write);
    ssize_t count = t->is_write ? (t->from < 0 ? write(fd, bytes, size) : pwrite(fd, bytes, size, t->from))
                                : (t->from < 0 ? read(fd, bytes, size) : pread(fd, bytes, size, t->from));
    return count < 0 ? -errno : count;
}

/* What a blocking descriptor is ready to take or give without stopping the worker; waits for it. False: raised. */
static MAY_SWITCH MAY_RAISE bool wait_if_blocking(Fiber *f, const Transfer *t, size_t *size) {
    int fd = descriptor_of(t->io, t->is_write);
    int flags = fcntl(fd, F_GETFL);
    const Stream *stream = ((IO *)t->io)->stream;
    if (stream->is_regular || flags < 0 || flags & O_NONBLOCK) return true;
    if (t->is_write && *size > 4096) *size = 4096; /* a ready pipe takes so much */
    return tr_wait_fd(f, fd, t->is_write ? TR_POLL_OUT : TR_POLL_IN, TR_FOREVER) != TR_RAISED;
}

/* The memory is asked for anew each time: waiting may have run anything. */
static MAY_GC MAY_RAISE uint8_t *memory(Fiber *f, const Transfer *t) {
    if (!tr_io_buffer_check_range(f, t->self, t->offset, t->length)) return NULL;
    return t->is_write ? (uint8_t *)tr_io_buffer_reading(f, t->self) : tr_io_buffer_writing(f, t->self);
}

static MAY_SWITCH MAY_RAISE Value run_transfer(Fiber *f, Transfer *t) {
    size_t total = 0, wanted = t->length;
    for (;;) {
        size_t size = tr_io_buffer(t->self)->size - t->offset;
        if (wanted) size = t->length;
        if (!wait_if_blocking(f, t, &size) || !tr_io_stream(f, t->io)) return TR_RAISED;
        uint8_t *bytes = memory(f, t);
        if (!bytes) return TR_RAISED;
        size_t room = tr_io_buffer(t->self)->size - t->offset;
        ssize_t count = call_system(t, bytes + t->offset, size < room ? size : room);
        if (count == -EINTR) {
            if (TR_SAFEPOINT(f) == TR_RAISED) return TR_RAISED;
            continue;
        }
        if (count < 0) return total ? TR_FIX(total) : TR_FIX(count);
        total += (size_t)count;
        if (count == 0 || total >= wanted) return TR_FIX(total);
        t->offset += (size_t)count;
        t->length -= (size_t)count;
        if (t->from >= 0) t->from += count;
    }
}

/* Locks the buffer, and lets the scheduler have it first. */
static MAY_SWITCH MAY_RAISE Value transfer(Fiber *f, Transfer *t) {
    if (tr_fiber_scheduler(f) != TR_NIL) {
        Value arguments[5] = { t->io, t->self };
        int argc = 2;
        if (t->from >= 0) arguments[argc++] = tr_value_from_fixnum(t->from);
        arguments[argc++] = TR_FIX(t->length);
        arguments[argc++] = TR_FIX(t->offset);
        Value result = tr_scheduler_call(f, t->hook, argc, arguments);
        if (result != TR_UNDEF) return result;
    }
    IoBuffer *b = tr_io_buffer(t->self);
    uint32_t lock = ~b->flags & BUFFER_LOCKED; /* ours to take away, unless it was locked before */
    b->flags |= BUFFER_LOCKED;
    Value result = run_transfer(f, t);
    b->flags &= ~lock;
    return result;
}

static MAY_SWITCH MAY_RAISE Value begin(Fiber *f, Value self, const Args *args, const char *hook, bool is_write, bool has_from) {
    Transfer t = { .self = self, .hook = hook, .is_write = is_write, .from = -1 };
    int length_at = has_from ? 2 : 1;
    t.io = tr_to_io(f, args->argv[0]);
    if (t.io == TR_RAISED || !(is_write ? tr_io_writer(f, t.io) : tr_io_reader(f, t.io))) return TR_RAISED;
    if (has_from) {
        size_t from;
        if (!tr_io_buffer_size(f, args->argv[1], "From", &from)) return TR_RAISED;
        t.from = (int64_t)from;
    }
    if (!tr_io_buffer_range(f, self, args, length_at, length_at + 1, &t.length, &t.offset) || !memory(f, &t)) return TR_RAISED;
    return transfer(f, &t);
}

/* IO::Buffer#read(io, length = the rest, offset = 0) -> count or -errno */
static MAY_SWITCH MAY_RAISE Value buffer_read(Fiber *f, Value self, const Args *args) { return begin(f, self, args, "io_read", false, false); }
/* IO::Buffer#write(io, length = the rest, offset = 0) -> count or -errno */
static MAY_SWITCH MAY_RAISE Value buffer_write(Fiber *f, Value self, const Args *args) { return begin(f, self, args, "io_write", true, false); }
/* IO::Buffer#pread(io, from, length = the rest, offset = 0), pwrite */
static MAY_SWITCH MAY_RAISE Value buffer_pread(Fiber *f, Value self, const Args *args) { return begin(f, self, args, "io_pread", false, true); }
static MAY_SWITCH MAY_RAISE Value buffer_pwrite(Fiber *f, Value self, const Args *args) { return begin(f, self, args, "io_pwrite", true, true); }

const MethodDef tr_io_buffer_io_methods[] = {
    { "read", buffer_read, ARITY(1, 3), 0 },
    { "write", buffer_write, ARITY(1, 3), 0 },
    { "pread", buffer_pread, ARITY(2, 4), 0 },
    { "pwrite", buffer_pwrite, ARITY(2, 4), 0 },
    { NULL, NULL, 0, 0, 0 }
};
