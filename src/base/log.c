/* log.c - one line an event: seconds since the start, the kind, what happened; see log.h. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_BYTES = 200 };

unsigned tr_log_kinds;
static double start; /* written at boot */

static const struct { const char *name; unsigned kind; } kinds[] = {
    {"gc", TR_LOG_GC}, {"sched", TR_LOG_SCHED}, {"poll", TR_LOG_POLL},
};
enum { KIND_COUNT = sizeof kinds / sizeof kinds[0] };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static unsigned kind_of(const char *name, size_t length) {
    for (int i = 0; i < KIND_COUNT; i++)
        if (strlen(kinds[i].name) == length && memcmp(kinds[i].name, name, length) == 0) return kinds[i].kind;
    return 0;
}

int tr_log_boot(void) {
    const char *at = getenv("TROUPE_LOG");
    start = now();
    while (at && *at) {
        size_t length = strcspn(at, ",");
        unsigned kind = kind_of(at, length);
        if (!kind) return 0;
        tr_log_kinds |= kind;
        at += length;
        if (*at == ',') at++;
    }
    return 1;
}

void tr_log_line(unsigned kind, const char *format, ...) {
    char line[LINE_BYTES];
    const char *name = "";
    for (int i = 0; i < KIND_COUNT; i++)
        if (kinds[i].kind == kind) name = kinds[i].name;
    int used = snprintf(line, sizeof line, "[%.6f] %s: ", now() - start, name);
    va_list arguments;
    va_start(arguments, format);
    int more = vsnprintf(line + used, sizeof line - (size_t)used - 1, format, arguments);
    va_end(arguments);
    size_t size = (size_t)used + (size_t)(more < 0 ? 0 : more);
    if (size > sizeof line - 2) size = sizeof line - 2;
    line[size++] = '\n';
    (void)!write(STDERR_FILENO, line, size);
}
