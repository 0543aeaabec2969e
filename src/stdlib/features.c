/* features.c - the libraries that need no file: in C, or part of the core since they were written. */
#include "core/require.h"

const BuiltinFeature tr_builtin_features[] = {
    { "thread", NULL }, { "rational", NULL }, { "complex", NULL }, { "enumerator", NULL }, { "fiber", NULL },
    { "ruby2_keywords", NULL }, { "set", NULL }, { "io/wait", NULL }, { "io/nonblock", NULL },
    { NULL, NULL }
};
