/* regexp.h - the representation of Regexp and MatchData.
 *
 * A Regexp is frozen and shareable; what it matches with is compiled on demand, one program per encoding of
 * the subject, and published in a list that only grows, so that any number of Ractors match at once without a
 * lock.
 */
#ifndef TR_CORE_REGEXP_H
#define TR_CORE_REGEXP_H

#include <stdatomic.h>

#include "core/core.h"

enum { /* Regexp#options */
       REGEXP_IGNORECASE = 1,
       REGEXP_EXTENDED = 2,
       REGEXP_MULTILINE = 4,
       REGEXP_FIXEDENCODING = 16,
       REGEXP_NOENCODING = 32,
       REGEXP_USER_OPTIONS = 7
};

typedef struct RegexpProgram {
    struct RegexpProgram *next; /* fixed at birth */
    void *regex;                /* OnigRegex; NULL: could not be compiled for this encoding */
    int encoding;               /* of the subjects; -1: 7-bit subjects of any ASCII-compatible encoding */
} RegexpProgram;

typedef struct RegexpName { Id name; int count; const int *groups; } RegexpName;

typedef struct Regexp {
    Header h;
    Value source; /* frozen, shareable String, its encoding is the regexp's; TR_UNDEF before initialize */
    int64_t timeout_ns;         /* 0: none of its own */
    uint32_t options;
    int group_count;
    int name_count;
    bool is_literal;
    bool is_plain_text; /* ASCII without anything special: found with memmem, in any ASCII-compatible subject
                         */
    const RegexpName *names;    /* in order of definition; malloc'ed in one piece */
    _Atomic(RegexpProgram *) programs; /* release on push pairs with the acquire of readers */
} Regexp;

/* Offsets are bytes; -1: the group did not take part. */
typedef struct Match {
    Header h;
    Value string;               /* frozen copy of the subject; TR_UNDEF before a match */
    Value regexp;               /* Regexp, or nil: a String pattern that has no regexp */
    uint32_t count;             /* groups, the whole match included */
    int32_t *offsets;           /* begin, end pairs; in the object when few */
    int32_t embedded[];
} Match;

static inline Regexp *tr_regexp(Value v) { return (Regexp *)v; }
static inline Match *tr_match(Value v) { return (Match *)v; }
static inline bool tr_is_regexp(Value v) { return tr_is_type(v, TYPE_REGEXP); }
static inline bool tr_is_match(Value v) { return tr_is_type(v, TYPE_MATCH); }

#define REGION_INLINE 16 /* groups of a search that need no memory of their own */

#endif
