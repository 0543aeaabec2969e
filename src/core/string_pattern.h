/* string_pattern.h - the matches of a pattern (Regexp or String) in a subject, one after the other. */
#ifndef TR_CORE_STRING_PATTERN_H
#define TR_CORE_STRING_PATTERN_H

#include "core/regexp_match.h"

typedef struct Finder {
    Value subject, needle;
    bool is_regexp;
    size_t begin, end;  /* of the match found last */
    size_t next;        /* where to look from; past the end: no more */
    Search search;      /* with a Regexp */
    OnigRegion
        spare; /* takes turns with search.region, so that a failing search leaves the last match alone */
    int spare_begin[REGION_INLINE], spare_end[REGION_INLINE];
} Finder;

/* False: raised. The subject must be frozen. End it on every way out after a successful begin. */
MAY_GC MAY_RAISE bool tr_finder_begin(Fiber *f, Finder *finder, Value pattern, Value subject);
void tr_finder_end(Finder *finder);
/* 1 found, 0 no more, -1 raised. After an empty match the search goes on one character further. */
MAY_SWITCH MAY_RAISE int tr_finder_next(Fiber *f, Finder *finder);
MAY_GC Value tr_finder_match(Fiber *f, const Finder *finder);
/* A Regexp or String from an argument: to_str, else TypeError "wrong argument type X (expected Regexp)". */
MAY_SWITCH MAY_RAISE Value tr_pattern_argument(Fiber *f, Value v);

#endif
