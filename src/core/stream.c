/* stream.c - buffered reading and writing of a descriptor without ever blocking a worker.
 *
 * A descriptor that may block (pipe, socket, terminal) is polled before each system call; one that we opened ourselves
 * is non-blocking besides. Inherited ones (0, 1, 2) stay as they are, since other processes share them: writes to them
 * go out in pieces that a ready pipe is sure to take.
 */
#include "core/stream.h"

#include "core/core.h"
#include "core/fiber_scheduler.h"
#include "core/io.h"
#include "core/waiters.h"
#include "ractor/thread.h"
#include "sched/poller.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_CAPACITY = 16384, DATAGRAM_CAPACITY = 65536, READY_PIPE_BYTES = 4096 /* PIPE_BUF: a writable pipe takes so much without blocking */ };

static Stream *new_stream(int fd, bool can_read, bool can_write) {
    Stream *stream = calloc(1, sizeof *stream);
    TR_CHECK(stream);
    stream->fd = fd;
    stream->can_read = can_read;
    stream->can_write = can_write;
    stream->owns_fd = true;
    stream->timeout_ns = TR_FOREVER;
    pthread_mutex_init(&stream->lock, NULL);
    return stream;
}

Stream *tr_stream_new(int fd, bool can_read, bool can_write) {
    Stream *stream = new_stream(fd, can_read, can_write);
    struct stat status;
    stream->is_regular = fstat(fd, &status) == 0 && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
    stream->is_tty = !stream->is_regular && isatty(fd);
    return stream;
}

Stream *tr_stream_new_socket(int fd) {
    Stream *stream = new_stream(fd, true, true);
    stream->is_nonblocking = true;
    stream->is_sync = true;
    return stream;
}

void tr_stream_free(Stream *taken_stream) {
    if (!taken_stream) return;
    pthread_mutex_destroy(&taken_stream->lock);
    free(taken_stream->read_buffer);
    free(taken_stream->write_buffer);
    free(taken_stream->out_buffer);
    free(taken_stream);
}

/* --- through the fiber scheduler --- */

static void begin_wait(Fiber *f, Stream *stream, StreamWait *wait) {
    *wait = (StreamWait){ .next = stream->waits, .fiber = f };
    if (!stream->is_standard) stream->waits = wait; /* a standard one is every Ractor's, and stays open */
}
static void end_wait(Stream *stream, StreamWait *wait) {
    StreamWait **link = &stream->waits;
    while (*link && *link != wait) link = &(*link)->next;
    if (*link) *link = wait->next;
}

Value tr_stream_wait_events(Fiber *f, Stream *stream, int events, Value timeout, int64_t deadline_ns) {
    if (TR_LIKELY(tr_fiber_scheduler(f) == TR_NIL)) return tr_wait_fd(f, stream->fd, events, deadline_ns);
    StreamWait wait;
    Value io = tr_io_of_stream(f, stream);
    begin_wait(f, stream, &wait);
    Value result = tr_scheduler_io_wait(f, io, events, timeout);
    end_wait(stream, &wait);
    TR_KEEP(io);
    return result;
}

/* One call of io_read or io_write; SCHEDULER_ABSENT when there is no such hook, or no scheduler. */
static MAY_SWITCH MAY_RAISE ssize_t read_by_scheduler(Fiber *f, Stream *stream, void *to, size_t size) {
    if (TR_LIKELY(tr_fiber_scheduler(f) == TR_NIL)) return SCHEDULER_ABSENT;
    StreamWait wait;
    Value io = tr_io_of_stream(f, stream);
    begin_wait(f, stream, &wait);
    ssize_t count = tr_scheduler_io_read(f, io, to, size, -1);
    end_wait(stream, &wait);
    TR_KEEP(io);
    return count;
}
static MAY_SWITCH MAY_RAISE ssize_t write_by_scheduler(Fiber *f, Stream *stream, const void *from, size_t size) {
    if (TR_LIKELY(tr_fiber_scheduler(f) == TR_NIL)) return SCHEDULER_ABSENT;
    StreamWait wait;
    Value io = tr_io_of_stream(f, stream);
    begin_wait(f, stream, &wait);
    ssize_t count = tr_scheduler_io_write(f, io, from, size, -1);
    end_wait(stream, &wait);
    TR_KEEP(io);
    return count;
}

