/* regexp_match.h - searching with regexps, for String's methods and StringScanner. */
#ifndef TR_CORE_REGEXP_MATCH_H
#define TR_CORE_REGEXP_MATCH_H

#include <oniguruma.h>

#include "core/regexp.h"

/* A prepared search: the program for this subject is looked up once, the region is reused from match to
 * match. The subject must not change between begin and end. Release with tr_search_end on every way out. */
typedef struct Search {
    Value regexp, string;
    OnigRegex program;
    int encoding;              /* that the program is for; -1: 7-bit text */
    OnigRegion
        region; /* of the last match; its arrays are the two below, or libonig's when groups are many */
    size_t base;               /* where the text begins for ^, \A and lookbehind: 0 but in StringScanner */
    OnigMatchParam *param;     /* NULL: no limits are needed yet */
    int64_t deadline_ns;       /* TR_FOREVER: no time limit */
    int begin[REGION_INLINE], end[REGION_INLINE];
} Search;

MAY_GC MAY_RAISE bool tr_regexp_check(Fiber *f, Value regexp); /* false: raised "uninitialized Regexp" */
MAY_GC MAY_RAISE bool tr_search_begin(Fiber *f, Search *search, Value regexp, Value string);
void tr_search_end(Search *search);
/* Byte offset of the next match at or after `start`, -1 none, -2 raised. Backward: at or before. */
MAY_SWITCH MAY_RAISE int64_t tr_search_next(Fiber *f, Search *search, size_t start, bool backward);
/* Only at `start`: length of the match, -1 none, -2 raised. */
MAY_SWITCH MAY_RAISE int64_t tr_search_here(Fiber *f, Search *search, size_t start);
int tr_search_group_count(const Search *search);
/* Offsets of group n of the last match; begin -1: did not take part. */
void tr_search_group(const Search *search, int n, int64_t *begin, int64_t *end);
/* A MatchData of the last match. `string` is the frozen copy that it keeps (TR_UNDEF: made now). */
MAY_GC Value tr_search_match(Fiber *f, const Search *search, Value frozen_copy);

/* MatchData for the first match at or after byte `start` or nil; sets $~. */
MAY_SWITCH MAY_RAISE Value tr_regexp_match_at(Fiber *f, Value regexp, Value string, size_t start);
/* Group by number, name (String or Symbol): IndexError when there is no such name; nil when no such number.
 */
MAY_SWITCH MAY_RAISE Value tr_match_group(Fiber *f, Value match, Value which);
/* The group's number, -1 raised (IndexError). May be out of range for numbers. */
MAY_SWITCH MAY_RAISE int tr_match_group_number(Fiber *f, Value match, Value which);
/* An empty MatchData with room for `count` groups (the whole match included); the caller fills the offsets.
 */
MAY_GC Value tr_match_new(Fiber *f, Value frozen_string, Value regexp, uint32_t count);
/* A MatchData for a plain string found at [offset, offset + size). */
MAY_GC Value tr_match_of_string(Fiber *f, Value frozen_string, size_t offset, size_t size);
/* A pattern argument: the Regexp itself, or one made from a String (quoted when literal). */
MAY_SWITCH MAY_RAISE Value tr_to_regexp(Fiber *f, Value pattern, bool quote);
/* The text of the pattern with everything special escaped. */
MAY_GC Value tr_regexp_escape(Fiber *f, Value string);
static inline size_t tr_match_begin(Value match, int n) { return (size_t)tr_match(match)->offsets[2 * n]; }
static inline size_t tr_match_end(Value match, int n) { return (size_t)tr_match(match)->offsets[2 * n + 1]; }

#endif
