/* string_succ.h - counting with strings. */
#ifndef TR_CORE_STRING_SUCC_H
#define TR_CORE_STRING_SUCC_H

#include "core/string.h"

MAY_GC MAY_RAISE Value tr_string_succ(Fiber *f, Value v);
/* Calls fn for each string from first to last; fn answers TR_NIL to go on, anything else (TR_RAISED too) ends
 * it and is returned. TR_NIL at the end. */
typedef Value (*SuccFn)(Fiber *f, Value item, void *context);
MAY_SWITCH MAY_RAISE Value tr_string_upto(Fiber *f, Value first, Value last, bool excludes_last, SuccFn fn,
                                          void *context);
extern const MethodDef tr_string_succ_methods[];

#endif