/* Who closes waits until they have left, if it can: a loop that selects from a closed descriptor would fail. */
Value tr_stream_interrupt_waits(Fiber *f, Stream *stream) {
    bool are_told = true;
    for (StreamWait *wait = stream->waits; wait; wait = wait->next) {
        if (wait->fiber == f) continue;
        Value error = tr_exception_new(f, tr_class.io_error, tr_string_new_cstr(f, "stream closed in another thread"));
        Value told = tr_scheduler_interrupt(f, wait->fiber, error);
        if (told == TR_RAISED) return TR_RAISED;
        if (told == TR_UNDEF || (wait->fiber->thread == f->thread && f->is_blocking)) are_told = false;
    }
    Value scheduler = tr_fiber_scheduler(f);
    while (are_told && stream->waits) {
        Value result = scheduler != TR_NIL ? tr_call(f, scheduler, TR_ID_kernel_sleep, 1, TR_FIX(0))
                                           : tr_thread_park(f, WAIT_FD, TR_FIX(stream->fd), tr_now_ns() + 1000000);
        if (result == TR_RAISED) return TR_RAISED;
    }
    return TR_NIL;
}

static bool is_ready_now(const Stream *stream, int events) {
    struct pollfd poll_fd = { .fd = stream->fd, .events = events == TR_POLL_IN ? POLLIN : POLLOUT };
    return poll(&poll_fd, 1, 0) > 0;
}

int tr_stream_wait(Fiber *f, Stream *stream, int events) {
    int64_t deadline = stream->timeout_ns == TR_FOREVER ? TR_FOREVER : tr_now_ns() + stream->timeout_ns;
    int fd = stream->fd;
    Value ready = TR_LIKELY(tr_fiber_scheduler(f) == TR_NIL)
                      ? tr_wait_unready_fd(f, fd, events, deadline) /* the caller has looked already */
                      : tr_stream_wait_events(f, stream, events, tr_timeout_from_deadline(f, deadline), deadline);
    if (ready == TR_RAISED) return STREAM_RAISED;
    if (stream->fd != fd) return -EBADF; /* closed meanwhile */
    return ready == TR_FIX(0) && deadline != TR_FOREVER ? -ETIMEDOUT : 0;
}

/* Before a system call that may block: what does not block is tried at once. */
static MAY_SWITCH MAY_RAISE int wait_ready(Fiber *f, Stream *stream, int events) {
    if (tr_blocking_point(f) == TR_RAISED) return STREAM_RAISED;
    if (stream->is_regular || stream->is_nonblocking || is_ready_now(stream, events)) return 0;
    return tr_stream_wait(f, stream, events);
}

/* After a system call that failed: 0 to try again. */
static MAY_SWITCH MAY_RAISE int wait_again(Fiber *f, Stream *stream, int events, int error) {
    if (error == EAGAIN) return tr_stream_wait(f, stream, events);
    if (error != EINTR) return -error;
    return TR_SAFEPOINT(f) == TR_RAISED ? STREAM_RAISED : 0;
}

ssize_t tr_stream_read_direct(Fiber *f, Stream *stream, void *to, size_t size) {
    ssize_t hooked;
    int state = 0;
    while (state == 0 && (hooked = read_by_scheduler(f, stream, to, size)) != SCHEDULER_ABSENT) {
        if (hooked != -EAGAIN) return hooked;
        state = tr_stream_wait(f, stream, TR_POLL_IN);
    }
    if (state == 0) state = wait_ready(f, stream, TR_POLL_IN);
    while (state == 0) {
        ssize_t count = read(stream->fd, to, size);
        if (count >= 0) return count;
        state = wait_again(f, stream, TR_POLL_IN, errno);
    }
    return state;
}

