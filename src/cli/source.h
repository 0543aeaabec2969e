/* source.h - the main program's text: from a file, from standard input, or from -e. */
#ifndef TR_CLI_SOURCE_H
#define TR_CLI_SOURCE_H

#include "cli/options.h"

typedef struct {
    char *bytes; /* malloc'ed */
    size_t size;
    const char *name; /* "t.rb", "-", "-e": what __FILE__ and $0 say */
    char *found;      /* with -S: the path that `name` points into; malloc'ed or NULL */
} Source;

/* False: what went wrong was printed to standard error, as an exit status of 1 wants it. */
bool tr_source_read(Source *source, const CliOptions *options);
void tr_source_free(Source *source);

#endif
