/* prelude.h - the part of the core library that is written in Ruby, linked into the binary.
 *
 * build/gen/prelude.c is made from the Ruby files of src/core by tools/gen_prelude.mjs; an entry without a name ends it.
 */
#ifndef TR_CORE_PRELUDE_H
#define TR_CORE_PRELUDE_H

#include <stddef.h>

typedef struct {
    const char *name; /* "array.rb" */
    const char *source;
    size_t size;
    const unsigned char *tree; /* what the parser made of it, for tr_ast_from_tree; its path is "<internal:array>" */
    size_t tree_size;
} PreludeSource;

extern const PreludeSource tr_prelude_sources[];

#endif