/* Others may use the buffer while the hook runs: its bytes go behind what is there then. */
static MAY_SWITCH MAY_RAISE ssize_t fill_by_scheduler(Fiber *f, Stream *stream) {
    uint8_t *bytes = malloc(READ_CAPACITY);
    if (!bytes) return -ENOMEM;
    ssize_t count = 0;
    int state = 0;
    size_t had = tr_stream_available(stream);
    if (tr_blocking_point(f) == TR_RAISED) state = STREAM_RAISED;
    while (state == 0 && (count = read_by_scheduler(f, stream, bytes, READ_CAPACITY)) == -EAGAIN) {
        state = tr_stream_wait(f, stream, TR_POLL_IN);
        if (state == 0 && tr_stream_available(stream) > had) { /* somebody else filled it */
            free(bytes);
            return 1;
        }
    }
    if (state != 0) count = state;
    if (count > 0 && stream->fd < 0) count = -EBADF;
    if (count > 0) {
        size_t need = stream->read_end + (size_t)count;
        uint8_t *buffer = need > stream->read_capacity ? realloc(stream->read_buffer, need) : stream->read_buffer;
        if (buffer) {
            stream->read_capacity = need > stream->read_capacity ? need : stream->read_capacity;
            stream->read_buffer = buffer;
            memcpy(buffer + stream->read_end, bytes, (size_t)count);
            stream->read_end = need;
        } else {
            count = -ENOMEM;
        }
    }
    free(bytes);
    return count;
}

/* Makes room behind what is read. 0 or -ENOMEM. */
static int make_room(Stream *stream) {
    if (stream->read_start == stream->read_end) stream->read_start = stream->read_end = 0;
    if (stream->read_end == stream->read_capacity) { /* no room behind: move down or grow */
        if (stream->read_start > 0) {
            memmove(stream->read_buffer, stream->read_buffer + stream->read_start, tr_stream_available(stream));
            stream->read_end -= stream->read_start;
            stream->read_start = 0;
        } else {
            size_t capacity = stream->read_capacity ? stream->read_capacity * 2 : READ_CAPACITY;
            if (stream->is_datagram && capacity < DATAGRAM_CAPACITY) capacity = DATAGRAM_CAPACITY;
            uint8_t *buffer = realloc(stream->read_buffer, capacity);
            if (!buffer) return -ENOMEM;
            stream->read_buffer = buffer;
            stream->read_capacity = capacity;
        }
    }
    return 0;
}

ssize_t tr_stream_fill(Fiber *f, Stream *stream) {
    int state = make_room(stream);
    if (state == 0 && TR_UNLIKELY(tr_fiber_scheduler(f) != TR_NIL)) {
        ssize_t count = fill_by_scheduler(f, stream);
        if (count != SCHEDULER_ABSENT) return count;
    }
    /* Another thread of this Ractor may use the buffer while this one waits: wait first, then read at once. */
    size_t had = tr_stream_available(stream);
    if (state == 0) state = wait_ready(f, stream, TR_POLL_IN);
    while (state == 0) {
        if (tr_stream_available(stream) > had || stream->read_end == stream->read_capacity) return 1; /* somebody else filled it */
        ssize_t count = read(stream->fd, stream->read_buffer + stream->read_end, stream->read_capacity - stream->read_end);
        if (count >= 0) {
            stream->read_end += (size_t)count;
            return count;
        }
        state = wait_again(f, stream, TR_POLL_IN, errno);
    }
    return state;
}

