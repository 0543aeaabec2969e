/* transcode.h - conversion between encodings, for String#encode, IO and Encoding::Converter.
 *
 * A Transcoder takes bytes of the source encoding to code points and those to bytes of the destination, one
 * character at a time, so it can stop before or after any of them: at an error, when input ends within a
 * character, when the output has reached its limit. Newline and XML decorators act between the two halves. It
 * knows nothing of Ruby objects.
 */
#ifndef TR_CORE_TRANSCODE_H
#define TR_CORE_TRANSCODE_H

#include <iconv.h>

#include "core/encoding.h"

enum { /* the values of Encoding::Converter's constants */
       CONVERT_INVALID_MASK = 0x0f,
       CONVERT_INVALID_REPLACE = 0x02,
       CONVERT_UNDEF_MASK = 0xf0,
       CONVERT_UNDEF_REPLACE = 0x20,
       CONVERT_UNDEF_HEX_CHARREF = 0x30,
       CONVERT_UNIVERSAL_NEWLINE = 0x100,
       CONVERT_CRLF_NEWLINE = 0x1000,
       CONVERT_CR_NEWLINE = 0x2000,
       CONVERT_LF_NEWLINE = 0x4000,
       CONVERT_XML_TEXT = 0x8000,
       CONVERT_XML_ATTR_CONTENT = 0x10000,
       CONVERT_PARTIAL_INPUT = 0x20000,
       CONVERT_AFTER_OUTPUT = 0x40000,
       CONVERT_XML_ATTR_QUOTE = 0x100000,
       CONVERT_NEWLINE_MASK = 0x7100,
       CONVERT_DECORATOR_MASK = 0x11f100
};

typedef enum ConvertResult {
    CONVERT_FINISHED,
    CONVERT_SOURCE_EMPTY,
    CONVERT_INVALID,
    CONVERT_UNDEFINED,
    CONVERT_INCOMPLETE,
    CONVERT_FULL,
    CONVERT_AFTER
} ConvertResult;

typedef struct ByteBuffer { char *bytes; size_t size, capacity; } ByteBuffer; /* malloc'ed */
void tr_byte_buffer_add(ByteBuffer *buffer, const char *bytes, size_t size);

#define TRANSCODE_PATH_MAX 8
typedef struct Transcoder {
    /* fixed at birth */
    int source, dest;              /* -1: bytes pass through, only decorators act */
    uint32_t flags;
    int path[TRANSCODE_PATH_MAX];  /* encodings from source to dest, as Ruby names the steps */
    int path_count;
    iconv_t decoder, encoder;      /* (iconv_t)-1 when not needed */
    const uint16_t *source_table, *dest_table;
    /* state */
    char held[64];                 /* input taken but not converted yet: read again after an error, or … */
    int held_size;
    bool is_held_partial;          /* … the beginning of a character that input cut off */
    int byte_order;                /* of UTF-16 and UTF-32 input: 0 not known yet, 1 big, 2 little */
    int source_set, dest_set;      /* ISO-2022: character set that was switched to */
    bool has_begun;                /* byte order mark or opening quote is written */
    bool after_cr, is_finished;
    ByteBuffer overflow;           /* output beyond the limit of the last call */
    /* the last error */
    ConvertResult result;
    char error_bytes[32];
    int error_size, readagain_size; /* the bytes read again follow the bad ones */
    int error_from, error_to;       /* the step, encodings */
    uint32_t error_code; /* CONVERT_UNDEFINED in the encoding half: the code point; else UINT32_MAX */
} Transcoder;

/* The steps from source to dest; their count of encodings, 0: there is no way. */
int tr_transcode_path(int source, int dest, int *path);
bool tr_transcoder_init(Transcoder *t, int source, int dest, uint32_t flags); /* false: no converter */
void tr_transcoder_fini(Transcoder *t);
/* Converts from *p, advancing it, and adds to `out`; stops when out has grown by `limit` bytes (SIZE_MAX:
 * none). With CONVERT_PARTIAL_INPUT in `call_flags` the end of input is not the end of the text. */
ConvertResult tr_transcode(Transcoder *t, const char **p, const char *end, ByteBuffer *out, size_t limit,
                           uint32_t call_flags);
/* Adds a code point in the destination encoding; false: it has none. */
bool tr_transcoder_put(Transcoder *t, uint32_t code, ByteBuffer *out);

/* The Unicode code point of each byte of a single-byte encoding (0xffff: none), or NULL when it is not known.
 * Made on first use, then kept; any thread. */
const uint16_t *tr_single_byte_table(int encoding);
/* A single-byte encoding whose letters String's methods know, beyond ASCII: ISO-8859, Windows-125x, TIS-620.
 */
bool tr_encoding_knows_letters(int encoding);
/* The byte for a code point, -1 none. */
int tr_single_byte_find(const uint16_t *table, uint32_t code);

/* --- with Ruby objects --- */
typedef struct ConvertOptions {
    uint32_t flags;
    Value replacement;  /* String or TR_NIL */
    Value fallback;     /* TR_NIL, Hash, Proc, Method or anything with [] */
} ConvertOptions;
/* Reads invalid:, undef:, replace:, fallback:, xml:, newline: … from keywords (Hash or nil). False: raised.
 */
MAY_SWITCH MAY_RAISE bool tr_convert_options(Fiber *f, Value keywords, ConvertOptions *options);
/* A new String with the content converted. */
MAY_SWITCH MAY_RAISE Value tr_string_transcode(Fiber *f, Value v, int source, int dest,
                                               const ConvertOptions *options);
MAY_GC MAY_RAISE Value tr_raise_no_converter(Fiber *f, const char *from, const char *to);
/* The exception for the transcoder's last error. */
MAY_SWITCH MAY_RAISE Value tr_convert_error(Fiber *f, const Transcoder *t);

#endif
