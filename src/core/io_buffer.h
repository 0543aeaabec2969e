/* io_buffer.h - IO::Buffer: a piece of memory that bytes are read into and written from, without a String between.
 *
 * The memory is the buffer's own (INTERNAL: malloc, MAPPED: mmap), a String's (EXTERNAL), or part of another buffer's (a
 * slice). What is somebody else's may go away: no pointer into it outlives a call of Ruby, and every access asks anew
 * (tr_io_buffer_reading, tr_io_buffer_writing).
 */
#ifndef TR_CORE_IO_BUFFER_H
#define TR_CORE_IO_BUFFER_H

#include "core/core.h"
#include "value/data.h"

enum IoBufferFlags { /* the numbers are Ruby's, IO::Buffer::EXTERNAL and so on */
    BUFFER_EXTERNAL = 1, BUFFER_INTERNAL = 2, BUFFER_MAPPED = 4, BUFFER_SHARED = 8, BUFFER_LOCKED = 32, BUFFER_PRIVATE = 64,
    BUFFER_READONLY = 128, BUFFER_FILE = 256
};

typedef struct IoBuffer {
    Data base;
    uint8_t *bytes; /* NULL: no memory */
    size_t size;
    uint32_t flags;
    Value source;   /* the String or IO::Buffer whose memory it is; nil when it is our own */
} IoBuffer;

extern const DataType tr_io_buffer_type;
static inline IoBuffer *tr_io_buffer(Value v) { return (IoBuffer *)v; }

/* Zeroed memory of its own, INTERNAL. */
MAY_GC Value tr_io_buffer_new(Fiber *f, size_t size, uint32_t more_flags);
/* The end of a buffer that was lent to Ruby: whatever was made of it, the memory is gone. */
MAY_GC void tr_io_buffer_end(Fiber *f, Value buffer);
/* The memory, valid until Ruby runs or anything is allocated. NULL: raised (AccessError, InvalidatedError,
 * AllocationError). */
MAY_GC MAY_RAISE const uint8_t *tr_io_buffer_reading(Fiber *f, Value buffer);
MAY_GC MAY_RAISE uint8_t *tr_io_buffer_writing(Fiber *f, Value buffer);
/* A buffer as an argument: TypeError otherwise. */
MAY_GC MAY_RAISE bool tr_io_buffer_check(Fiber *f, Value v);
/* Arguments (length, offset): nil or not there are the rest, 0. false: raised. */
MAY_SWITCH MAY_RAISE bool tr_io_buffer_range(Fiber *f, Value self, const Args *args, int length_at, int offset_at, size_t *length,
                                             size_t *offset);
/* A size: "not an Integer", "Size can't be negative!". */
MAY_GC MAY_RAISE bool tr_io_buffer_size(Fiber *f, Value v, const char *what, size_t *size);
MAY_GC MAY_RAISE bool tr_io_buffer_check_range(Fiber *f, Value self, size_t offset, size_t length);
MAY_GC MAY_RAISE Value tr_io_buffer_raise(Fiber *f, const char *error_class, const char *message);

extern const MethodDef tr_io_buffer_data_methods[], tr_io_buffer_io_methods[], tr_io_buffer_data_singleton_methods[];

#endif
