/* regexp_syntax.h - from the text of a regexp to what libonig is given. */
#ifndef TR_CORE_REGEXP_SYNTAX_H
#define TR_CORE_REGEXP_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>

typedef struct RegexpPattern {
    char *bytes;         /* malloc'ed */
    size_t size, capacity;
    int fixed_encoding;  /* the pattern has characters of this encoding; -1: any ASCII-compatible subject will
                            do */
    bool is_linear;      /* no back references, no calls of groups */
    int depth;           /* most groups or classes within one another */
    const char *error;   /* message, or NULL */
} RegexpPattern;

/* Translates for subjects of encoding `target` (-1: 7-bit text; -2: the regexp's own encoding); false with
 * ->error set. `encoding` is the source's, options REGEXP_*. Free with tr_regexp_pattern_free. */
bool tr_regexp_translate(const char *source, size_t size, int encoding, int options, int target,
                         RegexpPattern *out);
void tr_regexp_pattern_free(RegexpPattern *pattern);

#endif
