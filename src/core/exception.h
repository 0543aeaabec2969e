/* exception.h - what the VM and other core classes need of exceptions beyond core/core.h. */
#ifndef TR_CORE_EXCEPTION_H
#define TR_CORE_EXCEPTION_H

#include "core/core.h"

/* The exception of a system call's error: Errno::X, "strerror - detail". */
MAY_GC MAY_RAISE Value tr_errno_exception(Fiber *f, int error, const char *detail);
/* $VERBOSE: nil, false or true. */
Value tr_verbose(Fiber *f);
bool tr_warning_deprecated_enabled(void); /* Warning[:deprecated] */
MAY_SWITCH void tr_warn_deprecated(Fiber *f, const char *format, ...);

/* --- vm/backtrace.c --- */
/* A captured backtrace as an Array of Strings, or of Thread::Backtrace::Location. */
MAY_GC MAY_RAISE Value tr_backtrace_strings(Fiber *f, Value captured);
MAY_GC MAY_RAISE Value tr_backtrace_locations(Fiber *f, Value captured);
bool tr_is_captured_backtrace(Value v);
MAY_GC MAY_RAISE Value tr_exception_backtrace(Fiber *f, Value exception); /* Array or nil */

/* --- core/kernel_control.c --- */
MAY_SWITCH void tr_at_exit_run(Fiber *f);
/* The exception that the arguments of a raise (class, message, backtrace, cause:) make. */
MAY_SWITCH MAY_RAISE Value tr_make_exception(Fiber *f, const Args *args);
MAY_GC MAY_RAISE Value tr_at_exit_add(Fiber *f, Value proc);
MAY_GC void tr_boot_script_name(Fiber *f, const char *name);

#endif
