/* pack_format.h - reading the directives of pack and unpack. */
#ifndef TR_CORE_PACK_FORMAT_H
#define TR_CORE_PACK_FORMAT_H

#include "core/string.h"

typedef struct PackReader {
    const char *start, *p, *end;
    const char *what; /* "pack" or "unpack" */
} PackReader;
typedef struct Directive {
    char type;
    bool is_native;     /* ! or _ */
    bool is_big;        /* > */
    bool is_little;     /* < */
    bool has_count, is_star;
    int64_t count;      /* 1 when none is given */
} Directive;

/* The next directive; 1 read, 0 end, -1 raised. */
MAY_GC MAY_RAISE int tr_pack_next(Fiber *f, PackReader *reader, Directive *directive);
/* Size in bytes, signedness and byte order of an integer directive; 0: it is none. */
int tr_pack_integer_size(const Directive *directive, bool *is_signed, bool *is_big);
MAY_GC MAY_RAISE Value tr_pack_unknown(Fiber *f, const PackReader *reader, char type);

#endif
