/* core.h - the rest of what core classes offer to other C code, a few functions each. */
#ifndef TR_CORE_CORE_H
#define TR_CORE_CORE_H

#include "core/array.h"
#include "core/hash.h"
#include "core/numeric.h"
#include "core/string.h"
#include "vm/vm.h"

/* Range */
typedef struct Range { Header h; Value begin, end; bool excludes_end; } Range;
MAY_SWITCH MAY_RAISE Value tr_range_new(Fiber *f, Value begin, Value end, bool excludes_end); /* "bad value for range" */
/* begin and length of a range over something with `length` elements, as Array#[] wants them.
 * 1 ok, 0 out of range (answer nil), -1 raised (error_mode 1: RangeError when out of range), -2: `v` is not a range. */
MAY_SWITCH MAY_RAISE int tr_range_bounds(Fiber *f, Value v, int64_t length, int64_t *start, int64_t *count, int error_mode);
/* The same for the ends themselves; `shown` is what an error names. error_mode 2: no upper limit (the caller extends),
 * RangeError when the range begins before the start. */
MAY_SWITCH MAY_RAISE int tr_range_component_bounds(Fiber *f, Value shown, Value begin, Value end, bool excludes_end,
                                                   int64_t length, int64_t *start, int64_t *count, int error_mode);
/* The same for an arithmetic sequence, with its step. With a step beyond ±1 what does not lie within is a RangeError. */
MAY_SWITCH MAY_RAISE int tr_arithmetic_sequence_bounds(Fiber *f, Value v, int64_t length, int64_t *start, int64_t *count,
                                                       int64_t *step);
/* The rest of a dig: `object` is what the keys before gave. */
MAY_SWITCH MAY_RAISE Value tr_dig(Fiber *f, Value object, int argc, const Value *argv);
/* Struct and Data instances */
typedef struct Struct { Header h; uint32_t count; Value *items; Value embedded[]; } Struct;
/* Exceptions */
typedef struct Exception {
    Header h;
    Value message;          /* what new was given; nil: the class's name */
    Value backtrace;        /* captured object, Array once asked or set, or nil */
    Value backtrace_locations;
    Value cause;            /* nil or exception; TR_UNDEF: not set yet */
    Value name, receiver, key, result, args; /* NameError, KeyError, StopIteration, UncaughtThrowError: TR_UNDEF when absent */
} Exception;
MAY_GC Value tr_exception_new(Fiber *f, Class *klass, Value message);
MAY_SWITCH MAY_RAISE Value tr_exception_message(Fiber *f, Value exception);
/* "file:line:in 'x': message (Class)" and backtrace, as printed for an uncaught one; String. */
MAY_SWITCH MAY_RAISE Value tr_exception_full_message(Fiber *f, Value exception, bool highlight);
MAY_SWITCH void tr_exception_report(Fiber *f, Value exception); /* to $stderr */
/* The code of a Method or UnboundMethod that is written in Ruby, else NULL. */
const Iseq *tr_method_object_iseq(Value method);
/* Symbols of instance variables, methods… as an Array */
/* Regexp and MatchData: core/regexp.h. Time, IO: core/io.h */
/* IO: writes to $stdout / $stderr through the object (Ruby-visible redirection honoured). */
MAY_SWITCH MAY_RAISE Value tr_io_write_stdout(Fiber *f, Value string);
MAY_SWITCH MAY_RAISE Value tr_io_write_stderr(Fiber *f, Value string);
MAY_SWITCH void tr_io_flush_all(Fiber *f);
MAY_SWITCH MAY_RAISE Value tr_io_finish(Fiber *f); /* the last words of a program: raises when they cannot be written */
/* -n and -p: Kernel#sub, gsub, chop, chomp */
MAY_GC void tr_kernel_lines_define(Fiber *f);
/* Shareability (ractor/shareable.c): deep check; make deeply frozen (or a deep copy). */
MAY_SWITCH MAY_RAISE int tr_is_shareable(Fiber *f, Value v);            /* -1 raised, marks what it proved */
MAY_SWITCH MAY_RAISE Value tr_make_shareable(Fiber *f, Value v, bool copy);

#endif
