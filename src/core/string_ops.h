/* string_ops.h - operations of String that other core files use as such (StringIO, StringScanner, Symbol, the
 * VM). */
#ifndef TR_CORE_STRING_OPS_H
#define TR_CORE_STRING_OPS_H

#include "core/string.h"

MAY_GC MAY_RAISE Value tr_string_plus(Fiber *f, Value a, Value b);          /* a + b, both Strings */
MAY_SWITCH MAY_RAISE Value tr_string_aref(Fiber *f, Value v, int argc, const Value *argv); /* v[…] */
MAY_GC Value tr_string_substr(Fiber *f, Value v, int64_t start,
                              int64_t count); /* v[start, count]: nil outside */
/* Bytes of characters start … start+count; false: outside (nil). */
bool tr_string_char_bounds(Value v, int64_t start, int64_t count, size_t *offset, size_t *size);
MAY_GC MAY_RAISE Value tr_string_fold(Fiber *f, Value v);                   /* downcase(:fold) */
/* Appends the codepoint, or another string, as << does. */
MAY_SWITCH MAY_RAISE Value tr_string_lshift(Fiber *f, Value v, Value other);

extern const MethodDef tr_string_trim_methods[], tr_string_split_methods[];

#endif
