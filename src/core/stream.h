/* stream.h - a file descriptor with its two buffers: what an IO object stands on. Knows bytes, not Strings.
 *
 * A Stream belongs to one Ractor, except the process's standard output and error, which every Ractor shares: their write
 * side is guarded by `lock`, so lines of different Ractors never mix and keep the order in which they were written.
 * Functions return 0 or a count, or a negative errno, or STREAM_RAISED when an exception travels (an interrupt while
 * waiting). Waiting parks the thread (tr_wait_fd); regular files are read and written directly.
 */
#ifndef TR_CORE_STREAM_H
#define TR_CORE_STREAM_H

#include <pthread.h>
#include <sys/types.h>

#include "vm/vm.h"

enum { STREAM_RAISED = INT32_MIN };

typedef struct Stream {
    int fd;                 /* -1 when closed */
    bool can_read, can_write;
    bool is_append, is_tty, is_regular, is_standard;
    bool is_nonblocking;    /* we set O_NONBLOCK: only on descriptors that we made */
    bool owns_fd;           /* closing the stream closes it (autoclose) */
    bool at_eof;
    bool is_datagram;       /* a socket of messages: what a read does not take of one is lost */
    bool is_numeric;        /* of a socket: do_not_reverse_lookup */
    pid_t pid;              /* of popen */
    Value io;               /* the IO that it is used through, which owns it; 0: a standard stream, or never used */
    struct StreamWait *waits; /* fibers that wait in a hook of their scheduler */
    int64_t timeout_ns;     /* IO#timeout=, TR_FOREVER when none */
    /* reading: bytes start..end of the buffer are not consumed yet */
    uint8_t *read_buffer;
    size_t read_start, read_end, read_capacity;
    /* writing */
    uint8_t *write_buffer;
    size_t write_count, write_capacity;
    uint8_t *out_buffer;    /* on its way to the descriptor, bytes out_done..out_count still to go */
    size_t out_done, out_count, out_capacity;
    bool is_flushing;       /* some thread is writing out_buffer and will go on with write_buffer */
    _Atomic bool is_sync;   /* any Ractor may set it on a standard stream; apart from flags that are read as one word */
    pthread_mutex_t lock;   /* of the write side; taken only by standard streams */
} Stream;

/* A fiber that waits for the stream in a hook of its scheduler; on its machine stack. */
typedef struct StreamWait { struct StreamWait *next; Fiber *fiber; } StreamWait;

#define STREAM_WRITE_CAPACITY ((size_t)65536)

Stream *tr_stream_new(int fd, bool can_read, bool can_write);
/* Over a socket that is non-blocking already: read and written, unbuffered. */
Stream *tr_stream_new_socket(int fd);
/* Without flushing. */
void tr_stream_free(Stream *taken_stream);
/* Parks until the descriptor is ready, within the stream's timeout. 0, STREAM_RAISED, -ETIMEDOUT, -EBADF when it was closed. */
MAY_SWITCH MAY_RAISE int tr_stream_wait(Fiber *f, Stream *stream, int events);
/* Fills the read buffer by one read(2). Count of new bytes, 0 at the end of the file. */
MAY_SWITCH MAY_RAISE ssize_t tr_stream_fill(Fiber *f, Stream *stream);
/* The same, and one write(2), without ever waiting: -EAGAIN. */
ssize_t tr_stream_try_fill(Stream *stream);
ssize_t tr_stream_try_write(Stream *stream, const void *bytes, size_t size);
static inline size_t tr_stream_available(const Stream *stream) { return stream->read_end - stream->read_start; }
/* One read(2) past the buffer. */
MAY_SWITCH MAY_RAISE ssize_t tr_stream_read_direct(Fiber *f, Stream *stream, void *to, size_t size);
/* Puts bytes back in front of what is not consumed. 0 or -ENOMEM. */
int tr_stream_unread(Stream *stream, const void *bytes, size_t size);
/* Buffered write of all the bytes. */
MAY_SWITCH MAY_RAISE ssize_t tr_stream_write(Fiber *f, Stream *stream, const void *bytes, size_t size);
/* write(2) until everything is out, past the buffer (which must be empty). */
MAY_SWITCH MAY_RAISE ssize_t tr_stream_write_direct(Fiber *f, Stream *stream, const void *bytes, size_t size);
MAY_SWITCH MAY_RAISE ssize_t tr_stream_flush(Fiber *f, Stream *stream);
/* Waits for events, through the fiber scheduler if there is one: fixnum of those that came, 0 at the deadline, TR_RAISED. */
MAY_SWITCH MAY_RAISE Value tr_stream_wait_events(Fiber *f, Stream *stream, int events, Value timeout, int64_t deadline_ns);
/* Before the descriptor is closed: the fibers that wait for it in their schedulers get an IOError, and have left. */
MAY_SWITCH MAY_RAISE Value tr_stream_interrupt_waits(Fiber *f, Stream *stream);
/* Outside of Ruby, at the very end of the process: what can be written without waiting for other threads. */
void tr_stream_flush_at_exit(Stream *stream);
/* Gives back what was read ahead, so that the descriptor's position is the user's. */
int tr_stream_forget_read(Stream *stream);
int tr_stream_close(Stream *stream); /* the descriptor; no flush */

#endif