ssize_t tr_stream_try_fill(Stream *stream) {
    int state = make_room(stream);
    if (state != 0) return state;
    if (!stream->is_regular && !stream->is_nonblocking && !is_ready_now(stream, TR_POLL_IN)) return -EAGAIN;
    ssize_t count;
    do count = read(stream->fd, stream->read_buffer + stream->read_end, stream->read_capacity - stream->read_end);
    while (count < 0 && errno == EINTR);
    if (count < 0) return -errno;
    stream->read_end += (size_t)count;
    return count;
}

ssize_t tr_stream_try_write(Stream *stream, const void *bytes, size_t size) {
    if (!stream->is_regular && !stream->is_nonblocking) {
        if (!is_ready_now(stream, TR_POLL_OUT)) return -EAGAIN;
        if (size > READY_PIPE_BYTES) size = READY_PIPE_BYTES;
    }
    ssize_t count;
    do count = write(stream->fd, bytes, size);
    while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : count;
}

int tr_stream_unread(Stream *stream, const void *bytes, size_t size) {
    if (size > stream->read_start) {
        size_t have = tr_stream_available(stream), capacity = have + size + READ_CAPACITY;
        uint8_t *buffer = malloc(capacity);
        if (!buffer) return -ENOMEM;
        size_t start = capacity - have - READ_CAPACITY / 2;
        if (have) memcpy(buffer + start, stream->read_buffer + stream->read_start, have);
        free(stream->read_buffer);
        stream->read_buffer = buffer;
        stream->read_capacity = capacity;
        stream->read_start = start;
        stream->read_end = start + have;
    }
    stream->read_start -= size;
    memcpy(stream->read_buffer + stream->read_start, bytes, size);
    return 0;
}

ssize_t tr_stream_write_direct(Fiber *f, Stream *stream, const void *bytes, size_t size) {
    const uint8_t *from = bytes;
    size_t done = 0;
    while (done < size) {
        ssize_t hooked = write_by_scheduler(f, stream, from + done, size - done);
        if (hooked >= 0) {
            done += (size_t)hooked;
            continue;
        }
        if (hooked != SCHEDULER_ABSENT && hooked != -EAGAIN) return hooked;
        int state = hooked == -EAGAIN ? tr_stream_wait(f, stream, TR_POLL_OUT) : wait_ready(f, stream, TR_POLL_OUT);
        if (state != 0) return state;
        if (hooked == -EAGAIN) continue;
        size_t piece = size - done;
        if (!stream->is_regular && !stream->is_nonblocking && piece > READY_PIPE_BYTES) piece = READY_PIPE_BYTES;
        ssize_t count = write(stream->fd, from + done, piece);
        if (count >= 0) {
            done += (size_t)count;
            continue;
        }
        state = wait_again(f, stream, TR_POLL_OUT, errno);
        if (state != 0) return state;
    }
    return (ssize_t)size;
}

static void lock_shared(Stream *stream) {
    if (stream->is_standard) pthread_mutex_lock(&stream->lock);
}
static void unlock_shared(Stream *stream) {
    if (stream->is_standard) pthread_mutex_unlock(&stream->lock);
}

/* Makes the collected bytes the ones that go out. False when there is nothing to write or another thread does. */
static bool begin_flush(Stream *stream) {
    bool begun = false;
    lock_shared(stream);
    if (!stream->is_flushing && (stream->out_done < stream->out_count || stream->write_count > 0)) {
        if (stream->out_done == stream->out_count) {
            uint8_t *empty = stream->out_buffer;
            size_t capacity = stream->out_capacity;
            stream->out_buffer = stream->write_buffer;
            stream->out_capacity = stream->write_capacity;
            stream->out_count = stream->write_count;
            stream->out_done = 0;
            stream->write_buffer = empty;
            stream->write_capacity = capacity;
            stream->write_count = 0;
        }
        stream->is_flushing = begun = true;
    }
    unlock_shared(stream);
    return begun;
}

static void end_flush(Stream *stream) {
    lock_shared(stream);
    stream->is_flushing = false;
    unlock_shared(stream);
}

/* One thread at a time writes, and goes on until nothing is left: so what several Ractors wrote keeps its order, and none
 * of them holds the lock while it waits for the descriptor. */
