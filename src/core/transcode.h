/* transcode.h - conversion between encodings, for String#encode, IO and Encoding::Converter. */
#ifndef TR_CORE_TRANSCODE_H
#define TR_CORE_TRANSCODE_H

#include "core/encoding.h"

/* The Unicode code point of each byte of a single-byte encoding (0xffff: none), or NULL when it is not known. Made on
 * first use, then kept; any thread. */
const uint16_t *tr_single_byte_table(int encoding);
/* The byte for a code point, -1 none. */
int tr_single_byte_find(const uint16_t *table, uint32_t code);

#endif
