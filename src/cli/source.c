/* source.c - reads the main program whole; everything that is not a readable file gets an error of its own. */
#include "cli/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail(const char *name, int error)
{
    fprintf(stderr, "troupe: %s -- %s (LoadError)\n", strerror(error), name);
    return false;
}

/* With -S, a script without a slash is looked for in PATH; it is taken as it stands where it is not found there. */
static void search_path(Source *source)
{
    const char *path = getenv("PATH");
    if (!path || strchr(source->name, '/'))
        return;
    while (*path) {
        size_t size = strcspn(path, ":");
        char *candidate = NULL;
        if (asprintf(&candidate, "%.*s/%s", (int)size, path, source->name) >= 0) {
            if (access(candidate, R_OK) == 0) {
                source->found = candidate;
                source->name = candidate;
                return;
            }
            free(candidate);
        }
        path += size + (path[size] == ':');
    }
}

/* More than the parser's sandbox could hold; what never ends (/dev/zero) is refused too. */
#define SOURCE_MAX ((size_t)512 << 20)

/* Reads to the end of the file, whatever it is: a pipe has no size to ask for. */
static int read_all(int fd, Source *source)
{
    size_t capacity = 0;
    for (;;) {
        if (source->size == capacity) {
            if (capacity >= SOURCE_MAX)
                return EFBIG;
            capacity = capacity ? capacity * 2 : 16 * 1024;
            char *grown = realloc(source->bytes, capacity);
            if (!grown)
                return ENOMEM;
            source->bytes = grown;
        }
        ssize_t count = read(fd, source->bytes + source->size, capacity - source->size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return errno;
        if (count == 0)
            return 0;
        source->size += (size_t)count;
    }
}

static bool read_file(Source *source)
{
    int fd = open(source->name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(source->name, errno);
    struct stat status;
    int error = fstat(fd, &status) != 0 ? errno : S_ISDIR(status.st_mode) ? EISDIR : read_all(fd, source);
    close(fd);
    return error ? fail(source->name, error) : true;
}

bool tr_source_read(Source *source, const CliOptions *options)
{
    *source = (Source){ 0 };
    if (options->program) {
        source->name = "-e";
        source->bytes = strdup(options->program);
        source->size = strlen(options->program);
        return source->bytes ? true : fail(source->name, ENOMEM);
    }
    if (!options->script) {
        source->name = "-";
        int error = read_all(STDIN_FILENO, source);
        return error ? fail(source->name, error) : true;
    }
    source->name = options->script;
    if (options->searches_path)
        search_path(source);
    return read_file(source);
}

void tr_source_free(Source *source)
{
    free(source->bytes);
    free(source->found);
}
