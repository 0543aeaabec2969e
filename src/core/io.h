/* io.h - the IO object, for the files that implement IO and File and for the standard library in C (sockets). */
#ifndef TR_CORE_IO_H
#define TR_CORE_IO_H

#include "core/core.h"
#include "core/stream.h"
#include "value/data.h"

typedef struct IO {
    Data base;
    Stream *stream;       /* NULL until opened */
    Stream *writer;       /* the other direction of popen "r+", else NULL */
    Value path;           /* String or nil */
    Value external, internal; /* Encoding objects or nil: default */
    int64_t lineno;
    bool is_binary, is_text; /* is_text: opened with "t", so that what is read has plain line ends */
} IO;

extern const DataType tr_io_type;
static inline bool tr_is_io(Value v) { return tr_data_is(v, &tr_io_type); }

/* The open stream for reading / writing; NULL: raised (IOError: closed stream, not opened for …, uninitialized stream). */
MAY_GC MAY_RAISE Stream *tr_io_stream(Fiber *f, Value io);
MAY_SWITCH MAY_RAISE Stream *tr_io_reader(Fiber *f, Value io);
MAY_GC MAY_RAISE Stream *tr_io_writer(Fiber *f, Value io);
/* to_io conversion: "no implicit conversion of X into IO". */
MAY_SWITCH MAY_RAISE Value tr_to_io(Fiber *f, Value v);
/* What a stream function returned as an exception: TR_RAISED. */
MAY_SWITCH MAY_RAISE Value tr_io_raise(Fiber *f, Value io, ssize_t result);
/* A new object of klass over a descriptor. */
MAY_GC Value tr_io_new(Fiber *f, Class *klass, int fd, bool can_read, bool can_write, Value path);
MAY_SWITCH MAY_RAISE Value tr_io_close(Fiber *f, Value io);
/* Writes the String as it is (after tr_to_s by the caller). */
MAY_SWITCH MAY_RAISE Value tr_io_write(Fiber *f, Value io, Value string);

/* Waits for the child behind a popen stream and sets $? (core/process.c). */
MAY_SWITCH MAY_RAISE Value tr_process_reap_popen(Fiber *f, pid_t pid);

/* --- opening --- */
typedef struct OpenMode {
    int flags;               /* of open(2), O_CLOEXEC included */
    bool can_read, can_write, is_binary, is_text;
    bool skips_bom;          /* "BOM|utf-8" */
    Value external, internal; /* Encoding, nil */
    int permissions;
} OpenMode;
/* From mode ("r+b:utf-8", Integer, nil) and keywords (mode:, flags:, external_encoding:, …). false: raised. */
MAY_SWITCH MAY_RAISE bool tr_open_mode(Fiber *f, Value mode, Value permissions, Value keywords, OpenMode *out);
MAY_SWITCH MAY_RAISE Value tr_io_open_path(Fiber *f, Value io, Value path, const OpenMode *mode);
void tr_io_apply_mode(Value io, const OpenMode *mode);
/* block.call(io), and io.close whatever happens; the block's value. */
MAY_SWITCH MAY_RAISE Value tr_io_with_close(Fiber *f, Value io, Block block);
/* File#initialize (core/io_open.c). */
MAY_SWITCH MAY_RAISE Value tr_file_initialize(Fiber *f, Value self, const Args *args);
/* Errno::X with Ruby's "Message @ where - path" (detail is what follows the @). */
MAY_GC MAY_RAISE Value tr_raise_errno_at(Fiber *f, int error, const char *detail);

/* Reading, as String#… in the IO's encoding. */
MAY_SWITCH MAY_RAISE Value tr_io_read_all(Fiber *f, Value io);
MAY_SWITCH MAY_RAISE Value tr_io_gets(Fiber *f, Value io, Value separator, int64_t limit, bool chomp); /* nil at the end */
MAY_SWITCH MAY_RAISE Value tr_io_tag(Fiber *f, Value io, Value string); /* sets or converts the encoding of what was read */

/* The last thing of the process, outside of Ruby: whatever standard output and error still hold. */
void tr_io_flush_at_exit(void);

/* The standard streams of the running Ractor. */
MAY_GC Value tr_io_standard(Fiber *f, int fd); /* the object of standard input, output or error itself */
MAY_GC Value tr_io_of_stream(Fiber *f, const Stream *stream);
MAY_GC Value tr_stdin(Fiber *f);
MAY_GC Value tr_stdout(Fiber *f); /* what $stdout holds */
MAY_GC Value tr_stderr(Fiber *f);

extern const MethodDef tr_io_read_methods[], tr_io_write_methods[], tr_io_open_singleton_methods[], tr_io_open_methods[];
MAY_GC void tr_io_globals_init(Fiber *f);
void tr_io_read_init(void);

#endif
