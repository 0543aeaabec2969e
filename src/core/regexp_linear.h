/* regexp_linear.h - the second attempt at a match that made libonig backtrack too long. */
#ifndef TR_CORE_REGEXP_LINEAR_H
#define TR_CORE_REGEXP_LINEAR_H

#include "core/regexp_match.h"

/* As libonig's search (or match, only_here) from `start` on: fills the region; the offset (or the length), -1 no
 * match, -3: this pattern or text is not for here. `encoding` is that of the program, -1 for 7-bit text. */
int64_t tr_regexp_linear_search(const Search *search, int encoding, size_t start, bool only_here, OnigRegion *region);

#endif
