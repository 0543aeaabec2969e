/* assert.c - the end of a process that found itself broken. */
#include "base/assert.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Written once at start-up, before a second OS thread exists. */
void (*tr_fatal_hook)(void);

_Noreturn void tr_fatal(const char *file, int line, const char *format, ...) {
    va_list arguments;
    fprintf(stderr, "[BUG] %s:%d: ", file, line);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    if (tr_fatal_hook) {
        void (*hook)(void) = tr_fatal_hook;
        tr_fatal_hook = NULL; /* a failure inside the hook must not come back here */
        hook();
    }
    abort();
}
