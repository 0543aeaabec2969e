/* string_internal.h - what the files of String share among themselves. */
#ifndef TR_CORE_STRING_INTERNAL_H
#define TR_CORE_STRING_INTERNAL_H

#include "core/core.h"
#include "core/encoding.h"

#define STRING_EMBED_MAX ((size_t)87) /* bytes of content that a new string may hold in its slot */

/* A plain or subclass String of `size` bytes with room for `capacity`, content undefined; TR_RAISED:
 * NoMemoryError. */
MAY_GC MAY_RAISE Value tr_string_alloc(Fiber *f, Class *klass, size_t size, size_t capacity, int encoding);
static inline const char *tr_string_end(Value v) { return tr_string(v)->bytes + tr_string(v)->size; }
/* Is every character one byte: index = byte offset. */
static inline bool tr_string_is_single_byte(Value v) {
    return tr_encoding_is_single_byte(tr_string_encoding(v)) || tr_string_coderange(v) == CODERANGE_7BIT;
}
static inline bool tr_string_is_broken(Value v) { return tr_string_coderange(v) == CODERANGE_BROKEN; }
/* A string of self's encoding with those bytes and that code range. */
MAY_GC Value tr_string_new_like(Fiber *f, Value like, const char *bytes, size_t size);
/* Characters between two pointers. */
size_t tr_chars_between(int encoding, const char *p, const char *end, bool is_valid);
/* Pointer to character n from p; NULL when the text is shorter (n == length gives end). */
const char *tr_chars_advance(int encoding, const char *p, const char *end, size_t n, bool is_valid);
/* Byte offset of character `index`, size when past the end. */
size_t tr_string_byte_offset(Value v, size_t index);
/* Character index of a byte offset. */
size_t tr_string_char_index(Value v, size_t offset);
/* Byte offset of a needle at or after `start` on a character boundary, -1. Encodings are compatible. */
int64_t tr_string_find(Value v, Value needle, size_t start);
int64_t tr_string_rfind(Value v, Value needle, size_t start);
/* Replaces bytes [offset, offset+count) by the other's content; encodings negotiated; frozen checked by the
 * caller. */
MAY_GC MAY_RAISE Value tr_string_splice(Fiber *f, Value v, size_t offset, size_t count, Value with);
/* Raw edit without negotiation. */
MAY_GC MAY_RAISE Value tr_string_splice_bytes(Fiber *f, Value v, size_t offset, size_t count,
                                              const char *bytes, size_t size);
/* Appends and folds in what is known of the code range of the new part. */
MAY_GC MAY_RAISE Value tr_string_append_ranged(Fiber *f, Value v, const char *bytes, size_t size,
                                               enum CodeRange range);

/* How many bytes chomp takes off the end. */
size_t tr_string_chomp_size(Value v);

extern const MethodDef tr_string_access_methods[], tr_string_case_methods[], tr_string_edit_methods[],
    tr_string_search_methods[], tr_string_iterate_methods[], tr_string_number_methods[],
    tr_string_encode_methods[], tr_string_inspect_methods[], tr_string_set_methods[],
    tr_string_pattern_methods[], tr_unpack_methods[], tr_string_normalize_methods[];

#endif
