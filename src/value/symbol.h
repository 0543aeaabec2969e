/* symbol.h - names: one process-wide table from bytes to Id, read without a lock.
 *
 * An Id is permanent. Ids below TR_ID_COUNT are known at compile time (value/ids.def).
 */
#ifndef TR_VALUE_SYMBOL_H
#define TR_VALUE_SYMBOL_H

#include "value/value.h"

enum {
    TR_ID_NONE = 0,
#define ID(name, text) TR_ID_##name,
#include "value/ids.def"
#undef ID
    TR_ID_COUNT
};

typedef enum IdKind { /* decided by the first bytes of the name */
    ID_LOCAL, ID_CONSTANT, ID_INSTANCE, ID_CLASS_VARIABLE, ID_GLOBAL, ID_ATTRSET, ID_OPERATOR, ID_JUNK
} IdKind;

typedef struct IdName {
    const char *bytes; /* NUL-terminated after `size` bytes; lives for ever */
    uint32_t size;
    uint8_t encoding; /* index as in core/encoding.h: US-ASCII when 7-bit, else the encoding it was interned with */
    uint8_t kind;     /* IdKind */
} IdName;

/* Interns the compile-time ids. Call once before anything else. */
void tr_symbol_boot(void);
/* The Id of the bytes; makes it when new. Any thread. `encoding` is 0 binary, 1 UTF-8, 2 US-ASCII, … */
Id tr_intern(const char *bytes, size_t size, int encoding);
/* The same for a NUL-terminated ASCII or UTF-8 text. */
Id tr_intern_cstr(const char *text);
/* The Id if the name is known, else 0. */
Id tr_intern_find(const char *bytes, size_t size, int encoding);
/* The name of an id; valid for ever. */
const IdName *tr_id_name(Id id);
static inline const char *tr_id_cstr(Id id) { return tr_id_name(id)->bytes; }
static inline IdKind tr_id_kind(Id id) { return (IdKind)tr_id_name(id)->kind; }
/* `name=` for `name`. */
Id tr_id_attrset(Id id);
/* How many there are (Symbol.all_symbols: ids 1..count). */
Id tr_id_count(void);

#endif