ssize_t tr_stream_flush(Fiber *f, Stream *stream) {
    while (begin_flush(stream)) {
        while (stream->out_done < stream->out_count) {
            size_t piece = stream->out_count - stream->out_done;
            bool is_hooked = tr_fiber_scheduler(f) != TR_NIL;
            if (!stream->is_regular && !stream->is_nonblocking && !is_hooked && piece > READY_PIPE_BYTES) piece = READY_PIPE_BYTES;
            ssize_t count = tr_stream_write_direct(f, stream, stream->out_buffer + stream->out_done, piece);
            if (count < 0) {
                if (count != STREAM_RAISED) stream->out_done = stream->out_count; /* lost: the descriptor refuses */
                end_flush(stream);
                return count;
            }
            stream->out_done += (size_t)count;
        }
        end_flush(stream);
    }
    return 0;
}

ssize_t tr_stream_write(Fiber *f, Stream *stream, const void *bytes, size_t size) {
    if (size == 0) return 0;
    if (stream->is_sync && tr_blocking_point(f) == TR_RAISED) return STREAM_RAISED; /* before anything is accepted */
    bool needs_flush;
    lock_shared(stream);
    if (stream->write_count + size > stream->write_capacity) {
        size_t capacity = stream->write_count + size;
        if (capacity < STREAM_WRITE_CAPACITY) capacity = stream->write_capacity ? STREAM_WRITE_CAPACITY : 4096;
        if (capacity < stream->write_count + size) capacity = stream->write_count + size;
        uint8_t *buffer = realloc(stream->write_buffer, capacity);
        if (!buffer) { unlock_shared(stream); return -ENOMEM; }
        stream->write_buffer = buffer;
        stream->write_capacity = capacity;
    }
    memcpy(stream->write_buffer + stream->write_count, bytes, size);
    stream->write_count += size;
    needs_flush = stream->is_sync || stream->write_count >= STREAM_WRITE_CAPACITY ||
                  (stream->is_tty && memchr(bytes, '\n', size));
    unlock_shared(stream);
    if (needs_flush) {
        ssize_t result = tr_stream_flush(f, stream);
        if (result < 0) return result;
        tr_thread_pass_after_io(f);
    }
    return (ssize_t)size;
}

static void write_all_at_exit(int fd, const uint8_t *bytes, size_t count) {
    while (fd >= 0 && count > 0) {
        ssize_t wrote = write(fd, bytes, count);
        if (wrote >= 0) {
            bytes += wrote;
            count -= (size_t)wrote;
        } else if (errno == EAGAIN) {
            struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };
            poll(&poll_fd, 1, 1000);
        } else if (errno != EINTR) {
            return;
        }
    }
}

void tr_stream_flush_at_exit(Stream *stream) {
    write_all_at_exit(stream->fd, stream->out_buffer + stream->out_done, stream->out_count - stream->out_done);
    write_all_at_exit(stream->fd, stream->write_buffer, stream->write_count);
    stream->out_done = stream->out_count;
    stream->write_count = 0;
}

int tr_stream_forget_read(Stream *stream) {
    size_t ahead = tr_stream_available(stream);
    if (!stream->is_regular) return 0; /* a pipe or socket has no position: what was read ahead is still to come */
    stream->read_start = stream->read_end = 0;
    stream->at_eof = false;
    if (ahead && lseek(stream->fd, -(off_t)ahead, SEEK_CUR) < 0 && errno != ESPIPE) return -errno;
    return 0;
}

int tr_stream_close(Stream *stream) {
    int fd = stream->fd;
    stream->fd = -1;
    stream->read_start = stream->read_end = 0;
    if (fd >= 0) tr_poller_forget(fd); /* wakes whoever waits for it */
    if (fd < 0 || !stream->owns_fd) return 0;
    return close(fd) < 0 && errno != EINTR ? -errno : 0;
}
